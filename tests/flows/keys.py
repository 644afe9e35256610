"""Keys of SRTP stay where they belong: said to one peer, over TLS, and written down nowhere."""

import re
from dataclasses import dataclass, field

from mediation.settings.peers import Side

_KEY = re.compile(rb"inline:([A-Za-z0-9+/=]+)", re.IGNORECASE)


@dataclass(slots=True)
class Keys:
    """A judge of every key that is said."""

    in_the_clear: dict[Side, bool]
    """Where keys may be said without TLS."""
    handed: bool = False
    """Whether a party's key may be told to the other one, because audio may go straight between them."""
    _heard: dict[Side, set[bytes]] = field(default_factory=lambda: {side: set() for side in Side})
    _told: dict[Side, set[bytes]] = field(default_factory=lambda: {side: set() for side in Side})
    _bodies: list[tuple[Side, bytes]] = field(default_factory=list)

    def heard(self, side: Side, octets: bytes) -> None:
        """A peer said so."""
        self._heard[side].update(_KEY.findall(octets))

    def told(self, side: Side, octets: bytes, *, secure: bool) -> None:
        """We said so."""
        found = _KEY.findall(octets)
        assert secure or self.in_the_clear[side] or not found, f"a key in the clear in {octets!r}"
        self._told[side].update(found)
        self._bodies.append((side, octets))

    def check(self, written: list[object]) -> None:
        """No key of a side was told to the other, none was said back to whoever said it, none was written down."""
        for side, octets in self._bodies:
            other = next(each for each in Side if each is not side)
            theirs = self._told[other] - self._heard[side] if self.handed else self._told[other]
            for key in theirs if self.handed else theirs | self._heard[other]:
                assert key not in octets, f"{side} was told a key of the other side in {octets!r}"
            for key in self._heard[side]:
                assert key not in octets, f"{side} was told its own key in {octets!r}"
        text = repr(written)
        for key in set().union(*self._heard.values(), *self._told.values()):
            assert key.decode() not in text, "a key was written down"
