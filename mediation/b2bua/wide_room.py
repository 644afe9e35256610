"""How many parties may speak a wide codec at a time: each takes as much of a processor as many that do not.

A place is taken when a wide codec is offered or answered with, for another party might take the last one before the
answer comes, and given back when something else was agreed on. Who finds none is spoken with in G.711.
"""

from dataclasses import replace

from mediation.sdp.capabilities import Capabilities
from mediation.sdp.errors import NotAcceptable
from mediation_codecs.codec import is_wide


class NoPlace(NotAcceptable):
    """All places are taken, and the party has no G.711."""


class WideRoom:
    """Of a whole server."""

    __slots__ = ("most", "refused", "taken")

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        """Places in use now."""
        self.refused = 0
        """How often one was wanted, and there was none."""


class WidePlace:
    """Of one leg, which has it or not."""

    __slots__ = ("_has_it", "_room", "is_urgent", "laws", "terms")

    def __init__(self, room: WideRoom, terms: Capabilities) -> None:
        laws = tuple(each for each in terms.codecs if not is_wide(each))
        self._room = room
        self._has_it = False
        self.terms = terms
        """What may be offered and taken, with a place."""
        self.laws = replace(terms, codecs=laws)
        """The same without one."""
        self.is_urgent = False
        """Whether it is a call for help, which takes what is left or more."""

    @property
    def offered(self) -> Capabilities:
        """What an offer of ours has: a place is taken for it, where it needs one."""
        return self.terms if self.terms == self.laws or self.take() else self.laws

    def take(self) -> bool:
        """Have a place from now on; False: there is none."""
        room = self._room
        if not self._has_it:
            if room.taken >= room.most and not self.is_urgent:
                room.refused += 1
                return False
            room.taken += 1
            self._has_it = True
        return True

    def agreed(self, codec: str) -> None:
        """What is spoken from now on: the place goes back unless that needs it."""
        if not is_wide(codec):
            self.leave()

    def leave(self) -> None:
        """Give it back, if it is taken."""
        if self._has_it:
            self._has_it = False
            self._room.taken -= 1
