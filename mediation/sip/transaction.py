"""The four transaction machines as tables (RFC 3261 section 17, amended by RFC 6026).

Read a row as: in this state, on this event, go to that state and do these things in this order. What a table does
not list stands in its `…_ABSORBED`, with the reason why nothing happens, or in its `…_IMPOSSIBLE`, with the reason
why it cannot happen. A test walks the product of states and events and finds every cell in exactly one of the three.
"""

from enum import Enum, auto


class State(Enum):
    """The states of all four machines; each machine uses some."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    LEFT = auto()
    """Server: a 2xx that the transaction user has ceased to repeat, though nobody has acknowledged it."""
    TERMINATED = auto()


class Event(Enum):
    """What can happen to a transaction."""

    INVITE = auto()
    """The INVITE arrived again."""
    REQUEST = auto()
    """Another request arrived again."""
    ACK = auto()
    RECEIVED_1XX = auto()
    RECEIVED_2XX = auto()
    RECEIVED_FAILURE = auto()
    """A response of 300 to 699."""
    TU_1XX = auto()
    """The transaction user answers provisionally."""
    TU_2XX = auto()
    TU_FAILURE = auto()
    TU_LEAVES = auto()
    """The transaction user wants nothing repeated any more: its 2xx, as the dialog is over before its ACK came; or its
    INVITE, which nobody has answered and nobody waits for."""
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()
    TRANSPORT_ERROR = auto()


class Do(Enum):
    """What a transition performs."""

    SEND = auto()
    """Send the response the transaction user gave, and keep it."""
    RESEND = auto()
    """Send again what was sent last."""
    ACK = auto()
    """Acknowledge a failure response, with the INVITE's branch (section 17.1.1.3)."""
    PASS_UP = auto()
    """Give the message to the transaction user."""
    TELL_TIMEOUT = auto()
    TELL_TRANSPORT_ERROR = auto()
    START_A = auto()
    START_B = auto()
    START_D = auto()
    START_E = auto()
    START_E_SLOW = auto()
    """Timer E at T2, because a provisional response was seen (section 17.1.2.2)."""
    START_F = auto()
    START_G = auto()
    START_H = auto()
    START_I = auto()
    START_J = auto()
    START_K = auto()
    START_L = auto()
    START_M = auto()
    STOP_A = auto()
    STOP_B = auto()
    STOP_E = auto()
    STOP_F = auto()
    STOP_G = auto()
    STOP_H = auto()


S, E = State, Event
Cell = tuple[State, Event]
Rows = dict[Cell, tuple[State, tuple[Do, ...]]]
Reasons = dict[Cell, str]

# INVITE client transaction: RFC 3261 figure 5 as amended by RFC 6026 section 7.2. TU_LEAVES is ours: an INVITE that is
# repeated for the whole of timer B reaches a peer whose line is back when its call has long been answered elsewhere.
CLIENT_INVITE_STATES = (S.CALLING, S.PROCEEDING, S.COMPLETED, S.ACCEPTED)
CLIENT_INVITE_EVENTS = (E.RECEIVED_1XX, E.RECEIVED_2XX, E.RECEIVED_FAILURE, E.TIMER_A, E.TIMER_B, E.TIMER_D,
                        E.TIMER_M, E.TRANSPORT_ERROR, E.TU_LEAVES)  # fmt: skip
