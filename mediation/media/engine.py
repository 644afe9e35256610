"""The engine of worker processes behind the `port` of media: it keeps the processes, and `placing` gives them calls.

A worker that dies is replaced. One to which only the channel is lost is led to by another one, and its calls notice
nothing. The workers of a signalling process that has died are adopted by the one that comes after it, with the calls
that they carry: orphans, of which nothing else is known, and which end by themselves (`orphans`).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from mediation.b2bua.media_commands import MediaCommand
from mediation.b2bua.media_facts import MediaFact
from mediation.media.adoption import Adopted, adopt_all, reclaim
from mediation.media.call_messages import CallFact
from mediation.media.channel import Message
from mediation.media.keeping import STEADY_S, keep
from mediation.media.lives import Life
from mediation.media.notices import (
    CallAbandoned,
    Notice,
    WorkerAdopted,
    WorkerLost,
    WorkerReclaimed,
    WorkerStarted,
)
from mediation.media.placing import Placing, Seat
from mediation.media.port import MediaEngineError
from mediation.media.process import WorkerError, WorkerProcess, start_worker
from mediation.media.worker_messages import OrphanEnded, WorkerStatistics
from mediation.media.worker_settings import WorkerSettings

RESTART_S: Final = 0.1
"""A worker is replaced after so long, the first time (`keeping`)."""

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
        self._on_notice = on_notice
        self._master = secrets.token_hex(8)
        self._sparing = True
        """Workers with calls are let go, not ended: so it is until we are closed, for whoever else cancels what we do
        is on the way out of a process that breaks."""
        self._placing = Placing(on_fact)
        self._tenders: list[asyncio.Task[None]] = []

    @property
    def workers(self) -> dict[int, int]:
        """Process ids of the workers that can take calls, by worker number."""
        return {index: seat.process.pid for index, seat in self._placing.seats.items()}

    @property
    def loads(self) -> dict[int, int]:
        """Calls that each worker has, by worker number."""
        return {index: seat.load for index, seat in self._placing.seats.items()}

    @property
    def orphans(self) -> int:
        """Calls of a signalling process before us that go on."""
        return sum(len(seat.orphans) for seat in tuple(self._placing.seats.values()))

    @property
    def statistics(self) -> dict[int, WorkerStatistics]:
        """The last word of each worker about itself, by worker number."""
        seats = self._placing.seats.items()
        return {index: seat.statistics for index, seat in seats if seat.statistics is not None}

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
        self._placing.perform(command)

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """See MediaEngine."""
        self._sparing = spare_calls
        for tender in self._tenders:
            tender.cancel()
        self._placing.close()
        ends = await asyncio.gather(*self._tenders, return_exceptions=True)
        self._tenders.clear()
        # A task that is cancelled before its first turn has closed nothing.
        await asyncio.gather(*map(self._leave, self._placing.seats.values()))
        for end in ends:
            if isinstance(end, Exception):  # a bug of ours: cancelled, they end with something else
                raise end

    def _hear(self, index: int, process: WorkerProcess, message: Message) -> None:
        seat = self._placing.seats.get(index)
        if seat is None or seat.process is not process:
            return
        if isinstance(message, CallFact):
            self._placing.hear(seat, message)
        elif isinstance(message, WorkerStatistics):
            seat.statistics = message
            if seat.patience is not None and not seat.patience.expired():
                seat.patience.reschedule(asyncio.get_running_loop().time() + HUNG_S)
        elif isinstance(message, OrphanEnded) and seat.orphans.pop(message.call, None) is not None:
            self._on_notice(CallAbandoned(index, message.call, message.reason))

    # one process after the other

    def _begin_to_tend(self, seat: Seat) -> None:
        """Keep one worker alive: wait for the end of its process, and start another."""
        index = seat.index

        async def start_another() -> Seat:
            return self._seat(index, await self._start_worker(index))

        def failed(error: WorkerError) -> None:
            self._on_notice(WorkerLost(index, str(error), 0))

        kept = keep(seat, self._live_through, start_another, failed, pause_s=RESTART_S)
        self._tenders.append(asyncio.create_task(kept))

    async def _start_worker(self, index: int) -> WorkerProcess:
        settings = self._settings
        configure = settings.configure(index, self._master)
        return await start_worker(configure, partial(self._hear, index), settings.shelf, settings.tape)

    def _seat(self, index: int, process: WorkerProcess) -> Seat:
        self._on_notice(WorkerStarted(index, process.pid, process.denied))
        return self._placing.seat(index, process)

    def _adopt(self, index: int, adopted: Adopted) -> Seat:
        """A worker of a signalling process before us."""
        life = adopted.life
        orphans = {held.call: held for held in adopted.held}
        self._on_notice(WorkerAdopted(index, life.pid, len(orphans)))
        seat = self._seat(index, self._process(index, life, adopted))
        seat.orphans = orphans
        return seat

    def _process(self, index: int, life: Life, adopted: Adopted) -> WorkerProcess:
        process = WorkerProcess(life, adopted.channel, partial(self._hear, index))
        process.denied = adopted.denied
        return process

    async def _live_through(self, seat: Seat) -> None:
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
            del self._placing.seats[seat.index]  # it gets nothing more
            status = await seat.process.aclose(DEATH_LIMIT_S)
        finally:
            await self._leave(seat)
        # Not sooner: until the process has ended, its ports are bound.
        calls = seat.load
        moved = self._placing.move_all(seat, f"media worker {seat.index} died")
        self._on_notice(WorkerLost(seat.index, f"exit status {status}: {reason}", calls, moved))

    async def _leave(self, seat: Seat) -> None:
        """Its process ends, if it has not; or it goes on without us."""
        if self._sparing and seat.load:
            seat.process.let_go()
        else:
            await seat.process.aclose()

    async def _reclaim(self, seat: Seat, reason: str) -> bool:
        """The channel is lost. While the worker lives, have another one. False: it is gone."""
        adopted = await reclaim(seat.process.life, self._settings, self._master)
        if adopted is None:
            return False
        seat.process = self._process(seat.index, seat.process.life, adopted)
        seat.orphans = {held.call: held for held in adopted.held if held.orphan}
        self._placing.come_to_terms(seat, adopted)
        self._on_notice(WorkerReclaimed(seat.index, reason, len(seat.calls)))
        return True
