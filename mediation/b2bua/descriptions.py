"""What one leg and its peer have said of audio or fax: whose turn it is, what is in force, what each of them wants.

RFC 3264, RFC 6337. An offer that is refused leaves everything as it was; a version number is never said twice for
different things. A call begins with audio; each exchange after that settles audio or a fax (ITU-T T.38), never both.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from mediation.b2bua.plan import Endpoint
from mediation.b2bua.scribe import Scribe, Told, Wish
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import AudioStream, Direction
from mediation.sdp.description import SessionDescription
from mediation.sdp.direct import Direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.fax import FaxOffer, FaxParameters, fax_is_on, read_fax_answer, read_fax_offer
from mediation.sdp.negotiation import read_answer, renew
from mediation.sdp.slots import audio_alone
from mediation.sdp.switched_off import switched_off


class Turn(Enum):
    """Whose offer waits for its answer (RFC 3264 section 4): no other may be made meanwhile."""

    FREE = auto()
    OURS = auto()
    THEIRS = auto()


@dataclass(slots=True)
class Early:
    """What one early dialog of an INVITE of ours has described."""

    audio: AgreedAudio
    settled: bool = False
    """Whether another exchange has gone on from there: the 2xx has nothing to add (RFC 6337 section 3.1.1)."""


class Descriptions:
    """One leg's offers and answers. Raises SdpError and NotAcceptable where the peer's make no sense."""

    def __init__(self, scribe: Scribe) -> None:
        """`scribe` writes ours."""
        self._scribe = scribe
        self._said: SessionDescription | None = None
        """What we sent last, in force or not: versions count on from it."""
        self._ours: SessionDescription | None = None
        """What we said that is in force."""
        self._offered: SessionDescription | None = None
        """An offer of ours without an answer yet."""
        self._asked: SessionDescription | None = None
        """An offer of theirs without an answer yet."""
        self._asked_fax: FaxOffer | None = None
        """The fax that it asks for; None: it is audio."""
        self._asked_audio: AgreedAudio | None = None
        """The audio that it asks for, or has beside the fax."""
        self._invited: SessionDescription | None = None
        """The first offer of theirs, for as long as no other exchange has followed: each party that answers behind us
        may have its own answer then, where its audio goes past us."""
        self._theirs: SessionDescription | None = None
        """What they said that is in force."""
        self._answered_early = False
        """Whether our INVITE's offer has a reliable answer already, so that others may be made."""
        self._early: dict[str, Early] = {}
        """By To tag: a call that forks has several."""
        self.awaits_answer = False
        """Whether an offer of ours went in a response, so that an ACK or PRACK brings its answer."""
        self.given: dict[str, Told] = {}
        """Parties behind us whose early dialog has our description for good, for it went reliably: and which one."""
        self.audio: AgreedAudio | None = None
        """The audio that both sides agreed on last, be it in force or not."""
        self.fax: Endpoint | None = None
        """Where the peer takes UDPTL, while both sides have agreed on a fax; None: on audio, if on anything."""
        self.told: Told = Direction.SENDRECV
        """What we were willing to do when we spoke last and were heard."""
        self._telling: Told = Direction.SENDRECV
        self.wish: Wish = Direction.SENDRECV
        """What the peer wants by itself: a direction that it took only because we offered no more is no wish."""
        self._wished: Wish = self.wish
        self.has_listened = False
        """Whether the peer has ever wanted to hear anything."""

    @property
    def is_direct(self) -> bool:
        """Whether audio was agreed on last with the other party's address: it passes us by."""
        return self.audio is not None and self.audio.direct and self.fax is None

    @property
    def telling(self) -> Told:
        """What the peer has been told, or is being told now."""
        return self.told if self._offered is None else self._telling

    @property
    def described(self) -> AudioStream | None:
        """The peer's audio as it described it last: in its offer that is open, or in what is agreed on."""
        audio = self.audio if self._asked is None or self._asked_fax is not None else self._asked_audio
        return None if audio is None else audio.described

    @property
    def turn(self) -> Turn:
        """Whose offer is open."""
        if self._asked is not None:
            return Turn.THEIRS
        return Turn.OURS if self._offered is not None and not self._answered_early else Turn.FREE

    @property
    def has_offer(self) -> bool:
        """Whether the peer has described itself, so that we can answer, or have done so."""
        return self._asked is not None or self.audio is not None

    @property
    def offers_fax(self) -> bool:
        """Whether an offer of ours that waits for its answer is one of a fax."""
        return fax_is_on(self._offered)

    @property
    def wish_of_audio(self) -> Direction:
        """The same for who can hear of audio only: a party that wants a fax would speak and listen."""
        return self.wish if isinstance(self.wish, Direction) else Direction.SENDRECV

    # the peer offers

    def take_offer(self, body: bytes, *, may_fax: bool = False) -> None:
        """Read an offer and keep it, if we could answer it at all. `may_fax`: it may make a fax of the call."""
        offer = SessionDescription.parse(body)
        asked_fax = None
        if may_fax:
            asked_fax = read_fax_offer(
                offer, self._scribe.host, before=self._theirs, fax_now=self.fax is not None
            )
        wish: Wish = self._audio_of(offer) if asked_fax is None else asked_fax.parameters
        self._asked, self._asked_fax = offer, asked_fax
        self._invited = offer if self._said is None else None
        self._wished, self.wish = self.wish, wish

    def decline_fax(self) -> None:
        """Take the audio that their offer has beside the fax. NotAcceptable, and nothing done, where it has none."""
        if self._asked is not None and self._asked_fax is not None:
            self.wish, self._asked_fax = self._audio_of(self._asked), None

    def _audio_of(self, offer: SessionDescription) -> Direction:
        self._asked_audio = self._scribe.judge(offer, self.audio)
        return self._asked_audio.theirs

    def answer(self, prefer: str | None, willing: Told = Direction.SENDRECV) -> SessionDescription:
        """Our answer; once given, the same again, so that 183 and 200 never differ (RFC 3261 section 13.2.1).

        It is another one in the dialog of another party whose audio goes past us.
        """
        asked, asked_fax = self._asked, self._asked_fax
        if asked is None and willing != self.told and Direct in (type(willing), type(self.told)):
            asked = self._invited
        if asked is not None:
            if asked_fax is not None and isinstance(willing, FaxParameters):
                answer = self._scribe.fax_answer(asked, asked_fax, willing)
                self.fax, self.told = asked_fax.remote, willing
            else:
                answer, self.audio, self.told = self._scribe.answer(asked, prefer, willing, self.audio)
                self.fax = None
            self._ours = self._said = renew(self._said, answer)
            self._theirs, self._asked, self._asked_fax = asked, None, None
            self.has_listened |= self.wish_of_audio.takes
        if self._ours is None:
            raise NotAcceptable("nothing was offered")
        return self._ours

    def refuse(self) -> None:
        """Their offer is refused: everything stays as it was, and so does what they want."""
        self._asked = self._asked_fax = None
        self.wish = self._wished
        self._scribe.keep(self.audio)

    # we offer

    def offer(self, willing: Told = Direction.SENDRECV) -> SessionDescription:
        """An offer of ours: of audio all that we can, of a fax what the other party can."""
        self._invited = None
        self._offered = self._said = renew(self._said, self._scribe.offer(willing, self._before))
        self._telling = willing
        return self._offered

    @property
    def _before(self) -> SessionDescription | None:
        """What we said last, with nothing in use that was not taken."""
        return (
            self._said
            if self._said is None or self.audio is None
            else audio_alone(self._said, self.audio.place)
        )

    def offer_back(self, willing: Told = Direction.SENDRECV) -> SessionDescription:
        """An offer of ours in a response, to who has made none (RFC 3261 section 13.2.1)."""
        self.awaits_answer = True
        return self.offer(willing)

    def offer_again(self) -> bytes:
        """What is in force once more, for a refresh (RFC 4028 section 7.4)."""
        if self._ours is None:
            raise NotAcceptable("nothing is in force")
        self._offered = self._said = renew(self._said, self._ours)
        self._telling = self.told
        return bytes(self._offered)

    def withdraw(self) -> None:
        """Our offer was refused: the old session stays exactly (RFC 3261 section 14.1)."""
        self._offered = None
        self._scribe.keep(self.audio)

    def take_answer(self, body: bytes) -> None:
        """What their answer to our offer has settled."""
        self.awaits_answer = False
        if self.offers_fax:
            self._take_fax_answer(body)
        else:
            self._settle(self._read(body))

    def _take_fax_answer(self, body: bytes) -> None:
        """A 2xx to a fax settles that we have offered one, even where its answer is none: nothing but another offer
        of audio brings such a party back."""
        offered = self._offered
        if offered is None:
            raise NotAcceptable("nothing was offered")
        self.told, self._ours, self._offered = self._telling, offered, None
        answer = SessionDescription.parse(body)
        fax = read_fax_answer(offered, answer)
        self.fax, self.wish, self._theirs = fax.remote, fax.parameters, answer

    # the answers to an INVITE of ours, several of them where it forks

    def take_early(self, tag: str, body: bytes, *, reliable: bool, keep_first: bool) -> AgreedAudio:
        """A provisional response with a description; `keep_first`: another party's is not listened to yet."""
        known = self._early.get(tag)
        if known is not None and known.settled:
            return known.audio
        audio = self._read(body)
        self._early[tag] = Early(audio)
        self._answered_early = self._answered_early or reliable
        if not keep_first or len(self._early) == 1 or known is not None:
            self.audio = audio
        return audio

    def take_final(self, tag: str, body: bytes) -> AgreedAudio:
        """The 2xx of one party. KeyError where it describes nothing and neither has anything before it."""
        early = self._early.get(tag)
        if early is not None and early.settled:
            self._offered, self.audio = None, early.audio
            self._scribe.place.agreed(early.audio.codec)
            return early.audio
        if not body and early is None:
            raise KeyError(tag)
        audio = self._read(body) if body or early is None else early.audio
        self._settle(audio)
        return audio

    def settle_early(self, tag: str) -> None:
        """Within an early dialog of ours another exchange is complete; what was agreed is in `audio`."""
        if self.audio is not None:
            self._early[tag] = Early(self.audio, settled=True)

    @property
    def other_parties(self) -> tuple[AgreedAudio, ...]:
        """Of whom early media may come beside the party that `audio` is of; of each endpoint once."""
        now = None if self.audio is None else self.audio.remote
        others = {each.audio.remote: each.audio for each in reversed(self._early.values())}
        return tuple(others[remote] for remote in reversed(others) if remote != now)

    def _read(self, body: bytes) -> AgreedAudio:
        if self._offered is None:
            raise NotAcceptable("nothing was offered")
        answer = SessionDescription.parse(body)
        audio = None
        if self.audio is not None and self.audio.is_switched_off:
            audio = switched_off(answer, self.audio)
        if audio is None:
            audio = read_answer(self._offered, answer, srtp=self._scribe.capabilities.srtp)
        self._theirs = answer
        return replace(audio, direct=isinstance(self._telling, Direct))

    def _settle(self, audio: AgreedAudio) -> None:
        told = Direction.SENDRECV if isinstance(self._telling, FaxParameters) else self._telling
        way = told.way if isinstance(told, Direct) else told
        before = self.wish_of_audio
        self.wish = Direction.of(
            sends=audio.theirs.sends if way.takes else before.sends,
            takes=audio.theirs.takes if way.sends else before.takes,
        )
        self.audio, self.fax, self.told = audio, None, told
        self._scribe.agreed(audio, told)
        self.has_listened |= self.wish.takes
        self._ours = None if self._offered is None else audio_alone(self._offered, audio.place)
        self._offered, self._answered_early = None, False
