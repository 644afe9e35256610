"""The life of one INVITE session as a table: set-up from either end, confirmation, and every way to end.

RFC 3261 sections 9 (CANCEL), 13 (INVITE), 15 (BYE), with the timers of RFC 3262 and RFC 4028; the races are those of
RFC 5407. Set-up differs by who called, so each role has stages of its own until the session is confirmed; from there on
the two are one. What we ask for within the session has a table of its own (`change`).
"""

from enum import Enum, auto

from mediation.sip.table import Table


class Stage(Enum):
    """Where an INVITE session stands."""

    RECEIVED = auto()
    """Called: no final response given yet."""
    ACCEPTED = auto()
    """Called: 2xx given, its ACK not seen."""
    UNWANTED = auto()
    """Called: 2xx given and the user wants to end; BYE waits for the ACK (section 15)."""
    CALLING = auto()
    """Calling: nothing came back yet."""
    PROCEEDING = auto()
    """Calling: a provisional response came."""
    CANCEL_WANTED = auto()
    """Calling: the user wants to end, but CANCEL must wait for a provisional response (section 9.1)."""
    CANCELLING = auto()
    CONFIRMED = auto()
    ENDING = auto()
    """BYE sent."""
    ENDED = auto()


class Cue(Enum):
    """What can happen to an INVITE session."""

    PROGRESS = auto()
    """The user gives a provisional response."""
    ACCEPT = auto()
    REJECT = auto()
    HANG_UP = auto()
    """The user wants to end, whatever the stage."""
    RECEIVED_1XX = auto()
    RECEIVED_2XX = auto()
    RECEIVED_FAILURE = auto()
    WANTED_AGAIN = auto()
    """The INVITE is to be sent once more: with credentials (401, 407; section 22), or with a longer session interval
    (422; RFC 4028 section 7.3)."""
    INVITE_FAILED = auto()
    """No final response will come: timer B or the transport."""
    FORKED_2XX = auto()
    """A second 2xx, from another party (section 13.2.2.4)."""
    RECEIVED_ACK = auto()
    RECEIVED_CANCEL = auto()
    RECEIVED_BYE = auto()
    RECEIVED_INVITE = auto()
    """Another INVITE within the dialog."""
    BYE_DONE = auto()
    """Our BYE was answered, or never will be."""
    REPEAT_2XX = auto()
    """Timer: an ACK is still missing (section 13.3.1.4)."""
    ACK_MISSING = auto()
    """Timer: no ACK for 64 times T1."""
    GIVE_UP = auto()
    """Timer: no final response for 64 times T1 after CANCEL (section 9.1)."""
    PRACK_MISSING = auto()
    """Timer: nobody has acknowledged a reliable provisional response for 64 times T1 (RFC 3262 section 3)."""
    PEER_LOST = auto()
    """A request of ours within the dialog got no answer, or one that says that the dialog is gone (section 12.2.1.2);
    or a PRACK was refused, which says the same of the INVITE."""
    REFRESH_DUE = auto()
    """Timer: the session interval is half over, and to refresh it is ours (RFC 4028 section 10)."""
    EXPIRED = auto()
    """Timer: nobody has refreshed the session (RFC 4028 section 10)."""


class Act(Enum):
    """What a transition performs."""

    SEND_RESPONSE = auto()
    """Give the transaction what the user answered."""
    BEGIN_REPEATING = auto()
    """Repeat the 2xx until its ACK comes."""
    REPEAT = auto()
    STOP_REPEATING = auto()
    LEAVE_2XX = auto()
    """The same without an ACK: only an INVITE that is heard again is answered by it again (RFC 5407 section 3.1.1)."""
    DROP_REOFFER = auto()
    """487 to a later INVITE of theirs that still waits (section 15.1.2)."""
    SEND_487 = auto()
    SEND_481 = auto()
    SEND_491 = auto()
    SEND_500 = auto()
    """With Retry-After, as section 14.2 wants it."""
    SEND_504 = auto()
    SEND_200 = auto()
    SEND_ACK = auto()
    REPEAT_ACK = auto()
    END_FORK = auto()
    """ACK the other party's 2xx and BYE it."""
    SEND_CANCEL = auto()
    SEND_BYE = auto()
    SEND_AGAIN = auto()
    """The INVITE, as it is wanted."""
    START_GIVE_UP = auto()
    STOP_GIVE_UP = auto()
    TELL_PROGRESS = auto()
    TELL_ACCEPTED = auto()
    TELL_TOO_LATE = auto()
    """An answer that nobody waits for any more."""
    TELL_REJECTED = auto()
    TELL_FAILED = auto()
    TELL_CANCELLED = auto()
    TELL_HUNG_UP = auto()
    TELL_ACKNOWLEDGED = auto()
    TELL_UNACKNOWLEDGED = auto()
    TELL_REOFFERED = auto()
    TELL_REOFFER_CANCELLED = auto()
    TELL_PRACK_MISSING = auto()
    TELL_LOST = auto()
    TELL_REFRESH_DUE = auto()
    TELL_EXPIRED = auto()


