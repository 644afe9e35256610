"""What an INVITE session does, act by act of `session_table`: which part of it, with what the cue has given."""

from collections.abc import Callable

from mediation.sip.answering import Answering
from mediation.sip.asking import Asking
from mediation.sip.farewell import Farewell
from mediation.sip.inside import RETRY_AFTER_S, Inside
from mediation.sip.message import Request, Response
from mediation.sip.session_events import Reoffered, SessionEvent
from mediation.sip.session_table import Act
from mediation.sip.session_tidings import tidings
from mediation.sip.transaction_row import Transaction


class SessionActs:
    """Those of one session."""

    def __init__(
        self,
        answering: Answering,
        asking: Asking,
        inside: Inside,
        farewell: Farewell,
        tell: Callable[[SessionEvent, float], None],
    ) -> None:
        """`tell` tells the session's user."""
        self._answering = answering
        self._asking = asking
        self._inside = inside
        self._farewell = farewell
        self._tell = tell

    def perform(self, act: Act, given: object, now: float) -> None:
        """Do it. Raises LocalSipError where the cue has not given what the act needs."""
        match act, given:
            case Act.SEND_RESPONSE, (Response() as response, bool() as reliable):
                self._answering.respond(response, now, reliable=reliable)
            case Act.SEND_RESPONSE, Response() as response:
                self._answering.respond(response, now)
            case ((Act.SEND_487 | Act.SEND_504), _):
                status = int(act.name[-3:])
                response = self._answering.compose(status, headers=self._farewell.headers)
                self._answering.respond(response, now)
            case ((Act.SEND_200 | Act.SEND_481 | Act.SEND_491), Transaction() as transaction):
                self._inside.reply(transaction, int(act.name[-3:]), now)
            case Act.SEND_500, Transaction() as transaction:
                self._inside.reply(transaction, 500, now, (("Retry-After", str(RETRY_AFTER_S)),))
            case Act.DROP_REOFFER, _:
                self._answering.drop(now)
            case Act.BEGIN_REPEATING, _:
                self._answering.begin_repeating(now)
            case Act.REPEAT, _:
                self._answering.repeat(now)
            case Act.STOP_REPEATING, _:
                self._answering.stop_repeating()
            case Act.LEAVE_2XX, _:
                self._answering.leave(now)
            case ((Act.SEND_ACK | Act.REPEAT_ACK), Response() as response):
                self._asking.acknowledge(response)
            case Act.END_FORK, Response() as response:
                self._asking.end_fork(response, now)
            case Act.SEND_CANCEL, _:
                self._asking.cancel(self._farewell.headers, now)
            case Act.SEND_BYE, _:
                self._farewell.say(now)
            case Act.SEND_AGAIN, Request() as request:
                self._asking.send(request, now)
            case Act.START_GIVE_UP, _:
                self._farewell.start_give_up(now)
            case Act.STOP_GIVE_UP, _:
                self._farewell.stop_give_up()
            case Act.TELL_REOFFERED, Transaction() as transaction:
                if self._answering.take(transaction, now):
                    self._tell(Reoffered(transaction.request), now)
            case _:
                self._tell(tidings(act, given, self._asking.given_up), now)
