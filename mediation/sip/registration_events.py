"""What a registration is made of, and what it tells whoever wants it."""

from dataclasses import dataclass

from mediation.sip.flow import Flow
from mediation.sip.registration_answer import Grant


@dataclass(frozen=True, slots=True)
class Registrar:
    """Somebody who takes our registration."""

    name: str
    """For whoever reads the log."""
    flow: Flow


@dataclass(frozen=True, slots=True)
class Intent:
    """Who registers, for how long, and how it bears refusals."""

    address_of_record: str
    """A SIP URI."""
    registrar: str
    """The Request-URI: a SIP URI without a user."""
    contact_user: str
    bulk: bool
    """RFC 6140."""
    expires_s: int
    remove_others: bool
    retry_s: float
    """Base of the rest after failures, as its most is `max_retry_s`."""
    max_retry_s: float
    refused_retry_s: float
    """After a refusal for good; 0: never again."""
    product: str
    """User-Agent; empty: none."""


@dataclass(frozen=True, slots=True)
class Setback:
    """Why a registrar did not do what it was asked for."""

    reason: str
    status: int = 0
    """Its final response; 0: there was none."""
    retry_after_s: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """We are registered, or go on being so."""

    registrar: Registrar
    grant: Grant
    renewed: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A registrar has failed; there may be others."""

    registrar: Registrar
    setback: Setback


@dataclass(frozen=True, slots=True)
class Resting:
    """Every registrar has failed, and in so many seconds they are asked again."""

    setback: Setback
    retry_s: float


@dataclass(frozen=True, slots=True)
class Denied:
    """The ITSP has refused for good; in so many seconds it is asked again, or never (0)."""

    registrar: Registrar
    setback: Setback
    retry_s: float


@dataclass(frozen=True, slots=True)
class Lapsed:
    """We are not registered any more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over; `setback` says why the removal was not confirmed, where that was asked for."""

    setback: Setback | None = None


Tidings = Bound | Left | Resting | Denied | Lapsed | Ended
