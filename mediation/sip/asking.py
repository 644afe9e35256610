"""The INVITE of ours that begins a session: what its responses mean, and what must be sent because of them.

RFC 3261 sections 9.1 (CANCEL), 13.2 (responses, ACK, forks) and 22 (challenges); RFC 3262 section 4 (PRACK); RFC 4028
section 7.3 (422). Responses are read as cues of `session_table`.
"""

from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.derived import cancel
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import Answer, DigestClient, GiveUp
from mediation.sip.errand import Errand, ErrandUser, Extra
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.inside import Inside
from mediation.sip.message import Request, Response
from mediation.sip.reliable import Arrival, ReliableReceiver, rseq_of
from mediation.sip.session_dialogs import SessionDialogs
from mediation.sip.session_table import Cue, Stage
from mediation.sip.transaction import State
from mediation.sip.transaction_row import ClientUser, Transaction

_BEFORE_ANSWER = (Stage.CALLING, Stage.PROCEEDING, Stage.CANCEL_WANTED, Stage.CANCELLING)


class AskingUser(ClientUser, ErrandUser, Protocol):
    """Whose INVITE it is: it hears of the responses, and of what became of each PRACK and of each BYE to a fork."""


class Asking:
    """The first INVITE of a session that we call."""

    def __init__(
        self,
        agent: Agent,
        user: AskingUser,
        flow: Flow,
        digest: DigestClient,
        dialogs: SessionDialogs,
        inside: Inside,
    ) -> None:
        self._agent = agent
        self._flow = flow
        self._digest = digest
        self._dialogs = dialogs
        self._inside = inside
        self._sent: Transaction | None = None
        """As it was sent last; None where we were called."""
        self._receivers: dict[str, ReliableReceiver] = {}
        """By To tag: each early dialog numbers its own reliable responses."""
        self.user = user
        self.given_up: GiveUp | None = None
        """Why a challenge was not answered, where one was not."""

    # what it is

    def is_about(self, transaction: Transaction) -> bool:
        """Whether this is the INVITE, as it was sent last."""
        return transaction is self._sent

    @property
    def awaits_final(self) -> bool:
        """Whether no final response has come."""
        return self._sent is not None and self._sent.awaits_final

    @property
    def may_be_cancelled(self) -> bool:
        """Whether a provisional response has come and no final one (section 9.1)."""
        return self._sent is not None and self._sent.state is State.PROCEEDING

    @property
    def was_accepted(self) -> bool:
        """Whether a 2xx came."""
        return self._sent is not None and self._dialogs.is_confirmed

    # what its responses mean

    def read(self, response: Response, stage: Stage, now: float) -> tuple[Cue, object] | None:
        """The cue that a response is, with what it gives; None where it is to be ignored."""
        invite = self._request
        if response.status in (401, 407):
            return self._challenged(invite, response)
        if response.status == 422 and self._inside.timer.read_422(invite, response):
            return Cue.WANTED_AGAIN, self._with_longer_interval(invite)
        if response.status >= 300:
            return Cue.RECEIVED_FAILURE, response
        self._inside.heed(response)
        tag = response.to.tag or ""
        waited_for = stage in _BEFORE_ANSWER
        if response.status >= 200 and not waited_for and not self._dialogs.confirms(tag):
            return Cue.FORKED_2XX, response
        if response.status > 100 and waited_for:
            self._dialogs.hear(invite, response)
            if response.status < 200 and not self._is_in_order(tag, response, stage, now):
                return None
        if response.status < 200:
            return Cue.RECEIVED_1XX, response
        if waited_for:
            self._dialogs.confirm(invite, response)
            self._inside.agreed(invite, response, now)
        return Cue.RECEIVED_2XX, response

    def _is_in_order(self, tag: str, response: Response, stage: Stage, now: float) -> bool:
        """Whether to act upon a provisional response; a reliable one is acknowledged (RFC 3262 section 4)."""
        try:
            rseq = rseq_of(response)
        except RemoteSipError:
            return False
        if rseq is None:
            return True
        receiver = self._receivers.setdefault(tag, ReliableReceiver())
        if receiver.receive(rseq, response.cseq) is not Arrival.NEW:
            return False
        dialog = self._dialogs.with_tag(tag)
        if dialog is not None and stage in (Stage.CALLING, Stage.PROCEEDING):
            self._errand(dialog).send("PRACK", now, headers=(("RAck", str(receiver.rack)),))
        return True

    def _challenged(self, invite: Request, response: Response) -> tuple[Cue, object]:
        """Somebody wants to know who we are: answered where we have credentials for it (section 22.1)."""
        verdict = self._digest.challenged(
            response,
            invite,
            sequence=invite.cseq.number + 1,
            via=self._agent.via(self._flow),
            cnonce=self._agent.ids.cnonce(),
        )
        if isinstance(verdict, Answer):
            return Cue.WANTED_AGAIN, verdict.request
        self.given_up = verdict
        return Cue.RECEIVED_FAILURE, response

    def _with_longer_interval(self, invite: Request) -> Request:
        """The INVITE again, as a 422 wants it (RFC 4028 section 7.3)."""
        headers = invite.headers.without("Session-Expires", "Min-SE")
        for name, value in self._inside.timer.request_headers():
            headers = headers if name == "Require" else headers.append(name, value)
        headers = headers.with_("Via", self._agent.via(self._flow))
        return invite.replace(headers=headers.with_("CSeq", f"{invite.cseq.number + 1} INVITE"))

    # what is sent

    def send(self, invite: Request, now: float) -> None:
        """Send it, or send it once more as it is wanted."""
        self._sent = self._agent.layer.send_request(invite, self._flow, self.user, now)
        self._dialogs.opened_by = self._sent

    def cease(self, now: float) -> None:
        """Repeat it no more."""
        if self._sent is not None:
            self._agent.layer.cease(self._sent, now)

    def cancel(self, headers: Extra, now: float) -> None:
        """Take it back (section 9.1)."""
        if self._sent is not None:
            self._agent.layer.send_request(cancel(self._request, headers), self._sent.flow, self.user, now)

    def acknowledge(self, response: Response) -> None:
        """Send the ACK to its 2xx, or the same again."""
        self._dialogs.acknowledge(self._dialogs.confirmed, response, self._request)

    def end_fork(self, response: Response, now: float) -> None:
        """ACK the 2xx of another party, and BYE it, once; repetitions get the ACK again (section 13.2.2.4)."""
        tag = response.to.tag or ""
        known = self._dialogs.with_tag(tag)
        if known is not None and response.cseq.number in known.acknowledged:
            self._dialogs.acknowledge(known, response, self._request)
            return
        dialog = Dialog.as_client(self._request, response)
        self._dialogs.add_loser(tag, dialog)
        self._dialogs.acknowledge(dialog, response, self._request)
        self._errand(dialog).send("BYE", now)

    def abandon(self) -> None:
        """Wait for nothing any more."""
        if self._sent is not None and self._sent.awaits_final:
            self._agent.layer.abandon(self._sent)

    @property
    def _request(self) -> Request:
        if self._sent is None:
            raise LocalSipError("no INVITE of ours is out")
        return self._sent.request

    def _errand(self, dialog: Dialog) -> Errand:
        return Errand(self._agent, self.user, dialog, self._dialogs.way(dialog), self._digest)
