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
from mediation.b2bua.conversation import Conversation
from mediation.b2bua.events import (
    HungUp,
    LegEvent,
    ReofferCancelled,
    ReofferDue,
    Reoffered,
    ReofferRefused,
    ReofferTaken,
)
from mediation.b2bua.leg import Leg
from mediation.b2bua.scribe import Told
from mediation.sdp.audio import Direction
from mediation.sdp.direct import Direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.fax import FaxParameters
from mediation.sip.dtmf_info import DtmfInfo
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
        self.talk = Conversation(one, other, press)
        """What the parties say to each other."""
        self._apply = apply
        self._asker: Leg | None = None
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
            case _:
                self.talk.hear(leg, event, now)
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
        self.talk.release(leg, now)
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
        before = self.bypass.obstacle
        self.bypass.kept = kept
        if self.bypass.obstacle is not before:
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
