"""How packets get lost: one by one, or several in a run. Ears forgive the first more than the second.

A *run* is of packets that are lost one right after the other. A *burst* is longer (RFC 3611 section 4.7.2): it begins
and ends with a lost packet and never has GMIN packets in a row that came; a single loss between as many is none. What
is no burst is gap.

    came .... x ................ x . x x .................... x ........
              alone              a burst of 4, 3 of it lost    alone
"""

from dataclasses import dataclass
from typing import Final

GMIN: Final = 16
"""So many packets in a row that came end a burst (RFC 3611 section 4.7.2 recommends 16)."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What was lost, in packets. All zero: nothing."""

    lost: int = 0
    """Packets that never came."""
    runs: int = 0
    """Runs of them."""
    bursts: int = 0
    burst_packets: int = 0
    """The length of all bursts together, what came in them included."""
    burst_lost: int = 0
    """Packets lost in bursts."""

    def burst_ratio(self, expected: int) -> float:
        """How long runs are by how long they would be by chance (ITU-T G.107 clause 7.5); 1.0 where nothing is lost."""
        if not self.runs or expected <= self.lost:
            return 1.0
        return self.lost / self.runs * (1 - self.lost / expected)

    def burst_density(self) -> float:
        """Which share of the packets of bursts is lost (RFC 3611 section 4.7.2)."""
        return self.burst_lost / self.burst_packets if self.burst_packets else 0.0

    def gap_density(self, expected: int) -> float:
        """Which share of the packets of gaps is lost."""
        gaps = expected - self.burst_packets
        return (self.lost - self.burst_lost) / gaps if gaps > 0 else 0.0


NOTHING_LOST: Final = Losses()


class LossRuns:
    """Counts losses by the extended numbers of the packets that are lost, which come in order."""

    __slots__ = (
        "_burst_lost",
        "_burst_packets",
        "_bursts",
        "_first",
        "_last",
        "_lost",
        "_lost_here",
        "_runs",
    )

    def __init__(self) -> None:
        self._lost = self._runs = 0
        self._bursts = self._burst_packets = self._burst_lost = 0
        self._first = self._last = _NONE
        self._lost_here = 0

    def add(self, first: int, count: int = 1) -> None:
        """So many packets are lost, from this one on."""
        if self._last == _NONE or first - self._last > GMIN:
            self.end()
            self._first = first
            self._lost_here = 0
        if first - 1 != self._last:
            self._runs += 1
        self._lost += count
        self._lost_here += count
        self._last = first + count - 1

    def end(self) -> None:
        """What follows belongs to another run: GMIN packets have come, or another source has begun."""
        if self._lost_here > 1:
            self._bursts += 1
            self._burst_packets += self._last - self._first + 1
            self._burst_lost += self._lost_here
        self._first = self._last = _NONE
        self._lost_here = 0

    def losses(self, pending: list[int]) -> Losses:
        """All so far, and those of `pending`, in order, on trial: they may still come."""
        trial = LossRuns()
        for name in self.__slots__:
            setattr(trial, name, getattr(self, name))
        for number in pending:
            trial.add(number)
        trial.end()
        return Losses(trial._lost, trial._runs, trial._bursts, trial._burst_packets, trial._burst_lost)


_NONE: Final = -(1 << 62)
"""No number, and far from each."""
