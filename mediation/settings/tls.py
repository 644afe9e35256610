"""[internal.tls] and [gateway.tls]: certificates, and whose are good."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.story import setting, story
from mediation.settings.words import check_file, check_peer_name


class TlsVersion(StrEnum):
    """A version of TLS; older ones than these are not spoken at all."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How one interface speaks TLS, to those who connect to it and to those whom it connects to."""

    certificate: str = setting(
        "",
        doc="PEM file with our certificate and those between it and its authority, ours first. It is read "
        "again on SIGHUP and when it has changed.",
        check=check_file,
        example='"/etc/mediation/internal.pem"',
    )
    private_key: str = setting(
        "",
        doc="PEM file with the key of the certificate, not encrypted, for the server's eyes only.",
        check=check_file,
        example='"/run/secrets/internal.key"',
    )
    authorities: str = setting(
        "",
        doc="PEM file with the authorities whose certificates are good. Empty: those of the system.",
        check=check_file,
        example='"/etc/mediation/authorities.pem"',
    )
    verify: bool = setting(
        True,
        doc="Who connects to us must show a certificate of the authorities. false: address alone decides. "
        "Whom we connect to must show one in any case.",
    )
    peers: tuple[str, ...] = setting(
        (),
        check=check_peer_name,
        doc="Names of which a peer's certificate must bear one, compared whole, without wildcards (RFC 5922). "
        "Empty: any certificate of the authorities is good. The address must be trusted all the same.",
        example='["fe1.example.com", "fe2.example.com"]',
    )
    minimum_version: TlsVersion = field(
        default=TlsVersion.TLS_1_2, metadata=story("Least version of TLS: 1.2 or 1.3.")
    )
