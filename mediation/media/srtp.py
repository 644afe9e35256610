"""SRTP and SRTCP of one pair of ports (RFC 3711, RFC 7714): which key and which sender a packet belongs to.

What leaves is protected, what comes must prove to be the party's. A packet that does not is counted and goes nowhere,
so that it can neither be heard nor move a destination. The Master Key Identifier, which the library does not know, is
put in and taken out here: it is a constant, and no part of what is authenticated (RFC 3711 section 3.1).

A stream of the library takes its room when somebody speaks, not when signalling has agreed on a key.
"""

import struct
from collections.abc import Sequence
from typing import Final

from mediation.media.course import Line
from mediation.media.srtp_streams import Anyone, Refused, SrtpStream
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite

__all__ = ["Protection", "Sealed"]

MOST_SSRCS: Final = 16
"""Senders that one key may have at a time; the one that was heard first is forgotten for the next."""
MOST_ROLLOVERS: Final = 80
"""A stream is joined up to so many rollovers after its start (65536 packets each): a day and more of audio."""
MOST_JOININGS: Final = 8
"""Streams of one key that are looked for so far: it costs a millisecond, and nobody may ask for it for ever."""
_STEP: Final = 0x5555
"""Three of these are one rollover, and none is so long that the library takes it for a step back."""
_MARGIN: Final = 0x2000
"""So far below the packet that is looked for the search ends: above the replay window, below half a rollover."""
_SHORTEST_RTP: Final = 12
_SHORTEST_RTCP: Final = 8
_BEHIND_MKI: Final = {suite: (0, 0) if suite.is_aead else (suite.tag_octets, 10) for suite in Suite}
"""Octets of an RTP and of an RTCP packet behind its MKI. The tag of RTCP has ten in both counter mode suites, that with
the short one for RTP too (RFC 4568 section 6.2.2); the one of a GCM suite is part of the cipher text before the MKI."""


class Protection:
    """Both directions of one pair. Without keys it is off, and packets pass by it."""

    __slots__ = ("_before", "_fork_spoke", "_inbound", "_others", "_outbound", "keys", "replayed", "tampered")

    def __init__(self) -> None:
        self.keys: SrtpKeys | None = None
        """Those in force: of the forks of a call, of the one that was heard first."""
        self._inbound: _Inbound | None = None
        self._outbound: _Outbound | None = None
        self._others: dict[SrtpKeys, _Inbound] = {}
        """Of further forks, any of which may turn out to be the party's."""
        self._fork_spoke = False
        """Whether one of those has."""
        self._before: _Inbound | None = None
        """Of the key before, for what is still on its way."""
        self.tampered = 0
        """Packets that did not prove to be the party's."""
        self.replayed = 0
        """Packets that came before."""

    @property
    def is_on(self) -> bool:
        """Whether there are keys."""
        return self._outbound is not None

    def apply(self, keys: SrtpKeys | None, others: Sequence[SrtpKeys | None] = ()) -> None:
        """Follow a plan. A key that stays keeps its context, which counts on."""
        candidates = [each for each in (keys, *others) if each is not None]
        if self._fork_spoke and self.keys in candidates:
            keys = self.keys  # it is the party, whichever of its forks signalling names first
        else:
            self._fork_spoke = False
        before = self._others
        self._others = {
            each: before.get(each) or _Inbound(each.suite, each.receiving)
            for each in candidates
            if each != keys
        }
        if keys == self.keys:
            return
        if keys is None:
            self.keys = self._inbound = self._outbound = self._before = None
            return
        if self.keys is None or (self.keys.suite, self.keys.receiving) != (keys.suite, keys.receiving):
            self._before = self._inbound
        self._take(keys)

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet of ours as it leaves. OSError: it is too long."""
        outbound = self._outbound
        return packet if outbound is None else outbound.protect(packet)

    def protect_report(self, datagram: bytes) -> bytes:
        """The same of RTCP."""
        outbound = self._outbound
        return datagram if outbound is None else outbound.protect_report(datagram)

    def unprotect(self, packet: bytes) -> bytes | None:
        """The RTP packet in a packet of the party's. None: it is counted, and is to be forgotten."""
        inbound = self._inbound
        if inbound is None:
            return (self._fork(packet) if self._others else None) or packet
        try:
            plain = inbound.unprotect(packet)
        except Refused as refusal:
            return self._unprotect_otherwise(packet, is_replay=refusal.is_replay)
        self._before = None  # the new key is in use
        return plain

    def unprotect_report(self, datagram: bytes) -> bytes | None:
        """The same of RTCP."""
        inbound = self._inbound
        if inbound is None:
            return datagram
        try:
            return inbound.unprotect_report(datagram)
        except Refused as refusal:
            is_replay = refusal.is_replay
        if self._before is not None and not is_replay:
            try:
                return self._before.unprotect_report(datagram)
            except Refused as refusal:
                is_replay = refusal.is_replay
        self._count(is_replay=is_replay)
        return None

    def _unprotect_otherwise(self, packet: bytes, *, is_replay: bool) -> bytes | None:
        """The packet by the key before, or by that of a fork."""
        if not is_replay:
            if self._before is not None:
                try:
                    return self._before.unprotect(packet)
                except Refused as refusal:
                    is_replay = refusal.is_replay
            if (plain := self._fork(packet)) is not None:
                return plain
        self._count(is_replay=is_replay)
        return None

    def _fork(self, packet: bytes) -> bytes | None:
        """The packet by the key of another fork, which is the party from now on."""
        for keys, inbound in self._others.items():
            try:
                plain = inbound.unprotect(packet)
            except Refused:
                continue
            self._take(keys, inbound)
            self._others, self._fork_spoke = {}, True
            return plain
        return None

    def _take(self, keys: SrtpKeys, inbound: "_Inbound | None" = None) -> None:
        """Put keys in force; `inbound`: what has heard the party under them already."""
        before, self.keys = self.keys, keys
        if inbound is not None:
            self._inbound = inbound
        elif before is None or (before.suite, before.receiving) != (keys.suite, keys.receiving):
            self._inbound = _Inbound(keys.suite, keys.receiving)
        if self._outbound is None or before is None or not _counts_on(before, keys):
            self._outbound = _Outbound(keys.suite, keys.sending)
        else:
            self._outbound.mki = keys.sending.mki

    def _count(self, *, is_replay: bool) -> None:
        if is_replay:
            self.replayed += 1
        else:
            self.tampered += 1


