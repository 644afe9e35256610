"""What one leg and its peer have said of audio: whose turn it is, what is in force, what each of them wants.

RFC 3264, RFC 6337. An offer that is refused leaves everything as it was; a version number is never said twice for
different things.
"""

from dataclasses import dataclass
from enum import Enum, auto

from mediation.b2bua.plan import Endpoint
from mediation.sdp.crypto import KeyRing, SrtpMode
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import (
    AgreedAudio,
    Capabilities,
    Direction,
    LocalAudio,
    make_answer,
    make_offer,
    read_answer,
    renew,
)

NOWHERE = 9
"""The discard port: stands for ours while a description is only being judged."""


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

    def __init__(self, host: str, capabilities: Capabilities, session_id: int, keys: KeyRing) -> None:
        """`keys` are ours for this leg alone."""
        self._capabilities = capabilities
        self._host = host
        """What descriptions call us, whatever address our sockets have."""
        self._port = NOWHERE
        self._keys = keys
        self._origin = Origin("-", session_id, 1, host)
        self._said: SessionDescription | None = None
        """What we sent last, in force or not: versions count on from it."""
        self._ours: SessionDescription | None = None
        """What we said that is in force."""
        self._offered: SessionDescription | None = None
        """An offer of ours without an answer yet."""
        self._asked: SessionDescription | None = None
        """An offer of theirs without an answer yet."""
        self._answered_early = False
        """Whether our INVITE's offer has a reliable answer already, so that others may be made."""
        self._early: dict[str, Early] = {}
        """By To tag: a call that forks has several."""
        self.awaits_answer = False
        """Whether an offer of ours went in a response, so that an ACK or PRACK brings its answer."""
        self.given: set[str] = set()
        """Parties behind us whose early dialog has our description for good: it went reliably."""
        self.audio: AgreedAudio | None = None
        """What both sides agreed last."""
        self.told = Direction.SENDRECV
        """What we were willing to do when we spoke last and were heard."""
        self._telling = Direction.SENDRECV
        self.wish = Direction.SENDRECV
        """What the peer wants by itself: a direction that it took only because we offered no more is no wish."""
        self._wished = self.wish

    def bind(self, local: Endpoint) -> None:
        """Our audio's port is known, or another one from now on."""
        self._port = local[1]

    @property
    def local(self) -> Endpoint:
        """Our audio's place, as descriptions name it."""
        return self._host, self._port

    @property
    def is_barred(self) -> bool:
        """Whether audio must be encrypted and its keys may not be said: nothing can be offered or taken."""
        return self._capabilities.srtp is SrtpMode.REQUIRED and not self._keys.lines

    @property
    def _local(self) -> LocalAudio:
        return LocalAudio(self._host, self._port, self._keys.lines)

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

    # the peer offers

    def take_offer(self, body: bytes) -> None:
        """Read an offer and keep it, if we could answer it at all."""
        offer = SessionDescription.parse(body)
        _, audio = make_answer(offer, self._local, self._capabilities, self._origin)
        self._asked = offer
        self._wished, self.wish = self.wish, audio.theirs

    def answer(self, prefer: str | None, willing: Direction = Direction.SENDRECV) -> SessionDescription:
        """Our answer; once given, the same again, so that 183 and 200 never differ (RFC 3261 section 13.2.1)."""
        if self._asked is not None:
            answer, audio = self._answer(self._asked, prefer, willing)
            if self._is_rekeyed(audio):
                self._keys.renew()
                answer, audio = self._answer(self._asked, prefer, willing)
            self._keys.agreed(audio.srtp)
            self.audio = audio
            self._ours = self._said = renew(self._said, answer)
            self._asked = None
            self.told = willing
        if self._ours is None:
            raise NotAcceptable("nothing was offered")
        return self._ours

    def _answer(
        self, offer: SessionDescription, prefer: str | None, willing: Direction
    ) -> tuple[SessionDescription, AgreedAudio]:
        return make_answer(
            offer, self._local, self._capabilities, self._origin, prefer=prefer, direction=willing
        )

    def _is_rekeyed(self, audio: AgreedAudio) -> bool:
        """Whether the peer brings another key: it begins to count packets anew, and so shall we.

        RFC 4568 section 7.1.4 leaves ours to us. With the old one a peer that has begun anew in both directions would
        lose us once our packets have been numbered beyond 65535.
        """
        before = None if self.audio is None else self.audio.srtp
        return before is not None and audio.srtp is not None and before.receiving != audio.srtp.receiving

    def refuse(self) -> None:
        """Their offer is refused: everything stays as it was, and so does what they want."""
        self._asked = None
        self.wish = self._wished

    # we offer

    def offer(self, willing: Direction = Direction.SENDRECV) -> SessionDescription:
        """An offer of ours: all that we can."""
        offer = make_offer(
            self._local, self._capabilities, self._origin, direction=willing, previous=self._said
        )
        self._offered = self._said = renew(self._said, offer)
        self._telling = willing
        return self._offered

    def offer_back(self, willing: Direction = Direction.SENDRECV) -> SessionDescription:
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

    def take_answer(self, body: bytes) -> AgreedAudio:
        """What their answer to our offer has settled."""
        self.awaits_answer = False
        audio = self._read(body)
        self._settle(audio)
        return audio

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
        return read_answer(self._offered, SessionDescription.parse(body), srtp=self._capabilities.srtp)

    def _settle(self, audio: AgreedAudio) -> None:
        told = self._telling
        self.wish = Direction.of(
            sends=audio.theirs.sends if told.takes else self.wish.sends,
            takes=audio.theirs.takes if told.sends else self.wish.takes,
        )
        self.audio, self.told = audio, told
        self._ours, self._offered = self._offered, None
        self._answered_early = False
