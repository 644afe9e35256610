"""What one audio m-line says, read and written as one value: where, which formats, which way, how long the packets.

Attributes of RFC 8866 section 6, RFC 3551 (static types), RFC 3605 (`a=rtcp`), RFC 3611 (`a=rtcp-xr`), RFC 4568
(`a=crypto`), RFC 4733 (telephone-event), RFC 5506 (`a=rtcp-rsize`) and RFC 5761 (`a=rtcp-mux`). Only what runs at
8000 Hz in one channel is seen, and Opus with its telephone-event (RFC 7587 section 7). An attribute that is malformed
or absurd counts as absent: it is the peer's wish, and no reason to lose the call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

from mediation.sdp.crypto import Crypto, read_crypto
from mediation.sdp.description import Attribute, Connection, MediaDescription, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.slots import is_secure
from mediation_codecs.codec import Codec

Endpoint = tuple[str, int]
"""An IP address, without brackets, and a UDP port."""

STATIC_PAYLOAD_TYPES = {0: "PCMU", 8: "PCMA", 9: "G722"}
"""Those that need no `a=rtpmap` (RFC 3551 section 6)."""
COMFORT_NOISE = 13, "CN"
"""RFC 3389: what stands between talkspurts; no codec, and not asked for by the codecs of a peer."""
TELEPHONE_EVENT = "telephone-event"
PTIMES_MS = range(10, 61)
"""Packet lengths that are believed: G.711 below 10 ms is a flood, above 60 ms an MTU's worth of delay."""


class Direction(StrEnum):
    """Who sends, from the side of whoever says it (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, takes: bool) -> "Direction":
        """The direction by its two halves."""
        if sends:
            return cls.SENDRECV if takes else cls.SENDONLY
        return cls.RECVONLY if takes else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """Whoever says it sends media."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def takes(self) -> bool:
        """Whoever says it wants to receive media."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> "Direction":
        """The same, seen from the other side."""
        return Direction.of(sends=self.takes, takes=self.sends)

    def within(self, other: "Direction") -> "Direction":
        """What is left when both must agree."""
        return Direction.of(sends=self.sends and other.sends, takes=self.takes and other.takes)


_THIS_NETWORK = IPv4Network("0.0.0.0/8")  # RFC 1122 section 3.2.1.3: no destination
_DIRECTIONS = {direction.value: direction for direction in Direction}


@dataclass(frozen=True, slots=True)
class Format:
    """What one payload type number stands for."""

    payload_type: int
    name: str
    """As registered, whatever the case it came in: `PCMU`, `opus`, `telephone-event`; others in capitals."""
    parameters: str = ""
    """The rest of its `a=fmtp`, raw."""
    clock_hz: int = 8_000
    """Of its timestamps."""

    @property
    def rtpmap(self) -> str:
        """The value of its `a=rtpmap`."""
        channels = "/2" if self.name == Codec.OPUS else ""
        return f"{self.payload_type} {self.name}/{self.clock_hz}{channels}"


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One party's audio, as it describes it."""

    remote: Endpoint
    """Address 0.0.0.0 or :: : the party takes nothing (RFC 3264 section 8.4)."""
    remote_rtcp: Endpoint
    formats: tuple[Format, ...]
    """In the party's order of preference, as far as the numbers mean anything to us."""
    direction: Direction
    """The party's."""
    ptime_ms: int | None
    """The packet length it wants; None: it did not say, or nonsense."""
    max_ptime_ms: int | None
    crypto: tuple[Crypto, ...] = ()
    """What it would encrypt with, most wanted first."""
    rtcp_mux: bool = False
    """RTCP may come by the port of RTP."""
    rtcp_reduced: bool = False
    """RTCP may come without a report in front."""
    voip_metrics: bool = False
    """It wants to be told VoIP metrics (RFC 3611 section 5.1)."""
    secure: bool = False
    """Its profile has nothing but SRTP (RFC 3711 section 12)."""

    def find(self, name: str) -> Format | None:
        """The first format of that name."""
        return next((found for found in self.formats if found.name == name), None)

    def event_beside(self, codec: Format) -> Format | None:
        """Its telephone-event for a codec: with the clock of that (RFC 4733 section 2.1), or else the usual one, which
        is all that many phones have beside Opus. One with a faster clock than the audio's tells no time that a party
        without that codec understands."""
        events = {found.clock_hz: found for found in reversed(self.formats) if found.name == TELEPHONE_EVENT}
        return events.get(codec.clock_hz) or events.get(_USUAL_CLOCK_HZ)

    @property
    def comfort_noise(self) -> bool:
        """Whether the party takes it, under the number that everybody has for it."""
        return any((found.payload_type, found.name) == COMFORT_NOISE for found in self.formats)


