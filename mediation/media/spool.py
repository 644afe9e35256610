"""What the recorder does with its disk: a bounded queue of batches, and a thread that writes them.

The thread may wait for a disk that hangs. Meanwhile the queue fills, and what finds it full is dropped and counted;
the orders to begin and to finish always have room.
"""

import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mediation.b2bua.media_facts import RecordingEnded, RecordingFailed
from mediation.media.mixing import RATE_HZ
from mediation.media.recording_messages import BeginRecording, FinishRecording
from mediation.media.recording_place import free_octets
from mediation.media.reel import Reel
from mediation.media.tape import BatchError, batch_of, head_of

MOST_OCTETS: Final = 64 << 20
"""Waiting for the disk: three minutes of a hundred calls."""

LOOK_EVERY_S: Final = 2.0
"""So often it is asked what room is left."""

Tell = Callable[[RecordingFailed | RecordingEnded], None]
Item = BeginRecording | FinishRecording | bytes


@dataclass(slots=True)
class _Recording:
    """One call's, in the writer's hands."""

    reel: Reel | None
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class _Queue:
    items: deque[Item] = field(default_factory=deque)
    octets: int = 0
    closed: bool = False


class Spool:
    """Fed by one thread, emptied by its own. `tell` is called in the latter."""

    def __init__(
        self,
        tell: Tell,
        *,
        floor_octets: int,
        most_octets: int = MOST_OCTETS,
        clock: Callable[[], float] = time.monotonic,
        room: Callable[[str], int] = free_octets,
    ) -> None:
        """`floor_octets`: with less room left in the file system, nothing is recorded."""
        self._tell = tell
        self._floor = floor_octets
        self._most = most_octets
        self._clock = clock
        self._room = room
        self._queue = _Queue()
        self._dropped: Counter[str] = Counter()
        self._wake = threading.Condition()
        self._recordings: dict[str, _Recording] = {}
        self._looked_at = -LOOK_EVERY_S
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Take an order, or a batch as it came. Never waits for the disk."""
        with self._wake:
            queue = self._queue
            if isinstance(item, bytes):
                if queue.octets + len(item) > self._most:
                    self._count(item)
                    return
                queue.octets += len(item)
            queue.items.append(item)
            self._wake.notify()

    def close(self, timeout_s: float) -> None:
        """Write what waits, and make all files whole. A disk that hangs longer than this is left to hang alone."""
        with self._wake:
            self._queue.closed = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _count(self, batch: bytes) -> None:
        try:
            call, packets = head_of(batch)
        except BatchError:
            return
        self._dropped[call] += packets

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._serve(item)
            except Exception:  # noqa: BLE001 - a bug ends the recording that it met, and no other
                traceback.print_exc()
                self._break_off(item)
        now = int(self._clock() * RATE_HZ)
        for call in tuple(self._recordings):
            self._finish(call, now)

    def _serve(self, item: Item) -> None:
        match item:
            case BeginRecording():
                self._begin(item)
            case FinishRecording(call, at):
                self._finish(call, at)
            case bytes():
                self._take(item)

    def _break_off(self, item: Item) -> None:
        """An error of ours, in an except clause."""
        call = head_of(item)[0] if isinstance(item, bytes) else item.call
        recording = self._recordings.get(call)
        if recording is not None and recording.reel is not None:
            recording.reel.abandon()
            recording.reel = None
        self._tell(RecordingFailed(call, f"a bug: {sys.exception()!r}"))
        if isinstance(item, FinishRecording):
            self._recordings.pop(call, None)
            self._tell(RecordingEnded(call, () if recording is None else recording.files))

    def _next(self) -> Item | None:
        with self._wake:
            queue = self._queue
            while not queue.items:
                if queue.closed:
                    return None
                self._wake.wait()
            item = queue.items.popleft()
            if isinstance(item, bytes):
                queue.octets -= len(item)
            return item

    def _begin(self, order: BeginRecording) -> None:
        self._look(order.order.name)
        recording = self._recordings[order.call] = _Recording(None)
        try:
            self._refuse_without_room(order.order.name)
            unix_us = int((time.time() - self._clock()) * 1_000_000)
            recording.reel = Reel(order.order, order.at, unix_us)
        except OSError as error:
            self._tell(RecordingFailed(order.call, _words(error)))
        else:
            recording.files = tuple(recording.reel.files)

    def _take(self, octets: bytes) -> None:
        try:
            batch = batch_of(octets)
        except BatchError:
            return
        recording = self._recordings.get(batch.call)
        if recording is None or recording.reel is None:
            return
        self._look(recording.files[0])
        if recording.reel is None:  # there is no room any more
            return
        try:
            recording.reel.take(batch)
        except OSError as error:
            self._fail(batch.call, recording, error)

    def _finish(self, call: str, at: int) -> None:
        recording = self._recordings.get(call)
        with self._wake:
            dropped = self._dropped.pop(call, 0)
        if recording is None:
            self._tell(RecordingEnded(call, (), dropped))
            return
        cut = False
        if recording.reel is not None:
            try:
                recording.reel.finish(at)
            except OSError as error:
                self._tell(RecordingFailed(call, _words(error)))
            cut = recording.reel.cut
        del self._recordings[call]
        self._tell(RecordingEnded(call, recording.files, dropped, cut))

    def _fail(self, call: str, recording: _Recording, error: OSError) -> None:
        """No more of this call. What there is of it is made as whole as it can be."""
        reel, recording.reel = recording.reel, None
        if reel is not None:
            reel.give_up()
        self._tell(RecordingFailed(call, _words(error)))

    def _look(self, path: str) -> None:
        """Whether there is room left; where not, all recordings end here."""
        now = self._clock()
        if now < self._looked_at + LOOK_EVERY_S:
            return
        self._looked_at = now
        try:
            self._refuse_without_room(path)
        except OSError as error:
            for call, recording in self._recordings.items():
                if recording.reel is not None:
                    self._fail(call, recording, error)

    def _refuse_without_room(self, path: str) -> None:
        left = self._room(path.rpartition("/")[0] or ("/" if path.startswith("/") else "."))
        if left < self._floor:
            raise OSError(f"less than {self._floor >> 20} MB are free")


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
