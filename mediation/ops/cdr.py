"""Call records: one JSON line per call, and none lost while there is memory to keep it.

`CdrSpool` is the whole behaviour without a thread or a clock: a bounded queue in front of one file, told what
time it is. `CdrWriter` puts it on a thread of its own. A thread and not a task, because a write to a hung
disk (NFS) blocks the thread it happens on; on the event loop that would be every call's signalling.
"""

import errno
import os
import stat
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import accumulate, islice
from pathlib import Path
from typing import Final

from mediation.ops.lines import json_line
from mediation.ops.log import Logger, get_logger

CAPACITY: Final = 100_000
"""Records kept in memory while the file cannot be written: half an hour at 50 calls a second."""
BATCH_LINES: Final = 1_000
"""Records in one write."""
FIRST_RETRY_S: Final = 0.5
"""Pause after the first failure; doubled after each further one."""
LAST_RETRY_S: Final = 8.0
"""The longest pause: how late a repaired disk is noticed."""


class CdrSpool:
    """A bounded queue of lines and their file. `append` may be called while another thread flushes."""

    def __init__(self, path: Path | str, *, capacity: int = CAPACITY, log: Logger | None = None) -> None:
        self._file = _LineFile(Path(path))
        self._capacity = capacity
        self._log: Logger = (log or get_logger()).bind(path=str(path))
        self._lines: deque[bytes] = deque()
        self._retry_s = FIRST_RETRY_S
        self._retry_at: float | None = None
        self._failing_since: float | None = None
        self._told_loss = False
        self._closed = False
        self.written = 0
        """Records that are in the file."""
        self.lost = 0
        """Records that found the queue full, or that were left when the spool was closed."""

    @property
    def queued(self) -> int:
        """Records that wait in memory."""
        return len(self._lines)

    def append(self, record: Mapping[str, object]) -> None:
        """Keep the record as it is now. Never raises; with a full queue this record is lost and counted."""
        if self._closed:
            self._lose(1, "closed before the record came")
        elif len(self._lines) >= self._capacity:
            if self._told_loss:
                self.lost += 1
                return
            self._told_loss = True
            self._lose(1, "the queue is full; those after it are only counted")
        else:
            try:
                self._lines.append(json_line(record).encode("ascii") + b"\n")
            except Exception as error:  # noqa: BLE001 - a record that cannot be read must not end its call
                self._lose(1, f"unreadable: {type(error).__name__}")

    def flush(self, *, now: float) -> None:
        """Write what waits, unless a pause after a failure is still running. Never raises."""
        if self._retry_at is not None and now < self._retry_at:
            return
        while self._lines:
            try:
                done = self._file.write(list(islice(self._lines, BATCH_LINES)))
            except OSError as error:
                self._failed(error, now)
                return
            for _ in range(done):
                self._lines.popleft()
            self.written += done
        if self._failing_since is not None:
            self._recovered(now)

    def next_deadline(self) -> float | None:
        """When a flush is worth trying again after a failure; None: nothing waits for a pause to end."""
        return self._retry_at

    def close(self, *, now: float) -> None:
        """Try once more whatever the pause; what is then left is lost, and the log says how much."""
        self._closed = True
        self._retry_at = None
        self.flush(now=now)
        self._file.close()
        if self._lines:
            self._lose(len(self._lines), "closed while the file cannot be written")
            self._lines.clear()

    def _lose(self, records: int, reason: str) -> None:
        self.lost += records
        self._log.error("cdr.record_lost", records=records, reason=reason, queued=self.queued)

    def _failed(self, error: OSError, now: float) -> None:
        if self._failing_since is None:
            self._failing_since = now
            self._log.warning(
                "cdr.write_failed",
                error=error.strerror or str(error),
                queued=self.queued,
                capacity=self._capacity,
            )
        self._retry_at = now + self._retry_s
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)

    def _recovered(self, now: float) -> None:
        failing_since = now if self._failing_since is None else self._failing_since
        self._log.info(
            "cdr.write_recovered", after_s=round(now - failing_since, 3), written=self.written, lost=self.lost
        )
        self._retry_s, self._retry_at, self._failing_since, self._told_loss = FIRST_RETRY_S, None, None, False


