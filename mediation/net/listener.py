"""Takes TCP connections: strangers are turned away before anything is made for them, and everybody is when the
system has no descriptor left.

asyncio's own server stops accepting for a second then, and lets peers wait in the queue who could have tried
another server; until Python 3.12 it also tries once for each place in the backlog before it stops.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from mediation.net.address import family_of
from mediation.net.marking import mark
from mediation.routing.wires import UNMARKED, Marking
from mediation.sip.flow import Endpoint

BACKLOG: Final = 1024
MOST_AT_ONCE: Final = 64
"""Connections taken in one wake-up, so that datagrams and timers get their turn."""
PAUSE_S: Final = 0.5
"""Rest when not even the reserve is left."""
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What passes when others have closed something."""
EXHAUSTED_REMEDY: Final = (
    "the system is out of it: raise the limit (ulimit -n for descriptors), or try again later"
)


class TcpListener:
    """A listening socket; each new connection goes to `take`, which owns it from then on."""

    def __init__(
        self,
        local: Endpoint,
        take: Callable[[socket.socket, Endpoint], None],
        on_exhausted: Callable[[OSError], None],
        marking: Marking = UNMARKED,
    ) -> None:
        """Bind and listen. Raises OSError when the address is not ours or the port is taken."""
        self._take = take
        self._on_exhausted = on_exhausted
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause: asyncio.TimerHandle | None = None
        family = family_of(local[0])
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            mark(self._socket, marking)  # those that it accepts have it from here
            self._socket.bind(local)
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise
        self._reserve = _reserve()
        """A descriptor given up to take a connection only to end it."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take connections."""
        self._loop = loop
        loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Stop and unbind."""
        if self._loop is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
        if self._pause is not None:
            self._pause.cancel()
        self._socket.close()
        self._spend_reserve()

    def _accept(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                connection, remote = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    continue  # that connection has ended in the queue already
                self._on_exhausted(error)
                if not self._turn_one_away():
                    self._rest()
                    return
            else:
                connection.setblocking(False)
                self._take(connection, remote[:2])

    def _turn_one_away(self) -> bool:
        """Take the next connection and end it. False: there is no reserve for that."""
        if not self._spend_reserve():
            return False
        with suppress(OSError):
            connection, _ = self._socket.accept()
            turn_away(connection)
        self._reserve = _reserve()
        return self._reserve is not None

    def _spend_reserve(self) -> bool:
        reserve, self._reserve = self._reserve, None
        if reserve is None:
            return False
        os.close(reserve)
        return True

    def _rest(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._pause = self._loop.call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._reserve = self._reserve or _reserve()
        if self._loop is not None:
            self.start(self._loop)


def turn_away(connection: socket.socket) -> None:
    """End a connection by RST: nothing of it lingers, and the peer knows at once."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def _reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
