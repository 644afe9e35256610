"""The listeners of one server: all are bound, or none is."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable
from functools import partial

from mediation.net.listener import EXHAUSTED, EXHAUSTED_REMEDY, TcpListener
from mediation.net.udp import UdpSocket
from mediation.routing.wires import Marking
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Transport


class ListenError(OSError):
    """A listener cannot be bound; `strerror` names it."""

    @property
    def passes(self) -> bool:
        """Whether it may be better the next time; if not, another configuration is needed."""
        return self.errno == errno.EADDRINUSE or self.errno in EXHAUSTED

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.errno == errno.EADDRINUSE:
            return "another process listens there: stop it, or choose another port"
        if self.errno == errno.EADDRNOTAVAIL:
            return "the address is not on this machine: choose one that is, or add it"
        if self.errno == errno.EACCES:
            return (
                "ports below 1024 need the capability CAP_NET_BIND_SERVICE: choose another port, or grant it"
            )
        return EXHAUSTED_REMEDY if self.passes else "choose another address"


class Listening:
    """Sockets for datagrams, and those that take connections."""

    def __init__(
        self,
        *,
        on_datagram: Callable[[Endpoint, bytes, Endpoint], None],
        on_unreachable: Callable[[Endpoint, Endpoint], None],
        on_connection: Callable[[Listener, socket.socket, Endpoint], None],
        marking: Callable[[Transport, Endpoint], Marking],
        tls: bool,
    ) -> None:
        """Each callback is told first where we listen; `tls`: whether we have a certificate to show."""
        self._on_datagram = on_datagram
        self._on_unreachable = on_unreachable
        self._on_connection = on_connection
        self._marking = marking
        self._tls = tls
        self._sockets: dict[Endpoint, UdpSocket] = {}
        self._listeners: list[TcpListener] = []

    def bind(self, listeners: Iterable[Listener]) -> None:
        """Begin to listen everywhere. Raises ListenError, and is closed then."""
        for listener in listeners:
            try:
                self._bind(listener)
            except OSError as error:
                self.close()
                raise ListenError(error.errno, f"cannot listen at {listener}: {error.strerror}") from error

    def send(self, local: Endpoint, octets: bytes, remote: Endpoint) -> bool:
        """Send a datagram from where we listen; False when it cannot be sent at all."""
        datagrams = self._sockets.get(local)
        return datagrams is not None and datagrams.send(octets, remote)

    def close(self) -> None:
        """Listen no more."""
        for datagrams in self._sockets.values():
            datagrams.close()
        for listener in self._listeners:
            listener.close()
        self._sockets.clear()
        self._listeners.clear()

    def _bind(self, listener: Listener) -> None:
        loop, local = asyncio.get_running_loop(), listener.endpoint
        marking = self._marking(listener.transport, local)
        if listener.transport is Transport.UDP:
            heard, unreachable = partial(self._on_datagram, local), partial(self._on_unreachable, local)
            datagrams = UdpSocket(local, heard, unreachable, marking)
            datagrams.start(loop)
            self._sockets[local] = datagrams
        else:
            if listener.transport is Transport.TLS and not self._tls:
                raise OSError(errno.EPROTONOSUPPORT, "TLS needs a certificate")
            connections = TcpListener(local, partial(self._on_connection, listener), _exhausted, marking)
            connections.start(loop)
            self._listeners.append(connections)


def _exhausted(error: OSError) -> None:
    """Nobody of ours can help it; whoever watches the loop is told."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": "connections are turned away", "exception": error}
    )
