"""The call, as those see it that work for it."""

from typing import Protocol

from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.call_table import Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, LegEvent, Progress
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg, LegUser
from mediation.b2bua.outputs import Level
from mediation.b2bua.seats import Seats
from mediation.routing.admission import Source
from mediation.routing.room import Occupancy
from mediation.routing.routes import Candidate

Given = Cause | Progress | Answered | tuple[Leg, LegEvent] | None
"""What a cue is about: why somebody ends, how far a search has come, who has said what."""


class Principal(LegUser, Protocol):
    """Whoever works for it says so by an attribute `user`: the engine finds by it whose call a bug is to end."""

    id: str
    """Our name for it."""
    phase: Phase
    exchange: Exchange
    seats: Seats
    media: CallMedia
    ledger: Ledger
    occupancy: Occupancy
    open: set[Leg]
    """Legs that are not closed: every attempt is put there."""

    @property
    def source(self) -> Source:
        """Where it comes from."""

    @property
    def is_up(self) -> bool:
        """Whether both seats are taken, and talk."""

    def may_pass(self, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, and takes no bandwidth."""

    def cue(self, cue: Cue, now: float, given: Given = None, by: str = "server") -> None:
        """Something has happened to it; `given` is what it is about, `by` whom it ends if it does."""

    def hear(self, leg: Leg, event: LegEvent, now: float) -> None:
        """A party asks for a change, or answers one, or says something that is for the other one."""

    def note_way(self, now: float) -> None:
        """See whether its audio has left us, or come back."""

    def fact(self, name: str, level: Level = Level.INFO, **fields: object) -> None:
        """Write something down."""
