"""Offer and answer for one audio stream (RFC 3264).

One m-line of an offer is used: the first audio over RTP that has an address we can send to, a port that is not 0, a law
of ours, and keys where the terms ask for them; where they like keys, one that has some comes before one that has not.
So both ways of offering SRTP with RTP beside it are met, and ours to use: RTP/AVP with `a=crypto` (RFC 8643), and
twins, two m-lines for one audio. Every other m-line is refused with port 0, in its place, with its
kind, protocol and formats (RFC 3264 section 6). Which codec is in `choosing`. An answer names that one and no
other, so that nobody has to guess what will be sent.
"""

from dataclasses import dataclass, replace

from mediation.sdp.agreed import AgreedAudio, PayloadTypes
from mediation.sdp.audio import (
    COMFORT_NOISE,
    TELEPHONE_EVENT,
    AudioStream,
    Direction,
    Format,
    audio_line,
    read_audio,
    read_formats,
)
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.choosing import chosen_codec, event_answered, offered_formats
from mediation.sdp.crypto import Crypto, SrtpKeys, SrtpMode, agreed_by, answer_to
from mediation.sdp.description import MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.opus import OURS
from mediation.sdp.slots import (
    PLAIN_RTP,
    SECURE_RTP,
    audio_place,
    is_audio,
    is_secure,
    next_audio_place,
    same_family,
    with_ours,
)
from mediation_codecs.codec import Codec, is_codec, is_wide


def make_offer(
    local: LocalAudio,
    capabilities: Capabilities,
    origin: Origin,
    *,
    direction: Direction = Direction.SENDRECV,
    previous: SessionDescription | None = None,
) -> SessionDescription:
    """Offer all codecs of `capabilities`, in their order.

    `previous` is what we said last in this dialog: m-lines never get fewer and never change places, and a
    number keeps its meaning (RFC 3264 sections 8 and 8.3.2). So those out of use are said again with port 0,
    and telephone-event stays under its number. After a fax, audio takes its place back (section 8.3.3).
    """
    place = next_audio_place(previous) if previous else None
    known = read_formats(previous.media[place]) if previous and place is not None else ()
    crypto = () if capabilities.srtp is SrtpMode.OFF else local.crypto
    ours = _ours(local, capabilities, direction, crypto, known)
    if capabilities.twins and crypto and capabilities.srtp is SrtpMode.OPTIONAL and previous is None:
        offer = with_ours(local.host, origin, previous, place, audio_line(ours, SECURE_RTP))
        return replace(offer, media=(*offer.media, audio_line(replace(ours, crypto=()), PLAIN_RTP)))
    protocol = _protocol(capabilities, previous.media[place] if previous and place is not None else None)
    return with_ours(local.host, origin, previous, place, audio_line(ours, protocol))


def make_answer(
    offer: SessionDescription,
    local: LocalAudio,
    capabilities: Capabilities,
    origin: Origin,
    *,
    prefer: str | None = None,
    direction: Direction = Direction.SENDRECV,
) -> tuple[SessionDescription, AgreedAudio]:
    """Answer an offer. `direction` is what we are willing to do; the offer can only make it less.

    Raises `NotAcceptable` when no m-line of the offer can be used.
    """
    chosen = _choose(offer, local, capabilities, prefer)
    theirs, law = chosen.theirs, chosen.law
    ours = _ours(local, capabilities, direction, (chosen.crypto[0],) if chosen.crypto else ())
    agreed = _agreed(ours, theirs, law, chosen.place, chosen.crypto[1] if chosen.crypto else None)
    formats = [replace(law, parameters=OURS if law.name == Codec.OPUS else "")]
    if agreed.comfort_noise:
        formats.append(Format(*COMFORT_NOISE))
    event = theirs.event_beside(law)
    if event is not None and agreed.event_payload_type is not None:
        formats.append(event_answered(event))
    said = replace(
        ours,
        formats=tuple(formats),
        ptime_ms=agreed.ptime_ms,
        direction=agreed.direction,
        rtcp_mux=agreed.rtcp_mux,
        rtcp_reduced=agreed.rtcp_reduced,
        voip_metrics=agreed.rtcp_xr,
    )
    protocol = SECURE_RTP if is_secure(offer.media[chosen.place]) else PLAIN_RTP
    return with_ours(local.host, origin, offer, chosen.place, audio_line(said, protocol)), agreed


