"""Which source may speak for a party, and where the party's packets go: the lock against injection and bleed.

A source is a party's when its IP address is the one of the party's description. Its port may be another, with a
NAT in between: the first valid packet decides, and then the port holds until signalling names another endpoint.
Late packets from the endpoint before must not decide: that one is out until signalling names it again.
"""

import socket

from mediation.b2bua.plan import Endpoint


class SourceLock:
    """One port's source. RTP and RTCP have one each."""

    __slots__ = ("_former", "locked", "to")

    def __init__(self) -> None:
        self._former: Endpoint | None = None
        self.to: Endpoint | None = None
        """Where to send to: the endpoint of the description until the lock, then the source. None: nowhere."""
        self.locked = False
        """Whether a source has been accepted."""

    def expect(self, described: Endpoint) -> None:
        """Signalling names another endpoint: open for it, and for no longer than it takes."""
        former, self.to = self.to, reachable(described)
        self._former = None if former == self.to else former
        self.locked = False

    def admits(self, source: Endpoint) -> bool:
        """Whether packets may come from there. Before the lock the packet must prove valid, too."""
        to = self.to
        if to is None or source[0] != to[0]:
            return False
        return source == to or (not self.locked and source != self._former)

    def accept(self, source: Endpoint) -> bool:
        """Lock on a source that was admitted and has sent a valid packet. True: it is not where we sent to."""
        moved = source != self.to
        self.to = source
        self.locked = True
        return moved


def reachable(endpoint: Endpoint) -> Endpoint | None:
    """An endpoint as the kernel writes it, or None when nothing can be sent there.

    No names, which would be looked up while all audio waits; no groups; no 0.0.0.0, the hold of old (RFC 3264
    section 8.4), which the kernel takes for this host; no port 0.
    """
    host, port = endpoint
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        packed = socket.inet_pton(family, host)
    except (OSError, ValueError):
        return None
    is_group = packed[0] == 0xFF if family == socket.AF_INET6 else packed[0] >= 0xE0
    if is_group or not any(packed) or not 0 < port < 65536:
        return None
    return socket.inet_ntop(family, packed), port
