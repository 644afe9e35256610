"""The call, as those see it that work for it."""

from typing import Protocol

from mediation.b2bua.exchange import Exchange
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg, LegUser
from mediation.b2bua.outputs import Level
from mediation.routing.admission import Source
from mediation.routing.room import Occupancy
from mediation.routing.routes import Candidate


class Principal(LegUser, Protocol):
    """Whoever works for it has it as `user`: so the engine finds whose call a bug is to end."""

    exchange: Exchange
    ledger: Ledger
    occupancy: Occupancy
    open: set[Leg]
    """Legs that are not closed: every attempt is put there."""

    @property
    def source(self) -> Source:
        """Where it comes from."""

    def may_pass(self, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, and takes no bandwidth."""

    def fact(self, name: str, level: Level = Level.INFO, **fields: object) -> None:
        """Write something down."""
