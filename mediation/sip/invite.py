"""One INVITE session, called or calling: `session_table` performed on what it is made of.

`answering` holds the INVITEs that the peer sends, `asking` the one that we send first, `session_dialogs` the dialogs
that come of them; what is asked within the session (UPDATE, INFO, changes of ours, refreshes) is for `inside`, and its
end for `farewell`. What each act of the table does with them is in `session_acts`.
"""

from contextlib import suppress

from mediation.sip.agent import Agent
from mediation.sip.answering import Answering
from mediation.sip.asking import Asking
from mediation.sip.derived import reply
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import DigestClient
from mediation.sip.errand import Errand, Extra, Outcome
from mediation.sip.errors import RemoteSipError
from mediation.sip.farewell import Farewell
from mediation.sip.flow import Flow
from mediation.sip.inside import Inside
from mediation.sip.message import Request, Response
from mediation.sip.multipart import NO_BODY, Body
from mediation.sip.session_acts import SessionActs
from mediation.sip.session_dialogs import SessionDialogs
from mediation.sip.session_events import Closed, SessionEvent, SessionUser
from mediation.sip.session_table import TABLE, Cue, Stage
from mediation.sip.session_timer import TimerMode, TimerPolicy, TimerRefusal
from mediation.sip.transaction_row import Failure, Transaction

