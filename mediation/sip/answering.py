"""The INVITEs that the peer sends within one session, the first and later ones, and how each is answered.

RFC 3261 section 13.3: one waits for its answer at a time; a 2xx may have to wait for a PRACK (RFC 3262 section 3), and
is repeated until its ACK comes. What is sent when is for `session_table` to say.
"""

from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.contents import describes_session
from mediation.sip.derived import reply, typed
from mediation.sip.early import EarlyAnswers, EarlyUser
from mediation.sip.errand import Extra
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.inside import RETRY_AFTER_S, Inside
from mediation.sip.message import Request, Response
from mediation.sip.session_dialogs import SessionDialogs
from mediation.sip.session_events import Pracked, SessionEvent
from mediation.sip.session_timer import TimerAnswer
from mediation.sip.transaction import State
from mediation.sip.transaction_row import ClientUser, Transaction

REPEAT_2XX, ACK_MISSING = "REPEAT_2XX", "ACK_MISSING"


class AnsweringUser(ClientUser, EarlyUser, Protocol):
    """Whose INVITEs they are: it hears what became of its responses."""

    def timer_fired(self, name: str, now: float) -> None:
        """A 2xx is to be repeated, or its ACK is missing for good."""

    def tell(self, event: SessionEvent, now: float) -> None:
        """Tell the session's user."""


