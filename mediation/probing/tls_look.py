"""A look at a TLS port: which versions it takes, and whose certificate it shows. No SIP is spoken."""

import asyncio
import ssl
from contextlib import suppress
from typing import Final

from mediation.net.certificates import shown_by
from mediation.probing.evidence import TlsSeen
from mediation.settings.tls import Tls
from mediation.sip.flow import Endpoint

PATIENCE_S: Final = 4.0
VERSIONS: Final = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
"""Older ones are refused by RFC 8996, and by many builds of OpenSSL."""


async def takes_connections(source: str, target: Endpoint) -> bool:
    """Whether a TCP port takes connections from an address of ours."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(*target, local_addr=(source, 0))
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def look_at_tls(tls: Tls, source: str, target: Endpoint, name: str) -> TlsSeen:
    """Shake hands once for each version, with our own certificate where we have one."""
    if not await takes_connections(source, target):
        return TlsSeen(target[1], problem="the port takes no connections")
    versions: list[str] = []
    shown, problem = b"", ""
    for version in VERSIONS:
        try:
            shown = await _certificate(_context(tls, version, trusting=True), source, target, name)
            versions.append(version.name.replace("v1_", "v1."))
        except (OSError, TimeoutError, ValueError) as error:
            problem = str(error) or "no answer in time"
    if not versions:
        return TlsSeen(target[1], problem=f"no handshake: {problem}")
    trusted = True
    try:
        await _certificate(_context(tls, None, trusting=False), source, target, name)
    except (OSError, TimeoutError, ValueError):
        trusted = False
    seen = shown_by(shown)
    return TlsSeen(target[1], tuple(versions), seen.subject, seen.names, f"{seen.ends:%Y-%m-%d}", trusted)


def _context(tls: Tls, version: ssl.TLSVersion | None, *, trusting: bool) -> ssl.SSLContext:
    """Trusting: any certificate is taken, for it is only looked at; no word is said over such a connection."""
    context = ssl.create_default_context(cafile=tls.authorities or None)
    context.check_hostname = False
    if trusting:
        context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.private_key or None)
    return context


async def _certificate(context: ssl.SSLContext, source: str, target: Endpoint, name: str) -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        _, writer = await asyncio.open_connection(
            *target, ssl=context, server_hostname=name or target[0], local_addr=(source, 0)
        )
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await writer.wait_closed()
    return shown
