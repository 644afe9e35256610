"""Audio that the other side switches off while a call is up: port 0 where it stands, as some phones say hold.

By RFC 3264 section 8.2 the stream ends, and section 8.4 has other words for hold. But the call goes on, and who says so
comes back with an offer that has a port. So everything stays agreed, only that nobody sends and nobody is sent to.
"""

from dataclasses import replace

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.slots import is_audio, refused, with_ours


def switched_off(theirs: SessionDescription, before: AgreedAudio | None) -> AgreedAudio | None:
    """What an offer or an answer leaves of the audio that was agreed on before; None: it switches nothing off."""
    if before is None or before.place >= len(theirs.media) or not is_audio(theirs.media[before.place]):
        return None
    if any(media.port for media in theirs.media):
        return None
    nowhere = (before.remote[0], 0)
    return replace(
        before,
        remote=nowhere,
        remote_rtcp=nowhere,
        direction=Direction.INACTIVE,
        theirs=Direction.INACTIVE,
        direct=False,
    )


def answer_switched_off(
    offer: SessionDescription, host: str, origin: Origin, audio: AgreedAudio
) -> SessionDescription:
    """The answer to it: port 0 as well (RFC 3264 section 6)."""
    return with_ours(host, origin, offer, audio.place, refused(offer.media[audio.place]))
