"""Packets in the order in which they were sent: what has a memory must hear them so.

A packet that others have overtaken is waited for as long as packets that take two ways differ. What comes later than
that has been replaced, and is dropped rather than heard twice.
"""

from collections.abc import Callable, Iterator
from typing import Final

from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.outlet import Heard
from mediation.rtp.rewrite import MAX_DROPOUT, MAX_MISORDER

PATIENCE: Final = 10 * UNITS_PER_MS
"""From when the first packet has overtaken another one."""

MOST_HELD: Final = 16

_TOO_LATE: Final = 0x10000 - MAX_MISORDER


class Ordering:
    """Of one source. Times are of the media clock."""

    __slots__ = ("_held", "_next", "_remind", "_resumed", "deadline", "late")

    def __init__(self, remind: Callable[[], None]) -> None:
        """`remind` is called when `deadline` has come nearer."""
        self._remind = remind
        self._next: int | None = None
        self._held: dict[int, Heard] = {}
        """By how far ahead they are, in no order."""
        self._resumed = -1
        """The number that would show that a jump was no stray (RFC 3550 appendix A.1)."""
        self.deadline = NEVER
        """When nothing is waited for any more."""
        self.late = 0
        """Packets that were dropped: doubles, and those that came too late."""

    def take(self, packet: Heard, now: int) -> Iterator[tuple[Heard, int]]:
        """What may be heard now: each packet, and how many are missing before it."""
        sequence = packet.sequence
        ahead = 0 if self._next is None else (sequence - self._next) & 0xFFFF
        if MAX_DROPOUT <= ahead < _TOO_LATE:
            if sequence != self._resumed:
                self._resumed = (sequence + 1) & 0xFFFF
                return
            yield from self.forget()
            ahead = 0
        if ahead >= _TOO_LATE or sequence in self._held:
            self.late += 1
        elif ahead == 0:
            self._next = (sequence + 1) & 0xFFFF
            yield packet, 0
            yield from self._in_line()
        else:
            if not self._held:
                self.deadline = now + PATIENCE
                self._remind()
            self._held[sequence] = packet
            if len(self._held) > MOST_HELD:
                yield from self.give_up()

    def give_up(self) -> Iterator[tuple[Heard, int]]:
        """Wait no more for what stands before the first that is held."""
        if self._next is None or not self._held:
            return
        missing = min((sequence - self._next) & 0xFFFF for sequence in self._held)
        first = self._held.pop((self._next + missing) & 0xFFFF)
        self._next = (first.sequence + 1) & 0xFFFF
        yield first, missing
        yield from self._in_line()

    def due(self, now: int) -> Iterator[tuple[Heard, int]]:
        """The same, when it is time."""
        while self.deadline <= now:
            yield from self.give_up()

    def forget(self) -> Iterator[tuple[Heard, int]]:
        """Another source: what is held of this one, and nothing is waited for."""
        while self._held:
            yield from self.give_up()
        self._next = None
        self.deadline = NEVER

    def _in_line(self) -> Iterator[tuple[Heard, int]]:
        while self._next is not None and (packet := self._held.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            yield packet, 0
        if not self._held:
            self.deadline = NEVER
