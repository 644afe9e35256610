"""Session descriptions: octets to values and back (RFC 8866 section 5).

Reading is liberal: LF alone ends a line, lines may stand in any order within their section, `s=` and `t=`
may be missing, types that are unknown are kept. Values are kept octet for octet (undecodable octets as
surrogates), and printed in the order of RFC 8866. Whatever octets come, the outcome is a description or
`SdpError`.
"""

from dataclasses import dataclass, field
from typing import Self

from mediation.sdp.errors import SdpError

__all__ = [
    "Attribute", "Connection", "KeyText", "Line", "MediaDescription", "Origin", "SdpError", "SessionDescription",
]  # fmt: skip

MAX_OCTETS = 32_768
"""The longest body that is read: half of the longest datagram; large offers have about 7,000."""
MAX_LINES = 1_024
"""Video offers with candidates have about 200 lines."""
MAX_MEDIA = 32
"""m-lines; every one of them has to be answered with one of ours (RFC 3264 section 6)."""
MAX_FORMATS = 128
"""Formats on one m-line: there are no more RTP payload types."""
MAX_DIGITS = 32
"""Digits of the numbers in `o=`: 64 bits need 20."""


class KeyText(str):
    """Text with a key in it: printed as any other, and never shown by `repr`, which is what ends up in logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'"


Line = tuple[str, str]
"""A type letter and the value behind its `=`."""
Attribute = tuple[str, str | None]
"""A name and what stands behind its colon; None: a property, without colon (RFC 8866 section 5.13)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the session, and which version of it this is (RFC 8866 section 5.2)."""

    username: str
    session_id: int
    session_version: int
    """One more with each change of the description, and only then (RFC 3264 section 8)."""
    address: str
    """An IP address without brackets, or a host name."""
    address_type: str | None = None
    """Where it is not what the address looks like: IP6 for addresses with a colon, else IP4."""
    network_type: str = "IN"

    def __str__(self) -> str:
        place = f"{self.network_type} {self.address_type or _looks_like(self.address)} {self.address}"
        return f"{self.username} {self.session_id} {self.session_version} {place}"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where media goes (RFC 8866 section 5.7)."""

    address: str
    """An IP address without brackets, a multicast address with its `/ttl`, or a host name."""
    address_type: str | None = None
    """Where it is not what the address looks like: IP6 for addresses with a colon, else IP4."""
    network_type: str = "IN"

    def __str__(self) -> str:
        return f"{self.network_type} {self.address_type or _looks_like(self.address)} {self.address}"


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m-line and what belongs to it (RFC 8866 section 5.14)."""

    kind: str
    """`audio`, `video`, `image`, `application`, …"""
    port: int
    """0: refused, or not in use any more (RFC 3264 section 6)."""
    port_count: int
    """How many port pairs it spans; 1 nearly always, and then not printed."""
    protocol: str
    formats: tuple[str, ...]
    """RTP payload type numbers where the protocol is RTP; anything else elsewhere."""
    connection: Connection | None = None
    """None: the session's holds."""
    attributes: tuple[Attribute, ...] = ()
    bandwidths: tuple[str, ...] = ()
    information: tuple[Line, ...] = ()
    """`i=`."""
    others: tuple[Line, ...] = ()
    """`k=`, further `c=`, and types that RFC 8866 does not know, in order."""

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the attribute, in order; those without a value are left out."""
        return tuple(value for key, value in self.attributes if key == name and value is not None)

    def lines(self) -> list[str]:
        """As printed, without line ends."""
        port = f"{self.port}/{self.port_count}" if self.port_count != 1 else f"{self.port}"
        lines = ["m=" + " ".join((self.kind, port, self.protocol, *self.formats))]
        lines += _printed(self.information)
        if self.connection is not None:
            lines.append(f"c={self.connection}")
        lines += [f"b={value}" for value in self.bandwidths]
        lines += _printed(self.others)
        lines += _printed_attributes(self.attributes)
        return lines


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole body of type application/sdp."""

    version: int
    """0: there is no other (RFC 8866 section 5.1)."""
    origin: Origin
    session_name: str = "-"
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    times: tuple[Line, ...] = (("t", "0 0"),)
    """`t=`, `r=` and `z=`, in order."""
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()
    information: tuple[Line, ...] = ()
    """`i=`, `u=`, `e=` and `p=`, in order."""
    others: tuple[Line, ...] = ()
    """`k=`, further `c=`, and types that RFC 8866 does not know, in order."""

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read a body. Raises `SdpError`."""
        session, *media = _sections(_lines(octets))
        if session[:1] != [("v", "0")]:
            raise SdpError("session description does not begin with v=0")
        fields = _collect(session[1:])
        if fields.taken("v"):
            raise SdpError("session description begins twice")
        return cls(
            version=0,
            origin=_origin(fields.only("o")),
            session_name=fields.only("s", "-"),
            connection=fields.connection,
            bandwidths=tuple(fields.bandwidths),
            times=tuple(fields.taken(_TIMES)) or (("t", "0 0"),),
            attributes=tuple(fields.attributes),
            media=tuple(_media(section) for section in media),
            information=tuple(fields.taken(_SESSION_INFORMATION)),
            others=tuple(fields.others),
        )

    def __bytes__(self) -> bytes:
        lines = [f"v={self.version}", f"o={self.origin}", f"s={self.session_name}"]
        lines += _printed(self.information)
        if self.connection is not None:
            lines.append(f"c={self.connection}")
        lines += [f"b={value}" for value in self.bandwidths]
        lines += _printed(self.times)
        lines += _printed(self.others)
        lines += _printed_attributes(self.attributes)
        for media in self.media:
            lines += media.lines()
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")

    def connection_of(self, media: MediaDescription) -> Connection | None:
        """The connection that holds for one of `media` (RFC 8866 section 5.7); None: there is none."""
        return media.connection or self.connection


_SESSION_INFORMATION = "iuep"
_HOLDS_KEYS = ("crypto", "key-mgmt")
"""Attributes of RFC 4568, RFC 4567, and what vendors have made of them (`cryptoscale`)."""
_TIMES = "trz"


def _lines(octets: bytes) -> list[Line]:
    if len(octets) > MAX_OCTETS:
        raise SdpError("session description is too long")
    if b"\0" in octets:
        raise SdpError("NUL in session description")
    # Not splitlines(): it would end lines at octets that are no line end here.
    raw = octets.decode("utf-8", "surrogateescape").split("\n", MAX_LINES)
    if len(raw) > MAX_LINES:
        raise SdpError("session description has too many lines")
    lines = []
    for text in raw:
        line = text.removesuffix("\r")
        if not line:  # an empty line behind the last one is common, and elsewhere it says nothing
            continue
        if line[1:2] != "=" or "\r" in line:
            raise SdpError("line without type in session description")
        lines.append((line[0], line[2:]))
    return lines


def _sections(lines: list[Line]) -> list[list[Line]]:
    """The session's lines, then those of each m-line."""
    starts = [index for index, (letter, _) in enumerate(lines) if letter == "m"]
    if len(starts) > MAX_MEDIA:
        raise SdpError("session description has too many m-lines")
    return [lines[start:end] for start, end in zip([0, *starts], [*starts, len(lines)], strict=True)]


