"""One party of a call: its two ports, and who may speak for it.

While the call is a fax, UDPTL comes and goes by the RTP port, under the same rules, but that any datagram of the
party's is as good as another: UDPTL has nothing by which one could be told from noise. There is no RTCP then.

The RTP port has two sockets. The *line* is connected to the party: what it hears needs no look at the source.
The *door* hears the rest: strangers, and the party itself as long as its port is not known. What a stranger sends
is counted and goes nowhere; it moves no destination and keeps nothing alive.
"""

import socket
from dataclasses import replace
from typing import Protocol

from mediation.b2bua.media_facts import StreamReport
from mediation.b2bua.plan import Endpoint, Fax, Stream
from mediation.media.alarms import RECENT, Alarms, News
from mediation.media.compiled import LARGEST
from mediation.media.course import NO_LINE, Course
from mediation.media.ear import COMFORT_NOISE
from mediation.media.latching import Latch
from mediation.media.loop import Handler
from mediation.media.ports import PortPair, connected_twin, mark
from mediation.media.relay import Relay
from mediation.media.reporting import Reporting
from mediation.media.rtcp import LARGEST as LARGEST_RTCP
from mediation.media.source import SourceLock, reachable
from mediation.media.srtp import Protection, Sealed
from mediation.rtp.packet import RtpError, read_header


class Watcher(Protocol):
    """Calls a handler whenever its socket is readable."""

    def watch(self, sock: socket.socket, handler: Handler) -> None:
        """Begin, or change the handler. It takes one datagram each time."""

    def follow(self, sock: socket.socket, course: Course) -> None:
        """The same for a line that a stream comes by."""

    def forget(self, sock: socket.socket) -> None:
        """End; the socket is still open."""

    def remind(self) -> None:
        """The session's next deadline may have come nearer, by what has arrived."""