def read_audio(
    description: SessionDescription,
    media: MediaDescription,
    *,
    unmapped: Iterable[Format] = (),
) -> AudioStream:
    """Read one of the description's audio m-lines.

    `unmapped` are what numbers without `a=rtpmap` stand for, beside the static ones. Raises
    `NotAcceptable` when the place is none that media can be sent to.
    """
    connection = description.connection_of(media)
    if connection is None:
        raise NotAcceptable("no connection address")
    host = usable_host(connection)
    if not 0 < media.port < 65_535:
        raise NotAcceptable("no port, or no port left for RTCP")
    said = _direction(media.attributes) or _direction(description.attributes) or Direction.SENDRECV
    held = ip_address(host).is_unspecified
    return AudioStream(
        remote=(host, media.port),
        remote_rtcp=_rtcp(media, host),
        formats=read_formats(media, unmapped),
        direction=Direction.of(sends=said.sends, takes=said.takes and not held),
        ptime_ms=_milliseconds(media, description.attributes, "ptime"),
        max_ptime_ms=_milliseconds(media, description.attributes, "maxptime"),
        crypto=read_crypto(media),
        rtcp_mux=("rtcp-mux", None) in media.attributes,
        rtcp_reduced=("rtcp-rsize", None) in media.attributes,
        voip_metrics=_wants_metrics((*media.attributes, *description.attributes)),
        secure=is_secure(media),
    )


def audio_line(audio: AudioStream, protocol: str, connection: Connection | None = None) -> MediaDescription:
    """The m-line that says this; `connection` is its own `c=`, where it has one."""
    attributes: list[Attribute] = []
    for each in audio.formats:
        attributes.append(("rtpmap", each.rtpmap))
        if each.parameters:
            attributes.append(("fmtp", f"{each.payload_type} {each.parameters}"))
    lengths = (("ptime", audio.ptime_ms), ("maxptime", audio.max_ptime_ms))
    attributes += [(name, str(length)) for name, length in lengths if length is not None]
    attributes += [line.attribute for line in audio.crypto]
    host, port = audio.remote
    if audio.rtcp_mux:
        attributes.append(("rtcp-mux", None))
    elif audio.remote_rtcp != (host, port + 1):
        place = "" if audio.remote_rtcp[0] == host else f" {Connection(audio.remote_rtcp[0])}"
        attributes.append(("rtcp", f"{audio.remote_rtcp[1]}{place}"))
    if audio.rtcp_reduced:
        attributes.append(("rtcp-rsize", None))
    if audio.voip_metrics:
        attributes.append(("rtcp-xr", "voip-metrics"))
    attributes.append((audio.direction.value, None))
    numbers = tuple(str(each.payload_type) for each in audio.formats)
    return MediaDescription("audio", port, 1, protocol, numbers, connection, attributes=tuple(attributes))


def _wants_metrics(attributes: Iterable[Attribute]) -> bool:
    """Whether an `a=rtcp-xr`, of the m-line or of the session, names voip-metrics among what it lists."""
    lists = (value.split(" ") for name, value in attributes if name == "rtcp-xr" and value is not None)
    return any("voip-metrics" in each for each in lists)


