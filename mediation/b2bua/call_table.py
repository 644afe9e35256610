"""The life of one call as a table: two legs, one cause of ending.

Failover is decided before the table is asked: a refusal that sends the call on arrives as LEFT, any other as REFUSED.
"""

from enum import Enum, auto
from itertools import product


class Phase(Enum):
    """Where a call stands."""

    OPENING = auto()
    """Media ports are being bound."""
    TRYING = auto()
    """An attempt is under way, nothing above 100 came back."""
    ALERTING = auto()
    """The called party is being alerted: this attempt is the last one."""
    TALKING = auto()
    CLEARING = auto()
    """The cause is set; legs and media finish."""


class Cue(Enum):
    """What can happen to a call."""

    BARRED = auto()
    """The offer, admission or routing says no before anything is spent."""
    MEDIA_OPENED = auto()
    MEDIA_REFUSED = auto()
    MEDIA_DEAD = auto()
    """A party fell silent, or the media engine is gone."""
    PROGRESS = auto()
    ANSWERED = auto()
    LEFT = auto()
    """The attempt failed in a way that sends the call to the next candidate, and there is one."""
    REFUSED = auto()
    CALLER_UPDATED = auto()
    """An exchange of descriptions with the caller is complete."""
    CALLEE_UPDATED = auto()
    CHANGE = auto()
    """A party asks for a change, or answers one, or says something that is for the other one."""
    EARLY_SILENCE = auto()
    """Early media was described, and nothing is heard (RFC 3960 section 3.2)."""
    CALLER_ENDED = auto()
    CALLEE_ENDED = auto()
    NO_PROGRESS = auto()
    """Timer: no provisional response above 100, and there is another candidate."""
    NO_PROGRESS_LAST = auto()
    RING_LIMIT = auto()
    """Timer: rung long enough."""
    SETUP_LIMIT = auto()
    """Timer: the whole set-up took too long."""
    STOP = auto()
    """We are going down, or broke."""


class Act(Enum):
    """What a transition performs."""

    TRY_NEXT = auto()
    RING = auto()
    """Pass the provisional response to the caller, early media included."""
    START_RING_LIMIT = auto()
    RING_ALOUD = auto()
    """Let the caller's phone ring by itself: the called party's media does not."""
    CONNECT = auto()
    BRIDGE = auto()
    """Let the bridge decide what it means for the other side."""
    SETTLE = auto()
    """Let each side know what it does not know yet of the other."""
    APPLY_MEDIA = auto()
    CLOSE_MEDIA = auto()
    DROP_CALLER = auto()
    """End the caller's leg: the cause's status before the answer, BYE after it."""
    DROP_CALLEE = auto()
    STOP_TIMERS = auto()
    STOP_NO_PROGRESS = auto()


P, C = Phase, Cue
Cell = tuple[Phase, Cue]

_END_BOTH = (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLEE, Act.DROP_CALLER, Act.CLOSE_MEDIA))
_END_CALLER = (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER, Act.CLOSE_MEDIA))
_END_CALLEE = (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLEE, Act.CLOSE_MEDIA))