S, C = Stage, Cue
Cell = tuple[Stage, Cue]
Row = tuple[Stage, tuple[Act, ...]]

_CALLED = (S.RECEIVED, S.ACCEPTED, S.UNWANTED)
_CALLING = (S.CALLING, S.PROCEEDING, S.CANCEL_WANTED, S.CANCELLING)
_LATER = (S.CONFIRMED, S.ENDING, S.ENDED)

SESSION: dict[Cell, Row] = {
    # called, no final response yet
    (S.RECEIVED, C.PROGRESS): (S.RECEIVED, (Act.SEND_RESPONSE,)),
    (S.RECEIVED, C.ACCEPT): (S.ACCEPTED, (Act.SEND_RESPONSE, Act.BEGIN_REPEATING)),
    (S.RECEIVED, C.REJECT): (S.ENDED, (Act.SEND_RESPONSE,)),
    (S.RECEIVED, C.HANG_UP): (S.ENDED, (Act.SEND_487,)),
    (S.RECEIVED, C.INVITE_FAILED): (S.ENDED, (Act.SEND_487, Act.TELL_CANCELLED)),
    (S.RECEIVED, C.RECEIVED_CANCEL): (S.ENDED, (Act.SEND_487, Act.TELL_CANCELLED)),
    (S.RECEIVED, C.RECEIVED_BYE): (S.ENDED, (Act.SEND_200, Act.SEND_487, Act.TELL_CANCELLED)),
    (S.RECEIVED, C.RECEIVED_INVITE): (S.RECEIVED, (Act.SEND_500,)),
    (S.RECEIVED, C.PRACK_MISSING): (S.ENDED, (Act.SEND_504, Act.TELL_PRACK_MISSING)),
    # called, 2xx given
    (S.ACCEPTED, C.RECEIVED_ACK): (S.CONFIRMED, (Act.STOP_REPEATING, Act.TELL_ACKNOWLEDGED)),
    (S.ACCEPTED, C.REPEAT_2XX): (S.ACCEPTED, (Act.REPEAT,)),
    (S.ACCEPTED, C.ACK_MISSING): (S.ENDING, (Act.STOP_REPEATING, Act.SEND_BYE, Act.TELL_UNACKNOWLEDGED)),
    (S.ACCEPTED, C.RECEIVED_BYE): (S.ENDED, (Act.LEAVE_2XX, Act.SEND_200, Act.TELL_HUNG_UP)),
    (S.ACCEPTED, C.RECEIVED_INVITE): (S.ACCEPTED, (Act.SEND_491,)),
    (S.ACCEPTED, C.HANG_UP): (S.UNWANTED, ()),
    (S.ACCEPTED, C.PEER_LOST): (S.UNWANTED, (Act.TELL_LOST,)),
    (S.ACCEPTED, C.EXPIRED): (S.UNWANTED, (Act.TELL_EXPIRED,)),
    (S.UNWANTED, C.RECEIVED_ACK): (S.ENDING, (Act.STOP_REPEATING, Act.SEND_BYE)),
    (S.UNWANTED, C.REPEAT_2XX): (S.UNWANTED, (Act.REPEAT,)),
    (S.UNWANTED, C.ACK_MISSING): (S.ENDING, (Act.STOP_REPEATING, Act.SEND_BYE)),
    (S.UNWANTED, C.RECEIVED_BYE): (S.ENDED, (Act.LEAVE_2XX, Act.SEND_200)),
    (S.UNWANTED, C.RECEIVED_INVITE): (S.UNWANTED, (Act.SEND_491,)),
    # calling
    (S.CALLING, C.RECEIVED_1XX): (S.PROCEEDING, (Act.TELL_PROGRESS,)),
    (S.CALLING, C.RECEIVED_2XX): (S.CONFIRMED, (Act.SEND_ACK, Act.TELL_ACCEPTED)),
    (S.CALLING, C.RECEIVED_FAILURE): (S.ENDED, (Act.TELL_REJECTED,)),
    (S.CALLING, C.WANTED_AGAIN): (S.CALLING, (Act.SEND_AGAIN,)),
    (S.CALLING, C.INVITE_FAILED): (S.ENDED, (Act.TELL_FAILED,)),
    (S.CALLING, C.HANG_UP): (S.CANCEL_WANTED, ()),
    (S.PROCEEDING, C.RECEIVED_1XX): (S.PROCEEDING, (Act.TELL_PROGRESS,)),
    (S.PROCEEDING, C.RECEIVED_2XX): (S.CONFIRMED, (Act.SEND_ACK, Act.TELL_ACCEPTED)),
    (S.PROCEEDING, C.RECEIVED_FAILURE): (S.ENDED, (Act.TELL_REJECTED,)),
    # a CANCEL must wait for a provisional response to the new INVITE
    (S.PROCEEDING, C.WANTED_AGAIN): (S.CALLING, (Act.SEND_AGAIN,)),
    (S.PROCEEDING, C.INVITE_FAILED): (S.ENDED, (Act.TELL_FAILED,)),
    (S.PROCEEDING, C.HANG_UP): (S.CANCELLING, (Act.SEND_CANCEL, Act.START_GIVE_UP)),
    # the callee may not do this (section 15), and means to end all the same
    (S.PROCEEDING, C.RECEIVED_BYE): (
        S.CANCELLING,
        (Act.SEND_200, Act.SEND_CANCEL, Act.START_GIVE_UP, Act.TELL_HUNG_UP),
    ),
    (S.PROCEEDING, C.RECEIVED_INVITE): (S.PROCEEDING, (Act.SEND_491,)),
    (S.PROCEEDING, C.PEER_LOST): (S.CANCELLING, (Act.SEND_CANCEL, Act.START_GIVE_UP, Act.TELL_LOST)),
    (S.CANCEL_WANTED, C.RECEIVED_1XX): (S.CANCELLING, (Act.SEND_CANCEL, Act.START_GIVE_UP)),
    (S.CANCEL_WANTED, C.RECEIVED_2XX): (S.ENDING, (Act.SEND_ACK, Act.SEND_BYE, Act.TELL_TOO_LATE)),
    (S.CANCEL_WANTED, C.RECEIVED_FAILURE): (S.ENDED, ()),
    (S.CANCEL_WANTED, C.WANTED_AGAIN): (S.ENDED, ()),
    (S.CANCEL_WANTED, C.INVITE_FAILED): (S.ENDED, ()),
    (S.CANCELLING, C.RECEIVED_2XX): (
        S.ENDING,
        (Act.STOP_GIVE_UP, Act.SEND_ACK, Act.SEND_BYE, Act.TELL_TOO_LATE),
    ),
    (S.CANCELLING, C.RECEIVED_FAILURE): (S.ENDED, ()),
    (S.CANCELLING, C.WANTED_AGAIN): (S.ENDED, ()),
    (S.CANCELLING, C.INVITE_FAILED): (S.ENDED, ()),
    (S.CANCELLING, C.RECEIVED_BYE): (S.CANCELLING, (Act.SEND_200,)),
    (S.CANCELLING, C.RECEIVED_INVITE): (S.CANCELLING, (Act.SEND_481,)),
    (S.CANCELLING, C.GIVE_UP): (S.ENDED, ()),
    # both roles
    (S.CONFIRMED, C.RECEIVED_2XX): (S.CONFIRMED, (Act.REPEAT_ACK,)),
    (S.CONFIRMED, C.FORKED_2XX): (S.CONFIRMED, (Act.END_FORK,)),
    (S.CONFIRMED, C.RECEIVED_INVITE): (S.CONFIRMED, (Act.TELL_REOFFERED,)),
    (S.CONFIRMED, C.PROGRESS): (S.CONFIRMED, (Act.SEND_RESPONSE,)),
    (S.CONFIRMED, C.ACCEPT): (S.CONFIRMED, (Act.SEND_RESPONSE, Act.BEGIN_REPEATING)),
    (S.CONFIRMED, C.REJECT): (S.CONFIRMED, (Act.SEND_RESPONSE,)),
    (S.CONFIRMED, C.RECEIVED_ACK): (S.CONFIRMED, (Act.STOP_REPEATING, Act.TELL_ACKNOWLEDGED)),
    (S.CONFIRMED, C.REPEAT_2XX): (S.CONFIRMED, (Act.REPEAT,)),
    (S.CONFIRMED, C.ACK_MISSING): (S.ENDING, (Act.STOP_REPEATING, Act.SEND_BYE, Act.TELL_UNACKNOWLEDGED)),
    (S.CONFIRMED, C.RECEIVED_CANCEL): (S.CONFIRMED, (Act.DROP_REOFFER, Act.TELL_REOFFER_CANCELLED)),
    (S.CONFIRMED, C.RECEIVED_BYE): (
        S.ENDED,
        (Act.DROP_REOFFER, Act.LEAVE_2XX, Act.SEND_200, Act.TELL_HUNG_UP),
    ),
    (S.CONFIRMED, C.HANG_UP): (S.ENDING, (Act.DROP_REOFFER, Act.LEAVE_2XX, Act.SEND_BYE)),
    (S.CONFIRMED, C.PEER_LOST): (
        S.ENDING,
        (Act.DROP_REOFFER, Act.LEAVE_2XX, Act.SEND_BYE, Act.TELL_LOST),
    ),
    (S.CONFIRMED, C.REFRESH_DUE): (S.CONFIRMED, (Act.TELL_REFRESH_DUE,)),
    (S.CONFIRMED, C.EXPIRED): (
        S.ENDING,
        (Act.DROP_REOFFER, Act.LEAVE_2XX, Act.SEND_BYE, Act.TELL_EXPIRED),
    ),
    (S.ENDING, C.RECEIVED_2XX): (S.ENDING, (Act.REPEAT_ACK,)),
    (S.ENDING, C.FORKED_2XX): (S.ENDING, (Act.END_FORK,)),
    (S.ENDING, C.RECEIVED_BYE): (S.ENDING, (Act.SEND_200,)),
    (S.ENDING, C.RECEIVED_INVITE): (S.ENDING, (Act.SEND_481,)),
    (S.ENDING, C.BYE_DONE): (S.ENDED, ()),
    (S.ENDED, C.RECEIVED_2XX): (S.ENDED, (Act.REPEAT_ACK,)),
    (S.ENDED, C.FORKED_2XX): (S.ENDED, (Act.END_FORK,)),
    (S.ENDED, C.RECEIVED_BYE): (S.ENDED, (Act.SEND_481,)),
    (S.ENDED, C.RECEIVED_INVITE): (S.ENDED, (Act.SEND_481,)),
}

