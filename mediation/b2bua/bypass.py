"""Which way the audio of two legs goes: through us, or straight between the parties (media bypass).

Nothing here remembers the way. What each party has been told stands in its leg; what it should be told is decided anew
whenever somebody asks, and the bridge brings the two together by re-INVITE. So whatever makes us needed (music, a fax,
a transfer, codecs that differ) brings the audio back, and when it is over the audio goes past us again.
"""

from collections.abc import Callable

from mediation.b2bua.leg import Leg
from mediation.b2bua.scribe import Told
from mediation.routing.bypass import Obstacle, Standing, at_first, converts_digits
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import TELEPHONE_EVENT, AudioStream, Direction
from mediation.sdp.direct import Direct, fitting
from mediation.settings.peer_terms import Relay
from mediation.sip.session_table import Stage

MOST_TURNS = 6
"""So many re-INVITEs of ours in a row tell the parties each other's addresses; a party that has another one in every
answer would have us ask for ever."""


def told_of(leg: Leg, wish: Direction) -> Direction:
    """What a leg hears of what the other party wants: nothing where it is not to be disturbed by holds."""
    return wish if leg.terms.mid_call.hold is Relay.RELAY else Direction.SENDRECV


def standing(leg: Leg, number: str) -> Standing:
    """A leg as the rules see it; `number` is whom we call, where it has said nothing of its audio yet."""
    described = leg.said.described
    host = leg.flow.remote[0] if described is None else described.remote[0]
    return Standing(leg.terms, leg.trunk, host, number if described is None else "")


class Bypass:
    """The way of two legs' audio."""

    def __init__(
        self, one: Leg, other: Leg, rule: Callable[[Leg, Leg], Obstacle | None], mid_call: bool
    ) -> None:
        """`rule` says what is in the way by what is set; `mid_call`, whether audio may leave us in mid-call."""
        self._legs = (one, other)
        self._rule = rule
        self._mid_call = mid_call
        self._turns = 0
        self.kept = False
        """Whether we are needed for the time being, whatever the parties say: somebody is to be heard in a seat."""
        self.refused = False
        """Whether a party does not take the other one's address: then the audio stays with us."""

    def opening(self) -> Told:
        """What the INVITE to the second leg offers of the first, which has called."""
        caller, callee = self._legs
        way = told_of(callee, caller.said.wish_of_audio)
        described = caller.said.described
        if (
            self._rule(caller, callee)
            or described is None
            or at_first(caller.terms)
            or _hears_music(callee, caller)
            or (converts_digits(caller.terms, callee.terms) and not _has_events(caller))
        ):
            return way
        audio = fitting(described, caller.scribe.capabilities, callee.scribe.capabilities)
        return way if audio is None else Direct(way, audio)

    def told_early(self, audio: AgreedAudio) -> Direct | None:
        """What the caller is told of one of the parties that it has reached, before anybody has answered."""
        caller, callee = self._legs
        if audio.described is None or self.obstacle is not None:
            return None
        handed = fitting(audio.described, callee.scribe.capabilities, caller.scribe.capabilities)
        return None if handed is None else Direct(told_of(caller, audio.theirs), handed)

    def audio_for(self, leg: Leg) -> AudioStream | None:
        """The other party's audio as a leg is to be told it; None: it is to be told ours."""
        return None if self.obstacle is not None else self._handed(leg)

    @property
    def obstacle(self) -> Obstacle | None:
        """What keeps the audio with us now; None: nothing."""
        one, other = self._legs
        if (found := self._rule(one, other)) is not None:
            return found
        if self.refused:
            return Obstacle.REFUSED
        if self.kept or self._is_needed:
            return Obstacle.NEEDED
        if None in (one.said.described, other.said.described):
            return Obstacle.NO_OFFER
        if None in (self._handed(one), self._handed(other)):
            return Obstacle.DESCRIPTIONS
        if converts_digits(one.terms, other.terms) and not (_has_events(one) and _has_events(other)):
            return Obstacle.DIGITS
        left = one.said.is_direct or other.said.is_direct
        return None if self._mid_call or left else Obstacle.STAYS

    def turn(self) -> None:
        """One more re-INVITE of ours says where the other party is."""
        self._turns += 1
        self.refused = self.refused or self._turns > MOST_TURNS

    def settled(self) -> None:
        """Both parties know all."""
        self._turns = 0

    def _handed(self, leg: Leg) -> AudioStream | None:
        one, other = self._legs
        across = other if leg is one else one
        if (described := across.said.described) is None:
            return None
        return fitting(described, across.scribe.capabilities, leg.scribe.capabilities)

    @property
    def _is_needed(self) -> bool:
        one, other = self._legs
        return _needs_us(one, other) or _needs_us(other, one)


def _has_events(leg: Leg) -> bool:
    return leg.said.described is not None and leg.said.described.find(TELEPHONE_EVENT) is not None


def _needs_us(leg: Leg, across: Leg) -> bool:
    """Whether a leg hears us, or has gone."""
    gone = leg.session.stage in (Stage.ENDING, Stage.ENDED)
    return _hears_music(leg, across) or gone


def _hears_music(leg: Leg, across: Leg) -> bool:
    return bool(leg.terms.mid_call.music) and across.is_away
