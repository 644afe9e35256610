"""One INVITE session, called or calling: `session_table` performed on transactions and dialogs.

What is asked within it (UPDATE, INFO, changes of ours, refreshes) is the business of `inside`, reliable provisional
responses of ours that of `early`.
"""

from contextlib import suppress

from mediation.sip.agent import Agent, in_dialog_flow
from mediation.sip.derived import cancel, reply
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import Answer, DigestClient, GiveUp, credentials_of
from mediation.sip.early import EarlyAnswers
from mediation.sip.errand import Errand, Extra, Outcome
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.inside import RETRY_AFTER_S, Inside
from mediation.sip.matching import Failure, Transaction
from mediation.sip.message import Request, Response
from mediation.sip.reliable import Arrival, ReliableReceiver, rseq_of
from mediation.sip.session_events import (
    Accepted,
    AcceptedTooLate,
    Acknowledged,
    Cancelled,
    Closed,
    Expired,
    Failed,
    HungUp,
    Lost,
    Pracked,
    PrackMissing,
    Progressed,
    RefreshDue,
    Rejected,
    ReofferCancelled,
    Reoffered,
    SessionEvent,
    SessionUser,
    Unacknowledged,
)
from mediation.sip.session_table import ABSORBED, SESSION, Act, Cue, Stage
from mediation.sip.session_timer import TimerAnswer, TimerMode, TimerPolicy, TimerRefusal
from mediation.sip.transaction import State

NO_TIMER = TimerPolicy(TimerMode.OFF)
_BEFORE_ANSWER = (Stage.CALLING, Stage.PROCEEDING, Stage.CANCEL_WANTED, Stage.CANCELLING)
_ALIVE = (Stage.RECEIVED, Stage.ACCEPTED, Stage.PROCEEDING, Stage.CONFIRMED)
"""Stages in which the peer may ask for more than the end."""


