"""The states of a registration (RFC 3261 section 10.2), and what each event does in each of them.

Which registrar is next, and whether an answer is a refusal for good, is decided before the table is asked: see
`registration`. One request is under way at a time (section 10.2, last but one paragraph).
"""

from enum import Enum, auto

from mediation.sip.table import Table


class State(Enum):
    """Where a registration stands."""

    UNREGISTERED = auto()
    """Nothing was asked yet."""
    REGISTERING = auto()
    """Asked for, and none is held."""
    REGISTERED = auto()
    REFRESHING = auto()
    """Asked for again, while one is held."""
    HOLDING = auto()
    """One is held, every registrar has failed to renew it, and they have some rest."""
    WAITING = auto()
    """None is held, every registrar has failed, and they have some rest."""
    REFUSED = auto()
    """None is held, and the ITSP does not want one: a long rest."""
    LEAVING = auto()
    """Nobody wants it any more, and the answer to the last request is still to come."""
    UNREGISTERING = auto()
    """Its removal was asked for."""
    OVER = auto()


class Cue(Enum):
    """What can happen to it."""

    DUE = auto()
    """Timer: time for the first request, for a renewal, or for another attempt."""
    EXPIRED = auto()
    """Timer: what was granted is over."""
    GRANTED = auto()
    """2xx that says what was asked for."""
    CLEARED = auto()
    """2xx to the removal of what others have left."""
    AGAIN = auto()
    """The same registrar wants the request in other words: 401, 407, 423."""
    NEXT = auto()
    """This registrar failed, and another one is left."""
    FAILED = auto()
    """This registrar failed, and it was the last."""
    DENIED = auto()
    """The ITSP has refused for good."""
    SUSPECTED = auto()
    """Something says that the ITSP may not find us any more: a lost connection, a machine that has slept."""
    STOP = auto()
    BROKE = auto()
    """A bug of ours was met."""


class Act(Enum):
    """What a transition performs."""

    TRY_FIRST = auto()
    TRY_NEXT = auto()
    TRY_AGAIN = auto()
    TAKE = auto()
    """Hold what was granted, until it ends, and renew it before."""
    LOSE = auto()
    """Hold it no more."""
    REST = auto()
    REST_LONG = auto()
    RENEW_SOON = auto()
    REMOVE = auto()
    DROP = auto()
    """Wait for no answer any more."""
    STOP_TIMERS = auto()
    END = auto()
    """Say that it is over."""


S, C = State, Cue
Cell = tuple[State, Cue]

