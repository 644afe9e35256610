"""A key that is said by INFO: the bodies `application/dtmf-relay` and `application/dtmf`.

No RFC describes them. The first came with Cisco's gateways and is what most equipment says: `Signal=5` and
`Duration=160`, in milliseconds. The second holds the key alone, or the same line as the first. What gateways are known
to write is read: blanks around the sign, either case, 10 and 11 for the star and the number sign.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from mediation.sip.errors import RemoteSipError

RELAY: Final = "application/dtmf-relay"
PLAIN: Final = "application/dtmf"
ESSENCES: Final = frozenset({RELAY, PLAIN})
"""The media types."""

USUAL_MS: Final = 160
"""How long a key is pressed where nobody says it."""

SHORTEST_MS: Final = 40
"""Less is none to who has to hear it (ITU-T Q.24)."""

LONGEST_MS: Final = 8000
"""More is no key press but an accident; one telephone-event can tell just as much (RFC 4733 section 2.3.5)."""

LONGEST_BODY: Final = 256
"""Octets that are looked at."""

_FLAGS: Final = re.IGNORECASE | re.MULTILINE | re.ASCII
_SIGNAL: Final = re.compile(r"^[ \t]*signal[ \t]*[=:][ \t]*([0-9]{1,2}|[*#a-d])[ \t]*\r?$", _FLAGS)
_DURATION: Final = re.compile(r"^[ \t]*duration[ \t]*[=:][ \t]*([0-9]{1,6})[ \t]*\r?$", _FLAGS)
_ALONE: Final = re.compile(r"\s*([0-9]{1,2}|[*#a-d])\s*", _FLAGS)
_NUMBERED: Final = "0123456789*#ABCD"
"""The keys by the numbers of their events (RFC 4733 section 3.2), which some write instead."""


@dataclass(frozen=True, slots=True)
class DtmfInfo:
    """One key."""

    key: str
    """One of 0 to 9, *, #, A to D."""
    duration_ms: int = USUAL_MS

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read either body. Raises RemoteSipError(400) where it says no key."""
        text = body[:LONGEST_BODY].decode("latin-1")
        signal = _SIGNAL.search(text) or _ALONE.fullmatch(text)
        if signal is None:
            raise RemoteSipError(400, "No Key")
        said = signal[1].upper()
        if len(said) == 2:
            number = int(said)
            if number >= len(_NUMBERED):
                raise RemoteSipError(400, "No Such Key")
            said = _NUMBERED[number]
        duration = _DURATION.search(text)
        wanted = int(duration[1]) if duration is not None else 0
        return cls(said, min(max(wanted, SHORTEST_MS), LONGEST_MS) if wanted else USUAL_MS)

    def __bytes__(self) -> bytes:
        """As `application/dtmf-relay`."""
        return f"Signal={self.key}\r\nDuration={self.duration_ms}\r\n".encode("ascii")
