"""SIP, SIPS and other URIs (RFC 3261 section 19.1), kept as they were received."""

import re
from dataclasses import dataclass

from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Transport
from mediation.sip.grammar import HOST, PORT, bare_host, port_number, print_host
from mediation.sip.parameters import NO_PARAMETERS, Parameters

_SIP_URI = re.compile(
    rf"(sips?):"
    r"(?:([!#-;=?A-~]*+)@)?"  # userinfo: visible ASCII but " < > @; it may hold ; ? and /
    rf"({HOST})(?::({PORT}))?"
    r"(;[!#-;=@-~]*+)?"  # parameters: up to the first ?
    r"(?:\?([!#-;=?-~]*+))?",
    re.IGNORECASE | re.ASCII,
)
_OPAQUE_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):([!#-;=?-~]++)")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
_NEVER_IGNORED = ("user", "ttl", "method", "maddr", "transport")


@dataclass(frozen=True, slots=True)
class SipUri:
    """`sip:user@host:port;parameters?headers`. Escapes stay: decoded, it may be another URI."""

    scheme: str
    """`sip` or `sips`, in lower case."""
    user: str | None
    """The whole userinfo, a password too, raw; None without `@`."""
    host: str
    """As received, without the brackets of an IPv6 reference."""
    port: int | None = None
    """1 to 65535, or None when the URI names none."""
    parameters: Parameters = NO_PARAMETERS
    headers: str = ""
    """What follows `?`, raw. It must never become headers of a request of ours."""

    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{print_host(self.host, self.port)}{self.parameters}{headers}"

    @property
    def effective_port(self) -> int:
        """`port`, or the default: 5060, or 5061 for SIPS and TLS (RFC 3261 section 19.1.2)."""
        if self.port is not None:
            return self.port
        secure = self.scheme == "sips" or (self.parameters.get("transport") or "").lower() == "tls"
        return 5061 if secure else 5060

    @property
    def transport(self) -> Transport | None:
        """The transport parameter; None when there is none or when it names one that we do not speak."""
        try:
            return Transport((self.parameters.get("transport") or "").lower())
        except ValueError:
            return None

    @property
    def user_unescaped(self) -> str | None:
        """The user without its password, %-escapes decoded. For reading numbers, never for building a URI."""
        return None if self.user is None else unescaped(self.user.partition(":")[0])

    def equivalent(self, other: "SipUri | OpaqueUri") -> bool:
        """Whether both mean the same resource (RFC 3261 section 19.1.4). It is not transitive."""
        if not isinstance(other, SipUri):
            return False
        return (
            self.scheme == other.scheme
            and _normal(self.user) == _normal(other.user)
            and self.host.lower() == other.host.lower()
            and self.port == other.port
            and _agree(self.parameters, other.parameters)
            and _header_set(self.headers) == _header_set(other.headers)
        )


@dataclass(frozen=True, slots=True)
class OpaqueUri:
    """Any other URI: `tel:`, `urn:`, `http:` and schemes nobody knows."""

    scheme: str
    """In lower case."""
    rest: str
    """All after the first colon, raw."""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | OpaqueUri


def parse_uri(text: str) -> Uri:
    """The URI that is exactly this text. Raises RemoteSipError(400)."""
    match = _SIP_URI.fullmatch(text)
    if match is not None:
        scheme, user, host, port, parameters, headers = match.groups()
        return SipUri(
            scheme.lower(),
            user,
            bare_host(host, "URI"),
            None if port is None else port_number(port, "URI"),
            Parameters.parse_uri(parameters) if parameters else NO_PARAMETERS,
            headers or "",
        )
    match = _OPAQUE_URI.fullmatch(text)
    if match is None or match[1].lower() in ("sip", "sips"):
        raise RemoteSipError(400, "Bad URI")
    return OpaqueUri(match[1].lower(), match[2])


def unescaped(text: str) -> str:
    """%-escapes decoded as UTF-8; octets that are none become surrogates, a % without two digits stays."""
    return _ESCAPES.sub(_decoded, text) if "%" in text else text


def escaped(text: str) -> str:
    """All but unreserved characters as %-escapes of UTF-8: fit for any place in a URI (RFC 3261 section 19.1.2)."""
    octets = text.encode("utf-8", "surrogateescape")
    return "".join([chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in octets])


def _decoded(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape")


def _normal(text: str | None) -> str | None:
    """Escapes of characters outside the reserved set are the characters; all others in upper case."""
    return None if text is None else _ESCAPE.sub(_normal_escape, text)


def _normal_escape(match: re.Match[str]) -> str:
    octet = int(match[1], 16)
    return chr(octet) if octet in _UNRESERVED else match[0].upper()


def _agree(ours: Parameters, theirs: Parameters) -> bool:
    mine, yours = _folded(ours), _folded(theirs)
    if any((name in mine) != (name in yours) for name in _NEVER_IGNORED):
        return False
    return all(yours[name] == value for name, value in mine.items() if name in yours)


def _folded(parameters: Parameters) -> dict[str, str | None]:
    folded: dict[str, str | None] = {}
    for name, value in parameters.pairs:
        normal = _normal(value)
        folded[(_normal(name) or "").lower()] = None if normal is None else normal.lower()
    return folded


def _header_set(headers: str) -> list[str]:
    pairs = [header.partition("=") for header in headers.split("&")]
    return sorted(f"{(_normal(name) or '').lower()}={_normal(value)}" for name, _, value in pairs)
