"""The two seats of a call: who sits there, at which ports, and what crosses between them.

A leg sits down when it calls or answers; another one takes its place when a party is transferred or relieved. What
both have agreed is put in force for the seats, whoever sits in them.
"""

from collections.abc import Callable
from dataclasses import replace

from mediation.b2bua.bridge import Bridge
from mediation.b2bua.bypass import Bypass
from mediation.b2bua.call_media import CALLEE, CALLER, CallMedia
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, Progress
from mediation.b2bua.leg import Leg
from mediation.b2bua.leg_media import media_of
from mediation.b2bua.parts import crossing
from mediation.b2bua.passage import Lines, Passage
from mediation.b2bua.plan import ABSENT, Fax, Stream
from mediation.b2bua.policy import crossing_response, introduction_lines, session_lines
from mediation.b2bua.scribe import Told
from mediation.b2bua.sounds import Sound, music_of, ringback_of
from mediation.routing.terms import Terms
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.direct import Direct
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import LocalSipError
from mediation.sip.headers import Headers
from mediation.sip.multipart import Part
from mediation.sip.names import Names

Guest = tuple[int, Leg, int]
"""Who is heard in a seat for the time being: the seat, the leg, its pair of ports."""


class Seats:
    """The caller's, taken from the beginning, and the callee's."""

    def __init__(
        self, caller: Leg, media: CallMedia, names: Names, bypass: Callable[[Leg, Leg], Bypass]
    ) -> None:
        """`bypass` decides which way the audio of two legs goes."""
        self._media = media
        self._names = names
        self._bypass = bypass
        self.caller = caller
        self.callee: Leg | None = None
        """Who has answered; None before."""
        self.attempt: Leg | None = None
        """Who is being called at the moment, and described itself perhaps; None before, and once somebody answered."""
        self._last_word: tuple[tuple[Part, ...], Terms] | None = None
        self._ringing: Leg | None = None
        """Who is being alerted, and has not been heard."""
        self.guest: Guest | None = None
        self._announced: Sound | None = None
        """What the caller hears in place of everybody: it is being refused."""
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
        self.callee, self.attempt, self._ringing = leg, None, None
        if self.bridge is None or leg not in self.bridge.legs:
            self._build(leg, now)

    def ring(self, leg: Leg | None, progress: Progress, now: float) -> None:
        """Tell the caller how far whoever is being called has come."""
        if leg is None:
            return
        self._note_ringing(leg, progress)
        audio, caller, status = leg.audio, self.caller, progress.status
        direct = None
        if audio is not None and audio.direct:  # each party of a fork has an address of its own
            direct = self._direct_of(progress.audio)
            audio = None if direct is None else progress.audio
        ours = (
            audio is None and leg is self._ringing and caller.said.has_offer and _ringback(caller) is not None
        )
        if ours and status in (180, 183):
            status = int(caller.terms.early_media.ringback_in)
        caller.answers.ring(
            status,
            now,
            party=progress.party,
            prefer=None if audio is None else audio.codec,
            willing=direct or Direction.SENDRECV,
            media=ours or audio is not None,
            headers=self._crossing_back(leg, progress.status, progress.headers),
            parts=crossing(progress.parts, leg.terms, caller.terms),
        )
        if ours or audio is not None:
            self.apply()

    def _direct_of(self, audio: AgreedAudio | None) -> Direct | None:
        """What the caller may be told of a party's early media that does not come by us."""
        return None if audio is None or self.bridge is None else self.bridge.bypass.told_early(audio)

    def offer_to(self, leg: Leg) -> Told:
        """What an INVITE to somebody offers."""
        return self._bypass(self.caller, leg).opening()

    def ring_aloud(self, leg: Leg, party: str, now: float, *, told: bool) -> None:
        """Early media was described and is not heard: the caller hears us ring, or its phone rings by itself.

        `told`: it has been told already that somebody rings.
        """
        if _ringback(self.caller) is not None:
            self._ringing = leg
            self.apply()
        elif not told:
            self.caller.answers.ring(180, now, party=party)

    @property
    def hears_the_callee(self) -> bool:
        """Whether early media of the called side has been described, and is not known to be silent.

        Of what goes past us that is never known.
        """
        attempt = self.attempt
        return self.caller.said.is_direct or (
            attempt is not None and attempt.audio is not None and attempt is not self._ringing
        )

    def announce(self, sound: Sound, party: str, now: float) -> None:
        """Let the caller hear why it is refused, in the early dialog of whoever was heard last."""
        self._announced, self.guest = sound, None
        self.caller.answers.ring(183, now, party=party, media=True)
        self.apply()

    def _note_ringing(self, leg: Leg, progress: Progress) -> None:
        """It rings where it says so, or that something goes on, and describes nothing to be heard with that."""
        if progress.audio is not None:
            self._ringing = None
        elif progress.status == 180 or (progress.status == 183 and leg.audio is None):
            self._ringing = leg

    def connect(self, answered: Answered, now: float) -> Leg:
        """Tell the caller that somebody has answered, and return who."""
        if self.callee is None or self.bridge is None:
            raise LocalSipError("nobody has answered")
        self.caller.answers.accept(
            now,
            party=answered.party,
            prefer=answered.audio.codec,
            willing=self.bridge.willing(self.caller, through_us=not answered.audio.direct),
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
            passage = Passage(other.terms, leg.terms, self._names.host_and_port(leg.flow), leg.caller_id)
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
        self.guest = self._ringing = None
        across = self.across
        if across is not None:
            self._build(across, now)
            self._acquaint(across, anew=True)

    def _build(self, across: Leg, now: float) -> None:
        bypass = self._bypass(self.caller, across)
        before, self.bridge = self.bridge, Bridge(self.caller, across, bypass, self.apply, self._press)
        if before is not None:
            self.bridge.succeed(before, now)

    def _press(self, leg: Leg, key: DtmfInfo) -> None:
        """Let a party hear a key in its media."""
        self._media.press(key, caller=leg is self.caller)

    def keep_audio(self, now: float, *, kept: bool) -> None:
        """Let the audio come through us, because somebody is to be heard in a seat; or no longer."""
        if self.bridge is not None:
            self.bridge.keep_audio(now, kept=kept)

    @property
    def is_direct(self) -> bool:
        """Whether the parties' audio goes past us."""
        legs = (self.caller, self.callee)
        return all(leg is not None and leg.said.is_direct for leg in legs)

    @property
    def obstacle(self) -> str:
        """Why it does not; empty: nothing is in the way."""
        found = None if self.bridge is None else self.bridge.bypass.obstacle
        return "" if found is None else str(found)

    def hear(self, guest: Guest | None) -> None:
        """Let somebody be heard in a seat for the time being; None: whoever sits there."""
        self.guest = guest
        if guest is None:
            self._ringing = None
        self.apply()

    def expect(self, guest: Guest, progress: Progress) -> None:
        """Somebody who is to take a seat is being called: it is heard there, or else that it rings."""
        seat, leg, _ = guest
        self._note_ringing(leg, progress)
        waits = self.caller if seat == CALLEE else self.callee
        ours = leg is self._ringing and waits is not None and _ringback(waits) is not None
        if leg.audio is not None or ours:
            self.hear(guest)

    def apply(self) -> None:
        """Put in force what both have agreed."""
        if self._announced is not None:
            media = media_of(self.caller)
            if isinstance(media, Stream):
                self._media.apply(replace(media, plays=self._announced), ABSENT, early=True)
            return
        across = self.across
        if across is None:
            return
        if self.is_direct:
            self._media.rest()
            return
        legs, pairs = [self.caller, across], list(self._media.pairs)
        if self.guest is not None:
            seat, legs[seat], pairs[seat] = self.guest
        caller, callee = legs
        self._media.apply(
            self._heard_by(caller, callee),
            self._heard_by(callee, caller),
            early=self.callee is None,
            pairs=(pairs[CALLER], pairs[CALLEE]),
        )

    def _heard_by(self, leg: Leg, across: Leg) -> Stream | Fax | None:
        """A leg's part of the plan, and what we play to it."""
        media = media_of(leg)
        if media is None and leg is self._ringing and _ringback(across) is not None:
            return ABSENT
        if not isinstance(media, Stream):
            return media
        sound = None
        if across is self._ringing:
            sound = _ringback(leg)
        elif self.callee is not None and across.is_away:
            sound = music_of(leg.terms.mid_call)
        return media if sound is None else replace(media, plays=sound)


def _ringback(leg: Leg) -> Sound | None:
    return ringback_of(leg.terms.early_media)
