"""What a change on one side of a call that is up means for the other side (RFC 3264 sections 6.1 and 8, RFC 6337).

An address, a law, a packet length are met on the side that changes them; but where the audio goes past us, the other
side must know. Hold and resume go on to the other side where its terms say so, a fax (ITU-T T.38 annex D) where the
terms of both sides allow it, and the way back to audio always. They are answered when the other side has answered:
what it refuses is refused, and everything stays as it was.
"""

from collections.abc import Callable
from enum import Enum, auto

from mediation.b2bua import causes
from mediation.b2bua.bypass import Bypass, told_of
from mediation.b2bua.content import NOTHING, Content
from mediation.b2bua.descriptions import Told
from mediation.b2bua.digits import Dictation, restated, says_key
from mediation.b2bua.events import (
    Asked,
    HungUp,
    LegEvent,
    Pressed,
    Referred,
    ReofferCancelled,
    ReofferDue,
    Reoffered,
    ReofferRefused,
    ReofferTaken,
    Replied,
    Reported,
)
from mediation.b2bua.leg import Leg
from mediation.b2bua.parts import is_barred
from mediation.b2bua.passage import Lines
from mediation.b2bua.reports import Reports
from mediation.sdp.direct import Direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.fax import FaxParameters
from mediation.sdp.negotiation import Direction
from mediation.settings.peer_media import Dtmf
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import RemoteSipError
from mediation.sip.table import Table


class State(Enum):
    """Whether a wish for a change is on its way across."""

    QUIET = auto()
    RELAYING = auto()
    """One side waits for the other's answer."""


class Cue(Enum):
    """What a side can say of changes. `ASKER` is the side that waits, where one does; `OTHER` the one it waits for."""

    REOFFERED = auto()
    TAKEN = auto()
    """The side that we asked has agreed."""
    REFUSED = auto()
    CANCELLED = auto()
    """The asker has taken its wish back."""
    DUE = auto()
    """A side may be asked again."""


class Act(Enum):
    """What a transition performs."""

    DECIDE = auto()
    """Answer here, pass on, or refuse because the other side is busy."""
    REFUSE_491 = auto()
    ACCEPT = auto()
    """Answer the asker."""
    REFUSE = auto()
    """Answer the asker with what the other side has said."""
    APPLY = auto()
    STAY = auto()
    """A wish of ours, or of an asker who is gone, was refused: what the side was told before holds."""
    RECONCILE = auto()
    """Tell a side what it does not know yet of the other."""


S, C = State, Cue
Cell = tuple[State, Cue]

BRIDGE: dict[Cell, tuple[State, tuple[Act, ...]]] = {
    (S.QUIET, C.REOFFERED): (S.QUIET, (Act.DECIDE,)),
    (S.QUIET, C.TAKEN): (S.QUIET, (Act.APPLY, Act.RECONCILE)),
    (S.QUIET, C.REFUSED): (S.QUIET, (Act.STAY,)),
    (S.QUIET, C.DUE): (S.QUIET, (Act.RECONCILE,)),
    (S.RELAYING, C.REOFFERED): (S.RELAYING, (Act.REFUSE_491,)),
    (S.RELAYING, C.TAKEN): (S.QUIET, (Act.ACCEPT, Act.APPLY, Act.RECONCILE)),
    # a refusal of a fax by a 2xx leaves a party with neither fax nor audio: RECONCILE brings it back
    (S.RELAYING, C.REFUSED): (S.QUIET, (Act.REFUSE, Act.RECONCILE)),
    # what the other side agrees to meanwhile is put right by RECONCILE
    (S.RELAYING, C.CANCELLED): (S.QUIET, ()),
}

ABSORBED: dict[Cell, str] = {
    (S.QUIET, C.CANCELLED): "it was answered before",
    (S.RELAYING, C.DUE): "the change that is under way will tell it",
}


TABLE = Table(BRIDGE, ABSORBED)


