"""Audio that goes past us: one party's description of it, handed to the other one in a description of ours.

What is handed is the audio m-line alone, written anew of what we have understood of it: where and in which formats, how
encrypted, how its RTCP goes. The address stands in the m-line's own `c=` (RFC 8866 section 5.7). The origin, the names
and all else stay ours, so that each party still has its session with us.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import TELEPHONE_EVENT, AudioStream, Direction, Format, audio_line
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.choosing import event_answered
from mediation.sdp.crypto import Crypto, SrtpMode, read_crypto
from mediation.sdp.description import Connection, MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import make_answer
from mediation.sdp.opus import OURS
from mediation.sdp.slots import PLAIN_RTP, SECURE_RTP, next_audio_place, with_ours
from mediation_codecs.codec import Codec, is_codec


@dataclass(frozen=True, slots=True)
class Direct:
    """What a party is told instead of our own audio."""

    way: Direction
    """What the party across wants, as any wish."""
    audio: AudioStream
    """Of the party across, as far as it may be handed; its own direction is no part of it."""


def fitting(audio: AudioStream, giver: Capabilities, taker: Capabilities) -> AudioStream | None:
    """What of a party's audio the other one may be told, by what we allow with each; None: it must go through us.

    Keys are handed where both sides allow encryption and both ways are fit for keys (RFC 4568 section 7); the two
    Capabilities are those over the transports in use.
    """
    codecs = {each for each in giver.codecs if each in taker.codecs}
    formats = tuple(_restated(each) for each in audio.formats if _passes(each, codecs, giver, taker))
    mux = audio.rtcp_mux and giver.rtcp_mux and taker.rtcp_mux
    crypto = tuple(line for line in audio.crypto if line.suite in giver.suites and line.suite in taker.suites)
    needs_keys = audio.secure or SrtpMode.REQUIRED in (giver.srtp, taker.srtp)
    host, port = audio.remote
    nowhere = ip_address(host).is_unspecified
    if nowhere or not any(is_codec(each.name) for each in formats) or (needs_keys and not crypto):
        return None
    return replace(
        audio,
        formats=formats,
        crypto=crypto,
        direction=Direction.SENDRECV,
        remote_rtcp=(host, port + 1) if mux else audio.remote_rtcp,
        rtcp_mux=mux,
        rtcp_reduced=audio.rtcp_reduced and giver.rtcp_reduced and taker.rtcp_reduced,
        voip_metrics=audio.voip_metrics and giver.rtcp_xr and taker.rtcp_xr,
    )


def _passes(each: Format, codecs: set[str], giver: Capabilities, taker: Capabilities) -> bool:
    if each.name == TELEPHONE_EVENT:
        return giver.telephone_event and taker.telephone_event
    return each.name in codecs or (each.name == "CN" and giver.comfort_noise and taker.comfort_noise)


def _restated(each: Format) -> Format:
    """A format with what is said of it in our words."""
    if each.name == TELEPHONE_EVENT:
        return event_answered(each)
    return replace(each, parameters=OURS if each.name == Codec.OPUS else "")


def offer_direct(
    direct: Direct, host: str, origin: Origin, previous: SessionDescription | None
) -> SessionDescription:
    """Offer the other party's audio. `host` is where our own media are; `previous` as in `make_offer`."""
    place = next_audio_place(previous) if previous else None
    protocol = SECURE_RTP if direct.audio.secure else PLAIN_RTP
    return with_ours(host, origin, previous, place, _handed(direct.audio, direct.way, protocol))


def answer_direct(
    offer: SessionDescription, direct: Direct, capabilities: Capabilities, host: str, origin: Origin
) -> tuple[SessionDescription, AgreedAudio]:
    """Answer an offer with the other party's audio. NotAcceptable where the two have nothing in common."""
    audio = direct.audio
    stands_for = LocalAudio(*audio.remote, audio.crypto)
    prefer = next(each.name for each in audio.formats if is_codec(each.name))
    answer, agreed = make_answer(offer, stands_for, capabilities, origin, prefer=prefer, direction=direct.way)
    asked = offer.media[agreed.place]
    theirs = () if agreed.described is None else agreed.described.formats
    offered = {(each.name, each.clock_hz) for each in theirs}
    media = list(answer.media)
    common = replace(
        audio,
        formats=tuple(each for each in audio.formats if (each.name, each.clock_hz) in offered),
        crypto=_answering(audio.crypto, read_crypto(media[agreed.place])),
    )
    media[agreed.place] = _handed(common, agreed.direction, asked.protocol)
    codec = next((each for each in common.formats if is_codec(each.name)), None)
    if codec is None:
        raise NotAcceptable("no codec in common", 305)
    agreed = replace(agreed, codec=codec.name, direct=True)
    if common.find(TELEPHONE_EVENT) is None:
        agreed = replace(agreed, event_payload_type=None)
    return replace(answer, connection=Connection(host), media=tuple(media)), agreed


def _answering(theirs: tuple[Crypto, ...], taken: tuple[Crypto, ...]) -> tuple[Crypto, ...]:
    """The one line of a party that answers, under the tag of the line that it takes (RFC 4568 section 5.1.2)."""
    return tuple(
        replace(line, tag=each.tag)
        for each in taken
        for line in theirs
        if (line.suite, line.key.octets) == (each.suite, each.key.octets)
    )


def _handed(audio: AudioStream, way: Direction, protocol: str) -> MediaDescription:
    return audio_line(replace(audio, direction=way), protocol, Connection(audio.remote[0]))