def usable_host(connection: Connection) -> str:
    """The address in its shortest spelling, so that it compares with what sockets say.

    Raises `NotAcceptable` for host names, which nobody resolves here, for multicast and for addresses that no
    party can have.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(connection.address)
    except ValueError:
        raise NotAcceptable("connection address is no IP address", 300) from None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if connection.network_type.upper() != "IN" or not _reachable(address):
        raise NotAcceptable("connection address is not usable", 301)
    return str(address)


def _reachable(address: IPv4Address | IPv6Address) -> bool:
    """Whether one party can have it. The unspecified address passes: it has a meaning of its own in `c=`."""
    if isinstance(address, IPv6Address):
        # A link-local address needs a scope, and a scope means nothing on another machine.
        return not (address.is_multicast or address.is_link_local or address.scope_id)
    nowhere = address in _THIS_NETWORK and not address.is_unspecified
    return not (address.is_multicast or address.is_reserved or nowhere)


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for name, value in attributes:
        if value is None and name in _DIRECTIONS:
            return _DIRECTIONS[name]
    return None


def _rtcp(media: MediaDescription, host: str) -> Endpoint:
    """RFC 3605: `port` alone, or with a place of its own."""
    port, _, place = next(iter(media.values("rtcp")), "").partition(" ")
    number = decimal(port, 65_535)
    if not number:
        return host, media.port + 1
    words = place.split(" ")
    if len(words) != 3:
        return host, number
    try:
        return usable_host(Connection(words[2], words[1], words[0])), number
    except NotAcceptable:
        return host, number


def read_formats(media: MediaDescription, unmapped: Iterable[Format] = ()) -> tuple[Format, ...]:
    """What the numbers of an m-line stand for, where that concerns us; `unmapped` as in `read_audio`."""
    static = {number: (name, 8_000) for number, name in (*STATIC_PAYLOAD_TYPES.items(), COMFORT_NOISE)}
    offered = {each.payload_type: (each.name, each.clock_hz) for each in unmapped}
    meanings = {**offered, **static, **_mapped(media)}
    parameters: dict[int, str] = {}
    for value in media.values("fmtp"):
        text, _, rest = value.partition(" ")
        number = decimal(text, 127)
        if number is not None:
            parameters.setdefault(number, rest)
    formats: dict[int, Format] = {}
    for text in media.formats:
        number = decimal(text, 127)
        name, clock_hz = ("", 0) if number is None else meanings.get(number, ("", 0))
        # A static number under another name has two meanings; it gets none.
        if number is not None and clock_hz and static.get(number, (name, 0))[0] == name:
            formats[number] = Format(number, name, parameters.get(number, ""), clock_hz)
    return tuple(formats.values())


_USUAL_CLOCK_HZ = 8_000
_USUAL_CLOCK = {"8000": _USUAL_CLOCK_HZ, "8000/1": _USUAL_CLOCK_HZ}
_CLOCKS = {
    Codec.OPUS: {"48000/2": 48_000},
    TELEPHONE_EVENT: {**_USUAL_CLOCK, "48000": 48_000, "48000/1": 48_000},
}
"""What may stand behind a name in `a=rtpmap`, where it is not the usual."""


def _mapped(media: MediaDescription) -> dict[int, tuple[str, int]]:
    """Name and clock of each number by `a=rtpmap`; clock 0 where that or the channels are not ours."""
    mapped: dict[int, tuple[str, int]] = {}
    for value in media.values("rtpmap"):
        text, _, encoding = value.partition(" ")
        number = decimal(text, 127)
        name, _, clock = encoding.strip(" ").partition("/")
        if number is None or not name or not clock:
            continue
        known = name.lower() if name.lower() in _CLOCKS else name.upper()
        mapped.setdefault(number, (known, _CLOCKS.get(known, _USUAL_CLOCK).get(clock.rstrip(" "), 0)))
    return mapped


def _milliseconds(media: MediaDescription, session: tuple[Attribute, ...], name: str) -> int | None:
    """`a=ptime` or `a=maxptime`, of the m-line or else of the session."""
    for key, value in (*media.attributes, *session):
        if key == name and value is not None:
            number = decimal(value.strip(" "), 999)
            return number if number in PTIMES_MS else None
    return None


def decimal(text: str, highest: int) -> int | None:
    """A number of at most five digits, or None for anything else."""
    # int() alone would take underscores, signs and the digits of other scripts.
    if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= highest:
        return int(text)
    return None