class Sealed:
    """A line that protects what is sent by it and opens what comes, as a `course.Line`."""

    __slots__ = ("_line", "_protection")

    def __init__(self, line: Line, protection: Protection) -> None:
        self._line = line
        self._protection = protection

    def recv(self, limit: int, /) -> bytes:
        """The packet in the next datagram. OSError: there is none, or it is not the party's."""
        packet = self._protection.unprotect(self._line.recv(limit))
        if packet is None:
            raise OSError("not the party's")
        return packet

    def send(self, datagram: bytes, /) -> int:
        """Send it protected. OSError: it cannot be sent."""
        return self._line.send(self._protection.protect(datagram))


class _Outbound:
    """What leaves under one key."""

    __slots__ = ("_behind_mki", "_key", "_latest", "_streams", "_suite", "mki")

    def __init__(self, suite: Suite, key: MasterKey) -> None:
        self._suite = suite
        self._key = key.octets
        self._streams: list[SrtpStream] = []
        """None is given up before the key is: one that began again would encrypt two packets alike."""
        self._latest: SrtpStream | None = None
        self._behind_mki = _BEHIND_MKI[suite]
        self.mki = key.mki

    def protect(self, packet: bytes) -> bytes:
        """OSError: it is too long."""
        stream = self._latest
        try:
            if stream is None or packet[8:12] != stream.ssrc:
                stream = self._stream(packet[8:12])
            sealed = stream.protect(packet)
        except Refused as refusal:
            raise OSError(f"not protected: {refusal}") from refusal
        return self._with_mki(sealed, self._behind_mki[0]) if self.mki else sealed

    def protect_report(self, datagram: bytes) -> bytes:
        """OSError: it is too long."""
        try:
            sealed = self._stream(datagram[4:8]).protect_report(datagram)
        except Refused as refusal:
            raise OSError(f"not protected: {refusal}") from refusal
        return self._with_mki(sealed, self._behind_mki[1]) if self.mki else sealed

    def _stream(self, ssrc: bytes) -> SrtpStream:
        for stream in self._streams:
            if stream.ssrc == ssrc:
                break
        else:
            stream = SrtpStream.begin(self._suite, self._key, ssrc)
            self._streams.append(stream)
        self._latest = stream
        return stream

    def _with_mki(self, packet: bytes, behind: int) -> bytes:
        end = len(packet) - behind
        return packet[:end] + self.mki + packet[end:]


