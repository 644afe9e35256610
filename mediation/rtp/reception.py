"""What was received of one party: extended sequence, loss, jitter (RFC 3550 appendices A.1, A.3 and A.8)."""

from dataclasses import dataclass
from typing import Final

from mediation.rtp.loss import Losses, LossRuns
from mediation.rtp.rewrite import MAX_CLOCK_STEP, MAX_DROPOUT, MAX_MISORDER

MIN_SEQUENTIAL: Final = 2
"""So many packets in sequence make a source valid (RFC 3550 appendix A.1)."""

_TOO_LATE: Final = 0x10000 - MAX_MISORDER


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """The reception figures of a sender or receiver report (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Of the packets expected since the last report, in 1/256: 0 to 255."""
    cumulative_lost: int
    """-0x800000 to 0x7FFFFF: duplicates can make it negative."""
    extended_highest_sequence: int
    """The highest sequence number, and above its 16 bits how often it has wrapped."""
    jitter: int
    """In timestamp units."""


class Reception:
    """Counts the packets of one party, through all the sources it uses one after the other.

    What a report says is about the present source; `packets`, `lost` and the other counters are about all.
    Unlike appendix A.1, the packets of the probation count once it is passed: they have been relayed.
    """

    __slots__ = (
        "_base", "_expected_reported", "_extended", "_following", "_jitter_16", "_lost_before",
        "_missing", "_packets_before", "_probation", "_received_reported", "_runs", "_timestamp",
        "_transit", "duplicates", "packets", "reordered", "ssrc", "strays",
    )  # fmt: skip

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        """The source that is counted. Compare it with each packet's and call `source_changed`."""
        self.packets = 0
        """Counted packets, late ones and duplicates too."""
        self.duplicates = 0
        """Packets that had come before."""
        self.reordered = 0
        """Packets that came after one with a higher number."""
        self.strays = 0
        """Packets that were not counted: out of the run by far, or before it began."""
        self._runs = LossRuns()
        self._missing: set[int] = set()
        self._lost_before = 0
        self._jitter_16 = 0
        self._expected_reported = 0
        self._received_reported = 0
        self._begin()

    def packet_arrived(self, sequence: int, timestamp: int, arrival: int) -> bool:
        """Count a packet; False: it is not valid, not yet or not at all (RFC 3550 appendix A.1).

        `arrival` is in timestamp units, on a clock that only goes forward and does not wrap.
        """
        ahead = (sequence - self._extended) & 0xFFFF
        if ahead == 1 and not self._probation:
            self._extended += 1
        elif not self._is_counted(ahead, sequence):
            if self._probation:
                self._timestamp = timestamp
                self._transit = arrival - timestamp
            return False
        self.packets += 1
        if timestamp != self._timestamp:  # packets of a telephone-event share the time of its beginning
            transit = arrival - timestamp
            difference = (transit - self._transit) & 0xFFFFFFFF
            if difference > 0x7FFFFFFF:
                difference = 0x100000000 - difference
            if difference < MAX_CLOCK_STEP:  # else the source has set its clock anew, which is no jitter
                self._jitter_16 += difference - ((self._jitter_16 + 8) >> 4)
            self._transit = transit
            self._timestamp = timestamp
        return True

    def ahead(self, sequence: int) -> int:
        """How far a sequence number is ahead of the highest one: 0 to 65535, and most of that is behind it."""
        return (sequence - self._extended) & 0xFFFF

    def jitter_after(self, sequence: int, timestamp: int, ssrc: int) -> int | None:
        """Sixteen times the jitter, if this packet is the newest of a valid source; None if it is not."""
        newest = sequence == self._extended & 0xFFFF and timestamp == self._timestamp and ssrc == self.ssrc
        return self._jitter_16 if newest and not self._probation else None

    def followed(self, packets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """So many packets have come, each the next one after the other, and were counted elsewhere.

        Timestamp and arrival are the last one's, and the jitter what it has become, sixteen times.
        """
        self._extended += packets
        self.packets += packets
        self._timestamp = timestamp
        self._transit = arrival - timestamp
        self._jitter_16 = jitter_16

    def source_changed(self, ssrc: int) -> None:
        """Begin anew with another SSRC; the totals go on."""
        self._lost_before = self.lost
        self.ssrc = ssrc
        self._begin()

    @property
    def valid(self) -> bool:
        """Whether the present source has passed its probation."""
        return not self._probation

    @property
    def expected(self) -> int:
        """Packets that the present source has sent, as its numbers tell (RFC 3550 appendix A.3)."""
        return 0 if self._probation else self._extended - self._base + 1

    @property
    def lost(self) -> int:
        """Packets that did not come, from all sources; duplicates can make it negative."""
        return self._lost_before + self.expected - (self.packets - self._packets_before)

    @property
    def expected_of_all(self) -> int:
        """Packets that all sources have sent: each that came counts once, and those that never came."""
        return self.packets - self.duplicates + self.losses.lost

    @property
    def losses(self) -> Losses:
        """How packets of all sources were lost. Unlike `lost`, no duplicate makes up for one."""
        return self._runs.losses(sorted(self._missing))

    @property
    def jitter(self) -> float | None:
        """Interarrival jitter of the present source in timestamp units; None until it is measured."""
        return None if self._probation else self._jitter_16 / 16

    def report(self) -> ReportBlock | None:
        """The figures for a report that leaves now, beginning the next interval; None: nothing valid came."""
        if self._probation:
            return None
        received = self.packets - self._packets_before
        expected = self.expected
        expected_since = expected - self._expected_reported
        lost_since = expected_since - (received - self._received_reported)
        self._expected_reported = expected
        self._received_reported = received
        fraction = (lost_since << 8) // expected_since if expected_since > 0 and lost_since > 0 else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            cumulative_lost=max(-0x800000, min(expected - received, 0x7FFFFF)),
            extended_highest_sequence=self._extended & 0xFFFFFFFF,
            jitter=self._jitter_16 >> 4,
        )

    def _begin(self) -> None:
        """Nothing is known of the present source."""
        self._give_up(sorted(self._missing))
        self._runs.end()
        self._probation = MIN_SEQUENTIAL
        self._extended = 0
        self._base = 0
        self._following = -1  # the number that would show that a jump was a restart
        self._missing.clear()  # extended numbers of gaps that a late packet may still fill
        self._packets_before = self.packets
        self._expected_reported = 0
        self._received_reported = 0
        self._timestamp = -1
        self._transit = 0
        self._jitter_16 = 0

    def _is_counted(self, ahead: int, sequence: int) -> bool:
        """Everything but the next packet of a valid source."""
        if self._probation:
            return self._is_tried(ahead, sequence)
        if 0 < ahead < MAX_DROPOUT:
            self._skip(ahead)
            return True
        if ahead == 0 or ahead >= _TOO_LATE:
            return self._is_late_or_double(self._extended - (-ahead & 0xFFFF))
        if sequence != self._following:
            self._following = (sequence + 1) & 0xFFFF
            self.strays += 1
            return False
        self._lost_before = self.lost
        self._begin()
        self._pass_probation(sequence)
        self.strays -= 1
        return True

    def _is_tried(self, ahead: int, sequence: int) -> bool:
        """One packet of the probation."""
        if ahead == 1:
            self._probation -= 1
        else:
            self._probation = MIN_SEQUENTIAL - 1
        self._extended = sequence
        if self._probation:
            return False
        self._pass_probation(sequence)
        return True

    def _pass_probation(self, sequence: int) -> None:
        """The source is valid since the first packet of this run; this last one is counted by the caller."""
        self._probation = 0
        self._base = sequence - MIN_SEQUENTIAL + 1
        self._extended = sequence
        self.packets += MIN_SEQUENTIAL - 1

    def _skip(self, ahead: int) -> None:
        """Go on, and remember what is missing for as long as it may come late."""
        begin, highest = self._extended + 1, self._extended + ahead
        may_come = highest - MAX_MISORDER
        self._give_up(sorted(number for number in self._missing if number < may_come))
        if begin < may_come:
            self._runs.add(begin, may_come - begin)
        self._missing.update(range(max(begin, may_come), highest))
        self._extended = highest

    def _give_up(self, numbers: list[int]) -> None:
        """These will not come any more."""
        for number in numbers:
            self._runs.add(number)
        self._missing.difference_update(numbers)

    def _is_late_or_double(self, extended: int) -> bool:
        """A packet that is not ahead of the highest."""
        if extended < self._base:
            self.strays += 1
            return False
        if extended in self._missing:
            self._missing.remove(extended)
            self.reordered += 1
        else:
            self.duplicates += 1
        return True
