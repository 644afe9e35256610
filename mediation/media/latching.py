"""What it takes for a source that signalling has not named to be the party: the modes that learn, and their limits.

Such a source is a stranger until the lock is open for it. By itself the lock opens only after signalling, and even
then the named ones come first: for a while (`WINDOW`, or `RENEWAL` where somebody had been locked on) the others go
unheard, so that whoever sprays our ports before a call, or floods them while it changes, loses against a party that
speaks. Then it must send twice in a row, as one sender does (RFC 3550 appendix A.1). What SRTP has proven needs
neither: its sender has a key that signalling has given to the party alone.

Without that proof a lock on such a source is on probation: the party's own address, as described, takes it back with
two packets in a row. So whoever was faster than a party that began late is not heard for the rest of the call.

A party that roams is followed only where it has gone quiet, and its stream goes on elsewhere: the same SSRC, and the
sequence numbers that come next. Nobody guesses these from afar, and while the party speaks they move nothing.

    published: RTP bleed (CVE-2017-14099, CVE-2017-14114, CVE-2025-53399): a stranger's packets draw audio to it;
    RTP injection (EnableSecurity ES2025-01): a stranger's packets are relayed, with SRTP too.
"""

from collections.abc import Sequence
from typing import Final

from mediation.b2bua.plan import Endpoint
from mediation.media.relay import Relay
from mediation.media.source import SourceLock
from mediation.media.srtp import Protection
from mediation.rtp.packet import read_header
from mediation.rtp.reception import MIN_SEQUENTIAL
from mediation.settings.peer_media import Latching

WINDOW: Final = 1600
"""So long the named come first, in units of the media clock: 200 ms, in which a party that speaks has sent ten packets.
"""
RENEWAL: Final = 16_000
"""The same where a source had been locked on: 2 s, for one that is silent now and then."""
QUIET: Final = 1600
"""A party is followed when nothing has come for so long from where it was."""
MOST_MISSED: Final = 500
"""Packets that may be missing on the way to another network: ten seconds."""


class Latch:
    """Opens a party's lock for sources that it does not admit by itself. Times are units of the media clock."""

    __slots__ = (
        "_had_one",
        "_in_a_row",
        "_inward",
        "_last",
        "_lock",
        "_mode",
        "_on_probation",
        "_opens_at",
        "_protection",
    )

    def __init__(self, lock: SourceLock, inward: Relay, protection: Protection) -> None:
        """`inward` carries what the party sends. Until signalling speaks, nobody is heard."""
        self._lock = lock
        self._inward = inward
        self._protection = protection
        self._mode = Latching.OFF
        self._opens_at = 0
        self._last: tuple[Endpoint, int, int] | None = None
        self._in_a_row = 0
        self._had_one = False
        """Whether a source of the endpoints that are named was locked on before the lock was opened again."""
        self._on_probation = False

    def expect(self, described: Endpoint, alternatives: Sequence[Endpoint], mode: Latching, now: int) -> None:
        """Signalling names other endpoints."""
        self._lock.expect(described, alternatives, mode)
        self._mode = mode
        self._had_one = False
        self._begin(now + WINDOW)

    def reopen(self, now: int) -> None:
        """Signalling names the same endpoints, with something new. They and who was locked on come first again."""
        if self._mode.learns:
            self._had_one = self._had_one or self._lock.locked
            self._lock.reopen()
            self._begin(now + (RENEWAL if self._had_one else WINDOW))

    def hears(self, source: Endpoint, now: int) -> bool:
        """Whether a packet from there is worth a look. What is not looked at changes nothing, in SRTP neither."""
        if not self._mode.learns or self._lock.is_former(source):
            return False
        if not self._lock.locked:
            return self._protection.is_on or now >= self._opens_at
        return self._takes_back(source) or self._follows(now)

    def takes(self, source: Endpoint, packet: bytes) -> bool:
        """Whether valid RTP, by SRTP the party's, makes the source the party. One that roams goes on with its stream.

        RtpError: it is no RTP.
        """
        _, _, sequence, _, ssrc, _, _ = read_header(packet)
        follows = self._lock.locked and not self._takes_back(source)
        if follows:
            reception = self._inward.tally.reception
            if ssrc != reception.ssrc or not 0 < reception.ahead(sequence) <= MOST_MISSED:
                return False
        if not (self._protection.is_on or self._is_convincing(source, ssrc, sequence, (1,))):
            return False
        if not follows:
            self._on_probation = not (self._protection.is_on or self._is_named(source))
        return True

    def takes_fax(self, source: Endpoint, datagram: bytes) -> bool:
        """The same of UDPTL, whose numbers come in order, and again for what is repeated (ITU-T T.38 clause 9.1)."""
        if self._lock.locked and not self._takes_back(source):
            return False
        if not self._is_convincing(source, 0, int.from_bytes(datagram[:2]), (0, 1)):
            return False
        self._on_probation = not self._is_named(source)
        return True

    def _begin(self, opens_at: int) -> None:
        self._opens_at = opens_at
        self._last = None

    def _follows(self, now: int) -> bool:
        return self._mode is Latching.CONTINUOUS and now - self._inward.tally.heard >= QUIET

    def _takes_back(self, source: Endpoint) -> bool:
        """Whether signalling speaks for it, and nothing for the one that is locked on but that it was first."""
        held = self._lock.to
        on_probation = self._on_probation and held is not None and not self._is_named(held)
        return on_probation and self._is_named(source)

    def _is_named(self, source: Endpoint) -> bool:
        return self._lock.name_of(source) is not None

    def _is_convincing(self, source: Endpoint, ssrc: int, sequence: int, steps: tuple[int, ...]) -> bool:
        """Whether it has sent enough in a row with this packet; `steps`: from one number to the next."""
        last, self._last = self._last, (source, ssrc, sequence)
        follows = last is not None and last[:2] == (source, ssrc) and (sequence - last[2]) & 0xFFFF in steps
        self._in_a_row = self._in_a_row + 1 if follows else 1
        return self._in_a_row >= MIN_SEQUENTIAL
