"""Somebody else takes a seat in a call that goes on: what every way of doing so has in common, and what it comes to."""

from typing import Protocol

from mediation.b2bua.call_media import CALLEE
from mediation.b2bua.call_table import Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, LegEvent
from mediation.b2bua.ledger import party_of
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import PairOpened
from mediation.b2bua.principal import Principal
from mediation.b2bua.record import TransferRecord
from mediation.sip.errors import LocalSipError


class Succession(Protocol):
    """A transfer, or a call that is picked up."""

    leaving: Leg
    """Whose seat is to be taken; if it hangs up meanwhile, the other party stays."""

    @property
    def awaits_pair(self) -> bool:
        """Whether it has asked for ports and was not answered yet."""

    def owns(self, leg: Leg) -> bool:
        """Whether a leg that does not sit yet is its business."""

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """A leg of its own has something to say."""

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """Ports are there for the new party."""

    def pair_refused(self, now: float) -> None:
        """There are none."""

    def left(self, now: float) -> None:
        """Whoever leaves has hung up already."""

    def stop(self, cause: Cause, now: float) -> None:
        """The call ends: nobody is to take a seat any more."""


class Successions:
    """Those of one call: one at a time."""

    def __init__(self, call: Principal) -> None:
        self.user = call
        self.current: Succession | None = None
        """Who is about to take a seat, if anybody."""

    def begin(self, succession: Succession) -> None:
        """Somebody is about to take a seat."""
        if self.current is not None:
            raise LocalSipError("somebody is at it already")
        self.current = succession

    def over(self) -> None:
        """It is decided, one way or the other."""
        self.current = None

    # what happens to the call meanwhile

    def left(self, leg: Leg, now: float) -> bool:
        """Whether a leg that has hung up was to leave anyway."""
        current = self.current
        if current is None or current.leaving is not leg:
            return False
        current.left(now)
        return True

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """Ports are there for whoever has asked for them; if nobody waits for them, they are given up."""
        if self.current is not None and self.current.awaits_pair:
            self.current.pair_opened(fact, now)
        else:
            self.user.media.close_pair(fact.pair)

    def pair_refused(self, now: float) -> None:
        """There are none."""
        if self.current is not None:
            self.current.pair_refused(now)

    def stop(self, cause: Cause, now: float) -> None:
        """Nobody is to take a seat any more."""
        current, self.current = self.current, None
        if current is not None:
            current.stop(cause, now)

    # what comes of it

    def note(self, leaving: Leg, new: Leg | None, status: int, now: float) -> None:
        """Write down what came of a transfer."""
        call, by = self.user, self.user.seats.name_of(leaving)
        to = None if new is None else party_of(new)
        call.ledger.transfers.append(TransferRecord(by, status, now, to))
        call.fact("transfer.done", by=by, status=status)

    def take_seat(self, leaving: Leg, leg: Leg, pair: int, now: float) -> None:
        """Let a leg sit where another one sat: for good."""
        call, seats = self.user, self.user.seats
        leg.user = call
        call.open.add(leg)
        seats.take(seats.seat_of(leaving), leg, pair, now)
        seats.apply()
        if seats.bridge is not None:
            seats.bridge.settle(now)
            seats.other(leg).changes.announce(now)
        call.note_way(now)

    def pick_up(self, leg: Leg, pair: int, party: str, now: float) -> None:
        """Somebody answers in the place of whoever is being alerted; `party` is who of the called side spoke last."""
        call = self.user
        if call.phase is not Phase.SEEKING or leg.audio is None:
            raise LocalSipError("nobody is being alerted")
        call.ledger.first.append(leg)
        call.seats.take(CALLEE, leg, pair, now)
        call.ledger.answer(now)
        call.cue(Cue.PICKED_UP, now, Answered(leg.audio, party))

    def surrender(self, leg: Leg, cause: Cause, now: float) -> None:
        """One party goes on in another call; this one ends."""
        call, is_callee = self.user, leg is self.user.seats.callee
        if call.seats.bridge is not None:
            call.seats.bridge.release(leg, now)
        call.open.discard(leg)
        by = "caller" if is_callee else "callee"
        call.cue(Cue.CALLEE_ENDED if is_callee else Cue.CALLER_ENDED, now, cause, by=by)

    def end(self, left: Leg, cause: Cause, now: float) -> None:
        """End the call because nobody comes in the place of a leg that has gone."""
        self.user.cue(Cue.CALLER_ENDED if left is self.user.seats.caller else Cue.CALLEE_ENDED, now, cause)
