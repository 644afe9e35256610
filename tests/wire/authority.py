"""Certificates for tests: an authority of their own, and whatever it is made to sign."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Papers:
    """A certificate and its key, as files."""

    certificate: Path
    private_key: Path

    def replace_by(self, other: "Papers") -> None:
        """Put others' contents into these files, key first, as a renewal might."""
        self.private_key.write_bytes(other.private_key.read_bytes())
        self.certificate.write_bytes(other.certificate.read_bytes())


@dataclass
class Authority:
    """Signs everything."""

    folder: Path
    name: str = "authority"
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._subject)
            .issuer_name(self._subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def signs(
        self, file: str, *names: str, days: float = 90, age_days: float = 1, password: bytes = b""
    ) -> Papers:
        """Papers that bear these names: addresses, `sip:` URIs and domains."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"common.{file}.example")]))
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=age_days))
            .not_valid_after(now + timedelta(days=days))
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(n) for n in names]), False
            )
        certificate = builder.sign(self._key, hashes.SHA256())
        papers = Papers(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        papers.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secrecy = (
            serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        )
        papers.private_key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secrecy)
        )
        papers.private_key.chmod(0o600)
        return papers

    def context(
        self, papers: Papers | None, *, server: bool = False, version: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """A stranger's TLS: Python's own, with these papers, that trusts this authority and demands papers too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.file)
        if papers is not None:
            context.load_cert_chain(papers.certificate, papers.private_key)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.UniformResourceIdentifier(name) if ":" in name else x509.DNSName(name)
