"""The recorder: a process of its own that writes down the calls that are recorded.

It stands between the workers and the disk, so that no disk can ever hold up a call: whatever happens here, the workers
go on, and drop what they cannot hand on. It ends when its control channel closes.
"""

import os
import resource
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from mediation.b2bua.media_facts import RecordingEnded, RecordingFailed
from mediation.media.channel import Channel, ChannelError
from mediation.media.recording_messages import BeginRecording, ConfigureRecorder, FinishRecording
from mediation.media.spool import Spool
from mediation.media.tape import LARGEST, BatchError, head_of
from mediation.media.worker_messages import Ready

CLOSE_LIMIT_S: Final = 3.0
"""For the files of calls that are still recorded when the server ends."""

MOST_BATCHES: Final = 256
"""That are read before orders have their turn."""

MOST_EARLY: Final = 64
"""Batches kept of calls whose order has not been read yet: it is there already, in the other socket."""


class Recorder:
    """Reads orders and batches and gives them to the spool, and tells signalling what becomes of them."""

    def __init__(self, channel: Channel, tape: socket.socket, configure: ConfigureRecorder) -> None:
        tape.setblocking(False)
        self._channel = channel
        self._tape = tape
        self._told: deque[RecordingFailed | RecordingEnded] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._known: set[str] = set()
        self._early: deque[tuple[str, bytes]] = deque(maxlen=MOST_EARLY)
        self._spool = Spool(self._tell, floor_octets=configure.free_octets)

    def run(self) -> None:
        """Until the channel closes."""
        poll = select.poll()
        poll.register(self._tape, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        try:
            self._channel.send(Ready(os.getpid()))
            while True:
                wanted = select.POLLIN | (select.POLLOUT if self._channel.waiting else 0)
                poll.register(self._channel, wanted)
                poll.poll()
                self._answer()
                self._hear_orders()
                self._read(MOST_BATCHES)
        except ChannelError:  # the end of signalling is ours
            self._spool.close(CLOSE_LIMIT_S)

    def _tell(self, fact: RecordingFailed | RecordingEnded) -> None:
        """In the writer's thread."""
        self._told.append(fact)
        os.eventfd_write(self._bell, 1)

    def _answer(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        while self._told:
            self._channel.send(self._told.popleft())
        self._channel.flush()

    def _hear_orders(self) -> None:
        while (message := self._channel.receive()) is not None:
            match message:
                case BeginRecording(call):
                    self._known.add(call)
                    self._spool.put(message)
                    for early in [each for each in self._early if each[0] == call]:
                        self._early.remove(early)
                        self._spool.put(early[1])
                case FinishRecording(call):
                    while self._read(
                        MOST_BATCHES
                    ):  # what the worker has handed on before it said that it was done
                        pass
                    self._known.discard(call)
                    self._spool.put(message)
                case _:
                    raise ChannelError(f"not for a recorder: {type(message).__name__}")

    def _read(self, most: int) -> bool:
        """Read so many batches. False: no more are there."""
        for _ in range(most):
            try:
                batch = self._tape.recv(LARGEST)
                call, _ = head_of(batch)
            except BlockingIOError:
                return False
            except BatchError:
                continue
            if call in self._known:
                self._spool.put(batch)
            else:
                self._early.append((call, batch))
        return True


def main(arguments: Sequence[str]) -> int:
    """Run as a process: the arguments are the descriptors of the control channel and of the tape."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each call has a file or two
    channel, tape = Channel(socket.socket(fileno=int(arguments[0]))), socket.socket(fileno=int(arguments[1]))
    select.select([channel], [], [])
    try:
        configure = channel.receive()
    except ChannelError:
        return 0  # signalling has ended meanwhile
    if not isinstance(configure, ConfigureRecorder):
        print(f"recorder: expected its configuration, got {configure!r}", file=sys.stderr)  # noqa: T201 -- it has no log
        return 1
    Recorder(channel, tape, configure).run()
    sys.stdout.flush()
    os._exit(0)  # a thread that waits for a dead disk would keep the process


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
