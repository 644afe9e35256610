"""Addresses of IPv6 for tests: a loopback has one alone, so ports tell the parties apart.

They lie below the range from which the system takes ports for connections: one that it took there would be in the way
of somebody who listens a moment later.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

SIX: Final = "::1"
FIRST: Final = 6_000
BLOCK: Final = 100
BLOCKS: Final = 40
NUMBERS = count(os.getpid() * 7)
"""Processes begin at different places, and a process uses no block twice in a row."""


@dataclass(frozen=True, slots=True)
class SixPorts:
    """A hundred ports of ::1 that no other test uses."""

    first: int

    def at(self, party: int) -> tuple[str, int]:
        """Where one of the parties listens, 0 to 9."""
        assert 0 <= party < 10
        return SIX, self.first + party

    @property
    def audio(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Two ranges for RTP."""
        return (self.first + 10, self.first + 49), (self.first + 50, self.first + 89)


@contextmanager
def claimed_six() -> Iterator[SixPorts]:
    """Claim a block of ports for as long as the context lasts."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as claim:
        for _ in range(BLOCKS):
            first = FIRST + next(NUMBERS) % BLOCKS * BLOCK
            try:
                claim.bind((SIX, first + BLOCK - 1))
            except OSError:
                continue
            yield SixPorts(first)
            return
    raise AssertionError("no free block of ports on ::1")
