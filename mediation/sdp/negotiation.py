"""Offer and answer for one audio stream (RFC 3264).

One m-line of an offer is used: the first audio over plain RTP/AVP that has an address we can send to, a
port that is not 0, and a law of ours. Every other m-line is refused with port 0, in its place, with its
kind, protocol and formats (RFC 3264 section 6). Which law: `prefer` if both have it, else the first of the
offer's that we have, as RFC 3264 section 6.1 wants it. An answer names that one law and no other, so that
nobody has to guess what will be sent.
"""

from dataclasses import dataclass, replace

from mediation.sdp.audio import (
    STATIC_PAYLOAD_TYPES,
    TELEPHONE_EVENT,
    AudioStream,
    Direction,
    Endpoint,
    Format,
    read_audio,
    read_formats,
)
from mediation.sdp.description import Attribute, MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.slots import (
    PLAIN_RTP,
    audio_place,
    is_plain_audio,
    next_audio_place,
    same_family,
    with_ours,
)

__all__ = [
    "AgreedAudio", "Capabilities", "Direction", "LocalAudio", "NotAcceptable", "PayloadTypes", "make_answer",
    "make_offer", "read_answer", "renew",
]  # fmt: skip

EVENT_PAYLOAD_TYPE = 101
"""What our offers call telephone-event: dynamic, and the number that most equipment uses."""
DIGITS = "0-15"
"""The events of whoever lists none (RFC 4733 section 2.4.1)."""
DIGITS_AND_FLASH = "0-16"
"""With the flash of RFC 2833: RFC 4733 only reserves it, many still list it, relaying it costs nothing."""

