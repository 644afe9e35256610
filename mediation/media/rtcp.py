"""Sender and receiver reports of our own, and what a party's reports tell (RFC 3550 section 6).

The only module that imports aiortc: its RTCP classes build and parse single packets. What makes a datagram
valid, and every error, is decided here. It knows no extended reports (RFC 3611): those are `rtp.voip_metrics`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mediation.loading import in_name_only, partly
from mediation.rtp.reception import ReportBlock
from mediation.rtp.voip_metrics import VoipMetrics, extended_report, find_metrics

# All of it, with ICE and DTLS, takes a worker 0.2 s to start with, and 15 MB; the codecs of PyAV, of which this module
# has one name in the signature of a function, as much as that again.
with partly("aiortc"), in_name_only("av", "AudioFrame"):
    from aiortc.rtp import (
        RTCP_RR,
        RTCP_SR,
        RtcpByePacket,
        RtcpPacket,
        RtcpReceiverInfo,
        RtcpRrPacket,
        RtcpSdesPacket,
        RtcpSenderInfo,
        RtcpSourceInfo,
        RtcpSrPacket,
    )

CNAME: Final = 1
"""The SDES item that every compound packet carries (RFC 3550 section 6.5.1)."""

LARGEST: Final = 1500
"""Octets of a datagram. Longer ones are cut by the receiver and then refused."""


class RtcpError(Exception):
    """The octets are no RTCP packet. Untrusted octets raise this and nothing else."""


@dataclass(frozen=True, slots=True)
class SenderFigures:
    """What a sender report says of our own stream (RFC 3550 section 6.4.1)."""

    rtp_timestamp: int
    """That of the moment of the report."""
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class About:
    """One reception report block about a stream of ours."""

    fraction_lost: int
    lost: int
    jitter: int
    last_report: int
    """The middle 32 bits of the NTP timestamp of our sender report that came last; 0: none has."""
    delay: int
    """Since it came, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one datagram of a party's RTCP says."""

    sender_ntp: int | None
    """The NTP timestamp of its sender report, 64 bits; None: it sent a receiver report."""
    about_us: About | None
    """The block about our SSRC, if there is one."""
    leaving: bool
    """A BYE is in it."""
    metrics: VoipMetrics | None = None
    """VoIP metrics about our SSRC."""


def parse(datagram: bytes, ssrc: int, *, reduced: bool = False) -> Heard:
    """What a party says, about our stream `ssrc` in particular. Raises RtcpError, and nothing else.

    RFC 3550 appendix A.2: version 2 throughout, a report first, and lengths that add up to the datagram. With `reduced`
    any packet may come first (RFC 5506 section 3.4.2).
    """
    if len(datagram) < _LEAST or (datagram[1] not in _REPORTS and not reduced):
        raise RtcpError("no report comes first")
    if datagram[0] & 0x20:
        raise RtcpError("the first packet has padding")
    try:
        packets = RtcpPacket.parse(datagram)
    except Exception as error:  # whatever the parser stumbles over, the octets are to blame
        raise RtcpError(f"{type(error).__name__}: {error}") from error
    sender_ntp: int | None = None
    about_us: About | None = None
    leaving = False
    for packet in packets:
        match packet:
            case RtcpSrPacket():
                sender_ntp = packet.sender_info.ntp_timestamp
                about_us = _about(packet.reports, ssrc) or about_us
            case RtcpRrPacket():
                about_us = _about(packet.reports, ssrc) or about_us
            case RtcpByePacket():
                leaving = True
    return Heard(sender_ntp, about_us, leaving, find_metrics(datagram, ssrc))


def build(
    ssrc: int,
    cname: str,
    *,
    ntp: int,
    sender: SenderFigures | None,
    block: ReportBlock | None,
    last_report: int = 0,
    delay: int = 0,
    leaving: bool = False,
    metrics: VoipMetrics | None = None,
) -> bytes:
    """A compound packet: sender report when there are figures, else receiver report; CNAME; metrics; BYE when leaving.

    `ntp` is the moment as a 64 bit NTP timestamp; `last_report` and `delay` as in `About`, for the block.
    """
    blocks = [] if block is None else [_block(block, last_report, delay)]
    report: RtcpSrPacket | RtcpRrPacket
    if sender is None:
        report = RtcpRrPacket(ssrc=ssrc, reports=blocks)
    else:
        figures = RtcpSenderInfo(ntp, sender.rtp_timestamp, sender.packets & _32, sender.octets & _32)
        report = RtcpSrPacket(ssrc=ssrc, sender_info=figures, reports=blocks)
    sources = RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc=ssrc, items=[(CNAME, cname.encode("ascii"))])])
    octets = bytes(report) + bytes(sources)
    if metrics is not None:
        octets += extended_report(ssrc, metrics)
    return octets + bytes(RtcpByePacket(sources=[ssrc])) if leaving else octets


