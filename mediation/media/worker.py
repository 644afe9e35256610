"""A media worker: a process of its own that carries the audio of many calls.

It ends when its control channel closes, which is what the death of signalling looks like. Signals are left to
the daemon, which has calls to hang up first.
"""

import gc
import os
import random
import resource
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Final

from mediation.b2bua.plan import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    OpenMedia,
    OpenPair,
    PairOpened,
    PairRefused,
    PressKey,
)
from mediation.media.channel import Channel, ChannelError, Configure, Message, Ready, Reopen, WorkerStatistics
from mediation.media.clock import NEVER
from mediation.media.loop import Handler, Loop
from mediation.media.ports import NoPorts, PortPair, PortPool
from mediation.media.relay import CLOCK_HZ
from mediation.media.session import Chance, Session
from mediation.media.shelf import Shelf, read_shelf
from mediation.media.tape import Tape
from mediation.media.wide_plan import Ways
from mediation.settings.peers import Side

MAX_COMMANDS: Final = 8
"""Commands that are carried out before audio has its turn again."""

PER_CALL: Final = 6
"""Sockets of a call as it is opened: RTP, RTCP and the line for each party."""

PER_PAIR: Final = 2
"""Sockets of a further pair. Its line is that of the seat."""

RESERVE: Final = 32
"""Descriptors for everything that is no call."""

GARBAGE: Final = (20_000, 50, 50)
"""For `gc.set_threshold`. What a call has had goes with its last reference, so there is next to nothing to collect;
but to look for it among two thousand calls holds up all audio for tens of milliseconds."""

TRACEBACK_INTERVAL: Final = CLOCK_HZ
"""At most one traceback a second goes to stderr."""


@dataclass(slots=True)
class Carried:
    """One call, and what goes back when it ends."""

    session: Session
    pools: dict[int, PortPool]
    """Where its open pairs go back to, by number."""
    next_pair: int = 2
    wakes_at: int = NEVER
    """When its timer will call it."""


