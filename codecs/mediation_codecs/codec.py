"""The codecs that a party may speak, by name: what must be known of them where no octet of audio is touched."""

from enum import StrEnum
from typing import Final


class Codec(StrEnum):
    """By RTP encoding names (RFC 3551 section 4.5, RFC 7587 section 7)."""

    PCMU = "PCMU"
    PCMA = "PCMA"
    G722 = "G722"
    OPUS = "opus"

    @property
    def is_wide(self) -> bool:
        """Whether it has more to say than a telephone line: it is no law, and must be transcoded to become one."""
        return self in (Codec.G722, Codec.OPUS)

    @property
    def clock_hz(self) -> int:
        """Of RTP timestamps: 8000 for G.722, too, by a mistake that stays (RFC 3551 section 4.5.2)."""
        return 48_000 if self is Codec.OPUS else 8_000

    @property
    def channels(self) -> int:
        """As `a=rtpmap` must say it: 2 for Opus, whatever is sent (RFC 7587 section 7)."""
        return 2 if self is Codec.OPUS else 1


WIDE_RATE_HZ: Final = 16_000
"""Samples a second of what wide codecs give and take here: what G.722 has, and enough of Opus for speech."""
OPUS_FRAMES_MS: Final = (60, 40, 20, 10)
"""Packets of one frame (RFC 6716 section 2), as far as a telephone has a use for them."""


def is_codec(name: str) -> bool:
    """Whether an encoding name is that of a codec of ours."""
    return name in tuple(Codec)


def is_wide(name: str) -> bool:
    """Whether an encoding name is that of a wide codec of ours."""
    return name in (Codec.G722, Codec.OPUS)
