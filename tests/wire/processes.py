"""Processes of ours: started from the command line, listened to, and found again when somebody forgets them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.wire.peers import PATIENCE_S

MARK: Final = "MEDIATION_TEST_SCENE"
"""An environment variable, which every process hands on to those that it starts."""


def processes_of(mark: str) -> list[int]:
    """Every process, other than this one, that has the mark in its environment."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}\0".encode() in environment.read_bytes():
                found.append(int(environment.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


class Running:
    """A command under way; what it says, both streams together, is kept."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""
        self._news = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    async def says(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait for these words."""
        async with asyncio.timeout(within_s):
            while words not in self.said:
                assert not self._listening.done(), f"it ended without saying {words!r}:\n{self.said}"
                self._news.clear()
                await self._news.wait()

    async def ends(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end; the exit status."""
        async with asyncio.timeout(within_s):
            status = await self.process.wait()
            await self._listening
        return status

    def tell(self, line: bytes | None) -> None:
        """A line on its standard input; None: the end of it."""
        assert self.process.stdin is not None
        if line is None:
            self.process.stdin.close()
        else:
            self.process.stdin.write(line)

    async def aclose(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._listening
        if self.process.stdin is not None:
            self.process.stdin.close()

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        while octets := await self.process.stdout.read(65536):
            self.said += octets.decode("utf-8", "replace")
            self._news.set()
        self._news.set()


@asynccontextmanager
async def mediation(*arguments: str, **environment: str) -> AsyncIterator[Running]:
    """`mediation ARGUMENTS…`, killed at the end of the block if it is still there."""
    running = Running(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mediation",
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200", **environment},
        )
    )
    try:
        yield running
    finally:
        await running.aclose()


def end_all(mark: str) -> list[int]:
    """Kill what carries the mark; returns what there was."""
    left = processes_of(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left