CALL: dict[Cell, tuple[Phase, tuple[Act, ...]]] = {
    (P.OPENING, C.BARRED): (P.CLEARING, (Act.DROP_CALLER,)),
    (P.OPENING, C.MEDIA_OPENED): (P.TRYING, (Act.TRY_NEXT,)),
    (P.OPENING, C.MEDIA_REFUSED): (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER)),
    (P.OPENING, C.MEDIA_DEAD): _END_CALLER,
    (P.OPENING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_TIMERS, Act.CLOSE_MEDIA)),
    (P.OPENING, C.SETUP_LIMIT): _END_CALLER,
    (P.OPENING, C.STOP): _END_CALLER,
    (P.TRYING, C.PROGRESS): (P.ALERTING, (Act.STOP_NO_PROGRESS, Act.START_RING_LIMIT, Act.RING)),
    (P.TRYING, C.ANSWERED): (P.TALKING, (Act.STOP_TIMERS, Act.CONNECT, Act.APPLY_MEDIA)),
    (P.TRYING, C.LEFT): (P.TRYING, (Act.STOP_NO_PROGRESS, Act.TRY_NEXT)),
    (P.TRYING, C.NO_PROGRESS): (P.TRYING, (Act.DROP_CALLEE, Act.TRY_NEXT)),
    (P.TRYING, C.NO_PROGRESS_LAST): _END_BOTH,
    (P.TRYING, C.REFUSED): _END_CALLER,
    (P.TRYING, C.CALLEE_ENDED): _END_CALLER,
    (P.TRYING, C.CALLER_ENDED): _END_CALLEE,
    (P.TRYING, C.MEDIA_DEAD): _END_BOTH,
    (P.TRYING, C.SETUP_LIMIT): _END_BOTH,
    (P.TRYING, C.STOP): _END_BOTH,
    (P.ALERTING, C.PROGRESS): (P.ALERTING, (Act.RING,)),
    (P.ALERTING, C.ANSWERED): (P.TALKING, (Act.STOP_TIMERS, Act.CONNECT, Act.APPLY_MEDIA)),
    (P.ALERTING, C.REFUSED): _END_CALLER,
    (P.ALERTING, C.CALLEE_ENDED): _END_CALLER,
    (P.ALERTING, C.CALLER_ENDED): _END_CALLEE,
    (P.ALERTING, C.MEDIA_DEAD): _END_BOTH,
    (P.ALERTING, C.RING_LIMIT): _END_BOTH,
    (P.ALERTING, C.SETUP_LIMIT): _END_BOTH,
    (P.ALERTING, C.STOP): _END_BOTH,
    (P.ALERTING, C.CALLER_UPDATED): (P.ALERTING, (Act.APPLY_MEDIA,)),
    (P.ALERTING, C.CALLEE_UPDATED): (P.ALERTING, (Act.APPLY_MEDIA,)),
    (P.ALERTING, C.EARLY_SILENCE): (P.ALERTING, (Act.RING_ALOUD,)),
    (P.ALERTING, C.CHANGE): (P.ALERTING, (Act.BRIDGE,)),
    (P.TALKING, C.CALLER_UPDATED): (P.TALKING, (Act.APPLY_MEDIA, Act.SETTLE)),
    (P.TALKING, C.CALLEE_UPDATED): (P.TALKING, (Act.APPLY_MEDIA, Act.SETTLE)),
    (P.TALKING, C.CHANGE): (P.TALKING, (Act.BRIDGE,)),
    (P.TALKING, C.CALLER_ENDED): _END_CALLEE,
    (P.TALKING, C.CALLEE_ENDED): _END_CALLER,
    (P.TALKING, C.MEDIA_DEAD): _END_BOTH,
    (P.TALKING, C.STOP): _END_BOTH,
}

ABSORBED: dict[Cell, str] = {
    **{(P.CLEARING, cue): "the cause is set already" for cue in Cue if cue is not C.MEDIA_OPENED},
    (
        P.CLEARING,
        C.MEDIA_OPENED,
    ): "the caller was faster; the ports are closed by the command that went out before",
}
"""Cells in which nothing happens, and why."""

_NOT_YET_CALLED = (C.PROGRESS, C.ANSWERED, C.LEFT, C.REFUSED, C.CALLEE_UPDATED, C.CALLEE_ENDED, C.NO_PROGRESS,
                   C.NO_PROGRESS_LAST)  # fmt: skip

IMPOSSIBLE: dict[Cell, str] = {
    **{(phase, C.BARRED): "asked once, at the very beginning" for phase in (P.TRYING, P.ALERTING, P.TALKING)},
    **{(P.OPENING, cue): "nobody was called yet" for cue in _NOT_YET_CALLED},
    **{(phase, C.CALLER_UPDATED): "the caller has heard nothing of ours yet" for phase in (P.OPENING, P.TRYING)},
    (P.TRYING, C.CALLEE_UPDATED): "an early dialog begins with a progress",
    **{(phase, C.CHANGE): "there is no dialog yet to ask in" for phase in (P.OPENING, P.TRYING)},
    **{(phase, C.EARLY_SILENCE): "asked for with early media alone" for phase in (P.OPENING, P.TRYING, P.TALKING)},
    **{(phase, C.RING_LIMIT): "starts with ALERTING and ends with it" for phase in (P.OPENING, P.TRYING, P.TALKING)},
    **{(phase, cue): "the ports are bound once, before anybody is called"
       for phase in (P.TRYING, P.ALERTING, P.TALKING) for cue in (C.MEDIA_OPENED, C.MEDIA_REFUSED)},
    **{(phase, cue): "stopped by the first progress" for phase in (P.ALERTING, P.TALKING)
       for cue in (C.NO_PROGRESS, C.NO_PROGRESS_LAST)},
    **{(phase, C.LEFT): "a call that rang somewhere never rings twice" for phase in (P.ALERTING, P.TALKING)},
    (P.TALKING, C.PROGRESS): "the session swallows it after the answer",
    (P.TALKING, C.ANSWERED): "the session answers once",
    (P.TALKING, C.REFUSED): "the session answers once",
    (P.TALKING, C.SETUP_LIMIT): "stopped by the answer",
}  # fmt: skip
"""Cells that no input can reach, and why."""


def undecided() -> set[Cell]:
    """Cells without a decision, or with more than one; empty, as a test asserts."""
    homes = (CALL.keys(), ABSORBED.keys(), IMPOSSIBLE.keys())
    return {cell for cell in product(Phase, Cue) if sum(cell in home for home in homes) != 1}