def _origin(value: str) -> Origin:
    # From the right: user names with spaces are forbidden, and seen.
    words = value.strip(" ").rsplit(" ", 5)
    if len(words) != 6 or "" in words:
        raise SdpError("malformed o= in session description")
    username, session_id, session_version, network_type, address_type, address = words
    return Origin(
        username,
        _signed(session_id),
        _signed(session_version),
        address,
        None if address_type == _looks_like(address) else address_type,
        network_type,
    )


def _connection(value: str) -> Connection:
    words = _words(value)
    if len(words) != 3:
        raise SdpError("malformed c= in session description")
    network_type, address_type, address = words
    return Connection(address, None if address_type == _looks_like(address) else address_type, network_type)


def _media(section: list[Line]) -> MediaDescription:
    words = _words(section[0][1])
    if len(words) < 3 or len(words) > 3 + MAX_FORMATS:
        raise SdpError("malformed m= in session description")
    kind, ports, protocol, *formats = words
    port, slash, count = ports.partition("/")
    fields = _collect(section[1:])
    return MediaDescription(
        kind=kind,
        port=_number(port, 65_535),
        port_count=max(1, _number(count, 65_535)) if slash else 1,
        protocol=protocol,
        formats=tuple(formats),
        connection=fields.connection,
        attributes=tuple(fields.attributes),
        bandwidths=tuple(fields.bandwidths),
        information=tuple(fields.taken("i")),
        others=tuple(fields.others),
    )


@dataclass(slots=True)
class _Fields:
    """The lines of one section, by kind, while they are being sorted."""

    connection: Connection | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    others: list[Line] = field(default_factory=list)

    def taken(self, letters: str) -> list[Line]:
        """Those of `others` that have a place of their own in this section."""
        taken = [line for line in self.others if line[0] in letters]
        self.others = [line for line in self.others if line[0] not in letters]
        return taken

    def only(self, letter: str, default: str | None = None) -> str:
        """The value of a line that stands once."""
        values = [value for _, value in self.taken(letter)]
        if len(values) > 1 or (not values and default is None):
            raise SdpError(f"session description needs {letter}= once")
        return values[0] if values else default or ""


def _collect(section: list[Line]) -> _Fields:
    fields = _Fields()
    for letter, value in section:
        if letter == "a":
            name, colon, rest = value.partition(":")
            text = KeyText(rest) if name.lower().startswith(_HOLDS_KEYS) else rest
            fields.attributes.append((name, text if colon else None))
        elif letter == "b":
            fields.bandwidths.append(value)
        elif letter == "c" and fields.connection is None:
            fields.connection = _connection(value)
        else:
            fields.others.append((letter, KeyText(value) if letter == "k" else value))
    return fields


def _looks_like(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _words(value: str) -> list[str]:
    return [word for word in value.split(" ") if word]


def _number(text: str, highest: int) -> int:
    # int() alone would take underscores, signs and the digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= highest):
        raise SdpError("malformed port in session description")
    return int(text)


def _signed(text: str) -> int:
    # A minus is no digit, but comes from equipment that counts its sessions in 32 bits.
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise SdpError("malformed number in o= of session description")
    return int(text)


def _printed(lines: tuple[Line, ...]) -> list[str]:
    return [f"{letter}={value}" for letter, value in lines]


def _printed_attributes(attributes: tuple[Attribute, ...]) -> list[str]:
    return [f"a={name}" if value is None else f"a={name}:{value}" for name, value in attributes]
