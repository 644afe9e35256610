"""What is decided about a request before it belongs to a call: who may call, whom, and whether there is room."""

from mediation.b2bua import causes
from mediation.b2bua.addressee import addressed
from mediation.b2bua.answers import RETRY_AFTER_S
from mediation.b2bua.call import Call
from mediation.b2bua.callers import welcome
from mediation.b2bua.causes import Cause
from mediation.b2bua.circles import Circles
from mediation.b2bua.deciding import Deciding, Decision
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.guard import Guard
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.numbering import inside
from mediation.b2bua.outputs import Fact, Level
from mediation.b2bua.pager import Page
from mediation.b2bua.parts import accept_of, bars
from mediation.b2bua.referrals import Referrals
from mediation.b2bua.replacing import Replacing, leg_of, refusal
from mediation.b2bua.rulings import Rulings
from mediation.b2bua.screening import Refusal, screen
from mediation.routing.admission import Admission, Source
from mediation.routing.numbers import number_of
from mediation.routing.routes import Routing
from mediation.routing.terms import Terms
from mediation.sip.derived import reply
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Transport
from mediation.sip.message import Request
from mediation.sip.replaces import replaces_of
from mediation.sip.transaction_row import Transaction


class Reception:
    """Judges what no call owns yet, and lets calls begin."""

    def __init__(self, exchange: Exchange, admission: Admission, routing: Routing) -> None:
        self._exchange = exchange
        self._agent = exchange.agent
        self._admission = admission
        self._routing = routing
        self._deciding = Deciding(routing, exchange.trunks, exchange.lines)
        self.rulings = Rulings(
            exchange.settings.policy, exchange.agent, self._deciding, exchange.trunks, exchange.emit
        )
        self._referrals = Referrals(self._agent, routing)
        self._guard = Guard(exchange.settings.trunks, exchange.agent.ids)
        self.calls: dict[str, Call] = {}
        """Those that began here and are not over, by our name for them."""
        self._circles = Circles()
        self.closed = False
        """Whether no call may begin any more."""

    def forget(self, call: Call) -> None:
        """A call is over."""
        self._circles.leave(call)
        self.calls.pop(call.id, None)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A new request of a known peer: within a dialog it goes to its owner, outside it is judged."""
        source = self._admission.identify(transaction.source)
        if source is None:
            raise LookupError(transaction.flow.remote)
        terms = self._routing.terms(source)
        try:
            screen(request, terms, secure=transaction.flow.transport is Transport.TLS)
        except Refusal as refusal:
            self._answer(transaction, refusal.status, now, reason=refusal.reason, headers=refusal.headers)
            return
        owner = self._agent.dialog_user(request)
        if owner is not None:
            owner.request_received(transaction, request, now)
        elif request.method == "OPTIONS" and request.to.tag is None:
            self._answer_options(transaction, terms, now, out_of_use=_is_out_of_use(source))
        elif request.method == "INVITE" and request.to.tag is None:
            self._invited(transaction, request, source, now)
        elif request.method == "MESSAGE" and request.to.tag is None:
            self._paged(transaction, request, source, now)
        elif request.method == "REFER" and request.to.tag is None:
            self._answer(transaction, 403, now)  # whoever wants a call placed places it
        else:
            self._answer(transaction, 481, now)

    # what is relayed by its number

    def _is_turned_away(self, transaction: Transaction, request: Request, source: Source, now: float) -> bool:
        """Whether its sender may have nothing relayed: a stranger, a circle, or somebody who must prove who it is."""
        remote = transaction.flow.remote[0]
        if not source.calls:
            self._warn("call.forbidden", remote)
            self._answer(transaction, 403, now)
            return True
        returned = self._agent.layer.returned(request)
        called = addressed(request, source.trunk).uri
        if returned is not None and number_of(returned.request.uri) == number_of(called):
            self._comes_back(transaction, now)
            return True
        challenged = None if source.trunk is None else self._guard.challenge(source.trunk, request, now)
        if challenged is not None:
            if challenged.wrong:
                self._warn("trunk.authentication_failed", remote)
            self._answer(transaction, challenged.status, now, headers=challenged.headers)
        return challenged is not None

    def _comes_back(self, transaction: Transaction, now: float) -> None:
        self._warn("call.looped", transaction.flow.remote[0])
        self._answer(transaction, 482, now)

    def _paged(self, transaction: Transaction, request: Request, source: Source, now: float) -> None:
        """A MESSAGE outside of any call (RFC 3428)."""
        if self._is_turned_away(transaction, request, source, now):
            return
        terms = self._routing.terms(source)
        invitation = self._invitation(request, terms, source)
        source = self._deciding.at_its_sites(source, invitation.request)
        found = self._routing.candidates(source, number_of(invitation.request.uri), now)
        welcomed = welcome(invitation, found)
        routed, refusal = welcomed.candidates, welcomed.refusal
        takers = tuple(each for each in routed if each.terms.mid_call.info)
        candidates = tuple(each for each in takers if not bars(request, terms, each.terms))
        if self.closed or _is_out_of_use(source):
            self._answer(transaction, 503, now)
        elif refusal is not None:
            self._answer(transaction, refusal.status, now, headers=(refusal.header(),))
        elif not routed:
            leads = self._routing.leads_somewhere(source, number_of(invitation.request.uri), now)
            self._answer(transaction, 503 if leads else 404, now)
        elif not takers:
            self._answer(transaction, 405, now, headers=(("Allow", terms.allow_without("MESSAGE")),))
        elif not candidates:
            self._answer(transaction, 415, now, headers=(("Accept", accept_of(terms)),))
        else:
            Page(self._exchange, transaction, welcomed.invitation, candidates, now)

    @staticmethod
    def _invitation(request: Request, terms: Terms, source: Source) -> Invitation:
        """What is asked, with numbers as we write them."""
        ours = inside(addressed(request, source.trunk), terms)
        return Invitation(ours.request, terms, secrets=ours.secrets)

    # an INVITE that begins a dialog

    def _invited(self, transaction: Transaction, request: Request, source: Source, now: float) -> None:
        if self._is_turned_away(transaction, request, source, now):
            return
        if request.headers.has("Replaces"):
            self._replace(transaction, request, source, now)
            return
        terms = self._routing.terms(source)
        decision = self._deciding.decide(self._invitation(request, terms, source), source, now)
        if decision.routed and not decision.candidates:
            # something in the body must be understood, and nobody would get it
            self._answer(transaction, 415, now, headers=(("Accept", accept_of(terms)),))
            return
        found, decision = decision.candidates, self._circles.broken(decision)
        if found and not decision.candidates:
            self._comes_back(transaction, now)
            return
        self._agent.layer.respond(transaction, reply(request, 100), now)
        try:
            call = Call(self._exchange, transaction, decision, self._referrals.begin, self.forget, now)
        except RemoteSipError as error:
            self._answer(transaction, error.status, now, reason=error.reason)
            return
        self.calls[call.id] = call
        self._circles.enter(call, request)
        petition = self.rulings.petition(decision)
        call.setup.begin(lambda: self._obstacle(call, decision, now), petition, now)

    def _replace(self, transaction: Transaction, request: Request, source: Source, now: float) -> None:
        """An INVITE whose sender takes somebody's place (RFC 3891)."""
        try:
            replaces = replaces_of(request)
            leg = None if replaces is None else leg_of(self._agent, replaces)
            status = 400 if replaces is None else refusal(replaces, leg, source)
            if status or leg is None or not isinstance(leg.user, Call):
                self._answer(transaction, 503 if self.closed else status or 481, now)
            else:
                Replacing(leg.user, leg, transaction, now)
        except RemoteSipError as error:
            self._answer(transaction, error.status, now, reason=error.reason)

    def _obstacle(self, call: Call, decision: Decision, now: float) -> Cause | None:
        """Why a call cannot even be tried; None: it can."""
        if self.closed:
            return causes.SHUTDOWN
        if _is_out_of_use(decision.source):
            return causes.TRUNK_OUT_OF_USE
        if (cause := self._deciding.unroutable(decision, now)) is not None:
            return cause
        limit = self._exchange.settings.sip.max_calls
        if limit and self._busy > limit and not decision.is_urgent:
            return causes.NO_ROOM
        return self._deciding.lack(decision, now, call.may_pass)

    @property
    def _busy(self) -> int:
        """Calls that count as such: not those that were refused and hear why."""
        return len(self.calls) - self._exchange.announcer.running

    # answers

    def _answer_options(
        self, transaction: Transaction, terms: Terms, now: float, *, out_of_use: bool
    ) -> None:
        """Say what we take, and whether we take calls now (RFC 3261 section 11.2)."""
        limit = self._exchange.settings.sip.max_calls
        full = bool(limit) and self._busy >= limit
        headers = (
            ("Contact", self._agent.contact(transaction.flow)),
            ("Allow", terms.allow_outside),
            ("Accept", accept_of(terms)),
            ("Accept-Encoding", "identity"),
            ("Supported", ", ".join(terms.option_tags)),
        )
        takes = not (self.closed or full or out_of_use)
        self._answer(transaction, 200 if takes else 503, now, headers=headers)

    def _answer(
        self,
        transaction: Transaction,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        product = self._exchange.settings.sip.user_agent
        if product:
            headers = (*headers, ("Server", product))
        if status == 503:
            headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
        tag = self._agent.ids.tag()
        response = reply(transaction.request, status, to_tag=tag, reason=reason, headers=headers)
        self._agent.layer.respond(transaction, response, now)

    def _warn(self, name: str, source: str) -> None:
        self._exchange.emit(Fact(name, Level.WARNING, {"source": source}))


def _is_out_of_use(source: Source) -> bool:
    """Whether calls come by a trunk that the settings have turned off."""
    return source.trunk is not None and not source.trunk.enabled
