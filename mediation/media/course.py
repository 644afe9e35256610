"""The course of a stream: packets that simply follow each other, carried with the least that must be done.

Nearly every packet is the next of its stream: from the same sender, of the same payload type and length, with the
next sequence number and a timestamp later by just its samples. So its whole header is known before it comes. Taken
as one number of 96 bits it is the last one plus a constant, and what leaves is that number plus another constant:
one comparison and two additions stand for reading, checking, counting and rewriting it.

    came    80 00 0029 00000140 0000aaaa   + step   = what must come next
    leaves  80 08 03f1 0000c490 00005555   = came + offset, and the payload by its table

Whatever else comes ends the course and goes the usual way, by `Carried.carry_heard`, which may begin another one.
What has followed is counted when somebody asks. The alternative was measured: to compare and rewrite the packets of
a wake-up together, by NumPy. At two hundred packets a wake it wins little or nothing, at ten it costs twice as much.
"""

from typing import Final, Protocol

from mediation.rtp.packet import HEADER, HEADER_OCTETS, PLAIN
from mediation.rtp.rewrite import MAX_CLOCK_STEP

LARGEST: Final = 2048
"""Octets of a datagram that are read; more is no audio of ours. One of so many may have been cut."""


class Line(Protocol):
    """A connected socket, as far as a stream needs one."""

    def recv(self, limit: int, /) -> bytes:
        """The next datagram. OSError: there is none."""

    def send(self, datagram: bytes, /) -> int:
        """Send it. OSError: it cannot be sent."""


class _NoLine:
    """To and from a party whose address is not known or cannot be reached."""

    def recv(self, _limit: int, /) -> bytes:
        raise OSError("no line")

    def send(self, _datagram: bytes, /) -> int:
        raise OSError("no line")


NO_LINE: Final[Line] = _NoLine()


class Carried(Protocol):
    """What carries a stream's other packets, and counts them all. Times are in units of the media clock."""

    def carry_heard(self, packet: bytes, arrival: int) -> None:
        """A packet that does not simply follow. No course is under way."""

    def followed(self, packets: int, octets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """So many packets, each of that many octets of payload, have followed and left; the last one's figures."""

    def unsent(self, octets: int) -> None:
        """One of those that are told as followed was refused by the socket."""


class Course:
    """Of one stream: the line it comes by, the line it leaves by, and what must come next."""

    __slots__ = (
        "_carried", "_due", "_jitter_16", "_next", "_octets", "_offset", "_receive", "_samples", "_send",
        "_settled", "_step", "_stop", "_table",
    )  # fmt: skip

    def __init__(self, carried: Carried, source: Line, sink: Line) -> None:
        """Nothing is expected before `begin`."""
        self._carried = carried
        self._receive = source.recv
        self._send = sink.send
        self._next = _NOTHING
        self._settled = _NOTHING
        self._stop = self._step = self._offset = 0
        self._octets = self._samples = 0
        self._due = 0
        self._jitter_16 = 0
        self._table: bytes | None = None

    def hear(self, arrival: int) -> None:
        """A packet is there to be read: the road of nearly all packets."""
        receive = self._receive  # looked up as an attribute: as a method it would take longer
        try:
            packet = receive(LARGEST)
        except OSError:  # none after all, or the source's host says that nobody listens there yet
            return
        header = _number(packet[_HEAD])
        if header != self._next or len(packet) != self._octets:
            self._end_with(packet, arrival)
            return
        late = arrival - self._due
        if late < 0:
            late = -late
        if late >= MAX_CLOCK_STEP:
            self._end_with(packet, arrival)
            return
        self._jitter_16 += late - ((self._jitter_16 + 8) >> 4)
        self._due = arrival + self._samples
        self._next = following = header + self._step
        payload = packet[_BODY]
        if self._table is not None:
            payload = payload.translate(self._table)
        send = self._send
        try:
            send((header + self._offset).to_bytes(HEADER_OCTETS) + payload)
        except OSError:
            self._carried.unsent(len(payload))
        if following == self._stop:
            self.end()

    def lead(self, source: Line, sink: Line) -> None:
        """Other lines, from now on. Ends the course."""
        self.end()
        self._receive = source.recv
        self._send = sink.send

    def begin(
        self,
        packet: bytes,
        arrival: int,
        jitter_16: int,
        offsets: tuple[int, int],
        leaving: tuple[int, int],
        table: bytes | None,
    ) -> None:
        """Expect what simply follows this packet, which has left already. Its header must be a plain one.

        `jitter_16` is sixteen times the jitter (RFC 3550 appendix A.8), `offsets` what is added to sequence number
        and timestamp, `leaving` the payload type and SSRC of what leaves, `table` what translates the payload.
        """
        _, payload_type, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        samples = len(packet) - HEADER_OCTETS  # G.711 has an octet for each
        sequence_leaving = (sequence + offsets[0]) & 0xFFFF
        timestamp_leaving = (timestamp + offsets[1]) & 0xFFFFFFFF
        came = _header(payload_type, sequence, timestamp, ssrc)
        left = _header(leaving[0], sequence_leaving, timestamp_leaving, leaving[1])
        # No field may run over into the one before it. Of what comes none can: its next value would be another.
        room = min(
            0xFFFF - max(sequence, sequence_leaving),
            (0xFFFFFFFF - max(timestamp, timestamp_leaving)) // max(1, samples),
        )
        if room < 1 or samples < 1:
            return
        self._step = 1 << _SEQUENCE | samples << _TIMESTAMP
        self._offset = left - came
        self._next = self._settled = came + self._step
        self._stop = came + (room + 1) * self._step
        self._octets = len(packet)
        self._samples = samples
        self._due = arrival + samples
        self._jitter_16 = jitter_16
        self._table = table

    def settle(self) -> None:
        """Tell what has followed since it was told last."""
        if self._next != self._settled:
            # Of the last packet, for the header that is expected may be more than its fields can hold.
            last = self._next - self._step
            packets = (last >> _SEQUENCE) - (self._settled - self._step >> _SEQUENCE)
            self._settled = self._next
            timestamp = last >> _TIMESTAMP & 0xFFFFFFFF
            arrival = self._due - self._samples
            self._carried.followed(packets, self._samples, timestamp, arrival, self._jitter_16)

    def end(self) -> None:
        """Settle, and expect nothing."""
        self.settle()
        self._next = self._settled = _NOTHING

    def close(self) -> None:
        """End, and forget whose stream it was."""
        self.end()
        self._carried = _NOBODY

    def _end_with(self, packet: bytes, arrival: int) -> None:
        self.end()
        self._carried.carry_heard(packet, arrival)


class _Nobody:
    """Has a course that is closed."""

    def carry_heard(self, packet: bytes, arrival: int) -> None:
        """It is late."""

    def followed(self, packets: int, octets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """Nothing can have."""

    def unsent(self, octets: int) -> None:
        """Nothing was to be sent."""


_NOBODY: Final = _Nobody()

_NOTHING: Final = -1
"""No header."""

_SEQUENCE: Final = 64
"""Where the sequence number begins in a header taken as one number."""

_TIMESTAMP: Final = 32

_HEAD: Final = slice(0, HEADER_OCTETS)
_BODY: Final = slice(HEADER_OCTETS, None)
"""Made once: written with a colon they would be made for each packet."""

_number = int.from_bytes


def _header(payload_type: int, sequence: int, timestamp: int, ssrc: int) -> int:
    return PLAIN << 88 | payload_type << 80 | sequence << _SEQUENCE | timestamp << _TIMESTAMP | ssrc
