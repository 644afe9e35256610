"""An optional jitter buffer: what a party sends goes on in order and by its own clock, a fixed time later.

The fastest packet waits for the whole depth, and every other one for so much less as it came later: so all leave as
evenly as they were sent, as long as none was later than that. A packet whose turn has passed, because a later one has
left, is discarded, and so is one that came twice. One that is late and in turn leaves at once: nothing is better for
its loss. No sample is ever added, taken away or changed, so that fax and modems bear it (ITU-T V.152).

    sent     1   2   3   4   5           6   (nothing is said)         7
    came     1    2      4 3  5            6                           7
    leaves   ---->1   2   3   4   5           6                           7

Clocks go apart, and ways become longer: where even the fastest packet of a while was slower than the depth allows for,
all later ones wait longer again; one that is faster than all before moves them nearer at once. So no packet is held
longer than the depth.
"""

from collections.abc import Callable
from typing import Final, Protocol

from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.outlet import Heard
from mediation.rtp.rewrite import MAX_DROPOUT, MAX_MISORDER

WATCHED: Final = 5000 * UNITS_PER_MS
"""So long is looked for a packet that is fast enough, before all others wait longer."""

RESTARTED: Final = 200 * UNITS_PER_MS
"""A packet so much later than the fastest is of another clock, or came by another way: time is reckoned from it."""

MOST_HELD: Final = 100
"""Packets. Above it the first one leaves: more than a sender of packets of 10 ms gets into the greatest depth."""

PassOn = Callable[[Heard, int], None]
"""Takes a packet on, at a time."""


class Bin(Protocol):
    """Where packets go that do not go on."""

    def discard(self, packet: Heard, *, late: bool) -> None:
        """It came too late; or else, twice."""


class JitterBuffer:
    """Of one direction. All times are of the media clock."""

    __slots__ = (
        "_at", "_bin", "_events", "_fastest", "_held", "_last", "_now", "_pass_on", "_remind", "_since", "_skipped",
        "_timestamp", "depth",
    )  # fmt: skip

    def __init__(self, pass_on: PassOn, bin_: Bin, remind: Callable[[], None]) -> None:
        """`pass_on` gets what leaves, `bin_` what does not; `remind` is called when `deadline` has come nearer."""
        self.depth = 0
        """How long the fastest packet waits."""
        self._pass_on = pass_on
        self._bin = bin_
        self._remind = remind
        self._events: tuple[int, ...] = ()
        self._held: list[tuple[Heard, int]] = []
        """Packets and when each is to leave, in order of their sequence numbers."""
        self._last: int | None = None
        """The sequence number that left last; None: none of this stream has."""
        self._skipped: set[int] = set()
        """Numbers that were left out, as far back as a packet may come late."""
        self._timestamp: int | None = None
        self._at = 0
        """A timestamp, and when a packet that bears it is to leave; None: nothing is known of the party's clock."""
        self._fastest = self._since = 0
        """The longest that a packet had to wait since then."""
        self._now = 0

    def follow(self, depth: int, events: tuple[int, ...]) -> None:
        """From now on the fastest waits so long; packets of these types bear the time that their event began."""
        self.depth, self._events = depth, events

    @property
    def deadline(self) -> int:
        """When `handle_timeout` has something to do."""
        return self._held[0][1] if self._held else NEVER

    def put(self, packet: Heard, now: int) -> None:
        """A packet of the party."""
        step = _signed(packet.sequence - self._reached(packet), _SEQUENCES)
        if not -MAX_MISORDER <= step < MAX_DROPOUT:
            self.source_changed()
        elif step <= 0 and self._last is not None:
            late = packet.sequence in self._skipped
            self._skipped.discard(packet.sequence)
            self._bin.discard(packet, late=late)
            return
        self._now = now
        place = len(self._held)
        while place and (ahead := self._ahead(place - 1, packet)) >= 0:
            if not ahead:
                self._bin.discard(packet, late=False)
                return
            place -= 1
        before = self.deadline
        self._held.insert(place, (packet, self._due(packet, now)))
        if len(self._held) > MOST_HELD:
            self._let_go(now)
        self.handle_timeout(now)
        if self.deadline < before:
            self._remind()

    def handle_timeout(self, now: int) -> None:
        """Let go what is due."""
        self._now = now
        while self._held and self._held[0][1] <= now:
            self._let_go(now)

    def flush(self) -> None:
        """Let go all, in order: what it says is about to get another meaning."""
        while self._held:
            self._let_go(self._now)

    def source_changed(self) -> None:
        """Another stream begins: nothing of the one before tells of it."""
        self.flush()
        self._last = self._timestamp = None
        self._skipped.clear()

    def _reached(self, packet: Heard) -> int:
        """The number that the stream has come to: of the last one that left; before, of the first that waits."""
        if self._last is not None:
            return self._last
        return (self._held[0][0] if self._held else packet).sequence

    def _ahead(self, place: int, packet: Heard) -> int:
        """By how much one that waits comes after this one; 0: it is the same."""
        return _signed(self._held[place][0].sequence - packet.sequence, _SEQUENCES)

    def _due(self, packet: Heard, now: int) -> int:
        """When it is to leave."""
        latest = now + self.depth
        if packet.payload_type in self._events:
            return latest
        at = latest
        if self._timestamp is not None:
            at = self._at + _signed(packet.timestamp - self._timestamp, _TIMESTAMPS)
        if self._timestamp is None or at < latest - RESTARTED:
            at, self._fastest, self._since = latest, self.depth, now
        at = min(at, latest)
        self._fastest = max(self._fastest, at - now)
        if now - self._since >= WATCHED:
            at += self.depth - self._fastest
            self._fastest, self._since = at - now, now
        self._timestamp, self._at = packet.timestamp, at
        return at

    def _let_go(self, now: int) -> None:
        packet, _ = self._held.pop(0)
        if self._last is not None:
            gap = packet.sequence - self._last & 0xFFFF
            self._skipped.update(self._last + left_out & 0xFFFF for left_out in range(1, gap))
            if self._skipped:
                may_come = packet.sequence - MAX_MISORDER
                self._skipped = {one for one in self._skipped if one - may_come & 0xFFFF < MAX_MISORDER}
        self._last = packet.sequence
        self._pass_on(packet, now)


_SEQUENCES: Final = 1 << 16
_TIMESTAMPS: Final = 1 << 32


def _signed(difference: int, of: int) -> int:
    """Numbers begin again after so many."""
    return (difference + of // 2) % of - of // 2
