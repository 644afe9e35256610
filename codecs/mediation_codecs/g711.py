"""ITU-T G.711."""

from enum import StrEnum


class Law(StrEnum):
    """The two companding laws, by their RTP encoding names (RFC 3551 section 4.5.14)."""

    PCMU = "PCMU"
    PCMA = "PCMA"
