"""What is done to one direction of a call beyond its translation, where the plan wants any of it.

Packets in order and evenly, keys that are said in another way to the other party, noise in place of its description,
packets of another length. A direction that wants none of these has no workshop; one that has it leaves the shortest
road to packets that simply follow each other, as long as nothing is at work.
"""

from collections.abc import Callable

from mediation.b2bua.plan import Stream
from mediation.media.agreed_law import AgreedLaw
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.digits import Digits, Tell, are_unlike, way_of
from mediation.media.hush import Hush
from mediation.media.jitter_buffer import JitterBuffer
from mediation.media.modem_ear import ModemEar
from mediation.media.outlet import Heard, Outlet
from mediation.media.repacketizing import Repacketizer, lengths_for
from mediation.sdp.audio import COMFORT_NOISE
from mediation_codecs.law import Law

NOISE_TYPE = COMFORT_NOISE[0]


def is_wanted(source: Stream, sink: Stream) -> bool:
    """Whether a direction needs a workshop."""
    return (
        are_unlike(source, sink)
        or _needs_noise(source, sink)
        or _needs_lengths(source, sink)
        or _needs_buffer(source, sink)
    )


class Workshop:
    """Of one direction. All times are of the media clock."""

    __slots__ = (
        "_agreed", "_buffer", "_digits", "_events", "_hush", "_law", "_laws", "_lengths", "_modem", "_outlet",
        "_packer", "_placed", "_remind", "_sequence", "_tell",
    )  # fmt: skip

    def __init__(self, outlet: Outlet, tell: Tell, remind: Callable[[], None]) -> None:
        """`tell` hears of keys for signalling, `remind` is called when `deadline` may have come nearer."""
        self._outlet = outlet
        self._tell = tell
        self._remind = remind
        self._buffer: JitterBuffer | None = None
        self._digits: Digits | None = None
        self._hush: Hush | None = None
        self._packer: Repacketizer | None = None
        self._modem = ModemEar()
        self._law = Law.PCMU
        self._sequence: int | None = None
        """The last number that came by here; None: others have come elsewhere since."""
        self._placed: int | None = None
        """The number of the last packet whose samples have left in others, or wait for that."""
        self._laws: tuple[int, ...] = ()
        self._events: tuple[int, ...] = ()
        self._lengths = (0, 0)

    def follow(self, source: Stream, sink: Stream) -> None:
        """Another plan: what it still asks for goes on."""
        self._agreed = AgreedLaw(source)
        self._laws, self._law = source.taken_payload_types, source.law
        self._events = source.taken_event_payload_types
        self._lengths = lengths_for(sink)
        if not _needs_buffer(source, sink):
            self._buffer = None
        else:
            if self._buffer is None:
                self._buffer = JitterBuffer(self._listen, self._outlet, self._remind)
            depth = source.jitter_buffer_ms * UNITS_PER_MS
            self._buffer.follow(depth, source.taken_event_payload_types)
        self._follow_digits(source, sink)
        if not _needs_noise(source, sink):
            self._hush = None
        elif self._hush is None:
            self._hush = Hush(sink, self._outlet, self._remind)
        else:
            self._hush.follow(sink)
        if not _needs_lengths(source, sink):
            self._packer = None
        elif self._packer is None:
            self._packer = Repacketizer(sink, self._remind)
        else:
            self._packer.follow(sink)

    def _follow_digits(self, source: Stream, sink: Stream) -> None:
        digits, ways = self._digits, (way_of(source), way_of(sink))
        if digits is not None:
            digits.follow(source, sink)
            if are_unlike(source, sink) and digits.ways == ways:
                return
            digits.stop()
            self._digits = None
        if are_unlike(source, sink):
            self._digits = Digits(source, sink, self._outlet, self.send_on, self._tell, self._remind)

    def press(self, key: str, duration_ms: int, now: int) -> None:
        """Let the party hear a key that signalling has heard of the source."""
        if self._digits is not None:
            self._digits.press(key, duration_ms, now)

    def watches(self, octets: int) -> bool:
        """Whether packets of this payload must come here, each of them."""
        if self._buffer is not None:
            return True
        if self._digits is not None and self._digits.is_busy:
            return True
        if self._packer is not None and not self._fits(octets):
            return True
        self._sequence = None
        return False

    def take(self, packet: Heard, now: int) -> None:
        """A packet of the source, on its way."""
        self._agreed.restate(packet)
        if self._buffer is None:
            self._listen(packet, now)
        else:
            self._buffer.put(packet, now)

    def hasten(self) -> None:
        """What waits for its turn leaves at once: it was sent by the plan that still holds."""
        if self._buffer is not None:
            self._buffer.flush()

    def _listen(self, packet: Heard, now: int) -> None:
        if self._digits is None:
            self.send_on(packet, now)
            return
        for each in self._digits.listen(packet, now):
            self.send_on(each, now)

    def send_on(self, packet: Heard, now: int) -> None:
        """The same, once it has been listened to."""
        digits, hush, outlet = self._digits, self._hush, self._outlet
        after_loss = self._misses_before(packet.sequence)
        if digits is not None and digits.keeps(packet, outlet.leaving(packet), now):
            outlet.withhold(packet)
            return
        if packet.payload_type not in self._laws:
            if hush is not None:
                self._hush_at(hush, packet, now)
            self.flush()
            outlet.forward(packet, now)
            return
        if hush is not None:
            hush.stop()
        packer = self._packer
        if packer is not None or hush is not None:
            self._modem.hear(self._law, packet.payload, now)
        if packer is None:
            outlet.forward(packet, now)
        elif packet.sequence == self._placed:
            outlet.discard(packet, late=False)  # once more, and its number has left with other samples
        elif self._fits(len(packet.payload)):
            self._placed = None
            packer.bypassed()
            outlet.forward(packet, now)
        elif (placed := outlet.place(packet, now)) is not None:
            self._placed = packet.sequence
            conceals = after_loss and not self._modem.is_sure
            for payload, timestamp, marker in packer.take(*placed, now, conceals=conceals):
                outlet.send_piece(payload, timestamp, marker=marker)

    def _hush_at(self, hush: Hush, packet: Heard, now: int) -> None:
        """What is no audio may tell of noise, or must be heard without it."""
        if packet.payload_type in self._events:
            hush.give_way(now)
        elif packet.payload_type == NOISE_TYPE and not self._modem.is_sure:
            hush.heard(packet.payload, now)

    def _misses_before(self, sequence: int) -> bool:
        """Whether packets before this one have not come."""
        ahead = 1 if self._sequence is None else (sequence - self._sequence) & 0xFFFF
        if ahead < 0x8000:
            self._sequence = sequence
        return 1 < ahead < 0x8000

    def stop(self) -> None:
        """Nobody needs this any more: what is held or waits goes on."""
        self.hasten()
        if self._digits is not None:
            self._digits.stop()
        self.flush()

    def flush(self) -> None:
        """Let what waits for more leave as it is."""
        if self._packer is not None:
            for payload, timestamp, marker in self._packer.flush():
                self._outlet.send_piece(payload, timestamp, marker=marker)

    def source_changed(self) -> None:
        """Another stream comes in: its timestamps say nothing of those before."""
        if self._buffer is not None:
            self._buffer.source_changed()
        self.flush()
        if self._digits is not None:
            self._digits.source_changed()
        if self._hush is not None:
            self._hush.stop()
        self._modem, self._sequence, self._placed = ModemEar(), None, None

    @property
    def deadline(self) -> int:
        """When `handle_timeout` has something to do."""
        rooms = (self._buffer, self._digits, self._hush, self._packer)
        return min((room.deadline for room in rooms if room is not None), default=NEVER)

    def handle_timeout(self, now: int) -> None:
        """What is due."""
        if self._buffer is not None:
            self._buffer.handle_timeout(now)
        digits = self._digits
        if digits is not None:
            digits.handle_timeout(now)
        if self._hush is not None:
            self._hush.handle_timeout(now, aloud=digits is None or not digits.is_sounding)
        if self._packer is not None and self._packer.deadline <= now:
            self.flush()

    def _fits(self, octets: int) -> bool:
        """Whether a packet may leave as it comes."""
        shortest, longest = self._lengths
        return shortest <= octets <= longest and (self._packer is None or self._packer.is_empty)


def _is_open(source: Stream, sink: Stream) -> bool:
    return source.sends and sink.hears_across


def _needs_noise(source: Stream, sink: Stream) -> bool:
    return _is_open(source, sink) and sink.fill_silence and not sink.comfort_noise


def _needs_buffer(source: Stream, sink: Stream) -> bool:
    return _is_open(source, sink) and source.jitter_buffer_ms > 0


def _needs_lengths(source: Stream, sink: Stream) -> bool:
    return _is_open(source, sink) and bool(sink.repacketize or sink.max_ptime_ms)
