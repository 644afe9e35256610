"""Who commands a worker: the channel to signalling, the door by which it comes back, and the steps of `life`."""

import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from mediation import __version__
from mediation.b2bua.media_facts import MediaFact
from mediation.media.channel import Channel, ChannelError, Message, encode
from mediation.media.clock import CLOCK_HZ
from mediation.media.door import Door
from mediation.media.life import TABLE, Do, Event, State
from mediation.media.loop import Loop
from mediation.media.worker_messages import (
    Adopt,
    Configure,
    EndWorker,
    Held,
    Hello,
    OrphanEnded,
    Ready,
    WorkerStatistics,
)

MAX_COMMANDS: Final = 2
"""Commands that are carried out before audio has its turn again: half a millisecond each."""

LOOK: Final = CLOCK_HZ
"""Between two looks at orphans."""

GRACE: Final = 2 * CLOCK_HZ
"""So long a worker without a call waits for signalling that has only lost the channel."""

MAX_VISITORS: Final = 4
VISIT: Final = 5 * CLOCK_HZ
"""A visitor that has not said what it wants by then must go."""

MAX_KEPT: Final = 10_000
"""Facts kept for signalling that has lost the channel."""

ADOPTED_WITH: Final = 3
"""Descriptors that come with `Adopt`, at most."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who has come by the door wants to command."""

    channel: Channel
    adopt: Adopt
    descriptors: list[int]


class House(Protocol):
    """The worker, as far as its life concerns it."""

    @property
    def calls(self) -> int:
        """How many it carries."""

    def perform(self, message: Message, now: int) -> None:
        """Carry out a command. Raises ChannelError when it is none."""

    def held(self) -> Iterable[Held]:
        """All calls."""

    def let_go(self, now: int) -> None:
        """Nobody commands any more."""

    def taken_up(self) -> None:
        """The calls of who commands now are no orphans."""

    def disown(self, shelf: int, tape: int) -> None:
        """Another signalling has come, and its descriptors; -1: it has none."""

    def look_after_orphans(self, now: int) -> int:
        """End those that are over. Returns how many go on."""


