"""The life of one call as a table: two seats, one cause of ending. The search for a callee has a table of its own."""

from enum import Enum, auto

from mediation.sip.table import Table


class Phase(Enum):
    """Where a call stands."""

    JUDGING = auto()
    """Nothing is bound yet; where the settings want it, a policy is asked."""
    OPENING = auto()
    """Media ports are being bound."""
    SEEKING = auto()
    """Somebody is sought who answers."""
    TALKING = auto()
    PREPARING = auto()
    """The call is refused; media ports are being bound for what the caller hears before that."""
    ANNOUNCING = auto()
    """The caller hears it."""
    CLEARING = auto()
    """The cause is set; legs and media finish."""


class Cue(Enum):
    """What can happen to a call."""

    BARRED = auto()
    """The offer, admission, routing or a policy says no before anything is spent."""
    BARRED_ALOUD = auto()
    """The same, and the caller is to hear something before."""
    ASK = auto()
    """There is a policy to be asked first."""
    ADMITTED = auto()
    """Nothing stands in the way."""
    MEDIA_OPENED = auto()
    MEDIA_REFUSED = auto()
    MEDIA_DEAD = auto()
    """A party fell silent, or the media engine is gone."""
    EARLY_SILENCE = auto()
    """Early media was described, and nothing is heard (RFC 3960 section 3.2)."""
    PROGRESS = auto()
    ANSWERED = auto()
    FAILED = auto()
    """Nobody answers."""
    FAILED_ALOUD = auto()
    """The same, and the caller is to hear something before."""
    SAID = auto()
    """It has heard all of that, or as much as it may take."""
    PICKED_UP = auto()
    """Another party answers in the place of the one that is being alerted (RFC 3891 section 7.1)."""
    UPDATED = auto()
    """An exchange of descriptions with a party is complete."""
    CHANGE = auto()
    """A party asks for a change, or answers one, or says something that is for the other one."""
    REFERRED = auto()
    """A party wants to be replaced by another one."""
    LEFT = auto()
    """A party has gone whose place is being taken already: the other one stays."""
    CALLER_ENDED = auto()
    CALLEE_ENDED = auto()
    SETUP_LIMIT = auto()
    """Timer: the whole set-up took too long."""
    STOP = auto()
    """We are going down, or broke."""


class Act(Enum):
    """What a transition performs."""

    ASK_POLICY = auto()
    STOP_ASKING = auto()
    OPEN_MEDIA = auto()
    SEEK = auto()
    STOP_SEEKING = auto()
    OPEN_BOOTH = auto()
    """Bind ports for what the caller is to hear."""
    START_LIMIT = auto()
    """Nothing is heard for longer than that."""
    ANNOUNCE = auto()
    """Let the caller hear why it is refused (RFC 3960 section 4)."""
    DECLINE = auto()
    """Nobody is there whom a wish could be passed on to."""
    RING = auto()
    """Pass the provisional response to the caller, early media included."""
    RING_ALOUD = auto()
    """Let the caller hear that it rings, from us or from its own phone: the called party's media does not."""
    CONNECT = auto()
    BRIDGE = auto()
    """Let the bridge decide what it means for the other side."""
    SETTLE = auto()
    """Let each side know what it does not know yet of the other."""
    REFER = auto()
    """Begin the transfer."""
    REFUSE_REFERRAL = auto()
    APPLY_MEDIA = auto()
    CLOSE_MEDIA = auto()
    DROP_CALLER = auto()
    """End the caller's leg: the cause's status before the answer, BYE after it."""
    DROP_CALLEE = auto()
    STOP_SUCCESSION = auto()
    """Whoever was about to take a seat is not wanted any more."""
    STOP_TIMERS = auto()


P, C = Phase, Cue
Cell = tuple[Phase, Cue]

_END_SEEKING = (
    P.CLEARING,
    (Act.STOP_TIMERS, Act.STOP_SEEKING, Act.STOP_SUCCESSION, Act.DROP_CALLER, Act.CLOSE_MEDIA),
)
_END_CALLER = (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER, Act.CLOSE_MEDIA))
_END_BOTH = (P.CLEARING, (Act.STOP_SUCCESSION, Act.DROP_CALLEE, Act.DROP_CALLER, Act.CLOSE_MEDIA))