@dataclass(slots=True)
class RoundTrips:
    """How long it takes to a party's RTCP and back (RFC 3550 section 6.4.1, figure 2), in seconds."""

    count: int = 0
    last_s: float | None = None
    """None: not measured."""
    longest_s: float = 0.0
    _sum_s: float = 0.0

    def add(self, trip_s: float) -> None:
        """One was measured."""
        self.count += 1
        self.last_s = trip_s
        self.longest_s = max(self.longest_s, trip_s)
        self._sum_s += trip_s

    @property
    def mean_s(self) -> float | None:
        """None: not measured."""
        return self._sum_s / self.count if self.count else None


class Correspondence:
    """Our reports to one party and its reports to us. Times in seconds, on a clock that only goes forward."""

    __slots__ = (
        "_came", "_came_ntp", "_cname", "fraction_lost", "remote_jitter", "remote_lost", "round_trips",
        "voip_metrics",
    )  # fmt: skip

    def __init__(self, cname: str) -> None:
        """`cname`: of this leg alone, and by chance (RFC 7022 section 4.2)."""
        self._cname = cname
        self._came_ntp = 0
        self._came = 0.0
        self.remote_lost: int | None = None
        """Packets of ours that the party has missed in all; None: it has not said."""
        self.fraction_lost: int | None = None
        """The same since its last report but one, in 1/256."""
        self.remote_jitter: int | None = None
        """Of our packets where they come to the party, in timestamp units."""
        self.round_trips = RoundTrips()
        self.voip_metrics: VoipMetrics | None = None
        """The last that the party said of our stream."""

    def report(
        self,
        ssrc: int,
        now: float,
        *,
        sender: SenderFigures | None,
        block: ReportBlock | None,
        leaving: bool = False,
        metrics: VoipMetrics | None = None,
    ) -> bytes:
        """The report to send at `now`."""
        answered = block is not None and self._came_ntp != 0
        return build(
            ssrc,
            self._cname,
            ntp=ntp_timestamp(now),
            sender=sender,
            block=block,
            last_report=self._came_ntp if answered else 0,
            delay=min(int((now - self._came) * 65536), _32) if answered else 0,
            leaving=leaving,
            metrics=metrics,
        )

    def heard(self, datagram: bytes, ssrc: int, now: float, *, reduced: bool = False) -> Heard:
        """Read a report of the party; `reduced` as in `parse`. Raises RtcpError."""
        heard = parse(datagram, ssrc, reduced=reduced)
        if heard.sender_ntp is not None:
            self._came_ntp = heard.sender_ntp >> 16 & _32
            self._came = now
        if heard.about_us is not None:
            about = heard.about_us
            self.remote_lost = about.lost
            self.fraction_lost = about.fraction_lost
            self.remote_jitter = about.jitter
            if about.last_report:
                trip = ((ntp_timestamp(now) >> 16) - about.last_report - about.delay) & _32
                if trip < 0x80000000:  # else the party has counted more time than has passed
                    self.round_trips.add(trip / 65536)
        self.voip_metrics = heard.metrics or self.voip_metrics
        return heard


def ntp_timestamp(now: float) -> int:
    """Seconds of any steady clock as a 64 bit NTP timestamp: RFC 3550 section 4 asks for no wall clock.

    So reports stay true when somebody sets the machine's clock.
    """
    return int(now * 4294967296) & 0xFFFFFFFFFFFFFFFF


def interval_s(mean_s: float, chance: Callable[[], float], *, first: bool) -> float:
    """Seconds to the next report: 0.5 to 1.5 times the mean, by chance; half of it before the first.

    RFC 3550 section 6.2. There are two members, so nothing is reconsidered and nothing to compensate.
    `chance` gives a number from 0 to below 1.
    """
    return (0.5 if first else 1.0) * mean_s * (0.5 + chance())


_32: Final = 0xFFFFFFFF
_LEAST: Final = 8
_REPORTS: Final = (RTCP_SR, RTCP_RR)


def _about(blocks: list[RtcpReceiverInfo], ssrc: int) -> About | None:
    for block in blocks:
        if block.ssrc == ssrc:
            return About(block.fraction_lost, block.packets_lost, block.jitter, block.lsr, block.dlsr)
    return None


def _block(block: ReportBlock, last_report: int, delay: int) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(
        ssrc=block.ssrc,
        fraction_lost=block.fraction_lost,
        packets_lost=block.cumulative_lost,
        highest_sequence=block.extended_highest_sequence,
        jitter=block.jitter,
        lsr=last_report,
        dlsr=delay,
    )
