"""Hears one party where a wide codec stands on either side of a call, and says in G.711 what it has heard.

Packets come in order out of here and without holes: what is lost is made up for, as a decoder or an encoder behind it
that misses something goes wrong for longer than a packet. Between two that speak the same codec nothing is made up: the
other one's own decoder does it best.
"""

from collections.abc import Callable, Iterator
from typing import Final

from mediation.b2bua.plan import Stream
from mediation.media.agreed_law import AgreedLaw
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.ordering import Ordering
from mediation.media.outlet import Heard
from mediation.media.wide_sound import Beside, CodecError, Codecs
from mediation.rtp.event_clock import EventsSlower
from mediation.rtp.packet import RtpError
from mediation_codecs.codec import WIDE_RATE_HZ
from mediation_codecs.concealer import Concealer
from mediation_codecs.g711 import Samples, decode, encode
from mediation_codecs.pcm import RATE_HZ
from mediation_codecs.resampling import Decimator

MOST_MADE: Final = 200 * UNITS_PER_MS
"""A longer hole is none of a few lost packets: time goes on by as much."""

FRAME: Final = 20 * UNITS_PER_MS
"""Of noise that is made in a pause."""

PATIENCE: Final = 20 * UNITS_PER_MS
"""So much later is the noise of a pause made than it would have come."""

LONGEST_PAUSE: Final = 1000 * UNITS_PER_MS
"""Whoever is silent still tells so 2.5 times a second; after this nobody is there (RFC 7587 section 3.1.3)."""

_HALF: Final = 1 << 31
_NOBODY: Final = -1


