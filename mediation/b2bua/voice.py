"""What a leg says of itself in all that it sends, and what its parts know of it."""

from dataclasses import dataclass
from typing import Protocol

from mediation.b2bua.causes import Cause
from mediation.b2bua.descriptions import Descriptions
from mediation.b2bua.events import LegEvent
from mediation.b2bua.scribe import Scribe
from mediation.routing.terms import Terms
from mediation.sdp.errors import NotAcceptable
from mediation.sip.invite import InviteSession

Fields = tuple[tuple[str, str], ...]
"""Header fields: names and values."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Header fields for each kind of message."""

    allow: str
    option_tags: tuple[str, ...]
    product: str
    """Empty: we do not say who we are."""
    place: str
    """Our host and port, as the peer knows them."""
    session: Fields = ()
    """Session-ID, once both parties are known: with all that is said from then on (RFC 7989 section 5)."""

    identity: Fields = ()
    """Who the party across is, once it is another one than at first: in what asks for a change (RFC 3325 section 5)."""

    @property
    def changing(self) -> Fields:
        """For requests that change or refresh the session."""
        return (*self.abilities, *self.identity, *self.user_agent)

    @property
    def abilities(self) -> Fields:
        """What we take and know, in every INVITE and in every 18x and 2xx to one (RFC 3261 section 20.5 and 20.37)."""
        supported = (("Supported", ", ".join(self.option_tags)),) if self.option_tags else ()
        return (("Allow", self.allow), *supported)

    @property
    def user_agent(self) -> Fields:
        """For requests (RFC 3261 section 20.41)."""
        return (*self.session, ("User-Agent", self.product)) if self.product else self.session

    @property
    def server(self) -> Fields:
        """For responses (RFC 3261 section 20.35)."""
        return (*self.session, ("Server", self.product)) if self.product else self.session

    def missing(self, error: NotAcceptable) -> tuple[str, str]:
        """A Warning header that says what is missing (RFC 3261 section 20.43)."""
        return "Warning", f'{error.warning} {self.place} "{error.reason}"'


class Speaker(Protocol):
    """The leg, as its parts see it."""

    terms: Terms
    voice: Voice
    session: InviteSession
    scribe: Scribe
    said: Descriptions

    def tell(self, event: LegEvent, now: float) -> None:
        """Tell the call."""

    def hang_up(self, cause: Cause, now: float) -> None:
        """End the leg in whatever way its stage allows."""
