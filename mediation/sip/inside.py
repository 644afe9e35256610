"""What is asked within a session beside INVITE, ACK, BYE and PRACK, both ways, and the timer that keeps it alive.

RFC 3261 section 12.2, RFC 3311 (UPDATE), RFC 4028 (session timers), RFC 6086 (INFO) and their like. The session itself
(`invite`) knows the life of the dialog; this room knows who has asked whom for what in it.
"""

from collections.abc import Callable
from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.change import Change, Changed, ChangeDue, ChangeEvent, ChangeLost, ChangeMet, ChangeRefused
from mediation.sip.change import State as ChangeState
from mediation.sip.contents import describes_session
from mediation.sip.derived import reply
from mediation.sip.digest_client import DigestClient
from mediation.sip.errand import Errand, Extra, Outcome, is_lost
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.message import Request, Response
from mediation.sip.session_dialogs import SessionDialogs
from mediation.sip.session_events import (
    Asked,
    RefreshDue,
    ReofferDue,
    ReofferMet,
    ReofferRefused,
    ReofferTaken,
    Replied,
    SessionEvent,
)
from mediation.sip.session_timer import SessionTimer, TimerAnswer, TimerPolicy, TimerRefusal
from mediation.sip.transaction import State
from mediation.sip.transaction_row import Failure, Transaction

RETRY_AFTER_S = 5
"""What a 500 of ours asks for whose request crosses one that is not answered yet: 0 to 10 (RFC 3311 section 5.2)."""
REFRESH_DUE, EXPIRED = "REFRESH_DUE", "EXPIRED"
NO_SUCH_METHOD = (405, 501)


Offer = Callable[[], bytes]
"""Says once more what we have said last: to be called when it goes out, and no sooner."""


class Session(Protocol):
    """The session that all this happens in."""

    flow: Flow
    dialogs: SessionDialogs

    @property
    def reoffer_waits(self) -> bool:
        """Whether an INVITE of the peer's is being answered, or its 2xx waits for the ACK."""

    def tell(self, event: SessionEvent, now: float) -> None:
        """Tell the session's user."""

    def lost(self, outcome: Outcome, now: float) -> None:
        """The peer does not know the dialog any more, or is gone."""

    def refresh_due(self, now: float) -> None:
        """Half of the session interval is over."""

    def expired(self, now: float) -> None:
        """Nobody has refreshed the session."""

    def acknowledge(self, errand: Errand, response: Response) -> None:
        """Send the ACK to a 2xx of a later INVITE of ours."""