CALL: dict[Cell, tuple[Phase, tuple[Act, ...]]] = {
    (P.JUDGING, C.BARRED): (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER)),
    (P.JUDGING, C.BARRED_ALOUD): (P.PREPARING, (Act.STOP_TIMERS, Act.START_LIMIT, Act.OPEN_BOOTH)),
    (P.JUDGING, C.ASK): (P.JUDGING, (Act.ASK_POLICY,)),
    (P.JUDGING, C.ADMITTED): (P.OPENING, (Act.OPEN_MEDIA,)),
    (P.JUDGING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_TIMERS, Act.STOP_ASKING)),
    (P.JUDGING, C.SETUP_LIMIT): (P.CLEARING, (Act.STOP_TIMERS, Act.STOP_ASKING, Act.DROP_CALLER)),
    (P.JUDGING, C.STOP): (P.CLEARING, (Act.STOP_TIMERS, Act.STOP_ASKING, Act.DROP_CALLER)),
    (P.OPENING, C.MEDIA_OPENED): (P.SEEKING, (Act.SEEK,)),
    (P.OPENING, C.MEDIA_REFUSED): (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER)),
    (P.OPENING, C.MEDIA_DEAD): _END_CALLER,
    (P.OPENING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_TIMERS, Act.CLOSE_MEDIA)),
    (P.OPENING, C.SETUP_LIMIT): _END_CALLER,
    (P.OPENING, C.STOP): _END_CALLER,
    (P.SEEKING, C.PROGRESS): (P.SEEKING, (Act.RING,)),
    (P.SEEKING, C.EARLY_SILENCE): (P.SEEKING, (Act.RING_ALOUD,)),
    (P.SEEKING, C.UPDATED): (P.SEEKING, (Act.APPLY_MEDIA,)),
    (P.SEEKING, C.CHANGE): (P.SEEKING, (Act.BRIDGE,)),
    (P.SEEKING, C.REFERRED): (P.SEEKING, (Act.REFUSE_REFERRAL,)),
    (P.SEEKING, C.ANSWERED): (
        P.TALKING,
        (Act.STOP_TIMERS, Act.STOP_SUCCESSION, Act.CONNECT, Act.APPLY_MEDIA, Act.SETTLE),
    ),
    (P.SEEKING, C.PICKED_UP): (
        P.TALKING,
        (Act.STOP_TIMERS, Act.STOP_SEEKING, Act.CONNECT, Act.APPLY_MEDIA, Act.SETTLE),
    ),
    (P.SEEKING, C.FAILED): _END_SEEKING,
    (P.SEEKING, C.FAILED_ALOUD): (
        P.ANNOUNCING,
        (Act.STOP_TIMERS, Act.STOP_SEEKING, Act.STOP_SUCCESSION, Act.START_LIMIT, Act.ANNOUNCE),
    ),
    (P.SEEKING, C.CALLER_ENDED): (
        P.CLEARING,
        (Act.STOP_TIMERS, Act.STOP_SEEKING, Act.STOP_SUCCESSION, Act.CLOSE_MEDIA),
    ),
    (P.SEEKING, C.MEDIA_DEAD): _END_SEEKING,
    (P.SEEKING, C.SETUP_LIMIT): _END_SEEKING,
    (P.SEEKING, C.STOP): _END_SEEKING,
    (P.TALKING, C.UPDATED): (P.TALKING, (Act.APPLY_MEDIA, Act.SETTLE)),
    (P.TALKING, C.CHANGE): (P.TALKING, (Act.BRIDGE,)),
    (P.TALKING, C.REFERRED): (P.TALKING, (Act.REFER,)),
    (P.TALKING, C.LEFT): (P.TALKING, (Act.APPLY_MEDIA,)),
    (P.TALKING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_SUCCESSION, Act.DROP_CALLEE, Act.CLOSE_MEDIA)),
    (P.TALKING, C.CALLEE_ENDED): (P.CLEARING, (Act.STOP_SUCCESSION, Act.DROP_CALLER, Act.CLOSE_MEDIA)),
    (P.TALKING, C.MEDIA_DEAD): _END_BOTH,
    (P.TALKING, C.STOP): _END_BOTH,
    (P.PREPARING, C.MEDIA_OPENED): (P.ANNOUNCING, (Act.START_LIMIT, Act.ANNOUNCE)),
    (P.PREPARING, C.MEDIA_REFUSED): (P.CLEARING, (Act.STOP_TIMERS, Act.DROP_CALLER)),
    (P.PREPARING, C.MEDIA_DEAD): _END_CALLER,
    (P.PREPARING, C.SAID): _END_CALLER,
    (P.PREPARING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_TIMERS, Act.CLOSE_MEDIA)),
    (P.PREPARING, C.STOP): _END_CALLER,
    (P.ANNOUNCING, C.SAID): _END_CALLER,
    # CANCEL, BYE of the early dialog, or no PRACK: the session has answered the INVITE
    (P.ANNOUNCING, C.CALLER_ENDED): (P.CLEARING, (Act.STOP_TIMERS, Act.CLOSE_MEDIA)),
    (P.ANNOUNCING, C.MEDIA_DEAD): _END_CALLER,
    (P.ANNOUNCING, C.STOP): _END_CALLER,
    (P.ANNOUNCING, C.UPDATED): (P.ANNOUNCING, (Act.APPLY_MEDIA,)),
    (P.ANNOUNCING, C.CHANGE): (P.ANNOUNCING, (Act.DECLINE,)),
    (P.ANNOUNCING, C.REFERRED): (P.ANNOUNCING, (Act.REFUSE_REFERRAL,)),
}

