"""What the user of an INVITE session is told, act by act of `session_table`."""

from mediation.sip.digest_client import GiveUp
from mediation.sip.errors import LocalSipError
from mediation.sip.message import Request, Response
from mediation.sip.session_events import (
    Accepted,
    AcceptedTooLate,
    Acknowledged,
    Cancelled,
    Expired,
    Failed,
    HungUp,
    Lost,
    PrackMissing,
    Progressed,
    RefreshDue,
    Rejected,
    ReofferCancelled,
    SessionEvent,
    Unacknowledged,
)
from mediation.sip.session_table import Act
from mediation.sip.transaction_row import Failure, Transaction


def tidings(act: Act, given: object, given_up: GiveUp | None = None) -> SessionEvent:
    """The event that an act tells, made of what the cue has given; `given_up`: why a challenge was not answered.

    LocalSipError where the two do not belong together.
    """
    match act, given:
        case Act.TELL_PROGRESS, Response() as response:
            return Progressed(response)
        case Act.TELL_ACCEPTED, Response() as response:
            return Accepted(response)
        case Act.TELL_TOO_LATE, _:
            return AcceptedTooLate()
        case Act.TELL_REJECTED, Response() as response:
            return Rejected(response, given_up)
        case Act.TELL_FAILED, Failure() as failure:
            return Failed(failure)
        case Act.TELL_CANCELLED, Transaction() as transaction:
            return Cancelled(transaction.request)
        case Act.TELL_CANCELLED, Request() as request:
            return Cancelled(request)
        case Act.TELL_HUNG_UP, Transaction() as transaction:
            return HungUp(transaction.request)
        case Act.TELL_ACKNOWLEDGED, Request() as ack:
            return Acknowledged(ack)
        case Act.TELL_UNACKNOWLEDGED, _:
            return Unacknowledged()
        case Act.TELL_REOFFER_CANCELLED, _:
            return ReofferCancelled()
        case Act.TELL_PRACK_MISSING, _:
            return PrackMissing()
        case Act.TELL_LOST, (Response() | Failure()) as outcome:
            return Lost(outcome)
        case Act.TELL_REFRESH_DUE, _:
            return RefreshDue()
        case Act.TELL_EXPIRED, _:
            return Expired()
        case _:
            raise LocalSipError(f"{act.name} cannot be done with {type(given).__name__}")
