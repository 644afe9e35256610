"""Which socket or connection reaches whom: every listener of one server, and the connections that grew from them."""

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count

from mediation.net.address import family_of, is_address
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
    """A listener cannot be bound; the message names it."""


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
        self._servers: list[asyncio.Server] = []
        self._connections: dict[int, TcpConnection] = {}
        self._by_peer: dict[tuple[Endpoint, Endpoint], TcpConnection] = {}
        self._opening: dict[tuple[Endpoint, Endpoint], list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
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
                    socket = UdpSocket(listener.endpoint, partial(self._datagram_received, listener.endpoint))
                    socket.start(loop)
                    self._sockets[listener.endpoint] = socket
                else:
                    server = await loop.create_server(
                        partial(self._new_connection, listener.endpoint), *listener.endpoint, backlog=1024
                    )
                    self._servers.append(server)
        except OSError as error:
            await self.aclose()
            # not strerror: asyncio writes its own, and names the address again
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ListenError(error.errno, f"cannot listen at {listener}: {why}") from error

    def send(self, flow: Flow, octets: bytes) -> None:
        """Send by a flow; a failure is reported later, never from within this call."""
        if flow.transport is Transport.UDP:
            socket = self._sockets.get(flow.local)
            if socket is None or not socket.send(octets, flow.remote):
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
        for socket in self._sockets.values():
            socket.close()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections.values()):
            connection.close()
        await self._wait_until_empty()
        for connection in list(self._connections.values()):
            connection.abort()
        await self._wait_until_empty()
        for server in self._servers:
            await server.wait_closed()
        self._sockets.clear()
        self._servers.clear()

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

    # connections (mediation.net.tcp.ConnectionUser)

    def connected(self, connection: TcpConnection) -> bool:
        """Keep a new connection, unless a stranger opened it. Whom we have called is no stranger."""
        if self._closing:
            return False
        peer = (connection.local, connection.remote)
        waiting = self._opening.pop(peer, None)
        if waiting is None and not self._knows(connection.flow):
            self.refused += 1
            return False
        self._connections[connection.identity] = connection
        self._by_peer[peer] = connection
        for octets in waiting or ():
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
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
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
