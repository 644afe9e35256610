"""A party that speaks a wide codec: what a media plan says of it beside what it says of every party.

Behind its port it is a party of G.711 like any other: what it sends is decoded, and what it hears is encoded, at the
door. So all that can be done to audio can be done to its.
"""

from dataclasses import dataclass

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.opus import ANY_OPUS, OpusWishes
from mediation_codecs.codec import Codec, is_wide


@dataclass(frozen=True, slots=True)
class Wide:
    """The codec, and how it is to be sent."""

    codec: Codec
    event_clock_hz: int = 8_000
    """Of telephone-event durations (RFC 4733 section 2.1)."""
    opus: OpusWishes = ANY_OPUS
    """What the party wants of Opus, where it is that."""


def wide_of(audio: AgreedAudio) -> Wide | None:
    """What was agreed with a party, if that is a wide codec."""
    if not is_wide(audio.codec):
        return None
    codec = Codec(audio.codec)
    wishes = OpusWishes.parse(audio.parameters) if codec is Codec.OPUS else ANY_OPUS
    return Wide(codec, audio.event_clock_hz, wishes)
