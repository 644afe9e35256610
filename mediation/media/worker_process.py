"""A media worker as a process: its place among the others, its limits, and what it is given at its start."""

import gc
import os
import random
import resource
import select
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from mediation.media.channel import Channel, ChannelError
from mediation.media.shelf import read_shelf
from mediation.media.tape import Tape
from mediation.media.wide_plan import Ways
from mediation.media.worker import Worker
from mediation.media.worker_messages import Configure

GARBAGE: Final = (20_000, 50, 50)
"""For `gc.set_threshold`. What a call has had goes with its last reference, so there is next to nothing to collect;
but to look for it among two thousand calls holds up all audio for tens of milliseconds."""


def _take_place(configure: Configure) -> str:
    """Core and priority; returns what was not granted."""
    denied: list[str] = []
    if configure.core >= 0:
        try:
            os.sched_setaffinity(0, {configure.core})
        except OSError as error:
            denied.append(f"core {configure.core}: {error.strerror}")
    if configure.real_time_priority:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(configure.real_time_priority))
        except OSError as error:
            denied.append(f"real-time priority {configure.real_time_priority}: {error.strerror}")
    return ", ".join(denied)


def load_ways() -> Ways:
    """What transcodes is loaded only where there may be a call for it, and before the first: audio does not wait."""
    ways: Ways = import_module("mediation.media.wide_codecs").AvCodecs()
    return ways


def main(arguments: Sequence[str]) -> int:
    """Run as a process: the arguments are descriptors: the control channel's, and the shelf's and the tape's or -1."""
    os.dup2(2, 1)  # we say nothing else, and nobody shall wait for its end when we outlive who began it
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    descriptors = sys.maxsize if most == resource.RLIM_INFINITY else most
    channel = Channel(socket.socket(fileno=int(arguments[0])))
    select.select([channel], [], [])
    try:
        configure = channel.receive()
    except ChannelError:
        return 0  # signalling has ended meanwhile
    if not isinstance(configure, Configure):
        print(f"media worker: expected its configuration, got {configure!r}", file=sys.stderr)  # noqa: T201 -- a worker has no log
        return 1
    denied = _take_place(configure)
    shelf_at, tape_at = map(int, arguments[1:])
    shelf = read_shelf(shelf_at) if shelf_at >= 0 else {}
    tape = Tape(tape_at) if tape_at >= 0 else None
    chance = random.SystemRandom().random
    ways = load_ways() if configure.wide else None
    worker = Worker(
        channel, configure, chance=chance, descriptors=descriptors, shelf=shelf, tape=tape, ways=ways
    )
    gc.collect()
    gc.freeze()  # what is loaded stays: no need to look through it again and again
    gc.set_threshold(*GARBAGE)
    worker.run(denied)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
