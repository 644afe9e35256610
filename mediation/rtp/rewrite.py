"""One direction's SSRC, sequence and timestamp mapping: whatever happens to the source, one stream leaves.

While one source sends, what leaves differs from what came by two constants, so loss, reordering and
duplicates stay as visible as they were. When the source changes, the constants change, and the stream that
leaves goes on: the next sequence number, a timestamp as much later as time has passed, and the marker
(RFC 3551 section 4.1).

    came     SSRC 7:   41  42      44    SSRC 9:  9001  9002
    leaves   SSRC 3:  100 101     103              104   105
"""

from typing import Final

from mediation.rtp.packet import HEADER, PLAIN

MAX_DROPOUT: Final = 3000
"""A packet up to so many ahead belongs to the same run (RFC 3550 appendix A.1)."""

MAX_MISORDER: Final = 100
"""A packet up to so many behind belongs to the same run (RFC 3550 appendix A.1)."""

MAX_CLOCK_STEP: Final = 80_000
"""A timestamp ten seconds from where it should be has a new origin. More than the longest telephone-event,
whose packets carry the time of its beginning (65,535 units, RFC 4733 section 2.3.5)."""

_TOO_LATE: Final = 0x10000 - MAX_MISORDER
_NOBODY: Final = -1
_FORGOTTEN: Final = -2
"""Somebody, but nobody who could send any more."""


