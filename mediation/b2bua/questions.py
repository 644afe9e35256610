"""What one party says to the other within a call, INFO and MESSAGE (RFC 6086, RFC 3428), as one leg passes it on."""

from mediation.b2bua.content import NOTHING, Content
from mediation.b2bua.events import Asked, Replied
from mediation.b2bua.voice import Fields, Speaker
from mediation.sip.errand import Outcome
from mediation.sip.matching import Transaction
from mediation.sip.message import Response

CROSSING = ("INFO", "MESSAGE")


class Questions:
    """The peer's questions that wait for an answer, by number, and ours to the peer, by ticket."""

    def __init__(self, user: Speaker) -> None:
        self._waiting: dict[int, Transaction] = {}
        self._count = 0
        self.user = user

    def takes(self, method: str) -> bool:
        """Whether the peer has said that it takes a method; one that has said nothing takes anything."""
        allows = self.user.session.inside.peer_allows
        return not allows or method in allows

    def ask(self, method: str, content: Content, now: float, headers: Fields = ()) -> int:
        """Pass something on to the peer; `Replied` comes back with this ticket."""
        fields = (*headers, *content.headers, *self.user.voice.user_agent)
        return self.user.session.inside.ask(method, now, fields, content.body)

    def reply(self, question: int, status: int, now: float, content: Content = NOTHING) -> None:
        """Answer what the peer has `Asked`."""
        transaction = self._waiting.pop(question, None)
        if transaction is not None:
            fields = (*content.headers, *self.user.voice.server)
            self.user.session.inside.answer(transaction, status, now, fields, content.body)

    def asked(self, transaction: Transaction, now: float) -> None:
        """The peer says something; what nobody across would understand is refused here (RFC 3261 section 8.2.1)."""
        request = transaction.request
        if request.method in CROSSING and self.user.terms.mid_call.info:
            self._count += 1
            self._waiting[self._count] = transaction
            self.user.tell(Asked(self._count, request.method, Content.of(request)), now)
        else:
            allow = (("Allow", self.user.terms.allow),)
            self.user.session.inside.answer(transaction, 405, now, allow)

    def replied(self, ticket: int, outcome: Outcome, now: float) -> None:
        """The peer has answered, or it never will: the same as 408 (RFC 3261 section 8.1.3.1)."""
        answer = outcome if isinstance(outcome, Response) else None
        status, content = (408, NOTHING) if answer is None else (answer.status, Content.of(answer))
        self.user.tell(Replied(ticket, status, content), now)
