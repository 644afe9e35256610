"""A change of the session that we ask for: re-INVITE or UPDATE, and another try after glare.

RFC 3261 section 14.1, RFC 3311 section 5.1. At most one is under way at a time. Only a 2xx changes anything: whatever
else comes back leaves the session as it was.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.derived import cancel
from mediation.sip.errand import Errand, Extra, Outcome, is_lost
from mediation.sip.errors import LocalSipError
from mediation.sip.message import Response
from mediation.sip.table import Table
from mediation.sip.transaction_row import Failure


class State(Enum):
    """Where our asking stands."""

    QUIET = auto()
    ASKING = auto()
    """The request is out and has no final response."""
    WAITING = auto()
    """It met one of theirs: both try again, each in its own time."""
    OVER = auto()
    """The session ends; whatever still comes back changes nothing."""


class Cue(Enum):
    """What can happen to it."""

    ASK = auto()
    POSTPONE = auto()
    """Asked for while an INVITE of theirs is being answered."""
    AGREED = auto()
    AGREED_AGAIN = auto()
    """A repetition of a 2xx to an INVITE that was answered before."""
    GLARE = auto()
    """491, and the asker wants to try again."""
    REFUSED = auto()
    LOST = auto()
    """No answer, or one that says that the dialog is gone (section 12.2.1.2)."""
    RETRY = auto()
    """Timer: it is our turn again (section 14.1)."""
    STUCK = auto()
    """Timer: no final response for 64 times T1, whatever provisional ones came."""
    FORGET = auto()
    """Timer: nor has one come 64 times T1 after we gave the INVITE up (section 9.1)."""
    END = auto()
    """The session ends."""


class Act(Enum):
    """What a transition performs."""

    SEND = auto()
    ACK = auto()
    CANCEL = auto()
    START_RETRY = auto()
    STOP_RETRY = auto()
    START_STUCK = auto()
    STOP_STUCK = auto()
    START_FORGET = auto()
    """Where an INVITE waits for its final response: a 2xx would still need its ACK."""
    FORGET = auto()
    TELL_CHANGED = auto()
    TELL_REFUSED = auto()
    TELL_LOST = auto()
    TELL_MET = auto()
    """Nothing of ours is offered until it is our turn again."""
    TELL_DUE = auto()
    """The asker may ask again, if it still wants to."""


S, C = State, Cue
Cell = tuple[State, Cue]

CHANGE: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.QUIET, C.ASK): (S.ASKING, (Act.SEND, Act.START_STUCK)),
    (S.QUIET, C.POSTPONE): (S.WAITING, (Act.START_RETRY,)),
    (S.QUIET, C.AGREED_AGAIN): (S.QUIET, (Act.ACK,)),
    (S.QUIET, C.FORGET): (S.QUIET, (Act.FORGET,)),
    (S.QUIET, C.END): (S.OVER, ()),
    (S.ASKING, C.AGREED): (S.QUIET, (Act.STOP_STUCK, Act.ACK, Act.TELL_CHANGED)),
    (S.ASKING, C.AGREED_AGAIN): (S.ASKING, (Act.ACK,)),
    (S.ASKING, C.GLARE): (S.WAITING, (Act.STOP_STUCK, Act.START_RETRY, Act.TELL_MET)),
    (S.ASKING, C.REFUSED): (S.QUIET, (Act.STOP_STUCK, Act.TELL_REFUSED)),
    (S.ASKING, C.LOST): (S.QUIET, (Act.STOP_STUCK, Act.TELL_LOST)),
    (S.ASKING, C.STUCK): (S.QUIET, (Act.CANCEL, Act.START_FORGET, Act.TELL_LOST)),
    (S.ASKING, C.END): (S.OVER, (Act.STOP_STUCK, Act.START_FORGET)),
    (S.WAITING, C.ASK): (S.ASKING, (Act.STOP_RETRY, Act.SEND, Act.START_STUCK)),
    (S.WAITING, C.POSTPONE): (S.WAITING, (Act.START_RETRY,)),
    (S.WAITING, C.AGREED_AGAIN): (S.WAITING, (Act.ACK,)),
    (S.WAITING, C.RETRY): (S.QUIET, (Act.TELL_DUE,)),
    (S.WAITING, C.END): (S.OVER, (Act.STOP_RETRY,)),
    (S.OVER, C.AGREED): (S.OVER, (Act.ACK,)),  # RFC 5407 section 3.2.3: a BYE does not spare the ACK
    (S.OVER, C.AGREED_AGAIN): (S.OVER, (Act.ACK,)),
    (S.OVER, C.FORGET): (S.OVER, (Act.FORGET,)),
}

ABSORBED: dict[Cell, str] = {
    **{(S.OVER, c): "the session is over" for c in (C.ASK, C.POSTPONE, C.GLARE, C.REFUSED, C.LOST, C.END)},
    (S.QUIET, C.AGREED): "an answer that came after we had given it up: the session ends with a BYE",
    **{(S.QUIET, c): "it was given up before" for c in (C.GLARE, C.REFUSED, C.LOST)},
}
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    **{(S.ASKING, c): "one at a time: a bug of the asker" for c in (C.ASK, C.POSTPONE)},
    **{(S.WAITING, c): "nothing of ours is out" for c in (C.AGREED, C.GLARE, C.REFUSED, C.LOST)},
    **{(s, C.RETRY): "runs in WAITING only" for s in (S.QUIET, S.ASKING, S.OVER)},
    **{(s, C.STUCK): "runs in ASKING only" for s in (S.QUIET, S.WAITING, S.OVER)},
    **{(s, C.FORGET): "what was given up has ended the session" for s in (S.ASKING, S.WAITING)},
}  # fmt: skip
"""Cells that no input can reach, and why."""


TABLE = Table(CHANGE, ABSORBED, IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Changed:
    """The peer has agreed, and was acknowledged; `response` holds its answer, if there was an offer."""

    response: Response


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """Everything stays as it was."""

    response: Response


@dataclass(frozen=True, slots=True)
class ChangeMet:
    """It met one of theirs, which may come again sooner than ours: `ChangeDue` follows."""

    method: str
    """What was asked by: INVITE or UPDATE."""


@dataclass(frozen=True, slots=True)
class ChangeDue:
    """What could not be asked before may be asked now."""


@dataclass(frozen=True, slots=True)
class ChangeLost:
    """The dialog is gone at the peer, or the peer itself."""

    outcome: Outcome


ChangeEvent = Changed | ChangeRefused | ChangeMet | ChangeDue | ChangeLost


class ChangeUser(Protocol):
    """Whose session it is."""

    def change_event(self, event: ChangeEvent, now: float) -> None:
        """Something has become of what was asked."""

    def acknowledge(self, errand: Errand, response: Response) -> None:
        """Send the ACK to a 2xx, or the same again."""


class Change:
    """Our side of the changes of one session."""

    def __init__(self, agent: Agent, user: ChangeUser, *, owns_call_id: bool) -> None:
        """`owns_call_id`: we made the Call-ID, so our turn after glare comes later (section 14.1)."""
        self._agent = agent
        self._owns_call_id = owns_call_id
        self._errand: Errand | None = None
        self._tries_again = True
        self.user = user
        self.state = State.QUIET

    @property
    def is_asking(self) -> bool:
        """Whether a request of ours waits for its final response."""
        return self.state is State.ASKING

    @property
    def is_offering(self) -> bool:
        """Whether that is an INVITE, which no other INVITE may cross (section 14.2)."""
        return self.is_asking and self._errand is not None and self._errand.method == "INVITE"

    def ask(
        self,
        errand: Errand,
        method: str,
        now: float,
        *,
        contact: str,
        headers: Extra = (),
        body: bytes = b"",
        tries_again: bool = True,
    ) -> None:
        """Send INVITE or UPDATE as `errand`. `tries_again`: a 491 is no refusal, `ChangeDue` follows."""
        self._tries_again = tries_again

        def send() -> None:
            self._errand = errand
            errand.send(method, now, contact=contact, headers=headers, body=body)

        self._cue(Cue.ASK, now, send)

    def postpone(self, now: float) -> None:
        """It can not be asked now: `ChangeDue` follows."""
        self._cue(Cue.POSTPONE, now)

    def end(self, now: float) -> None:
        """The session ends."""
        self._cue(Cue.END, now)

    def errand_done(self, errand: Errand, outcome: Outcome, now: float) -> None:
        """An answer, or none."""
        agreed = not isinstance(outcome, Failure) and outcome.status < 300
        if errand is not self._errand or (self.state is State.QUIET and agreed):
            if agreed and errand.method == "INVITE":
                self._cue(Cue.AGREED_AGAIN, now, (errand, outcome))
        elif agreed:
            self._cue(Cue.AGREED, now, (errand, outcome))
        elif is_lost(outcome):
            self._cue(Cue.LOST, now, outcome)
        elif not isinstance(outcome, Failure) and outcome.status == 491 and self._tries_again:
            self._cue(Cue.GLARE, now)
        else:
            self._cue(Cue.REFUSED, now, outcome)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        self._cue(Cue[name], now)

    def _cue(self, cue: Cue, now: float, given: object = None) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        for act in acts:
            self._perform(act, now, given)

    def _perform(self, act: Act, now: float, given: object) -> None:
        deadlines = self._agent.deadlines
        match act, given:
            case Act.SEND, send if callable(send):
                send()
            case Act.ACK, (Errand() as errand, Response() as response):
                if errand.method == "INVITE":
                    self.user.acknowledge(errand, response)
            case Act.CANCEL, _:
                self._cancel(now)
            case Act.START_RETRY, _:
                deadlines.start((self, Cue.RETRY.name), now + self._pause_s())
            case Act.STOP_RETRY, _:
                deadlines.stop((self, Cue.RETRY.name))
            case Act.START_STUCK, _:
                deadlines.start((self, Cue.STUCK.name), now + self._agent.layer.timers.transaction_s)
            case Act.STOP_STUCK, _:
                deadlines.stop((self, Cue.STUCK.name))
            case Act.START_FORGET, _:
                if self._waits_for_invite:
                    at = now + self._agent.layer.timers.transaction_s
                    deadlines.start((self, Cue.FORGET.name), at)
            case Act.FORGET, _:
                if self._errand is not None:
                    self._errand.forget()
            case Act.TELL_CHANGED, (Errand(), Response() as response):
                self.user.change_event(Changed(response), now)
            case Act.TELL_REFUSED, Response() as response:
                self.user.change_event(ChangeRefused(response), now)
            case Act.TELL_MET, _:
                self.user.change_event(
                    ChangeMet(self._errand.method if self._errand is not None else ""), now
                )
            case Act.TELL_DUE, _:
                self.user.change_event(ChangeDue(), now)
            case Act.TELL_LOST, outcome:
                lost = outcome if isinstance(outcome, Response | Failure) else Failure.TIMEOUT
                self.user.change_event(ChangeLost(lost), now)
            case _:
                raise LocalSipError(f"{act.name} cannot be done with {type(given).__name__}")

    def _cancel(self, now: float) -> None:
        """Take back an INVITE that was answered provisionally and no further (section 9.1)."""
        errand = self._errand
        if errand is not None and self._waits_for_invite:
            flow = errand.transaction.flow
            self._agent.layer.send_request(cancel(errand.request), flow, errand, now)

    @property
    def _waits_for_invite(self) -> bool:
        """Whether an INVITE of ours has no final response: once it has a provisional one, no timer of its own runs."""
        errand = self._errand
        return errand is not None and errand.method == "INVITE" and errand.transaction.awaits_final

    def _pause_s(self) -> float:
        """2.1 to 4 s for whoever made the Call-ID, 0 to 2 s for the other, in steps of 10 ms (section 14.1)."""
        ids = self._agent.ids
        return ids.between(210, 400) / 100 if self._owns_call_id else ids.between(0, 200) / 100
