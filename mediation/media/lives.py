"""A process as far as its end matters: one that we have started, or one that we have found."""

import asyncio
import os
import select
import signal
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Protocol


class Life(Protocol):
    """One process."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def lives(self) -> bool:
        """Whether it is there, as far as the system knows."""

    async def wait(self) -> int | None:
        """Its end: the exit status, negative for the signal that killed it; None: that is not known."""

    def kill(self) -> None:
        """End it, if it is still there."""


class Child:
    """A process of ours."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """See `Life`."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """See `Life`: it may have died before we have heard of it."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def wait(self) -> int:
        """See `Life`."""
        return await self._process.wait()

    def kill(self) -> None:
        """See `Life`."""
        with suppress(ProcessLookupError):
            self._process.kill()


class Foundling:
    """A process whose parent has died. Its number is never mistaken for another one's."""

    def __init__(self, pid: int) -> None:
        """ProcessLookupError: it is gone."""
        self._descriptor = os.pidfd_open(pid)
        self._pid = pid
        self._ended = False
        self._end = select.poll()
        self._end.register(self._descriptor, select.POLLIN)

    @property
    def pid(self) -> int:
        """See `Life`."""
        return self._pid

    @property
    def lives(self) -> bool:
        """See `Life`."""
        return not self._ended and not self._end.poll(0)

    async def wait(self) -> None:
        """See `Life`."""
        if self._ended:
            return
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._descriptor, came.set)
        try:
            await came.wait()
        finally:
            loop.remove_reader(self._descriptor)
        self.forget()

    def kill(self) -> None:
        """See `Life`."""
        if not self._ended:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def forget(self) -> None:
        """It is looked at no more."""
        if not self._ended:
            self._ended = True
            os.close(self._descriptor)