ABSORBED: dict[Cell, str] = {
    **{(P.CLEARING, cue): "the cause is set already" for cue in Cue if cue is not C.MEDIA_OPENED},
    (P.CLEARING, C.MEDIA_OPENED): "the caller was faster; the ports are closed by the command that went out before",
}  # fmt: skip
"""Cells in which nothing happens, and why."""

_NOT_YET_CALLED = (C.PROGRESS, C.ANSWERED, C.FAILED, C.FAILED_ALOUD, C.PICKED_UP, C.EARLY_SILENCE, C.UPDATED,
                   C.CHANGE, C.REFERRED, C.LEFT, C.CALLEE_ENDED)  # fmt: skip
_BEGUN = (P.OPENING, P.SEEKING, P.TALKING, P.PREPARING, P.ANNOUNCING)
_SEARCH = (C.PROGRESS, C.ANSWERED, C.FAILED, C.FAILED_ALOUD, C.PICKED_UP)

IMPOSSIBLE: dict[Cell, str] = {
    **{(phase, cue): "decided once, at the very beginning"
       for phase in _BEGUN for cue in (C.BARRED, C.BARRED_ALOUD, C.ASK, C.ADMITTED)},
    **{(phase, C.SAID): "the call is not refused"
       for phase in (P.JUDGING, P.OPENING, P.SEEKING, P.TALKING)},
    **{(phase, C.SETUP_LIMIT): "stopped by the refusal" for phase in (P.PREPARING, P.ANNOUNCING)},
    **{(phase, cue): "nobody was called yet, and the caller heard nothing to ask in"
       for phase in (P.JUDGING, P.OPENING, P.PREPARING) for cue in _NOT_YET_CALLED},
    **{(P.JUDGING, cue): "there are no media yet" for cue in (C.MEDIA_OPENED, C.MEDIA_REFUSED, C.MEDIA_DEAD)},
    **{(phase, cue): "the ports are bound once, before anybody is called"
       for phase in (P.SEEKING, P.TALKING, P.ANNOUNCING) for cue in (C.MEDIA_OPENED, C.MEDIA_REFUSED)},
    (P.SEEKING, C.CALLEE_ENDED): "the search hears of it",
    (P.SEEKING, C.LEFT): "nobody refers before the answer",
    **{(phase, cue): "the search is over" for phase in (P.TALKING, P.ANNOUNCING) for cue in _SEARCH},
    **{(phase, C.EARLY_SILENCE): "asked for with early media of the called side"
       for phase in (P.TALKING, P.ANNOUNCING)},
    **{(P.ANNOUNCING, cue): "nobody sits across" for cue in (C.LEFT, C.CALLEE_ENDED)},
    (P.TALKING, C.SETUP_LIMIT): "stopped by the answer",
}  # fmt: skip
"""Cells that no input can reach, and why."""


TABLE = Table(CALL, ABSORBED, IMPOSSIBLE)
