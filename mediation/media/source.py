"""Which source may speak for a party, and where the party's packets go: the lock against injection and bleed.

A source is a party's when its IP address is the one of the party's description. Its port may be another, with a
NAT in between: the first valid packet decides, and then the port holds until signalling names another endpoint.
Late packets from the endpoint before must not decide: that one is out until signalling names it again.
Where latching is off, the port must be the described one, too. Where more is learned than that, `latching` decides
on the sources that are not admitted here.

While a call is forked, several descriptions may each be the party's. The first valid packet decides there, too:
whoever has sent it is the party, and the others are strangers like any.
"""

import socket
from collections.abc import Sequence

from mediation.b2bua.plan import Endpoint
from mediation.settings.peer_media import Latching


class SourceLock:
    """One port's source. RTP and RTCP have one each."""

    __slots__ = ("_exact", "_former", "_named", "locked", "to")

    def __init__(self) -> None:
        self._exact = False
        self._former: Endpoint | None = None
        self._named: tuple[Endpoint, ...] = ()
        self.to: Endpoint | None = None
        """Where to send to: the endpoint of the description until the lock, then the source. None: nowhere."""
        self.locked = False
        """Whether a source has been accepted."""

    def expect(
        self,
        described: Endpoint,
        alternatives: Sequence[Endpoint] = (),
        latching: Latching = Latching.SDP_IP,
    ) -> None:
        """Signalling names other endpoints: open for them, and for no longer than it takes.

        Packets go to `described` until one of the others has spoken.
        """
        self._exact = latching is Latching.OFF
        before, former = self._named, self.to
        self.to = reachable(described)
        places = (self.to, *map(reachable, alternatives))
        self._named = tuple(place for place in places if place is not None)
        self._former = former
        if former is not None:
            its_names = {place for place in before if place[0] == former[0]} | {former}
            if its_names.intersection(
                self._named
            ):  # named again, by the port behind the NAT or the one before it
                self._former = None
        self.locked = False

    def reopen(self) -> None:
        """Signalling names the same endpoints for something new: who was locked on may go on, and so may the named.

        Packets go on to where they went.
        """
        self.locked = False

    def admits(self, source: Endpoint) -> bool:
        """Whether packets may come from there. Before the lock the packet must prove valid, too."""
        if self.locked:
            return source == self.to
        if source in self._named or source == self.to:
            return True
        return (
            not self._exact and source != self._former and any(source[0] == host for host, _ in self._named)
        )

    def is_former(self, source: Endpoint) -> bool:
        """Whether it is the one that is out."""
        return source == self._former

    def name_of(self, source: Endpoint) -> Endpoint | None:
        """Which of the named endpoints an admitted source speaks for: its own, or else the first at its address."""
        if source in self._named:
            return source
        return next((named for named in self._named if named[0] == source[0]), None)

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