_UP_TO_FLASH = tuple(str(event) for event in range(17))
_NUMBERS = {name: number for number, name in STATIC_PAYLOAD_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What we would take on one side of a call."""

    codecs: tuple[str, ...]
    """`PCMU` and `PCMA`, in our order of preference."""
    telephone_event: bool = True
    ptime_ms: int = 20
    """The packet length we ask for, and assume where the other side does not say."""


@dataclass(frozen=True, slots=True)
class LocalAudio:
    """Where we take audio, or a fax."""

    host: str
    """An IP address, without brackets."""
    port: int
    """RTP; RTCP is the next one (RFC 3550 section 11)."""


@dataclass(frozen=True, slots=True)
class PayloadTypes:
    """The numbers of one direction."""

    law: int
    event: int | None


@dataclass(frozen=True, slots=True)
class AgreedAudio:
    """What both sides have said, as we need it to send and to take."""

    remote: Endpoint
    """Where our RTP goes. Address 0.0.0.0: nowhere, and `direction` says so too."""
    remote_rtcp: Endpoint
    codec: str
    payload_type: int
    """On packets that we send."""
    event_payload_type: int | None
    """The number of telephone-event on packets that we send; None: the other side does not take it."""
    ptime_ms: int
    direction: Direction
    """Ours."""
    theirs: Direction = Direction.SENDRECV
    """The other side's, as it said it."""
    incoming: PayloadTypes | None = None
    """The numbers on packets that we take, where they differ (RFC 3264 section 5.1: each side sends with the
    numbers that the other one has written). None: the same."""


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
    formats = [Format(_NUMBERS[codec], codec) for codec in capabilities.codecs]
    place = next_audio_place(previous) if previous else None
    known = read_formats(previous.media[place]) if previous and place is not None else ()
    if capabilities.telephone_event:
        formats.append(Format(_event_number(known), TELEPHONE_EVENT, DIGITS_AND_FLASH))
    ours = _media(local, formats, capabilities.ptime_ms, direction)
    return with_ours(local.host, origin, previous, place, ours)


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
    place, theirs, law = _choose(offer, local.host, capabilities, prefer)
    event = theirs.find(TELEPHONE_EVENT) if capabilities.telephone_event else None
    agreed = AgreedAudio(
        remote=theirs.remote,
        remote_rtcp=theirs.remote_rtcp,
        codec=law.name,
        payload_type=law.payload_type,
        event_payload_type=event.payload_type if event else None,
        ptime_ms=_ptime_ms(theirs, capabilities.ptime_ms),
        direction=direction.within(theirs.direction.mirrored),
        theirs=theirs.direction,
    )
    formats = [law]
    if event is not None:
        formats.append(replace(event, parameters=_events(event.parameters)))
    ours = _media(local, formats, agreed.ptime_ms, agreed.direction)
    return with_ours(local.host, origin, offer, place, ours), agreed


def read_answer(offer: SessionDescription, answer: SessionDescription) -> AgreedAudio:
    """What an answer to an offer of ours has settled. Raises `NotAcceptable`."""
    place = audio_place(offer)
    if place is None:
        raise NotAcceptable("nothing was offered")
    if len(answer.media) != len(offer.media):
        raise NotAcceptable("answer has another number of m-lines than the offer")
    if answer.media[place].port == 0:
        raise NotAcceptable("audio was refused", 304)
    if not is_plain_audio(answer.media[place]):
        raise NotAcceptable("answer has another kind of media than the offer", 302)
    ours = read_audio(offer, offer.media[place])
    offered = {each.payload_type: each.name for each in ours.formats}
    theirs = read_audio(answer, answer.media[place], unmapped=offered)
    same_family(ours.remote[0], theirs.remote[0])
    law = next((each for each in theirs.formats if each.name in _NUMBERS and ours.find(each.name)), None)
    if law is None:
        raise NotAcceptable("answer has no codec of the offer", 305)
    sent = ours.find(law.name)
    event = theirs.find(TELEPHONE_EVENT) if ours.find(TELEPHONE_EVENT) else None
    sent_event = ours.find(TELEPHONE_EVENT) if event else None
    outgoing = PayloadTypes(law.payload_type, event.payload_type if event else None)
    incoming = PayloadTypes(
        sent.payload_type if sent else law.payload_type,
        sent_event.payload_type if sent_event else None,
    )
    return AgreedAudio(
        remote=theirs.remote,
        remote_rtcp=theirs.remote_rtcp,
        codec=law.name,
        payload_type=outgoing.law,
        event_payload_type=outgoing.event,
        ptime_ms=_ptime_ms(theirs, ours.ptime_ms or 20),
        direction=ours.direction.within(theirs.direction.mirrored),
        theirs=theirs.direction,
        incoming=None if incoming == outgoing else incoming,
    )


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


def _choose(
    offer: SessionDescription, host: str, capabilities: Capabilities, prefer: str | None
) -> tuple[int, AudioStream, Format]:
    """The m-line to use, what it says, and the law."""
    problem = NotAcceptable("no plain RTP audio is offered", 304)
    for place, media in enumerate(offer.media):
        if not is_plain_audio(media) or media.port == 0:
            continue
        try:
            theirs = read_audio(offer, media)
            same_family(host, theirs.remote[0])
        except NotAcceptable as refused:
            problem = refused
            continue
        common = [each for each in theirs.formats if each.name in capabilities.codecs]
        if not common:
            problem = NotAcceptable("no codec in common", 305)
            continue
        return place, theirs, next((each for each in common if each.name == prefer), common[0])
    raise problem


def _ptime_ms(theirs: AudioStream, otherwise_ms: int) -> int:
    wanted = theirs.ptime_ms or otherwise_ms
    return min(wanted, theirs.max_ptime_ms or wanted)


def _event_number(known: tuple[Format, ...]) -> int:
    """The number for telephone-event where `known` are in use already."""
    taken = {each.payload_type: each.name for each in known}
    kept = (number for number, name in taken.items() if name == TELEPHONE_EVENT)
    free = (number for number in (EVENT_PAYLOAD_TYPE, *range(96, 128)) if number not in taken)
    return next(kept, next(free, EVENT_PAYLOAD_TYPE))


def _events(theirs: str) -> str:
    """What we list to a party that lists `theirs`: flash for those who know it."""
    for item in theirs.split(","):
        low, _, high = item.strip(" ").partition("-")
        if (low, high) == ("16", "") or (low in _UP_TO_FLASH and high == "16"):
            return DIGITS_AND_FLASH
    return DIGITS


def _media(local: LocalAudio, formats: list[Format], ptime_ms: int, direction: Direction) -> MediaDescription:
    attributes: list[Attribute] = []
    for each in formats:
        attributes.append(("rtpmap", f"{each.payload_type} {each.name}/8000"))
        if each.parameters:
            attributes.append(("fmtp", f"{each.payload_type} {each.parameters}"))
    attributes += [("ptime", str(ptime_ms)), (direction.value, None)]
    numbers = tuple(str(each.payload_type) for each in formats)
    return MediaDescription("audio", local.port, 1, PLAIN_RTP, numbers, attributes=tuple(attributes))
