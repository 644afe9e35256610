"""How one target does: signs are counted, the table decides, and calls ask how fit it is."""

from enum import IntEnum
from math import inf
from typing import Final

from mediation.routing.health_table import TABLE, Act, Cue, State
from mediation.settings.health import Health

PARTS: Final = 1000
"""Shares of calls are counted in so many parts."""


class Fitness(IntEnum):
    """Who is tried before whom."""

    READY = 0
    SUSPECT = 1
    RETURNING = 2
    """Down, but it has begun to answer: for calls that nobody fitter takes."""
    DOWN = 3
    """Only where nobody fitter is in the list."""
    DRAINING = 4
    """Not at all."""


_FITNESS: Final = {
    State.UP: Fitness.READY,
    State.SUSPECT: Fitness.SUSPECT,
    State.DOWN: Fitness.DOWN,
    State.DRAINING: Fitness.DRAINING,
}


class TargetHealth:
    """The health of one target under one trunk. Times are seconds on the driver's clock."""

    __slots__ = (
        "_answers",
        "_calls_failed",
        "_sound_since",
        "_unanswered",
        "_warm_at",
        "reason",
        "rules",
        "since",
        "state",
    )

    def __init__(self, rules: Health, now: float) -> None:
        self.rules = rules
        self.state = State.UP
        self.reason = "not known yet"
        """Why it is in this state."""
        self.since = now
        """When it came into this state."""
        self._answers = 0
        """To OPTIONS, in a row."""
        self._unanswered = 0
        """OPTIONS, in a row."""
        self._calls_failed = 0
        """In a row, whatever became of OPTIONS meanwhile: who answers those and no calls is of no use."""
        self._sound_since = inf
        """Since when it has failed in nothing, while it is down; infinite before it gives a sign of life."""
        self._warm_at = now
        """When it gets its whole share of calls."""

    @property
    def fitness(self) -> Fitness:
        """Whether others are tried before it."""
        if self.state is State.DOWN and self._sound_since < inf:
            return Fitness.RETURNING
        return _FITNESS[self.state]

    @property
    def interval_s(self) -> int:
        """Until OPTIONS are sent again; without OPTIONS, until it gets another chance."""
        if self.state is State.UP:
            return self.rules.interval_s
        if self.fitness is Fitness.DOWN:
            return self.rules.down_interval_s
        return self.rules.suspect_interval_s

    def share(self, now: float) -> int:
        """The share of its calls that it gets while it comes back, in PARTS: it grows with time up to the whole."""
        if now >= self._warm_at:
            return PARTS
        passed = self.rules.slow_start_s - (self._warm_at - now)
        return max(1, int(PARTS * passed / self.rules.slow_start_s))

    # signs; each returns what is to be done, and has changed `state`

    def answered(self, now: float) -> tuple[Act, ...]:
        """OPTIONS were answered."""
        self._unanswered = 0
        self._answers += 1
        stable = self._is_stable(now)
        enough = stable and self._answers >= self.rules.successes
        return self.cue(Cue.ENOUGH if enough else Cue.ANSWERED, "it answers", now)

    def unanswered(self, reason: str, now: float) -> tuple[Act, ...]:
        """OPTIONS have failed."""
        self._answers = 0
        self._sound_since = inf
        self._unanswered += 1
        gone = self._unanswered >= self.rules.failures
        return self.cue(Cue.GONE if gone else Cue.UNANSWERED, f"options: {reason}", now)

    def call_answered(self, now: float) -> tuple[Act, ...]:
        """A call was answered in some way that only a target that serves has."""
        self._unanswered = self._calls_failed = 0
        return self.cue(Cue.CALL_ANSWERED if self._is_stable(now) else Cue.ANSWERED, "it serves a call", now)

    def call_failed(self, reason: str, now: float) -> tuple[Act, ...]:
        """A call was not heard, not delivered, or refused for want of service."""
        self._calls_failed += 1
        self._sound_since = inf
        gone = self._calls_failed >= self.rules.failures
        return self.cue(Cue.GONE if gone else Cue.CALL_FAILED, f"call: {reason}", now)

    def _is_stable(self, now: float) -> bool:
        """It gives a sign of life: whether that is believed of one that was down, or only counted from now on."""
        if self.state is not State.DOWN:
            return True
        self._sound_since = min(self._sound_since, now)
        return now - self._sound_since >= self.rules.stable_s

    def cue(self, cue: Cue, reason: str, now: float) -> tuple[Act, ...]:
        """Let any sign happen; `reason` is kept where it changes the state."""
        if cue is Cue.DOUBTED:
            self._sound_since = inf
        row = TABLE.step(self.state, cue)
        if row is None:
            return ()
        state, acts = row
        if state is not self.state:
            self.state, self.reason, self.since = state, reason, now
            self._warm_at = now
            if state is State.DOWN:
                self._answers, self._sound_since = 0, inf
        if Act.WARM_UP in acts:
            self._warm_at = now + self.rules.slow_start_s
        if Act.BEGIN_ANEW in acts:
            self._answers = self._unanswered = self._calls_failed = 0
        return acts
