"""A server with TLS at its doors, and papers for everybody who comes to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from mediation.net.security import Security
from mediation.sip.flow import Endpoint
from tests.interop.scene import Scene
from tests.wire.authority import Authority, Papers
from tests.wire.peers import PATIENCE_S, TcpPeer, spell
from tests.wire.phones import Phone, settings_of

TLS_PORT = 5061
FRONT_END_NAME, SBC_NAME = "fe.corp.example", "sbc.itsp.example"


@dataclass
class Secured:
    """A scene whose parties have papers of one authority."""

    scene: Scene
    authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.authority = Authority(self.scene.folder)
        self.server = self.authority.signs("server", "ms.corp.example", self.internal[0], self.gateway[0])
        self.front_end = self.authority.signs("front-end", FRONT_END_NAME)
        self.sbc = self.authority.signs("sbc", SBC_NAME)

    @property
    def internal(self) -> Endpoint:
        return self.scene.internal[0], TLS_PORT

    @property
    def gateway(self) -> Endpoint:
        return self.scene.gateway[0], TLS_PORT

    @property
    def front_end_at(self) -> Endpoint:
        return self.scene.front_end[0], TLS_PORT

    @property
    def sbc_at(self) -> Endpoint:
        return self.scene.sbc[0], TLS_PORT

    def configuration(
        self,
        *,
        internal: str = f'peers = ["{FRONT_END_NAME}"]',
        gateway: str = "",
        trunk: str = f'tls_name = "{SBC_NAME}"',
        front_end: str = "",
        targets: tuple[str, ...] = (),
        more: str = "",
    ) -> str:
        text = self.scene.configuration(trunk=trunk, front_end=front_end, targets=targets, more=more)
        papers = f'certificate = "{self.server.certificate}"\nprivate_key = "{self.server.private_key}"\n'
        papers += f'authorities = "{self.authority.file}"\n'
        for side, own, extra in (
            ("internal", self.scene.internal, internal),
            ("gateway", self.scene.gateway, gateway),
        ):
            listen = f'"tcp:{spell(own)}"]'
            assert text.count(listen) == 1
            text = text.replace(listen, f'"tcp:{spell(own)}", "tls:{own[0]}"]')
            text += f"[{side}.tls]\n{papers}{extra}\n"
        return text

    @property
    def to_sbc(self) -> str:
        return f"sip:{spell(self.sbc_at)};transport=tls"

    @property
    def to_front_end(self) -> str:
        return f"sip:{spell(self.front_end_at)};transport=tls"

    async def comes(
        self,
        papers: Papers | None,
        *,
        host: str = "",
        version: ssl.TLSVersion | None = None,
        to: Endpoint | None = None,
    ) -> TcpPeer:
        """A front end that connects, if it is let in: the handshake is complete from its side."""
        context = self.authority.context(papers, version=version)
        at = to or self.internal
        async with asyncio.timeout(PATIENCE_S):
            return TcpPeer(
                *await asyncio.open_connection(
                    *at, local_addr=(host or self.scene.front_end[0], 0), ssl=context, server_hostname=""
                )
            )

    async def is_refused(
        self,
        papers: Papers | None,
        *,
        host: str = "",
        version: ssl.TLSVersion | None = None,
        to: Endpoint | None = None,
    ) -> ssl.SSLError:
        """A peer that is not let in, and hears why: the alert."""
        try:
            peer = await self.comes(papers, host=host, version=version, to=to)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    octets = await peer.reader.read(100)
                raise AssertionError(f"it was let in, and read {octets!r}")
            finally:
                peer.writer.transport.abort()
        except ssl.SSLError as error:
            return error

    @asynccontextmanager
    async def phone(self, party: str, behaviour: str = "answer", **more: object) -> AsyncIterator[Phone]:
        """A phone with TLS: our own, which the strangers' TLS is tested against elsewhere."""
        at = self.front_end_at if party == "front-end" else self.sbc_at
        papers = self.front_end if party == "front-end" else self.sbc
        with self._as_peer(at, papers) as security:
            async with Phone.plugged_in(
                (at[0], 5060),
                behaviour,
                tls=(at, security),
                **more,  # type: ignore[arg-type]  # as it takes them
            ) as phone:
                yield phone

    @contextmanager
    def _as_peer(self, at: Endpoint, papers: Papers) -> Iterator[Security]:
        """The TLS of a phone: a configuration in which our server is its only peer."""
        ours = self.internal if at == self.front_end_at else self.gateway
        security = Security(
            settings_of(
                f'[internal]\nlisten = ["tls:{spell(at)}"]\ntargets = ["sip:{spell(ours)};transport=tls"]\n'
                f'[internal.tls]\ncertificate = "{papers.certificate}"\nprivate_key = "{papers.private_key}"\n'
                f'authorities = "{self.authority.file}"\npeers = ["ms.corp.example"]\n'
                '[gateway]\nlisten = ["udp:127.0.0.1"]\n[[trunk]]\nname = "n"\ntargets = ["sip:127.0.0.2"]\n'
            ),
            lambda notice: None,
        )
        security.load()
        yield security