class Control:
    """Times are on the media clock."""

    def __init__(self, channel: Channel, configure: Configure, loop: Loop, house: House) -> None:
        self._configure = configure
        self._loop = loop
        self._house = house
        self._state = State.STARTING
        self._channel: Channel | None = channel
        self._door: Door | None = None
        self._visitors: list[Channel] = []
        self._kept: deque[bytes] = deque(maxlen=MAX_KEPT)
        self._looking = False
        self._lost_at = 0
        self._denied = ""
        self.master = configure.master
        """Who commands, or was the last to."""

    def begin(self, denied: str = "") -> None:
        """Say that the worker is ready. `denied`: what the system has not granted."""
        self._denied = denied
        if self._configure.door and self._configure.outlive_s:
            try:
                self._door = Door(self._configure.door)
            except OSError as error:
                self._denied = f"{denied}, a door: {error.strerror}".removeprefix(", ")
            else:
                self._loop.watch(self._door.fileno(), self._let_in)
        if self._channel is not None:
            self._listen_to(self._channel)
        self._comes(Event.READY)

    def tell(self, message: MediaFact | OrphanEnded | WorkerStatistics) -> None:
        """Tell signalling, now or as soon as it is there again. It never fails."""
        if self._channel is not None:
            self._send(self._channel, (encode(message),))
        elif not isinstance(message, OrphanEnded | WorkerStatistics):
            self._kept.append(encode(message))

    def close(self) -> None:
        """Nothing is said or heard any more."""
        if self._door is not None:
            self._door.close()
        for channel in (*self._visitors, *((self._channel,) if self._channel is not None else ())):
            channel.close()

    def _listen_to(self, channel: Channel) -> None:
        self._loop.watch(channel.fileno(), self._hear)
        channel.tell_waiting(partial(self._loop.watch_writing, channel.fileno()))

    def _comes(self, event: Event, claim: Claim | None = None) -> None:
        row = TABLE.step(self._state, event)
        if row is None:
            return
        self._state, steps = row
        for do in steps:
            match do:
                case Do.SAY_READY:
                    self._say_ready()
                case Do.LET_GO:
                    self._let_go()
                case Do.DISOWN if claim is not None:
                    self._disown(claim)
                case Do.TAKE_UP if claim is not None:
                    self._take_up(claim.channel)
                case Do.TURN_AWAY if claim is not None:
                    self._send_away(claim.channel)
                case Do.END:
                    self._loop.stop()

    def _say_ready(self) -> None:
        if self._channel is not None:
            self._send(self._channel, (encode(Ready(os.getpid(), self._denied)),))

    def _let_go(self) -> None:
        now = self._loop.now()
        if self._channel is not None:
            self._kept.extend(octets for octets in self._channel.unsent if not octets.startswith(_OWN))
            self._loop.forget(self._channel.fileno())
            self._channel.close()
            self._channel = None
        self._lost_at = now
        self._house.let_go(now)
        if not self._looking:
            self._looking = True
            self._loop.call_at(now + LOOK, self._look)

    def _disown(self, claim: Claim) -> None:
        self._kept.clear()
        self.master = claim.adopt.master
        error, *rest = claim.descriptors
        for own in (1, 2):  # what we have to say goes to the log of who commands
            os.dup2(error, own)
        shelf = rest.pop(0) if claim.adopt.shelf else -1
        self._house.disown(shelf, rest[0] if claim.adopt.tape else -1)

    def _take_up(self, visitor: Channel) -> None:
        self._visitors.remove(visitor)
        self._channel = visitor
        self._listen_to(visitor)
        self._house.taken_up()
        told = [encode(held) for held in self._house.held()]
        kept, self._kept = self._kept, deque(maxlen=MAX_KEPT)
        self._send(visitor, (*told, *kept, encode(Ready(os.getpid(), self._denied))))

    def _send_away(self, visitor: Channel) -> None:
        self._visitors.remove(visitor)
        self._loop.forget(visitor.fileno())
        visitor.close()

    def _lost(self) -> None:
        self._comes(Event.LOST)
        if self._state is State.ORPHANED and not self._configure.outlive_s:
            self._comes(Event.NEEDLESS)

    def _send(self, channel: Channel, messages: Iterable[bytes]) -> None:
        try:
            for octets in messages:
                channel.send_encoded(octets)
        except ChannelError:
            self._lost()

    def _hear(self, now: int) -> None:
        """Commands, and room for what could not be told before."""
        channel = self._channel
        if channel is None:
            return
        try:
            channel.flush()
            for _ in range(MAX_COMMANDS):
                message = channel.receive()
                if message is None:
                    return
                if isinstance(message, EndWorker):
                    self._comes(Event.TOLD_TO_END)
                    return
                self._house.perform(message, now)
                if self._channel is not channel:
                    return
        except ChannelError:
            self._lost()

    def _let_in(self, now: int) -> None:
        visitor = None if self._door is None else self._door.let_in()
        if visitor is None:
            return
        if len(self._visitors) >= MAX_VISITORS:
            visitor.close()
            return
        self._visitors.append(visitor)
        self._loop.watch(visitor.fileno(), partial(self._hear_visitor, visitor))
        self._loop.call_at(now + VISIT, partial(self._lose_patience, visitor))
        try:
            visitor.send(Hello(__version__, os.getpid(), self._configure, self._house.calls))
        except ChannelError:
            self._send_away(visitor)

    def _lose_patience(self, visitor: Channel, _now: int) -> None:
        if visitor in self._visitors:
            self._send_away(visitor)

    def _hear_visitor(self, visitor: Channel, _now: int) -> None:
        try:
            heard = visitor.receive_with_descriptors(ADOPTED_WITH)
        except ChannelError:
            self._send_away(visitor)
            return
        if heard is None:
            return
        message, descriptors = heard
        try:
            if isinstance(message, Adopt) and len(descriptors) == 1 + message.shelf + message.tape:
                known = message.master == self.master
                event = Event.RECLAIMED if known else Event.INHERITED
                self._comes(event, Claim(visitor, message, descriptors))
            else:
                self._send_away(visitor)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _look(self, now: int) -> None:
        orphans = self._house.look_after_orphans(now)
        if self._state is State.ADOPTED and not orphans:
            self._comes(Event.ORPHANS_GONE)
        elif self._state is State.ORPHANED and not self._house.calls and now >= self._lost_at + GRACE:
            self._comes(Event.NEEDLESS)
        self._looking = self._state in (State.ORPHANED, State.ADOPTED)
        if self._looking:
            self._loop.call_at(now + LOOK, self._look)


_OWN: Final = tuple(f'["{name}"'.encode() for name in ("ready", "held", "statistics", "orphan ended"))
"""How messages begin that are not kept: they are told anew, or of no use later."""
