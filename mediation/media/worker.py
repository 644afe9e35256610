"""A media worker: a process of its own that carries the audio of many calls.

It ends when it is told to. When its control channel closes, which is what the death of signalling looks like, it goes
on with its calls for as long as it may (`life`). Signals are left to the daemon, which has calls to hang up first.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair, PressKey
from mediation.b2bua.media_facts import (
    KeyHeard,
    MediaAmiss,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    SoundEnded,
)
from mediation.media.channel import Channel, ChannelError, Message
from mediation.media.clock import CLOCK_HZ, NEVER
from mediation.media.control import Control
from mediation.media.course import Course
from mediation.media.loop import Handler, Loop
from mediation.media.orphans import why_over
from mediation.media.ports import NoPorts, PortPair, PortPool
from mediation.media.session import Chance, Session
from mediation.media.shelf import Shelf, read_shelf
from mediation.media.tape import Tape
from mediation.media.wide_plan import Ways
from mediation.media.worker_messages import Configure, Held, OrphanEnded, Reopen, WorkerStatistics
from mediation.settings.peers import Side

PER_CALL: Final = 6
"""Sockets of a call as it is opened: RTP, RTCP and the line for each party."""

PER_PAIR: Final = 2
"""Sockets of a further pair. Its line is that of the seat."""

RESERVE: Final = 32
"""Descriptors for everything that is no call."""

TRACEBACK_INTERVAL: Final = CLOCK_HZ
"""At most one traceback a second goes to stderr."""


@dataclass(slots=True)
class Carried:
    """One call, and what goes back when it ends."""

    session: Session
    pools: dict[int, PortPool]
    """Where its open pairs go back to, by number."""
    next_pair: int
    master: str
    """Which signalling process has opened it."""
    orphan_since: int = NEVER
    """When that one was lost."""
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
        self._outlives = configure.outlive_s * CLOCK_HZ
        self._loop = Loop(tick_s=configure.tick_s, on_failure=self._fail)
        self._control = Control(channel, configure, self._loop, self)
        self._loop.call_at(self._loop.now() + self._statistics_interval, self._tell_statistics)

    def run(self, denied: str = "") -> None:
        """Carry audio until it is told to end, or nobody needs it. `denied`: what the system has not granted us."""
        try:
            self._control.begin(denied)
            self._loop.run()
            for call in tuple(self._calls):
                self._calls[call].session.close(self._loop.now())
                self._give_up(call, self._loop.now())
        finally:
            for pool in self._pools.values():
                pool.close()
            self._loop.close()
            self._control.close()

    @property
    def calls(self) -> int:
        """See `control`."""
        return len(self._calls)

    def held(self) -> Iterable[Held]:
        """See `control`."""
        sides = {id(pool): side for side, pool in self._pools.items()}
        for call, carried in self._calls.items():
            pairs = tuple(
                (number, sides[id(carried.pools[number])], pair.host, pair.port)
                for number, pair in carried.session.pairs.items()
            )
            yield Held(call, carried.orphan_since != NEVER, pairs, carried.next_pair)

    def let_go(self, now: int) -> None:
        """See `control`."""
        for carried in self._calls.values():
            carried.orphan_since = min(carried.orphan_since, now)

    def taken_up(self) -> None:
        """See `control`."""
        for call, carried in self._calls.items():
            if carried.master == self._control.master:
                carried.orphan_since = NEVER
                carried.session.tell_silence_again()
                self._schedule(call, carried)

    def disown(self, shelf: int, tape: int) -> None:
        """See `control`."""
        for carried in self._calls.values():
            carried.session.stop_recording()
        if self._tape is not None:
            self._tape.close()
        self._tape = Tape(os.dup(tape)) if tape >= 0 else None
        self._shelf = read_shelf(shelf) if shelf >= 0 else {}

    def look_after_orphans(self, now: int) -> int:
        """See `control`."""
        left = 0
        for call, carried in tuple(self._calls.items()):
            if carried.orphan_since == NEVER:
                continue
            left += 1
            try:
                why = why_over(carried.session.signs, carried.orphan_since, self._outlives, now)
                if why:
                    self._end_orphan(call, why, now)
            except Exception:  # noqa: BLE001 - as in `perform`
                self._fail(call, now)
        return left

    def _end_orphan(self, call: str, why: str, now: int) -> None:
        self._calls[call].session.close(now)
        self._lose(call, why, now)

    def _lose(self, call: str, why: str, now: int) -> None:
        """A call is over, and signalling has not asked for it."""
        carried = self._calls.get(call)
        if carried is not None:
            self._give_up(call, now)
        if carried is None or carried.master == self._control.master:
            self._control.tell(MediaLost(call, why))
        else:
            self._control.tell(OrphanEnded(call, why))

    def _hear_session(self, fact: MediaSilent | MediaAmiss | KeyHeard | SoundEnded) -> None:
        """What is told of a call that another signalling has opened nobody wants to know."""
        carried = self._calls.get(fact.call)
        if carried is not None and carried.orphan_since != NEVER and isinstance(fact, MediaSilent):
            self._loop.call_at(0, partial(self._end_silent, fact.call, carried), fact.call)
        elif carried is None or carried.master == self._control.master:
            self._control.tell(fact)

    def _end_silent(self, call: str, carried: Carried, now: int) -> None:
        if self._calls.get(call) is carried and carried.orphan_since != NEVER:
            self._end_orphan(call, "a party has fallen silent", now)

    def perform(self, message: Message, now: int) -> None:
        """See `control`."""
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
                        self._control.tell(carried.session.close(now))
                        self._give_up(call, now)
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
            self._control.tell(MediaRefused(call, str(error)))
            return
        self._begin(call, dict(enumerate(zip(pools, pairs, strict=True))), (0, 1), 2)
        caller, callee = pairs
        self._control.tell(MediaOpened(call, (caller.host, caller.port), (callee.host, callee.port)))

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
            self._control.tell(MediaLost(command.call, str(error)))
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
                self._hear_session,
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
        pools = {number: pool for number, (pool, _) in bound.items()}
        self._calls[call] = Carried(session, pools, next_pair, self._control.master)

    def _open_pair(self, command: OpenPair, carried: Carried) -> None:
        call = command.call
        pool = self._pools[command.side]
        try:
            if self._descriptors + PER_PAIR > self._room:
                raise NoPorts("no more file descriptors")
            pair = pool.take(command.local_host)
        except NoPorts as error:
            self._control.tell(PairRefused(call, str(error)))
            return
        number = carried.next_pair
        carried.next_pair += 1
        carried.pools[number] = pool
        carried.session.add_pair(number, pair)
        self._control.tell(PairOpened(call, number, (pair.host, pair.port)))

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
            with suppress(OSError):  # who read it may have died
                traceback.print_exc()
        if call in self._calls:
            self._calls[call].session.stop()
        self._lose(call, f"a bug: {sys.exception()!r}", now)

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

    def _tell_statistics(self, now: int) -> None:
        loop = self._loop
        self._control.tell(
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

    def follow(self, sock: socket.socket, course: Course) -> None:
        self._loop.follow(sock.fileno(), course, self._call)

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
