"""What a party says of its Opus in `a=fmtp`, as far as it is heeded, and what we say of ours (RFC 7587 section 6.1)."""

from dataclasses import dataclass
from typing import Final

from mediation.sdp.audio import decimal

OURS: Final = "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=32000"
"""Speech with twice the bandwidth of a telephone's, and as many bits a second as are counted for it
(`rtp.bandwidth`); no in-band FEC, for our decoder has no door to it."""
RATES_HZ: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Up to where it may sound, as samples a second (section 6.1)."""
LEAST_BITRATE: Final = 6_000
MOST_BITRATE: Final = 510_000
"""Bits a second that Opus may have."""


@dataclass(frozen=True, slots=True)
class OpusWishes:
    """How a party wants Opus sent to it."""

    playback_hz: int = 48_000
    """It plays no more than this."""
    bitrate: int = 0
    """It wants no more, in bits a second; 0: any."""
    fec: bool = False
    """It can use what packets tell of those before them."""
    constant: bool = False
    """It wants packets of one length."""

    @classmethod
    def parse(cls, parameters: str) -> "OpusWishes":
        """Read the parameters of `a=fmtp`. What makes no sense counts as absent."""
        said: dict[str, str] = {}
        for each in parameters.split(";"):
            name, _, value = each.partition("=")
            said.setdefault(name.strip(" ").lower(), value.strip(" "))
        playback = decimal(said.get("maxplaybackrate", ""), RATES_HZ[-1]) or 0
        bitrate = said.get("maxaveragebitrate", "")
        bits = int(bitrate) if bitrate.isascii() and bitrate.isdigit() and len(bitrate) <= 6 else 0
        return cls(
            playback if playback >= RATES_HZ[0] else RATES_HZ[-1],
            bits if LEAST_BITRATE <= bits <= MOST_BITRATE else 0,
            said.get("useinbandfec") == "1",
            said.get("cbr") == "1",
        )


ANY_OPUS: Final = OpusWishes()
"""Of a party that wishes nothing."""
