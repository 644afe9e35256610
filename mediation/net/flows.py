"""Which socket or connection reaches whom: every listener of one server, and the connections that grew from them."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count

from mediation.net.address import family_of, is_address
from mediation.net.listener import EXHAUSTED, EXHAUSTED_REMEDY, TcpListener, turn_away
from mediation.net.tcp import TcpConnection
from mediation.net.udp import UdpSocket
from mediation.settings.model import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.message import Message

CONNECT_LIMIT_S = 5.0
"""A peer that does not complete the handshake in so long is not there; the next target gets the call."""
MOST_WAITING = 1024
"""Messages that may wait for one connection to open; with one more, all of them have failed."""
CLOSE_LIMIT_S = 1.0
"""So long the last octets may take to leave; a peer that does not read does not hold up the end."""


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


class Flows:
    """Sends by flow and receives from anywhere.

    `knows(flow)` is asked before anything is read from a peer; strangers are dropped, and `refused` counts them.
    """

    def __init__(
        self,
        *,
        knows: Callable[[Flow], bool],
        on_message: Callable[[Message, Flow], None],
        on_malformed: Callable[[MalformedMessage, Flow], None],
        on_failure: Callable[[Flow], None],
        tcp_idle_s: float,
    ) -> None:
        self._knows = knows
        self._on_message = on_message
        self._on_malformed = on_malformed
        self._on_failure = on_failure
        self._tcp_idle_s = tcp_idle_s
        self._sockets: dict[Endpoint, UdpSocket] = {}
        self._listeners: list[TcpListener] = []
        self._connections: dict[int, TcpConnection] = {}
        self._by_peer: dict[tuple[Endpoint, Endpoint], TcpConnection] = {}
        self._opening: dict[tuple[Endpoint, Endpoint], list[bytes]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._adopting: set[asyncio.Task[None]] = set()
        self._identities = count(1)
        self._closing = False
        self._emptied = asyncio.Event()
        self.refused = 0
        """Datagrams and connections from strangers."""

    async def listen(self, listeners: Iterable[Listener]) -> None:
        """Bind every listener, or none of them. Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            for listener in listeners:
                if listener.transport is Transport.UDP:
                    datagrams = UdpSocket(
                        listener.endpoint,
                        partial(self._datagram_received, listener.endpoint),
                        partial(self._unreachable, listener.endpoint),
                    )
                    datagrams.start(loop)
                    self._sockets[listener.endpoint] = datagrams
                else:
                    connections = TcpListener(
                        listener.endpoint, partial(self._accepted, listener.endpoint), self._exhausted
                    )
                    connections.start(loop)
                    self._listeners.append(connections)
        except OSError as error:
            await self.aclose()
            raise ListenError(error.errno, f"cannot listen at {listener}: {error.strerror}") from error

    def send(self, flow: Flow, octets: bytes) -> None:
        """Send by a flow; a failure is reported later, never from within this call."""
        if flow.transport is Transport.UDP:
            datagrams = self._sockets.get(flow.local)
            if datagrams is None or not datagrams.send(octets, flow.remote):
                self._fail(flow)
            return
        connection = self._connections.get(flow.connection or 0) or self._by_peer.get(
            (flow.local, flow.remote)
        )
        if connection is not None and connection.send(octets):
            return
        self._open(flow, octets)

    async def aclose(self) -> None:
        """Close everything; what is written already still leaves. Nobody hears anything from now on."""
        self._closing = True
        for datagrams in self._sockets.values():
            datagrams.close()
        for listener in self._listeners:
            listener.close()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, *self._adopting, return_exceptions=True)
        for connection in list(self._connections.values()):
            connection.close()
        await self._wait_until_empty()
        for connection in list(self._connections.values()):
            connection.abort()
        await self._wait_until_empty()
        self._sockets.clear()
        self._listeners.clear()

    async def _wait_until_empty(self) -> None:
        if self._connections:
            self._emptied.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await self._emptied.wait()

    # datagrams

    def _datagram_received(self, local: Endpoint, octets: bytes, remote: Endpoint) -> None:
        flow = Flow(Transport.UDP, local, remote)
        if not self._knows(flow):
            self.refused += 1
            return
        try:
            message = parse_datagram(octets)
        except MalformedMessage as error:
            self._on_malformed(error, flow)
            return
        if message is not None:
            self._on_message(message, flow)

    def _unreachable(self, local: Endpoint, remote: Endpoint) -> None:
        self._on_failure(Flow(Transport.UDP, local, remote))

    # connections (mediation.net.tcp.ConnectionUser)

    def connected(self, connection: TcpConnection) -> bool:
        """Keep a new connection, and send what has waited for it."""
        if self._closing:
            return False
        peer = (connection.local, connection.remote)
        self._connections[connection.identity] = connection
        self._by_peer[peer] = connection
        for octets in self._opening.pop(peer, ()):
            connection.send(octets)
        return True

    def disconnected(self, connection: TcpConnection) -> None:
        """Forget it."""
        self._connections.pop(connection.identity, None)
        if self._by_peer.get((connection.local, connection.remote)) is connection:
            del self._by_peer[connection.local, connection.remote]
        if not self._connections:
            self._emptied.set()

    def message_received(self, message: Message, flow: Flow) -> None:
        """Pass on."""
        if not self._closing:
            self._on_message(message, flow)

    def malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        """Pass on."""
        if not self._closing:
            self._on_malformed(error, flow)

    def _accepted(self, local: Endpoint, accepted: socket.socket, remote: Endpoint) -> None:
        if not self._knows(Flow(Transport.TCP, local, remote)):
            self.refused += 1
            turn_away(accepted)
            return
        task = asyncio.get_running_loop().create_task(self._adopt(local, accepted))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, local: Endpoint, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._new_connection, local), accepted
            )
        except OSError:  # it has ended again
            accepted.close()

    def _exhausted(self, error: OSError) -> None:
        """Nobody of ours can help it; whoever watches the loop is told."""
        asyncio.get_running_loop().call_exception_handler(
            {"message": "connections are turned away", "exception": error}
        )

    def _new_connection(self, local: Endpoint) -> TcpConnection:
        return TcpConnection(self, next(self._identities), local, self._tcp_idle_s)

    def _open(self, flow: Flow, octets: bytes) -> None:
        peer = (flow.local, flow.remote)
        waiting = self._opening.get(peer)
        if self._closing or not is_address(flow.remote[0], family_of(flow.local[0])):
            self._fail(flow)
        elif waiting is None:
            self._opening[peer] = [octets]
            task = asyncio.get_running_loop().create_task(self._connect(flow))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        elif len(waiting) < MOST_WAITING:
            waiting.append(octets)
        else:
            self._fail(flow)

    async def _connect(self, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        peer = (flow.local, flow.remote)
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                await loop.create_connection(
                    partial(self._new_connection, flow.local),
                    *flow.remote,
                    local_addr=(flow.local[0], 0),
                )
        except (OSError, OverflowError):  # TimeoutError is an OSError; the port may be nonsense
            pass
        finally:
            if self._opening.pop(peer, None) is not None:  # nobody has taken what waited
                self._fail(flow)

    def _fail(self, flow: Flow) -> None:
        """Report later: whoever sends is not ready to hear of it now."""
        if not self._closing:
            asyncio.get_running_loop().call_soon(self._report, flow)

    def _report(self, flow: Flow) -> None:
        if not self._closing:
            self._on_failure(flow)
