"""Where signalling comes back to a worker whose channel it has lost: a socket in a directory of our own.

Nobody else may enter that directory, and the kernel says who is at the other end: only our own user is let in.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final

from mediation.media.channel import Channel

_UCRED: Final = Struct("3i")
_WAITING: Final = 8
"""Visitors that may wait to be let in."""


class Door:
    """A worker's end."""

    def __init__(self, beginning: str) -> None:
        """Opens it where the path begins like this. OSError: it cannot be."""
        self._path = Path(f"{beginning}{os.getpid()}")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.setblocking(False)
            self._path.unlink(missing_ok=True)  # of a process of before that had our number
            self._socket.bind(str(self._path))
            self._socket.listen(_WAITING)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """For epoll."""
        return self._socket.fileno()

    def let_in(self) -> Channel | None:
        """The next visitor; None: there is none, or it is a stranger and has been turned away."""
        try:
            visitor, _ = self._socket.accept()
        except OSError:
            return None
        if is_stranger(visitor):
            visitor.close()
            return None
        return Channel(visitor)

    def close(self) -> None:
        """Nobody comes any more."""
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()


def peer(sock: socket.socket) -> tuple[int, int]:
    """Process and user at the other end of a Unix socket, as they were when it was opened there."""
    pid, user, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return pid, user


def is_stranger(sock: socket.socket) -> bool:
    """Whether somebody else's process is at the other end."""
    return peer(sock)[1] != os.geteuid()