class Inside:
    """Questions, answers, changes and the timer of one session."""

    def __init__(
        self, agent: Agent, session: Session, digest: DigestClient, policy: TimerPolicy, *, owns_call_id: bool
    ) -> None:
        self._agent = agent
        self._digest = digest
        self._questions: list[Transaction] = []
        """Requests of the peer that wait for the user's answer."""
        self._asks: dict[Errand, int] = {}
        """Requests of ours that wait for the peer's, by errand: their tickets."""
        self._tickets = 0
        self._refreshing: Offer | None = None
        """While what we ask for or wait with is a mere refresh; else None."""
        self.user = session
        self.timer = SessionTimer(policy)
        self.change = Change(agent, self, owns_call_id=owns_call_id)
        self.peer_allows: frozenset[str] = frozenset()
        """Methods that the peer has named in its latest Allow."""

    # the peer's

    def heed(self, message: Request | Response) -> None:
        """Learn from a message what the peer takes."""
        if allow := message.allow:
            self.peer_allows = frozenset(method.upper() for method in allow)

    def take(self, transaction: Transaction, request: Request, now: float) -> None:
        """A request within the dialog that is none of the session's own."""
        self.heed(request)
        if request.method == "UPDATE":
            answer = self.judge(transaction, now)
            if answer is None:
                return
            if not describes_session(request):
                self._update_accepted(transaction, answer, now)
                return
            if self.change.is_offering:  # RFC 3311 section 5.2
                self.reply(transaction, 491, now)
                return
        self.hold(transaction)
        self.user.tell(Asked(transaction), now)

    def judge(self, transaction: Transaction, now: float) -> TimerAnswer | None:
        """What the session interval that a request asks for earns; None: the request was refused because of it."""
        try:
            return self.timer.judge(transaction.request)
        except TimerRefusal as refusal:
            self.reply(transaction, refusal.status, now, refusal.headers)
        except RemoteSipError as error:
            self.reply(transaction, error.status, now, reason=error.reason)
        return None

    def hold(self, transaction: Transaction) -> None:
        """The user must answer this request."""
        self._questions.append(transaction)

    def answer(
        self, transaction: Transaction, status: int, now: float, headers: Extra = (), body: bytes = b""
    ) -> None:
        """Answer a request that was `Asked`; nothing happens where it was answered already."""
        if transaction not in self._questions:
            return
        self._questions.remove(transaction)
        method = transaction.request.method
        if method == "UPDATE" and status < 300:
            self._update_accepted(transaction, self.timer.judge(transaction.request), now, headers, body)
        elif method in ("REFER", "SUBSCRIBE") and status < 300:
            if method == "SUBSCRIBE":
                self._refresh_target(transaction.request)
            self.reply(transaction, status, now, (*self._place(), *headers), body)
        else:
            self.reply(transaction, status, now, headers, body)

    def _update_accepted(
        self,
        transaction: Transaction,
        answer: TimerAnswer,
        now: float,
        headers: Extra = (),
        body: bytes = b"",
    ) -> None:
        self._refresh_target(transaction.request)
        self.reply(transaction, 200, now, (*self._place(), *answer.headers, *headers), body)
        self.adopt(answer, now)

    def _refresh_target(self, request: Request) -> None:
        """Requests that say where the peer is from now on: UPDATE and SUBSCRIBE (RFC 3311, RFC 6665)."""
        dialog = self.user.dialogs.of(request)
        if dialog is not None:
            dialog.refresh_target(request)

    def _place(self) -> Extra:
        return (("Contact", self._agent.contact(self.user.flow)),)

    def reply(
        self,
        transaction: Transaction,
        status: int,
        now: float,
        headers: Extra = (),
        body: bytes = b"",
        reason: str = "",
    ) -> None:
        """Answer a request of the peer's, unless it was answered."""
        if transaction.state in (State.TRYING, State.PROCEEDING):
            tag = self.user.dialogs.local_tag
            response = reply(
                transaction.request, status, to_tag=tag, reason=reason, headers=headers, body=body
            )
            self._agent.layer.respond(transaction, response, now)

    # ours

    def ask(self, method: str, now: float, headers: Extra = (), body: bytes = b"") -> int:
        """Send any request of ours; its ticket comes back with `Replied`."""
        self._tickets += 1
        errand = self._errand()
        self._asks[errand] = self._tickets
        needs_contact = method in ("REFER", "NOTIFY", "SUBSCRIBE")  # RFC 3515 section 2.2, RFC 6665 section 4
        place = self._agent.contact(self.user.flow) if needs_contact else ""
        errand.send(method, now, contact=place, headers=headers, body=body)
        return self._tickets

    def reoffer(
        self,
        now: float,
        body: bytes,
        headers: Extra = (),
        *,
        method: str = "INVITE",
        tries_again: bool = True,
    ) -> None:
        """Ask for a change by INVITE (or by UPDATE, in an early dialog): one at a time."""
        self._refreshing = None
        self._send_change(method, now, headers, body, tries_again=tries_again)

    def refresh(self, now: float, offer: Offer, headers: Extra = ()) -> None:
        """Keep the session alive: by UPDATE without a body where the peer takes it, else by an INVITE.

        RFC 4028 section 7.4; an INVITE offers what we said last, so that nothing changes. One that would cross a
        request of theirs waits. A change that is under way, or waits, is a refresh itself.
        """
        if self.change.state is not ChangeState.QUIET:
            return
        self._refreshing = offer
        if self.user.reoffer_waits:
            self.change.postpone(now)
        elif "UPDATE" in self.peer_allows:
            self._send_change("UPDATE", now, headers, b"")
        else:
            self._send_change("INVITE", now, headers, offer())

    def _send_change(
        self, method: str, now: float, headers: Extra, body: bytes, *, tries_again: bool = True
    ) -> None:
        content = (("Content-Type", "application/sdp"),) if body else ()
        self.change.ask(
            self._errand(),
            method,
            now,
            contact=self._agent.contact(self.user.flow),
            headers=(*headers, *self.timer.request_headers(), *content),
            body=body,
            tries_again=tries_again,
        )

    def _errand(self) -> Errand:
        dialogs = self.user.dialogs
        return Errand(self._agent, self, dialogs.asking, dialogs.way(dialogs.asking), self._digest)

    def errand_done(self, errand: Errand, outcome: Outcome, now: float) -> None:
        """The peer has answered, or never will."""
        ticket = self._asks.pop(errand, None)
        if ticket is not None:
            self.user.tell(Replied(ticket, outcome), now)
            if (
                is_lost(outcome) and errand.method != "NOTIFY"
            ):  # that ends its subscription only (RFC 5057 section 5.1)
                self.user.lost(outcome, now)
            return
        if not isinstance(outcome, Failure):
            self.heed(outcome)
            if outcome.status == 422 and self.timer.read_422(errand.request, outcome):
                self._ask_for_longer(errand, now)
                return
            if outcome.status in NO_SUCH_METHOD and errand.method == "UPDATE":
                self.peer_allows -= {"UPDATE"}
            if outcome.status < 300:
                errand.dialog.refresh_target(outcome)
                self.agreed(errand.request, outcome, now)
        self.change.errand_done(errand, outcome, now)

    def _ask_for_longer(self, errand: Errand, now: float) -> None:
        """The same once more, with the interval that the peer puts up with (RFC 4028 section 7.3)."""
        old = errand.request
        kept = tuple(
            (name, value)
            for name, value in old.headers.items()
            if name
            in (
                "Allow",
                "Supported",
                "Content-Type",
                "User-Agent",
                "Session-ID",
                "P-Asserted-Identity",
                "Remote-Party-ID",
                "Privacy",
            )
        )
        errand.send(
            old.method,
            now,
            contact=self._agent.contact(self.user.flow),
            headers=(*kept, *self.timer.request_headers()),
            body=old.body,
        )

    # what becomes of a change (mediation.sip.change.ChangeUser)

    def change_event(self, event: ChangeEvent, now: float) -> None:
        """Tell the user of a change; a refresh is nobody's business but ours."""
        match event:
            case ChangeLost(outcome):
                self.user.lost(outcome, now)
            case ChangeMet(method):
                if method == "INVITE":
                    self.user.tell(ReofferMet(), now)
            case ChangeDue():
                due = ReofferDue() if self._refreshing is None else RefreshDue()
                self.user.tell(due, now)
            case Changed(response):
                self._refreshing = None
                if response.cseq.method == "INVITE":
                    self.user.tell(ReofferTaken(response), now)
            case ChangeRefused(response):
                offer, self._refreshing = self._refreshing, None
                if offer is not None and response.cseq.method == "UPDATE":
                    self._refreshing = offer
                    self._send_change("INVITE", now, (), offer())
                elif response.cseq.method == "INVITE":
                    self.user.tell(ReofferRefused(response), now)

    def acknowledge(self, errand: Errand, response: Response) -> None:
        """Pass on."""
        self.user.acknowledge(errand, response)

    # the timer

    def adopt(self, answer: TimerAnswer, now: float) -> None:
        """A 2xx of ours to INVITE or UPDATE has gone."""
        self.timer.adopt(answer)
        self._restart(now)

    def agreed(self, request: Request, response: Response, now: float) -> None:
        """A 2xx to an INVITE or UPDATE of ours has come."""
        self.timer.read_2xx(request, response)
        self._restart(now)

    def _restart(self, now: float) -> None:
        deadlines = self._agent.deadlines
        deadlines.stop((self, REFRESH_DUE))
        deadlines.stop((self, EXPIRED))
        running = self.timer.running
        if running is None:
            return
        deadlines.start((self, EXPIRED), now + running.expires_after_s)
        if running.refresh_after_s is not None:
            deadlines.start((self, REFRESH_DUE), now + running.refresh_after_s)

    def timer_fired(self, name: str, now: float) -> None:
        """A timer is due."""
        if name == EXPIRED:
            self.user.expired(now)
        else:
            self.user.refresh_due(now)

    def end(self, now: float) -> None:
        """The session ends: questions that were not answered are (RFC 3261 section 15.1.2), nothing more is asked."""
        for transaction in self._questions:
            self.reply(transaction, 487, now)
        self._questions.clear()
        self._agent.deadlines.stop((self, REFRESH_DUE))
        self._agent.deadlines.stop((self, EXPIRED))
        self.change.end(now)