class Worker:
    """Commands in, facts out, and the calls between. Times are whole numbers of the media clock."""

    def __init__(
        self,
        channel: Channel,
        configure: Configure,
        *,
        chance: Chance,
        descriptors: int = 1024,
        shelf: Shelf = MappingProxyType({}),
        tape: Tape | None = None,
        ways: Ways | None = None,
    ) -> None:
        """`chance` gives a number from 0 to below 1 that nobody can foresee.

        `descriptors`: how many files and sockets the process may have. `shelf` has what may be played.
        `tape` leads to the recorder; None: there is none. `ways` are for wide codecs; None: no peer has one.
        """
        self._ways = ways
        self._shelf = shelf
        self._tape = tape
        self._room = descriptors - RESERVE
        self._channel = channel
        self._chance = chance
        self._rtcp_interval_s = configure.rtcp_interval_s
        self._statistics_interval = int(configure.statistics_interval_s * CLOCK_HZ)
        self._quarantine = int(configure.port_quarantine_s * CLOCK_HZ)
        ports = {Side.FRONT_END: configure.front_end_ports, Side.GATEWAY: configure.gateway_ports}
        self._pools = {
            side: PortPool(
                *ports[side],
                quarantine=self._quarantine,
                share=configure.share,
                start=int(chance() * 65536),
                buffer_octets=configure.socket_buffer_octets,
                devices=dict(configure.devices),
            )
            for side in Side
        }
        self._calls: dict[str, Carried] = {}
        self._failures = 0
        self._traceback_at = 0
        self._writing = False
        self._loop = Loop(tick_s=configure.tick_s, on_failure=self._fail)
        self._loop.watch(channel.fileno(), self._hear_signalling)
        self._loop.call_at(self._loop.now() + self._statistics_interval, self._tell_statistics)

    def run(self, denied: str = "") -> None:
        """Carry audio until the channel closes. `denied`: what the system has not granted us."""
        try:
            self._tell(Ready(os.getpid(), denied))
            self._loop.run()
        except ChannelError:  # the end of signalling is ours
            for call in tuple(self._calls):
                self._calls[call].session.close(self._loop.now())
                self._give_up(call, self._loop.now())
        finally:
            for pool in self._pools.values():
                pool.close()
            self._loop.close()
            self._channel.close()

    def _hear_signalling(self, now: int) -> None:
        """Commands, and room for what could not be told before."""
        self._channel.flush()
        self._note_writing()
        for _ in range(MAX_COMMANDS):
            message = self._channel.receive()
            if message is None:
                return
            self._perform(message, now)

    def _perform(self, message: Message, now: int) -> None:
        if not isinstance(
            message, OpenMedia | ApplyMedia | OpenPair | ClosePair | PressKey | CloseMedia | Reopen
        ):
            raise ChannelError(f"not for a worker: {type(message).__name__}")
        try:
            match message:
                case OpenMedia():
                    self._open(message)
                case Reopen():
                    self._reopen(message)
                case ApplyMedia(call, plan):
                    if carried := self._calls.get(call):
                        carried.session.apply(plan, now)
                        self._schedule(call, carried)
                case OpenPair(call):
                    if carried := self._calls.get(call):
                        self._open_pair(message, carried)
                case ClosePair(call, number):
                    if carried := self._calls.get(call):
                        pair = carried.session.remove_pair(number)
                        self._release(carried.pools.pop(number), pair, now)
                case PressKey(call, to_caller, key, duration_ms):
                    if carried := self._calls.get(call):
                        carried.session.press(0 if to_caller else 1, key, duration_ms, now)
                        self._schedule(call, carried)
                case CloseMedia(call):
                    if carried := self._calls.get(call):
                        self._tell(carried.session.close(now))
                        self._give_up(call, now)
        except ChannelError:
            raise
        except Exception:  # noqa: BLE001 - a bug ends the call that it met, not the hundreds beside it
            self._fail(message.call, now)

    def _open(self, command: OpenMedia) -> None:
        call = command.call
        pools = (self._pools[command.caller], self._pools[command.callee])
        try:
            if self._descriptors + PER_CALL > self._room:
                raise NoPorts("no more file descriptors")
            pairs = _take_both(pools, command.local_hosts)
        except NoPorts as error:
            self._tell(MediaRefused(call, str(error)))
            return
        self._begin(call, dict(enumerate(zip(pools, pairs, strict=True))), (0, 1), 2)
        caller, callee = pairs
        self._tell(MediaOpened(call, (caller.host, caller.port), (callee.host, callee.port)))

    def _reopen(self, command: Reopen) -> None:
        """Go on where a worker has died. All ports, or the call is lost."""
        bound: dict[int, tuple[PortPool, PortPair]] = {}
        try:
            if self._descriptors + PER_CALL + PER_PAIR * (len(command.pairs) - 2) > self._room:
                raise NoPorts("no more file descriptors")
            for number, side, host, port in command.pairs:
                bound[number] = self._pools[side], self._pools[side].take_again(host, port)
        except NoPorts as error:
            for pool, pair in bound.values():
                pool.give_back(pair)
            self._tell(MediaLost(command.call, str(error)))
            return
        self._begin(command.call, bound, command.seats, command.next_pair)

    def _begin(
        self, call: str, bound: dict[int, tuple[PortPool, PortPair]], seats: tuple[int, int], next_pair: int
    ) -> None:
        """A session on these pairs, by number. Where it fails they go back at once."""
        try:
            session = Session(
                call,
                (bound[seats[0]][1], bound[seats[1]][1]),
                _Watch(self._loop, call, self._remind),
                self._tell,
                chance=self._chance,
                rtcp_interval_s=self._rtcp_interval_s,
                seats=seats,
                shelf=self._shelf,
                tape=self._tape,
                ways=self._ways,
            )
            for number, (_, pair) in bound.items():
                if number not in seats:
                    session.add_pair(number, pair)
        except BaseException:
            self._loop.forget_owner(call)
            for pool, pair in bound.values():
                pool.give_back(pair)
            raise
        self._calls[call] = Carried(session, {number: pool for number, (pool, _) in bound.items()}, next_pair)

    def _open_pair(self, command: OpenPair, carried: Carried) -> None:
        call = command.call
        pool = self._pools[command.side]
        try:
            if self._descriptors + PER_PAIR > self._room:
                raise NoPorts("no more file descriptors")
            pair = pool.take(command.local_host)
        except NoPorts as error:
            self._tell(PairRefused(call, str(error)))
            return
        number = carried.next_pair
        carried.next_pair += 1
        carried.pools[number] = pool
        carried.session.add_pair(number, pair)
        self._tell(PairOpened(call, number, (pair.host, pair.port)))

    @property
    def _descriptors(self) -> int:
        """Sockets in use, at most: a call must never lack its lines when it has got its ports."""
        further = sum(max(0, len(carried.pools) - 2) for carried in self._calls.values())
        resting = sum(pool.resting for pool in self._pools.values())
        return PER_CALL * len(self._calls) + PER_PAIR * (further + resting)

    def _give_up(self, call: str, now: int) -> None:
        """Send a call's ports into quarantine."""
        carried = self._calls.pop(call)
        for number, pair in carried.session.pairs.items():
            self._release(carried.pools[number], pair, now)

    def _release(self, pool: PortPool, pair: PortPair, now: int) -> None:
        pool.release(pair, now)
        self._loop.call_at(now + self._quarantine, pool.expire)

    def _fail(self, call: str, now: int) -> None:
        """An error of ours, in an except clause: it ends the one call that it met."""
        self._failures += 1
        if now >= self._traceback_at:
            self._traceback_at = now + TRACEBACK_INTERVAL
            traceback.print_exc()
        if call in self._calls:
            self._calls[call].session.stop()
            self._give_up(call, now)
        self._tell(MediaLost(call, f"a bug: {sys.exception()!r}"))

    def _schedule(self, call: str, carried: Carried) -> None:
        """Have the session called when it wants to be, unless a timer comes sooner."""
        deadline = carried.session.next_deadline()
        if deadline is not None and deadline < carried.wakes_at:
            carried.wakes_at = deadline
            self._loop.call_at(deadline, partial(self._wake, call, carried), call)

    def _remind(self, call: str) -> None:
        if carried := self._calls.get(call):
            self._schedule(call, carried)

    def _wake(self, call: str, carried: Carried, now: int) -> None:
        if (
            self._calls.get(call) is carried and carried.wakes_at <= now
        ):  # else another timer has taken its place
            carried.wakes_at = NEVER
            carried.session.handle_timeout(now)
            self._schedule(call, carried)

    def _tell(self, message: MediaFact | Ready | WorkerStatistics) -> None:
        self._channel.send(message)
        self._note_writing()

    def _note_writing(self) -> None:
        """Ask to be woken for writing as long as something waits."""
        waiting = self._channel.waiting > 0
        if waiting != self._writing:
            self._writing = waiting
            self._loop.watch_writing(self._channel.fileno(), waiting)

    def _tell_statistics(self, now: int) -> None:
        loop = self._loop
        self._tell(
            WorkerStatistics(
                calls=len(self._calls),
                ports_free=min(pool.free for pool in self._pools.values()),
                wakes=loop.wakes,
                datagrams=loop.served,
                latest_s=loop.latest_s,
                failures=self._failures,
            )
        )
        loop.latest_s = 0.0
        loop.call_at(now + self._statistics_interval, self._tell_statistics)


class _Watch:
    """A session's view of the loop: what it watches is its own, and fails alone."""

    __slots__ = ("_call", "_loop", "_remind")

    def __init__(self, loop: Loop, call: str, remind: Callable[[str], None]) -> None:
        self._loop = loop
        self._call = call
        self._remind = remind

    def watch(self, sock: socket.socket, handler: Handler) -> None:
        self._loop.watch(sock.fileno(), handler, self._call)

    def forget(self, sock: socket.socket) -> None:
        self._loop.forget(sock.fileno())

    def remind(self) -> None:
        self._remind(self._call)


def _take_both(pools: tuple[PortPool, PortPool], hosts: tuple[str, str]) -> tuple[PortPair, PortPair]:
    """A pair for each party, or none at all. Raises NoPorts."""
    caller = pools[0].take(hosts[0], for_new_call=True)
    try:
        return caller, pools[1].take(hosts[1], for_new_call=True)
    except NoPorts:
        pools[0].give_back(caller)
        raise


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
