"""The engine of worker processes behind the `port` of media.

It gives each call to the least loaded worker process, and there it stays. When a worker dies, another process takes
its place, and its calls go on with the other workers at once, or with that process where there are none: on the same
ports, by the plan in force. What cannot go on is told as MediaLost.

A worker to which only the channel is lost is led to by another one, and its calls notice nothing. The workers of a
signalling process that has died are adopted by the one that comes after it, with the calls that they carry: orphans,
of which nothing else is known, and which end by themselves (`orphans`).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from mediation.b2bua.media_commands import CloseMedia, MediaCommand, OpenMedia, OpenPair
from mediation.b2bua.media_facts import (
    KeyHeard,
    MediaAmiss,
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    SoundEnded,
)
from mediation.media.adoption import Adopted, adopt_all, reclaim
from mediation.media.books import Book
from mediation.media.channel import Message
from mediation.media.lives import Life
from mediation.media.notices import (
    CallAbandoned,
    Notice,
    WorkerAdopted,
    WorkerLost,
    WorkerReclaimed,
    WorkerStarted,
)
from mediation.media.port import MediaEngineError
from mediation.media.process import WorkerError, WorkerProcess, start_worker
from mediation.media.worker_messages import Held, OrphanEnded, WorkerStatistics
from mediation.media.worker_settings import WorkerSettings

FIRST_RESTART_S: Final = 0.1
"""A worker is replaced after so long, and twice as long each time that it has not lived for `STEADY_S`."""

LAST_RESTART_S: Final = 30.0
STEADY_S: Final = 10.0

WAIT_S: Final = 10.0
"""So long a call waits for a worker after its own has died. Then its parties have hung up, or should."""

MAX_MOVES: Final = 3
"""A call under which so many workers have died may be what they died of. Two may have died at the same moment."""

DEATH_LIMIT_S: Final = 0.3
"""A worker that has closed its channel, or says nothing, may take so long to tell why. Its calls wait meanwhile."""

MAX_RECLAIMS: Final = 3
"""A channel that breaks so often within `STEADY_S` may carry what this worker cannot bear: it is given up."""

HUNG_S: Final = 20.0
"""A worker without a word for so long is as good as dead. Several times the interval of its statistics."""


class WorkerMediaEngine:
    """A MediaEngine of worker processes. All its methods belong to one event loop."""

    def __init__(
        self,
        settings: WorkerSettings,
        on_fact: Callable[[MediaFact], None],
        on_notice: Callable[[Notice], None] = lambda _: None,
    ) -> None:
        """`on_fact` is never called from within `perform`."""
        self._settings = settings
        self._on_fact = on_fact
        self._on_notice = on_notice
        self._master = secrets.token_hex(8)
        self._sparing = True
        """Workers with calls are let go, not ended: so it is until we are closed, for whoever else cancels what we do
        is on the way out of a process that breaks."""
        self._seats: dict[int, _Seat] = {}
        self._carriers: dict[str, _Seat] = {}
        self._opening: dict[str, _Opening] = {}
        self._books: dict[str, Book] = {}
        self._homeless: dict[str, asyncio.TimerHandle] = {}
        """Calls whose worker has died before another one was there, and when they are given up."""
        self._tenders: list[asyncio.Task[None]] = []

    @property
    def workers(self) -> dict[int, int]:
        """Process ids of the workers that can take calls, by worker number."""
        return {index: seat.process.pid for index, seat in self._seats.items()}

    @property
    def loads(self) -> dict[int, int]:
        """Calls that each worker has, by worker number."""
        return {index: _load(seat) for index, seat in self._seats.items()}

    @property
    def orphans(self) -> int:
        """Calls of a signalling process before us that go on."""
        return sum(len(seat.orphans) for seat in tuple(self._seats.values()))

    @property
    def statistics(self) -> dict[int, WorkerStatistics]:
        """The last word of each worker about itself, by worker number."""
        return {index: seat.statistics for index, seat in self._seats.items() if seat.statistics is not None}

    async def start(self) -> None:
        """Adopt the workers that are there, start the others, and wait until all are ready."""
        adopted, left = await adopt_all(self._settings, self._master)
        for notice in left:
            self._on_notice(notice)
        for index, one in adopted.items():
            self._begin_to_tend(self._adopt(index, one))
        missing = [index for index in range(self._settings.count) if index not in adopted]
        started = await asyncio.gather(*map(self._start_worker, missing), return_exceptions=True)
        processes = [process for process in started if isinstance(process, WorkerProcess)]
        for error in started:
            if isinstance(error, BaseException):
                await asyncio.gather(*(process.aclose() for process in processes))
                await self.aclose(spare_calls=True)
                raise MediaEngineError(f"a media worker does not start: {error}") from error
        for index, process in zip(missing, processes, strict=True):
            self._begin_to_tend(self._seat(index, process))

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

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """See MediaEngine."""
        self._sparing = spare_calls
        for tender in self._tenders:
            tender.cancel()
        for timer in self._homeless.values():
            timer.cancel()
        ends = await asyncio.gather(*self._tenders, return_exceptions=True)
        self._tenders.clear()
        # A task that is cancelled before its first turn has closed nothing.
        await asyncio.gather(*map(self._leave, self._seats.values()))
        for end in ends:
            if isinstance(end, Exception):  # a bug of ours: cancelled, they end with something else
                raise end

    def _open_somewhere(self, call: str) -> None:
        """Ask the least loaded worker that has not refused this call."""
        opening = self._opening[call]
        seats = [seat for seat in self._seats.values() if seat.index not in opening.refused_by]
        if not seats or not opening.wanted:
            del self._opening[call], self._books[call]
            self._tell_later(MediaRefused(call, opening.reason))
            return
        self._give_to(min(seats, key=_load), call, [opening.command])

    def _give_to(self, seat: "_Seat", call: str, messages: Sequence[Message]) -> None:
        """From now on this worker has the call."""
        seat.calls.add(call)
        self._carriers[call] = seat
        for message in messages:
            seat.process.send(message)

    def _open_elsewhere(self, call: str, refused_by: int, reason: str) -> None:
        opening = self._opening[call]
        opening.refused_by.add(refused_by)
        opening.reason = reason
        self._open_somewhere(call)

    def _hear(self, index: int, process: WorkerProcess, message: Message) -> None:
        seat = self._seats.get(index)
        if seat is None or seat.process is not process:
            return
        match message:
            case WorkerStatistics():
                seat.statistics = message
                if seat.patience is not None and not seat.patience.expired():
                    seat.patience.reschedule(asyncio.get_running_loop().time() + HUNG_S)
            case OrphanEnded(call, reason):
                if seat.orphans.pop(call, None) is not None:
                    self._on_notice(CallAbandoned(index, call, reason))
            case (
                MediaOpened() | MediaRefused() | PairOpened() | PairRefused()
                | MediaSilent() | MediaAmiss() | KeyHeard() | SoundEnded() | MediaLost() | MediaClosed()
            ):  # fmt: skip
                if self._carriers.get(message.call) is seat:
                    self._hear_fact(seat, message)

    def _hear_fact(self, seat: "_Seat", fact: MediaFact) -> None:
        if self._note(seat, fact):
            self._on_fact(fact)

    def _note(self, seat: "_Seat", fact: MediaFact) -> bool:
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
            case PairOpened() | PairRefused() | MediaSilent() | MediaAmiss() | KeyHeard() | SoundEnded():
                pass
        return True

    def _tell_later(self, fact: MediaFact) -> None:
        """Not within `perform`, nor in a worker's task, which an error of the listener must not end."""
        asyncio.get_running_loop().call_soon(self._on_fact, fact)

    def _release(self, call: str) -> None:
        self._carriers.pop(call).calls.discard(call)

    def _seat(self, index: int, process: WorkerProcess) -> "_Seat":
        """A process that is ready takes calls from now on."""
        seat = self._seats[index] = _Seat(index, process)
        self._on_notice(WorkerStarted(index, process.pid, process.denied))
        for call in tuple(self._homeless):
            self._homeless.pop(call).cancel()
            self._move(call)
        return seat

    def _adopt(self, index: int, adopted: Adopted) -> "_Seat":
        """A worker of a signalling process before us."""
        life = adopted.life
        orphans = {held.call: held for held in adopted.held}
        self._on_notice(WorkerAdopted(index, life.pid, len(orphans)))
        process = self._process(index, life, adopted)
        seat = self._seat(index, process)
        seat.orphans = orphans
        return seat

    def _process(self, index: int, life: Life, adopted: Adopted) -> WorkerProcess:
        process = WorkerProcess(life, adopted.channel, partial(self._hear, index))
        process.denied = adopted.denied
        return process

    def _begin_to_tend(self, seat: "_Seat") -> None:
        self._tenders.append(asyncio.create_task(self._tend(seat)))

    async def _tend(self, seat: "_Seat") -> None:
        """Keep one worker alive: wait for the end of its process, and start another."""
        loop = asyncio.get_running_loop()
        wait_s = FIRST_RESTART_S
        while True:
            began = loop.time()
            await self._live_through(seat)
            if loop.time() - began > STEADY_S:
                wait_s = FIRST_RESTART_S
            process: WorkerProcess | None = None
            while process is None:
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LAST_RESTART_S)
                try:
                    process = await self._start_worker(seat.index)
                except WorkerError as error:
                    self._on_notice(WorkerLost(seat.index, str(error), 0))
            seat = self._seat(seat.index, process)

    async def _live_through(self, seat: "_Seat") -> None:
        """Until the process of a worker has ended, or says nothing any more."""
        loop = asyncio.get_running_loop()
        reclaimed: deque[float] = deque(maxlen=MAX_RECLAIMS)
        try:
            while True:
                try:
                    async with asyncio.timeout(HUNG_S) as seat.patience:
                        reason = await seat.process.ended()
                except TimeoutError:
                    reason = f"it has said nothing for {HUNG_S:.0f} s"
                    break
                if len(reclaimed) == MAX_RECLAIMS and loop.time() - reclaimed[0] < STEADY_S:
                    break
                if not await self._reclaim(seat, reason):
                    break
                reclaimed.append(loop.time())
            del self._seats[seat.index]  # it gets nothing more
            status = await seat.process.aclose(DEATH_LIMIT_S)
        finally:
            await self._leave(seat)
        # Not sooner: until the process has ended, its ports are bound.
        calls = _load(seat)
        moved = self._move_all(seat, f"media worker {seat.index} died")
        self._on_notice(WorkerLost(seat.index, f"exit status {status}: {reason}", calls, moved))

    async def _leave(self, seat: "_Seat") -> None:
        """Its process ends, if it has not; or it goes on without us."""
        if self._sparing and _load(seat):
            seat.process.let_go()
        else:
            await seat.process.aclose()

    async def _reclaim(self, seat: "_Seat", reason: str) -> bool:
        """The channel is lost. While the worker lives, have another one. False: it is gone."""
        adopted = await reclaim(seat.process.life, self._settings, self._master)
        if adopted is None:
            return False
        seat.process = self._process(seat.index, seat.process.life, adopted)
        seat.orphans = {held.call: held for held in adopted.held if held.orphan}
        for fact in adopted.facts:
            if self._carriers.get(fact.call) is seat:
                self._note_and_tell_later(seat, fact)
        calls = {held.call: held for held in adopted.held if not held.orphan}
        for call in tuple(seat.calls):
            self._come_to_terms(seat, call, calls.get(call))
        for call in calls.keys() - seat.calls:
            seat.process.send(CloseMedia(call))
        self._on_notice(WorkerReclaimed(seat.index, reason, len(seat.calls)))
        return True

    def _come_to_terms(self, seat: "_Seat", call: str, held: Held | None) -> None:
        """Words may have been lost either way."""
        book = self._books[call]
        for fact in book.unheard(held):
            self._note_and_tell_later(seat, fact)
        if self._carriers.get(call) is seat:
            for message in book.repeated(held):
                seat.process.send(message)

    def _note_and_tell_later(self, seat: "_Seat", fact: MediaFact) -> None:
        if self._note(seat, fact):
            self._tell_later(fact)

    def _move_all(self, seat: "_Seat", reason: str) -> int:
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

    def _move(self, call: str) -> None:
        """To another worker, or where there is none, to the first that will be there."""
        seats = [seat for seat in self._seats.values() if seat.process.life.lives]  # they may die all at once
        if seats:
            self._give_to(min(seats, key=_load), call, self._books[call].again())
        else:
            loop = asyncio.get_running_loop()
            self._homeless[call] = loop.call_later(
                WAIT_S, self._give_up, call, f"no media worker for {WAIT_S:.0f} s"
            )

    def _give_up(self, call: str, reason: str) -> None:
        """The call has no audio any more."""
        if timer := self._homeless.pop(call, None):
            timer.cancel()
        del self._books[call]
        self._tell_later(MediaLost(call, reason))

    async def _start_worker(self, index: int) -> WorkerProcess:
        settings = self._settings
        configure = settings.configure(index, self._master)
        return await start_worker(configure, partial(self._hear, index), settings.shelf, settings.tape)


def _load(seat: "_Seat") -> int:
    return len(seat.calls) + len(seat.orphans)


@dataclass(eq=False, slots=True)
class _Seat:
    """A worker that can take calls, as long as its process lives."""

    index: int
    process: WorkerProcess
    calls: set[str] = field(default_factory=set)
    orphans: dict[str, Held] = field(default_factory=dict)
    """Calls of a signalling process before us."""
    statistics: WorkerStatistics | None = None
    patience: asyncio.Timeout | None = None
    """Put off by each word of its statistics."""


@dataclass(slots=True)
class _Opening:
    """A call that no worker has opened yet."""

    command: OpenMedia
    wanted: bool = True
    """False: it was closed meanwhile."""
    refused_by: set[int] = field(default_factory=set)
    reason: str = "no media worker is ready"
