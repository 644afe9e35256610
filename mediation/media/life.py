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

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


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


Step = tuple[State, tuple[Do, ...]]

LIFE: Final[Mapping[tuple[State, Event], Step]] = {
    (State.STARTING, Event.READY): (State.SERVING, (Do.SAY_READY,)),
    (State.STARTING, Event.LOST): (State.ENDING, (Do.END,)),
    (State.SERVING, Event.LOST): (State.ORPHANED, (Do.LET_GO,)),
    (State.SERVING, Event.RECLAIMED): (State.SERVING, (Do.LET_GO, Do.TAKE_UP)),
    (State.SERVING, Event.INHERITED): (State.SERVING, (Do.TURN_AWAY,)),
    (State.SERVING, Event.TOLD_TO_END): (State.ENDING, (Do.END,)),
    (State.ORPHANED, Event.RECLAIMED): (State.ADOPTED, (Do.TAKE_UP,)),
    (State.ORPHANED, Event.INHERITED): (State.ADOPTED, (Do.DISOWN, Do.TAKE_UP)),
    (State.ORPHANED, Event.NEEDLESS): (State.ENDING, (Do.END,)),
    (State.ADOPTED, Event.LOST): (State.ORPHANED, (Do.LET_GO,)),
    (State.ADOPTED, Event.RECLAIMED): (State.ADOPTED, (Do.LET_GO, Do.TAKE_UP)),
    (State.ADOPTED, Event.INHERITED): (State.ADOPTED, (Do.TURN_AWAY,)),
    (State.ADOPTED, Event.ORPHANS_GONE): (State.SERVING, ()),
    (State.ADOPTED, Event.TOLD_TO_END): (State.ENDING, (Do.END,)),
}

ABSORBED: Final[Mapping[tuple[State, Event], str]] = {
    (State.ORPHANED, Event.ORPHANS_GONE): "somebody may come for it still: it waits until it is needless",
    (State.ENDING, Event.LOST): "signalling goes at the same time",
    (State.ENDING, Event.RECLAIMED): "a visitor reads the end of the channel",
    (State.ENDING, Event.INHERITED): "a visitor reads the end of the channel",
    (State.ENDING, Event.ORPHANS_GONE): "its calls end with it",
    (State.ENDING, Event.NEEDLESS): "it ends already",
    (State.ENDING, Event.TOLD_TO_END): "it ends already",
}

IMPOSSIBLE: Final[Mapping[tuple[State, Event], str]] = {
    (State.STARTING, Event.RECLAIMED): "it has no door yet",
    (State.STARTING, Event.INHERITED): "it has no door yet",
    (State.STARTING, Event.ORPHANS_GONE): "it has no calls yet",
    (State.STARTING, Event.NEEDLESS): "it is looked at when it is an orphan",
    (State.STARTING, Event.TOLD_TO_END): "it hears nothing before it is ready",
    (State.SERVING, Event.READY): "it is ready once",
    (State.SERVING, Event.ORPHANS_GONE): "all its calls are commanded",
    (State.SERVING, Event.NEEDLESS): "it is looked at when it is an orphan",
    (State.ORPHANED, Event.READY): "it is ready once",
    (State.ORPHANED, Event.LOST): "it has no channel",
    (State.ORPHANED, Event.TOLD_TO_END): "it has no channel",
    (State.ADOPTED, Event.READY): "it is ready once",
    (State.ADOPTED, Event.NEEDLESS): "it is looked at when it is an orphan",
    (State.ENDING, Event.READY): "it was ready before, or never will be",
}


def step(state: State, event: Event) -> Step:
    """What it is next, and what to do. ValueError: that cannot happen then."""
    if (state, event) in ABSORBED:
        return state, ()
    try:
        return LIFE[state, event]
    except KeyError:
        raise ValueError(f"{event.name} while {state.name}: {IMPOSSIBLE[state, event]}") from None
