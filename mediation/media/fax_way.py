"""One direction of a call while it is a fax: its datagrams go on untouched (ITU-T T.38 clause 9.1)."""

from mediation.media.compiled import LARGEST
from mediation.media.course import NO_LINE, Line


class FaxWay:
    """From one party to the other, by the lines that its audio had."""

    __slots__ = ("heard", "malformed", "received", "sent", "sink", "source")

    def __init__(self) -> None:
        self.source: Line = NO_LINE
        """Hears the source alone."""
        self.sink: Line = NO_LINE
        """Sends to the sink alone."""
        self.heard = -1
        """When a datagram came last; negative: never."""
        self.received = 0
        """UDPTL datagrams of the source."""
        self.sent = 0
        """UDPTL datagrams handed to the socket."""
        self.malformed = 0
        """Datagrams of the source that are too long."""

    def hear(self, arrival: int) -> None:
        """A datagram is there to be read."""
        try:
            datagram = self.source.recv(LARGEST)
        except OSError:
            return
        self.carry(datagram, arrival)

    def carry(self, datagram: bytes, arrival: int) -> None:
        """One of the source's, on its way: not a bit of it is ours to change."""
        if len(datagram) >= LARGEST:
            self.malformed += 1
            return
        self.received += 1
        self.heard = arrival
        try:
            self.sink.send(datagram)
        except OSError:
            return
        self.sent += 1
