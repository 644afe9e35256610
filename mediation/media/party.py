"""One party of a call: its two ports, and the lock on the source that may speak for it.

A source is the party's when its IP address is the one of the party's description. Its port may be another,
with a NAT in between: the first valid packet decides, and then the port holds until signalling names another
endpoint. What comes from anybody else is counted and goes nowhere; it moves no destination and keeps nothing
alive.

The RTP port has two sockets. The *line* is connected to the party: what it hears needs no look at the source.
The *door* hears the rest: strangers, and the party itself as long as its port is not known.
"""

import socket
from typing import Protocol

from mediation.b2bua.plan import Endpoint, Stream, StreamReport
from mediation.media.loop import Handler
from mediation.media.ports import PortPair, connected_twin
from mediation.media.relay import CLOCK_HZ, COMFORT_NOISE, LARGEST, NO_LINE, Relay
from mediation.media.rtcp import LARGEST as LARGEST_RTCP
from mediation.media.rtcp import Correspondence, RtcpError, SenderFigures
from mediation.rtp.packet import RtpError, read_header


class Watcher(Protocol):
    """Calls a handler whenever its socket is readable."""

    def watch(self, sock: socket.socket, handler: Handler) -> None:
        """Begin, or change the handler. It takes one datagram each time."""

    def forget(self, sock: socket.socket) -> None:
        """End; the socket is still open."""


