"""Blind transfer performed here: somebody else is called, and takes the transferor's seat (RFC 5589 section 6).

The transferor hears how it goes by NOTIFY, and may leave as soon as its REFER is accepted: the other party stays and
the transfer goes on. If nobody answers and the transferor is still there, the call is as it was.
"""

from enum import Enum, auto

from mediation.b2bua import causes
from mediation.b2bua.bypass import told_of
from mediation.b2bua.call import Call
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, LegEvent, Progress, Referred, Updated
from mediation.b2bua.hunt import Failed, Hunt
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import PairOpened
from mediation.b2bua.plan import Endpoint
from mediation.b2bua.reports import Reports
from mediation.routing.routes import Candidate
from mediation.sip.errors import LocalSipError
from mediation.sip.table import Table


class State(Enum):
    """Where a transfer stands."""

    OPENING = auto()
    """Ports for the new party are being bound."""
    SEEKING = auto()
    """The new party is being called."""
    OVER = auto()


class Cue(Enum):
    """What can happen to it."""

    PAIR_OPENED = auto()
    PAIR_REFUSED = auto()
    PROGRESS = auto()
    ANSWERED = auto()
    FAILED = auto()
    STOP = auto()
    """The call ends."""


class Act(Enum):
    """What a transition performs."""

    SEEK = auto()
    STOP_SEEKING = auto()
    REPORT = auto()
    HEAR = auto()
    """Let the party that stays hear the new one's early media, or that it rings."""
    JOIN = auto()
    GO_BACK = auto()
    """The call is as it was; or it ends, because the transferor has left."""
    CLOSE_PAIR = auto()


S, C = State, Cue
Cell = tuple[State, Cue]

TRANSFER: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.OPENING, C.PAIR_OPENED): (S.SEEKING, (Act.SEEK,)),
    (S.OPENING, C.PAIR_REFUSED): (S.OVER, (Act.REPORT, Act.GO_BACK)),
    (S.OPENING, C.STOP): (S.OVER, (Act.REPORT,)),
    (S.SEEKING, C.PROGRESS): (S.SEEKING, (Act.REPORT, Act.HEAR)),
    (S.SEEKING, C.ANSWERED): (S.OVER, (Act.REPORT, Act.JOIN)),
    (S.SEEKING, C.FAILED): (S.OVER, (Act.REPORT, Act.GO_BACK, Act.CLOSE_PAIR)),
    (S.SEEKING, C.STOP): (S.OVER, (Act.STOP_SEEKING, Act.REPORT)),
}

ABSORBED: dict[Cell, str] = {(S.OVER, cue): "it is decided" for cue in Cue}
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    **{(S.OPENING, cue): "nobody was called yet" for cue in (C.PROGRESS, C.ANSWERED, C.FAILED)},
    **{(S.SEEKING, cue): "asked for once" for cue in (C.PAIR_OPENED, C.PAIR_REFUSED)},
}
"""Cells that no input can reach, and why."""


TABLE = Table(TRANSFER, ABSORBED, IMPOSSIBLE)


class Transfer:
    """One REFER, from its acceptance to an answer or a failure. See `succession.Succession`."""

    def __init__(
        self,
        call: Call,
        leaving: Leg,
        referred: Referred,
        invitation: Invitation,
        candidates: tuple[Candidate, ...],
        now: float,
    ) -> None:
        """Accept the REFER, and ask for ports."""
        self._call = call
        self._hunt = Hunt(self, call, invitation, candidates)
        self._pair = 0
        self._local: Endpoint = ("", 0)
        self._has_left = False
        self.user = call
        self.leaving = leaving
        self.state = State.OPENING
        leaving.questions.accept_referral(referred, now)
        self._reports = Reports(leaving, referred, now)
        self._reports.tell(100, now)
        call.fact("transfer.started", by=call.seats.name_of(leaving))
        call.seats.keep_audio(now, kept=True)
        first = candidates[0]
        call.media.open_pair(first.terms.side, first.listener.host)
        call.successions.begin(self)

    @property
    def awaits_pair(self) -> bool:
        """See `Succession`."""
        return self.state is State.OPENING

    def owns(self, leg: Leg) -> bool:
        """See `Succession`."""
        return leg is self._hunt.leg and self.state is State.SEEKING

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """The new party's leg: what it asks for before it answers is met by the leg itself."""
        del leg
        if isinstance(event, Updated):
            self._call.seats.hear(self._call.seats.guest)
        elif isinstance(event, Referred):
            raise LocalSipError("nobody refers before the answer")
        else:
            self._hunt.leg_event(event, now)

    def hunt_event(self, event: Progress | Answered | Failed, now: float) -> None:
        """The search has come to something."""
        match event:
            case Progress():
                self._cue(Cue.PROGRESS, now, event)
            case Answered():
                self._cue(Cue.ANSWERED, now, 200)
            case Failed(cause):
                self._cue(Cue.FAILED, now, cause)

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """See `Succession`."""
        self._pair = fact.pair
        self._local = fact.endpoint
        self._cue(Cue.PAIR_OPENED, now)

    def pair_refused(self, now: float) -> None:
        """See `Succession`."""
        self._cue(Cue.PAIR_REFUSED, now, causes.NO_PORTS)

    def left(self, now: float) -> None:
        """See `Succession`."""
        del now
        self._has_left = True

    def stop(self, cause: Cause, now: float) -> None:
        """See `Succession`."""
        self._cue(Cue.STOP, now, cause)

    def _cue(self, cue: Cue, now: float, given: Cause | Progress | int = 0) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        for act in acts:
            self._perform(act, given, now)

    def _perform(self, act: Act, given: Cause | Progress | int, now: float) -> None:
        call, leaving = self._call, self.leaving
        cause = given if isinstance(given, Cause) else causes.NORMAL
        match act:
            case Act.SEEK:
                wish = call.seats.other(leaving).said.wish_of_audio
                self._hunt.begin(self._local, lambda leg: told_of(leg, wish), now)
            case Act.STOP_SEEKING:
                self._hunt.stop(cause, now)
            case Act.REPORT:
                self._reports.tell(_told(given), now)
            case Act.HEAR:
                if self._hunt.leg is not None and isinstance(given, Progress):
                    call.seats.expect((call.seats.seat_of(leaving), self._hunt.leg, self._pair), given)
            case Act.JOIN if self._hunt.leg is not None:
                call.successions.over()
                call.successions.note(leaving, self._hunt.leg, 200, now)
                call.successions.take_seat(leaving, self._hunt.leg, self._pair, now)
                leaving.hang_up(causes.TRANSFERRED, now)
            case Act.GO_BACK:
                call.successions.over()
                call.successions.note(leaving, None, cause.status, now)
                if self._has_left:
                    call.successions.end(leaving, cause, now)
                else:
                    call.seats.hear(None)
                    call.seats.keep_audio(now, kept=False)
            case Act.CLOSE_PAIR:
                call.media.close_pair(self._pair)


def _told(given: Cause | Progress | int) -> int:
    """The status that a report names: never a challenge that was for us, nor a redirection."""
    match given:
        case Cause():
            return given.reply_status
        case Progress(status):
            return status
        case int():
            return given
