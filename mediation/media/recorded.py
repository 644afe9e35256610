"""A media engine whose calls can be recorded: the one that carries them, and a recorder beside it.

Orders to record stand in the plans that pass through here. The recorder is told of each call before the engine is, and
of its end when the engine has said its last word, which is held back for a moment so that the files are whole when the
call is written down. A recorder that dies is replaced; its calls go on in further files.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from mediation.b2bua.media_commands import ApplyMedia, MediaCommand
from mediation.b2bua.media_facts import MediaClosed, MediaFact, MediaLost, RecordingEnded, RecordingFailed
from mediation.b2bua.plan import MediaPlan, RecordingOrder
from mediation.media.channel import Message
from mediation.media.clock import UNITS_PER_MS
from mediation.media.keeping import keep
from mediation.media.notices import RecorderLost, RecorderNotice, RecorderStarted
from mediation.media.port import MediaEngine
from mediation.media.process import WorkerError, WorkerProcess, start_process
from mediation.media.recording_messages import BeginRecording, ConfigureRecorder, FinishRecording
from mediation.media.tape import pair

WAIT_S: Final = 1.5
"""So long the end of a call waits for its files. What takes longer is told as a failure, and the call is over."""

RESTART_S: Final = 0.2
"""A recorder is replaced after so long, the first time (`keeping`)."""

CLOSE_LIMIT_S: Final = 4.0


@dataclass(eq=False, slots=True)
class _Recording:
    """One call that is recorded."""

    order: RecordingOrder
    parts: int = 1
    """Recorders that it has had."""
    files: list[str] = field(default_factory=list)
    """Those that a recorder left behind that is gone."""
    closed: MediaClosed | None = None
    """The engine's last word, while it is held back."""
    patience: asyncio.TimerHandle | None = None
    """Runs from the end of the call's media on."""

    @property
    def part(self) -> RecordingOrder:
        """What the recorder of now is told: the files of those before stay as they are."""
        return self.order if self.parts == 1 else replace(self.order, name=f"{self.order.name}-{self.parts}")


class RecordedMedia:
    """A MediaEngine around another one."""

    def __init__(
        self,
        make: Callable[[Callable[[MediaFact], None], int], MediaEngine],
        on_fact: Callable[[MediaFact], None],
        on_notice: Callable[[RecorderNotice], None] = lambda _: None,
        *,
        free_octets: int,
    ) -> None:
        """`make` gives the engine, told whom to tell its facts and what its workers' `tape` is."""
        self._on_fact = on_fact
        self._on_notice = on_notice
        self._configure = ConfigureRecorder(free_octets)
        self._reading, self._writing = pair()
        self._engine = make(self._hear, self._writing.fileno())
        self._process: WorkerProcess | None = None
        self._recordings: dict[str, _Recording] = {}
        self._tender: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the recorder; 0: there is none now."""
        return 0 if self._process is None else self._process.pid

    async def start(self) -> None:
        """See MediaEngine. Without a recorder calls go on; one will be tried for."""
        try:
            await self._start_recorder()
        except WorkerError as error:
            self._has_not_come(error)
        kept = keep(
            self._process, self._live_through, self._start_recorder, self._has_not_come, pause_s=RESTART_S
        )
        self._tender = asyncio.create_task(kept)
        await self._engine.start()

    def perform(self, command: MediaCommand) -> None:
        """See MediaEngine."""
        if isinstance(command, ApplyMedia) and isinstance(command.plan, MediaPlan):
            order = command.plan.recording
            if order is not None and command.call not in self._recordings:
                self._recordings[command.call] = _Recording(order)
                self._begin(command.call)
        self._engine.perform(command)

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """See MediaEngine."""
        if self._tender is not None:
            self._tender.cancel()
            with suppress(asyncio.CancelledError):
                await self._tender
        await self._engine.aclose(spare_calls=spare_calls)
        for recording in self._recordings.values():
            if recording.patience is not None:
                recording.patience.cancel()
        if self._process is not None:
            await self._process.aclose(CLOSE_LIMIT_S)
        self._reading.close()
        self._writing.close()

    def _begin(self, call: str) -> None:
        recording = self._recordings[call]
        if self._process is None:
            self._tell_later(RecordingFailed(call, "the recorder is not there"))
            return
        self._process.send(BeginRecording(call, recording.part, _now()))

    def _hear(self, fact: MediaFact) -> None:
        """What the engine says."""
        recording = self._recordings.get(fact.call)
        if recording is None or not isinstance(fact, MediaClosed | MediaLost):
            self._on_fact(fact)
            return
        if isinstance(fact, MediaLost):
            self._on_fact(fact)  # its parties must not wait
        else:
            recording.closed = fact
        if self._process is None:
            self._end(fact.call, RecordingEnded(fact.call, ()))
            return
        self._process.send(FinishRecording(fact.call, _now()))
        loop = asyncio.get_running_loop()
        recording.patience = loop.call_later(WAIT_S, self._lose_patience, fact.call)

    def _hear_recorder(self, _process: WorkerProcess, message: Message) -> None:
        match message:
            case RecordingFailed(call) if call in self._recordings:
                self._on_fact(message)
            case RecordingEnded(call) if call in self._recordings:
                self._end(call, message)
            case _:
                pass  # of a call that is over

    def _lose_patience(self, call: str) -> None:
        self._on_fact(RecordingFailed(call, f"its files were not written within {WAIT_S} s"))
        recording = self._recordings.pop(call)
        if recording.closed is not None:
            self._on_fact(recording.closed)

    def _end(self, call: str, ended: RecordingEnded) -> None:
        recording = self._recordings.pop(call)
        if recording.patience is not None:
            recording.patience.cancel()
        unrecorded = 0 if recording.closed is None else recording.closed.unrecorded
        files = (*recording.files, *ended.files)
        self._on_fact(replace(ended, files=files, dropped=ended.dropped + unrecorded))
        if recording.closed is not None:
            self._on_fact(recording.closed)

    def _tell_later(self, fact: MediaFact) -> None:
        asyncio.get_running_loop().call_soon(self._on_fact, fact)

    # the process

    async def _start_recorder(self) -> WorkerProcess:
        given = (self._reading.fileno(),)
        process = await start_process("mediation.media.recorder", self._configure, self._hear_recorder, given)
        self._process = process
        self._on_notice(RecorderStarted(process.pid))
        for call, recording in self._recordings.items():
            if recording.patience is None:
                self._begin(call)
        return process

    def _has_not_come(self, error: WorkerError) -> None:
        self._on_notice(RecorderLost(str(error), len(self._recordings)))

    async def _live_through(self, process: WorkerProcess) -> None:
        reason = await process.ended()
        self._process = None
        status = await process.aclose(0.3)
        self._on_notice(RecorderLost(f"exit status {status}: {reason}", len(self._recordings)))
        for call, recording in tuple(self._recordings.items()):
            self._on_fact(RecordingFailed(call, "the recorder has died"))
            recording.files += recording.part.files
            recording.parts += 1
            if recording.patience is not None:
                self._end(call, RecordingEnded(call, ()))


def _now() -> int:
    """On the media clock, which is the same in all processes of a machine."""
    return int(time.monotonic() * 1000 * UNITS_PER_MS)
