"""Connections that we open: one to each peer at a time, what waits for it to stand, and peers that are left alone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from mediation.net.aliases import Peer
from mediation.net.marking import connecting_socket
from mediation.net.rest import Rests
from mediation.net.tcp import TcpConnection
from mediation.routing.wires import Marking
from mediation.sip.flow import Endpoint, Flow, Transport

CONNECT_LIMIT_S = 5.0
"""A peer that does not complete the handshake in so long is not there; the next target gets the call."""
MOST_WAITING = 1024
"""Messages that may wait for one connection to open; with one more, all of them have failed."""


class Openings:
    """Those of one server."""

    def __init__(
        self,
        *,
        make: Callable[[Flow], TcpConnection],
        on_unmade: Callable[[TcpConnection], None],
        on_failure: Callable[[Flow], None],
        marking: Callable[[Transport, Endpoint], Marking],
    ) -> None:
        """`make` gives a connection that is yet to be made, `on_unmade` hears of those that never are."""
        self._make = make
        self._on_unmade = on_unmade
        self._on_failure = on_failure
        self._marking = marking
        self._waiting: dict[Peer, list[bytes]] = {}
        """Octets for peers to which a connection opens."""
        self._rests: Rests[Peer] = Rests()
        self._connecting: set[asyncio.Task[None]] = set()

    def __contains__(self, peer: Peer) -> bool:
        """Whether a connection to the peer opens."""
        return peer in self._waiting

    def send(self, flow: Flow, octets: bytes) -> None:
        """Open a connection and send by it, or by the one that opens already."""
        loop, peer = asyncio.get_running_loop(), (flow.local, flow.remote)
        waiting = self._waiting.get(peer)
        if self._rests.lasts(peer, loop.time()):
            self._on_failure(flow)
        elif waiting is None:
            self._waiting[peer] = [octets]
            task = loop.create_task(self._connect(flow))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        elif len(waiting) < MOST_WAITING:
            waiting.append(octets)
        else:
            self._on_failure(flow)

    def stands(self, peer: Peer) -> list[bytes]:
        """There is a connection to the peer, whoever has opened it; returns what has waited for one."""
        return self._waiting.pop(peer, [])

    def heard(self, peer: Peer) -> None:
        """It has said something: it need not be left alone."""
        self._rests.over(peer)

    def lost(self, connection: TcpConnection) -> None:
        """A connection that had begun is gone, whether it has ever stood or not."""
        if not connection.ours:
            return
        if not connection.heard:
            self._rests.failed((connection.local, connection.remote), asyncio.get_running_loop().time())
        if not connection.stood:
            self._fail(replace(connection.flow, connection=None))

    async def aclose(self) -> None:
        """Open no more."""
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)

    async def _connect(self, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        connection = self._make(flow)
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                sock = connecting_socket(flow.local[0], self._marking(flow.transport, flow.local))
                try:
                    await loop.sock_connect(sock, flow.remote)
                except BaseException:
                    sock.close()
                    raise
                await loop.create_connection(lambda: connection, sock=sock)
        except (OSError, OverflowError):  # TimeoutError is an OSError; the port may be nonsense
            self._on_unmade(connection)
            self._rests.failed((flow.local, flow.remote), loop.time())
            self._fail(flow)
        except asyncio.CancelledError:
            self._on_unmade(connection)
            raise

    def _fail(self, flow: Flow) -> None:
        """What has waited for a connection has failed, unless it was told already."""
        if self._waiting.pop((flow.local, flow.remote), None) is not None:
            self._on_failure(flow)
