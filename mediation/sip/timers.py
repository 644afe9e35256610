"""T1, T2, T4 and the running timers: rows, never tasks (RFC 3261 section 17 and table 4)."""

from collections.abc import Hashable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class TimerValues:
    """The three base values from which every timer of RFC 3261 follows, in seconds."""

    t1_s: float = 0.5
    """Estimate of the round trip."""
    t2_s: float = 4.0
    """The longest interval between retransmissions of anything but an INVITE request."""
    t4_s: float = 5.0
    """How long a message may stay in the network."""

    @property
    def transaction_s(self) -> float:
        """64 times T1: timers B, F, H, J, L and M, and the wait for an ACK."""
        return 64 * self.t1_s

    @property
    def wait_d_s(self) -> float:
        """Timer D over an unreliable transport: 32 seconds at least (section 17.1.1.2)."""
        return max(32.0, self.transaction_s)


Key = TypeVar("Key", bound=Hashable)

_COMPACT_ABOVE = 1024
"""Stopped timers are swept out of the heap when they are the majority of at least so many rows."""


class Deadlines(Generic[Key]):
    """Running timers by key. Starting a key again moves it; time is only ever an argument."""

    __slots__ = ("_heap", "_rows", "_running")

    def __init__(self) -> None:
        self._running: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._rows = 0  # unique, so that keys are never compared

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, key: Key) -> bool:
        return key in self._running

    def start(self, key: Key, at: float) -> None:
        """Let `key` be due at `at`, in seconds on the driver's clock."""
        self._rows += 1
        self._running[key] = (at, self._rows)
        heappush(self._heap, (at, self._rows, key))
        if len(self._heap) > _COMPACT_ABOVE and len(self._heap) > 2 * len(self._running):
            self._heap = [(due, row, key) for key, (due, row) in self._running.items()]
            heapify(self._heap)

    def stop(self, key: Key) -> None:
        """Forget `key`; one that does not run is no error."""
        self._running.pop(key, None)

    def next_deadline(self) -> float | None:
        """When the earliest timer is due, or None when none runs."""
        while self._heap:
            at, row, key = self._heap[0]
            if self._running.get(key) == (at, row):
                return at
            heappop(self._heap)
        return None

    def pop_due(self, now: float) -> Key | None:
        """Take out one timer that is due, earliest first; None when there is none."""
        at = self.next_deadline()
        if at is None or at > now:
            return None
        _, _, key = heappop(self._heap)
        del self._running[key]
        return key