class Party:
    """Sockets, locks and reports of one party. `inward` carries what it sends, `outward` what it gets.

    All times are whole numbers of the media clock.
    """

    __slots__ = (
        "_alarms", "_door", "_inward", "_latch", "_line", "_outward", "_protection", "_refused_before", "_rtcp",
        "_source", "_spoken", "_strangers", "_watcher", "media", "reporting",
    )  # fmt: skip

    def __init__(
        self,
        pair: PortPair,
        watcher: Watcher,
        inward: Relay,
        outward: Relay,
        cname: str,
        protection: Protection,
    ) -> None:
        """Watches both ports at once: what comes before a plan is rejected, and does not wait for one.

        `protection` is the pair's: it goes on where a party comes back to its seat.
        """
        self._inward = inward
        self._outward = outward
        self._protection = protection
        self._refused_before = protection.tampered, protection.replayed
        self._watcher = watcher
        self._door = pair.rtp
        self._line: socket.socket | None = None
        self._source = SourceLock()
        self._latch = Latch(self._source, inward, protection)
        self._rtcp = pair.rtcp
        self._alarms = Alarms(inward)
        self._strangers = 0
        self._spoken: Stream | None = None
        self.media: Stream | Fax | None = None
        """What the plan in force says of this party."""
        self.reporting = Reporting(inward, outward, protection, cname)
        """RTCP with it."""
        watcher.watch(pair.rtp, self._hear_door)
        watcher.watch(pair.rtcp, self._hear_rtcp)

    @property
    def heard(self) -> int:
        """When a valid packet of any kind came last; negative: never."""
        return max(self._inward.tally.heard, self._inward.fax.heard, self.reporting.heard)

    def apply(self, media: Stream | Fax, arrival: int) -> None:
        """Follow a plan. A lock goes only with the endpoints: a plan that keeps them keeps the source.

        Where more than these may be learned, a party that describes itself anew may speak from elsewhere, too.
        """
        before, self.media = self.media, media
        if isinstance(media, Stream) and before is not None and not _was_audible(before):
            self._inward.source_resumed()
        if isinstance(media, Stream):
            self._spoken = media
            self._protection.apply(media.srtp, media.alternative_srtp)
            if not isinstance(before, Stream) or before.dscp != media.dscp:
                for sock in (self._door, self._rtcp, *((self._line,) if self._line is not None else ())):
                    mark(sock, media.dscp)
        if before is None or _named(before) != _named(media):
            self._latch.expect(*_named(media), media.latching, arrival)
            self._inward.source_moved()
            self._open_line(arrival)
        elif before != media:
            if _described(before) != _described(media):
                self._latch.reopen(arrival)
            self._use_line()
        if isinstance(media, Stream):
            self.reporting.expect(media, self._source)

    def report(self, arrival: int, *, leaving: bool = False) -> None:
        """Send our report, whether audio flows or not (RFC 3264 section 8.4: RTCP goes on). UDPTL has none.

        And try again to reach a party that there was no way to.
        """
        if self._line is None and not leaving:
            self._open_line(arrival)
        if not isinstance(self.media, Fax):
            sock = self._door if self._is_muxed else self._rtcp
            self.reporting.send(sock, self.media, arrival, leaving=leaving)

    def look(self, now: int, since: int, *, watched: bool) -> News:
        """Once a second: take down what comes and goes. Where it is watched, what has gone amiss, or is well again.

        `since`: the plan in force is as old as that.
        """
        self.reporting.measure.look()
        if not watched:
            return self._alarms.stand_down(now)
        media = self.media
        # Whoever hears nothing holds: it may send music, or nothing at all, as it likes (RFC 3264 section 8.4).
        expected = isinstance(media, Stream) and media.sends and media.takes
        other_sends = self._outward.tally.heard >= now - RECENT
        return self._alarms.look(now, since, expected=expected, other_sends=other_sends)

    def stand_down(self, now: int) -> News:
        """Its audio is at an end: what of it was amiss is over."""
        return self._alarms.stand_down(now)

    def figures(self, now: int) -> StreamReport:
        """What was measured of this party since it took its seat."""
        came, faxes = self._inward.tally, self._inward.fax
        return StreamReport(
            packets_received=came.packets_received,
            packets_sent=self.reporting.packets_sent,
            octets_received=came.octets_received,
            lost=came.lost,
            jitter_ms=came.jitter_ms,
            rejected=self._strangers + came.malformed + faxes.malformed,
            remote_lost=self.reporting.remote_lost,
            fax_received=faxes.received,
            fax_sent=self._outward.fax.sent,
            tampered=self._protection.tampered - self._refused_before[0],
            replayed=self._protection.replayed - self._refused_before[1],
            quality=self.reporting.measure.quality(self._spoken, *self._alarms.totals(now)),
        )

    def close(self) -> None:
        """Stop listening; the pair is still bound."""
        self._close_line()
        self._watcher.forget(self._door)
        self._watcher.forget(self._rtcp)

    @property
    def whereabouts(self) -> tuple[Endpoint | None, Endpoint | None]:
        """Where its RTP and its RTCP come from; None: that is not known."""
        return self._source.to, self.reporting.to

    @property
    def _is_muxed(self) -> bool:
        """Whether RTCP comes and goes by the RTP port."""
        return isinstance(self.media, Stream) and self.media.rtcp_mux

    def _hear_first(self, arrival: int) -> None:
        """The line before the lock."""
        if self._line is not None:
            self._hear_any(self._line, arrival)

    def _hear_muxed(self, arrival: int) -> None:
        """The line of a party that sends RTCP by it as well."""
        if self._line is None:
            return
        try:
            packet = self._line.recv(LARGEST)
        except OSError:
            return
        self._take(packet, self._source.to or ("", 0), arrival)

    def _hear_door(self, arrival: int) -> None:
        """A stranger, or the party from a port that is not yet known."""
        self._hear_any(self._door, arrival)

    def _hear_any(self, sock: socket.socket, arrival: int) -> None:
        try:
            packet, source = sock.recvfrom(LARGEST)
        except OSError:  # none after all, or the party's host says that nobody listens there yet
            return
        self._admit(packet, source[:2], arrival)

    def _admit(self, packet: bytes, source: Endpoint, arrival: int) -> None:
        """A packet whose source must be looked at."""
        lock = self._source
        if not lock.admits(source):
            self._meet(packet, source, arrival)
        elif lock.locked:
            self._take(packet, source, arrival)
        elif self._take(packet, source, arrival, agreed=False):
            self._lock(source, arrival)

    def _lock(self, source: Endpoint, arrival: int) -> None:
        """It has sent what makes it the party."""
        moved = self._source.accept(source)
        if isinstance(self.media, Stream):
            self.reporting.expect(self.media, self._source)
        if moved:
            self._open_line(arrival)
        else:
            self._use_line()

    def _meet(self, packet: bytes, source: Endpoint, arrival: int) -> None:
        """A packet of a source that nobody has named, or of another than the one that was locked on."""
        media, latch = self.media, self._latch
        # One that may not speak is not looked for.
        if (
            media is None
            or (isinstance(media, Stream) and not media.sends)
            or not latch.hears(source, arrival)
        ):
            self._strangers += 1
        elif isinstance(media, Fax):
            if latch.takes_fax(source, packet):
                self._inward.fax.carry(packet, arrival)
                self._lock(source, arrival)
            else:
                self._strangers += 1
        elif (plain := self._protection.unprotect(packet)) is not None:
            if self._is_agreed(plain) and latch.takes(source, plain):
                self._inward.carry(plain, arrival)
                self._lock(source, arrival)
            else:
                self._strangers += 1

    def _take(self, packet: bytes, source: Endpoint, arrival: int, *, agreed: bool = True) -> bool:
        """A packet of the party's, on its way. False: it goes nowhere.

        Unless `agreed`, it must prove valid: RTP of a payload type that the plan gives a meaning to, or anything while
        the call is a fax.
        """
        if isinstance(self.media, Fax):
            self._inward.fax.carry(packet, arrival)
            return True
        if self._is_muxed and _is_rtcp(packet):
            self._take_report(packet, source, arrival)
            return False
        plain = self._protection.unprotect(packet)
        if plain is None:
            return False
        if not (agreed or self._is_agreed(plain)):
            self._strangers += 1
            return False
        self._inward.carry(plain, arrival)
        return True

    def _is_agreed(self, packet: bytes) -> bool:
        """Whether it is RTP of a payload type that the plan gives a meaning to."""
        media = self.media
        if not isinstance(media, Stream):
            return False
        try:
            payload_type = read_header(packet)[0]
        except RtpError:
            return False
        return payload_type in (
            *dict(media.laws),
            *media.taken_event_payload_types,
            COMFORT_NOISE,
        )

    def _open_line(self, arrival: int) -> None:
        """A line to where the party is now, or none while there is no way."""
        waiting = self._close_line()
        if self._source.to is not None:
            try:
                self._line = connected_twin(self._door, self._source.to)
            except OSError:
                pass  # the door hears everything
            else:
                self._use_line()
                waiting += _caught(self._line)
        for packet, source in waiting:
            self._admit(packet, source, arrival)

    def _use_line(self) -> None:
        """Send by the line, and serve it by the shortest road that is open now."""
        line = self._line
        if line is None:
            return
        is_fax = isinstance(self.media, Fax)
        way = Sealed(line, self._protection) if self._protection.is_on and not is_fax else line
        self._outward.sink = way
        self._inward.source = (
            way  # also when it is the same: the relay must not go on with what it knew of it
        )
        if not self._source.locked:
            self._watcher.watch(line, self._hear_first)
        elif is_fax:
            self._watcher.watch(line, self._inward.fax.hear)
        elif self._is_muxed:
            self._watcher.watch(line, self._hear_muxed)
        else:
            self._watcher.follow(line, self._inward.course)

    def _close_line(self) -> list[tuple[bytes, Endpoint]]:
        """What it had heard and nobody has read comes back."""
        line, self._line = self._line, None
        if line is None:
            return []
        self._inward.source = self._outward.sink = NO_LINE
        self._watcher.forget(line)
        unread = _caught(line)
        line.close()
        return unread

    def _hear_rtcp(self, arrival: int) -> None:
        try:
            datagram, address = self._rtcp.recvfrom(LARGEST_RTCP)
        except OSError:
            return
        self._take_report(datagram, address[:2], arrival)

    def _take_report(self, datagram: bytes, source: Endpoint, arrival: int) -> None:
        """RTCP, from whomever it is."""
        reduced = isinstance(self.media, Stream) and self.media.rtcp_reduced
        if not self.reporting.take(datagram, source, arrival, reduced=reduced):
            self._strangers += 1


def _is_rtcp(packet: bytes) -> bool:
    """RTCP among RTP: by the packet types that no payload type may be confused with (RFC 5761 section 4)."""
    return len(packet) > 1 and 192 <= packet[1] <= 223


def _was_audible(media: Stream | Fax) -> bool:
    """Whether its party could be heard as audio. One without an address, the hold of old, is nobody."""
    return isinstance(media, Stream) and reachable(media.remote) is not None


def _named(media: Stream | Fax) -> tuple[Endpoint, tuple[Endpoint, ...]]:
    """Who may speak for the party: its endpoint, and those of its forks."""
    return media.remote, media.alternatives if isinstance(media, Stream) else ()


def _described(media: Stream | Fax) -> Stream | Fax:
    """What the party has said of itself, without what is ours to change while it says nothing."""
    return replace(media, plays=None, dscp=0) if isinstance(media, Stream) else media


def _caught(line: socket.socket) -> list[tuple[bytes, Endpoint]]:
    """What waits in a line: of one that was connected just now, from anybody."""
    caught: list[tuple[bytes, Endpoint]] = []
    try:
        while True:
            packet, source = line.recvfrom(LARGEST)
            caught.append((packet, source[:2]))
    except OSError:
        return caught
