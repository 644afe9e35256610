"""What is known of each call's media outside its worker: enough for another worker to go on with it.

A worker that dies takes with it what it had measured, the numbers of its streams and whom its locks had chosen. What
the parties were told stays true: the ports, and the plan in force.
"""

from collections import deque
from dataclasses import dataclass, field

from mediation.b2bua.plan import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    Endpoint,
    FaxPlan,
    MediaCommand,
    MediaFact,
    MediaOpened,
    MediaPlan,
    OpenMedia,
    OpenPair,
    PairOpened,
    PairRefused,
    PressKey,
)
from mediation.media.channel import Message, Reopen
from mediation.settings.peers import Side


@dataclass(eq=False, slots=True)
class Book:
    """One call's, from its OpenMedia on."""

    opening: OpenMedia
    is_open: bool = False
    closing: bool = False
    """It has been told to close: nobody needs its audio any more."""
    moves: int = 0
    """Workers that have died under it."""
    _pairs: dict[int, tuple[Side, Endpoint]] = field(default_factory=dict)
    _next_pair: int = 2
    _asked: deque[OpenPair] = field(default_factory=deque)
    _plan: MediaPlan | FaxPlan | None = None

    def commanded(self, command: MediaCommand) -> None:
        """A worker is told this, or will be as soon as there is one."""
        match command:
            case ApplyMedia(_, plan):
                self._plan = plan
            case OpenPair():
                self._asked.append(command)
            case ClosePair(_, number):
                self._pairs.pop(number, None)
            case CloseMedia():
                self.closing = True
            case OpenMedia() | PressKey():
                pass

    def told(self, fact: MediaFact) -> None:
        """A worker has said this."""
        match fact:
            case MediaOpened(_, caller, callee):
                self.is_open = True
                self._pairs = {0: (self.opening.caller, caller), 1: (self.opening.callee, callee)}
            case PairOpened(_, number, endpoint):
                self._pairs[number] = self._asked.popleft().side, endpoint
                self._next_pair = number + 1
            case PairRefused():
                self._asked.popleft()
            case _:
                pass

    def again(self) -> list[Message]:
        """What to tell a worker that shall go on with the call."""
        call = self.opening.call
        seats = (self._plan.caller_pair, self._plan.callee_pair) if self._plan else (0, 1)
        pairs = tuple((number, side, *endpoint) for number, (side, endpoint) in self._pairs.items())
        messages: list[Message] = [Reopen(call, seats, pairs, self._next_pair)]
        if self._plan is not None:
            messages.append(ApplyMedia(call, self._plan))
        return [*messages, *self._asked]
