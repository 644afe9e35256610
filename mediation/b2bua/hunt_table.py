"""The states of the search for somebody who answers, and what each event does in each of them.

Failover is decided before the table is asked: a refusal that sends the call on arrives as LEFT, any other as REFUSED.
"""

from enum import Enum, auto

from mediation.sip.table import Table


class State(Enum):
    """Where the search stands."""

    SEEKING = auto()
    """An attempt is under way, nothing above 100 came back."""
    ALERTING = auto()
    """Somebody is being alerted: this attempt is the last one."""
    OVER = auto()


class Cue(Enum):
    """What can happen to it."""

    NEXT = auto()
    """It begins."""
    PROGRESS = auto()
    ANSWERED = auto()
    LEFT = auto()
    """The attempt failed in a way that sends the call to the next candidate, and there is one."""
    REFUSED = auto()
    ENDED = auto()
    """The called party has ended the early dialog by itself."""
    NO_PROGRESS = auto()
    """Timer: no provisional response above 100, and there is another candidate."""
    NO_PROGRESS_LAST = auto()
    RING_LIMIT = auto()
    """Timer: rung long enough."""
    STOP = auto()
    """Nobody waits for an answer any more."""


class Act(Enum):
    """What a transition performs."""

    TRY_NEXT = auto()
    DROP = auto()
    """End the attempt."""
    START_RING_LIMIT = auto()
    STOP_NO_PROGRESS = auto()
    STOP_TIMERS = auto()
    TELL_PROGRESS = auto()
    TELL_ANSWERED = auto()
    TELL_FAILED = auto()


S, C = State, Cue
Cell = tuple[State, Cue]

HUNT: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.SEEKING, C.NEXT): (S.SEEKING, (Act.TRY_NEXT,)),
    (S.SEEKING, C.PROGRESS): (S.ALERTING, (Act.STOP_NO_PROGRESS, Act.START_RING_LIMIT, Act.TELL_PROGRESS)),
    (S.SEEKING, C.ANSWERED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_ANSWERED)),
    (S.SEEKING, C.LEFT): (S.SEEKING, (Act.STOP_NO_PROGRESS, Act.TRY_NEXT)),
    (S.SEEKING, C.REFUSED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_FAILED)),
    (S.SEEKING, C.ENDED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_FAILED)),
    (S.SEEKING, C.NO_PROGRESS): (S.SEEKING, (Act.DROP, Act.TRY_NEXT)),
    (S.SEEKING, C.NO_PROGRESS_LAST): (S.OVER, (Act.STOP_TIMERS, Act.DROP, Act.TELL_FAILED)),
    (S.SEEKING, C.STOP): (S.OVER, (Act.STOP_TIMERS, Act.DROP)),
    (S.ALERTING, C.PROGRESS): (S.ALERTING, (Act.TELL_PROGRESS,)),
    (S.ALERTING, C.ANSWERED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_ANSWERED)),
    (S.ALERTING, C.REFUSED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_FAILED)),
    (S.ALERTING, C.ENDED): (S.OVER, (Act.STOP_TIMERS, Act.TELL_FAILED)),
    (S.ALERTING, C.RING_LIMIT): (S.OVER, (Act.STOP_TIMERS, Act.DROP, Act.TELL_FAILED)),
    (S.ALERTING, C.STOP): (S.OVER, (Act.STOP_TIMERS, Act.DROP)),
}

ABSORBED: dict[Cell, str] = {(S.OVER, cue): "it is decided" for cue in Cue if cue is not C.NEXT}
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    **{(state, C.NEXT): "it begins once" for state in (S.ALERTING, S.OVER)},
    (S.ALERTING, C.LEFT): "a call that rang somewhere never rings twice",
    **{(S.ALERTING, cue): "stopped by the first progress" for cue in (C.NO_PROGRESS, C.NO_PROGRESS_LAST)},
    (S.SEEKING, C.RING_LIMIT): "starts with ALERTING and ends with it",
}
"""Cells that no input can reach, and why."""


TABLE = Table(HUNT, ABSORBED, IMPOSSIBLE)
