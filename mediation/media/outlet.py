"""Where the rooms of a direction get their packets from, and where they send: a relay, as they see it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(eq=False, slots=True)
class Heard:
    """A packet of the source, read."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class Outlet(Protocol):
    """The stream that leaves for a party."""

    @property
    def spoken(self) -> int:
        """The length of the source's last audio packet, in samples."""

    def next_timestamp(self, now: int) -> int:
        """When a packet of our own begins that follows what has left."""

    def insert(self, payload_type: int, payload: bytes, timestamp: int, moment: int, *, marker: bool) -> None:
        """Send it, with the next sequence number. `moment` is when it begins, which the timestamp tells."""

    def leaving(self, packet: Heard) -> int | None:
        """The timestamp that a packet of the source would leave with, if it can be told."""

    def withhold(self, packet: Heard) -> None:
        """Let it go no further: its gap is closed."""

    def discard(self, packet: Heard, *, late: bool) -> None:
        """Let it go no further, and let it be missed: it came too late to leave in its turn, or else twice."""

    def forward(self, packet: Heard, now: int) -> None:
        """Send it as it came, in the party's law and under its number, if it was agreed on."""

    def place(self, packet: Heard, now: int) -> tuple[bytes, int, bool] | None:
        """Its payload in the party's law, its timestamp and marker; `send_piece` sends it. None: it must not leave."""

    def send_piece(self, payload: bytes, timestamp: int, *, marker: bool) -> None:
        """Send some of what was placed."""