ABSORBED: dict[Cell, str] = {
    **{(s, C.HANG_UP): "already on its way" for s in (S.UNWANTED, S.CANCEL_WANTED, S.CANCELLING, S.ENDING, S.ENDED)},
    **{(s, C.RECEIVED_CANCEL): "a final response was given: CANCEL has no effect, section 9.2"
       for s in (S.ACCEPTED, S.UNWANTED, S.ENDING, S.ENDED)},
    **{(s, C.RECEIVED_ACK): "an ACK repeated, or one to a failure" for s in (S.RECEIVED, S.ENDING, S.ENDED)},
    (S.CANCELLING, C.RECEIVED_1XX): "too late to matter",
    (S.ENDED, C.RECEIVED_1XX): "a straggler",
    (S.ENDED, C.RECEIVED_FAILURE): "the final response of a session that was given up",
    (S.ENDED, C.WANTED_AGAIN): "whatever was asked for, nobody needs it any more",
    (S.CALLING, C.PEER_LOST): "a PRACK to the INVITE that was challenged since",
    (S.RECEIVED, C.PEER_LOST): "the INVITE is answered all the same, and its ACK shows whether the caller is there",
    **{(s, C.PEER_LOST): "it ends already" for s in (S.UNWANTED, S.CANCEL_WANTED, S.CANCELLING, S.ENDING, S.ENDED)},
    **{(s, c): "it ends already" for s in (S.UNWANTED, S.ENDING, S.ENDED) for c in (C.REFRESH_DUE, C.EXPIRED)},
    (S.ACCEPTED, C.REFRESH_DUE): "no INVITE before the ACK to the last one; the expiration stands",
    (S.ENDED, C.BYE_DONE): "their BYE crossed ours and was answered first",
    **{(s, C.INVITE_FAILED): "the 2xx is repeated until its ACK comes or the wait ends"
       for s in (S.ACCEPTED, S.UNWANTED)},
    **{(s, C.INVITE_FAILED): "a response was not acknowledged or not sent; nothing hangs on it" for s in _LATER},
    **{(s, c): "the caller's side ended while we were about to answer it"
       for s in (S.ENDING, S.ENDED) for c in (C.PROGRESS, C.ACCEPT, C.REJECT)},
}  # fmt: skip
"""Cells in which nothing happens, and why."""

