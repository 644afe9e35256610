"""The states of a target's health, and what each sign does in each of them.

How many signs in a row it takes is decided before the table is asked: the one that fills the measure arrives as ENOUGH
or as GONE.
"""

from enum import Enum, StrEnum, auto

from mediation.sip.table import Table


class State(StrEnum):
    """How a target does."""

    UP = "up"
    SUSPECT = "suspect"
    """Something has failed lately: others are tried before it."""
    DOWN = "down"
    """Tried only where no target of a call is in any other state."""
    DRAINING = "draining"
    """Somebody wants it to have no new calls, whatever it answers."""


class Cue(Enum):
    """What can be learned of it."""

    ANSWERED = auto()
    """It has answered OPTIONS."""
    ENOUGH = auto()
    """The same, as often in a row as a target that was down must."""
    CALL_ANSWERED = auto()
    """It has said something to a call that only a target that serves says."""
    UNANSWERED = auto()
    """OPTIONS have failed."""
    CALL_FAILED = auto()
    """A call was not heard, not delivered, or refused for want of service."""
    GONE = auto()
    """One of these two, too often in a row."""
    DOUBTED = auto()
    """Something else could not be sent to it."""
    HEARD = auto()
    """It has sent us a request."""
    RESTED = auto()
    """Timer, where there are no OPTIONS: it gets another chance."""
    DRAIN = auto()
    RESUME = auto()


class Act(Enum):
    """What a transition performs."""

    ASK = auto()
    """Send OPTIONS at once."""
    WARM_UP = auto()
    """Begin with few calls."""
    BEGIN_ANEW = auto()
    """Forget what was counted."""


S, C = State, Cue
Cell = tuple[State, Cue]

HEALTH: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.UP, C.UNANSWERED): (S.SUSPECT, ()),
    (S.UP, C.CALL_FAILED): (S.SUSPECT, (Act.ASK,)),
    (S.UP, C.GONE): (S.DOWN, ()),
    (S.UP, C.DOUBTED): (S.SUSPECT, (Act.ASK,)),
    (S.UP, C.DRAIN): (S.DRAINING, ()),
    (S.SUSPECT, C.ANSWERED): (S.UP, ()),
    (S.SUSPECT, C.ENOUGH): (S.UP, ()),
    (S.SUSPECT, C.CALL_ANSWERED): (S.UP, ()),
    (S.SUSPECT, C.GONE): (S.DOWN, ()),
    (S.SUSPECT, C.HEARD): (S.SUSPECT, (Act.ASK,)),
    (S.SUSPECT, C.RESTED): (S.UP, ()),
    (S.SUSPECT, C.DRAIN): (S.DRAINING, ()),
    (S.DOWN, C.ENOUGH): (S.UP, (Act.WARM_UP,)),
    (S.DOWN, C.CALL_ANSWERED): (S.UP, (Act.WARM_UP,)),
    (S.DOWN, C.HEARD): (S.DOWN, (Act.ASK,)),
    (S.DOWN, C.RESTED): (S.UP, (Act.WARM_UP,)),
    (S.DOWN, C.DRAIN): (S.DRAINING, ()),
    (S.DRAINING, C.RESUME): (S.UP, (Act.BEGIN_ANEW, Act.ASK)),
}

ABSORBED: dict[Cell, str] = {
    **{(S.UP, cue): "it is up" for cue in (C.ANSWERED, C.ENOUGH, C.CALL_ANSWERED, C.HEARD)},
    **{(S.SUSPECT, cue): "not often enough yet" for cue in (C.UNANSWERED, C.CALL_FAILED)},
    (S.SUSPECT, C.DOUBTED): "it is doubted already",
    (S.DOWN, C.ANSWERED): "not often enough yet",
    **{(S.DOWN, cue): "it is down" for cue in (C.UNANSWERED, C.CALL_FAILED, C.GONE, C.DOUBTED)},
    **{
        (S.DRAINING, cue): "whoever drains it says when it is over"
        for cue in Cue
        if cue not in (C.RESUME, C.RESTED)
    },
    **{(state, C.RESUME): "it does not drain" for state in State if state is not S.DRAINING},
}
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    (S.UP, C.RESTED): "the timer runs for those that do not serve",
    (S.DRAINING, C.RESTED): "the timer is stopped",
}
"""Cells that no input can reach, and why."""

TABLE = Table(HEALTH, ABSORBED, IMPOSSIBLE)
