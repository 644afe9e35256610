"""Telephone events: keys as data (RFC 4733). Durations are in timestamp units, 8,000 a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from mediation.rtp.packet import RtpError
from mediation.rtp.rewrite import MAX_CLOCK_STEP

KEYS: Final = "0123456789*#ABCD"
"""The key of each event from 0 to 15 (RFC 4733 section 3.2)."""

MAX_DURATION: Final = 0xFFFF
"""The longest event, or part of an event, that a packet can tell."""

END_PACKETS: Final = 3
"""The packet that ends an event is sent so often (RFC 4733 section 2.5.1.4)."""


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """The payload of one packet (RFC 4733 section 2.3)."""

    event: int
    """0 to 255; below 16 it is a key."""
    end: bool
    """The event is over, and `duration` is final."""
    volume: int
    """The level, 0 to 63, in dBm0 after dropping the sign: 10 is -10 dBm0."""
    duration: int
    """Since the time that the packet's timestamp tells, 0 to 65,535."""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read four octets, ignoring the reserved bit and what follows them. Raises RtpError for fewer."""
        if len(payload) < 4:
            raise RtpError(f"{len(payload)} octets are no telephone-event")
        return cls(payload[0], payload[1] >= 0x80, payload[1] & 0x3F, int.from_bytes(payload[2:4], "big"))

    def __bytes__(self) -> bytes:
        return bytes((self.event, self.end << 7 | self.volume)) + self.duration.to_bytes(2, "big")

    @property
    def key(self) -> str | None:
        """The key that was pressed; None: the event is no key."""
        return KEYS[self.event] if self.event < len(KEYS) else None


@dataclass(frozen=True, slots=True)
class EventPacket:
    """One packet of a key press. All of them share a timestamp; sequence numbers go on from the audio's."""

    after: int
    """When to send it, in timestamp units after the press began, which is what the timestamp tells."""
    marker: bool
    payload: bytes


def key_packets(
    key: str, duration: int, *, packet_units: int = 160, volume: int = 10
) -> Iterator[EventPacket]:
    """The packets of one key press: the first with the marker, updates, and the last one three times.

    Raises ValueError for a key that there is not, and for a duration beyond 1 to 65,535.
    """
    event = KEYS.find(key) if len(key) == 1 else -1
    if event < 0:
        raise ValueError(f"no such key: {key!r}")
    if not 0 < duration <= MAX_DURATION:
        raise ValueError(f"no packet tells a duration of {duration}")
    return _packets(event, duration, packet_units, volume)


class EventReceiver:
    """Turns packets into events, each told once, when the first packet of it comes: whichever that is.

    So a digit needs neither its marker nor its end. The timestamp tells one press from the next.
    """

    __slots__ = ("_before", "_event", "_timestamp", "duration", "ended")

    def __init__(self) -> None:
        self._event = -1
        self._timestamp = 0
        self._before = 0  # of the same event, told under earlier timestamps
        self.duration = 0
        """Of the event that was told last, as far as its packets have said; all parts of a long one together."""
        self.ended = False
        """Whether its end has come."""

    def packet_arrived(self, timestamp: int, payload: bytes) -> TelephoneEvent | None:
        """The event that begins with this packet; None for more of one that was told. Raises RtpError."""
        told = TelephoneEvent.parse(payload)
        known = self._event >= 0
        step = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if known and -MAX_CLOCK_STEP <= step <= 0:
            if step == 0 and not self.ended:
                self.ended = told.end
                self.duration = max(self.duration, self._before + told.duration)
            return None
        # an event too long for one duration goes on under a second timestamp (RFC 4733 section 2.5.1.3)
        continued = known and not self.ended and told.event == self._event and step == MAX_DURATION
        self._before = self._before + MAX_DURATION if continued else 0
        self.duration = self._before + told.duration
        self._event = told.event
        self._timestamp = timestamp
        self.ended = told.end
        return None if continued else told

    def source_changed(self) -> None:
        """Timestamps have a new origin: nothing that comes belongs to an event before."""
        self._event = -1


def _packets(event: int, duration: int, packet_units: int, volume: int) -> Iterator[EventPacket]:
    for after in range(packet_units, duration, packet_units):
        update = TelephoneEvent(event, end=False, volume=volume, duration=after)
        yield EventPacket(after, after == packet_units, bytes(update))
    final = bytes(TelephoneEvent(event, end=True, volume=volume, duration=duration))
    for repetition in range(END_PACKETS):
        first = repetition == 0 and duration <= packet_units
        yield EventPacket(duration + repetition * packet_units, first, final)
