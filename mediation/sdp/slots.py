"""The places of m-lines: what has been said once stands there for the whole dialog (RFC 3264 sections 6 and 8).

Answers have the m-lines of their offer; later offers never have fewer, and none changes its place. One place is ours
to use; all others are said again with port 0. The place may change its kind: RFC 3264 section 8.3.3 recommends
just that for a call that becomes a fax, and for the way back. A party that has given the fax a place of its own finds
each kind where it expects it.
"""

from dataclasses import replace
from ipaddress import ip_address

from mediation.sdp.description import Connection, MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable

PLAIN_RTP = "RTP/AVP"
SECURE_RTP = "RTP/SAVP"
"""RFC 3711 section 12."""
UDPTL = "udptl"
T38 = "t38"


def is_audio(media: MediaDescription) -> bool:
    """Audio over RTP, encrypted or not."""
    return media.kind.lower() == "audio" and media.protocol.upper() in (PLAIN_RTP, SECURE_RTP)


def is_secure(media: MediaDescription) -> bool:
    """Over a profile that has nothing but SRTP."""
    return media.protocol.upper() == SECURE_RTP


def is_fax(media: MediaDescription) -> bool:
    """T.38 over UDPTL (ITU-T T.38 clause D.2.1.1, RFC 3362)."""
    named = any(each.lower() == T38 for each in media.formats)
    return named and media.kind.lower() == "image" and media.protocol.lower() == UDPTL


def audio_place(ours: SessionDescription) -> int | None:
    """Where our audio stands in a description of ours: in use, or else where one can be put again."""
    return _place(ours, [index for index, media in enumerate(ours.media) if is_audio(media)])


def fax_place(ours: SessionDescription) -> int | None:
    """The same of a fax."""
    return _place(ours, [index for index, media in enumerate(ours.media) if is_fax(media)])


def next_audio_place(ours: SessionDescription) -> int | None:
    """Where our next offer puts audio: where audio has stood, or else where the fax stands. None: behind all others."""
    place = audio_place(ours)
    return fax_place(ours) if place is None else place


def next_fax_place(ours: SessionDescription) -> int | None:
    """The same of a fax."""
    place = fax_place(ours)
    return audio_place(ours) if place is None else place


def audio_alone(ours: SessionDescription, place: int) -> SessionDescription:
    """A description of ours with no other audio in use than that of one place: of twins one is agreed on."""
    if place >= len(ours.media) or not is_audio(ours.media[place]):
        return ours
    media = (refused(each) if is_audio(each) and at != place else each for at, each in enumerate(ours.media))
    return replace(ours, media=tuple(media))


def refused(media: MediaDescription) -> MediaDescription:
    """The same m-line out of use: its kind, protocol and formats, and port 0 (RFC 3264 section 6)."""
    return MediaDescription(media.kind, 0, 1, media.protocol, media.formats)


def with_ours(
    host: str, origin: Origin, previous: SessionDescription | None, place: int | None, ours: MediaDescription
) -> SessionDescription:
    """A description of ours with every m-line of `previous` out of use, but the one at `place`: ours stands there.

    None: ours comes behind them. `host` is where our media are, an IP address without brackets.
    """
    media = [refused(each) for each in previous.media] if previous else []
    if place is None:
        media.append(ours)
    else:
        media[place] = ours
    return SessionDescription(0, origin, connection=Connection(host), media=tuple(media))


def same_family(ours: str, theirs: str) -> None:
    """Raise NotAcceptable when no packet can go from one address to the other. The unspecified one goes with all."""
    place = ip_address(theirs)
    if ip_address(ours).version != place.version and not place.is_unspecified:
        raise NotAcceptable("connection address is of another family than ours", 300)


def _place(ours: SessionDescription, candidates: list[int]) -> int | None:
    """The first that is in use, or else the first."""
    return next(
        (index for index in candidates if ours.media[index].port), candidates[0] if candidates else None
    )
