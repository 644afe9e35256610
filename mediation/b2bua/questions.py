"""What one party says to the other within a call, or wants of it, as one leg passes it on.

INFO and MESSAGE (RFC 6086, RFC 3428), REFER and the reports on it, which SUBSCRIBE renews and ends (RFC 3515).
"""

from typing import Protocol

from mediation.b2bua.content import NOTHING, Content
from mediation.b2bua.events import Asked, LegEvent, Referred, Replied, Reported
from mediation.b2bua.parts import accept_of
from mediation.b2bua.voice import Fields, Speaker
from mediation.sip.errand import Outcome
from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Response
from mediation.sip.refer_reports import (
    EXPIRES_S,
    REFER,
    SHORTEST_S,
    EventType,
    StatusFragment,
    SubscriptionState,
)
from mediation.sip.transaction_row import Transaction
from mediation.sip.transfer import refer_to_of, referred_by_of, wants_reports

CROSSING = ("INFO", "MESSAGE")


class Subscription(Protocol):
    """The reports on one REFER of the peer's."""

    def is_called(self, event: EventType) -> bool:
        """Whether an Event names it."""

    def renew(self, expires_s: int, now: float) -> None:
        """Go on for so long, or end where it is 0."""

    def forget(self) -> None:
        """The dialog is over."""