class WideEar:
    """Of one direction. Times are of the media clock."""

    __slots__ = (
        "_agreed", "_beside", "_concealer", "_decoder", "_events", "_expected", "_fills", "_law", "_length",
        "_narrower", "_order", "_paused_until", "_place", "_ratio", "_remind", "_sequence", "_source", "_ssrc",
        "_was_audio", "deadline_of_pause",
    )  # fmt: skip

    def __init__(
        self, source: Stream, sink: Stream, codecs: Codecs, beside: Beside, remind: Callable[[], None]
    ) -> None:
        """`remind` is called when `deadline` may have come nearer."""
        self._source = source
        self._agreed = AgreedLaw(source)
        self._law = source.law
        self._beside = beside
        self._remind = remind
        self._order = Ordering(remind)
        self._ratio = source.clock_hz // RATE_HZ
        self._decoder = None if source.wide is None else codecs.decoder(source.wide.codec)
        self._narrower = Decimator(WIDE_RATE_HZ // RATE_HZ)
        self._concealer = Concealer(RATE_HZ)
        self._fills = source.wide is None or sink.wide is None or source.wide.codec is not sink.wide.codec
        event_ratio = 1 if source.wide is None else source.wide.event_clock_hz // RATE_HZ
        self._events = EventsSlower(event_ratio, self._ratio)
        self._ssrc = _NOBODY
        self._sequence = _NOBODY
        """Of the last packet that has left."""
        self._expected = 0
        """The timestamp that the source's next audio should have."""
        self._place = 0
        """The one that it has when it leaves."""
        self._length = FRAME
        """Of the last audio."""
        self._was_audio = False
        self._paused_until = 0
        self.deadline_of_pause = NEVER

    @property
    def deadline(self) -> int:
        """When `due` has something to give."""
        return min(self._order.deadline, self.deadline_of_pause)

    def take(self, packet: Heard, now: int) -> Iterator[Heard]:
        """A packet of the source; what goes on."""
        self._agreed.restate(packet)
        if packet.ssrc != self._ssrc != _NOBODY:
            yield from self._heard(self._order.forget(), now)
            self._ssrc = _NOBODY
        yield from self._heard(self._order.take(packet, now), now)

    def due(self, now: int) -> Iterator[Heard]:
        """What is made or let go by the clock."""
        yield from self._heard(self._order.due(now), now)
        while self.deadline_of_pause <= now:
            self.deadline_of_pause += FRAME
            if self.deadline_of_pause > self._paused_until:
                self.deadline_of_pause = NEVER
            yield from self._made(FRAME)

    def _heard(self, packets: Iterator[tuple[Heard, int]], now: int) -> Iterator[Heard]:
        for packet, missing in packets:
            if self._ssrc == _NOBODY:
                self._ssrc = packet.ssrc
                self._expected = self._place = packet.timestamp
            if self._sequence == _NOBODY:
                self._sequence = (packet.sequence - 1) & 0xFFFF
            if packet.payload_type in self._source.taken_payload_types:
                yield from self._audio(packet, missing, now)
            else:
                yield from self._other(packet, missing)

    def _audio(self, packet: Heard, missing: int, now: int) -> Iterator[Heard]:
        """Decode it, once what is missing before it has been made up for."""
        self.deadline_of_pause, was_paused = NEVER, self.deadline_of_pause != NEVER
        gap = self._since(packet.timestamp)
        if 0 < gap <= MOST_MADE and self._fills and (was_paused or (missing and self._was_audio)):
            yield from self._made(gap)
        elif gap > 0 or gap < -MOST_MADE:
            self._move(gap)
        if not self._fills:
            self._sequence = (self._sequence + missing) & 0xFFFF
        past = max(0, -self._since(packet.timestamp))
        try:
            narrow, sound = self._decoded(packet.payload)
        except CodecError:
            if self._fills:
                yield from self._made(self._length)
            return
        self._was_audio = True
        self._length = len(narrow)
        if past:  # something was made in its place already
            narrow, sound = narrow[past:], None if sound is None else sound[2 * past :]
        if narrow:
            yield self._said(packet.payload_type, packet.marker, narrow, sound, packet.payload)
        if self._decoder is not None and self._decoder.is_pause(packet.payload) and self._fills:
            self._paused_until = now + LONGEST_PAUSE
            self.deadline_of_pause = now + self._length + PATIENCE
            self._remind()

    def _other(self, packet: Heard, missing: int) -> Iterator[Heard]:
        """An event, or what else is no audio."""
        timestamp, payload = packet.timestamp, packet.payload
        if packet.payload_type in self._source.taken_event_payload_types:
            self._was_audio = False
            try:
                timestamp, payload = self._events.packet(timestamp, payload)
            except RtpError:
                return
        if not self._fills:
            self._sequence = (self._sequence + missing) & 0xFFFF
        place = (self._place + self._since(timestamp)) & 0xFFFFFFFF
        self._sequence = (self._sequence + 1) & 0xFFFF
        yield Heard(packet.payload_type, packet.marker, self._sequence, place, self._ssrc, payload)

    def _since(self, timestamp: int) -> int:
        """How much later than expected a timestamp is, in units of our clock."""
        gap = ((timestamp - self._expected + _HALF) & 0xFFFFFFFF) - _HALF
        return gap // self._ratio

    def _move(self, gap: int) -> None:
        """Time has gone on without sound; one that was set back goes on from where it is."""
        self._expected = (self._expected + gap * self._ratio) & 0xFFFFFFFF
        self._place = (self._place + max(0, gap)) & 0xFFFFFFFF

    def _made(self, count: int) -> Iterator[Heard]:
        """So much in the place of what is missing, in packets like the last one."""
        number = self._source.taken_payload_types[0]
        while count > 0:
            length = min(count, self._length)
            count -= length
            if self._decoder is None:
                yield self._said(number, False, encode(self._law, self._concealer.made(length)))
            else:
                sound = self._decoder.conceal(2 * length)
                yield self._said(number, False, encode(self._law, self._narrower(sound)), sound)

    def _decoded(self, payload: bytes) -> tuple[bytes, Samples | None]:
        """The packet in G.711, and what it sounds like where that is more."""
        if self._decoder is None:
            if not payload:
                raise CodecError("nothing in it")
            samples = decode(self._law, payload)
            joined = self._concealer.heard(samples)
            return payload if joined is samples else encode(self._law, joined), None
        sound = self._decoder.decode(payload)
        return encode(self._law, self._narrower(sound)), sound

    def _said(
        self, number: int, marker: bool, narrow: bytes, sound: Samples | None = None, payload: bytes = b""
    ) -> Heard:
        self._beside.narrow, self._beside.sound = narrow, sound
        self._beside.payload = payload if self._decoder is not None and not self._fills else b""
        place = self._place
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._expected = (self._expected + len(narrow) * self._ratio) & 0xFFFFFFFF
        self._place = (self._place + len(narrow)) & 0xFFFFFFFF
        return Heard(number, marker, self._sequence, place, self._ssrc, narrow)
