"""What one call has to do with media bypass: whether its audio may go past us, since when it does, what follows."""

from collections.abc import Callable

from mediation.b2bua.bypass import Bypass, standing
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg
from mediation.routing.bypass import BypassPolicy, Obstacle, Standing, at_first
from mediation.routing.room import Occupancy
from mediation.routing.routes import Candidate


class Passing:
    """Of one call."""

    def __init__(
        self,
        call: str,
        policy: BypassPolicy,
        calls: set[str],
        ledger: Ledger,
        occupancy: Occupancy,
        is_recorded: Callable[[str], bool],
    ) -> None:
        """`calls` are all whose audio goes past us; `is_recorded` tells whether this one is, or may come to be, where
        it leaves by a trunk.
        """
        self._call = call
        self._policy = policy
        self._calls = calls
        self._ledger = ledger
        self._occupancy = occupancy
        self._is_recorded = is_recorded

    def between(self, one: Leg, other: Leg) -> Bypass:
        """The way of the audio of two legs."""
        return Bypass(one, other, self._obstacle, self._policy.mid_call)

    def may(self, caller: Leg, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, as far as that is known before it is called.

        Whoever is called later, by a transfer, is heard by us at first.
        """
        described, answered = caller.said.described, self._ledger.answered
        if not self._policy.is_on or described is None or answered is not None or at_first(caller.terms):
            return False
        called = Standing(candidate.terms, candidate.trunk, candidate.target.host, self._ledger.called)
        return self._obstacle_between(standing(caller, ""), called) is None

    def note(self, *, direct: bool, now: float) -> bool:
        """Audio goes past us now, or does not; whether that is new."""
        if not self._policy.is_on or not self._ledger.passes(direct, now):
            return False
        self._occupancy.pass_by(direct=direct)
        if direct:
            self._calls.add(self._call)
        else:
            self._calls.discard(self._call)
        return True

    def _obstacle(self, one: Leg, other: Leg) -> Obstacle | None:
        """Why the audio of two legs may not go past us, by what is set."""
        if not self._policy.is_on:
            return Obstacle.OFF
        called = self._ledger.called
        return self._obstacle_between(standing(one, called), standing(other, called))

    def _obstacle_between(self, one: Standing, other: Standing) -> Obstacle | None:
        found = self._policy.obstacle(one, other)
        return Obstacle.RECORDED if found is None and self._is_recorded(other.trunk) else found
