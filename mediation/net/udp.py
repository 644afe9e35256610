"""One UDP socket that drains itself: asyncio's DatagramProtocol costs five times as much per datagram."""

import asyncio
import socket
from collections.abc import Callable

from mediation.net.address import family_of, is_address
from mediation.net.marking import mark
from mediation.routing.wires import UNMARKED, Marking
from mediation.sip.flow import Endpoint

LONGEST_DATAGRAM = 65_535
"""Octets; a smaller buffer would cut the large INVITEs of the trade (8 kB and more) without a word."""
MOST_AT_ONCE = 64
"""Datagrams taken in one wake-up, so that timers and streams get their turn."""
_BUFFER_OCTETS = 4 * 1024 * 1024
_RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR of Linux: ICMP errors are kept with the address that the datagram was for."""


class UdpSocket:
    """A bound socket; what arrives goes to `receive`, in order."""

    def __init__(
        self,
        local: Endpoint,
        receive: Callable[[bytes, Endpoint], None],
        unreachable: Callable[[Endpoint], None] = lambda remote: None,
        marking: Marking = UNMARKED,
    ) -> None:
        """Bind. Raises OSError when the address is not ours or the port is taken.

        `unreachable` hears of peers that ICMP says are not there (RFC 3261 section 18.4).
        """
        self._family = family_of(local[0])
        self._receive = receive
        self._unreachable = unreachable
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_OCTETS)
        self._socket.setsockopt(*_RECVERR[self._family], 1)
        try:
            mark(self._socket, marking)
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
        for _ in range(2):  # the first try may only be told of an ICMP error about something sent before
            try:
                self._socket.sendto(octets, remote)
            except BlockingIOError:
                return True
            except OSError:
                continue
            except OverflowError:  # a port out of a peer's Contact may be nonsense
                return False
            return True
        return False

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
            except OSError:
                self._hear_icmp()
                continue
            self._receive(octets, remote[:2])

    def _hear_icmp(self) -> None:
        """Whom the datagrams were for that came to nobody."""
        for _ in range(MOST_AT_ONCE):
            try:
                _, _, _, remote = self._socket.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            except OSError:
                return
            if remote:
                self._unreachable(remote[:2])
