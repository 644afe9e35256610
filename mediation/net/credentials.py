"""Certificates as files: until when they are good, whether they have changed, and what is wrong with them.

What reads them is loaded with the first of them: where nobody speaks TLS it would take of each start 40 ms for nothing.
"""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mediation.net.tls import CredentialsError, load_contexts
from mediation.routing.certificates import Identity
from mediation.settings.draft import Draft
from mediation.settings.places import is_ip_address
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.settings.tls import Tls, TlsVersion
from mediation.sip.flow import Transport

if TYPE_CHECKING:
    from mediation.net.certificates import Lifetime

WARN_DAYS: Final = 30
"""So long before its end a certificate is worth a warning."""
MAX_FILE_OCTETS: Final = 4 << 20
"""All public authorities of the world fit several times; a device given by mistake does not."""
SIDES: Final = ("internal", "gateway")

Stamp = tuple[object, ...]
"""Differs when any of the files has changed."""


def lifetime(certificate: str) -> "Lifetime":
    """Of the first certificate in a file, which is ours. Raises CredentialsError."""
    from mediation.net.certificates import lifetime_in

    return lifetime_in(_read("certificate", certificate))


def identity(certificate: str) -> Identity:
    """Whom the first certificate in a file names, which is ours. Raises CredentialsError."""
    from mediation.net.certificates import identity_in

    return identity_in(_read("certificate", certificate))


def stamp(tls: Tls) -> Stamp:
    """What tells whether the files are still the same."""
    return tuple(_stamp_of(name) for name in (tls.certificate, tls.private_key, tls.authorities) if name)


def faulty_credentials(draft: Draft, now: datetime | None = None) -> Iterator[Fault]:
    """Return what is wrong, or soon will be, with the files that a configuration names: a `settings.read.Look`."""
    moment = now or datetime.now(UTC)
    for side in SIDES:
        tls = _tls_of(draft, (side, "tls"))
        if tls is not None and tls.certificate and tls.private_key:
            faults = list(_faults_of(tls, (side, "tls"), moment))
            yield from faults
            if all(fault.severity is Severity.WARNING for fault in faults):
                yield from _names_without_certificate(draft, side, identity(tls.certificate))


def _tls_of(draft: Draft, table: Path) -> Tls | None:
    texts = {key: draft.value((*table, key), str) for key in ("certificate", "private_key", "authorities")}
    verify = draft.value((*table, "verify"), bool)
    if verify is None or any(text is None for text in texts.values()):
        return None
    version = draft.value((*table, "minimum_version"), TlsVersion) or TlsVersion.TLS_1_2
    certificate, key, authorities = (text or "" for text in texts.values())
    return Tls(
        certificate=certificate,
        private_key=key,
        authorities=authorities,
        verify=verify,
        minimum_version=version,
    )


def _faults_of(tls: Tls, table: Path, now: datetime) -> Iterator[Fault]:
    broken = False
    files = {"certificate": tls.certificate, "private_key": tls.private_key, "authorities": tls.authorities}
    for setting, name in files.items():
        try:
            octets = _read(setting, name) if name else b""
        except CredentialsError as error:
            broken = True
            yield Fault((*table, setting), error.reason, "give the path of a file that the server may read")
            continue
        if setting == "private_key" and b"ENCRYPTED" in octets:
            broken = True
            message = "the key is encrypted, and nobody is there to give the password"
            yield Fault((*table, setting), message, "decrypt it, and protect it by the file's permissions")
    if broken:
        return
    yield from _open_keys(tls, table)
    try:
        life = lifetime(tls.certificate)
        load_contexts(tls)
    except CredentialsError as error:
        other = (*table, "certificate") if error.setting == "private_key" else None
        yield Fault((*table, error.setting), error.reason, "give the file that belongs here", related=other)
        return
    yield from _ages(life, (*table, "certificate"), now)


def _names_without_certificate(draft: Draft, side: str, ours: Identity) -> Iterator[Fault]:
    """A Contact that names what the certificate does not is refused by peers that compare the two (RFC 5922).

    A wildcard of one label counts: not for RFC 5922, but for the peers that operators buy such certificates for.
    """
    for path, listener in draft.listeners(side):
        name = listener.advertised_host.lower()
        if listener.transport is not Transport.TLS or not name or is_ip_address(name):
            continue
        if not {name, f"*.{name.partition('.')[2]}"} & ours.domains:
            message = f"the certificate of this interface names {ours}, and not {listener.advertised_host}"
            remedy = "advertise a name of the certificate, or get one for this name"
            place = (side, "tls", "certificate")
            yield Fault(path, message, remedy, related=place, severity=Severity.WARNING)


def _ages(life: "Lifetime", path: Path, now: datetime) -> Iterator[Fault]:
    if life.ends <= now:
        yield Fault(path, f"the certificate expired on {life.ends:%Y-%m-%d}", "renew it")
    elif life.begins > now:
        message = f"the certificate is not good before {life.begins:%Y-%m-%d %H:%M} UTC"
        yield Fault(path, message, "check the clock of this machine, or wait", severity=Severity.WARNING)
    elif life.days_left(now) < WARN_DAYS:
        message = f"the certificate expires on {life.ends:%Y-%m-%d}, in {life.days_left(now)} days"
        yield Fault(
            path, message, "renew it; a new one is taken up without a restart", severity=Severity.WARNING
        )


def _open_keys(tls: Tls, table: Path) -> Iterator[Fault]:
    mode = os.stat(tls.private_key).st_mode
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        message = "everybody on this machine can read the key"
        remedy = f"chmod o-rwx {tls.private_key}"
        yield Fault((*table, "private_key"), message, remedy, severity=Severity.WARNING)


def _read(setting: str, name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            octets = file.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise CredentialsError(setting, _why(error)) from None
    if len(octets) > MAX_FILE_OCTETS:
        raise CredentialsError(setting, f"the file is larger than {MAX_FILE_OCTETS} octets")
    return octets


def _why(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "this is a directory"
        case PermissionError():
            return "no permission to read it"
        case _:
            return f"it cannot be read: {(error.strerror or type(error).__name__).lower()}"


def _stamp_of(name: str) -> Stamp:
    try:
        found = os.stat(name)
    except OSError as error:
        return (name, error.errno)
    return (name, found.st_ino, found.st_size, found.st_mtime_ns)
