"""The port through which signalling drives media, and the engine of worker processes behind it.

Signalling knows `MediaEngine` alone: commands go in, facts come back. `WorkerMediaEngine` gives each call to
the least loaded worker process, and there it stays. When a worker dies, another process takes its place, and its
calls go on with the other workers at once, or with that process where there are none: on the same ports, by the
plan in force. What cannot go on is told as MediaLost.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from mediation.b2bua.plan import (
    CloseMedia,
    KeyHeard,
    MediaAmiss,
    MediaClosed,
    MediaCommand,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    OpenMedia,
    OpenPair,
    PairOpened,
    PairRefused,
    SoundEnded,
)
from mediation.media.books import Book
from mediation.media.channel import Configure, Message, WorkerStatistics
from mediation.media.process import WorkerError, WorkerProcess, start_worker

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

HUNG_S: Final = 20.0
"""A worker without a word for so long is as good as dead. Several times the interval of its statistics."""


class MediaEngine(Protocol):
    """Carries out media commands, wherever and however.

    OpenMedia is answered by MediaOpened or MediaRefused, OpenPair by PairOpened or PairRefused, CloseMedia by
    MediaClosed. After MediaRefused, MediaLost or MediaClosed nothing more comes for the call, and commands for
    it are ignored: a pair that was asked for then went with the rest.
    """

    async def start(self) -> None:
        """Get ready for calls. Raises MediaEngineError."""

    def perform(self, command: MediaCommand) -> None:
        """Begin to carry out a command, without waiting. A failure is a fact that comes later.

        Raises ValueError when a call is opened that is open already.
        """

    async def aclose(self) -> None:
        """Stop now. Calls that are still there hear no facts any more."""


class MediaEngineError(Exception):
    """Media cannot be had at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What the workers need to know."""

    front_end_ports: tuple[int, int]
    """First and last port of the internal interface; the workers share them out."""
    gateway_ports: tuple[int, int]
    workers: int = 0
    """Processes; 0: one for each processor core that we may use."""
    port_quarantine_s: float = 5.0
    rtcp_interval_s: float = 5.0
    tick_s: float = 0.0014
    """How long packets may gather, to be served together."""
    statistics_interval_s: float = 5.0
    pinned: bool = False
    """Each worker stays on one of the cores that we may use, one after the other."""
    real_time_priority: int = 0
    """Of SCHED_FIFO, 1 to 99; 0: the workers are ordinary processes."""
    socket_buffer_octets: int = 0
    """Room for packets that wait, for each RTP socket; 0: the system's own size."""
    devices: tuple[tuple[str, str], ...] = ()
    """Addresses whose ports are bound to a network interface, and which."""
    wide: bool = False
    """Whether parties may speak wide codecs."""
    shelf: int = -1
    """Descriptor of what the workers may play (`shelf`); it stays its owner's. -1: nothing."""
    tape: int = -1
    """Descriptor of the way to the recorder (`tape`); it stays its owner's. -1: there is none."""


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """For the log: a worker is ready."""

    worker: int
    pid: int
    denied: str = ""
    """What the system has not granted it."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """For the log: a worker has ended that should not have, or has not come up."""

    worker: int
    reason: str
    calls: int
    """Calls that were with it."""
    moved: int = 0
    """Those of them that go on with another worker, or may still."""


Notice = WorkerStarted | WorkerLost


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
        self._count = settings.workers or len(os.sched_getaffinity(0))
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
        return {index: len(seat.calls) for index, seat in self._seats.items()}

    @property
    def statistics(self) -> dict[int, WorkerStatistics]:
        """The last word of each worker about itself, by worker number."""
        return {index: seat.statistics for index, seat in self._seats.items() if seat.statistics is not None}

    async def start(self) -> None:
        """Start the workers and wait until all are ready."""
        starting = (self._start_worker(index) for index in range(self._count))
        started = await asyncio.gather(*starting, return_exceptions=True)
        processes = [process for process in started if isinstance(process, WorkerProcess)]
        for error in started:
            if isinstance(error, BaseException):
                await asyncio.gather(*(process.aclose() for process in processes))
                raise MediaEngineError(f"a media worker does not start: {error}") from error
        for index, process in enumerate(processes):
            seat = self._seat(index, process)
            self._tenders.append(asyncio.create_task(self._tend(seat)))

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

    async def aclose(self) -> None:
        """See MediaEngine."""
        for tender in self._tenders:
            tender.cancel()
        for timer in self._homeless.values():
            timer.cancel()
        ends = await asyncio.gather(*self._tenders, return_exceptions=True)
        self._tenders.clear()
        # A task that is cancelled before its first turn closes nothing.
        await asyncio.gather(*(seat.process.aclose() for seat in self._seats.values()))
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
            case (
                MediaOpened() | MediaRefused() | PairOpened() | PairRefused()
                | MediaSilent() | MediaAmiss() | KeyHeard() | SoundEnded() | MediaLost() | MediaClosed()
            ):  # fmt: skip
                if self._carriers.get(message.call) is seat:
                    self._hear_fact(seat, message)

    def _hear_fact(self, seat: "_Seat", fact: MediaFact) -> None:
        call = fact.call
        self._books[call].told(fact)
        match fact:
            case MediaOpened():
                self._opening.pop(call, None)
            case MediaRefused(_, reason):
                self._release(call)
                self._open_elsewhere(call, seat.index, reason)
                return
            case MediaLost() | MediaClosed():
                self._release(call)
                self._opening.pop(call, None)
                del self._books[call]
            case PairOpened() | PairRefused() | MediaSilent() | MediaAmiss() | KeyHeard() | SoundEnded():
                pass
        self._on_fact(fact)

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
        process = seat.process
        try:
            try:
                async with asyncio.timeout(HUNG_S) as seat.patience:
                    reason = await process.ended()
            except TimeoutError:
                reason = f"it has said nothing for {HUNG_S:.0f} s"
            del self._seats[seat.index]  # it gets nothing more
            status = await process.aclose(DEATH_LIMIT_S)
        finally:
            await process.aclose()
        # Not sooner: until the process has ended, its ports are bound.
        calls = len(seat.calls)
        moved = self._move_all(seat, f"media worker {seat.index} died")
        self._on_notice(WorkerLost(seat.index, f"exit status {status}: {reason}", calls, moved))

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
        seats = [seat for seat in self._seats.values() if seat.process.lives]  # they may die all at once
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
        cores = sorted(os.sched_getaffinity(0))
        configure = Configure(
            front_end_ports=settings.front_end_ports,
            gateway_ports=settings.gateway_ports,
            share=(index, self._count),
            port_quarantine_s=settings.port_quarantine_s,
            rtcp_interval_s=settings.rtcp_interval_s,
            tick_s=settings.tick_s,
            statistics_interval_s=settings.statistics_interval_s,
            core=cores[index % len(cores)] if settings.pinned else -1,
            real_time_priority=settings.real_time_priority,
            socket_buffer_octets=settings.socket_buffer_octets,
            devices=settings.devices,
            wide=settings.wide,
        )
        return await start_worker(configure, partial(self._hear, index), settings.shelf, settings.tape)


def _load(seat: "_Seat") -> int:
    return len(seat.calls)


@dataclass(eq=False, slots=True)
class _Seat:
    """A worker that can take calls, as long as its process lives."""

    index: int
    process: WorkerProcess
    calls: set[str] = field(default_factory=set)
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