_CLIENT_CUES = (C.RECEIVED_1XX, C.RECEIVED_2XX, C.RECEIVED_FAILURE, C.FORKED_2XX)
_REPEAT_TIMERS = (C.REPEAT_2XX, C.ACK_MISSING)

IMPOSSIBLE: dict[Cell, str] = {
    **{(s, C.WANTED_AGAIN): "no first INVITE of ours is out" for s in (*_CALLED, S.CONFIRMED, S.ENDING)},
    **{(s, c): "no INVITE of ours is out" for s in _CALLED for c in _CLIENT_CUES},
    **{(s, C.FORKED_2XX): "no 2xx was taken before" for s in _CALLING},
    **{(s, c): "we were not called" for s in _CALLING for c in (C.PROGRESS, C.ACCEPT, C.REJECT, C.RECEIVED_CANCEL)},
    **{(s, c): "the final response was given: a bug of the user"
       for s in (S.ACCEPTED, S.UNWANTED) for c in (C.PROGRESS, C.ACCEPT, C.REJECT)},
    **{(s, C.RECEIVED_ACK): "no 2xx of ours to acknowledge" for s in _CALLING},
    **{(s, C.RECEIVED_BYE): "no dialog exists before a provisional response" for s in (S.CALLING, S.CANCEL_WANTED)},
    **{(s, C.RECEIVED_INVITE): "no dialog exists before a provisional response" for s in (S.CALLING, S.CANCEL_WANTED)},
    **{(s, c): "the transaction swallows it after the 2xx"
       for s in (S.CONFIRMED, S.ENDING) for c in (C.RECEIVED_1XX, C.RECEIVED_FAILURE)},
    **{(s, C.BYE_DONE): "no BYE was sent" for s in (*_CALLED, *_CALLING, S.CONFIRMED)},
    **{(s, c): "runs while a 2xx waits for its ACK"
       for s in (S.RECEIVED, *_CALLING, S.ENDING, S.ENDED) for c in _REPEAT_TIMERS},
    **{(s, C.GIVE_UP): "runs in CANCELLING only" for s in Stage if s is not S.CANCELLING},
    **{(s, C.PRACK_MISSING): "runs in RECEIVED only" for s in Stage if s is not S.RECEIVED},
    **{(s, c): "no interval was agreed yet" for s in (S.RECEIVED, *_CALLING) for c in (C.REFRESH_DUE, C.EXPIRED)},
}  # fmt: skip
"""Cells that no input can reach, and why."""


TABLE = Table(SESSION, ABSORBED, IMPOSSIBLE)
