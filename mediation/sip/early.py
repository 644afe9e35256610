"""Reliable provisional responses to one INVITE, over all the early dialogs of its answers (RFC 3262 section 3)."""

from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.message import Request, Response
from mediation.sip.reliable import Due, Numbered, ReliableSender, rack_of
from mediation.sip.transaction import State
from mediation.sip.transaction_row import Transaction


class EarlyUser(Protocol):
    """Whose INVITE is being answered."""

    def prack_missing(self, now: float) -> None:
        """Nobody has acknowledged a response for 64 times T1."""


class EarlyAnswers:
    """Sends reliably, repeats, and knows when a 2xx must wait."""

    def __init__(self, agent: Agent, user: EarlyUser, transaction: Transaction) -> None:
        self._agent = agent
        self._transaction = transaction
        self._senders: dict[str, ReliableSender[Response]] = {}
        """By our To tag: each early dialog numbers its own."""
        self.user = user

    @property
    def holds_2xx(self) -> bool:
        """Whether a session description of ours is not acknowledged yet."""
        return any(sender.holds_2xx for sender in self._senders.values())

    @property
    def used(self) -> bool:
        """Whether anything was sent reliably."""
        return bool(self._senders)

    def send(self, response: Response, now: float) -> None:
        """Send a provisional response so that it arrives; at once, or when the one before is acknowledged."""
        tag = response.to.tag or ""
        sender = self._senders.get(tag)
        if sender is None:
            first = self._agent.ids.sequence_number()
            t1_s = self._agent.layer.timers.t1_s
            sender = self._senders[tag] = ReliableSender(self._transaction.request.cseq, first, t1_s)
        self._transmit(tag, sender.give(response, now, has_session=bool(response.body)), now)

    def acknowledge(self, prack: Request, now: float) -> bool:
        """A PRACK came; False: it matches nothing, and earns 481. RemoteSipError(400) where it cannot be read.

        What waits behind the response is sent by `go_on`, once the PRACK is answered.
        """
        tag = prack.to.tag or ""
        sender = self._senders.get(tag)
        if sender is None or sender.acknowledge(rack_of(prack), now) is None:
            return False
        self._agent.deadlines.stop((self, tag))
        return True

    def go_on(self, prack: Request, now: float) -> None:
        """Send what has waited for this PRACK."""
        tag = prack.to.tag or ""
        self._transmit(tag, self._senders[tag].outstanding, now)

    def close(self) -> None:
        """The final response goes; a PRACK that is on its way still matches."""
        for tag, sender in self._senders.items():
            sender.close()
            self._agent.deadlines.stop((self, tag))

    def timer_fired(self, name: str, now: float) -> None:
        """Repeat, or give up; `name` is the To tag."""
        sender = self._senders[name]
        due = sender.handle_timeout(now)
        if due is Due.GIVE_UP:
            self.user.prack_missing(now)
        elif due is Due.REPEAT:
            self._transmit(name, sender.outstanding, now)

    def _transmit(self, tag: str, numbered: Numbered[Response] | None, now: float) -> None:
        if numbered is None or self._transaction.state is not State.PROCEEDING:
            return
        response = numbered.response
        headers = response.headers.append("Require", "100rel").append("RSeq", str(numbered.rseq))
        self._agent.layer.respond(self._transaction, response.replace(headers=headers), now)
        at = self._senders[tag].next_deadline()
        if at is not None:
            self._agent.deadlines.start((self, tag), at)


def wants_reliability(request: Request) -> tuple[bool, bool]:
    """Whether the sender of an INVITE knows reliable provisional responses, and whether it demands them."""
    demanded = any(tag.lower() == "100rel" for tag in request.require)
    return demanded or any(tag.lower() == "100rel" for tag in request.supported), demanded