ROWS: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.UNREGISTERED, C.DUE): (S.REGISTERING, (Act.TRY_FIRST,)),
    (S.UNREGISTERED, C.STOP): (S.OVER, (Act.STOP_TIMERS, Act.END)),
    (S.UNREGISTERED, C.BROKE): (S.WAITING, (Act.REST,)),

    (S.REGISTERING, C.GRANTED): (S.REGISTERED, (Act.TAKE,)),
    (S.REGISTERING, C.CLEARED): (S.REGISTERING, (Act.TRY_AGAIN,)),
    (S.REGISTERING, C.AGAIN): (S.REGISTERING, (Act.TRY_AGAIN,)),
    (S.REGISTERING, C.NEXT): (S.REGISTERING, (Act.TRY_NEXT,)),
    (S.REGISTERING, C.FAILED): (S.WAITING, (Act.REST,)),
    (S.REGISTERING, C.DENIED): (S.REFUSED, (Act.REST_LONG,)),
    (S.REGISTERING, C.STOP): (S.LEAVING, ()),
    (S.REGISTERING, C.BROKE): (S.WAITING, (Act.DROP, Act.REST)),

    (S.REGISTERED, C.DUE): (S.REFRESHING, (Act.TRY_FIRST,)),
    (S.REGISTERED, C.EXPIRED): (S.WAITING, (Act.LOSE,)),  # a very short one: its renewal is still due
    (S.REGISTERED, C.SUSPECTED): (S.REGISTERED, (Act.RENEW_SOON,)),
    (S.REGISTERED, C.STOP): (S.UNREGISTERING, (Act.STOP_TIMERS, Act.REMOVE)),
    (S.REGISTERED, C.BROKE): (S.HOLDING, (Act.REST,)),

    (S.REFRESHING, C.GRANTED): (S.REGISTERED, (Act.TAKE,)),
    (S.REFRESHING, C.AGAIN): (S.REFRESHING, (Act.TRY_AGAIN,)),
    (S.REFRESHING, C.NEXT): (S.REFRESHING, (Act.TRY_NEXT,)),
    (S.REFRESHING, C.FAILED): (S.HOLDING, (Act.REST,)),
    (S.REFRESHING, C.DENIED): (S.REFUSED, (Act.LOSE, Act.REST_LONG)),
    (S.REFRESHING, C.EXPIRED): (S.REGISTERING, (Act.LOSE,)),
    (S.REFRESHING, C.STOP): (S.LEAVING, ()),
    (S.REFRESHING, C.BROKE): (S.HOLDING, (Act.DROP, Act.REST)),

    (S.HOLDING, C.DUE): (S.REFRESHING, (Act.TRY_FIRST,)),
    (S.HOLDING, C.EXPIRED): (S.WAITING, (Act.LOSE,)),
    (S.HOLDING, C.STOP): (S.UNREGISTERING, (Act.STOP_TIMERS, Act.REMOVE)),
    (S.HOLDING, C.BROKE): (S.HOLDING, (Act.REST,)),

    (S.WAITING, C.DUE): (S.REGISTERING, (Act.TRY_FIRST,)),
    (S.WAITING, C.STOP): (S.OVER, (Act.STOP_TIMERS, Act.END)),
    (S.WAITING, C.BROKE): (S.WAITING, (Act.REST,)),

    (S.REFUSED, C.DUE): (S.REGISTERING, (Act.TRY_FIRST,)),
    (S.REFUSED, C.STOP): (S.OVER, (Act.STOP_TIMERS, Act.END)),
    (S.REFUSED, C.BROKE): (S.REFUSED, (Act.REST_LONG,)),

    (S.LEAVING, C.GRANTED): (S.UNREGISTERING, (Act.TAKE, Act.STOP_TIMERS, Act.REMOVE)),
    (S.LEAVING, C.AGAIN): (S.LEAVING, (Act.TRY_AGAIN,)),
    # unheard is not undone: the registrar may have taken what nobody has confirmed
    (S.LEAVING, C.NEXT): (S.UNREGISTERING, (Act.STOP_TIMERS, Act.REMOVE)),
    (S.LEAVING, C.FAILED): (S.UNREGISTERING, (Act.STOP_TIMERS, Act.REMOVE)),
    (S.LEAVING, C.CLEARED): (S.OVER, (Act.STOP_TIMERS, Act.END)),
    (S.LEAVING, C.DENIED): (S.OVER, (Act.STOP_TIMERS, Act.END)),
    (S.LEAVING, C.EXPIRED): (S.LEAVING, (Act.LOSE,)),
    (S.LEAVING, C.BROKE): (S.OVER, (Act.DROP, Act.STOP_TIMERS, Act.END)),

    (S.UNREGISTERING, C.GRANTED): (S.OVER, (Act.END,)),
    (S.UNREGISTERING, C.AGAIN): (S.UNREGISTERING, (Act.TRY_AGAIN,)),
    (S.UNREGISTERING, C.FAILED): (S.OVER, (Act.END,)),
    (S.UNREGISTERING, C.DENIED): (S.OVER, (Act.END,)),
    (S.UNREGISTERING, C.BROKE): (S.OVER, (Act.DROP, Act.END)),
}  # fmt: skip

_ASKED = (S.REGISTERING, S.REFRESHING, S.LEAVING, S.UNREGISTERING)
_QUIET = tuple(state for state in State if state not in _ASKED)
_ANSWERS = (C.GRANTED, C.CLEARED, C.AGAIN, C.NEXT, C.FAILED, C.DENIED)

ABSORBED: dict[Cell, str] = {
    **{(state, C.SUSPECTED): "an attempt is under way, or has its time already"
       for state in State if state is not S.REGISTERED},
    **{(state, C.STOP): "it was told before" for state in (S.LEAVING, S.UNREGISTERING, S.OVER)},
    (S.OVER, C.BROKE): "nothing is left of it",
}  # fmt: skip
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    **{(state, answer): "nothing was asked" for state in _QUIET for answer in _ANSWERS},
    **{(state, C.DUE): "runs only while nobody is asked" for state in (*_ASKED, S.OVER)},
    **{(state, C.EXPIRED): "runs only while one is held, or until nobody wants it"
       for state in (S.UNREGISTERED, S.REGISTERING, S.WAITING, S.REFUSED, S.UNREGISTERING, S.OVER)},
    (S.REFRESHING, C.CLEARED): "what others have left is removed before the first one",
    (S.UNREGISTERING, C.CLEARED): "the removal of our own is no such thing",
    (S.UNREGISTERING, C.NEXT): "who holds it, and nobody else, is asked to remove it",
}  # fmt: skip
"""Cells that no input can reach, and why."""

TABLE = Table(ROWS, ABSORBED, IMPOSSIBLE)
