"""What messages say, found once for each: peers, the world and its judges ask for the same ones again and again."""

import re
from functools import lru_cache

from mediation.sip.framing import parse_datagram
from mediation.sip.message import Message

MOST_KEPT = 4096
"""Messages. A story that is told with another bug in it, or with other terms, begins with the same ones."""

MARKS = re.compile(
    rb"(?:branch=|;tag=|\nCall-ID: |\nUser-Agent: |\no=\S+ |<sip:line-)([^;,\s>@]+)", re.IGNORECASE
)
"""What must never be told to the other side: ids of any kind, products, sessions."""


@lru_cache(maxsize=MOST_KEPT)
def read(octets: bytes) -> Message:
    """The message in a datagram; MalformedMessage if there is none. Messages never change."""
    message = parse_datagram(octets)
    assert message is not None
    return message


@lru_cache(maxsize=MOST_KEPT)
def marks_in(octets: bytes) -> frozenset[bytes]:
    """What the other side must not be told of a message."""
    return frozenset(MARKS.findall(octets))