CLIENT_INVITE: Rows = {
    (S.CALLING, E.RECEIVED_1XX): (S.PROCEEDING, (Do.STOP_A, Do.STOP_B, Do.PASS_UP)),
    (S.CALLING, E.RECEIVED_2XX): (S.ACCEPTED, (Do.STOP_A, Do.STOP_B, Do.START_M, Do.PASS_UP)),
    (S.CALLING, E.RECEIVED_FAILURE): (
        S.COMPLETED,
        (Do.STOP_A, Do.STOP_B, Do.ACK, Do.START_D, Do.PASS_UP),
    ),
    (S.CALLING, E.TIMER_A): (S.CALLING, (Do.RESEND, Do.START_A)),
    (S.CALLING, E.TIMER_B): (S.TERMINATED, (Do.STOP_A, Do.TELL_TIMEOUT)),
    (S.CALLING, E.TU_LEAVES): (S.CALLING, (Do.STOP_A,)),
    (S.CALLING, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.STOP_A, Do.STOP_B, Do.TELL_TRANSPORT_ERROR)),
    (S.PROCEEDING, E.RECEIVED_1XX): (S.PROCEEDING, (Do.PASS_UP,)),
    (S.PROCEEDING, E.RECEIVED_2XX): (S.ACCEPTED, (Do.START_M, Do.PASS_UP)),
    (S.PROCEEDING, E.RECEIVED_FAILURE): (S.COMPLETED, (Do.ACK, Do.START_D, Do.PASS_UP)),
    (S.COMPLETED, E.RECEIVED_FAILURE): (S.COMPLETED, (Do.ACK,)),
    (S.COMPLETED, E.TIMER_D): (S.TERMINATED, ()),
    (S.COMPLETED, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
    (S.ACCEPTED, E.RECEIVED_2XX): (S.ACCEPTED, (Do.PASS_UP,)),
    (S.ACCEPTED, E.TIMER_M): (S.TERMINATED, ()),
}
CLIENT_INVITE_ABSORBED: Reasons = {
    (
        S.PROCEEDING,
        E.TRANSPORT_ERROR,
    ): "nothing of ours is on its way; the answer may come by a new connection",
    (S.COMPLETED, E.RECEIVED_1XX): "older than the final response we have",
    (S.COMPLETED, E.RECEIVED_2XX): "the first final response decided, RFC 3261 section 17.1.1.2",
    (S.ACCEPTED, E.RECEIVED_1XX): "older than the final response we have",
    (S.ACCEPTED, E.RECEIVED_FAILURE): "the first final response decided, RFC 6026 section 7.2",
    (S.ACCEPTED, E.TRANSPORT_ERROR): "the ACK belongs to the transaction user",
    **{(s, E.TU_LEAVES): "nothing is repeated any more" for s in (S.PROCEEDING, S.COMPLETED, S.ACCEPTED)},
}
CLIENT_INVITE_IMPOSSIBLE: Reasons = {
    **{(s, E.TIMER_A): "stopped on leaving CALLING" for s in (S.PROCEEDING, S.COMPLETED, S.ACCEPTED)},
    **{(s, E.TIMER_B): "stopped on leaving CALLING" for s in (S.PROCEEDING, S.COMPLETED, S.ACCEPTED)},
    **{(s, E.TIMER_D): "runs in COMPLETED only" for s in (S.CALLING, S.PROCEEDING, S.ACCEPTED)},
    **{(s, E.TIMER_M): "runs in ACCEPTED only" for s in (S.CALLING, S.PROCEEDING, S.COMPLETED)},
}

# Client transaction of any other method: RFC 3261 figure 6
CLIENT_STATES = (S.TRYING, S.PROCEEDING, S.COMPLETED)
CLIENT_EVENTS = (E.RECEIVED_1XX, E.RECEIVED_2XX, E.RECEIVED_FAILURE, E.TIMER_E, E.TIMER_F, E.TIMER_K,
                 E.TRANSPORT_ERROR)  # fmt: skip
