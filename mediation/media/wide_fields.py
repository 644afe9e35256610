"""What a plan says of a wide codec, as it goes over the channel: plain values, read as strictly as all else there."""

from mediation.b2bua.wide import Wide
from mediation.sdp.opus import OpusWishes
from mediation_codecs.codec import Codec

Fields = list[object]


def wide_fields(wide: Wide | None) -> Fields | None:
    """What `wide_of` reads."""
    if wide is None:
        return None
    opus = wide.opus
    return [wide.codec, wide.event_clock_hz, opus.playback_hz, opus.bitrate, opus.fec, opus.constant]


def wide_of(fields: Fields | None) -> Wide | None:
    """The same as a value; ValueError for anything else."""
    match fields:
        case None:
            return None
        case [str(codec), int(clock_hz), int(playback_hz), int(bitrate), bool(fec), bool(constant)]:
            return Wide(Codec(codec), clock_hz, OpusWishes(playback_hz, bitrate, fec, constant))
    raise ValueError("no wide codec")