def read_answer(
    offer: SessionDescription, answer: SessionDescription, *, srtp: SrtpMode = SrtpMode.OFF
) -> AgreedAudio:
    """What an answer to an offer of ours has settled. With `srtp` required it must have a key.

    Raises `NotAcceptable`.
    """
    if audio_place(offer) is None:
        raise NotAcceptable("nothing was offered")
    if len(answer.media) != len(offer.media):
        raise NotAcceptable("answer has another number of m-lines than the offer")
    place = _answered_place(offer, answer)
    if answer.media[place].port == 0:
        raise NotAcceptable("audio was refused", 304)
    if not is_audio(answer.media[place]) or (
        is_secure(offer.media[place]) and not is_secure(answer.media[place])
    ):
        raise NotAcceptable("answer has another kind of media than the offer", 302)
    ours = read_audio(offer, offer.media[place])
    theirs = read_audio(answer, answer.media[place], unmapped=ours.formats)
    same_family(ours.remote[0], theirs.remote[0])
    keys = _answered_keys(ours, theirs, answer.media[place], srtp)
    law = next((each for each in theirs.formats if is_codec(each.name) and ours.find(each.name)), None)
    if law is None:
        raise NotAcceptable("answer has no codec of the offer", 305)
    agreed = _agreed(ours, theirs, law, place, keys)
    sent = ours.find(law.name)
    event = theirs.event_beside(law) if agreed.event_payload_type is not None else None
    sent_event = ours.event_beside(event) if event else None
    incoming = PayloadTypes(
        sent.payload_type if sent else law.payload_type,
        sent_event.payload_type if sent_event else None,
    )
    outgoing = PayloadTypes(agreed.payload_type, agreed.event_payload_type)
    return agreed if incoming == outgoing else replace(agreed, incoming=incoming)


def renew(previous: SessionDescription | None, next: SessionDescription) -> SessionDescription:  # noqa: A002 -- the word for it
    """The next description of the session that `previous` belongs to (RFC 3264 section 8).

    Its `o=` is the previous one, with a version one higher if anything else has changed.
    """
    if previous is None:
        return next
    origin = previous.origin
    if replace(next, origin=origin) == previous:
        return previous
    return replace(next, origin=replace(origin, session_version=origin.session_version + 1))


@dataclass(frozen=True, slots=True)
class _Choice:
    """An m-line of an offer that can be used."""

    place: int
    theirs: AudioStream
    law: Format
    crypto: tuple[Crypto, SrtpKeys] | None
    """Our line and what is agreed by it; None: in the clear."""


def _choose(
    offer: SessionDescription, local: LocalAudio, capabilities: Capabilities, prefer: str | None
) -> _Choice:
    """The m-line to use: the first with keys, or else the first."""
    problem = NotAcceptable("no plain RTP audio is offered", 304)
    choices: list[_Choice] = []
    for place, media in enumerate(offer.media):
        if media.port == 0 or not is_audio(media):
            continue
        try:
            choices.append(_choice(offer, place, local, capabilities, prefer))
        except NotAcceptable as refused:
            problem = refused
    if not choices:
        raise problem
    return next((choice for choice in choices if choice.crypto), choices[0])


def _choice(
    offer: SessionDescription, place: int, local: LocalAudio, capabilities: Capabilities, prefer: str | None
) -> _Choice:
    """What one m-line comes to. Raises `NotAcceptable` when it cannot be used."""
    media = offer.media[place]
    if is_secure(media) and capabilities.srtp is SrtpMode.OFF:
        raise NotAcceptable("no plain RTP audio is offered", 304)
    theirs = read_audio(offer, media)
    same_family(local.host, theirs.remote[0])
    common = [each for each in theirs.formats if each.name in capabilities.codecs]
    if not common:
        raise NotAcceptable("no codec in common", 305)
    crypto = None if capabilities.srtp is SrtpMode.OFF else answer_to(theirs.crypto, local.crypto)
    if crypto is None and is_secure(media):
        raise NotAcceptable("no crypto suite in common", 302)
    if crypto is None and capabilities.srtp is SrtpMode.REQUIRED:
        raise NotAcceptable("audio must be encrypted", 302)
    return _Choice(place, theirs, chosen_codec(common, capabilities.codecs, prefer), crypto)


