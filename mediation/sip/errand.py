"""One request of ours within a dialog: sent again when it is challenged, until it has its final response.

RFC 3261 sections 12.2.1 and 22.1. BYE, PRACK, UPDATE, INFO, REFER and their like go out as errands, and so does a later
INVITE: its ACK is its owner's business.
"""

from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import Answer, DigestClient
from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow
from mediation.sip.message import Request, Response
from mediation.sip.transaction_row import Failure, Transaction

Extra = tuple[tuple[str, str], ...]
"""Further header fields of a message: names and values."""
Outcome = Response | Failure
"""What becomes of a request: its final response, or none."""

LOST_STATUSES = frozenset({408, 481})
"""Answers to any request within a dialog that say that the dialog is gone (RFC 3261 section 12.2.1.2)."""


class ErrandUser(Protocol):
    """Who sends out an errand."""

    def errand_done(self, errand: "Errand", outcome: Outcome, now: float) -> None:
        """The final response came, or none will; of an INVITE each repetition of its 2xx is told."""


class Errand:
    """A request within `dialog`, by the flow that leads to its next hop."""

    __slots__ = ("_agent", "_digest", "_flow", "_transaction", "dialog", "method", "user")

    def __init__(
        self, agent: Agent, user: ErrandUser, dialog: Dialog, flow: Flow, digest: DigestClient
    ) -> None:
        self._agent = agent
        self._digest = digest
        self._flow = flow
        self._transaction: Transaction | None = None
        self.user = user
        self.dialog = dialog
        self.method = ""

    def send(
        self, method: str, now: float, *, contact: str = "", headers: Extra = (), body: bytes = b""
    ) -> None:
        """Send it; with credentials where the peer has asked for them before."""
        self.method = method
        request = self.dialog.request(
            method, via=self._agent.via(self._flow), contact=contact, extra=headers, body=body
        )
        self._transmit(self._digest.authorize(request), now)

    @property
    def request(self) -> Request:
        """The request as it was sent last."""
        return self._sent.request

    @property
    def transaction(self) -> Transaction:
        """The one of the request as it was sent last."""
        return self._sent

    def forget(self) -> None:
        """Wait for nothing any more."""
        if self._transaction is not None and self._transaction.awaits_final:
            self._agent.layer.abandon(self._transaction)

    # what the layer tells

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """Wait for the final one, and answer challenges on the way. What a CANCEL of it hears is nothing."""
        if response.status < 200 or transaction is not self._transaction:
            return
        if response.status in (401, 407):
            verdict = self._digest.challenged(
                response,
                transaction.request,
                sequence=self.dialog.local_sequence + 1,
                via=self._agent.via(self._flow),
                cnonce=self._agent.ids.cnonce(),
            )
            if isinstance(verdict, Answer):
                self.dialog.local_sequence = verdict.request.cseq.number
                self._transmit(verdict.request, now)
                return
        self.user.errand_done(self, response, now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """No final response will come."""
        if transaction is self._transaction:
            self.user.errand_done(self, failure, now)

    @property
    def _sent(self) -> Transaction:
        if self._transaction is None:
            raise LocalSipError("the errand was not sent")
        return self._transaction

    def _transmit(self, request: Request, now: float) -> None:
        self._transaction = self._agent.layer.send_request(request, self._flow, self, now)


def is_lost(outcome: Outcome) -> bool:
    """Whether the answer to a request within a dialog says that the dialog is over (RFC 3261 section 12.2.1.2)."""
    return isinstance(outcome, Failure) or outcome.status in LOST_STATUSES
