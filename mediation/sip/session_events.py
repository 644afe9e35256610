"""What an INVITE session tells whoever it works for."""

from dataclasses import dataclass
from typing import Protocol

from mediation.sip.digest_client import GiveUp
from mediation.sip.matching import Failure
from mediation.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class Progressed:
    """A provisional response came, 100 included."""

    response: Response


@dataclass(frozen=True, slots=True)
class Accepted:
    """The first 2xx came, and was acknowledged."""

    response: Response


@dataclass(frozen=True, slots=True)
class AcceptedTooLate:
    """A 2xx crossed the end of our waiting: it was acknowledged, and a BYE was sent."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A final response of 300 or above came."""

    response: Response
    given_up: GiveUp | None = None
    """Why a challenge was not answered, where it is one."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No final response will come."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before we answered."""

    request: Request


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ACK to our 2xx came."""

    ack: Request


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """No ACK came for 64 times T1; a BYE was sent."""


@dataclass(frozen=True, slots=True)
class Reoffered:
    """An INVITE within the session, to be answered by `accept` or `reject`."""

    request: Request


@dataclass(frozen=True, slots=True)
class HungUp:
    """The peer sent BYE."""

    request: Request


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing of the session is left to be done."""


SessionEvent = (
    Progressed
    | Accepted
    | AcceptedTooLate
    | Rejected
    | Failed
    | Cancelled
    | Acknowledged
    | Unacknowledged
    | Reoffered
    | HungUp
    | Closed
)


class SessionUser(Protocol):
    """Who the session works for."""

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Something happened that the user must know."""
