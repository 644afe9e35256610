"""One UDP socket that drains itself: asyncio's DatagramProtocol costs five times as much per datagram."""

import asyncio
import socket
from collections.abc import Callable

from mediation.net.address import family_of, is_address
from mediation.sip.flow import Endpoint

LONGEST_DATAGRAM = 65_535
"""Octets; a smaller buffer would cut the large INVITEs of the trade (8 kB and more) without a word."""
MOST_AT_ONCE = 64
"""Datagrams taken in one wake-up, so that timers and streams get their turn."""
_BUFFER_OCTETS = 4 * 1024 * 1024


class UdpSocket:
    """A bound socket; what arrives goes to `receive`, in order."""

    def __init__(self, local: Endpoint, receive: Callable[[bytes, Endpoint], None]) -> None:
        """Bind. Raises OSError when the address is not ours or the port is taken."""
        self._family = family_of(local[0])
        self._receive = receive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_OCTETS)
        try:
            self._socket.bind(local)
        except OSError:
            self._socket.close()
            raise
        self.local: Endpoint = self._socket.getsockname()[:2]

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take datagrams."""
        self._loop = loop
        loop.add_reader(self._socket, self._drain)

    def send(self, octets: bytes, remote: Endpoint) -> bool:
        """Send one datagram; False when it cannot be sent at all.

        A full send buffer is a loss like any other: whoever needs an answer repeats itself.
        """
        if not is_address(remote[0], self._family):
            return False
        try:
            self._socket.sendto(octets, remote)
        except BlockingIOError:
            return True
        except (OSError, OverflowError):  # a port out of a peer's Contact may be nonsense
            return False
        return True

    def close(self) -> None:
        """Stop and unbind."""
        if self._loop is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _drain(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                octets, remote = self._socket.recvfrom(LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error about something sent before; that sender has its own timers
                continue
            self._receive(octets, remote[:2])
