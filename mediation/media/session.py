"""One call's media: two parties, the two directions between them, and the plan that is in force."""

from collections.abc import Callable
from typing import Final

from mediation.b2bua.plan import MediaClosed, MediaPlan, MediaSilent
from mediation.media.party import Party, Watcher
from mediation.media.ports import PortPair
from mediation.media.relay import CLOCK_HZ, Relay
from mediation.media.rtcp import interval_s
from mediation.rtp.rewrite import Rewrite

Chance = Callable[[], float]
"""A number from 0 to below 1, as `random.random` gives it."""


class Session:
    """From OpenMedia to CloseMedia. Times are whole numbers of the media clock, which only goes forward."""

    __slots__ = (
        "_applied_at", "_call", "_chance", "_on_silent", "_parties", "_plan", "_relays", "_report_at",
        "_rtcp_interval_s", "_silence", "_told_silent",
    )  # fmt: skip

    def __init__(
        self,
        call: str,
        pairs: tuple[PortPair, PortPair],
        watcher: Watcher,
        on_silent: Callable[[MediaSilent], None],
        *,
        chance: Chance,
        rtcp_interval_s: float,
    ) -> None:
        """`pairs`: the caller's and the callee's. Nothing is relayed before the first plan."""
        self._call = call
        self._chance = chance
        self._on_silent = on_silent
        self._rtcp_interval_s = rtcp_interval_s
        from_caller, from_callee = Relay(self._rewrite()), Relay(self._rewrite())
        caller = Party(pairs[0], watcher, from_caller, from_callee, self._cname())
        callee = Party(pairs[1], watcher, from_callee, from_caller, self._cname())
        self._parties = (caller, callee)
        self._relays = (from_caller, from_callee)
        self._plan: MediaPlan | None = None
        self._applied_at = 0
        self._silence = 0
        self._told_silent = [False, False]
        self._report_at = [_NEVER, _NEVER]

    def apply(self, plan: MediaPlan, now: int) -> None:
        """Put a plan in force. One that equals the one in force changes nothing."""
        before = self._plan
        if plan == before:
            return
        self._plan = plan
        caller, callee = self._parties
        from_caller, from_callee = self._relays
        from_caller.configure(plan.caller, plan.callee)
        from_callee.configure(plan.callee, plan.caller)
        caller.apply(plan.caller, now)
        callee.apply(plan.callee, now)
        self._applied_at = now
        self._silence = int(plan.silence_s * CLOCK_HZ)
        self._told_silent = [False, False]
        if before is None:
            self._report_at = [self._next_report(now, first=True), self._next_report(now, first=True)]

    def next_deadline(self) -> int | None:
        """When `handle_timeout` has something to do; None: not before another plan."""
        deadline = min(*self._report_at, *(self._silent_at(index) for index in _BOTH))
        return None if deadline == _NEVER else deadline

    def handle_timeout(self, now: int) -> None:
        """Send the reports that are due, and say who has gone silent."""
        for index in _BOTH:
            if self._report_at[index] <= now:
                self._parties[index].report(now)
                self._report_at[index] = self._next_report(now, first=False)
            if self._silent_at(index) <= now:
                self._told_silent[index] = True
                self._on_silent(MediaSilent(self._call, caller=index == 0))

    def close(self, now: int) -> MediaClosed:
        """Say goodbye by RTCP and stop listening. The pairs are still bound: the owner's again."""
        caller, callee = self._parties
        if self._plan is not None:
            caller.report(now, leaving=True)
            callee.report(now, leaving=True)
        self.stop()
        return MediaClosed(self._call, caller.figures(), callee.figures())

    def stop(self) -> None:
        """Stop listening, without a word."""
        for party in self._parties:
            party.close()

    def _silent_at(self, index: int) -> int:
        """When a party's silence will have lasted too long: of one that may send, until it has been told."""
        party = self._parties[index]
        stream = party.stream
        if stream is None or not stream.sends or not self._silence or self._told_silent[index]:
            return _NEVER
        return max(party.heard, self._applied_at) + self._silence

    def _next_report(self, now: int, *, first: bool) -> int:
        return now + max(1, int(interval_s(self._rtcp_interval_s, self._chance, first=first) * CLOCK_HZ))

    def _rewrite(self) -> Rewrite:
        """Random where RFC 3550 section 5.1 wants it: SSRC, first sequence number, first timestamp."""
        return Rewrite(self._drawn(32), self._drawn(16), self._drawn(32))

    def _cname(self) -> str:
        """96 bits by chance (RFC 7022 section 5)."""
        return f"{self._drawn(48):012x}{self._drawn(48):012x}"

    def _drawn(self, bits: int) -> int:
        return int(self._chance() * (1 << bits))


_NEVER: Final = 1 << 62
_BOTH: Final = (0, 1)
