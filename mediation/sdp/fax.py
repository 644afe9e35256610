"""Offer and answer for T.38 over UDPTL (ITU-T T.38 annex D, RFC 3264): read from one leg, made for the other.

A fax is relayed, so its parameters are the parties' own: what one has offered is offered to the other, and what that
one answers is answered. They pass as values and never as text: numbers in bounds and names of a list.
Attributes that are malformed, absurd or unknown count as absent, T38VendorInfo among them: it tells a product.

An m-line of `image` over UDPTL counts while it has a port. Where audio has one beside it, see `read_fax_offer`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar

from mediation.sdp.audio import Endpoint, decimal, usable_host
from mediation.sdp.capabilities import LocalAudio
from mediation.sdp.description import Attribute, MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.slots import (
    T38,
    UDPTL,
    fax_place,
    is_fax,
    next_fax_place,
    same_family,
    with_ours,
)

__all__ = [
    "AgreedFax", "ErrorCorrection", "FaxOffer", "FaxParameters", "NotAcceptable", "RateManagement", "fax_is_on",
    "make_fax_answer", "make_fax_offer", "read_fax_answer", "read_fax_offer",
]  # fmt: skip

MAX_DATAGRAM_OCTETS = 2047
"""The longest UDPTL datagram that is relayed; whoever takes longer ones is said to take these."""

HIGHEST_VERSION = 9
"""T.38 has come to 4; one digit is what its grammar has (clause D.2.3.1)."""


class RateManagement(StrEnum):
    """Who checks the training of the modems (ITU-T T.38 clause 8)."""

    LOCAL_TCF = "localTCF"
    TRANSFERRED_TCF = "transferredTCF"


class ErrorCorrection(StrEnum):
    """What UDPTL carries beside each packet against loss (ITU-T T.38 clause 9.1.4)."""

    FEC = "t38UDPFEC"
    REDUNDANCY = "t38UDPRedundancy"
    NONE = "t38UDPNoEC"


@dataclass(frozen=True, slots=True)
class FaxParameters:
    """What one party says of its T.38 (clause D.2.3.1). None: nothing, and T.38 has a default."""

    version: int | None = None
    max_bit_rate: int | None = None
    """Bits a second."""
    fill_bit_removal: bool = False
    transcoding_mmr: bool = False
    transcoding_jbig: bool = False
    rate_management: RateManagement | None = None
    max_buffer: int | None = None
    """Octets that it can store before it must play them out."""
    max_datagram: int | None = None
    """Octets of the longest UDPTL datagram that it takes."""
    error_correction: ErrorCorrection | None = None

    @classmethod
    def read(cls, media: MediaDescription) -> "FaxParameters":
        """What an m-line's attributes say. Of an attribute that stands twice the first counts."""
        said: dict[str, str | None] = {}
        for name, value in media.attributes:
            said.setdefault(name.lower(), None if value is None else value.strip(" "))
        datagram = _number(said.get("t38faxmaxdatagram"))
        return cls(
            version=decimal(said.get("t38faxversion") or "", HIGHEST_VERSION),
            max_bit_rate=_number(said.get("t38maxbitrate")),
            fill_bit_removal=_flag(said, "t38faxfillbitremoval"),
            transcoding_mmr=_flag(said, "t38faxtranscodingmmr"),
            transcoding_jbig=_flag(said, "t38faxtranscodingjbig"),
            rate_management=_name(RateManagement, said.get("t38faxratemanagement")),
            max_buffer=_number(said.get("t38faxmaxbuffer")),
            max_datagram=None if datagram is None else min(datagram, MAX_DATAGRAM_OCTETS),
            error_correction=_name(ErrorCorrection, said.get("t38faxudpec")),
        )

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """As they are printed, in the order of clause D.2.3.1."""
        lines: tuple[tuple[str, object], ...] = (
            ("T38FaxVersion", self.version),
            ("T38MaxBitRate", self.max_bit_rate),
            ("T38FaxFillBitRemoval", self.fill_bit_removal),
            ("T38FaxTranscodingMMR", self.transcoding_mmr),
            ("T38FaxTranscodingJBIG", self.transcoding_jbig),
            ("T38FaxRateManagement", self.rate_management),
            ("T38FaxMaxBuffer", self.max_buffer),
            ("T38FaxMaxDatagram", self.max_datagram),
            ("T38FaxUdpEC", self.error_correction),
        )
        # `is`: a version of 0 is said, and a flag that is off is not
        said = ((name, value) for name, value in lines if value is not None and value is not False)
        return tuple((name, None if value is True else str(value)) for name, value in said)

    def within(self, offered: "FaxParameters") -> "FaxParameters":
        """These as an answer to those: no later version, no higher rate, no flag that was not offered.

        Buffer and datagram are what the answering party takes, and its own to say, as is its choice of the rest.
        """
        rates = [rate for rate in (self.max_bit_rate, offered.max_bit_rate) if rate is not None]
        return replace(
            self,
            version=None if self.version is None else min(self.version, offered.version or 0),
            max_bit_rate=None if self.max_bit_rate is None else min(rates),
            fill_bit_removal=self.fill_bit_removal and offered.fill_bit_removal,
            transcoding_mmr=self.transcoding_mmr and offered.transcoding_mmr,
            transcoding_jbig=self.transcoding_jbig and offered.transcoding_jbig,
        )