class Rewrite:
    """Maps the headers of one direction. Chance and time come from outside.

    `arrival` is always the time in timestamp units (8,000 a second for G.711), a whole number on a clock that
    only goes forward and does not wrap.
    """

    __slots__ = (
        "_arrival", "_current", "_floor", "_following", "_own", "_previous", "_previous_sequence", "_resumed",
        "_sequence", "_sequence_offset", "_timestamp", "_timestamp_offset", "packet_units", "packets",
        "refused", "ssrc", "switches",
    )  # fmt: skip

    def __init__(self, ssrc: int, sequence: int, timestamp: int, *, packet_units: int = 160) -> None:
        """`sequence` and `timestamp` are those of the first packet that will leave."""
        self.ssrc = ssrc
        """Ours, for the whole call: what the party sees."""
        self.packet_units = packet_units
        """The least step of time from one source's last packet to the next one's first: a packet's length."""
        self.packets = 0
        """Headers written: the sender's packet count (RFC 3550 section 6.4.1)."""
        self.refused = 0
        """Packets for which there was no header."""
        self.switches = 0
        """How often the constants have changed."""
        self._current = _NOBODY
        """SSRC that the mapping is for; nobody's before the first packet."""
        self._following = _NOBODY
        """The same, but nobody's after `switch`: the only thing the hot path compares."""
        self._previous = _NOBODY
        self._previous_sequence = 0
        self._sequence = (sequence - 1) & 0xFFFF  # highest that came; before the first, ours with offset 0
        self._sequence_offset = 0
        self._timestamp = timestamp & 0xFFFFFFFF  # newest that came, and when
        self._timestamp_offset = 0
        self._arrival = 0
        self._floor = _NOBODY  # the mapping's first number, while packets from before it may still come
        self._resumed = _NOBODY  # the number that would show that a jump was no stray
        self._own = timestamp & 0xFFFFFFFF  # the last timestamp that left in a packet of our own making

    def header(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, arrival: int
    ) -> bytes | None:
        """The twelve octets that leave before this packet's payload; None: this packet must not leave.

        `payload_type` is the party's number, the rest is the source's as `read_header` gave it. What must not
        leave: a packet from before a switch that arrives after it, and the first packet of a jump in
        sequence, a stray until the next one follows it (RFC 3550 appendix A.1). Duplicates leave too.
        """
        ahead = (sequence - self._sequence) & 0xFFFF
        if (
            ssrc != self._following
            or ahead >= MAX_DROPOUT
            or (timestamp - self._timestamp) & 0xFFFFFFFF > MAX_CLOCK_STEP
        ):
            switched = self._unusual(sequence, timestamp, ssrc, arrival)
            if switched is None:
                self.refused += 1
                return None
            marker = marker or switched
        else:
            self._sequence = sequence
            if timestamp != self._timestamp:  # a telephone-event keeps the time of its beginning
                self._timestamp = timestamp
                self._arrival = arrival
        self.packets += 1
        return _pack(
            PLAIN,
            payload_type | 0x80 if marker else payload_type,
            (sequence + self._sequence_offset) & 0xFFFF,
            (timestamp + self._timestamp_offset) & 0xFFFFFFFF,
            self.ssrc,
        )

    def offsets_after(self, sequence: int, timestamp: int, ssrc: int) -> tuple[int, int] | None:
        """What the next packets' numbers have added, sequence and timestamp, if they simply follow this one.

        None: this is not the newest packet, or the next one is to be looked at.
        """
        if ssrc != self._following or sequence != self._sequence or timestamp != self._timestamp:
            return None
        return self._sequence_offset, self._timestamp_offset

    def followed(self, packets: int, timestamp: int, arrival: int) -> None:
        """So many packets have left by those offsets, each the next one after the other; the last one's figures."""
        self._sequence = (self._sequence + packets) & 0xFFFF
        self._timestamp = timestamp
        self._arrival = arrival
        self.packets += packets

    def switch(self) -> None:
        """Expect another stream: after a re-lock, or when the law changes on either side.

        The next packet carries the marker. It is mapped afresh at once unless it goes on where the last one
        ended, as it does when only the source's address or our payload type is new.
        """
        self._following = _NOBODY

    def forget_source(self) -> None:
        """Expect another party's stream, or one that begins anew, even where its numbers look like the old ones.

        The next packet carries the marker and is joined to the last one that left, and none is taken for a late
        one of before.
        """
        self._following = self._previous = _NOBODY
        if self._current != _NOBODY:
            self._current = _FORGOTTEN

    def withhold(self, sequence: int, ssrc: int) -> None:
        """Close the gap of a packet that does not leave by our own decision: it must not look like loss.

        For a telephone-event the party cannot take, or audio while it is on hold. The next packet carries the
        marker, and packets that come later than they should are from now on as lost as this one.
        """
        ahead = (sequence - self._sequence) & 0xFFFF
        if ssrc == self._current and 0 < ahead < MAX_DROPOUT:
            self._sequence = self._floor = sequence
            self._sequence_offset -= 1
            self._following = _NOBODY

    def insert(self, payload_type: int, marker: bool, timestamp: int, moment: int) -> bytes:
        """The twelve octets of a packet of our own: its number is the next one, whatever the source sends after it.

        `moment` is the time that its timestamp tells, on the clock of arrivals.
        The source's next packet carries the marker, and what it has sent before and comes late does not leave.
        """
        if self._current == _NOBODY:
            self._current = _FORGOTTEN
            self._arrival = moment
        self._following = _NOBODY
        return self.next_header(payload_type, marker, timestamp)

    def place(self, sequence: int, timestamp: int, ssrc: int, arrival: int) -> tuple[int, bool] | None:
        """The timestamp and the marker that this packet would leave with, while its payload leaves in other packets:
        those of `next_header`, which have the numbers. None as in `header`; and what comes late from now on."""
        highest = self._sequence + self._sequence_offset
        header = self.header(0, False, sequence, timestamp, ssrc, arrival)
        if header is None:
            return None
        self._sequence_offset = highest - self._sequence
        self._floor = self._sequence
        self.packets -= 1
        return int.from_bytes(header[4:8]), header[1] > 0x7F

    def next_header(self, payload_type: int, marker: bool, timestamp: int) -> bytes:
        """The twelve octets of a packet with the next number."""
        self._sequence_offset += 1
        self._floor = self._sequence
        self._own = timestamp
        self.packets += 1
        number = (self._sequence + self._sequence_offset) & 0xFFFF
        return _pack(PLAIN, payload_type | 0x80 if marker else payload_type, number, timestamp, self.ssrc)

    def next_timestamp(self, arrival: int, length: int) -> int:
        """The timestamp of a packet of our own that follows what has left: as much later as time has passed, and by
        `length` at least, which is that of the last packet."""
        if self._current == _NOBODY:
            return (self._timestamp + self._timestamp_offset) & 0xFFFFFFFF
        return self._after_all(max(length, arrival - self._arrival))

    def leaving(self, timestamp: int, ssrc: int) -> int | None:
        """The timestamp that a packet of the source would leave with; None: that is decided when it leaves."""
        return (timestamp + self._timestamp_offset) & 0xFFFFFFFF if ssrc == self._current else None

    @property
    def newest(self) -> int:
        """The highest timestamp that has left."""
        return (self._timestamp + self._timestamp_offset + self._own_ahead) & 0xFFFFFFFF

    def moved_on(self, sequence: int, timestamp: int) -> None:
        """What has left by another hand was so far ahead of what was written here: it goes on from there."""
        self._sequence_offset += sequence
        self._timestamp_offset += timestamp
        self._own = (self._own + timestamp) & 0xFFFFFFFF
        self._following = _NOBODY

    def timestamp_at(self, arrival: int) -> int:
        """Our timestamp at a moment, the newest moved by time: for sender reports (RFC 3550 6.4.1)."""
        elapsed = arrival - self._arrival if self._current != _NOBODY else 0
        return (self._timestamp + self._timestamp_offset + elapsed) & 0xFFFFFFFF

    def _unusual(self, sequence: int, timestamp: int, ssrc: int, arrival: int) -> bool | None:
        """Decide about a packet that does not simply follow: None refuses it, True sets its marker."""
        if ssrc != self._current:
            if ssrc == self._previous and self._is_leftover(sequence, arrival):
                return None
            return self._map_afresh(sequence, timestamp, ssrc, arrival)
        ahead = (sequence - self._sequence) & 0xFFFF
        if ahead < MAX_DROPOUT:
            return self._follow(sequence, timestamp, arrival, moved=ahead > 0)
        if ahead >= _TOO_LATE:
            return None if self._is_before_the_floor(0x10000 - ahead) else False
        if self._following == _NOBODY or sequence == self._resumed:
            return self._map_afresh(sequence, timestamp, ssrc, arrival)
        self._resumed = (sequence + 1) & 0xFFFF
        return None

    def _follow(self, sequence: int, timestamp: int, arrival: int, *, moved: bool) -> bool:
        """The same run goes on, after `switch` or with an odd timestamp."""
        step = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if step == 0:  # more of an event, in which a marker would begin another one (RFC 4733 section 2.2.2)
            self._sequence = sequence
            return False
        announced = self._following == _NOBODY
        self._following = self._current
        elapsed = arrival - self._arrival
        restarted = moved and (step < -MAX_CLOCK_STEP or step - elapsed > MAX_CLOCK_STEP)
        if restarted:
            self._anchor_clock(timestamp, elapsed)
            self.switches += 1
        if moved:
            self._sequence = sequence
        if restarted or (moved and step > 0):
            self._timestamp = timestamp
            self._arrival = arrival
        return announced or restarted

    def _map_afresh(self, sequence: int, timestamp: int, ssrc: int, arrival: int) -> bool:
        """Join this packet to the last one that left."""
        leaving = (self._sequence + self._sequence_offset + 1) & 0xFFFF
        if self._current == _NOBODY:
            self._timestamp_offset = self._timestamp - timestamp
        else:
            self._anchor_clock(timestamp, arrival - self._arrival)
            self.switches += 1
        if ssrc != self._current:
            self._previous, self._previous_sequence = self._current, self._sequence
        self._sequence_offset = leaving - sequence
        self._sequence = self._floor = sequence
        self._timestamp = timestamp
        self._arrival = arrival
        self._current = self._following = ssrc
        self._resumed = _NOBODY
        return True

    def _anchor_clock(self, timestamp: int, elapsed: int) -> None:
        """Let this timestamp leave as much later as time has passed, and by a packet at least."""
        self._timestamp_offset = self._after_all(max(self.packet_units, elapsed)) - timestamp

    def _after_all(self, elapsed: int) -> int:
        """So much later than the source's newest packet, and after whatever we have made of it, or beside it."""
        ahead = self._own_ahead
        later = max(elapsed, ahead + self.packet_units if ahead else 0)
        return (self._timestamp + self._timestamp_offset + later) & 0xFFFFFFFF

    @property
    def _own_ahead(self) -> int:
        """By how much our own newest packet is later than the source's; 0: it is not."""
        ahead = (self._own - self._timestamp - self._timestamp_offset) & 0xFFFFFFFF
        return (
            ahead if ahead < MAX_CLOCK_STEP else 0
        )  # what has left long ago is far away, on one side or the other

    def _is_leftover(self, sequence: int, arrival: int) -> bool:
        """Whether a packet of the source before this one is late, or that source goes on beside this one.

        The newer source is heard as long as it speaks: two at once would take turns packet by packet.
        """
        newer = 0 < (sequence - self._previous_sequence) & 0xFFFF < 0x8000
        return not newer or arrival - self._arrival < 3 * self.packet_units

    def _is_before_the_floor(self, behind: int) -> bool:
        """Whether a late packet is from before the switch: its number has left with another payload."""
        if self._floor == _NOBODY:
            return False
        since = (self._sequence - self._floor) & 0xFFFF
        if since > MAX_MISORDER:
            self._floor = _NOBODY
            return False
        return behind > since


_pack = HEADER.pack
