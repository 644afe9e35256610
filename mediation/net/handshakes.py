"""TLS handshakes that others have under way with us: how many at a time, and how many by those whom nobody knows yet.

Whoever comes from an address that we know has a contingent that no stranger can touch. Strangers, who may yet prove
by a certificate to be somebody, share a small one, and come at a rate that a tenth of a processor bears. When it is
full the newest takes the place of the oldest: a peer that means it is done in two round trips, a flood that only holds
places loses them. No address has more than a few, and who has proved itself once from an address is no stranger there.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, Protocol, TypeVar

from mediation.routing.bucket import TokenBucket

T = TypeVar("T")

MOST_HANDSHAKES: Final = 512
"""Handshakes of those whom we know; one more is turned away."""
MOST_OF_ONE: Final = 64
"""… from one address, so that a peer that has lost its mind leaves room for the others."""
MOST_STRANGE: Final = 128
"""Handshakes of strangers at a time."""
MOST_STRANGE_OF_ONE: Final = 4
"""… from one address, or one network of IPv6 (/64)."""
STRANGE_IN_A_SECOND: Final = 100.0
"""… of all of them; one that comes to nothing takes us a millisecond."""
STRANGE_OF_ONE_IN_A_SECOND: Final = 1.0
STRANGE_OF_ONE_AT_ONCE: Final = 8.0
"""So many may one address begin in a burst, when it has begun none for a while."""
MOST_REMEMBERED: Final = 4096
"""Addresses that have tried of late, and as many that have proved themselves."""


class Fate(StrEnum):
    """What has become of a stranger's connection."""

    PROVED = "proved"
    REFUSED = "refused"
    """It has shown no certificate, or one that is no one's."""
    CROWDED = "crowded"
    """It was turned away unheard, or has lost its place."""


class Guest(Protocol):
    """A connection whose handshake is under way."""

    @property
    def identity(self) -> int:
        """Tells it from all others."""

    def abort(self) -> None:
        """End it."""


class Handshakes:
    """All of one server."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[int, str] = {}
        self._strange: dict[int, tuple[str, Guest]] = {}
        """In the order that they began."""
        self._of_one: Counter[tuple[bool, str]] = Counter()
        self._all = TokenBucket(STRANGE_IN_A_SECOND, STRANGE_IN_A_SECOND, now())
        self._paces: dict[str, TokenBucket] = {}
        self._proven: dict[str, None] = {}
        self.fates: Counter[Fate] = Counter(dict.fromkeys(Fate, 0))
        """Of strangers, since the start."""

    def __len__(self) -> int:
        return len(self._known) + len(self._strange)

    def admits(self, host: str, *, stranger: bool) -> bool:
        """Whether somebody from there may begin one more."""
        place = _place(host)
        if not stranger or place in self._proven:
            return len(self._known) < MOST_HANDSHAKES and self._of_one[False, place] < MOST_OF_ONE
        admitted = (
            self._of_one[True, place] < MOST_STRANGE_OF_ONE
            and _takes(self._pace(place), self._now())
            and _takes(self._all, self._now())
        )
        if not admitted:
            self.fates[Fate.CROWDED] += 1
        return admitted

    def begin(self, guest: Guest, host: str, *, stranger: bool) -> None:
        """One that was admitted begins."""
        place = _place(host)
        strange = stranger and place not in self._proven
        if not strange:
            self._known[guest.identity] = place
        else:
            if len(self._strange) >= MOST_STRANGE:
                _, oldest = next(iter(self._strange.values()))
                self._drop(oldest.identity)
                self.fates[Fate.CROWDED] += 1
                oldest.abort()
            self._strange[guest.identity] = place, guest
        self._of_one[strange, place] += 1

    def over(self, guest: Guest, *, good: bool) -> None:
        """One is over, well or not; of one that has lost its place nothing is left to tell."""
        if guest.identity in self._strange:
            place, _ = self._strange[guest.identity]
            self.fates[Fate.PROVED if good else Fate.REFUSED] += 1
            if good:
                self._proven.pop(place, None)
                self._proven[place] = None
                _forget_oldest(self._proven)
        self._drop(guest.identity)

    def _drop(self, identity: int) -> None:
        strange = self._strange.pop(identity, None)
        place = self._known.pop(identity, None) if strange is None else strange[0]
        if place is None:
            return
        key = strange is not None, place
        self._of_one[key] -= 1
        if self._of_one[key] <= 0:
            del self._of_one[key]

    def _pace(self, place: str) -> TokenBucket:
        pace = self._paces.pop(place, None) or TokenBucket(
            STRANGE_OF_ONE_IN_A_SECOND, STRANGE_OF_ONE_AT_ONCE, self._now()
        )
        self._paces[place] = pace  # the one that has tried last is forgotten last
        _forget_oldest(self._paces)
        return pace


def _takes(bucket: TokenBucket, now: float) -> bool:
    """Whether there is a token, which is taken then."""
    if not bucket.has_one(now):
        return False
    bucket.take(now)
    return True


def _place(host: str) -> str:
    """Whom an address counts for: with IPv6 a subscriber has a whole network of them."""
    address = ip_address(host.partition("%")[0])
    return host if address.version == 4 else address.exploded[:19]


def _forget_oldest(remembered: dict[str, T]) -> None:
    if len(remembered) > MOST_REMEMBERED:
        del remembered[next(iter(remembered))]
