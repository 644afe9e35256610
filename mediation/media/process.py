"""One worker process as the signalling process sees it: started, spoken to, ended."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from typing import Final

from mediation.media.channel import Channel, ChannelError, Message, pair
from mediation.media.lives import Child, Life
from mediation.media.worker_messages import Configure, EndWorker, Ready

_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy's linear algebra would begin a thread for each core, in each of our processes, and none of them does any."""

START_LIMIT_S: Final = 30.0
"""A process that is not ready by then never will be. It takes half a second on an idle machine."""

STOP_LIMIT_S: Final = 2.0
"""A process that is still there so long after its channel has closed is killed."""

MAX_MESSAGES: Final = 64
"""Messages of one worker that are heard before the event loop goes on."""


class WorkerError(Exception):
    """A worker process did not come up."""


class WorkerProcess:
    """A process as long as a channel leads to it: from its start, or from when it was adopted."""

    def __init__(
        self, life: Life, channel: Channel, on_message: Callable[["WorkerProcess", Message], None]
    ) -> None:
        """The process may not be ready yet."""
        loop = asyncio.get_running_loop()
        self.life = life
        self._channel = channel
        self._on_message = on_message
        self.denied = ""
        """What the system has not granted it; known when it is ready."""
        self._ready: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[str] = loop.create_future()
        loop.add_reader(channel, self._hear)
        channel.tell_waiting(self._watch_writing)

    @property
    def pid(self) -> int:
        """Process id."""
        return self.life.pid

    async def ready(self) -> None:
        """Wait until it can take calls. Raises WorkerError when it ends before."""
        async with asyncio.timeout(START_LIMIT_S):
            await asyncio.wait((self._ready, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            raise WorkerError(f"it ended before it was ready: {self._ended.result()}")

    async def ended(self) -> str:
        """Wait until it can take no more messages, and learn why."""
        return await asyncio.shield(self._ended)  # who waits may be cancelled, but not what is waited for

    def send(self, message: Message) -> None:
        """Send without waiting. What cannot be sent any more ends the process, which `ended` will tell."""
        if self._ended.done():
            return
        try:
            self._channel.send(message)
        except ChannelError as error:
            self._end(str(error))

    async def aclose(self, limit_s: float = STOP_LIMIT_S) -> int | None:
        """Let the process end, or end it. Returns its exit status; negative: the signal that killed it.

        When it returns, all the ports that the process had are free.
        """
        self.send(EndWorker())
        self.let_go()
        try:
            async with asyncio.timeout(limit_s):
                return await self.life.wait()
        except TimeoutError:
            self.life.kill()
            return await self.life.wait()

    def let_go(self) -> None:
        """Say no more to it. What it does then is its own matter."""
        self._end("it was closed")

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._channel)
            loop.remove_writer(self._channel)
            self._channel.close()
            self._ended.set_result(reason)

    def _hear(self) -> None:
        try:
            for _ in range(MAX_MESSAGES):
                message = self._channel.receive()
                if message is None:
                    return
                if isinstance(message, Ready):
                    self.denied = message.denied
                    self._ready.set_result(None)
                else:
                    self._on_message(self, message)
                if self._ended.done():
                    return
        except ChannelError as error:
            self._end(str(error))

    def _flush(self) -> None:
        try:
            self._channel.flush()
        except ChannelError as error:
            self._end(str(error))

    def _watch_writing(self, wanted: bool) -> None:
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_writer(self._channel, self._flush)
        else:
            loop.remove_writer(self._channel)


async def start_worker(
    configure: Configure,
    on_message: Callable[[WorkerProcess, Message], None],
    shelf: int = -1,
    tape: int = -1,
) -> WorkerProcess:
    """Start a media worker; `shelf` and `tape`: see `WorkerSettings`. Raises WorkerError."""
    return await start_process("mediation.media.worker_process", configure, on_message, (shelf, tape))


async def start_process(
    module: str,
    configure: Message,
    on_message: Callable[[WorkerProcess, Message], None],
    descriptors: tuple[int, ...],
) -> WorkerProcess:
    """Start a process of ours and wait until it is ready. Raises WorkerError.

    Its arguments are the descriptor of its end of the channel, and `descriptors`, of which -1 is none.
    """
    ours, theirs = pair()
    given = (theirs.fileno(), *descriptors)
    channel = Channel(ours)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            module,
            *map(str, given),
            stdin=DEVNULL,
            pass_fds=tuple(each for each in given if each >= 0),
            env=os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError as error:
        channel.close()
        raise WorkerError(f"cannot start a process: {error}") from error
    except BaseException:
        channel.close()
        raise
    finally:
        theirs.close()
    worker = WorkerProcess(Child(process), channel, on_message)
    try:
        worker.send(configure)
        await worker.ready()
    except TimeoutError as error:
        await worker.aclose()
        raise WorkerError(f"it was not ready after {START_LIMIT_S:.0f} s") from error
    except BaseException:
        await worker.aclose()
        raise
    return worker