_CLIENT_FINAL = (S.COMPLETED, (Do.STOP_E, Do.STOP_F, Do.START_K, Do.PASS_UP))
CLIENT: Rows = {
    (S.TRYING, E.RECEIVED_1XX): (S.PROCEEDING, (Do.PASS_UP,)),
    (S.TRYING, E.RECEIVED_2XX): _CLIENT_FINAL,
    (S.TRYING, E.RECEIVED_FAILURE): _CLIENT_FINAL,
    (S.TRYING, E.TIMER_E): (S.TRYING, (Do.RESEND, Do.START_E)),
    (S.TRYING, E.TIMER_F): (S.TERMINATED, (Do.STOP_E, Do.TELL_TIMEOUT)),
    (S.TRYING, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.STOP_E, Do.STOP_F, Do.TELL_TRANSPORT_ERROR)),
    (S.PROCEEDING, E.RECEIVED_1XX): (S.PROCEEDING, (Do.PASS_UP,)),
    (S.PROCEEDING, E.RECEIVED_2XX): _CLIENT_FINAL,
    (S.PROCEEDING, E.RECEIVED_FAILURE): _CLIENT_FINAL,
    (S.PROCEEDING, E.TIMER_E): (S.PROCEEDING, (Do.RESEND, Do.START_E_SLOW)),
    (S.PROCEEDING, E.TIMER_F): (S.TERMINATED, (Do.STOP_E, Do.TELL_TIMEOUT)),
    (S.PROCEEDING, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.STOP_E, Do.STOP_F, Do.TELL_TRANSPORT_ERROR)),
    (S.COMPLETED, E.TIMER_K): (S.TERMINATED, ()),
}
CLIENT_ABSORBED: Reasons = {
    **{
        (S.COMPLETED, e): "a repetition: timer K runs to swallow these"
        for e in (E.RECEIVED_1XX, E.RECEIVED_2XX, E.RECEIVED_FAILURE)
    },
    (S.COMPLETED, E.TRANSPORT_ERROR): "there is nothing left to send",
}
CLIENT_IMPOSSIBLE: Reasons = {
    (S.COMPLETED, E.TIMER_E): "stopped on entering COMPLETED",
    (S.COMPLETED, E.TIMER_F): "stopped on entering COMPLETED",
    (S.TRYING, E.TIMER_K): "runs in COMPLETED only",
    (S.PROCEEDING, E.TIMER_K): "runs in COMPLETED only",
}

# INVITE server transaction: RFC 3261 figure 7 as amended by RFC 6026 section 7.1. LEFT is ours: behind a BYE no 2xx is
# repeated, but whoever repeats its INVITE has heard none (RFC 5407 section 3.1.1), and the user is there no more.
SERVER_INVITE_STATES = (S.PROCEEDING, S.COMPLETED, S.CONFIRMED, S.ACCEPTED, S.LEFT)
SERVER_INVITE_EVENTS = (E.INVITE, E.ACK, E.TU_1XX, E.TU_2XX, E.TU_FAILURE, E.TU_LEAVES, E.TIMER_G, E.TIMER_H,
                        E.TIMER_I, E.TIMER_L, E.TRANSPORT_ERROR)  # fmt: skip