class Answering:
    """The INVITE that waits for its answer or its ACK, if one does."""

    def __init__(
        self, agent: Agent, user: AnsweringUser, flow: Flow, dialogs: SessionDialogs, inside: Inside
    ) -> None:
        self._agent = agent
        self._flow = flow
        self._dialogs = dialogs
        self._inside = inside
        self._pending: Transaction | None = None
        self._later: Transaction | None = None
        """The latest INVITE within the session."""
        self._early: EarlyAnswers | None = None
        """Of the first INVITE; later ones are not answered reliably."""
        self._held: tuple[Response, TimerAnswer] | None = None
        """A 2xx that waits for the PRACK to what was said before it."""
        self._accepted: Response | None = None
        """The latest 2xx."""
        self._repeat_s = 0.0
        self.user = user

    # what it is

    @property
    def waits(self) -> bool:
        """Whether an INVITE is being answered, or its 2xx waits for the ACK."""
        return self._pending is not None

    @property
    def refusal_waits(self) -> bool:
        """Whether a later INVITE was refused and has no ACK yet: it is in the way of any other (section 14.1)."""
        return self._later is not None and self._later.state is State.COMPLETED

    @property
    def is_unanswered(self) -> bool:
        """Whether an INVITE has no final response yet."""
        return self._pending is not None and self._pending.state is State.PROCEEDING

    @property
    def request(self) -> Request:
        """The INVITE that waits."""
        if self._pending is None:
            raise LocalSipError("no INVITE waits for an answer")
        return self._pending.request

    @property
    def has_accepted(self) -> bool:
        """Whether a 2xx has gone, to the first INVITE or a later one."""
        return self._accepted is not None

    @property
    def awaits_prack(self) -> bool:
        """Whether a description in a provisional response of ours was not acknowledged yet."""
        return self._early is not None and self._early.holds_2xx

    def is_about(self, transaction: Transaction) -> bool:
        """Whether this is the INVITE that waits."""
        return transaction is self._pending

    def is_cancelled_by(self, cancel: Request) -> bool:
        """Whether a CANCEL names the INVITE that has no final response yet."""
        return self.is_unanswered and self.request.top_via.branch == cancel.top_via.branch

    def is_acknowledged_by(self, ack: Request) -> bool:
        """Whether an ACK is the one to the latest 2xx, and is heard for the first time.

        Where a 2xx was repeated so is its ACK, and another INVITE may wait by then.
        """
        accepted, pending = self._accepted, self._pending
        if accepted is None or pending is None:
            return False
        return ack.cseq.number == accepted.cseq.number == pending.request.cseq.number

    # what is done

    def begin(self, transaction: Transaction) -> None:
        """The INVITE that the session begins with."""
        self._pending = transaction
        self._early = EarlyAnswers(self._agent, self.user, transaction)

    def take(self, transaction: Transaction, now: float) -> bool:
        """A later INVITE: whether it may be answered now (RFC 3261 section 14.2, RFC 5407 section 3.1.4)."""
        inside = self._inside
        self._later = transaction
        if inside.change.is_offering or (self.waits and not self.is_unanswered):
            inside.reply(transaction, 491, now)
            return False
        if self.waits:
            inside.reply(transaction, 500, now, (("Retry-After", str(RETRY_AFTER_S)),))
            return False
        inside.heed(transaction.request)
        if inside.judge(transaction, now) is None:
            return False
        self._pending = transaction
        transaction.user = self.user
        return True

    def compose(
        self, status: int, *, tag: str = "", reason: str = "", headers: Extra = (), body: bytes = b""
    ) -> Response:
        """A response to the INVITE that waits; `tag` is ours for a party behind us, where it is not the session's."""
        invite = self.request
        if 100 < status < 300:  # it makes a dialog (section 12.1.1)
            routes = tuple(("Record-Route", value) for value in invite.headers.get_all("Record-Route"))
            headers = (*routes, ("Contact", self._agent.contact(self._flow)), *headers)
        to_tag = tag or self._dialogs.local_tag
        return reply(invite, status, to_tag=to_tag, reason=reason, headers=typed(headers, body), body=body)

    def hold(self, response: Response, answer: TimerAnswer) -> None:
        """Keep a 2xx until it may go."""
        self._held = response, answer

    def release(self) -> tuple[Response, TimerAnswer] | None:
        """The 2xx that was held, if one was; it is held no longer."""
        held, self._held = self._held, None
        return held

    def respond(self, response: Response, now: float, *, reliable: bool = False) -> None:
        """Give the transaction its response; `reliable` is for provisional ones to the first INVITE."""
        if self._pending is None:
            return
        if reliable and self._early is not None:
            self._early.send(response, now)
            return
        if response.status >= 200 and self._early is not None:
            self._early.close()
        if 200 <= response.status < 300:  # a request that is rejected changes nothing (section 12.2.2)
            self._dialogs.confirmed.refresh_target(self._pending.request)
            self._accepted = response
        self._agent.layer.respond(self._pending, response, now)
        if response.status >= 300:
            self._pending = None

    def pracked(self, transaction: Transaction, prack: Request, now: float) -> None:
        """RFC 3262 section 3: 2xx where it matches, 481 where it does not; a body is for the user to answer."""
        early, inside = self._early, self._inside
        try:
            matches = early is not None and early.acknowledge(prack, now)
        except RemoteSipError as error:
            inside.reply(transaction, error.status, now, reason=error.reason)
            return
        if early is None or not matches:
            inside.reply(transaction, 481, now)
            return
        if describes_session(prack):
            transaction.user = self.user
            inside.hold(transaction)
            self.user.tell(Pracked(transaction), now)
        else:
            inside.reply(transaction, 200, now)
        early.go_on(prack, now)

    def begin_repeating(self, now: float) -> None:
        """Repeat the 2xx from T1 on, doubling up to T2, until 64 times T1 are over (section 13.3.1.4)."""
        timers = self._agent.layer.timers
        self._repeat_s = timers.t1_s
        self._agent.deadlines.start((self, REPEAT_2XX), now + self._repeat_s)
        self._agent.deadlines.start((self, ACK_MISSING), now + timers.transaction_s)

    def repeat(self, now: float) -> None:
        """Send the 2xx once more."""
        if self._pending is not None and self._accepted is not None and not self._pending.terminated:
            self._agent.layer.respond(self._pending, self._accepted, now)
        self._repeat_s = min(2 * self._repeat_s, self._agent.layer.timers.t2_s)
        self._agent.deadlines.start((self, REPEAT_2XX), now + self._repeat_s)

    def stop_repeating(self) -> None:
        """Its ACK came, or nobody waits for it any more."""
        self._stop_timers()
        self._pending = None

    def leave(self, now: float) -> None:
        """The dialog is over before the ACK to its 2xx came: whoever has not heard it asks again."""
        if self._pending is not None:
            self._agent.layer.leave(self._pending, now)
        self.stop_repeating()

    def drop(self, now: float) -> None:
        """Answer 487 to an INVITE that has no final response (section 15.1.2)."""
        if self._pending is not None and self.is_unanswered:
            tag = self._dialogs.local_tag
            self._agent.layer.respond(self._pending, reply(self._pending.request, 487, to_tag=tag), now)
            self._pending = None

    def timer_fired(self, name: str, now: float) -> None:
        """What becomes of the session is for the session to say."""
        self.user.timer_fired(name, now)

    def end(self, now: float) -> None:
        """The session is over; an INVITE that a bug has left without an answer hears 500."""
        self._stop_timers()
        if self._early is not None:
            self._early.close()
        if self._pending is not None:
            self._agent.layer.fail_unanswered(self._pending, self._dialogs.local_tag, now)

    def _stop_timers(self) -> None:
        for name in (REPEAT_2XX, ACK_MISSING):
            self._agent.deadlines.stop((self, name))
