"""Calls that come back: whom we have called for somebody gives the call to us again, for the same one.

A proxy knows a loop by its own Via (RFC 3261 section 16.3 item 4, RFC 5393). Of a back-to-back user agent neither Via
nor Call-ID survives the next one, and where Max-Forwards begins anew on the way nothing ends the circle. A mark of our
own would tell strangers which calls are one. What the circle itself needs to go on does survive: the number. Who has
given us a call for a number has nobody there; nobody else may give it back that very call, as long as it is not
answered. A call that was forwarded has another number, and is let through.
"""

from dataclasses import replace

from mediation.b2bua.call import Call
from mediation.b2bua.deciding import Decision
from mediation.routing.directory import FRONT_END_POOL
from mediation.routing.numbers import number_of


class Circles:
    """The calls of one engine; those that nobody has answered yet count."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], dict[str, Call]] = {}
        """By the called number, and by whoever has asked for it."""

    def enter(self, call: Call) -> None:
        """A call has begun."""
        self._calls.setdefault(_key(call), {})[call.id] = call

    def leave(self, call: Call) -> None:
        """It is over."""
        key = _key(call)
        alike = self._calls.get(key, {})
        alike.pop(call.id, None)
        if not alike:
            self._calls.pop(key, None)

    def broken(self, decision: Decision) -> Decision:
        """What is left of a decision: nobody is called from whom the same caller asks for the same number."""
        calling = number_of(decision.invitation.request.from_.uri)
        asking = {
            name
            for name in {each.trunk for each in decision.candidates}
            if any(
                calling in call.calling_numbers and not call.is_answered
                for call in self._calls.get((decision.called, name), {}).values()
            )
        }
        if not asking:
            return decision
        left = tuple(each for each in decision.candidates if each.trunk not in asking)
        return replace(decision, candidates=left)


def _key(call: Call) -> tuple[str, str]:
    trunk = call.source.trunk
    return call.ledger.called, FRONT_END_POOL if trunk is None else trunk.name
