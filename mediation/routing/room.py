"""Room for calls: how many a trunk or a line carries now, and whether it has room for one more.

Nothing here refuses a call for help: it is counted like any other, and takes what is left or more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mediation.routing.bucket import TokenBucket
from mediation.rtp.bandwidth import CODEC_KBPS, Packets, Srtp, wire_kbps
from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.limits import CallLimits, Link
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peers import Internal
from mediation.settings.trunks import Trunk

NEARLY_FULL: Final = 0.9
"""The share of a limit at which somebody should look."""
ROOM_AGAIN: Final = 0.8
"""The share below which that is over."""

_CIPHERS: Final = {
    Suite.AES_CM_128_HMAC_SHA1_80: Srtp.AES_80,
    Suite.AES_CM_128_HMAC_SHA1_32: Srtp.AES_32,
    Suite.AEAD_AES_128_GCM: Srtp.GCM,
    Suite.AEAD_AES_256_GCM: Srtp.GCM,
}


class Way(StrEnum):
    """Seen from us: `in` is what a trunk sends."""

    IN = "in"
    OUT = "out"


class Lack(StrEnum):
    """Of what there is not enough for one more call."""

    CALLS = "calls"
    RATE = "rate"
    BANDWIDTH = "bandwidth"


UNLIMITED: Final = CallLimits()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one thing carries; 0 is no limit."""

    calls: int = 0
    each_way: CallLimits = UNLIMITED
    kbps: float = 0.0
    of_a_call: float = 0.0
    """What one call takes of `kbps`."""

    @classmethod
    def of_trunk(cls, trunk: Trunk) -> "Limits":
        """Those of a trunk and its line."""
        six = any(":" in target.host for target in trunk.addressed)
        return cls(trunk.max_calls, trunk.limits, trunk.link.kbps, _of_a_call(trunk, trunk.link, ipv6=six))

    @classmethod
    def of_line(cls, link: Link, internal: Internal) -> "Limits":
        """Those of a line that leads to the front ends of a site."""
        six = any(":" in listener.host for listener in internal.listen[:1])
        return cls(kbps=link.kbps, of_a_call=_of_a_call(internal, link, ipv6=six))


class Room:
    """The room of one trunk or line. Times are seconds on the caller's clock."""

    __slots__ = ("_bucket", "_is_nearly_full", "_limits", "active", "name", "passing")

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self.active = {Way.IN: 0, Way.OUT: 0}
        """Calls and attempts under way."""
        self.passing = 0
        """Those of them whose audio goes past us: they take none of the bandwidth."""
        self._bucket = TokenBucket(limits.each_way.calls_per_s, limits.each_way.burst, 0.0)
        self._is_nearly_full = False

    def lack(self, way: Way, now: float, *, urgent: bool = False, passes: bool = False) -> Lack | None:
        """What is missing for one more call; None: it has room. `passes`: its audio goes past us."""
        if urgent:
            return None
        limits, each_way = self._limits, self._limits.each_way
        reserve = each_way.reserve
        if limits.calls and self.calls >= limits.calls - reserve:
            return Lack.CALLS
        if way is Way.IN and each_way.calls_in and self.active[way] >= each_way.calls_in:
            return Lack.CALLS
        if way is Way.OUT and each_way.calls_out and self.active[way] >= each_way.calls_out - reserve:
            return Lack.CALLS
        if limits.kbps and not passes and self.kbps + limits.of_a_call > limits.kbps:
            return Lack.BANDWIDTH
        if each_way.calls_per_s and not self._bucket.has_one(now):
            return Lack.RATE
        return None

    def take(self, way: Way, now: float) -> None:
        """One more call or attempt."""
        self.active[way] += 1
        if self._limits.each_way.calls_per_s:
            self._bucket.take(now)

    def give_back(self, way: Way) -> None:
        """One less."""
        self.active[way] -= 1

    @property
    def calls(self) -> int:
        """Calls and attempts under way, both ways together."""
        return self.active[Way.IN] + self.active[Way.OUT]

    @property
    def kbps(self) -> float:
        """What they take of the line, each way, at most."""
        return (self.calls - self.passing) * self._limits.of_a_call

    @property
    def share(self) -> float:
        """How much of its tightest limit is used, from 0 to 1 and more; 0 without any."""
        limits, each_way = self._limits, self._limits.each_way
        pairs = (
            (self.calls, limits.calls),
            (self.active[Way.IN], each_way.calls_in),
            (self.active[Way.OUT], each_way.calls_out),
            (self.kbps, limits.kbps),
        )
        return max((used / most for used, most in pairs if most), default=0.0)

    def turned(self) -> bool | None:
        """Whether it has become nearly full (True) or has room again (False) since this was asked last."""
        is_nearly_full = self.share >= (ROOM_AGAIN if self._is_nearly_full else NEARLY_FULL)
        if is_nearly_full is self._is_nearly_full:
            return None
        self._is_nearly_full = is_nearly_full
        return is_nearly_full


class Occupancy:
    """The room that one call takes, wherever it does: all that is taken is given back once."""

    __slots__ = ("_passes", "_taken", "_turned")

    def __init__(self, turned: Callable[[Room, bool], None]) -> None:
        """`turned` hears of rooms that become nearly full, or have room again."""
        self._turned = turned
        self._taken: list[tuple[Room, Way]] = []
        self._passes = False

    def take(self, room: Room, way: Way, now: float) -> None:
        """One more call or attempt."""
        room.take(way, now)
        self.keep(room, way)
        self._look(room)

    def pass_by(self, *, direct: bool) -> None:
        """The call's audio goes past us from now on, or takes bandwidth again, if there is any left or not."""
        if direct is not self._passes:
            self._passes = direct
            for room, _ in self._taken:
                room.passing += 1 if direct else -1
                self._look(room)

    def give_back(self, room: Room) -> None:
        """One less."""
        for index, (taken, way) in enumerate(self._taken):
            if taken is room:
                del self._taken[index]
                self._leave(room, way)
                return
        raise LookupError(room.name)

    def hand_over(self, room: Room, other: "Occupancy") -> None:
        """What is taken of this room, if anything is, belongs to another call from now on."""
        for index, (taken, _) in enumerate(self._taken):
            if taken is room:
                room.passing -= self._passes
                other.keep(*self._taken.pop(index))
                return

    def keep(self, room: Room, way: Way) -> None:
        """What has been taken already is this call's."""
        self._taken.append((room, way))
        room.passing += self._passes

    def give_all_back(self) -> None:
        """The call is over."""
        while self._taken:
            self._leave(*self._taken.pop())

    def _leave(self, room: Room, way: Way) -> None:
        room.give_back(way)
        room.passing -= self._passes
        self._look(room)

    def _look(self, room: Room) -> None:
        turned = room.turned()
        if turned is not None:
            self._turned(room, turned)


def _of_a_call(peer: Trunk | Internal, link: Link, *, ipv6: bool) -> float:
    packets = Packets(
        codec=max(peer.codecs, key=CODEC_KBPS.__getitem__),
        ptime_ms=peer.ptime_ms,
        ipv6=ipv6,
        srtp=_cipher(peer.media),
        vpn=link.vpn,
        layer=link.layer,
        vlan=link.vlan,
    )
    return wire_kbps(1, packets)


def _cipher(media: PeerMedia) -> Srtp:
    """The cipher that takes most of those that may be agreed on."""
    if media.srtp is SrtpMode.OFF:
        return Srtp.OFF
    suites = {_CIPHERS[suite] for suite in media.srtp_suites}
    return next(each for each in (Srtp.GCM, Srtp.AES_80, Srtp.AES_32) if each in suites)
