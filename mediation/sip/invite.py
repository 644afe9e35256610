"""One INVITE session, called or calling: `session_table` performed on transactions and dialogs."""

from mediation.sip.agent import Agent, in_dialog_flow
from mediation.sip.derived import cancel, reply
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import Answer, DigestClient, GiveUp, credentials_of
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.matching import Failure, Transaction
from mediation.sip.message import Request, Response
from mediation.sip.session_events import (
    Accepted,
    AcceptedTooLate,
    Acknowledged,
    Cancelled,
    Closed,
    Failed,
    HungUp,
    Progressed,
    Rejected,
    Reoffered,
    SessionEvent,
    SessionUser,
    Unacknowledged,
)
from mediation.sip.session_table import ABSORBED, SESSION, Act, Cue, Stage
from mediation.sip.transaction import State

Extra = tuple[tuple[str, str], ...]
"""Further header fields of a message: names and values."""


class InviteSession:
    """An INVITE session. Make one with `called` or `calling`."""

    def __init__(
        self, agent: Agent, user: SessionUser, flow: Flow, stage: Stage, digest: DigestClient
    ) -> None:
        self._agent = agent
        self._digest = digest
        self.user = user
        self.flow = flow
        self.stage = stage
        self.local_tag = ""
        self._pending: Transaction | None = None
        """The INVITE, the first or a later one, that was sent to us and is being answered."""
        self._invite: Transaction | None = None
        """The INVITE that we sent."""
        self._dialogs: dict[str, Dialog] = {}
        """By remote tag: several early ones when the call forked, one when it is confirmed."""
        self._confirmed_tag = ""
        self._accepted: Response | None = None
        self._repeat_s = 0.0
        self._ending: Extra = ()
        self._bye: Transaction | None = None
        self._closed = False
        self._given_up: GiveUp | None = None

    @classmethod
    def called(
        cls, agent: Agent, user: SessionUser, transaction: Transaction, digest: DigestClient | None = None
    ) -> "InviteSession":
        """The session that an INVITE asks for; RemoteSipError when no dialog can be made of it.

        Challenges of the peer are answered by `digest`; without one, none is.
        """
        session = cls(agent, user, transaction.flow, Stage.RECEIVED, digest or DigestClient())
        session.local_tag = agent.ids.tag()
        session._adopt(
            Dialog.as_server(
                transaction.request, session.local_tag, local_sequence=agent.ids.sequence_number()
            )
        )
        session._confirmed_tag = transaction.request.from_.tag or ""
        session._pending = transaction
        transaction.user = session
        return session

    @classmethod
    def calling(
        cls,
        agent: Agent,
        user: SessionUser,
        invite: Request,
        flow: Flow,
        now: float,
        digest: DigestClient | None = None,
    ) -> "InviteSession":
        """Send `invite`, complete with Via, From tag and Contact; `digest` as in `called`."""
        session = cls(agent, user, flow, Stage.CALLING, digest or DigestClient())
        session.local_tag = invite.from_.tag or ""
        session._invite = agent.layer.send_request(invite, flow, session, now)
        return session

    # what the user asks for

    def progress(
        self, status: int, now: float, *, reason: str = "", headers: Extra = (), body: bytes = b""
    ) -> None:
        """Answer the pending INVITE provisionally; 100 carries no tag and no Contact."""
        if status == 100:
            response = reply(self._pending_request, 100)
        else:
            response = self._reply(
                status, reason, (("Contact", self._agent.contact(self.flow)), *headers), body
            )
        self._cue(Cue.PROGRESS, now, response)

    def accept(self, now: float, *, headers: Extra = (), body: bytes = b"") -> None:
        """Answer the pending INVITE with 200."""
        self._cue(
            Cue.ACCEPT,
            now,
            self._reply(200, "", (("Contact", self._agent.contact(self.flow)), *headers), body),
        )

    def reject(self, status: int, now: float, *, reason: str = "", headers: Extra = ()) -> None:
        """Answer the pending INVITE with a final failure."""
        self._cue(Cue.REJECT, now, self._reply(status, reason, headers, b""))

    def hang_up(self, now: float, headers: Extra = ()) -> None:
        """End the session in whatever way its stage allows: CANCEL, BYE, or BYE once the ACK is there."""
        self._ending = headers
        self._cue(Cue.HANG_UP, now)

    def abandon(self, now: float) -> None:
        """End the session by CANCEL or BYE and wait for nothing: a bug has left its stage in doubt."""
        invite = self._invite
        if invite is not None and invite.awaits_final:
            if invite.state is State.PROCEEDING:
                self._cancel(now)
        elif self._established and self._bye is None and self.stage is not Stage.ENDED:
            self._send_bye(now)
        self.stage = Stage.ENDED
        self._close(now)

    @property
    def _established(self) -> bool:
        """Whether a 2xx was given or taken."""
        return self._accepted is not None or (self._invite is not None and self._confirmed_tag != "")

    @property
    def dialog(self) -> Dialog:
        """The confirmed dialog, or the one that our responses belong to."""
        try:
            return self._dialogs[self._confirmed_tag]
        except KeyError:
            raise LocalSipError("the session has no dialog yet") from None

    # what the layer tells

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """A response to our INVITE, CANCEL or BYE."""
        if response.status in (401, 407) and transaction in (self._invite, self._bye):
            self._challenged(transaction, response, now)
            return
        if transaction is not self._invite:
            if transaction is self._bye and response.status >= 200:
                self._cue(Cue.BYE_DONE, now)
            return
        if response.status >= 300:
            self._cue(Cue.RECEIVED_FAILURE, now, response)
            return
        tag = response.to.tag or ""
        confirmed = self.stage not in (Stage.CALLING, Stage.PROCEEDING, Stage.CANCEL_WANTED, Stage.CANCELLING)
        if response.status >= 200 and confirmed and tag != self._confirmed_tag:
            self._cue(Cue.FORKED_2XX, now, response)
            return
        if response.status > 100 and tag not in self._dialogs and not confirmed:
            self._adopt(Dialog.as_client(transaction.request, response))
        if response.status < 200:
            self._cue(Cue.RECEIVED_1XX, now, response)
            return
        if not confirmed:
            self._confirm(transaction.request, response)
        self._cue(Cue.RECEIVED_2XX, now, response)

    def _challenged(self, transaction: Transaction, response: Response, now: float) -> None:
        """Somebody wants to know who we are: answered where we have credentials for it (section 22.1)."""
        invited = transaction is self._invite
        verdict = self._digest.challenged(
            response,
            transaction.request,
            sequence=transaction.request.cseq.number + 1 if invited else self.dialog.local_sequence + 1,
            via=self._agent.via(transaction.flow),
            cnonce=self._agent.ids.cnonce(),
        )
        if isinstance(verdict, Answer):
            self._cue(Cue.CHALLENGED, now, (transaction, verdict.request))
        elif invited:
            self._given_up = verdict
            self._cue(Cue.RECEIVED_FAILURE, now, response)
        else:
            self._cue(Cue.BYE_DONE, now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """The layer gave up on a request or response of ours."""
        if transaction is self._bye:
            self._cue(Cue.BYE_DONE, now)
        elif transaction is self._invite:
            self._cue(Cue.INVITE_FAILED, now, failure)
        elif transaction is self._pending:
            self._cue(Cue.INVITE_FAILED, now, transaction.request)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A BYE or INVITE within the dialog."""
        dialog = self._dialogs.get(request.from_.tag or "")
        if dialog is not None:
            try:
                dialog.accept_sequence(request)
            except RemoteSipError as error:
                self._answer(transaction, error.status, now, reason=error.reason)
                return
        if request.method == "BYE":
            self._cue(Cue.RECEIVED_BYE, now, transaction)
        elif request.method == "INVITE":
            self._cue(Cue.RECEIVED_INVITE, now, transaction)
        else:
            raise LocalSipError(f"an INVITE session takes no {request.method}")

    def cancel_received(self, request: Request, now: float) -> None:
        """A CANCEL for the INVITE that we are answering; its own 200 was sent already."""
        self._cue(Cue.RECEIVED_CANCEL, now, request)

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK within the dialog; one for another INVITE than the last, or for none of theirs, changes nothing."""
        accepted = self._accepted
        if accepted is not None and ack.cseq.number == accepted.cseq.number:
            self._cue(Cue.RECEIVED_ACK, now, ack)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        self._cue(Cue[name], now)

    # the machinery

    def _cue(self, cue: Cue, now: float, given: object = None) -> None:
        row = SESSION.get((self.stage, cue))
        if row is None:
            if (self.stage, cue) not in ABSORBED:
                raise LocalSipError(f"{cue.name} in {self.stage.name} cannot happen")
            return
        self.stage, acts = row
        try:
            for act in acts:
                self._perform(act, given, now)
        finally:  # also when the user breaks: it is told last
            if self.stage is Stage.ENDED:
                self._close(now)

    def _perform(self, act: Act, given: object, now: float) -> None:
        match act, given:
            case Act.SEND_RESPONSE, Response() as response:
                self._respond(response, now)
            case Act.SEND_487, _:
                self._respond(self._reply(487, "", self._ending, b""), now)
            case ((Act.SEND_200 | Act.SEND_481 | Act.SEND_491), Transaction() as transaction):
                self._answer(transaction, int(act.name[-3:]), now)
            case Act.SEND_500, Transaction() as transaction:
                self._answer(transaction, 500, now, headers=(("Retry-After", "5"),))
            case Act.BEGIN_REPEATING, _:
                self._begin_repeating(now)
            case Act.REPEAT, _:
                self._repeat(now)
            case Act.STOP_REPEATING, _:
                self._stop("REPEAT_2XX", "ACK_MISSING")
                self._pending = None
            case ((Act.SEND_ACK | Act.REPEAT_ACK), Response() as response):
                self._acknowledge(self.dialog, response)
            case Act.END_FORK, Response() as response:
                self._end_fork(response, now)
            case Act.SEND_CANCEL, _:
                self._cancel(now)
            case Act.SEND_BYE, _:
                self._send_bye(now)
            case Act.SEND_AGAIN, (Transaction() as transaction, Request() as request):
                self._send_again(transaction, request, now)
            case Act.START_GIVE_UP, _:
                self._agent.deadlines.start((self, "GIVE_UP"), now + self._agent.layer.timers.transaction_s)
            case Act.STOP_GIVE_UP, _:
                self._stop("GIVE_UP")
            case _:
                self._tell(act, given, now)

    def _tell(self, act: Act, given: object, now: float) -> None:
        event: SessionEvent
        match act, given:
            case Act.TELL_PROGRESS, Response() as response:
                event = Progressed(response)
            case Act.TELL_ACCEPTED, Response() as response:
                event = Accepted(response)
            case Act.TELL_TOO_LATE, _:
                event = AcceptedTooLate()
            case Act.TELL_REJECTED, Response() as response:
                event = Rejected(response, self._given_up)
            case Act.TELL_FAILED, Failure() as failure:
                event = Failed(failure)
            case Act.TELL_CANCELLED, Transaction() as transaction:
                event = Cancelled(transaction.request)
            case Act.TELL_CANCELLED, Request() as request:
                event = Cancelled(request)
            case Act.TELL_HUNG_UP, Transaction() as transaction:
                event = HungUp(transaction.request)
            case Act.TELL_ACKNOWLEDGED, Request() as ack:
                event = Acknowledged(ack)
            case Act.TELL_UNACKNOWLEDGED, _:
                event = Unacknowledged()
            case Act.TELL_REOFFERED, Transaction() as transaction:
                if not self._take_reoffer(transaction, now):
                    return
                event = Reoffered(transaction.request)
            case _:
                raise LocalSipError(f"{act.name} cannot be done with {type(given).__name__}")
        self.user.session_event(event, now)

    def _take_reoffer(self, transaction: Transaction, now: float) -> bool:
        if self._pending is not None:  # RFC 5407 section 3.1.4 and RFC 3261 section 14.2
            self._answer(transaction, 491, now)
            return False
        self._pending = transaction
        transaction.user = self
        return True

    def _way(self, dialog: Dialog) -> Flow:
        """By which flow our requests within the dialog go."""
        return in_dialog_flow(dialog, self.flow, None if self._invite is None else self._invite.flow)

    def _adopt(self, dialog: Dialog) -> None:
        self._dialogs[dialog.id.remote_tag] = dialog
        self._agent.dialogs[dialog.id] = self

    def _confirm(self, invite: Request, response: Response) -> None:
        """The 2xx decides target and routes anew, whatever the provisional responses said (section 13.2.2.4)."""
        confirmed = Dialog.as_client(invite, response)
        self._confirmed_tag = confirmed.id.remote_tag
        early = self._dialogs.get(self._confirmed_tag)
        if early is not None:
            confirmed.remote_sequence = early.remote_sequence
        for dialog in self._dialogs.values():  # early ones of others have lost: they may not end the call
            self._agent.dialogs.pop(dialog.id, None)
        self._dialogs.clear()
        self._adopt(confirmed)

    @property
    def _pending_request(self) -> Request:
        if self._pending is None:
            raise LocalSipError("no INVITE waits for an answer")
        return self._pending.request

    def _reply(self, status: int, reason: str, headers: Extra, body: bytes) -> Response:
        if body:
            headers = (*headers, ("Content-Type", "application/sdp"))
        routes: Extra = ()
        if 100 < status < 300:  # section 12.1.1
            routes = tuple(
                ("Record-Route", value) for value in self._pending_request.headers.get_all("Record-Route")
            )
        return reply(
            self._pending_request,
            status,
            to_tag=self.local_tag,
            reason=reason,
            headers=(*routes, *headers),
            body=body,
        )

    def _respond(self, response: Response, now: float) -> None:
        if self._pending is not None:
            if 200 <= response.status < 300:  # a request that is rejected changes nothing (section 12.2.2)
                self.dialog.refresh_target(self._pending.request)
                self._accepted = response
            self._agent.layer.respond(self._pending, response, now)
            if response.status >= 300:
                self._pending = None

    def _answer(
        self, transaction: Transaction, status: int, now: float, *, reason: str = "", headers: Extra = ()
    ) -> None:
        response = reply(transaction.request, status, to_tag=self.local_tag, reason=reason, headers=headers)
        self._agent.layer.respond(transaction, response, now)

    def _begin_repeating(self, now: float) -> None:
        timers = self._agent.layer.timers
        self._repeat_s = timers.t1_s
        self._agent.deadlines.start((self, "REPEAT_2XX"), now + self._repeat_s)
        self._agent.deadlines.start((self, "ACK_MISSING"), now + timers.transaction_s)

    def _repeat(self, now: float) -> None:
        if self._pending is not None and self._accepted is not None and not self._pending.terminated:
            self._agent.layer.respond(self._pending, self._accepted, now)
        self._repeat_s = min(2 * self._repeat_s, self._agent.layer.timers.t2_s)
        self._agent.deadlines.start((self, "REPEAT_2XX"), now + self._repeat_s)

    def _stop(self, *names: str) -> None:
        for name in names:
            self._agent.deadlines.stop((self, name))

    def _acknowledge(self, dialog: Dialog, response: Response) -> None:
        sequence = response.cseq.number
        ack = dialog.acknowledged.get(sequence)
        flow = self._way(dialog)
        if ack is None:
            credentials = () if self._invite is None else credentials_of(self._invite.request)
            ack = dialog.request("ACK", via=self._agent.via(flow), sequence=sequence, extra=credentials)
            dialog.acknowledged[sequence] = ack
        self._agent.layer.send(ack, flow)

    def _end_fork(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        known = self._dialogs.get(tag)
        if known is not None and response.cseq.number in known.acknowledged:
            self._acknowledge(known, response)
            return
        dialog = Dialog.as_client(self._invite.request, response) if self._invite is not None else self.dialog
        self._dialogs[tag] = dialog
        self._acknowledge(dialog, response)
        flow = self._way(dialog)
        self._agent.layer.send_request(dialog.request("BYE", via=self._agent.via(flow)), flow, self, now)

    def _cancel(self, now: float) -> None:
        if self._invite is not None:
            self._agent.layer.send_request(
                cancel(self._invite.request, self._ending), self._invite.flow, self, now
            )

    def _send_bye(self, now: float) -> None:
        flow = self._way(self.dialog)
        bye = self._digest.authorize(
            self.dialog.request("BYE", via=self._agent.via(flow), extra=self._ending)
        )
        self._bye = self._agent.layer.send_request(bye, flow, self, now)

    def _send_again(self, transaction: Transaction, request: Request, now: float) -> None:
        again = self._agent.layer.send_request(request, transaction.flow, self, now)
        if transaction is self._invite:
            self._invite = again
        else:
            self._bye = again
            self.dialog.local_sequence = request.cseq.number

    def _close(self, now: float) -> None:
        """Forget everything, once; a request that still waits is answered."""
        if self._closed:
            return
        self._closed = True
        agent = self._agent
        for timer in (Cue.REPEAT_2XX, Cue.ACK_MISSING, Cue.GIVE_UP):
            agent.deadlines.stop((self, timer.name))
        for dialog in self._dialogs.values():
            agent.dialogs.pop(dialog.id, None)
        if self._invite is not None and self._invite.awaits_final:
            agent.layer.abandon(self._invite)
        if self._pending is not None:
            agent.layer.fail_unanswered(self._pending, self.local_tag, now)
        self.user.session_event(Closed(), now)
