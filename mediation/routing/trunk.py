"""What changes about a trunk while it is in use: its calls, how its targets do, and which of them asked for rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mediation.routing.health import PARTS, Fitness, TargetHealth
from mediation.routing.room import Room
from mediation.settings.places import Target


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trunk that registers stands with its ITSP."""

    required: bool
    """Whether calls may go there only while it is registered."""
    target: Target | None = None
    """Who holds the registration; None: it is not registered."""
    service_route: tuple[str, ...] = ()
    """Route values for what goes to that target (RFC 3608)."""


class Watched(Protocol):
    """One target, as whoever watches it tells and is told."""

    health: TargetHealth

    def call_answered(self, now: float) -> None:
        """A call was answered in some way that only a target that serves has."""

    def call_failed(self, reason: str, now: float) -> None:
        """A call was not heard, not delivered, or refused for want of service."""


class TrunkState:
    """One trunk, or the pool of front-end servers, as the engine sees it."""

    __slots__ = ("_resting", "room", "standing", "watched")

    def __init__(self, room: Room) -> None:
        self.room = room
        """How much more it carries."""
        self.standing: Standing | None = None
        """None: it does not register."""
        self._resting: dict[Target, float] = {}
        self.watched: Mapping[Target, Watched] = {}
        """Its targets, while somebody watches them; of others nothing bad is known."""

    @property
    def is_registered(self) -> bool:
        """Whether calls may go there, as far as registration is concerned."""
        standing = self.standing
        return standing is None or standing.target is not None or not standing.required

    def holds(self, target: Target) -> bool:
        """Whether this target holds the registration."""
        return self.standing is not None and self.standing.target == target

    def service_route(self, target: Target) -> tuple[tuple[str, str], ...]:
        """The Route headers of a request that begins something there (RFC 3608 section 6.1)."""
        if self.standing is None or not self.holds(target):
            return ()
        return tuple(("Route", value) for value in self.standing.service_route)

    def rest(self, target: Target, until: float) -> None:
        """Leave a target alone until then, as its Retry-After asks (RFC 3261 section 21.5.4)."""
        self._resting[target] = until

    def is_resting(self, target: Target, now: float) -> bool:
        """Whether a target has asked to be left alone."""
        until = self._resting.get(target)
        if until is not None and until <= now:
            del self._resting[target]
            return False
        return until is not None

    def fitness(self, target: Target) -> Fitness:
        """Whether others are tried before this target."""
        watched = self.watched.get(target)
        return Fitness.READY if watched is None else watched.health.fitness

    def share(self, target: Target, now: float) -> int:
        """The share of its calls that a target gets, in PARTS: less than the whole while it comes back."""
        watched = self.watched.get(target)
        return PARTS if watched is None else watched.health.share(now)

    def call_answered(self, target: Target, now: float) -> None:
        """A target has answered a call in some way that only one that serves has."""
        if (watched := self.watched.get(target)) is not None:
            watched.call_answered(now)

    def call_failed(self, target: Target, reason: str, now: float) -> None:
        """A target was not reached, said nothing, or does not serve now."""
        if (watched := self.watched.get(target)) is not None:
            watched.call_failed(reason, now)