class Questions:
    """The peer's questions that wait for an answer, by number, and ours to the peer, by ticket."""

    def __init__(self, user: Speaker) -> None:
        self._waiting: dict[int, Transaction] = {}
        self._count = 0
        self.referrals = 0
        """REFERs of the peer that were accepted."""
        self.subscriptions: list[Subscription] = []
        """Those of them whose reports the peer still wants."""
        self.user = user

    def takes(self, method: str) -> bool:
        """Whether the peer has said that it takes a method; one that has said nothing takes anything."""
        allows = self.user.session.inside.peer_allows
        return not allows or method in allows

    def lists(self, method: str) -> bool:
        """Whether the peer has said that it takes a method: what is not usual needs its word."""
        return method in self.user.session.inside.peer_allows

    def ask(self, method: str, content: Content, now: float, headers: Fields = ()) -> int:
        """Pass something on to the peer; `Replied` comes back with this ticket."""
        fields = (*headers, *content.headers, *self.user.voice.user_agent)
        return self.user.session.inside.ask(method, now, fields, content.body)

    def reply(self, question: int, status: int, now: float, content: Content = NOTHING) -> None:
        """Answer what the peer has `Asked`. Never by 408, which is for INVITE alone (RFC 4320 section 4.2)."""
        transaction = self._waiting.pop(question, None)
        status = 504 if status == 408 else status
        if transaction is not None:
            demanded = self._demanded(status, transaction.request.method)
            fields = (*demanded, *content.headers, *self.user.voice.server)
            self.user.session.inside.answer(transaction, status, now, fields, content.body)

    def decline(self, event: LegEvent, now: float) -> None:
        """Answer, if it wants an answer, what is for a party that is not there any more."""
        if isinstance(event, Asked | Reported):
            self.reply(event.question, 480, now)

    def refuse_content(self, question: int, now: float) -> None:
        """415: what the peer has said holds something that does not cross (RFC 3261 section 21.4.13)."""
        self.reply(question, 415, now)

    def accept_referral(self, referred: Referred, now: float) -> None:
        """202: somebody else will be called (RFC 3515 section 2.4.4, RFC 4488 section 4)."""
        transaction = self._waiting.pop(referred.question, None)
        if transaction is not None:
            fields = () if referred.wants_reports else (("Refer-Sub", "false"),)
            self.user.session.inside.answer(transaction, 202, now, (*fields, *self.user.voice.server))

    def asked(self, transaction: Transaction, now: float) -> None:
        """The peer says something; what nobody across would understand is refused here (RFC 3261 section 8.2.1)."""
        request = transaction.request
        inside, server = self.user.session.inside, self.user.voice.server
        try:
            if request.method in CROSSING and request.method in self.user.terms.allow:
                content = Content.of(request)
                self.user.tell(Asked(self._keep(transaction), request.method, content), now)
            elif request.method == "OPTIONS":
                accept = (("Accept", accept_of(self.user.terms)), ("Accept-Encoding", "identity"))
                inside.answer(transaction, 200, now, (*self.user.voice.abilities, *accept, *server))
            elif request.method == "REFER":
                self._referred(transaction, now)
            elif request.method == "NOTIFY":
                self._notified(transaction, now)
            elif request.method == "SUBSCRIBE":
                self._subscribed(transaction, now)
            else:
                inside.answer(transaction, 405, now, (*self._demanded(405, request.method), *server))
        except RemoteSipError as error:
            inside.answer(transaction, error.status, now, server)

    def _demanded(self, status: int, method: str) -> Fields:
        """What a refusal must say beside its status (RFC 3261 sections 21.4.6 and 21.4.13)."""
        if status == 405:
            return (
                ("Allow", ", ".join(each for each in self.user.terms.allow.split(", ") if each != method)),
            )
        return (("Accept", accept_of(self.user.terms)),) if status == 415 else ()

    def _keep(self, transaction: Transaction) -> int:
        """Let a request wait for the user's answer; its number."""
        self._count += 1
        self._waiting[self._count] = transaction
        return self._count

    def _referred(self, transaction: Transaction, now: float) -> None:
        """A REFER (RFC 3515 section 2.4.1). Raises RemoteSipError where it cannot be read."""
        request = transaction.request
        refer_to, referrer, reports = refer_to_of(request), referred_by_of(request), wants_reports(request)
        by = "" if referrer is None else str(referrer)
        sequence = request.cseq.number
        self.user.tell(Referred(self._keep(transaction), refer_to, by, reports, sequence), now)

    def _notified(self, transaction: Transaction, now: float) -> None:
        """A report on a REFER that we have passed on, if any (RFC 3515 section 2.4.4). Raises RemoteSipError."""
        request = transaction.request
        event = EventType.parse(request.headers.get("Event") or "")
        if not self._knows(event, transaction, now):
            return
        state = SubscriptionState.parse(request.headers.get("Subscription-State") or "")
        status = StatusFragment.parse(request.body).status
        self.user.tell(Reported(self._keep(transaction), status, state.is_over), now)

    def _subscribed(self, transaction: Transaction, now: float) -> None:
        """The peer renews or ends the reports on a REFER of its: it cannot begin any. Raises RemoteSipError.

        RFC 6665 section 4.2.1, RFC 3515 section 2.4.4.
        """
        request, inside = transaction.request, self.user.session.inside
        event = EventType.parse(request.headers.get("Event") or "")
        if not self._knows(event, transaction, now):
            return
        expires_s = EXPIRES_S if request.expires is None else min(request.expires, EXPIRES_S)
        subscription = next((each for each in self.subscriptions if each.is_called(event)), None)
        server = self.user.voice.server
        if subscription is None:
            inside.answer(transaction, 481, now, server)
        elif 0 < expires_s < SHORTEST_S:
            inside.answer(transaction, 423, now, (("Min-Expires", str(SHORTEST_S)), *server))
        else:
            inside.answer(transaction, 200, now, (("Expires", str(expires_s)), *server))
            subscription.renew(expires_s, now)

    def _knows(self, event: EventType, transaction: Transaction, now: float) -> bool:
        """Whether a request is about a REFER; else it hears what may be asked about (RFC 6665 section 8.3.2)."""
        if event.package != REFER:
            allowed = (("Allow-Events", REFER), *self.user.voice.server)
            self.user.session.inside.answer(transaction, 489, now, allowed)
        return event.package == REFER

    def end(self) -> None:
        """The dialog is over, and what ran in it."""
        for subscription in self.subscriptions:
            subscription.forget()
        self.subscriptions.clear()

    def replied(self, ticket: int, outcome: Outcome, now: float) -> None:
        """The peer has answered, or it never will: the same as 408 (RFC 3261 section 8.1.3.1)."""
        answer = outcome if isinstance(outcome, Response) else None
        status, content = (408, NOTHING) if answer is None else (answer.status, Content.of_answer(answer))
        self.user.tell(Replied(ticket, status, content), now)