def _answered_place(offer: SessionDescription, answer: SessionDescription) -> int:
    """Which m-line of ours an answer takes: of twins the first, which is the encrypted one, if it takes both."""
    places = [place for place, media in enumerate(offer.media) if media.port and is_audio(media)]
    taken = (place for place in places if answer.media[place].port)
    return next(taken, audio_place(offer) or 0)


def _answered_keys(
    ours: AudioStream, theirs: AudioStream, answer: MediaDescription, srtp: SrtpMode
) -> SrtpKeys | None:
    """What audio is encrypted with by an answer of theirs; a key that cannot be used is not passed over."""
    keys = agreed_by(ours.crypto, theirs.crypto)
    meant = is_secure(answer) or (ours.crypto and answer.values("crypto"))
    if keys is None and (meant or srtp is SrtpMode.REQUIRED):
        raise NotAcceptable("answer has no key that can be used", 302)
    return keys


def _protocol(capabilities: Capabilities, before: MediaDescription | None) -> str:
    """The profile of an offer. What was agreed on in this place keeps the one that it has, as far as it may."""
    if capabilities.srtp is SrtpMode.OFF:
        return PLAIN_RTP
    if before is not None and is_audio(before):
        if is_secure(before):
            return SECURE_RTP
        if before.values("crypto"):
            return PLAIN_RTP
    return SECURE_RTP if capabilities.srtp is SrtpMode.REQUIRED else PLAIN_RTP


def _ours(
    local: LocalAudio,
    capabilities: Capabilities,
    direction: Direction,
    crypto: tuple[Crypto, ...],
    known: tuple[Format, ...] = (),
) -> AudioStream:
    """Our audio, as an offer says it; `known`: the formats that have their numbers already."""
    formats = offered_formats(
        capabilities.codecs,
        known,
        comfort_noise=capabilities.comfort_noise,
        telephone_event=capabilities.telephone_event,
    )
    return AudioStream(
        (local.host, local.port),
        (local.host, local.port + 1),
        tuple(formats),
        direction,
        capabilities.ptime_ms,
        None,
        crypto,
        capabilities.rtcp_mux,
        capabilities.rtcp_reduced,
        capabilities.rtcp_xr,
    )


def _agreed(
    ours: AudioStream, theirs: AudioStream, law: Format, place: int, keys: SrtpKeys | None
) -> AgreedAudio:
    """What both sides have said comes to, where their law is one of ours."""
    event = theirs.event_beside(law) if ours.find(TELEPHONE_EVENT) else None
    mux = ours.rtcp_mux and theirs.rtcp_mux
    wanted_ms = theirs.ptime_ms or ours.ptime_ms or 20
    return AgreedAudio(
        remote=theirs.remote,
        remote_rtcp=theirs.remote if mux else theirs.remote_rtcp,
        codec=law.name,
        payload_type=law.payload_type,
        event_payload_type=event.payload_type if event else None,
        ptime_ms=min(wanted_ms, theirs.max_ptime_ms or wanted_ms),
        direction=ours.direction.within(theirs.direction.mirrored),
        theirs=theirs.direction,
        srtp=keys,
        rtcp_mux=mux,
        rtcp_reduced=ours.rtcp_reduced and theirs.rtcp_reduced,
        rtcp_xr=ours.voip_metrics and theirs.voip_metrics,
        place=place,
        comfort_noise=ours.comfort_noise and theirs.comfort_noise and not is_wide(law.name),
        max_ptime_ms=theirs.max_ptime_ms or 0,
        described=theirs,
        parameters=law.parameters,
        event_clock_hz=event.clock_hz if event else 8_000,
    )