class CdrWriter:
    """A spool with a thread of its own. Made and closed by the server, fed from the event loop."""

    def __init__(
        self,
        path: Path | str,
        *,
        capacity: int = CAPACITY,
        log: Logger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = CdrSpool(path, capacity=capacity, log=log)
        self._clock = clock
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="cdr-writer", daemon=True)
        self._thread.start()

    @property
    def written(self) -> int:
        """Records that are in the file."""
        return self._spool.written

    @property
    def queued(self) -> int:
        """Records that wait in memory."""
        return self._spool.queued

    @property
    def lost(self) -> int:
        """Records that will never be in the file."""
        return self._spool.lost

    def append(self, record: Mapping[str, object]) -> None:
        """Hand over one call's record, taken as it is now. Never raises, never waits for the disk."""
        self._spool.append(record)
        with self._wake:
            self._wake.notify()

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits and stop. A disk that hangs longer than the timeout is left to hang alone."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while self._wait():
            self._spool.flush(now=self._clock())
        self._spool.close(now=self._clock())

    def _wait(self) -> bool:
        """Sleep until a flush makes sense; False when it is time to close."""
        with self._wake:
            while not self._closing:
                retry_at = self._spool.next_deadline()
                if retry_at is None:
                    if self._spool.queued:
                        return True
                    self._wake.wait()
                elif (pause_s := retry_at - self._clock()) > 0:
                    self._wake.wait(pause_s)
                else:
                    return True
            return False


class _LineFile:
    """A file that holds whole lines only, found again by its name when it was moved away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._identity: tuple[int, int] | None = None
        self._regular = False

    def write(self, lines: list[bytes]) -> int:
        """Append as many of the lines as fit, in one write, and say how many.

        Raises:
            OSError: none was written. The file is opened anew at the next attempt.
        """
        try:
            descriptor, lead = self._opened()
            octets = lead + b"".join(lines)
            written = os.write(descriptor, octets)
            if self._regular and os.fstat(descriptor).st_nlink == 0:
                raise FileNotFoundError(errno.ENOENT, "deleted while it was written", str(self._path))
            if written == len(octets):
                return len(lines)
            return self._without_half_line(descriptor, lead, lines, written)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let the file go; the next write opens it again."""
        descriptor, self._descriptor, self._identity = self._descriptor, None, None
        if descriptor is not None:
            with suppress(OSError):  # the descriptor is gone all the same
                os.close(descriptor)

    def _opened(self) -> tuple[int, bytes]:
        """The descriptor, and what must come first so that our line starts a line."""
        if self._descriptor is not None:
            try:
                there = os.stat(self._path)
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_dev, there.st_ino) == self._identity:
                return self._descriptor, b""
            self.close()
        # numbers of people stand in it: nobody but the owner and the group reads it
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)
        self._regular = stat.S_ISREG(status.st_mode)
        half_line = (
            self._regular
            and status.st_size > 0
            and os.pread(self._descriptor, 1, status.st_size - 1) != b"\n"
        )
        return self._descriptor, b"\n" if half_line else b""

    def _without_half_line(self, descriptor: int, lead: bytes, lines: list[bytes], written: int) -> int:
        """How many lines are in the file whole. The half one after them is cut off again.

        Raises:
            OSError: not one is.
        """
        ends = list(accumulate(map(len, lines), initial=len(lead)))
        whole = bisect_right(ends, written) - 1
        extra = written - ends[whole] if whole > 0 else written
        if self._regular and extra:
            with suppress(
                OSError
            ):  # a half line that stays is closed by a line end when the file is opened again
                size = os.fstat(descriptor).st_size
                if size == os.lseek(descriptor, 0, os.SEEK_CUR):  # nobody else has appended since
                    os.ftruncate(descriptor, size - extra)
        self.close()  # opening looks at the last octet
        if whole <= 0:
            raise OSError(errno.ENOSPC, "not one line fits", str(self._path))
        return whole
