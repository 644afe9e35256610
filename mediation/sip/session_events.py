"""What an INVITE session tells whoever it works for."""

from dataclasses import dataclass
from typing import Protocol

from mediation.sip.digest_client import GiveUp
from mediation.sip.errand import Outcome
from mediation.sip.message import Request, Response
from mediation.sip.transaction_row import Failure, Transaction


@dataclass(frozen=True, slots=True)
class Progressed:
    """A provisional response came, 100 included."""

    response: Response


@dataclass(frozen=True, slots=True)
class Pracked:
    """A reliable provisional response of ours was acknowledged by a PRACK that holds a body: to be answered."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class PrackMissing:
    """Nobody has acknowledged a reliable provisional response for 64 times T1; the INVITE was refused with 504."""


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
class ReofferCancelled:
    """The peer has taken its later INVITE back, and heard 487: nothing changes."""


@dataclass(frozen=True, slots=True)
class ReofferTaken:
    """A later INVITE of ours was accepted, and acknowledged."""

    response: Response


@dataclass(frozen=True, slots=True)
class ReofferRefused:
    """A later INVITE of ours was refused: the session is as it was (RFC 3261 section 14.1)."""

    response: Response


@dataclass(frozen=True, slots=True)
class ReofferMet:
    """An INVITE of ours has met one of the peer's and is withdrawn; `ReofferDue` follows (section 14.1)."""


@dataclass(frozen=True, slots=True)
class ReofferDue:
    """A later INVITE of ours had met one of theirs, or had to wait; now it may be sent, if it is still wanted."""


@dataclass(frozen=True, slots=True)
class RefreshDue:
    """The session must be refreshed, by `refresh`."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody has refreshed the session in time; a BYE was sent (RFC 4028 section 10)."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The peer does not answer within the dialog, or does not know it any more; the session is being ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """A request within the dialog, UPDATE with an offer included: to be answered by `answer`."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class Replied:
    """What became of a request of ours."""

    ticket: int
    """What `ask` has returned."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HungUp:
    """The peer sent BYE."""

    request: Request


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing of the session is left to be done."""


SessionEvent = (
    Progressed
    | Pracked
    | PrackMissing
    | Accepted
    | AcceptedTooLate
    | Rejected
    | Failed
    | Cancelled
    | Acknowledged
    | Unacknowledged
    | Reoffered
    | ReofferCancelled
    | ReofferTaken
    | ReofferRefused
    | ReofferMet
    | ReofferDue
    | RefreshDue
    | Expired
    | Lost
    | Asked
    | Replied
    | HungUp
    | Closed
)


class SessionUser(Protocol):
    """Who the session works for."""

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Something happened that the user must know."""