class Party:
    """Sockets, lock and reports of one party. `inward` carries what it sends, `outward` what it gets.

    All times are whole numbers of the media clock.
    """

    __slots__ = (
        "_door", "_inward", "_line", "_locked", "_outward", "_pair", "_reports", "_rtcp_locked", "_rtcp_to",
        "_strangers", "_stream", "_to", "_watcher", "reports_heard", "reports_not_sent",
    )  # fmt: skip

    def __init__(self, pair: PortPair, watcher: Watcher, inward: Relay, outward: Relay, cname: str) -> None:
        """Watches both ports at once: what comes before a plan is rejected, and does not wait for one."""
        self._inward = inward
        self._outward = outward
        self._pair = pair
        self._watcher = watcher
        self._door = pair.rtp
        self._line: socket.socket | None = None
        self._stream: Stream | None = None
        self._to: Endpoint | None = None
        self._locked = False
        self._rtcp_to: Endpoint | None = None
        self._rtcp_locked = False
        self._reports = Correspondence(cname)
        self._strangers = 0
        self.reports_heard = -1
        """When valid RTCP came last; negative before."""
        self.reports_not_sent = 0
        """Reports that the socket refused."""
        watcher.watch(pair.rtp, self._hear_door)
        watcher.watch(pair.rtcp, self._hear_rtcp)

    @property
    def stream(self) -> Stream | None:
        """What the plan in force says of this party."""
        return self._stream

    @property
    def heard(self) -> int:
        """When a valid packet of either kind came last; negative: never."""
        return max(self._inward.heard, self.reports_heard)

    def apply(self, stream: Stream, arrival: int) -> None:
        """Follow a plan. The lock goes only with the endpoint: a plan that keeps it keeps the source."""
        before, self._stream = self._stream, stream
        if before is None or before.remote != stream.remote:
            self._locked = False
            self._to = _reachable(stream.remote)
            self._open_line(arrival)
            if before is not None:
                self._inward.source_moved()
        if before is None or before.remote_rtcp != stream.remote_rtcp:
            self._rtcp_locked = False
            self._rtcp_to = _reachable(stream.remote_rtcp)

    def report(self, arrival: int, *, leaving: bool = False) -> None:
        """Send our report, whether audio flows or not (RFC 3264 section 8.4: RTCP goes on).

        And try again to reach a party that there was no way to.
        """
        if self._line is None and not leaving:
            self._open_line(arrival)
        if self._rtcp_to is None:
            return
        outward = self._outward
        sender: SenderFigures | None = None
        if outward.has_sent_since_told():
            sender = SenderFigures(outward.timestamp_at(arrival), outward.packets_sent, outward.octets_sent)
        datagram = self._reports.report(
            outward.ssrc,
            arrival / CLOCK_HZ,
            sender=sender,
            block=self._inward.reception_report(),
            leaving=leaving,
        )
        try:
            self._pair.rtcp.sendto(datagram, self._rtcp_to)
        except (OSError, OverflowError):
            self.reports_not_sent += 1

    def figures(self) -> StreamReport:
        """What was measured of this party so far."""
        inward = self._inward
        return StreamReport(
            packets_received=inward.packets_received,
            packets_sent=self._outward.packets_sent,
            octets_received=inward.octets_received,
            lost=inward.lost,
            jitter_ms=inward.jitter_ms,
            rejected=self._strangers + inward.malformed,
            remote_lost=self._reports.remote_lost,
        )

    def close(self) -> None:
        """Stop listening; the pair is still bound."""
        self._close_line()
        self._watcher.forget(self._pair.rtp)
        self._watcher.forget(self._pair.rtcp)

    def _hear_first(self, arrival: int) -> None:
        """The line before the lock: the source is right, and its first packet of an agreed kind locks it."""
        try:
            packet = self._inward.source.recv(LARGEST)
        except OSError:
            return
        if not self._is_expected(packet):
            self._strangers += 1
            return
        self._lock()
        self._inward.carry(packet, arrival)

    def _hear_door(self, arrival: int) -> None:
        """A stranger, or the party from a port that is not yet known."""
        try:
            packet, source = self._door.recvfrom(LARGEST)
        except OSError:
            return
        self._admit(packet, source[:2], arrival)

    def _admit(self, packet: bytes, source: Endpoint, arrival: int) -> None:
        """A packet whose source must be looked at."""
        to = self._to
        if to is None or source[0] != to[0] or (self._locked and source != to):
            self._strangers += 1
            return
        if not self._locked:
            if not self._is_expected(packet):
                self._strangers += 1
                return
            self._to = source
            self._lock()
        self._inward.carry(packet, arrival)
        if source != to:
            self._open_line(arrival)

    def _is_expected(self, packet: bytes) -> bool:
        """RTP with a payload type that the plan gives a meaning to."""
        stream = self._stream
        try:
            payload_type = read_header(packet)[0]
        except RtpError:
            return False
        return stream is not None and payload_type in (
            stream.payload_type,
            stream.event_payload_type,
            COMFORT_NOISE,
        )

    def _lock(self) -> None:
        self._locked = True
        if self._line is not None:
            self._watcher.watch(self._line, self._inward.hear)

    def _open_line(self, arrival: int) -> None:
        """A line to where the party is now, or none while there is no way."""
        self._close_line()
        if self._to is None:
            return
        try:
            line = connected_twin(self._door, self._to)
        except OSError:
            return
        self._line = self._inward.source = self._outward.sink = line
        self._watcher.watch(line, self._inward.hear if self._locked else self._hear_first)
        for packet, source in _caught(line):
            self._admit(packet, source, arrival)

    def _close_line(self) -> None:
        if self._line is not None:
            self._inward.source = self._outward.sink = NO_LINE
            self._watcher.forget(self._line)
            self._line.close()
            self._line = None

    def _hear_rtcp(self, arrival: int) -> None:
        try:
            datagram, address = self._pair.rtcp.recvfrom(LARGEST_RTCP)
        except OSError:
            return
        source: Endpoint = address[:2]
        to = self._rtcp_to
        if to is None or source[0] != to[0] or (self._rtcp_locked and source != to):
            self._strangers += 1
            return
        try:
            self._reports.heard(datagram, self._outward.ssrc, arrival / CLOCK_HZ)
        except RtcpError:
            self._strangers += 1
            return
        self._rtcp_to = source
        self._rtcp_locked = True
        self.reports_heard = arrival


def _caught(line: socket.socket) -> list[tuple[bytes, Endpoint]]:
    """What the line heard in the moment before it was connected, from anybody."""
    caught: list[tuple[bytes, Endpoint]] = []
    try:
        while True:
            packet, source = line.recvfrom(LARGEST)
            caught.append((packet, source[:2]))
    except OSError:
        return caught


def _reachable(endpoint: Endpoint) -> Endpoint | None:
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
