"""Keys that a party hears in its media: packets of our own in the stream that it gets, as telephone-events or as tones.

A key may be said while it is still pressed. What the source sends meanwhile does not leave; sequence numbers and
timestamps go on through it. Keys that come faster than they can be told apart wait for each other.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mediation.b2bua.plan import Stream
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.outlet import Outlet
from mediation.rtp.telephone_event import END_PACKETS, KEYS, MAX_DURATION, TelephoneEvent
from mediation_codecs.dtmf import key_tone
from mediation_codecs.g711 import encode
from mediation_codecs.law import SILENCE

PAUSE: Final = 50 * UNITS_PER_MS
"""Between two keys: 40 ms are the least that every receiver notices (ITU-T Q.24)."""

SHORTEST: Final = 40 * UNITS_PER_MS
"""Of a tone; the same."""

MOST_WAITING: Final = 32
"""Keys that wait for their turn; more would be heard when nobody means them any more."""

USUAL_VOLUME: Final = 10
"""In dBm0 after dropping the sign, of a key of which nobody tells it."""

_HALF: Final = 1 << 31


@dataclass(eq=False, slots=True)
class Press:
    """A key on its way."""

    key: str
    duration: int | None = None
    """How long it was pressed, in timestamp units; None: it still is."""
    volume: int = USUAL_VOLUME


@dataclass(frozen=True, slots=True)
class _Piece:
    """One packet of a key, and when the next one is due."""

    payload: bytes
    offset: int
    """Its timestamp, from the beginning of the key."""
    marker: bool
    wait: int
    """Until the next one; after the last, until audio may go on."""


class Keypad:
    """Of one direction. All times are of the media clock."""

    __slots__ = (
        "_began",
        "_free_at",
        "_outlet",
        "_pieces",
        "_press",
        "_remind",
        "_sink",
        "_start",
        "_until",
        "_waiting",
        "deadline",
    )

    def __init__(self, sink: Stream, outlet: Outlet, remind: Callable[[], None]) -> None:
        """`remind` is called when `deadline` may have come nearer."""
        self._sink = sink
        self._outlet = outlet
        self._remind = remind
        self._waiting: deque[Press] = deque()
        self._press: Press | None = None
        self._pieces: Iterator[_Piece] = iter(())
        self._start = 0
        self._began = 0
        self._until: int | None = None
        self._free_at = 0
        self.deadline = NEVER
        """When `handle_timeout` has something to say."""

    def follow(self, sink: Stream) -> None:
        """The party takes other numbers, another law or packets of another length: a key goes on with these."""
        self._sink = sink

    def pressed(self, press: Press, now: int) -> None:
        """Let the party hear it, as soon as those before it are over."""
        if len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.append(press)
        if self._press is None and self.deadline == NEVER:
            self._begin(max(now, self._free_at), now)
            self._remind()

    def released(self, press: Press, now: int) -> None:
        """Its duration is known: the next packet tells."""

    @property
    def is_sounding(self) -> bool:
        """Whether a key is being said."""
        return self._press is not None

    @property
    def is_busy(self) -> bool:
        """Whether the source's packets must be looked at before they leave."""
        return self._press is not None or self._until is not None

    def withholds(self, leaving: int | None) -> bool:
        """Whether audio of the source must not leave: a key sounds. `leaving`: its timestamp, if it can be told."""
        if self._press is not None:
            return True
        if self._until is None:
            return False
        if leaving is not None and 0 < (self._until - leaving) & 0xFFFFFFFF < _HALF:
            return True
        self._until = None
        return False

    def handle_timeout(self, now: int) -> None:
        """Send what is due."""
        while self.deadline <= now:
            due = self.deadline
            if self._press is None:
                self._begin(due, now)
            else:
                self._send_next(due)

    def _begin(self, due: int, now: int) -> None:
        """Take up the next key, if it is time."""
        if due > now:
            self.deadline = due
            return
        if not self._waiting:
            self.deadline = NEVER
            return
        press = self._press = self._waiting.popleft()
        self._start = self._outlet.next_timestamp(now)
        self._began = now
        units = self._sink.ptime_ms * UNITS_PER_MS
        if self._sink.event_payload_type is not None:
            self._pieces = _event_pieces(press, units)
            self.deadline = now + _until_next(press.duration, 0, units)
        else:
            self._pieces = self._tone_pieces(press)
            self.deadline = now

    def _send_next(self, due: int) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._press = None
            self._until = (self._start + due - self._began) & 0xFFFFFFFF
            self._free_at = due + PAUSE
            self.deadline = self._free_at if self._waiting else NEVER
            return
        number = self._sink.event_payload_type
        kind = self._sink.payload_type if number is None else number
        timestamp = (self._start + piece.offset) & 0xFFFFFFFF
        self._outlet.insert(kind, piece.payload, timestamp, self._began + piece.offset, marker=piece.marker)
        self.deadline = due + piece.wait

    def _tone_pieces(self, press: Press) -> Iterator[_Piece]:
        """The key's two tones in the law that the party takes at the time (ITU-T Q.23)."""
        after = 0
        while press.duration is None or after < max(press.duration, SHORTEST):
            sink = self._sink
            units = sink.ptime_ms * UNITS_PER_MS
            left = units if press.duration is None else min(units, max(press.duration, SHORTEST) - after)
            tone = encode(sink.law, key_tone(press.key, after, left, press.volume))
            payload = tone.ljust(units, bytes((SILENCE[sink.law],)))
            yield _Piece(payload, after, after == 0, units)
            after += units


def _event_pieces(press: Press, units: int) -> Iterator[_Piece]:
    """Updates, and the last packet three times (RFC 4733 sections 2.5.1.2 to 2.5.1.4)."""
    event = KEYS.index(press.key)
    part = 0  # where the present part of a long event begins (section 2.5.1.3)
    full = bytes(TelephoneEvent(event, end=False, volume=press.volume, duration=MAX_DURATION))
    after, told = _until_next(press.duration, 0, units), 0
    while press.duration is None or after < press.duration:
        if after - part > MAX_DURATION:
            yield _Piece(full, part, False, 0)
            part += MAX_DURATION
        update = TelephoneEvent(event, end=False, volume=press.volume, duration=after - part)
        wait = _until_next(press.duration, after, units)
        yield _Piece(bytes(update), part, told == 0, wait)
        told = after
        after += wait
    total = max(press.duration, told, 1)  # what was told cannot be taken back
    if total - part > MAX_DURATION:
        yield _Piece(full, part, False, 0)
        part += MAX_DURATION
    final = bytes(TelephoneEvent(event, end=True, volume=press.volume, duration=total - part))
    for left in reversed(range(END_PACKETS)):
        yield _Piece(final, part, told == 0 and left == END_PACKETS - 1, units if left else 0)


def _until_next(duration: int | None, after: int, units: int) -> int:
    """Until the next packet of an event: it comes no later than the end."""
    return units if duration is None else max(1, min(units, duration - after))
