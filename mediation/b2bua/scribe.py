"""Writes what one leg says of audio or fax: with our audio's place, keys of its own, the codecs that it may speak.

RFC 3264, RFC 4568. What was said before, and what of it is in force, is for `descriptions` to know.
"""

from mediation.b2bua.plan import Endpoint
from mediation.b2bua.wide_room import NoPlace, WidePlace
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.crypto import KeyRing, SrtpMode
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.direct import Direct, answer_direct, offer_direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.fax import FaxOffer, FaxParameters, make_fax_answer, make_fax_offer
from mediation.sdp.negotiation import make_answer, make_offer
from mediation.sdp.switched_off import answer_switched_off, switched_off
from mediation_codecs.codec import is_wide

NOWHERE = 9
"""The discard port: stands for ours while a description is only being judged."""

Wish = Direction | FaxParameters
"""What a party wants: audio this way, or a fax with these parameters."""
Told = Wish | Direct
"""What it is told that the other one wants: the same, or audio at the other one's own address, past us."""


class Scribe:
    """Of one leg. Raises NotAcceptable where nothing can be written."""

    def __init__(self, host: str, place: WidePlace, session_id: int, keys: KeyRing) -> None:
        """`keys` are ours for this leg alone, `place` knows what may be offered and taken."""
        self.host = host
        """What descriptions call us, whatever address our sockets have."""
        self.place = place
        """Its place among those that speak a wide codec, if it has one."""
        self.capabilities = place.terms
        """What we would take of this peer, and offer it, over the transport in use."""
        self._port = NOWHERE
        self._keys = keys
        self._origin = Origin("-", session_id, 1, host)

    def bind(self, local: Endpoint) -> None:
        """Our audio's port is known, or another one from now on."""
        self._port = local[1]

    @property
    def local(self) -> Endpoint:
        """Our audio's place, as descriptions name it."""
        return self.host, self._port

    @property
    def is_barred(self) -> bool:
        """Whether audio must be encrypted and its keys may not be said: nothing can be offered or taken."""
        return self.capabilities.srtp is SrtpMode.REQUIRED and not self._keys.lines

    @property
    def _local(self) -> LocalAudio:
        return LocalAudio(self.host, self._port, self._keys.lines)

    def offer(self, willing: Told, before: SessionDescription | None) -> SessionDescription:
        """An offer: of audio all that we can, of a fax what the other party can. `before` is what we said last."""
        if isinstance(willing, FaxParameters):
            return make_fax_offer(self._local, willing, self._origin, before)
        if isinstance(willing, Direct):
            return offer_direct(willing, self.host, self._origin, before)
        return make_offer(self._local, self.place.offered, self._origin, direction=willing, previous=before)

    def judge(self, offer: SessionDescription, before: AgreedAudio | None) -> AgreedAudio:
        """The audio that an offer asks for, if we could answer it at all. `before` is what was agreed on."""
        if off := switched_off(offer, before):
            return off
        _, audio = self._answer_of_ours(offer, None, Direction.SENDRECV)
        return audio

    def answer(
        self, offer: SessionDescription, prefer: str | None, willing: Told, before: AgreedAudio | None
    ) -> tuple[SessionDescription, AgreedAudio, Told]:
        """An answer with audio, and what it tells: the other party's own, or ours where that does not fit the offer.

        There are other keys of ours where the peer brings other ones than `before`.
        """
        if off := switched_off(offer, before):
            way = willing.way if isinstance(willing, Direct) else Direction.SENDRECV
            return answer_switched_off(offer, self.host, self._origin, off), off, way
        if isinstance(willing, Direct):
            try:
                answer, audio = answer_direct(offer, willing, self.capabilities, self.host, self._origin)
            except NotAcceptable:
                willing = willing.way
            else:
                self._keys.agreed(None)
                self.place.leave()
                return answer, audio, willing
        way = willing if isinstance(willing, Direction) else Direction.SENDRECV
        answer, audio = self._answer_of_ours(offer, prefer, way)
        if _is_rekeyed(before, audio):
            self._keys.renew()
            answer, audio = self._answer_of_ours(offer, prefer, way)
        self._keys.agreed(audio.srtp)
        return answer, audio, way

    def fax_answer(
        self, offer: SessionDescription, fax: FaxOffer, willing: FaxParameters
    ) -> SessionDescription:
        """An answer with a fax."""
        return make_fax_answer(offer, self._local, fax, willing, self._origin)

    def _answer_of_ours(
        self, offer: SessionDescription, prefer: str | None, way: Direction
    ) -> tuple[SessionDescription, AgreedAudio]:
        """An answer with a wide codec where a place for it can be had, and else with a law. Raises `NoPlace`."""
        answer, audio = self._answer_in(self.place.terms, offer, prefer, way)
        if is_wide(audio.codec) and not self.place.take():
            try:
                answer, audio = self._answer_in(self.place.laws, offer, prefer, way)
            except NotAcceptable as error:
                raise NoPlace("no more parties can speak a wide codec now", error.warning) from error
        self.place.agreed(audio.codec)
        return answer, audio

    def _answer_in(
        self, terms: Capabilities, offer: SessionDescription, prefer: str | None, way: Direction
    ) -> tuple[SessionDescription, AgreedAudio]:
        return make_answer(offer, self._local, terms, self._origin, prefer=prefer, direction=way)

    def agreed(self, audio: AgreedAudio, told: Told) -> None:
        """The peer has answered an offer that told it so."""
        self.keep(audio)
        self._keys.agreed(None if isinstance(told, Direct) else audio.srtp)

    def keep(self, audio: AgreedAudio | None) -> None:
        """What was agreed on last holds, if anything was: the place goes back unless that needs it."""
        if audio is not None and audio.direct:
            self.place.leave()
        elif audio is not None:
            self.place.agreed(audio.codec)


def _is_rekeyed(before: AgreedAudio | None, audio: AgreedAudio) -> bool:
    """Whether the peer brings another key: it begins to count packets anew, and so shall we.

    RFC 4568 section 7.1.4 leaves ours to us. With the old one a peer that has begun anew in both directions would
    lose us once our packets have been numbered beyond 65535.
    """
    known = None if before is None or before.direct else before.srtp
    return known is not None and audio.srtp is not None and known.receiving != audio.srtp.receiving
