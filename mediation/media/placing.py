"""Which worker carries which call, and where a call goes when its worker has gone.

A call is given to the least loaded worker that has not refused it, and there it stays. When that one dies the call goes
on with another one at once, or with the next that is ready where there is none: on the same ports, by the plan in force
(`books`). What cannot go on is told as MediaLost.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mediation.b2bua.media_commands import CloseMedia, MediaCommand, OpenMedia, OpenPair
from mediation.b2bua.media_facts import (
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    PairRefused,
)
from mediation.media.adoption import Adopted
from mediation.media.books import Book
from mediation.media.call_messages import CallFact
from mediation.media.channel import Message
from mediation.media.process import WorkerProcess
from mediation.media.worker_messages import Held, WorkerStatistics

WAIT_S: Final = 10.0
"""So long a call waits for a worker after its own has died. Then its parties have hung up, or should."""

MAX_MOVES: Final = 3
"""A call under which so many workers have died may be what they died of. Two may have died at the same moment."""


@dataclass(eq=False, slots=True)
class Seat:
    """A worker that can take calls, as long as its process lives."""

    index: int
    process: WorkerProcess
    calls: set[str] = field(default_factory=set)
    orphans: dict[str, Held] = field(default_factory=dict)
    """Calls of a signalling process before us."""
    statistics: WorkerStatistics | None = None
    patience: asyncio.Timeout | None = None
    """Put off by each word of its statistics."""

    @property
    def load(self) -> int:
        """Calls that it carries."""
        return len(self.calls) + len(self.orphans)


@dataclass(slots=True)
class _Opening:
    """A call that no worker has opened yet."""

    command: OpenMedia
    wanted: bool = True
    """False: it was closed meanwhile."""
    refused_by: set[int] = field(default_factory=set)
    reason: str = "no media worker is ready"


class Placing:
    """All calls of a server, and the workers that can take them. All its methods belong to one event loop."""

    def __init__(self, on_fact: Callable[[MediaFact], None]) -> None:
        """`on_fact` is called from within `hear` and no other method."""
        self._on_fact = on_fact
        self.seats: dict[int, Seat] = {}
        """The workers that can take calls, by their numbers."""
        self._carriers: dict[str, Seat] = {}
        self._opening: dict[str, _Opening] = {}
        self._books: dict[str, Book] = {}
        self._homeless: dict[str, asyncio.TimerHandle] = {}
        """Calls whose worker has died before another one was there, and when they are given up."""

    def perform(self, command: MediaCommand) -> None:
        """See MediaEngine."""
        call = command.call
        if isinstance(command, OpenMedia):
            if call in self._books:
                raise ValueError(f"media of {call} are open already")
            self._books[call] = Book(command)
            self._opening[call] = _Opening(command)
            self._open_somewhere(call)
        elif book := self._books.get(call):
            if call in self._opening:
                if isinstance(command, CloseMedia):
                    self._opening[call].wanted = False
                elif isinstance(command, OpenPair):  # whoever opens the call in the end would not know of it
                    self._tell_later(PairRefused(call, "media are not open yet"))
                    return
            book.commanded(command)
            if seat := self._carriers.get(call):
                seat.process.send(command)
            elif call in self._homeless and book.closing:
                self._give_up(call, "its media worker died")

    def close(self) -> None:
        """Nobody waits for a worker any more."""
        for timer in self._homeless.values():
            timer.cancel()

    # what workers do

    def seat(self, index: int, process: WorkerProcess) -> Seat:
        """A process that is ready takes calls from now on."""
        seat = self.seats[index] = Seat(index, process)
        for call in tuple(self._homeless):
            self._homeless.pop(call).cancel()
            self._move(call)
        return seat

    def hear(self, seat: Seat, fact: CallFact) -> None:
        """A worker has said this of a call."""
        if self._carriers.get(fact.call) is seat and self._note(seat, fact):
            self._on_fact(fact)

    def come_to_terms(self, seat: Seat, adopted: Adopted) -> None:
        """Another channel leads to a worker: words may have been lost either way."""
        for fact in adopted.facts:
            if self._carriers.get(fact.call) is seat:
                self._note_and_tell_later(seat, fact)
        held = {each.call: each for each in adopted.held if not each.orphan}
        for call in tuple(seat.calls):
            book = self._books[call]
            for fact in book.unheard(held.get(call)):
                self._note_and_tell_later(seat, fact)
            if self._carriers.get(call) is seat:
                for message in book.repeated(held.get(call)):
                    seat.process.send(message)
        for call in held.keys() - seat.calls:
            seat.process.send(CloseMedia(call))

    def move_all(self, seat: Seat, reason: str) -> int:
        """A worker is gone: let its calls go on elsewhere. Returns how many may.

        A call that was only being opened may still find another one.
        """
        moved = 0
        for call in tuple(seat.calls):
            self._release(call)
            book = self._books[call]
            book.moves += 1
            if call in self._opening:
                self._open_elsewhere(call, seat.index, reason)
            elif book.closing or book.moves >= MAX_MOVES:
                self._give_up(call, reason)
            else:
                self._move(call)
                moved += 1
        return moved

    # how a call finds a worker

    def _open_somewhere(self, call: str) -> None:
        """Ask the least loaded worker that has not refused this call."""
        opening = self._opening[call]
        seats = [seat for seat in self.seats.values() if seat.index not in opening.refused_by]
        if not seats or not opening.wanted:
            del self._opening[call], self._books[call]
            self._tell_later(MediaRefused(call, opening.reason))
            return
        self._give_to(seats, call, [opening.command])

    def _open_elsewhere(self, call: str, refused_by: int, reason: str) -> None:
        opening = self._opening[call]
        opening.refused_by.add(refused_by)
        opening.reason = reason
        self._open_somewhere(call)

    def _move(self, call: str) -> None:
        """To another worker, or where there is none, to the first that will be there."""
        seats = [seat for seat in self.seats.values() if seat.process.life.lives]  # they may die all at once
        if seats:
            self._give_to(seats, call, self._books[call].again())
        else:
            loop = asyncio.get_running_loop()
            self._homeless[call] = loop.call_later(
                WAIT_S, self._give_up, call, f"no media worker for {WAIT_S:.0f} s"
            )

    def _give_to(self, seats: Sequence[Seat], call: str, messages: Sequence[Message]) -> None:
        """From now on the least loaded of these workers has the call."""
        seat = min(seats, key=lambda each: each.load)
        seat.calls.add(call)
        self._carriers[call] = seat
        for message in messages:
            seat.process.send(message)

    def _give_up(self, call: str, reason: str) -> None:
        """The call has no audio any more."""
        if timer := self._homeless.pop(call, None):
            timer.cancel()
        del self._books[call]
        self._tell_later(MediaLost(call, reason))

    def _release(self, call: str) -> None:
        self._carriers.pop(call).calls.discard(call)

    # what is told

    def _note(self, seat: Seat, fact: MediaFact) -> bool:
        """Whether it is to be told."""
        call = fact.call
        self._books[call].told(fact)
        match fact:
            case MediaOpened():
                self._opening.pop(call, None)
            case MediaRefused(_, reason):
                self._release(call)
                self._open_elsewhere(call, seat.index, reason)
                return False
            case MediaLost() | MediaClosed():
                self._release(call)
                self._opening.pop(call, None)
                del self._books[call]
            case _:
                pass  # the call stays where it is
        return True

    def _note_and_tell_later(self, seat: Seat, fact: MediaFact) -> None:
        if self._note(seat, fact):
            self._tell_later(fact)

    def _tell_later(self, fact: MediaFact) -> None:
        """Not within `perform`, nor in a worker's task, which an error of the listener must not end."""
        asyncio.get_running_loop().call_soon(self._on_fact, fact)
