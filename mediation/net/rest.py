"""Peers that cannot be connected to are left alone for a while, longer each time, so that they are not hammered."""

from typing import Final, Generic, TypeVar

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0
MOST_REMEMBERED: Final = 4096

Peer = TypeVar("Peer")


class Rests(Generic[Peer]):
    """The rests of all peers. While one lasts, what is for the peer fails at once, and the next target gets it."""

    def __init__(self) -> None:
        self._rests: dict[Peer, tuple[float, float]] = {}
        """Until when, and how long it was."""

    def __len__(self) -> int:
        return len(self._rests)

    def failed(self, peer: Peer, now: float) -> None:
        """A connection to the peer could not be made, or was ended before it had said anything."""
        _, before = self._rests.get(peer, (now, FIRST_S / 2))
        if len(self._rests) >= MOST_REMEMBERED:
            self._rests = {other: rest for other, rest in self._rests.items() if now < rest[0]}
        pause = min(2 * before, LONGEST_S)
        self._rests[peer] = (now + pause, pause)

    def over(self, peer: Peer) -> None:
        """The peer has been heard."""
        self._rests.pop(peer, None)

    def lasts(self, peer: Peer, now: float) -> bool:
        """Whether the peer is to be left alone."""
        rest = self._rests.get(peer)
        return rest is not None and now < rest[0]
