"""The two laws by name: what must be known of G.711 where no octet of audio is touched."""

from enum import StrEnum
from typing import Final


class Law(StrEnum):
    """The two companding laws, by their RTP encoding names (RFC 3551 section 4.5.14)."""

    PCMU = "PCMU"
    PCMA = "PCMA"


SILENCE: Final[dict[Law, int]] = {Law.PCMA: 0xD5, Law.PCMU: 0xFF}
"""The octet of an idle channel: the smallest positive value."""
