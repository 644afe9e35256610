"""Noise for a party that takes no description of it (RFC 3389): packets of our own while the source is silent.

The source tells a level and then sends nothing until somebody speaks. A party that knows no comfort noise would hear a
dead line, or take the call for lost; it gets noise of that level in its own law, packet by packet, by the clock.
"""

from collections.abc import Callable
from typing import Final

from mediation.b2bua.plan import Stream
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.outlet import Outlet
from mediation_codecs.noise import noise

SLACK: Final = 10 * UNITS_PER_MS
"""Noise leaves so much later than what the source sends would: speech that is a little late finds its place."""

KEY_GOES_ON: Final = 100 * UNITS_PER_MS
"""After a packet of a key that passes the next one may come so much later, or its end (RFC 4733 section 2.5.1.2)."""


class Hush:
    """Of one direction. All times are of the media clock."""

    __slots__ = ("_began", "_free_at", "_level", "_moment", "_outlet", "_remind", "_sink", "_spoken", "_start",
                 "deadline")  # fmt: skip

    def __init__(self, sink: Stream, outlet: Outlet, remind: Callable[[], None]) -> None:
        """`remind` is called when `deadline` has come nearer."""
        self._sink = sink
        self._outlet = outlet
        self._remind = remind
        self._level = 0
        self._start = self._began = self._moment = 0
        self._spoken = 0
        """How long the source's packets were: its next one tells of a time that has passed."""
        self._free_at = 0
        """What sounded in the place of noise is over by then."""
        self.deadline = NEVER
        """When the next packet is due."""

    def follow(self, sink: Stream) -> None:
        """The party takes another law or packets of another length from now on."""
        self._sink = sink

    def heard(self, payload: bytes, now: int) -> None:
        """The source describes its noise: the first octet is the level (section 3); without one it says nothing."""
        if not payload:
            return
        self._level = payload[0] & 0x7F
        if self.deadline == NEVER:
            self._start, self._spoken = self._outlet.next_timestamp(now), self._outlet.spoken
            self._began = self._moment = now
            self.deadline = now + self._wait
            self._remind()

    def give_way(self, now: int) -> None:
        """A packet of a key that passes: nothing else is heard before it is over."""
        self._free_at = now + KEY_GOES_ON

    def stop(self) -> None:
        """The source speaks, or another one does."""
        self.deadline = NEVER

    def handle_timeout(self, now: int, *, aloud: bool = True) -> None:
        """Send what is due; unless `aloud`, something else sounds in its place."""
        while self.deadline <= now:
            units = self._units
            moment, after = self._moment, self._moment - self._began
            if not aloud:
                self._free_at = self.deadline + units
            elif moment >= self._free_at:
                payload = noise(self._sink.law, self._level, after, units)
                timestamp = (self._start + after) & 0xFFFFFFFF
                self._outlet.insert(self._sink.payload_type, payload, timestamp, moment, marker=after == 0)
            self._moment += units
            self.deadline = self._moment + self._wait

    @property
    def _wait(self) -> int:
        return max(self._units, self._spoken) + SLACK

    @property
    def _units(self) -> int:
        return self._sink.ptime_ms * UNITS_PER_MS
