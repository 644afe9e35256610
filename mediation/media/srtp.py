"""SRTP and SRTCP of one pair of ports (RFC 3711, RFC 7714): the only module that imports pylibsrtp.

What leaves is protected, what comes must prove to be the party's. A packet that does not is counted and goes nowhere,
so that it can neither be heard nor move a destination. The Master Key Identifier, which the library does not know, is
put in and taken out here: it is a constant, and no part of what is authenticated (RFC 3711 section 3.1).
"""

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pylibsrtp import Error, Policy, Session

from mediation.media.course import Line
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
_REPLAYS: Final = frozenset({"replay check failed (bad index)", "replay check failed (index too old)"})
_PROFILES: Final = {
    Suite.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Suite.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Suite.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.AES_CM_128_HMAC_SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
_RTCP_TAG_OCTETS: Final = 10
"""Of both counter mode suites, that with the short tag for RTP too (RFC 4568 section 6.2.2)."""


class Protection:
    """Both directions of one pair. Without keys it is off, and packets pass by it."""

    __slots__ = ("_before", "_fork_spoke", "_inbound", "_others", "_outbound", "keys", "replayed", "tampered")

    def __init__(self) -> None:
        self.keys: SrtpKeys | None = None
        """Those in force: of the forks of a call, of the one that was heard first."""
        self._inbound: _Inbound | None = None
        self._outbound: _Outbound | None = None
        self._others: list[SrtpKeys] = []
        """Keys of further forks, any of which may turn out to be the party's."""
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
        self._others = [each for each in candidates if each != keys]
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
        plain, reason = inbound.unprotect(packet)
        if plain is not None:
            if self._before is not None:
                self._before = None  # the new key is in use
            return plain
        if reason not in _REPLAYS:
            if self._before is not None:
                plain, reason = self._before.unprotect(packet)
            if plain is None and self._others:
                plain = self._fork(packet)
            if plain is not None:
                return plain
        self._count(reason)
        return None

    def unprotect_report(self, datagram: bytes) -> bytes | None:
        """The same of RTCP."""
        inbound = self._inbound
        if inbound is None:
            return datagram
        plain, reason = inbound.unprotect_report(datagram)
        if plain is None and self._before is not None and reason not in _REPLAYS:
            plain, reason = self._before.unprotect_report(datagram)
        if plain is None:
            self._count(reason)
        return plain

    def _fork(self, packet: bytes) -> bytes | None:
        """The packet by the key of another fork, which is the party from now on."""
        for keys in self._others:
            plain, _ = _Inbound(keys.suite, keys.receiving).unprotect(packet)
            if plain is not None:
                self._take(keys)
                self._others, self._fork_spoke = [], True
                if self._inbound is not None:
                    self._inbound.unprotect(packet)  # the context that stays has seen it, too
                return plain
        return None

    def _take(self, keys: SrtpKeys) -> None:
        before, self.keys = self.keys, keys
        if before is None or (before.suite, before.receiving) != (keys.suite, keys.receiving):
            self._inbound = _Inbound(keys.suite, keys.receiving)
        if self._outbound is None or before is None or not _counts_on(before, keys):
            self._outbound = _Outbound(keys.suite, keys.sending)
        else:
            self._outbound.mki = keys.sending.mki

    def _count(self, reason: str) -> None:
        if reason in _REPLAYS:
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

    __slots__ = ("_behind", "_session", "_tag_octets", "mki")

    def __init__(self, suite: Suite, key: MasterKey) -> None:
        self._session = _session(suite, key, Policy.SSRC_ANY_OUTBOUND)
        self._behind = suite.is_aead
        self._tag_octets = suite.tag_octets
        self.mki = key.mki

    def protect(self, packet: bytes) -> bytes:
        """OSError: it is too long."""
        try:
            return self._with_mki(self._session.protect(packet), self._tag_octets)
        except (Error, ValueError) as error:
            raise OSError(f"not protected: {error}") from error

    def protect_report(self, datagram: bytes) -> bytes:
        """OSError: it is too long."""
        try:
            return self._with_mki(self._session.protect_rtcp(datagram), _RTCP_TAG_OCTETS)
        except (Error, ValueError) as error:
            raise OSError(f"not protected: {error}") from error

    def _with_mki(self, packet: bytes, tag_octets: int) -> bytes:
        if not self.mki:
            return packet
        if self._behind:
            return packet + self.mki
        return packet[:-tag_octets] + self.mki + packet[-tag_octets:]


class _Inbound:
    """What comes under one key."""

    __slots__ = ("_behind", "_joinings", "_key", "_last", "_session", "_ssrcs", "_suite")

    def __init__(self, suite: Suite, key: MasterKey) -> None:
        self._suite = suite
        self._key = key
        self._session = _session(suite, key, Policy.SSRC_ANY_INBOUND)
        self._ssrcs: dict[bytes, bool] = {}
        """Senders that have proved themselves, in order; whether they have sent audio, and not only reports."""
        self._last = b""
        self._joinings = 0

    def unprotect(self, packet: bytes) -> tuple[bytes | None, str]:
        """The RTP packet in it; or None, and why."""
        bare = self._without_mki(packet, self._suite.tag_octets) if self._key.mki else packet
        if bare is None or len(bare) < _SHORTEST_RTP:
            return None, "no MKI of ours in it"
        ssrc = bare[8:12]
        try:
            plain = self._session.unprotect(bare)
        except (Error, ValueError) as error:
            reason = str(error)
            found = None if reason in _REPLAYS or self._ssrcs.get(ssrc) else self._join(bare, ssrc)
            if found is None:
                return None, reason
            plain = found
        if ssrc != self._last:
            self._last = ssrc
            self._met(ssrc, audio=True)
        return plain, ""

    def unprotect_report(self, datagram: bytes) -> tuple[bytes | None, str]:
        """The same of RTCP, whose packets say their whole number (RFC 3711 section 3.4)."""
        bare = self._without_mki(datagram, _RTCP_TAG_OCTETS) if self._key.mki else datagram
        if bare is None or len(bare) < _SHORTEST_RTCP:
            return None, "no MKI of ours in it"
        try:
            plain = self._session.unprotect_rtcp(bare)
        except (Error, ValueError) as error:
            return None, str(error)
        if bare[4:8] not in self._ssrcs:
            self._met(bare[4:8], audio=False)
        return plain, ""

    def _join(self, packet: bytes, ssrc: bytes) -> bytes | None:
        """The packet of a stream that began long ago; None: it is of no such stream.

        Packets are numbered beyond the 16 bits that they show (RFC 3711 section 3.3.1), and signalling does not say how
        far (RFC 4568 section 6.4.1): a party that moves to other ports of ours, with its key, goes on counting. So the
        number is sought: the context is led through packets that we make with the party's own key.
        """
        if self._joinings >= MOST_JOININGS:
            return None
        self._joinings += 1
        maker = _session(self._suite, self._key, Policy.SSRC_ANY_OUTBOUND)
        at = first = int.from_bytes(packet[2:4])
        try:
            for rollover in range(1, MOST_ROLLOVERS + 1):
                goal = (rollover << 16) + first - _MARGIN
                while at < goal:
                    at = min(at + _STEP, goal)
                    self._session.unprotect(
                        maker.protect(struct.pack("!BBHI4sB", 0x80, 0, at & 0xFFFF, 0, ssrc, 0))
                    )
                try:
                    return self._session.unprotect(packet)
                except Error:
                    continue
            self._session.remove_stream(int.from_bytes(ssrc))
        except (Error, ValueError):  # no packet at all
            pass
        return None

    def _met(self, ssrc: bytes, *, audio: bool) -> None:
        """Another sender under this key, or one that has spoken before: the library never forgets one by itself."""
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MOST_SSRCS:
            oldest = next(iter(self._ssrcs))
            del self._ssrcs[oldest]
            with suppress(Error):  # its search has failed, and forgotten it
                self._session.remove_stream(int.from_bytes(oldest))
        self._ssrcs[ssrc] = audio

    def _without_mki(self, packet: bytes, tag_octets: int) -> bytes | None:
        mki = self._key.mki
        end = len(packet) if self._suite.is_aead else len(packet) - tag_octets
        start = end - len(mki)
        return packet[:start] + packet[end:] if start > 0 and packet[start:end] == mki else None


def _session(suite: Suite, key: MasterKey, ssrcs: int) -> Session:
    return Session(Policy(key=key.octets, ssrc_type=ssrcs, srtp_profile=_PROFILES[suite]))


def _counts_on(before: SrtpKeys, keys: SrtpKeys) -> bool:
    return (before.suite, before.sending.octets) == (keys.suite, keys.sending.octets)
