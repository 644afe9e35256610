"""Somebody else takes a seat in a call that goes on: what every way of doing so has in common."""

from typing import Protocol

from mediation.b2bua.causes import Cause
from mediation.b2bua.events import LegEvent
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import PairOpened


class Succession(Protocol):
    """A transfer, or a call that is picked up: one at a time in a call."""

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
