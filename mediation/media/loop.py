"""The event loop of a media worker: wake, serve every readable socket once, rest until the tick is over.

At media's rate a wake-up for each packet would cost more than the work with it, so packets may gather for a
tick, or for two when they are few. While nothing comes the loop sleeps in epoll, and the first packet after a pause
is served at once.

A socket is served one datagram a wake: a flood on one port cannot hold up the others, and no call is made
only to learn that nothing more is there.

Waiting, and the packets that simply follow their streams, are compiled (`course.c`); what is left comes back.
"""

import ctypes
import os
import select
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from mediation.media.clock import CLOCK_HZ
from mediation.media.compiled import MOST_READY, Wake, loop_serve, loop_wait
from mediation.media.course import Course

Handler = Callable[[int], None]
"""Serves a socket, or a timer that is due; told the time in whole units of the media clock."""

FEW: Final = 4
"""With no more packets than this in a wake, two ticks may pass: waking is nearly all that they cost."""


class Loop:
    """Sockets and timers. Times are whole numbers of the media clock, which only goes forward."""

    def __init__(
        self,
        *,
        tick_s: float,
        on_failure: Callable[[str, int], None],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`on_failure(owner, now)` is called, in an except clause, when a handler of an owner has raised.

        What has no owner, or the empty string, is not excused: its exception leaves `run`.
        """
        self._tick_s = tick_s
        self._on_failure = on_failure
        self._clock_ns = clock_ns
        self._epoll = select.epoll()
        self._handlers: list[Handler] = []  # by descriptor, and so are the next two
        self._courses: list[Course | None] = []
        self._states = (ctypes.c_void_p * 0)()
        self._owners: dict[int, str] = {}
        self._timers: list[tuple[int, int, str, Handler]] = []
        self._timers_set = 0
        self._stopped = False
        self.wakes = 0
        """Times that the sockets were served."""
        self.served = 0
        """Readable sockets served: datagrams, nearly."""
        self.latest_s = 0.0
        """The longest that serving has taken: so long may a packet have waited beyond its tick. Set it to 0
        to begin anew."""

    def now(self) -> int:
        """The time."""
        return self._clock_ns() // _NS_PER_UNIT

    def watch(self, fd: int, handler: Handler, owner: str = "") -> None:
        """Call the handler whenever the socket is readable. Again for the same socket: another handler."""
        handlers = self._handlers
        if fd >= len(handlers):
            self._make_room(fd)
        if handlers[fd] is _ignore:
            self._epoll.register(fd, select.EPOLLIN)
        handlers[fd] = handler
        self._owners[fd] = owner
        self._courses[fd] = self._states[fd] = None

    def follow(self, fd: int, course: Course, owner: str = "") -> None:
        """The same for a socket that a stream comes by: what simply follows on its course goes on by itself."""
        self.watch(fd, course.hear, owner)
        self._courses[fd], self._states[fd] = course, course.address

    def watch_writing(self, fd: int, wanted: bool) -> None:
        """Call the handler when the socket is writable too, or no longer."""
        self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT if wanted else select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Call no handler for this socket any more; it must still be open."""
        if self._handlers[fd] is not _ignore:
            self._handlers[fd] = _ignore  # it may be among those that are being served
            self._courses[fd] = self._states[fd] = None
            self._epoll.unregister(fd)

    def forget_owner(self, owner: str) -> None:
        """The same for every socket of an owner."""
        for fd in [fd for fd, other in self._owners.items() if other == owner]:
            self.forget(fd)

    def call_at(self, when: int, handler: Handler, owner: str = "") -> None:
        """Call once, at `when` or soon after. It cannot be called off: the handler sees if it matters still."""
        self._timers_set += 1
        heappush(self._timers, (when, self._timers_set, owner, handler))

    def stop(self) -> None:
        """Let `run` return when the present wake is over."""
        self._stopped = True

    def close(self) -> None:
        """Release the epoll descriptor; the sockets are their owners'."""
        self._epoll.close()

    def run(self) -> None:
        """Serve until `stop`."""
        epoll = self._epoll.fileno()
        handlers = self._handlers
        clock_ns = self._clock_ns
        wake = Wake()
        wake_at = ctypes.addressof(wake)
        left = wake.sockets
        while not self._stopped:
            if number := loop_wait(epoll, self._wait_ms(), MOST_READY, wake_at):
                raise OSError(number, os.strerror(number))
            woke_ns = clock_ns()
            now = woke_ns // _NS_PER_UNIT
            loop_serve(self._states, len(handlers), now, wake_at)
            if wake.strays:
                self._take_strays(wake, now)
            for fd in left[: wake.left]:
                try:
                    handlers[fd](now)
                except Exception as error:  # noqa: BLE001 - a bug ends the call that it met, not all calls
                    self._excuse(error, self._owners[fd], now)
            self._call_due(now)
            ready = wake.ready
            self.wakes += 1
            self.served += ready
            busy_s = (clock_ns() - woke_ns) / 1e9
            self.latest_s = max(self.latest_s, busy_s)
            rest_s = (self._tick_s if ready > FEW else 2 * self._tick_s) - busy_s
            if rest_s > 0 and 0 < ready < MOST_READY:
                time.sleep(rest_s)

    def _take_strays(self, wake: Wake, now: int) -> None:
        """What was read and did not follow. First of all, while the numbers of sockets mean what they meant."""
        for stray in range(wake.strays):
            fd = wake.stray_sockets[stray]
            course = self._courses[fd]
            if course is None:  # another one of its call has ended that
                continue
            try:
                packet = ctypes.string_at(wake.packets[stray], wake.stray_octets[stray])
                course.differs(packet, now)
            except Exception as error:  # noqa: BLE001 - as in `run`
                self._excuse(error, self._owners[fd], now)

    def _make_room(self, fd: int) -> None:
        """For sockets up to this one, and as many again."""
        more = 2 * fd + 64 - len(self._handlers)
        self._handlers.extend([_ignore] * more)
        self._courses.extend([None] * more)
        self._states = (ctypes.c_void_p * len(self._handlers))(*self._states)

    def _call_due(self, now: int) -> None:
        """After the sockets: what has just come may have made a timer pointless."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            _, _, owner, handler = heappop(timers)
            try:
                handler(now)
            except Exception as error:  # noqa: BLE001 - as in `run`
                self._excuse(error, owner, now)

    def _excuse(self, error: Exception, owner: str, now: int) -> None:
        if not owner:
            raise error
        self._on_failure(owner, now)

    def _wait_ms(self) -> int:
        """Until the next timer is due, rounded up; an earlier packet ends it."""
        if not self._timers:
            return _FOREVER
        wait_ns = self._timers[0][0] * _NS_PER_UNIT - self._clock_ns()
        return min(max(0, -(-wait_ns // 1_000_000)), _LONGEST_MS)


_NS_PER_UNIT: Final = 1_000_000_000 // CLOCK_HZ
_FOREVER: Final = -1
_LONGEST_MS: Final = 1_000_000_000


def _ignore(_now: int) -> None:
    """For a socket that was forgotten while it waited for its turn."""
