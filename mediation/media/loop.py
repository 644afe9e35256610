"""The event loop of a media worker: wake, serve every readable socket once, rest until the tick is over.

At media's rate a wake-up for each packet would cost more than the work with it, so packets may gather for a
tick, or for two when they are few. While nothing comes the loop sleeps in epoll, and the first packet after a pause
is served at once.

A socket is served one datagram a wake: a flood on one port cannot hold up the others, and no call is made
only to learn that nothing more is there.
"""

import select
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from mediation.media.relay import CLOCK_HZ

Handler = Callable[[int], None]
"""Serves a socket, or a timer that is due; told the time in whole units of the media clock."""

FEW: Final = 4
"""With no more packets than this in a wake, two ticks may pass: waking is nearly all that they cost."""

MAX_READY: Final = 2048
"""Sockets served in one wake; the others have their turn at once after it."""


class Loop:
    """Sockets and timers. Times are whole numbers of the media clock, which only goes forward."""

    def __init__(
        self,
        *,
        tick_s: float,
        on_failure: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_failure(owner, now)` is called, in an except clause, when a handler of an owner has raised.

        What has no owner, or the empty string, is not excused: its exception leaves `run`.
        """
        self._tick_s = tick_s
        self._on_failure = on_failure
        self._clock = clock
        self._epoll = select.epoll()
        self._handlers: list[Handler] = []  # by descriptor
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
        return int(self._clock() * CLOCK_HZ)

    def watch(self, fd: int, handler: Handler, owner: str = "") -> None:
        """Call the handler whenever the socket is readable. Again for the same socket: another handler."""
        handlers = self._handlers
        while len(handlers) <= fd:
            handlers.append(_ignore)
        if handlers[fd] is _ignore:
            self._epoll.register(fd, select.EPOLLIN)
        handlers[fd] = handler
        self._owners[fd] = owner

    def watch_writing(self, fd: int, wanted: bool) -> None:
        """Call the handler when the socket is writable too, or no longer."""
        self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT if wanted else select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Call no handler for this socket any more; it must still be open."""
        if self._handlers[fd] is not _ignore:
            self._handlers[fd] = _ignore  # it may be among those that are being served
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
        poll = self._epoll.poll
        handlers = self._handlers
        clock = self._clock
        tick_s = self._tick_s
        while not self._stopped:
            ready = poll(self._wait_s(), MAX_READY)
            woke = clock()
            now = int(woke * CLOCK_HZ)
            for fd, _ in ready:
                try:
                    handlers[fd](now)
                except Exception as error:  # noqa: BLE001 - a bug ends the call that it met, not all calls
                    self._excuse(error, self._owners[fd], now)
            self._call_due(now)
            served = clock()
            self.wakes += 1
            self.served += len(ready)
            if served - woke > self.latest_s:
                self.latest_s = served - woke
            rest = woke + (tick_s if len(ready) > FEW else 2 * tick_s) - served
            if rest > 0 and 0 < len(ready) < MAX_READY:
                time.sleep(rest)

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

    def _wait_s(self) -> float:
        return max(0.0, self._timers[0][0] / CLOCK_HZ - self._clock()) if self._timers else _FOREVER


_FOREVER: Final = -1.0


def _ignore(_now: int) -> None:
    """For a socket that was forgotten while it waited for its turn."""