class Bridge:
    """Two legs of a call that is up.

    `apply` puts in force what both have agreed, `press` lets a leg's peer hear a key in its media.
    """

    def __init__(
        self,
        one: Leg,
        other: Leg,
        bypass: Bypass,
        apply: Callable[[], None],
        press: Callable[[Leg, DtmfInfo], None],
    ) -> None:
        self._legs = (one, other)
        self.bypass = bypass
        """Which way the audio goes."""
        self._apply = apply
        self._press = press
        self._dictations = {leg: Dictation(leg) for leg in self._legs}
        self._asker: Leg | None = None
        self._asked: dict[tuple[Leg, int], int] = {}
        """What was passed on to a leg, by its ticket: the question of the other one."""
        self._referrals: dict[tuple[Leg, int], Referred] = {}
        """REFERs that were passed on to a leg, by its ticket."""
        self._reports: Reports | None = None
        """What the asker hears of one that was accepted."""
        self._parts_later = False
        """Whether the audio is to go past us once all that we have asked is answered."""
        self.state = State.QUIET

    def other(self, leg: Leg) -> Leg:
        """The one across."""
        one, other = self._legs
        return other if leg is one else one

    def willing(self, leg: Leg, *, through_us: bool = False) -> Told:
        """What we can do for a leg: what the other one wants, or everything where the leg is not to know of it.

        `through_us`: its audio is not to go past us yet.
        Who hears our music while it is on hold is to listen, whether the other one sends anything or not.
        """
        wish = self.other(leg).said.wish
        if isinstance(wish, FaxParameters):
            return wish
        way = told_of(leg, wish)
        audio = None if through_us else self.bypass.audio_for(leg)
        if audio is not None:
            return Direct(way, audio)
        plays = leg.terms.mid_call.music and not way.takes
        return Direction.SENDONLY if plays else way

    @property
    def legs(self) -> tuple[Leg, Leg]:
        """Both."""
        return self._legs

    def hear(self, leg: Leg, event: LegEvent, now: float) -> None:
        """A leg has said something that concerns the other one."""
        match event:
            case Reoffered():
                self._cue(Cue.REOFFERED, leg, now)
            case ReofferTaken():
                self._cue(Cue.TAKEN, leg, now)
            case ReofferRefused(status):
                self._cue(Cue.REFUSED, leg, now, status)
            case ReofferCancelled():
                self._cue(Cue.CANCELLED, leg, now)
            case ReofferDue():
                self._cue(Cue.DUE, leg, now)
            case Asked():
                self._asked_by(leg, event, now)
            case Pressed(key):
                self._dictations[self.other(leg)].press(key, now)
            case Reported():
                self._reported(leg, event, now)
            case Replied():
                self._replied(leg, event, now)
                if self._parts_later and not self._is_asking:
                    self._parts_later = False
                    self.settle(now)

    @property
    def _is_asking(self) -> bool:
        return any(leg.questions.is_asking for leg in self._legs)

    def _cue(self, cue: Cue, leg: Leg, now: float, status: int = 0) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        for act in acts:
            self._perform(act, leg, now, status)

    def succeed(self, before: "Bridge", now: float) -> None:
        """Take the place of another bridge, one of whose legs has left.

        What the leg that stays has asked of the one that left, nobody will answer: it is asked of who came instead
        where it concerns both, and refused where it was said to one party alone.
        """
        for leg in self._legs:
            if leg in before.legs and before.release(leg, now):
                self._meet(leg, now)

    def release(self, leg: Leg, now: float) -> bool:
        """Give up what a leg waits for; whether a change that it has asked for is still to be answered."""
        across = self.other(leg)
        questions = [number for (asked, _), number in self._asked.items() if asked is across]
        questions += [refer.question for (asked, _), refer in self._referrals.items() if asked is across]
        for question in questions:
            leg.questions.reply(question, 487, now)
        if self._reports is not None and self._reports.leg is leg:
            self._reports.tell(487, now)
        return self.state is State.RELAYING and self._asker is leg

    def settle(self, now: float) -> None:
        """Let each side know what it does not know yet of the other."""
        if self.state is State.QUIET:
            self._reconcile_both(now)

    def _perform(self, act: Act, leg: Leg, now: float, status: int) -> None:
        match act:
            case Act.DECIDE:
                self._decide(leg, now)
            case Act.REFUSE_491:
                leg.changes.refuse_reoffer(491, now)
            case Act.ACCEPT if self._asker is not None:
                asker, self._asker = self._asker, None
                asker.changes.accept_reoffer(self.willing(asker), now)
            case Act.REFUSE if self._asker is not None:
                asker, self._asker = self._asker, None
                asker.changes.refuse_reoffer(status, now)
            case Act.APPLY:
                self._apply()
            case Act.STAY:
                self._stay(leg, now)
            case Act.RECONCILE:
                self._reconcile_both(now)

    def _decide(self, leg: Leg, now: float) -> None:
        self._meet(leg, now)
        if self.state is State.RELAYING:
            leg.changes.await_reoffer(now)

    def _meet(self, leg: Leg, now: float) -> None:
        """Answer what a leg asks for, or ask the other one."""
        other = self.other(leg)
        if self._wants_fax_in_vain(leg, other):
            try:
                leg.said.decline_fax()
            except NotAcceptable as error:
                leg.changes.refuse_reoffer(488, now, error)
                return
        if self._knows(other) or not other.is_up:  # who has gone is told nothing; who comes will be
            leg.changes.accept_reoffer(self.willing(leg), now)
            self._apply()
        elif other.changes.may_reoffer:
            self.state, self._asker = State.RELAYING, leg
            other.changes.reoffer(self.willing(other), now, tries_again=False)
        else:
            leg.changes.refuse_reoffer(491, now)

    def _wants_fax_in_vain(self, leg: Leg, other: Leg) -> bool:
        """Whether a leg wants a fax that the other one does not do, and is not to be asked for, or has gone."""
        possible = self._knows(other) or (other.terms.mid_call.fax and other.is_up)
        return isinstance(leg.said.wish, FaxParameters) and not possible

    def _knows(self, leg: Leg) -> bool:
        """Whether a leg has been told already what the other one wants, and does as much."""
        willing = self.willing(leg)
        faxes = isinstance(leg.said.wish, FaxParameters)
        return leg.said.told == willing and faxes is isinstance(willing, FaxParameters)

    def keep_audio(self, now: float, *, kept: bool) -> None:
        """Let the audio come through us for the time being; or no longer."""
        self.bypass.kept = kept
        self.settle(now)

    def _stay(self, leg: Leg, now: float) -> None:
        """A leg does not go where we wanted its audio: the other one joins it where it is, or the call is over."""
        told, willing = leg.said.told, self.willing(leg)
        if willing == told or Direct not in (type(told), type(willing)):
            return  # a refresh, or a hold: nothing depends on it
        if isinstance(willing, Direct):
            self.bypass.refused = True
        else:
            self.bypass.kept = False
            if self.willing(leg) != told:
                leg.hang_up(causes.NO_WAY_BACK, now)
                leg.tell(HungUp(causes.NO_WAY_BACK), now)
                return
        self.settle(now)

    def _reconcile_both(self, now: float) -> None:
        for leg in self._legs:
            self._reconcile(leg, now)
        if all(leg.said.told == self.willing(leg) for leg in self._legs):
            self.bypass.settled()

    def _reconcile(self, leg: Leg, now: float) -> None:
        """Two that fax have told each other all; of two that do not do the same, the one that faxes comes to audio."""
        willing = self.willing(leg)
        if isinstance(willing, FaxParameters):
            if isinstance(leg.said.wish, FaxParameters):
                return
            willing = Direction.SENDRECV
        if leg.said.told == willing or leg.session.inside.change.is_asking:
            return
        if isinstance(willing, Direct) and self._is_asking:
            self._parts_later = True  # there is no haste, and what is on its way must not be overtaken
            return
        if leg.changes.may_reoffer:
            if isinstance(willing, Direct):
                self.bypass.turn()
                willing = self.willing(leg)
            leg.changes.reoffer(willing, now, tries_again=True)
        elif leg.session.may_ask_later:
            leg.changes.reoffer_later(now)

    # INFO and MESSAGE

    def _asked_by(self, leg: Leg, asked: Asked, now: float) -> None:
        """Pass on what one party says to the other; one that does not take it has said so (RFC 3261 section 8.2.1)."""
        other = self.other(leg)
        is_key = asked.method == "INFO" and says_key(asked.content)
        if is_key and leg.dtmf is Dtmf.INFO and other.dtmf is not None:
            self._key_by(leg, asked, now)
        elif is_barred(asked.content.essences, leg.terms, other.terms):
            leg.questions.refuse_content(asked.question, now)
        elif leg.terms.mid_call.info and other.terms.mid_call.info:
            self._pass_on(leg, asked, asked.content, now)
        else:
            leg.questions.reply(asked.question, 405, now)

    def _pass_on(self, leg: Leg, asked: Asked, content: Content, now: float) -> None:
        other = self.other(leg)
        if other.questions.takes(asked.method):
            self._asked[other, other.questions.ask(asked.method, content, now)] = asked.question
        else:
            leg.questions.reply(asked.question, 405, now)

    def _key_by(self, leg: Leg, asked: Asked, now: float) -> None:
        """A key: passed on where the other party hears of keys so, too, or else heard by it in its media."""
        other = self.other(leg)
        try:
            if other.dtmf is Dtmf.INFO:
                self._pass_on(leg, asked, restated(asked.content, other), now)
            else:
                key = DtmfInfo.parse(asked.content.body)
                leg.questions.reply(asked.question, 200, now)
                self._press(other, key)
        except RemoteSipError as error:
            leg.questions.reply(asked.question, error.status, now)

    def _replied(self, leg: Leg, replied: Replied, now: float) -> None:
        """Pass the answer back, whoever it is to; what is between us and the answering party stays there."""
        if self._dictations[leg].answered(replied.ticket, now):
            return
        referral = self._referrals.pop((leg, replied.ticket), None)
        if referral is not None:
            self._referral_replied(leg, referral, replied.status, now)
        question = self._asked.pop((leg, replied.ticket), None)
        if question is not None:
            status = 403 if replied.status in (401, 407) else replied.status
            self.other(leg).questions.reply(question, status, now, replied.content)

    # REFER that is passed on

    def refer(self, leg: Leg, referred: Referred, lines: Lines, now: float) -> None:
        """Let the other party perform a transfer (RFC 5589 section 6); `lines` say whom to call, in its own words."""
        other = self.other(leg)
        self._referrals[other, other.questions.ask("REFER", NOTHING, now, lines)] = referred

    def _referral_replied(self, leg: Leg, referred: Referred, status: int, now: float) -> None:
        if status < 300:
            self._referral_accepted(leg, referred, now)
        else:
            status = 403 if status in (401, 407) else status
            self.other(leg).questions.reply(referred.question, status, now)

    def _referral_accepted(self, leg: Leg, referred: Referred, now: float) -> None:
        asker = self.other(leg)
        asker.questions.accept_referral(referred, now)
        self._reports = Reports(asker, referred, now)

    def _reported(self, leg: Leg, reported: Reported, now: float) -> None:
        """How it goes; a report that nobody has asked for is 481 (RFC 6665 section 4.1.3).

        One that comes before the response to the REFER says that it was accepted (RFC 3515 section 2.4.4).
        """
        if self._reports is None:
            early = next((key for key in self._referrals if key[0] is leg), None)
            if early is not None:
                self._referral_accepted(leg, self._referrals.pop(early), now)
        reports = self._reports
        if reports is None or reports.leg is leg:
            leg.questions.reply(reported.question, 481, now)
            return
        leg.questions.reply(reported.question, 200, now)
        reports.tell(reported.status, now)
        if reported.over:
            self._reports = None
