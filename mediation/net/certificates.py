"""What certificates say: the only module that imports cryptography, loaded by whom a certificate has come to."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from mediation.net.tls import CredentialsError
from mediation.routing.certificates import Identity


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a certificate is good."""

    begins: datetime
    ends: datetime

    def days_left(self, now: datetime) -> int:
        """Whole days until its end; negative when it is over."""
        return (self.ends - now).days


@dataclass(frozen=True, slots=True)
class Shown:
    """What a peer's certificate says of its holder."""

    subject: str
    names: tuple[str, ...]
    ends: datetime


def lifetime_in(pem: bytes) -> Lifetime:
    """Of the first certificate, which is ours. Raises CredentialsError."""
    first = _first(pem)
    return Lifetime(first.not_valid_before_utc, first.not_valid_after_utc)


def identity_in(pem: bytes) -> Identity:
    """Whom the first certificate names, which is ours. Raises CredentialsError."""
    try:
        return Identity.of((_kind(name), str(name.value)) for name in _names(_first(pem)))
    except ValueError:
        raise _unreadable() from None


def shown_by(der: bytes) -> Shown:
    """Read the certificate that a peer has shown, whatever it is worth. Raises ValueError."""
    certificate = x509.load_der_x509_certificate(der)
    names = tuple(str(name.value) for name in _names(certificate))
    return Shown(certificate.subject.rfc4514_string(), names, certificate.not_valid_after_utc)


def _first(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError):
        raise _unreadable() from None


def _unreadable() -> CredentialsError:
    return CredentialsError("certificate", "it holds no certificate in PEM")


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Its subjectAltName. Raises ValueError for one that cannot be read."""
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _kind(name: x509.GeneralName) -> str:
    """As `ssl` calls it; empty where it is none that a peer could be known by."""
    match name:
        case x509.UniformResourceIdentifier():
            return "URI"
        case x509.DNSName():
            return "DNS"
        case x509.IPAddress():
            return "IP Address"
    return ""
