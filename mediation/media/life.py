"""The life of a media worker, as a table: who commands it, and what becomes of its calls when nobody does.

    STARTING ── it is ready ──▶ SERVING ── told to end ──▶ ENDING
                                 │   ▲                       ▲
                      channel lost   └ no orphan is left     │ nobody needs it
                                 ▼                 │         │
                              ORPHANED ── adopted ─┴ ADOPTED │
                                 └───────────────────────────┘

Calls that go on without the signalling process that has opened them are orphans. Each of them has its own end
(`orphans`), so a worker that nobody adopts has no call left in the end, and ends as well.
"""

from enum import Enum, auto
from typing import Final

from mediation.sip.table import Table


class State(Enum):
    """What a worker is."""

    STARTING = auto()
    """It has no sockets yet."""
    SERVING = auto()
    """Signalling commands it, and all its calls."""
    ORPHANED = auto()
    """Nobody commands it."""
    ADOPTED = auto()
    """Signalling commands it; some of its calls may be orphans."""
    ENDING = auto()
    """It says goodbye to the parties of its calls and is gone."""


class Event(Enum):
    """What can happen to it."""

    READY = auto()
    """It has all that it needs for its calls."""
    LOST = auto()
    """The channel has closed, or carries what is no message."""
    RECLAIMED = auto()
    """The signalling that commanded it last comes by its door: it has lost the channel, not itself."""
    INHERITED = auto()
    """Another signalling comes by its door, after the one before has died."""
    ORPHANS_GONE = auto()
    """The last call that nobody commands is over."""
    NEEDLESS = auto()
    """It has no call at all, and nobody has come for a while."""
    TOLD_TO_END = auto()
    """Signalling has said so."""


class Do(Enum):
    """What follows."""

    SAY_READY = auto()
    LET_GO = auto()
    """Close the channel, keep what could not be told, and look after calls from time to time."""
    TAKE_UP = auto()
    """The visitor's channel is ours from now on: tell which calls there are, and what could not be told."""
    DISOWN = auto()
    """What could not be told was for somebody who is dead; the recorder that wrote down the calls died with it."""
    TURN_AWAY = auto()
    """Close the door to the visitor."""
    END = auto()


S, E = State, Event
Cell = tuple[State, Event]

ROWS: Final[dict[Cell, tuple[State, tuple[Do, ...]]]] = {
    (S.STARTING, E.READY): (S.SERVING, (Do.SAY_READY,)),
    (S.STARTING, E.LOST): (S.ENDING, (Do.END,)),
    (S.SERVING, E.LOST): (S.ORPHANED, (Do.LET_GO,)),
    (S.SERVING, E.RECLAIMED): (S.SERVING, (Do.LET_GO, Do.TAKE_UP)),
    (S.SERVING, E.INHERITED): (S.SERVING, (Do.TURN_AWAY,)),
    (S.SERVING, E.TOLD_TO_END): (S.ENDING, (Do.END,)),
    (S.ORPHANED, E.RECLAIMED): (S.ADOPTED, (Do.TAKE_UP,)),
    (S.ORPHANED, E.INHERITED): (S.ADOPTED, (Do.DISOWN, Do.TAKE_UP)),
    (S.ORPHANED, E.NEEDLESS): (S.ENDING, (Do.END,)),
    (S.ADOPTED, E.LOST): (S.ORPHANED, (Do.LET_GO,)),
    (S.ADOPTED, E.RECLAIMED): (S.ADOPTED, (Do.LET_GO, Do.TAKE_UP)),
    (S.ADOPTED, E.INHERITED): (S.ADOPTED, (Do.TURN_AWAY,)),
    (S.ADOPTED, E.ORPHANS_GONE): (S.SERVING, ()),
    (S.ADOPTED, E.TOLD_TO_END): (S.ENDING, (Do.END,)),
}

ABSORBED: Final[dict[Cell, str]] = {
    (S.ORPHANED, E.ORPHANS_GONE): "somebody may come for it still: it waits until it is needless",
    (S.ENDING, E.LOST): "signalling goes at the same time",
    (S.ENDING, E.RECLAIMED): "a visitor reads the end of the channel",
    (S.ENDING, E.INHERITED): "a visitor reads the end of the channel",
    (S.ENDING, E.ORPHANS_GONE): "its calls end with it",
    (S.ENDING, E.NEEDLESS): "it ends already",
    (S.ENDING, E.TOLD_TO_END): "it ends already",
}

IMPOSSIBLE: Final[dict[Cell, str]] = {
    (S.STARTING, E.RECLAIMED): "it has no door yet",
    (S.STARTING, E.INHERITED): "it has no door yet",
    (S.STARTING, E.ORPHANS_GONE): "it has no calls yet",
    (S.STARTING, E.NEEDLESS): "it is looked at when it is an orphan",
    (S.STARTING, E.TOLD_TO_END): "it hears nothing before it is ready",
    (S.SERVING, E.READY): "it is ready once",
    (S.SERVING, E.ORPHANS_GONE): "all its calls are commanded",
    (S.SERVING, E.NEEDLESS): "it is looked at when it is an orphan",
    (S.ORPHANED, E.READY): "it is ready once",
    (S.ORPHANED, E.LOST): "it has no channel",
    (S.ORPHANED, E.TOLD_TO_END): "it has no channel",
    (S.ADOPTED, E.READY): "it is ready once",
    (S.ADOPTED, E.NEEDLESS): "it is looked at when it is an orphan",
    (S.ENDING, E.READY): "it was ready before, or never will be",
}

TABLE: Final = Table(ROWS, ABSORBED, IMPOSSIBLE)
