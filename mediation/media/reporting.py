"""RTCP with one party: where ours goes, whose theirs is, and what either says. Times are units of the media clock."""

import socket

from mediation.b2bua.plan import Endpoint, Stream
from mediation.media.clock import CLOCK_HZ
from mediation.media.measure import Measure
from mediation.media.relay import Relay
from mediation.media.rtcp import Correspondence, RtcpError, SenderFigures
from mediation.media.source import SourceLock, reachable
from mediation.media.srtp import Protection
from mediation.settings.peer_media import Latching


class Reporting:
    """Of a party, from when it takes its seat. `inward` carries what it sends, `outward` what it gets."""

    __slots__ = (
        "_correspondence", "_inward", "_lock", "_outward", "_place", "_protection", "_sent_before", "has_left",
        "heard", "measure", "not_sent",
    )  # fmt: skip

    def __init__(self, inward: Relay, outward: Relay, protection: Protection, cname: str) -> None:
        """`cname` is ours towards this party."""
        self._inward = inward
        self._outward = outward
        self._protection = protection
        self._correspondence = Correspondence(cname)
        self._lock = SourceLock()
        self._place: Endpoint | None = None
        self._sent_before = outward.tally.packets_sent
        self.measure = Measure(inward, self._correspondence)
        """The figures of its audio."""
        self.heard = -1
        """When valid RTCP came last; negative before."""
        self.not_sent = 0
        """Reports that the socket refused."""
        self.has_left = False
        """It has said BYE by RTCP (RFC 3550 section 6.6)."""

    @property
    def to(self) -> Endpoint | None:
        """Where ours go, and theirs come from; None: that is not known."""
        return self._lock.to

    @property
    def packets_sent(self) -> int:
        """To this party since it took its seat."""
        return self._outward.tally.packets_sent - self._sent_before

    @property
    def remote_lost(self) -> int | None:
        """Packets of ours that it has missed in all; None: it has not said."""
        return self._correspondence.remote_lost

    def expect(self, stream: Stream, source: SourceLock) -> None:
        """RTCP with whoever speaks: of an alternative it has the port next to the described one of RTP.

        Of a source that nobody has named, too, next to where it sends from: RTCP by itself makes nobody the party.
        """
        place, speaker = stream.remote_rtcp, source.to
        if speaker is not None:
            named = source.name_of(speaker)
            if stream.rtcp_mux:
                place = speaker
            elif named is None:
                goes_on = self._place is not None and self._place[0] == speaker[0]
                place = self._place if goes_on and self._place is not None else (speaker[0], speaker[1] + 1)
            elif named != reachable(stream.remote):
                place = named[0], named[1] + 1
        if place != self._place:
            self._place = place
            exact = stream.latching is Latching.OFF
            self._lock.expect(place, latching=Latching.OFF if exact else Latching.SDP_IP)

    def send(
        self, sock: socket.socket, stream: Stream | None, arrival: int, *, leaving: bool = False
    ) -> None:
        """Our report, by this socket. `stream` is what was agreed with the party, if anything was."""
        if self._lock.to is None:
            return
        sent = self._outward.tally
        sender: SenderFigures | None = None
        if sent.is_sending():
            sender = SenderFigures(self._outward.timestamp_at(arrival), sent.packets_sent, sent.octets_sent)
        datagram = self._correspondence.report(
            self._outward.ssrc,
            arrival / CLOCK_HZ,
            sender=sender,
            block=self._inward.tally.reception.report(),
            leaving=leaving,
            metrics=self.measure.voip_metrics(stream) if stream is not None and stream.rtcp_xr else None,
        )
        try:
            sock.sendto(self._protection.protect_report(datagram), self._lock.to)
        except OSError:
            self.not_sent += 1

    def take(self, datagram: bytes, source: Endpoint, arrival: int, *, reduced: bool) -> bool:
        """RTCP, from whomever it is; `reduced` as in `rtcp.parse`. False: a stranger's, or no RTCP."""
        if not self._lock.admits(source):
            return False
        plain = self._protection.unprotect_report(datagram)
        if plain is None:
            return True  # it has been counted there
        try:
            said = self._correspondence.heard(plain, self._outward.ssrc, arrival / CLOCK_HZ, reduced=reduced)
        except RtcpError:
            return False
        self._lock.accept(source)
        if self._inward.tap is not None:
            self._inward.tap.hear_report(plain, arrival)
        if said.about_us is not None:
            self.measure.packets_reported = self.packets_sent
        self.heard = arrival
        self.has_left |= said.leaving
        return True
