"""Messages outside of calls: each is one transaction on either side, relayed by its number (RFC 3428).

A target that is not reached, or says nothing, or answers with a code of the trunk's list, is left for the next one, as
for a call. One that was only slow may have shown the message all the same: it is better told twice than never.
"""

from mediation.b2bua import causes
from mediation.b2bua.answers import RETRY_AFTER_S
from mediation.b2bua.causes import Cause
from mediation.b2bua.content import Content
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.outputs import Fact, Level
from mediation.b2bua.passage import Lines, Passage, is_clean
from mediation.b2bua.policy import called_uri, invited
from mediation.routing.preference import preferred
from mediation.routing.ready import registered_first
from mediation.routing.routes import Candidate
from mediation.sip.derived import reply
from mediation.sip.dialog import MAX_FORWARDS
from mediation.sip.digest_client import Answer, DigestClient
from mediation.sip.flow import Flow
from mediation.sip.message import Request, Response
from mediation.sip.transaction_row import Failure, Transaction

NO_ANSWER, PATIENCE_OVER = "NO_ANSWER", "PATIENCE_OVER"
PLAIN = "text/plain"
"""What everybody takes (RFC 3428 section 3)."""


class Page:
    """One MESSAGE, from its arrival to the answer to whoever has sent it."""

    def __init__(
        self,
        exchange: Exchange,
        transaction: Transaction,
        invitation: Invitation,
        candidates: tuple[Candidate, ...],
        now: float,
    ) -> None:
        """Send it to the first target. `invitation` says who sends it to whom; its body is the message."""
        self._exchange = exchange
        self._agent = exchange.agent
        self._asked = transaction
        self._invitation = invitation
        self._content = Content.of(invitation.request)
        trunks, draw = exchange.trunks, exchange.agent.ids.between
        self._left = registered_first(preferred(candidates, trunks, draw, now), trunks)
        self._candidate = candidates[0]
        self._digest = DigestClient()
        self._sent: Transaction | None = None
        self._is_answered = False
        self._accept = PLAIN
        timers = self._agent.layer.timers
        # its sender gives up after 64 times T1, and what comes later is heard by nobody (RFC 4320 section 4.2)
        self._agent.deadlines.start((self, PATIENCE_OVER), now + timers.transaction_s - timers.t2_s)
        self._try_next(causes.ALL_TARGETS_DOWN if self._left else causes.NOT_REGISTERED, now)

    # what the layer tells

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """Wait for the final one of the present target, and answer its challenges."""
        if response.status < 200 or transaction is not self._sent or self._is_answered:
            return
        if response.status in (401, 407):
            verdict = self._digest.challenged(
                response,
                transaction.request,
                sequence=transaction.request.cseq.number + 1,
                via=self._agent.via(transaction.flow),
                cnonce=self._agent.ids.cnonce(),
            )
            if isinstance(verdict, Answer):
                self._transmit(verdict.request, transaction.flow, now)
                return
        if response.status == 503:
            self._fails(causes.of_response(response).reason, now)
        else:
            self._exchange.trunks[self._candidate.trunk].call_answered(self._candidate.target, now)
        if response.status < 300:
            self._answer(response.status, now)
            return
        cause = causes.of_response(response)
        if response.status == 415:
            self._accept = ", ".join(filter(is_clean, response.headers.get_all("Accept"))) or PLAIN
        failover = self._candidate.failover
        cause = causes.counted_as(cause, failover.counted(cause.status, cause.said))
        if failover.sends_on(cause.status, cause.said):
            self._try_next(cause, now)
        else:
            self._refuse(cause, now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """The present target is not reached, or has said nothing to the end."""
        if transaction is self._sent and not self._is_answered:
            cause = causes.NO_RESPONSE if failure is Failure.TIMEOUT else causes.UNREACHABLE
            self._fails(cause.reason, now)
            self._try_next(cause, now)

    def timer_fired(self, name: str, now: float) -> None:
        """The present target is too slow, or the sender's patience is about to end."""
        if name == NO_ANSWER and self._left:
            self._fails(causes.NO_RESPONSE.reason, now)
            self._try_next(causes.NO_RESPONSE, now)
        elif name == PATIENCE_OVER:
            self._refuse(causes.NO_RESPONSE, now)

    def _fails(self, reason: str, now: float) -> None:
        self._exchange.trunks[self._candidate.trunk].call_failed(self._candidate.target, reason, now)

    # what is sent

    def _try_next(self, last: Cause, now: float) -> None:
        """Send it to the next target that it is not too large for; `last` is what the one before has said."""
        self._forget()
        while self._left:
            self._candidate = self._left.pop(0)
            flow, request = self._written()
            if self._agent.layer.fits(request, flow):
                self._digest = DigestClient(
                    *([c] if (c := self._candidate.terms.credentials) is not None else [])
                )
                self._agent.deadlines.start((self, NO_ANSWER), now + self._candidate.no_progress_s)
                self._transmit(request, flow, now)
                return
            last = causes.TOO_LARGE
        self._refuse(last, now)

    def _written(self) -> tuple[Flow, Request]:
        """The message in the words that the present target may hear, and the way to it."""
        candidate, request = self._candidate, self._invitation.request
        target, listener = candidate.target, candidate.listener
        flow, host = Flow(target.transport, listener.endpoint, target.endpoint), target.place
        host_and_port = self._agent.names.host_and_port(flow)
        passage = Passage(self._invitation.source, candidate.terms, host_and_port, candidate.caller_id)
        identity, headers = invited(request, passage, self._invitation.secrets)
        numbers = candidate.terms.numbers
        route = self._exchange.trunks[candidate.trunk].service_route(target)
        product = self._exchange.settings.sip.user_agent
        further: Lines = (("User-Agent", product),) if product else ()
        if request.expires is not None:
            further = (("Expires", str(request.expires)), *further)
        return flow, self._agent.request(
            "MESSAGE",
            called_uri(request, host, target.parameter, numbers),
            flow,
            identity=identity,
            destination=f"<{called_uri(request, host, numbers=numbers)}>",
            max_forwards=MAX_FORWARDS if request.max_forwards is None else request.max_forwards - 1,
            headers=(*route, *headers, *further, *self._content.headers),
            body=self._content.body,
            contact=False,  # RFC 3428 section 4
        )

    def _transmit(self, request: Request, flow: Flow, now: float) -> None:
        self._sent = self._agent.layer.send_request(request, flow, self, now)
        self._sent.instead = None  # where no stream takes it, it does not go as a large datagram

    def _refuse(self, cause: Cause, now: float) -> None:
        """No 408: to a request that is no INVITE it would come too late (RFC 4320 section 4.2)."""
        match cause.status:
            case 405:
                self._answer(405, now, (("Allow", self._invitation.source.allow_without("MESSAGE")),))
            case 408:
                self._answer(504, now)
            case 415:  # what a party takes is between the parties
                self._answer(415, now, (("Accept", self._accept),))
            case _:
                self._answer(cause.reply_status, now)

    def _answer(self, status: int, now: float, demanded: Lines = ()) -> None:
        self._forget()
        self._agent.deadlines.stop((self, PATIENCE_OVER))
        self._is_answered = True
        product = self._exchange.settings.sip.user_agent
        headers: Lines = (*demanded, ("Server", product)) if product else demanded
        if status == 503:
            headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
        tag = self._agent.ids.tag()
        self._agent.layer.respond(
            self._asked, reply(self._asked.request, status, to_tag=tag, headers=headers), now
        )
        fields = {"trunk": self._candidate.trunk, "status": status}
        self._exchange.emit(
            Fact("message.relayed" if status < 300 else "message.refused", Level.INFO, fields)
        )

    def _forget(self) -> None:
        """Wait for nothing more of the present target."""
        self._agent.deadlines.stop((self, NO_ANSWER))
        if self._sent is not None and self._sent.awaits_final:
            self._agent.layer.abandon(self._sent)
        self._sent = None
