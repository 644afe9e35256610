"""The course of a stream: packets that simply follow each other, carried with the least that must be done.

Nearly every packet is the next of its stream: from the same sender, of the same payload type and length, with the
next sequence number and a timestamp later by just its samples. So its whole header is known before it comes, and what
leaves in its place differs by two constants, its number, its SSRC and a table for the payload:

    came    80 00 0029 00000140 0000aaaa   payload
    leaves  80 08 03f1 0000c490 00005555   payload by its table

Comparing and rewriting is compiled (`course.c`). Between two sockets the whole way is, and Python hears nothing of a
packet that follows (`loop`); by a line of another kind, such as SRTP's, `hear` carries it.

Whatever else comes ends the course and goes the usual way, by `Carried.carry_heard`, which may begin another one.
What has followed is counted when somebody asks. The alternative was measured: to compare and rewrite the packets of
a wake-up together, by NumPy. At two hundred packets a wake it wins little or nothing, at ten it costs twice as much.
"""

import ctypes
import socket
from functools import cache
from typing import Final, Protocol

from mediation.media.compiled import LARGEST, CourseState, course_follow
from mediation.rtp.packet import HEADER, HEADER_OCTETS
from mediation.rtp.rewrite import MAX_CLOCK_STEP


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

    def unsent(self, packets: int, octets: int) -> None:
        """So many of those that are told as followed, each of that many octets, were refused by the socket."""


class Course:
    """Of one stream: the line it comes by, the line it leaves by, and what must come next."""

    __slots__ = ("_carried", "_receive", "_send", "_state", "address")

    def __init__(self, carried: Carried, source: Line, sink: Line) -> None:
        """Nothing is expected before `begin`."""
        self._carried = carried
        self._state = CourseState()
        self.address = ctypes.addressof(self._state)
        """Of the state, as long as this object lives."""
        self.lead(source, sink)

    def hear(self, arrival: int) -> None:
        """A packet is there to be read, and the compiled way cannot or need not take it."""
        try:
            packet = self._receive(LARGEST)
        except OSError:  # none after all, or the source's host says that nobody listens there yet
            return
        if not course_follow(self.address, packet, len(packet), arrival, _LEAVING):
            self.differs(packet, arrival)
            return
        try:
            self._send(ctypes.string_at(_LEAVING, len(packet)))
        except OSError:
            self._state.unsent += 1

    def differs(self, packet: bytes, arrival: int) -> None:
        """A packet has come that does not follow."""
        self.end()
        self._carried.carry_heard(packet, arrival)

    def lead(self, source: Line, sink: Line) -> None:
        """Other lines, from now on. Ends the course."""
        self.end()
        self._receive = source.recv
        self._send = sink.send
        self._state.sink = -1
        if isinstance(source, socket.socket) and isinstance(sink, socket.socket):
            self._state.sink = sink.fileno()

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
        state = self._state
        _, state.payload_type, sequence, timestamp, state.ssrc = HEADER.unpack_from(packet)
        samples = len(packet) - HEADER_OCTETS  # G.711 has an octet for each
        state.octets = len(packet)
        state.sequence = sequence + 1
        state.timestamp = timestamp + samples
        state.sequence_offset, state.timestamp_offset = offsets
        state.leaving_type, state.leaving_ssrc = leaving
        state.table = None if table is None else _address_of(table)
        state.due = arrival + samples
        state.tolerance = MAX_CLOCK_STEP
        state.jitter_16 = jitter_16

    def settle(self) -> None:
        """Tell what has followed since it was told last."""
        state = self._state
        if packets := state.packets:
            samples = state.octets - HEADER_OCTETS
            unsent, state.packets, state.unsent = state.unsent, 0, 0
            timestamp = (state.timestamp - samples) & 0xFFFFFFFF
            self._carried.followed(packets, samples, timestamp, state.due - samples, state.jitter_16)
            if unsent:
                self._carried.unsent(unsent, samples)

    def end(self) -> None:
        """Settle, and expect nothing."""
        self.settle()
        self._state.octets = 0

    def close(self) -> None:
        """End, and forget whose stream it was."""
        self.lead(NO_LINE, NO_LINE)
        self._carried = _NOBODY


class _Nobody:
    """Has a course that is closed."""

    def carry_heard(self, packet: bytes, arrival: int) -> None:
        """It is late."""

    def followed(self, packets: int, octets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """Nothing can have."""

    def unsent(self, packets: int, octets: int) -> None:
        """Nothing was to be sent."""


@cache
def _address_of(table: bytes) -> int | None:
    """Where it lies, for as long as the process lives: there is one for each pair of laws."""
    return ctypes.cast(ctypes.c_char_p(table), ctypes.c_void_p).value


_NOBODY: Final = _Nobody()

_ROOM: Final = ctypes.create_string_buffer(LARGEST)
_LEAVING: Final = ctypes.addressof(_ROOM)
"""Where a packet that leaves is written, one at a time."""
