"""Calls that come back: whom we have called for somebody gives the call to us again, or somebody behind him does.

A proxy knows a loop by its own Via (RFC 3261 section 16.3 item 4, RFC 5393). Of a back-to-back user agent neither Via
nor Call-ID survives the next one, and where Max-Forwards begins anew on the way nothing ends the circle. A mark of our
own would tell strangers which calls are one. What the circle itself needs to go on does survive: the number. A trunk
that has given us a call for a number has nobody there; nobody may give it back that very call, as long as it is not
answered. A call that was forwarded has another number, and is let through. So is one that comes back to the front ends:
where they send calls and whose numbers are theirs are often two tables. If they send it out again, it is seen.

A circle that closes behind our back, between those whom we call and those who call us, is the same call from the same
peer again and again, each time with as many hops less (RFC 7332). It is let go round a few times, so that no caller is
taken for a circle who calls twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from mediation.b2bua.call import Call
from mediation.b2bua.deciding import Decision
from mediation.b2bua.ledger import Ledger
from mediation.routing.directory import FRONT_END_POOL
from mediation.routing.numbers import is_number, number_of
from mediation.sip.message import Request

MOST_ROUNDS: Final = 3
"""So often a call may go round behind our back."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """One call."""

    ledger: Ledger
    max_forwards: int | None
    """How many hops it had left when it came."""


class Circles:
    """The calls of one engine; those that nobody has answered yet count."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], dict[str, _Begun]] = {}
        """By the called number, and by whoever has asked for it."""

    def enter(self, call: Call, request: Request) -> None:
        """A call has begun with this INVITE."""
        self._calls.setdefault(_key(call), {})[call.id] = _Begun(call.ledger, request.max_forwards)

    def leave(self, call: Call) -> None:
        """It is over."""
        key = _key(call)
        alike = self._calls.get(key, {})
        alike.pop(call.id, None)
        if not alike:
            self._calls.pop(key, None)

    def broken(self, decision: Decision) -> Decision:
        """What is left of a decision: no trunk is called from which the same caller asks for the same number.

        Nobody at all, where the call goes round.
        """
        calling = number_of(decision.invitation.request.from_.uri)
        if self._goes_round(decision, calling):
            return replace(decision, candidates=())
        asking = {
            name
            for name in {each.trunk for each in decision.candidates} - {FRONT_END_POOL}
            if any(calling in each.ledger.calling_numbers for each in self._pending(decision.called, name))
        }
        left = tuple(each for each in decision.candidates if each.trunk not in asking)
        return replace(decision, candidates=left) if asking else decision

    def _goes_round(self, decision: Decision, calling: str) -> bool:
        """Whether this call has been here as often as it may, with the same loss of hops each time.

        Of callers without a number nobody can say that two are one.
        """
        hops = decision.invitation.request.max_forwards
        if hops is None or not is_number(calling):
            return False
        before = {
            each.max_forwards - hops
            for each in self._pending(decision.called, _asks(decision))
            if each.ledger.calling == calling and each.max_forwards is not None and each.max_forwards > hops
        }
        return any(all(lost * times in before for times in range(2, MOST_ROUNDS + 1)) for lost in before)

    def _pending(self, called: str, by: str) -> Iterable[_Begun]:
        alike = self._calls.get((called, by), {})
        return (each for each in alike.values() if each.ledger.answered is None)


def _asks(of: Call | Decision) -> str:
    trunk = of.source.trunk
    return FRONT_END_POOL if trunk is None else trunk.name


def _key(call: Call) -> tuple[str, str]:
    return call.ledger.called, _asks(call)
