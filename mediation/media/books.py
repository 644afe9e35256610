"""What is known of each call's media outside its worker: enough for another worker to go on with it, and to come to
terms with its own after words were lost between the two.

A worker that dies takes with it what it had measured, the numbers of its streams and whom its locks had chosen. What
the parties were told stays true: the ports, and the plan in force.
"""

from collections import deque
from dataclasses import dataclass, field

from mediation.b2bua.media_commands import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaCommand,
    OpenMedia,
    OpenPair,
    PressKey,
)
from mediation.b2bua.media_facts import MediaFact, MediaLost, MediaOpened, PairOpened, PairRefused
from mediation.b2bua.plan import Endpoint, FaxPlan, MediaPlan
from mediation.media.channel import Message
from mediation.media.worker_messages import Held, Reopen
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

    def unheard(self, held: Held | None) -> list[MediaFact]:
        """What a worker must have said while no channel led to it, by what it has of the call; None: nothing.

        Once these are `told`, `repeated` says what it may not have heard.
        """
        call = self.opening.call
        if held is None:
            return [MediaLost(call, "its media worker has it no more")] if self.is_open else []
        places = {number: (side, (host, port)) for number, side, host, port in held.pairs}
        facts: list[MediaFact] = []
        if not self.is_open:
            facts.append(MediaOpened(call, places[0][1], places[1][1]))
        asked = list(self._asked)
        for number in sorted(number for number in places if number >= self._next_pair):
            side, endpoint = places[number]
            while asked and (asked[0].side, asked[0].local_host) != (side, endpoint[0]):
                asked.pop(0)
                facts.append(PairRefused(call, "the answer was lost"))
            if asked:
                asked.pop(0)
                facts.append(PairOpened(call, number, endpoint))
        return facts

    def repeated(self, held: Held | None) -> list[Message]:
        """What a worker may not have heard. What it has heard changes nothing, or is not in it."""
        call = self.opening.call
        messages: list[Message] = [] if held is not None else [self.opening]
        if self._plan is not None:
            messages.append(ApplyMedia(call, self._plan))
        if held is not None:
            messages += [ClosePair(call, number) for number, *_ in held.pairs if number not in self._pairs]
        return [*messages, *self._asked, *((CloseMedia(call),) if self.closing else ())]