@dataclass(frozen=True, slots=True)
class FaxOffer:
    """A fax that a party would make of the call."""

    place: int
    """Of its m-line, from 0."""
    remote: Endpoint
    """Where it takes UDPTL."""
    parameters: FaxParameters


@dataclass(frozen=True, slots=True)
class AgreedFax:
    """A fax that a party has agreed to."""

    remote: Endpoint
    """Where it takes UDPTL."""
    parameters: FaxParameters
    """Its own, within what it was offered."""


def fax_is_on(description: SessionDescription | None) -> bool:
    """Whether a description has a fax, and no audio, in use."""
    if description is None:
        return False
    return _in_use(description, is_fax) is not None and _in_use(description, _is_audio) is None


def read_fax_offer(
    offer: SessionDescription,
    host: str,
    *,
    before: SessionDescription | None = None,
    fax_now: bool = False,
) -> FaxOffer | None:
    """The fax that an offer asks for; None: it asks for none, and audio is to be negotiated.

    `host` is where our media would be. `before` is what the same party has said last in this dialog, None in an
    initial INVITE; `fax_now` whether the call is a fax now. Raises `NotAcceptable` when the place is none
    that UDPTL can be sent to.

    deviates: RFC 3264 section 6 would have both streams where audio and image have ports at once. One call has one
    kind of media here, so what is new against `before` wins: a party that adds an image to its audio wants to fax, one
    that adds audio to its image wants to speak. Where neither or both are new (an initial INVITE that lists all
    that its product can do, a refresh that repeats it) the call stays what it is, and it begins as audio.
    """
    place = _in_use(offer, is_fax)
    if place is None:
        return None
    if _in_use(offer, _is_audio) is not None:
        image_is_new = before is not None and _in_use(before, is_fax) is None
        audio_is_new = before is not None and _in_use(before, _is_audio) is None
        if audio_is_new and not image_is_new:
            return None
        if image_is_new == audio_is_new and not fax_now:
            return None
    media = offer.media[place]
    return FaxOffer(place, _remote(offer, media, host), FaxParameters.read(media))


def make_fax_offer(
    local: LocalAudio,
    parameters: FaxParameters,
    origin: Origin,
    previous: SessionDescription | None = None,
) -> SessionDescription:
    """Offer a fax, and nothing beside it. `previous` is what we said last in this dialog.

    The fax takes the place of our audio (RFC 3264 section 8.3.3), or that of a fax before it.
    """
    place = next_fax_place(previous) if previous else None
    return with_ours(local.host, origin, previous, place, _media(local, parameters))


def read_fax_answer(offer: SessionDescription, answer: SessionDescription) -> AgreedFax:
    """What an answer to an offer of ours has settled. Raises `NotAcceptable`, when the fax was refused, too."""
    place = fax_place(offer)
    if place is None or not offer.media[place].port or offer.connection is None:
        raise NotAcceptable("no fax was offered")
    if len(answer.media) != len(offer.media):
        raise NotAcceptable("answer has another number of m-lines than the offer")
    media = answer.media[place]
    if media.port == 0:
        raise NotAcceptable("fax was refused", 304)
    if not is_fax(media):
        raise NotAcceptable("answer has another kind of media than the offer", 302)
    offered = FaxParameters.read(offer.media[place])
    remote = _remote(answer, media, offer.connection.address)
    return AgreedFax(remote, FaxParameters.read(media).within(offered))


def make_fax_answer(
    offer: SessionDescription, local: LocalAudio, asked: FaxOffer, parameters: FaxParameters, origin: Origin
) -> SessionDescription:
    """Answer an offer with a fax. `asked` is what was read from it, `parameters` what the other leg has agreed to."""
    ours = _media(local, parameters.within(asked.parameters))
    return with_ours(local.host, origin, offer, asked.place, ours)


Name = TypeVar("Name", bound=StrEnum)

HIGHEST_NUMBER = 99_999
"""Rates end at 33,600 bit/s and buffers at some thousand octets."""


def _in_use(description: SessionDescription, kind: Callable[[MediaDescription], bool]) -> int | None:
    """Where the first m-line of a kind stands that has a port."""
    return next(
        (index for index, media in enumerate(description.media) if media.port and kind(media)),
        None,
    )


def _is_audio(media: MediaDescription) -> bool:
    """Whatever it runs over: what cannot be used is still no reason to begin a call as a fax."""
    return media.kind.lower() == "audio"


def _remote(description: SessionDescription, media: MediaDescription, ours: str) -> Endpoint:
    connection = description.connection_of(media)
    if connection is None:
        raise NotAcceptable("no connection address")
    host = usable_host(connection)
    if ip_address(host).is_unspecified:
        raise NotAcceptable("a fax cannot be put on hold", 301)
    same_family(ours, host)
    return host, media.port


def _media(local: LocalAudio, parameters: FaxParameters) -> MediaDescription:
    return MediaDescription("image", local.port, 1, UDPTL, (T38,), attributes=parameters.attributes)


def _number(text: str | None) -> int | None:
    return decimal(text or "", HIGHEST_NUMBER) or None


def _flag(said: Mapping[str, str | None], name: str) -> bool:
    """A flag is on where it stands; some give it a number all the same, and 0 means that it is off."""
    return name in said and said[name] in (None, "", "1")


def _name(names: type[Name], text: str | None) -> Name | None:
    return next((each for each in names if text is not None and each.value.lower() == text.lower()), None)