SERVER_INVITE: Rows = {
    (S.PROCEEDING, E.INVITE): (S.PROCEEDING, (Do.RESEND,)),
    (S.PROCEEDING, E.TU_1XX): (S.PROCEEDING, (Do.SEND,)),
    (S.PROCEEDING, E.TU_2XX): (S.ACCEPTED, (Do.SEND, Do.START_L)),
    (S.PROCEEDING, E.TU_FAILURE): (S.COMPLETED, (Do.SEND, Do.START_G, Do.START_H)),
    (S.PROCEEDING, E.TRANSPORT_ERROR): (S.PROCEEDING, (Do.TELL_TRANSPORT_ERROR,)),
    (S.COMPLETED, E.INVITE): (S.COMPLETED, (Do.RESEND,)),
    (S.COMPLETED, E.ACK): (S.CONFIRMED, (Do.STOP_G, Do.STOP_H, Do.START_I)),
    (S.COMPLETED, E.TIMER_G): (S.COMPLETED, (Do.RESEND, Do.START_G)),
    (S.COMPLETED, E.TIMER_H): (S.TERMINATED, (Do.STOP_G, Do.TELL_TIMEOUT)),
    (S.CONFIRMED, E.TIMER_I): (S.TERMINATED, ()),
    (S.ACCEPTED, E.ACK): (S.ACCEPTED, (Do.PASS_UP,)),
    (S.ACCEPTED, E.TU_2XX): (S.ACCEPTED, (Do.SEND,)),
    (S.ACCEPTED, E.TU_LEAVES): (S.LEFT, ()),
    (S.ACCEPTED, E.TIMER_L): (S.TERMINATED, ()),
    (S.LEFT, E.INVITE): (S.LEFT, (Do.RESEND,)),
    (S.LEFT, E.ACK): (S.ACCEPTED, (Do.PASS_UP,)),
    (S.LEFT, E.TIMER_L): (S.TERMINATED, ()),
}
SERVER_INVITE_ABSORBED: Reasons = {
    (S.PROCEEDING, E.ACK): "nothing final was sent that it could acknowledge",
    (S.COMPLETED, E.TRANSPORT_ERROR): "timer H ends it, RFC 6026 section 7.1",
    (S.CONFIRMED, E.INVITE): "answered and acknowledged; a straggler",
    (S.CONFIRMED, E.ACK): "timer I runs to swallow these",
    (S.CONFIRMED, E.TRANSPORT_ERROR): "there is nothing left to send",
    (S.ACCEPTED, E.INVITE): "our 2xx is the transaction user's to repeat, RFC 6026 section 7.1",
    (S.ACCEPTED, E.TRANSPORT_ERROR): "the transaction user repeats its 2xx and waits for the ACK",
    (S.LEFT, E.TRANSPORT_ERROR): "timer L ends it",
}
SERVER_INVITE_IMPOSSIBLE: Reasons = {
    **{
        (s, e): "a final response was given; answering twice is our own bug"
        for s in (S.COMPLETED, S.CONFIRMED, S.LEFT)
        for e in (E.TU_1XX, E.TU_2XX, E.TU_FAILURE)
    },
    **{
        (s, E.TU_LEAVES): "no 2xx waits for its ACK" for s in (S.PROCEEDING, S.COMPLETED, S.CONFIRMED, S.LEFT)
    },
    (S.ACCEPTED, E.TU_1XX): "a final response was given; answering twice is our own bug",
    (S.ACCEPTED, E.TU_FAILURE): "a final response was given; answering twice is our own bug",
    **{
        (s, e): "runs in COMPLETED only"
        for s in (S.PROCEEDING, S.CONFIRMED, S.ACCEPTED, S.LEFT)
        for e in (E.TIMER_G, E.TIMER_H)
    },
    **{(s, E.TIMER_I): "runs in CONFIRMED only" for s in (S.PROCEEDING, S.COMPLETED, S.ACCEPTED, S.LEFT)},
    **{(s, E.TIMER_L): "runs in ACCEPTED and LEFT only" for s in (S.PROCEEDING, S.COMPLETED, S.CONFIRMED)},
}

# Server transaction of any other method: RFC 3261 figure 8
SERVER_STATES = (S.TRYING, S.PROCEEDING, S.COMPLETED)
SERVER_EVENTS = (E.REQUEST, E.TU_1XX, E.TU_2XX, E.TU_FAILURE, E.TIMER_J, E.TRANSPORT_ERROR)
_SERVER_FINAL = (S.COMPLETED, (Do.SEND, Do.START_J))
SERVER: Rows = {
    (S.TRYING, E.TU_1XX): (S.PROCEEDING, (Do.SEND,)),
    (S.TRYING, E.TU_2XX): _SERVER_FINAL,
    (S.TRYING, E.TU_FAILURE): _SERVER_FINAL,
    (S.PROCEEDING, E.REQUEST): (S.PROCEEDING, (Do.RESEND,)),
    (S.PROCEEDING, E.TU_1XX): (S.PROCEEDING, (Do.SEND,)),
    (S.PROCEEDING, E.TU_2XX): _SERVER_FINAL,
    (S.PROCEEDING, E.TU_FAILURE): _SERVER_FINAL,
    (S.PROCEEDING, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
    (S.COMPLETED, E.REQUEST): (S.COMPLETED, (Do.RESEND,)),
    (S.COMPLETED, E.TIMER_J): (S.TERMINATED, ()),
    (S.COMPLETED, E.TRANSPORT_ERROR): (S.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
}
SERVER_ABSORBED: Reasons = {
    (S.TRYING, E.REQUEST): "no response to repeat yet, RFC 3261 section 17.2.2",
    (S.TRYING, E.TRANSPORT_ERROR): "nothing was sent yet",
}
SERVER_IMPOSSIBLE: Reasons = {
    **{
        (S.COMPLETED, e): "a final response was given; answering twice is our own bug"
        for e in (E.TU_1XX, E.TU_2XX, E.TU_FAILURE)
    },
    (S.TRYING, E.TIMER_J): "runs in COMPLETED only",
    (S.PROCEEDING, E.TIMER_J): "runs in COMPLETED only",
}
