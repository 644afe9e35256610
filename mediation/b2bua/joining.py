"""Attended transfer performed here: both calls are ours, and their far parties are joined (RFC 5589 section 7).

The party of the consultation call is asked to send its audio to the first call's ports. When it has agreed it takes the
transferor's seat there, and both legs of the transferor end. If it does not agree, both calls are as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from mediation.b2bua import causes
from mediation.b2bua.bypass import told_of
from mediation.b2bua.call import Call
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import (
    LegEvent,
    Referred,
    ReofferDue,
    ReofferRefused,
    ReofferTaken,
)
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import PairOpened
from mediation.b2bua.plan import Endpoint
from mediation.b2bua.reports import Reports
from mediation.sip.errors import LocalSipError
from mediation.sip.table import Table


class BothBroke(Exception):  # noqa: N818 -- no error of its own: the bug is its cause
    """A bug was met where two calls have to do with each other."""

    def __init__(self, *calls: "Call") -> None:
        super().__init__(*(call.id for call in calls))
        self.calls = calls


class State(Enum):
    """Where it stands."""

    OPENING = auto()
    """Ports for the party that comes are being bound."""
    MOVING = auto()
    """It is asked to send its audio there."""
    OVER = auto()


class Cue(Enum):
    """What can happen to it."""

    PAIR_OPENED = auto()
    PAIR_REFUSED = auto()
    AGREED = auto()
    REFUSED = auto()
    DUE = auto()
    """The party may be asked again: its own wish was in the way, or one that its own call had for it."""
    GONE = auto()
    """The party that was to come has hung up."""
    STOP = auto()
    """The call ends that it was to come to."""


class Act(Enum):
    """What a transition performs."""

    ASK = auto()
    JOIN = auto()
    GIVE_BACK = auto()
    """Its own call goes on as it was."""
    REPORT = auto()
    END_IF_LEFT = auto()
    """Where the transferor has left already, nobody is in its seat."""
    CLOSE_PAIR = auto()


S, C = State, Cue
Cell = tuple[State, Cue]

JOINING: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.OPENING, C.PAIR_OPENED): (S.MOVING, (Act.ASK,)),
    (S.OPENING, C.PAIR_REFUSED): (S.OVER, (Act.GIVE_BACK, Act.REPORT, Act.END_IF_LEFT)),
    (S.OPENING, C.GONE): (S.OVER, (Act.REPORT, Act.END_IF_LEFT)),
    (S.OPENING, C.STOP): (S.OVER, (Act.GIVE_BACK, Act.REPORT)),
    (S.MOVING, C.AGREED): (S.OVER, (Act.REPORT, Act.JOIN)),
    (S.MOVING, C.REFUSED): (S.OVER, (Act.GIVE_BACK, Act.REPORT, Act.CLOSE_PAIR, Act.END_IF_LEFT)),
    (S.MOVING, C.DUE): (S.MOVING, (Act.ASK,)),
    (S.MOVING, C.GONE): (S.OVER, (Act.REPORT, Act.CLOSE_PAIR, Act.END_IF_LEFT)),
    (S.MOVING, C.STOP): (S.OVER, (Act.GIVE_BACK, Act.REPORT)),
}

ABSORBED: dict[Cell, str] = {
    **{(S.OVER, cue): "it is decided" for cue in Cue},
    (S.OPENING, C.DUE): "it is asked as soon as its ports are there",
}
"""Cells in which nothing happens, and why."""

IMPOSSIBLE: dict[Cell, str] = {
    **{(S.OPENING, cue): "it was not asked yet" for cue in (C.AGREED, C.REFUSED)},
    **{(S.MOVING, cue): "asked for once" for cue in (C.PAIR_OPENED, C.PAIR_REFUSED)},
}
"""Cells that no input can reach, and why."""


TABLE = Table(JOINING, ABSORBED, IMPOSSIBLE)


class Lent:
    """What the consultation call knows of it: its party is about to leave, and it lives until then.

    The transferor may hang up its second call as soon as its REFER is accepted. See `succession.Succession`.
    """

    awaits_pair = False

    def __init__(self, joining: "Joining", consulted: Leg) -> None:
        self._joining = joining
        self.leaving = consulted
        self.has_left = False

    def owns(self, leg: Leg) -> bool:
        """See `Succession`."""
        del leg
        return False

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """It owns none."""
        raise LocalSipError("nobody's leg")

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """None was asked for."""
        raise LocalSipError("no pair was asked for")

    def pair_refused(self, now: float) -> None:
        """None was asked for."""
        raise LocalSipError("no pair was asked for")

    def left(self, now: float) -> None:
        """The transferor has hung up its second call."""
        del now
        self.has_left = True

    def stop(self, cause: Cause, now: float) -> None:
        """The consultation call ends, and with it the party that was to come."""
        del cause
        self._joining.lose(causes.NO_ANSWER, now)


class Joining:
    """One REFER whose Replaces names a call of ours. See `succession.Succession`."""

    def __init__(self, call: Call, leaving: Leg, referred: Referred, consulted: Leg, now: float) -> None:
        """Accept the REFER, and ask for ports. `consulted` is the transferor's leg of its second call."""
        consultation = consulted.user
        if not isinstance(consultation, Call):
            raise LocalSipError("a consultation belongs to a call")
        self._call = call
        self._consultation = consultation
        self._coming = consultation.seats.other(consulted)
        self._pair = 0
        self._local: Endpoint = ("", 0)
        self._ticket = 0
        """Of what the party was asked, once it was."""
        self._has_left = False
        self.user = call
        self.leaving = leaving
        self.state = State.OPENING
        self._reports = Reports(leaving, referred, now)
        self._lent = Lent(self, consulted)
        with self._together():
            leaving.questions.accept_referral(referred, now)
            self._reports.tell(100, now)
            call.fact("transfer.started", by=call.seats.name_of(leaving), consultation=consultation.id)
            self._coming.user = self
            consultation.successions.begin(self._lent)
            call.media.open_pair(self._coming.side, self._coming.flow.local[0])
            call.successions.begin(self)

    @staticmethod
    def possible(call: Call, consulted: Leg) -> bool:
        """Whether the consultation is another call of ours that is up, and nobody else is at it."""
        consultation = consulted.user
        return (
            isinstance(consultation, Call)
            and consultation is not call
            and consultation.is_up
            and consultation.successions.current is None
            and consultation.seats.other(consulted).is_up
        )

    @property
    def open(self) -> set[Leg]:
        """The legs of the call that it works for."""
        return self._call.open

    @property
    def awaits_pair(self) -> bool:
        """See `Succession`."""
        return self.state is State.OPENING

    def owns(self, leg: Leg) -> bool:
        """See `Succession`; the party that comes reports to us directly."""
        del leg
        return False

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """The party that comes has something to say: what is not about its move is for its own call."""
        match event:
            case ReofferTaken(ticket) if ticket == self._ticket:
                self._cue(Cue.AGREED, now, causes.NORMAL)
            case ReofferRefused(_, ticket) if ticket == self._ticket:
                self._cue(Cue.REFUSED, now, causes.NO_CODEC_CALLEE)
            case ReofferDue() if self.state is State.MOVING:
                self._cue(Cue.DUE, now, causes.NORMAL)
            case ReofferTaken() | ReofferRefused():
                self._consultation.leg_event(leg, event, now)
                self._cue(Cue.DUE, now, causes.NORMAL)
            case _ if leg.is_up:
                self._consultation.leg_event(leg, event, now)
            case _:
                self._coming.user = self._consultation
                self._consultation.leg_event(leg, event, now)
                self.lose(causes.NO_ANSWER, now)

    def lose(self, cause: Cause, now: float) -> None:
        """The party that was to come has hung up, or its call has ended."""
        self._cue(Cue.GONE, now, cause)

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """See `Succession`."""
        self._pair, self._local = fact.pair, fact.endpoint
        self._cue(Cue.PAIR_OPENED, now, causes.NORMAL)

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

    def _cue(self, cue: Cue, now: float, cause: Cause) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        with self._together():
            for act in acts:
                self._perform(act, now, cause)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A bug in here leaves both calls in doubt."""
        try:
            yield
        except Exception as error:  # whatever it is, the engine ends both calls by it
            raise BothBroke(self._call, self._consultation) from error

    def _perform(self, act: Act, now: float, cause: Cause) -> None:
        call = self._call
        match act:
            case Act.ASK:
                self._ask(now)
            case Act.JOIN:
                self._join(now)
            case Act.GIVE_BACK:
                self._give_back(cause, now)
            case Act.REPORT:
                self._reports.tell(cause.reply_status if cause is not causes.NORMAL else 200, now)
            case Act.END_IF_LEFT:
                call.successions.over()
                call.successions.note(self.leaving, None, cause.status, now)
                if self._has_left:
                    call.successions.end(self.leaving, cause, now)
            case Act.CLOSE_PAIR:
                call.media.close_pair(self._pair)

    def _give_back(self, cause: Cause, now: float) -> None:
        coming, consultation = self._coming, self._consultation
        coming.user = consultation
        consultation.successions.over()
        if self._lent.has_left:
            consultation.successions.end(self._lent.leaving, cause, now)

    def _ask(self, now: float) -> None:
        """Only this offer names the new ports: until they have moved, its own call has the party at the old ones."""
        coming = self._coming
        if coming.session.inside.change.is_asking:
            return  # what comes of that lets us ask
        if not coming.changes.may_reoffer:
            coming.changes.reoffer_later(now)
            return
        home = coming.scribe.local
        told = told_of(coming, self._call.seats.other(self.leaving).said.wish_of_audio)
        coming.bind(self._local)
        self._ticket = coming.changes.reoffer(told, now, tries_again=True)
        coming.bind(home)

    def _join(self, now: float) -> None:
        call, coming, leaving = self._call, self._coming, self.leaving
        coming.bind(self._local)
        call.successions.over()
        if coming.trunk:
            room = call.exchange.trunks[coming.trunk].room
            self._consultation.occupancy.hand_over(room, call.occupancy)
        call.successions.note(leaving, coming, 200, now)
        self._consultation.successions.over()
        call.successions.take_seat(leaving, coming, self._pair, now)
        coming.changes.announce(now)
        self._consultation.successions.surrender(coming, causes.TRANSFERRED, now)
        leaving.hang_up(causes.TRANSFERRED, now)
