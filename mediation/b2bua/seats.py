"""The two seats of a call: who sits there, at which ports, and what crosses between them.

A leg sits down when it calls or answers; another one takes its place when a party is transferred or relieved. What
both have agreed is put in force for the seats, whoever sits in them.
"""

from dataclasses import replace

from mediation.b2bua.bridge import Bridge
from mediation.b2bua.call_media import CALLEE, CALLER, CallMedia
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, Progress
from mediation.b2bua.leg import Leg
from mediation.b2bua.parts import crossing
from mediation.b2bua.passage import Lines, Passage
from mediation.b2bua.policy import crossing_response, introduction_lines, session_lines
from mediation.routing.terms import Terms
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import LocalSipError
from mediation.sip.headers import Headers
from mediation.sip.multipart import Part
from mediation.sip.names import Names

Guest = tuple[int, Leg, int]
"""Who is heard in a seat for the time being: the seat, the leg, its pair of ports."""


class Seats:
    """The caller's, taken from the beginning, and the callee's."""

    def __init__(self, caller: Leg, media: CallMedia, names: Names) -> None:
        self._media = media
        self._names = names
        self.caller = caller
        self.callee: Leg | None = None
        """Who has answered; None before."""
        self.attempt: Leg | None = None
        """Who is being called at the moment, and described itself perhaps; None before, and once somebody answered."""
        self._last_word: tuple[tuple[Part, ...], Terms] | None = None
        self.guest: Guest | None = None
        self.bridge: Bridge | None = None
        """What crosses between both; None before there are two."""

    @property
    def across(self) -> Leg | None:
        """Who is, or may come to be, at the callee's end."""
        return self.callee or self.attempt

    def __contains__(self, leg: object) -> bool:
        return leg is self.caller or (leg is self.callee and leg is not None)

    def seat_of(self, leg: Leg) -> int:
        """CALLER or CALLEE: where a leg sits."""
        return CALLER if leg is self.caller else CALLEE

    def name_of(self, leg: Leg) -> str:
        """`caller` or `callee`: whose seat a leg has."""
        return "caller" if leg is self.caller else "callee"

    def other(self, leg: Leg) -> Leg:
        """Who sits across."""
        other = self.callee if leg is self.caller else self.caller
        if other is None:
            raise LocalSipError("nobody sits across")
        return other

    def call(self, leg: Leg, now: float) -> None:
        """Somebody is being called: what it says crosses to the caller already."""
        if leg is not self.attempt:
            self.attempt = leg
            self._build(leg, now)

    def sit(self, leg: Leg, now: float) -> None:
        """Somebody has answered."""
        self.callee, self.attempt = leg, None
        if self.bridge is None or leg not in self.bridge.legs:
            self._build(leg, now)

    def ring(self, leg: Leg | None, progress: Progress, now: float) -> None:
        """Tell the caller how far whoever is being called has come."""
        if leg is None:
            return
        audio = leg.audio
        self.caller.ring(
            progress.status,
            now,
            party=progress.party,
            prefer=None if audio is None else audio.codec,
            media=audio is not None,
            headers=self._crossing_back(leg, progress.status, progress.headers),
            parts=crossing(progress.parts, leg.terms, self.caller.terms),
        )
        if audio is not None:
            self.apply()

    def connect(self, answered: Answered, now: float) -> Leg:
        """Tell the caller that somebody has answered, and return who."""
        if self.callee is None or self.bridge is None:
            raise LocalSipError("nobody has answered")
        self.caller.answer(
            now,
            party=answered.party,
            prefer=answered.audio.codec,
            willing=self.bridge.willing(self.caller),
            headers=self._crossing_back(self.callee, 200, answered.headers),
            parts=crossing(answered.parts, self.callee.terms, self.caller.terms),
        )
        self._acquaint(self.callee)
        return self.callee

    def _acquaint(self, across: Leg, *, anew: bool = False) -> None:
        """Let both legs name the parties of the call in what they say from now on.

        `anew`: another party sits there than at first, and what asks for a change says who.
        """
        for leg, other in ((self.caller, across), (across, self.caller)):
            passage = Passage(other.terms, leg.terms, self._names.host_and_port(leg.flow))
            session = session_lines(other.introduction, leg.introduction, passage)
            leg.voice = replace(leg.voice, session=session)
            if anew:
                lines = introduction_lines(other.introduction, passage, other.caller)
                leg.voice = replace(leg.voice, identity=lines)

    def note_last_word(self, parts: tuple[Part, ...], terms: Terms | None) -> None:
        """What somebody's refusal or BYE held beside, and on whose terms it was said; None: nobody's."""
        self._last_word = None if terms is None else (parts, terms)

    def dismiss(self, leg: Leg, cause: Cause, now: float) -> None:
        """End a leg, and let it hear the last word of the other side as far as that crosses."""
        parts, terms = self._last_word or ((), leg.terms)
        leg.hang_up(cause, now, crossing(parts, terms, leg.terms))

    def _crossing_back(self, leg: Leg, status: int, headers: Headers) -> Lines:
        """What the caller may hear of a response of the called side."""
        host = self._names.host_and_port(self.caller.flow)
        return crossing_response(status, headers, Passage(leg.terms, self.caller.terms, host))

    def take(self, seat: int, leg: Leg, pair: int, now: float) -> None:
        """A leg sits where another one sat, at a pair of its own: for good."""
        caller_pair, callee_pair = self._media.pairs
        if seat == CALLER:
            self.caller = leg
            self._media.move((pair, callee_pair))
        else:
            self.callee = leg
            self._media.move((caller_pair, pair))
        self.guest = None
        across = self.across
        if across is not None:
            self._build(across, now)
            self._acquaint(across, anew=True)

    def _build(self, across: Leg, now: float) -> None:
        before, self.bridge = self.bridge, Bridge(self.caller, across, self.apply, self._press)
        if before is not None:
            self.bridge.succeed(before, now)

    def _press(self, leg: Leg, key: DtmfInfo) -> None:
        """Let a party hear a key in its media."""
        self._media.press(key, caller=leg is self.caller)

    def hear(self, guest: Guest | None) -> None:
        """Let somebody be heard in a seat for the time being; None: whoever sits there."""
        self.guest = guest
        self.apply()

    def apply(self) -> None:
        """Put in force what both have agreed."""
        across = self.across
        if across is None:
            return
        media, pairs = [self.caller.media(), across.media()], list(self._media.pairs)
        if self.guest is not None:
            seat, leg, pair = self.guest
            media[seat], pairs[seat] = leg.media(), pair
        early = self.callee is None
        self._media.apply(media[CALLER], media[CALLEE], early=early, pairs=(pairs[CALLER], pairs[CALLEE]))