class _Inbound:
    """What comes under one key."""

    __slots__ = ("_anyone", "_behind_mki", "_joinings", "_key", "_mki", "_senders", "_speaker", "_suite")

    def __init__(self, suite: Suite, key: MasterKey) -> None:
        self._suite = suite
        self._key = key.octets
        self._mki = key.mki
        self._behind_mki = _BEHIND_MKI[suite]
        self._senders: list[SrtpStream] = []
        """Those that have proved themselves, in order."""
        self._speaker: SrtpStream | None = None
        """The one whose audio came last."""
        self._anyone: Anyone | None = None
        """While somebody tries who is none of them."""
        self._joinings = 0

    def unprotect(self, packet: bytes) -> bytes:
        """The RTP packet in it. Refused: there is none."""
        if self._mki:
            packet = self._without_mki(packet, self._behind_mki[0])
        speaker = self._speaker
        if speaker is not None and packet[8:12] == speaker.ssrc:
            return speaker.unprotect(packet)
        return self._unprotect_other(packet)

    def unprotect_report(self, datagram: bytes) -> bytes:
        """The same of RTCP, whose packets say their whole number (RFC 3711 section 3.4)."""
        if self._mki:
            datagram = self._without_mki(datagram, self._behind_mki[1])
        if len(datagram) < _SHORTEST_RTCP:
            raise Refused("no RTCP")
        stream = self._sender(datagram[4:8])
        if stream is None:
            self._strangers().unprotect_report(datagram)
            stream = self._meet(datagram[4:8])
        return stream.unprotect_report(datagram)

    def _unprotect_other(self, packet: bytes) -> bytes:
        """Of another sender than the last one."""
        if len(packet) < _SHORTEST_RTP:
            raise Refused("no RTP")
        stream = self._sender(packet[8:12])
        if stream is None or not stream.has_spoken:
            stream = self._introduced(packet, stream)
        plain = stream.unprotect(packet)
        stream.has_spoken = True
        self._speaker = stream
        return plain

    def _introduced(self, packet: bytes, stream: SrtpStream | None) -> SrtpStream:
        """The stream of a first packet, ready for it; so far it has sent reports or nothing. Refused: it is of none."""
        way: list[bytes] = []
        try:
            self._strangers().unprotect(packet)
        except Refused:
            if self._joinings >= MOST_JOININGS:
                raise
            self._joinings += 1
            way = self._way_to(packet)
        if stream is None:
            stream = self._meet(packet[8:12])
        for each in way:
            stream.unprotect(each)
        self._anyone = None
        return stream

    def _sender(self, ssrc: bytes) -> SrtpStream | None:
        for stream in self._senders:
            if stream.ssrc == ssrc:
                return stream
        return None

    def _strangers(self) -> Anyone:
        if self._anyone is None:
            self._anyone = Anyone(self._suite, self._key)
        return self._anyone

    def _meet(self, ssrc: bytes) -> SrtpStream:
        """A stream for a sender that has proved itself."""
        stream = SrtpStream.begin(self._suite, self._key, ssrc)
        if len(self._senders) >= MOST_SSRCS:
            self._senders.remove(next(each for each in self._senders if each is not self._speaker))
        self._senders.append(stream)
        self._anyone = None
        return stream

    def _way_to(self, packet: bytes) -> list[bytes]:
        """Packets that lead a stream to this one, which was sent long after it began. Refused: it is of no such stream.

        Packets are numbered beyond the 16 bits that they show (RFC 3711 section 3.3.1), and signalling does not say how
        far (RFC 4568 section 6.4.1): a party that moves to other ports of ours, with its key, goes on counting. So the
        number is sought: a stream for this alone is led through packets that we make with the party's own key.
        """
        ssrc = packet[8:12]
        maker, seeker = (SrtpStream.begin(self._suite, self._key, ssrc) for _ in range(2))
        at = first = int.from_bytes(packet[2:4])
        way: list[bytes] = []
        for rollover in range(1, MOST_ROLLOVERS + 1):
            goal = (rollover << 16) + first - _MARGIN
            while at < goal:
                at = min(at + _STEP, goal)
                way.append(maker.protect(struct.pack("!BBHI4sB", 0x80, 0, at & 0xFFFF, 0, ssrc, 0)))
                seeker.unprotect(way[-1])
            try:
                seeker.unprotect(packet)
            except Refused:
                continue
            return way
        raise Refused("of no stream of this key")

    def _without_mki(self, packet: bytes, behind: int) -> bytes:
        end = len(packet) - behind
        start = end - len(self._mki)
        if start <= 0 or packet[start:end] != self._mki:
            raise Refused("no MKI of ours in it")
        return packet[:start] + packet[end:]


def _counts_on(before: SrtpKeys, keys: SrtpKeys) -> bool:
    return (before.suite, before.sending.octets) == (keys.suite, keys.sending.octets)