class InviteSession:
    """An INVITE session. Make one with `called` or `calling`."""

    def __init__(
        self,
        agent: Agent,
        user: SessionUser,
        flow: Flow,
        stage: Stage,
        digest: DigestClient,
        policy: TimerPolicy,
    ) -> None:
        self._agent = agent
        self._digest = digest
        self._is_called = stage is Stage.RECEIVED
        self.user = user
        self.flow = flow
        self.stage = stage
        self.local_tag = ""
        self.inside = Inside(agent, self, digest, policy, owns_call_id=not self._is_called)
        """What is asked within the session."""
        self._pending: Transaction | None = None
        """The INVITE, the first or a later one, that was sent to us and is being answered."""
        self._invite: Transaction | None = None
        """The INVITE that we sent first."""
        self._dialogs: dict[str, Dialog] = {}
        """By the tag of the called side: several early ones when the call forked, one when it is confirmed."""
        self._confirmed_tag = ""
        self._forks: dict[str, str] = {}
        """Called: our tag for each party that answers behind us."""
        self._early: EarlyAnswers | None = None
        self._receivers: dict[str, ReliableReceiver] = {}
        self._held: tuple[Response, TimerAnswer] | None = None
        """Called: a 2xx that waits for the PRACK to what was said before it."""
        self._accepted: Response | None = None
        self._repeat_s = 0.0
        self._ending: Extra = ()
        self._bye: Errand | None = None
        self._closed = False
        self._given_up: GiveUp | None = None

    @classmethod
    def called(
        cls,
        agent: Agent,
        user: SessionUser,
        transaction: Transaction,
        digest: DigestClient | None = None,
        policy: TimerPolicy = NO_TIMER,
    ) -> "InviteSession":
        """The session that an INVITE asks for; RemoteSipError when no dialog can be made of it.

        Challenges of the peer are answered by `digest`; without one, none is.
        """
        session = cls(agent, user, transaction.flow, Stage.RECEIVED, digest or DigestClient(), policy)
        with suppress(TimerRefusal):  # whoever answers asks by `judge_timer` whether it may
            session.inside.timer.judge(transaction.request)
        session.local_tag = agent.ids.tag()
        session._confirmed_tag = session.local_tag
        session._open_early(transaction.request, session.local_tag)
        session._pending = transaction
        session._early = EarlyAnswers(agent, session, transaction)
        session.inside.heed(transaction.request)
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
        policy: TimerPolicy = NO_TIMER,
    ) -> "InviteSession":
        """Send `invite`, complete with Via, From tag and Contact; `digest` as in `called`."""
        session = cls(agent, user, flow, Stage.CALLING, digest or DigestClient(), policy)
        session.local_tag = invite.from_.tag or ""
        for name, value in session.inside.timer.request_headers():
            invite = invite.replace(headers=invite.headers.append(name, value))
        session._invite = agent.layer.send_request(invite, flow, session, now)
        return session

    # what the user asks for

    def judge_timer(self) -> None:
        """Raise TimerRefusal or RemoteSipError unless the session interval that the INVITE asks for is acceptable."""
        self.inside.timer.judge(self._pending_request)

    def progress(
        self,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: Extra = (),
        body: bytes = b"",
        reliable: bool = False,
        fork: str = "",
    ) -> None:
        """Answer the pending INVITE provisionally; 100 carries no tag and no Contact.

        `fork` names the party that answers behind us: each has a tag, and so an early dialog, of its own. `reliable`
        asks for a PRACK (RFC 3262); it is for the first INVITE alone.
        """
        if self._ends:
            return
        if status == 100:
            response = reply(self._pending_request, 100)
        else:
            tag = self._tag_of(fork)
            response = self._reply(
                status, reason, (("Contact", self._agent.contact(self.flow)), *headers), body, tag
            )
        self._cue(Cue.PROGRESS, now, (response, reliable))

    def accept(self, now: float, *, headers: Extra = (), body: bytes = b"", fork: str = "") -> None:
        """Answer the pending INVITE with 200; it waits for the PRACK to a description that went before it."""
        if self._ends:
            return
        try:
            answer = self.inside.timer.judge(self._pending_request)
        except TimerRefusal as refusal:
            self.reject(refusal.status, now, headers=refusal.headers)
            return
        fields = (("Contact", self._agent.contact(self.flow)), *answer.headers, *headers)
        tag = self._tag_of(fork)
        self._held = self._reply(200, "", fields, body, tag), answer
        if not self.awaits_prack:
            self._accept_now(now)

    def reject(self, status: int, now: float, *, reason: str = "", headers: Extra = ()) -> None:
        """Answer the pending INVITE with a final failure."""
        if not self._ends:
            self._held = None
            self._cue(Cue.REJECT, now, self._reply(status, reason, headers, b"", self.local_tag))

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
    def may_reoffer(self) -> bool:
        """Whether an INVITE of ours within the session would meet none of theirs, and none of ours before it."""
        return self.stage is Stage.CONFIRMED and not self.reoffer_waits and not self.inside.change.is_asking

    @property
    def may_ask_later(self) -> bool:
        """Whether the session lives, so that what may not be asked now may be asked in a while."""
        return self.stage in (Stage.ACCEPTED, Stage.CONFIRMED)

    @property
    def reoffer_waits(self) -> bool:
        """Whether an INVITE of the peer's is being answered, or its 2xx waits for the ACK."""
        return self._pending is not None

    @property
    def awaits_prack(self) -> bool:
        """Whether a description in a provisional response of ours was not acknowledged yet."""
        return self._early is not None and self._early.holds_2xx

    @property
    def _ends(self) -> bool:
        """Whether an answer comes too late: the session ends, and with it the INVITE that waited."""
        return self._pending is None and self.stage in (Stage.CONFIRMED, Stage.ENDING, Stage.ENDED)

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

    @property
    def asking_dialog(self) -> Dialog:
        """The dialog that requests of ours go out in: `dialog`, or the early one that spoke last."""
        if self._confirmed_tag in self._dialogs or not self._dialogs:
            return self.dialog
        return next(reversed(self._dialogs.values()))

    def dialog_of(self, request: Request) -> Dialog | None:
        """The dialog that a request came in."""
        tag = request.to.tag if self._is_called else request.from_.tag
        return self._dialogs.get(tag or "")

    # what the layer tells

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """A response to our first INVITE or to its CANCEL."""
        if transaction is not self._invite:
            return
        if response.status in (401, 407):
            self._challenged(transaction, response, now)
            return
        if response.status == 422 and self.inside.timer.read_422(transaction.request, response):
            self._cue(Cue.WANTED_AGAIN, now, self._with_longer_interval(transaction.request))
            return
        if response.status >= 300:
            self._cue(Cue.RECEIVED_FAILURE, now, response)
            return
        self.inside.heed(response)
        tag = response.to.tag or ""
        confirmed = self.stage not in _BEFORE_ANSWER
        if response.status >= 200 and confirmed and tag != self._confirmed_tag:
            self._cue(Cue.FORKED_2XX, now, response)
            return
        if response.status > 100 and not confirmed:
            if tag not in self._dialogs:
                self._adopt(tag, Dialog.as_client(transaction.request, response))
            if response.status < 200 and not self._is_in_order(tag, response, now):
                return
        if response.status < 200:
            self._cue(Cue.RECEIVED_1XX, now, response)
            return
        if not confirmed:
            self._confirm(transaction.request, response, now)
        self._cue(Cue.RECEIVED_2XX, now, response)

    def _is_in_order(self, tag: str, response: Response, now: float) -> bool:
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
        if self.stage in (Stage.CALLING, Stage.PROCEEDING):
            errand = self._errand(self._dialogs[tag])
            errand.send("PRACK", now, headers=(("RAck", str(receiver.rack)),))
        return True

    def _challenged(self, transaction: Transaction, response: Response, now: float) -> None:
        """Somebody wants to know who we are: answered where we have credentials for it (section 22.1)."""
        verdict = self._digest.challenged(
            response,
            transaction.request,
            sequence=transaction.request.cseq.number + 1,
            via=self._agent.via(transaction.flow),
            cnonce=self._agent.ids.cnonce(),
        )
        if isinstance(verdict, Answer):
            self._cue(Cue.WANTED_AGAIN, now, verdict.request)
        else:
            self._given_up = verdict
            self._cue(Cue.RECEIVED_FAILURE, now, response)

    def _with_longer_interval(self, invite: Request) -> Request:
        """The INVITE again, as a 422 wants it (RFC 4028 section 7.3)."""
        headers = invite.headers.without("Session-Expires", "Min-SE")
        for name, value in self.inside.timer.request_headers():
            headers = headers if name == "Require" else headers.append(name, value)
        headers = headers.with_("Via", self._agent.via(self.flow))
        return invite.replace(headers=headers.with_("CSeq", f"{invite.cseq.number + 1} INVITE"))

    def errand_done(self, errand: Errand, outcome: Outcome, now: float) -> None:
        """A BYE or PRACK of ours was answered, or never will be."""
        if errand is self._bye:
            self._cue(Cue.BYE_DONE, now)
            return
        failed = isinstance(outcome, Failure) or outcome.status >= 300
        if failed and errand.method == "PRACK" and self.stage is Stage.PROCEEDING:
            self.lost(outcome, now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """The layer gave up on our INVITE, or on a response of ours."""
        if transaction is self._invite:
            self._cue(Cue.INVITE_FAILED, now, failure)
        elif transaction is self._pending:
            self._cue(Cue.INVITE_FAILED, now, transaction.request)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A request within the dialog."""
        dialog = self.dialog_of(request)
        if dialog is not None:
            try:
                dialog.accept_sequence(request)
            except RemoteSipError as error:
                self.inside.reply(transaction, error.status, now, reason=error.reason)
                return
        if request.method == "BYE":
            self._cue(Cue.RECEIVED_BYE, now, transaction)
        elif request.method == "INVITE":
            self._cue(Cue.RECEIVED_INVITE, now, transaction)
        elif self.stage not in _ALIVE:
            self.inside.reply(transaction, 481, now)
        elif request.method == "PRACK":
            self._pracked(transaction, request, now)
        else:
            transaction.user = self
            self.inside.take(transaction, request, now)

    def _pracked(self, transaction: Transaction, prack: Request, now: float) -> None:
        """RFC 3262 section 3: 2xx where it matches, 481 where it does not."""
        early = self._early
        try:
            matches = early is not None and early.acknowledge(prack, now)
        except RemoteSipError as error:
            self.inside.reply(transaction, error.status, now, reason=error.reason)
            return
        if early is None or not matches:
            self.inside.reply(transaction, 481, now)
            return
        if prack.body:
            transaction.user = self
            self.inside.hold(transaction)
            self.tell(Pracked(transaction), now)
        else:
            self.inside.reply(transaction, 200, now)
        early.go_on(prack, now)
        if self._held is not None and not self.awaits_prack and self.stage is Stage.RECEIVED:
            self._accept_now(now)

    def cancel_received(self, request: Request, now: float) -> None:
        """A CANCEL for an INVITE that we are answering; its own 200 was sent already."""
        pending = self._pending
        if pending is None or pending.state is not State.PROCEEDING:
            return
        if pending.request.top_via.branch == request.top_via.branch:
            self._cue(Cue.RECEIVED_CANCEL, now, request)

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK within the dialog; one for another INVITE than the last, or for none of theirs, changes nothing."""
        accepted = self._accepted
        if accepted is not None and ack.cseq.number == accepted.cseq.number:
            self._cue(Cue.RECEIVED_ACK, now, ack)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        self._cue(Cue[name], now)

    # what our parts tell

    def tell(self, event: SessionEvent, now: float) -> None:
        """Tell the user."""
        self.user.session_event(event, now)

    def prack_missing(self, now: float) -> None:
        """Nobody has acknowledged what must be acknowledged."""
        self._cue(Cue.PRACK_MISSING, now)

    def lost(self, outcome: Outcome, now: float) -> None:
        """The dialog is gone."""
        self._cue(Cue.PEER_LOST, now, outcome)

    def refresh_due(self, now: float) -> None:
        """Half of the session interval is over."""
        self._cue(Cue.REFRESH_DUE, now)

    def expired(self, now: float) -> None:
        """Nobody has refreshed the session."""
        self._cue(Cue.EXPIRED, now)

    def acknowledge(self, errand: Errand, response: Response) -> None:
        """Send the ACK to the 2xx of a later INVITE of ours, or the same again."""
        self._acknowledge(errand.dialog, response, errand.request)

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
            case Act.SEND_RESPONSE, (Response() as response, True) if self._early is not None:
                self._early.send(response, now)
            case Act.SEND_RESPONSE, (Response() as response, _):
                self._respond(response, now)
            case Act.SEND_RESPONSE, Response() as response:
                self._respond(response, now)
            case ((Act.SEND_487 | Act.SEND_504), _):
                status = int(act.name[-3:])
                self._respond(self._reply(status, "", self._ending, b"", self.local_tag), now)
            case ((Act.SEND_200 | Act.SEND_481 | Act.SEND_491), Transaction() as transaction):
                self.inside.reply(transaction, int(act.name[-3:]), now)
            case Act.SEND_500, Transaction() as transaction:
                self.inside.reply(transaction, 500, now, (("Retry-After", str(RETRY_AFTER_S)),))
            case Act.DROP_REOFFER, _:
                self._drop_reoffer(now)
            case Act.BEGIN_REPEATING, _:
                self._begin_repeating(now)
            case Act.REPEAT, _:
                self._repeat(now)
            case Act.STOP_REPEATING, _:
                self._stop("REPEAT_2XX", "ACK_MISSING")
                self._pending = None
            case ((Act.SEND_ACK | Act.REPEAT_ACK), Response() as response):
                self._acknowledge(
                    self.dialog, response, None if self._invite is None else self._invite.request
                )
            case Act.END_FORK, Response() as response:
                self._end_fork(response, now)
            case Act.SEND_CANCEL, _:
                self._cancel(now)
            case Act.SEND_BYE, _:
                self._send_bye(now)
            case Act.SEND_AGAIN, Request() as request:
                self._invite = self._agent.layer.send_request(request, self.flow, self, now)
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
            case Act.TELL_REOFFER_CANCELLED, _:
                event = ReofferCancelled()
            case Act.TELL_PRACK_MISSING, _:
                event = PrackMissing()
            case Act.TELL_LOST, (Response() | Failure()) as outcome:
                event = Lost(outcome)
            case Act.TELL_REFRESH_DUE, _:
                event = RefreshDue()
            case Act.TELL_EXPIRED, _:
                event = Expired()
            case _:
                raise LocalSipError(f"{act.name} cannot be done with {type(given).__name__}")
        self.tell(event, now)

    def _take_reoffer(self, transaction: Transaction, now: float) -> bool:
        """Whether a later INVITE may be answered now (RFC 3261 section 14.2, RFC 5407 section 3.1.4)."""
        pending = self._pending
        if self.inside.change.is_offering or (pending is not None and pending.state is not State.PROCEEDING):
            self.inside.reply(transaction, 491, now)
            return False
        if pending is not None:
            self.inside.reply(transaction, 500, now, (("Retry-After", str(RETRY_AFTER_S)),))
            return False
        self.inside.heed(transaction.request)
        try:
            self.inside.timer.judge(transaction.request)
        except TimerRefusal as refusal:
            self.inside.reply(transaction, refusal.status, now, refusal.headers)
            return False
        except RemoteSipError as error:
            self.inside.reply(transaction, error.status, now, reason=error.reason)
            return False
        self._pending = transaction
        transaction.user = self
        return True

    def _drop_reoffer(self, now: float) -> None:
        """Answer 487 to a later INVITE that waits for its answer."""
        if self._pending is not None and self._pending.state is State.PROCEEDING:
            self.inside.reply(self._pending, 487, now)
            self._pending = None

    # dialogs

    def way(self, dialog: Dialog) -> Flow:
        """By which flow our requests within the dialog go."""
        return in_dialog_flow(dialog, self.flow, None if self._invite is None else self._invite.flow)

    def _adopt(self, tag: str, dialog: Dialog) -> None:
        self._dialogs[tag] = dialog
        self._agent.dialogs[dialog.id] = self

    def _open_early(self, invite: Request, tag: str) -> None:
        self._adopt(tag, Dialog.as_server(invite, tag, local_sequence=self._agent.ids.sequence_number()))

    def _tag_of(self, fork: str) -> str:
        """Our tag towards the caller for a party behind us: the first has the session's own."""
        if not self._is_called or self.stage is not Stage.RECEIVED:
            return self.local_tag
        if fork not in self._forks:
            tag = self._agent.ids.tag() if self._forks else self.local_tag
            self._forks[fork] = tag
            if tag not in self._dialogs:
                self._open_early(self._pending_request, tag)
        return self._forks[fork]

    def _confirm(self, invite: Request, response: Response, now: float) -> None:
        """The 2xx decides target and routes anew, whatever the provisional responses said (section 13.2.2.4)."""
        confirmed = Dialog.as_client(invite, response)
        tag = self._confirmed_tag = confirmed.id.remote_tag
        early = self._dialogs.get(tag)
        if early is not None:
            confirmed.remote_sequence = early.remote_sequence
            confirmed.local_sequence = max(early.local_sequence, confirmed.local_sequence)
        self._drop_dialogs()  # early ones of others have lost: they may not end the call
        self._adopt(tag, confirmed)
        self.inside.agreed(invite, response, now)

    def _drop_dialogs(self) -> None:
        for dialog in self._dialogs.values():
            self._agent.dialogs.pop(dialog.id, None)
        self._dialogs.clear()

    # answers

    @property
    def _pending_request(self) -> Request:
        if self._pending is None:
            raise LocalSipError("no INVITE waits for an answer")
        return self._pending.request

    def _reply(self, status: int, reason: str, headers: Extra, body: bytes, tag: str) -> Response:
        if body:
            headers = (*headers, ("Content-Type", "application/sdp"))
        routes: Extra = ()
        if 100 < status < 300:  # section 12.1.1
            routes = tuple(
                ("Record-Route", value) for value in self._pending_request.headers.get_all("Record-Route")
            )
        return reply(
            self._pending_request, status, to_tag=tag, reason=reason, headers=(*routes, *headers), body=body
        )

    def _accept_now(self, now: float) -> None:
        """Give the 2xx, and with it what it says of the session interval."""
        if self._held is None:
            return
        (response, answer), self._held = self._held, None
        if self.stage is Stage.RECEIVED:
            tag = self.local_tag = self._confirmed_tag = response.to.tag or ""
            confirmed = self._dialogs[tag]
            self._drop_dialogs()
            self._adopt(tag, confirmed)
        self._cue(Cue.ACCEPT, now, response)
        self.inside.adopt(answer, now)

    def _respond(self, response: Response, now: float) -> None:
        if self._pending is None:
            return
        if response.status >= 200 and self._early is not None:
            self._early.close()
        if 200 <= response.status < 300:  # a request that is rejected changes nothing (section 12.2.2)
            self.dialog.refresh_target(self._pending.request)
            self._accepted = response
        self._agent.layer.respond(self._pending, response, now)
        if response.status >= 300:
            self._pending = None

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

    # requests

    def _acknowledge(self, dialog: Dialog, response: Response, invite: Request | None) -> None:
        sequence = response.cseq.number
        ack = dialog.acknowledged.get(sequence)
        flow = self.way(dialog)
        if ack is None:
            credentials = () if invite is None else credentials_of(invite)
            ack = dialog.request("ACK", via=self._agent.via(flow), sequence=sequence, extra=credentials)
            dialog.acknowledged[sequence] = ack
        self._agent.layer.send(ack, flow)

    def _end_fork(self, response: Response, now: float) -> None:
        """ACK the 2xx of another party, and BYE it, once; repetitions get the ACK again."""
        tag = response.to.tag or ""
        invite = None if self._invite is None else self._invite.request
        known = self._dialogs.get(tag)
        if known is not None and response.cseq.number in known.acknowledged:
            self._acknowledge(known, response, invite)
            return
        dialog = self.dialog if invite is None else Dialog.as_client(invite, response)
        self._dialogs[tag] = dialog
        self._acknowledge(dialog, response, invite)
        self._errand(dialog).send("BYE", now)

    def _errand(self, dialog: Dialog) -> Errand:
        return Errand(self._agent, self, dialog, self.way(dialog), self._digest)

    def _cancel(self, now: float) -> None:
        if self._invite is not None:
            self._agent.layer.send_request(
                cancel(self._invite.request, self._ending), self._invite.flow, self, now
            )

    def _send_bye(self, now: float) -> None:
        self._bye = self._errand(self.dialog)
        self._bye.send("BYE", now, headers=self._ending)

    def _close(self, now: float) -> None:
        """Forget everything, once; a request that still waits is answered."""
        if self._closed:
            return
        self._closed = True
        agent = self._agent
        for timer in (Cue.REPEAT_2XX, Cue.ACK_MISSING, Cue.GIVE_UP):
            agent.deadlines.stop((self, timer.name))
        if self._early is not None:
            self._early.close()
        for dialog in self._dialogs.values():
            agent.dialogs.pop(dialog.id, None)
        self.inside.end(now)
        if self._invite is not None and self._invite.awaits_final:
            agent.layer.abandon(self._invite)
        if self._pending is not None:
            agent.layer.fail_unanswered(self._pending, self.local_tag, now)
        self.tell(Closed(), now)
