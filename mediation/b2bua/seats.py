"""The two seats of a call: who sits there, at which ports, and what crosses between them.

A leg sits down when it calls or answers; another one takes its place when a party is transferred or relieved. What
both have agreed is put in force for the seats, whoever sits in them.
"""

from mediation.b2bua.bridge import Bridge
from mediation.b2bua.call_media import CALLEE, CALLER, CallMedia
from mediation.b2bua.leg import Leg
from mediation.sip.errors import LocalSipError

Guest = tuple[int, Leg, int]
"""Who is heard in a seat for the time being: the seat, the leg, its pair of ports."""


class Seats:
    """The caller's, taken from the beginning, and the callee's."""

    def __init__(self, caller: Leg, media: CallMedia) -> None:
        self._media = media
        self.caller = caller
        self.callee: Leg | None = None
        """Who has answered; None before."""
        self.attempt: Leg | None = None
        """Who is being called at the moment, and described itself perhaps; None before, and once somebody answered."""
        self.guest: Guest | None = None
        self.bridge: Bridge | None = None
        """What crosses between both; None before there are two."""

    @property
    def across(self) -> Leg | None:
        """Who is, or may come to be, at the callee's end."""
        return self.callee or self.attempt

    def __contains__(self, leg: object) -> bool:
        return leg is self.caller or (leg is self.callee and leg is not None)

    def seat_of(self, leg: Leg) -> int:
        """CALLER or CALLEE: where a leg sits."""
        return CALLER if leg is self.caller else CALLEE

    def name_of(self, leg: Leg) -> str:
        """`caller` or `callee`: whose seat a leg has."""
        return "caller" if leg is self.caller else "callee"

    def other(self, leg: Leg) -> Leg:
        """Who sits across."""
        other = self.callee if leg is self.caller else self.caller
        if other is None:
            raise LocalSipError("nobody sits across")
        return other

    def call(self, leg: Leg) -> None:
        """Somebody is being called: what it says crosses to the caller already."""
        if leg is not self.attempt:
            self.attempt = leg
            self.bridge = Bridge(self.caller, leg, self.apply)

    def sit(self, leg: Leg) -> None:
        """Somebody has answered."""
        self.callee, self.attempt = leg, None
        if self.bridge is None or leg not in self.bridge.legs:
            self.bridge = Bridge(self.caller, leg, self.apply)

    def take(self, seat: int, leg: Leg, pair: int) -> None:
        """A leg sits where another one sat, at a pair of its own: for good."""
        caller_pair, callee_pair = self._media.pairs
        if seat == CALLER:
            self.caller = leg
            self._media.move((pair, callee_pair))
        else:
            self.callee = leg
            self._media.move((caller_pair, pair))
        self.guest = None
        across = self.across
        if across is not None:
            self.bridge = Bridge(self.caller, across, self.apply)

    def hear(self, guest: Guest | None) -> None:
        """Let somebody be heard in a seat for the time being; None: whoever sits there."""
        self.guest = guest
        self.apply()

    def apply(self) -> None:
        """Put in force what both have agreed."""
        across = self.across
        if across is None:
            return
        media, pairs = [self.caller.media(), across.media()], list(self._media.pairs)
        if self.guest is not None:
            seat, leg, pair = self.guest
            media[seat], pairs[seat] = leg.media(), pair
        early = self.callee is None
        self._media.apply(media[CALLER], media[CALLEE], early=early, pairs=(pairs[CALLER], pairs[CALLEE]))