NO_TIMER = TimerPolicy(TimerMode.OFF)
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
        is_called = stage is Stage.RECEIVED
        self._agent = agent
        self._digest = digest
        self.user = user
        self.flow = flow
        self.stage = stage
        self.inside = Inside(agent, self, digest, policy, owns_call_id=not is_called)
        """What is asked within the session."""
        self.dialogs = SessionDialogs(agent, self, flow, is_called=is_called)
        self._answering = Answering(agent, self, flow, self.dialogs, self.inside)
        self._asking = Asking(agent, self, flow, digest, self.dialogs, self.inside)
        self._farewell = Farewell(agent, self, digest, self.dialogs)
        self._acts = SessionActs(self._answering, self._asking, self.inside, self._farewell, self.tell)
        self._closed = False

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
        session.dialogs.begin(transaction.request)
        session._answering.begin(transaction)
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
        session.dialogs.local_tag = invite.from_.tag or ""
        for name, value in session.inside.timer.request_headers():
            invite = invite.replace(headers=invite.headers.append(name, value))
        session._asking.send(invite, now)
        return session

    # what the user asks for

    def judge_timer(self) -> None:
        """Raise TimerRefusal or RemoteSipError unless the session interval that the INVITE asks for is acceptable."""
        self.inside.timer.judge(self._answering.request)

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
            response = reply(self._answering.request, 100)
        else:
            response = self._answering.compose(
                status, tag=self._tag_of(fork), reason=reason, headers=headers, body=body
            )
        self._cue(Cue.PROGRESS, now, (response, reliable))

    def accept(self, now: float, *, headers: Extra = (), body: bytes = b"", fork: str = "") -> None:
        """Answer the pending INVITE with 200; it waits for the PRACK to a description that went before it."""
        if self._ends:
            return
        try:
            answer = self.inside.timer.judge(self._answering.request)
        except TimerRefusal as refusal:
            self.reject(refusal.status, now, headers=refusal.headers)
            return
        fields = (*answer.headers, *headers)
        response = self._answering.compose(200, tag=self._tag_of(fork), headers=fields, body=body)
        self._answering.hold(response, answer)
        if not self.awaits_prack:
            self._accept_now(now)

    def reject(
        self, status: int, now: float, *, reason: str = "", headers: Extra = (), body: bytes = b""
    ) -> None:
        """Answer the pending INVITE with a final failure; `headers` say what a body is."""
        if not self._ends:
            self._answering.release()
            response = self._answering.compose(status, reason=reason, headers=headers, body=body)
            self._cue(Cue.REJECT, now, response)

    def hang_up(self, now: float, headers: Extra = (), content: Body = NO_BODY) -> None:
        """End the session in whatever way its stage allows: CANCEL, BYE, or BYE once the ACK is there.

        `content` goes with a BYE alone.
        """
        self._farewell.prepare(headers, content)
        self._cue(Cue.HANG_UP, now)

    def cease(self, now: float) -> None:
        """Repeat no more what nobody has answered, an INVITE that was sent often enough to be heard."""
        self._asking.cease(now)

    def abandon(self, now: float) -> None:
        """End the session by CANCEL or BYE and wait for nothing: a bug has left its stage in doubt."""
        established = self._answering.has_accepted or self._asking.was_accepted
        if self._asking.awaits_final:
            if self._asking.may_be_cancelled:
                self._asking.cancel(self._farewell.headers, now)
        elif established and not self._farewell.is_said and self.stage is not Stage.ENDED:
            self._farewell.say(now)
        self.stage = Stage.ENDED
        self._close(now)

    # what it is

    @property
    def local_tag(self) -> str:
        """Our tag in what we say."""
        return self.dialogs.local_tag

    @property
    def may_reoffer(self) -> bool:
        """Whether an INVITE of ours within the session would meet none of theirs, and none of ours before it."""
        waits = self.reoffer_waits or self._answering.refusal_waits
        return self.stage is Stage.CONFIRMED and not waits and not self.inside.change.is_asking

    @property
    def may_ask_later(self) -> bool:
        """Whether the session lives, so that what may not be asked now may be asked in a while."""
        return self.stage in (Stage.ACCEPTED, Stage.CONFIRMED)

    @property
    def reoffer_waits(self) -> bool:
        """Whether an INVITE of the peer's is being answered, or its 2xx waits for the ACK."""
        return self._answering.waits

    @property
    def awaits_prack(self) -> bool:
        """Whether a description in a provisional response of ours was not acknowledged yet."""
        return self._answering.awaits_prack

    @property
    def dialog(self) -> Dialog:
        """The confirmed dialog, or the one that our responses belong to."""
        return self.dialogs.confirmed

    @property
    def _ends(self) -> bool:
        """Whether an answer comes too late: the session ends, and with it the INVITE that waited."""
        over = (Stage.CONFIRMED, Stage.ENDING, Stage.ENDED)
        return not self._answering.waits and self.stage in over

    def _tag_of(self, fork: str) -> str:
        """Our tag towards the caller for a party behind us."""
        if self.stage is not Stage.RECEIVED:
            return self.local_tag
        return self.dialogs.tag_of(fork, self._answering.request)

    # what the layer tells

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """A response to our first INVITE or to its CANCEL."""
        if not self._asking.is_about(transaction):
            return
        meaning = self._asking.read(response, self.stage, now)
        if meaning is not None:
            cue, given = meaning
            self._cue(cue, now, given)

    def errand_done(self, errand: Errand, outcome: Outcome, now: float) -> None:
        """A BYE or PRACK of ours was answered, or never will be."""
        if self._farewell.is_about(errand):
            self._cue(Cue.BYE_DONE, now)
            return
        failed = isinstance(outcome, Failure) or outcome.status >= 300
        if failed and errand.method == "PRACK" and self.stage is Stage.PROCEEDING:
            self.lost(outcome, now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """The layer gave up on our INVITE, or on a response of ours."""
        if self._asking.is_about(transaction):
            self._cue(Cue.INVITE_FAILED, now, failure)
        elif self._answering.is_about(transaction):
            self._cue(Cue.INVITE_FAILED, now, transaction.request)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A request within the dialog."""
        dialog = self.dialogs.of(request)
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
            self._answering.pracked(transaction, request, now)
            if not self.awaits_prack and self.stage is Stage.RECEIVED:
                self._accept_now(now)
        else:
            transaction.user = self
            self.inside.take(transaction, request, now)

    def cancel_received(self, request: Request, now: float) -> None:
        """A CANCEL for an INVITE that we are answering; its own 200 was sent already."""
        if self._answering.is_cancelled_by(request):
            self._cue(Cue.RECEIVED_CANCEL, now, request)

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK within the dialog; one for another INVITE than the last, or for none of theirs, changes nothing."""
        if self._answering.is_acknowledged_by(ack):
            self._cue(Cue.RECEIVED_ACK, now, ack)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due, or one of `answering`."""
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
        self.dialogs.acknowledge(errand.dialog, response, errand.request)

    # the machinery

    def _cue(self, cue: Cue, now: float, given: object = None) -> None:
        row = TABLE.step(self.stage, cue)
        if row is None:
            return
        self.stage, acts = row
        try:
            for act in acts:
                self._acts.perform(act, given, now)
        finally:  # also when the user breaks: it is told last
            if self.stage is Stage.ENDED:
                self._close(now)

    def _accept_now(self, now: float) -> None:
        """Give the 2xx, and with it what it says of the session interval."""
        held = self._answering.release()
        if held is None:
            return
        response, answer = held
        if self.stage is Stage.RECEIVED:
            self.dialogs.choose(response.to.tag or "")
        self._cue(Cue.ACCEPT, now, response)
        self.inside.adopt(answer, now)

    def _close(self, now: float) -> None:
        """Forget everything, once; a request that still waits is answered."""
        if self._closed:
            return
        self._closed = True
        self._farewell.stop_give_up()
        self.dialogs.close()
        self.inside.end(now)
        self._asking.abandon()
        self._answering.end(now)
        self.tell(Closed(), now)
