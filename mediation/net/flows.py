"""Which socket or connection reaches whom: every listener of one server, and the connections that grew from them."""

import asyncio
import socket
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count

from mediation.net.address import family_of, is_address
from mediation.net.aliases import Aliases
from mediation.net.heirs import Heirs
from mediation.net.keepalive import Datagrams
from mediation.net.listener import turn_away
from mediation.net.listening import ListenError, Listening
from mediation.net.opening import Openings
from mediation.net.security import Security
from mediation.net.tcp import TcpConnection
from mediation.routing.wires import UNMARKED, Marking, Wire
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.message import Message, Request

CLOSE_LIMIT_S = 1.0
"""So long the last octets may take to leave; a peer that does not read does not hold up the end."""


_NOBODY = ("", 0)
_NONE = 0
"""No connection has this identity."""


class Flows:
    """Sends by flow and receives from anywhere.

    `knows(flow)` is asked before anything is read from a peer; strangers are dropped, and `refused` counts them. Where
    `may_prove(flow)` they may show a certificate first. `on_proof` hears of every connection whose other end has shown
    one that is good: the flow, the names in it, and whether it was us who have connected.
    `on_lost` hears of connections that are gone, whoever has ended them; before that, `on_silent` of those that have
    not answered our pings. Without `security` there is no TLS. `wire`
    tells how long connections last without use, and the like.
    """

    def __init__(
        self,
        *,
        knows: Callable[[Flow], bool],
        on_message: Callable[[Message, Flow], None],
        on_malformed: Callable[[MalformedMessage, Flow], None],
        on_failure: Callable[[Flow], None],
        may_prove: Callable[[Flow], bool] = lambda flow: False,
        on_proof: Callable[[Flow, Collection[str], bool], None] = lambda flow, names, ours: None,
        on_lost: Callable[[Flow], None] = lambda flow: None,
        on_silent: Callable[[Flow], None] = lambda flow: None,
        security: Security | None = None,
        wire: Callable[[Flow], Wire] = lambda flow: Wire(),
        marking: Callable[[Transport, Endpoint], Marking] = lambda transport, local: UNMARKED,
    ) -> None:
        self._knows = knows
        self._may_prove = may_prove
        self._on_proof = on_proof
        self._on_message = on_message
        self._on_malformed = on_malformed
        self._on_failure = on_failure
        self._on_lost = on_lost
        self._on_silent = on_silent
        self._wire = wire
        self._security = security
        self._secured: set[TcpConnection] = set()
        """Every connection with TLS, those included that do not stand yet or end with an alert."""
        self._listening = Listening(
            on_datagram=self._datagram_received,
            on_unreachable=self._unreachable,
            on_connection=self._accepted,
            marking=marking,
            tls=security is not None,
        )
        self._openings = Openings(
            make=partial(self._new_connection, calling=True),
            on_unmade=self._secured.discard,
            on_failure=self._fail,
            marking=marking,
        )
        self._connections: dict[int, TcpConnection] = {}
        self._by_peer: dict[tuple[Endpoint, Endpoint], TcpConnection] = {}
        self._aliases = Aliases(security, wire)
        self._heirs = Heirs()
        self._keepalives = Datagrams(self._send_keepalive)
        self._adopting: set[asyncio.Task[None]] = set()
        self._identities = count(1)
        self._closing = False
        self._emptied = asyncio.Event()
        self.refused = 0
        """Datagrams and connections from strangers."""

    async def listen(self, listeners: Iterable[Listener]) -> None:
        """Bind every listener, or none of them. Raises ListenError."""
        try:
            self._listening.bind(listeners)
        except ListenError:
            await self.aclose()
            raise

    def send(self, flow: Flow, octets: bytes) -> None:
        """Send by a flow; a failure is reported later, never from within this call."""
        if flow.transport is Transport.UDP:
            if not self._listening.send(flow.local, octets, flow.remote):
                self._fail(flow)
            return
        peer = (flow.local, flow.remote)
        connection = (
            self._connections.get(flow.connection or _NONE)
            or self._by_peer.get(peer)
            or self._aliases.get(peer)
            or self._heirs.of(flow.connection or _NONE)
        )
        if connection is not None and connection.send(octets):
            return
        if self._closing or not self._may_open(flow):
            self._fail(flow)
        else:
            self._openings.send(flow, octets)

    def keep_alive(self, flows: Iterable[tuple[Flow, float]]) -> None:
        """Send blank datagrams by these flows and by no others, each with its interval in seconds."""
        if not self._closing:
            self._keepalives.keep(flows)

    async def aclose(self) -> None:
        """Close everything; what is written already still leaves. Nobody hears anything from now on."""
        self._closing = True
        self._keepalives.close()
        self._listening.close()
        await self._openings.aclose()
        await asyncio.gather(*self._adopting, return_exceptions=True)
        for connection in self._secured.difference(self._connections.values()):
            connection.abort()
        for connection in list(self._connections.values()):
            connection.close()
        await self._wait_until_empty()
        for connection in list(self._connections.values()):
            connection.abort()
        await self._wait_until_empty()

    async def _wait_until_empty(self) -> None:
        if self._connections or self._secured:
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

    def _send_keepalive(self, flow: Flow, octets: bytes) -> None:
        """One that cannot be sent is no failure of anything: the next one may do."""
        self._listening.send(flow.local, octets, flow.remote)

    def _unreachable(self, local: Endpoint, remote: Endpoint) -> None:
        self._on_failure(Flow(Transport.UDP, local, remote))

    # connections (mediation.net.tcp.ConnectionUser)

    def connected(self, connection: TcpConnection) -> bool:
        """Keep a new connection, and send what has waited for it."""
        if self._closing:
            return False
        peer = (connection.local, connection.remote)
        self._shaken(connection, good=True)
        self._connections[connection.identity] = connection
        self._by_peer[peer] = connection
        shown = connection.identity_shown
        if shown is not None:
            self._heirs.stands(connection)
            self._on_proof(connection.flow, shown.domains, connection.ours)
        for octets in self._openings.stands(peer):
            connection.send(octets)
        return True

    def disconnected(self, connection: TcpConnection) -> None:
        """Forget it."""
        peer = (connection.local, connection.remote)
        self._shaken(connection)
        known = self._connections.pop(connection.identity, None) is not None
        self._heirs.gone(connection)
        if self._by_peer.get(peer) is connection:
            del self._by_peer[peer]
        self._secured.discard(connection)
        if not self._connections and not self._secured:
            self._emptied.set()
        if not connection.fault:
            self.refused += connection.strange and not known  # its place was given away
            self._lost(connection, known=known)

    def _lost(self, connection: TcpConnection, *, known: bool) -> None:
        """Nothing more comes by it. `known`: messages could be sent by it."""
        peer = (connection.local, connection.remote)
        if self._closing:
            return
        self._openings.lost(connection)
        for alias in self._aliases.forget(connection):
            if alias not in self._openings and alias not in self._by_peer:
                # what was sent by it as to this peer; no transaction names this connection twice
                self._on_lost(replace(connection.flow, remote=alias[1], connection=_NONE))
        if known:
            # what waits for the next connection to this peer has not failed with the last one
            replaced = peer in self._openings or peer in self._by_peer
            self._on_lost(replace(connection.flow, remote=_NOBODY) if replaced else connection.flow)

    def broken_off(self, connection: TcpConnection) -> None:
        """Tell why, and that the handshake is over."""
        self._shaken(connection)
        if self._security is not None and not self._closing:
            if connection.strange:
                self.refused += 1
            self._security.refused(
                connection.flow, connection.fault, calling=connection.ours, stranger=connection.strange
            )
        peer = (connection.local, connection.remote)
        if self._by_peer.get(peer) is connection:
            del self._by_peer[peer]
        self._lost(connection, known=connection.stood)

    def fell_silent(self, connection: TcpConnection) -> None:
        """Pass on."""
        if not self._closing:
            self._on_silent(connection.flow)

    def message_received(self, message: Message, flow: Flow) -> None:
        """Pass on."""
        self._openings.heard((flow.local, flow.remote))
        if flow.transport is Transport.TLS and isinstance(message, Request):
            connection = self._connections.get(flow.connection or _NONE)
            if connection is not None:
                self._aliases.take(message, connection)
        if not self._closing:
            self._on_message(message, flow)

    def malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        """Pass on."""
        if not self._closing:
            self._on_malformed(error, flow)

    def _accepted(self, listener: Listener, accepted: socket.socket, remote: Endpoint) -> None:
        flow = Flow(listener.transport, listener.endpoint, remote)
        strange = not self._knows(flow)
        if strange and not (self._security is not None and self._may_prove(flow)):
            self.refused += 1
            turn_away(accepted)
            return
        if listener.transport is Transport.TLS:
            if self._security is None or not self._security.admit(flow, stranger=strange):
                self.refused += strange
                turn_away(accepted)
                return
            connection = self._new_connection(flow, calling=False, strange=strange)
            self._security.handshakes.begin(connection, remote[0], stranger=strange)
        else:
            connection = self._new_connection(flow, calling=False)
        task = asyncio.get_running_loop().create_task(self._adopt(connection, accepted))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: TcpConnection, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, accepted)
        except OSError:  # it has ended again
            accepted.close()
            self._shaken(connection)
            self._secured.discard(connection)

    def _shaken(self, connection: TcpConnection, *, good: bool = False) -> None:
        """A handshake with somebody who has connected is over, well or not."""
        if self._security is not None:
            self._security.handshakes.over(connection, good=good)

    def _new_connection(self, flow: Flow, *, calling: bool, strange: bool = False) -> TcpConnection:
        shield = None
        if flow.transport is Transport.TLS and self._security is not None:
            shield = self._security.shield(flow, calling=calling, stranger=strange)
        wire = self._wire(flow)
        connection = TcpConnection(
            self,
            next(self._identities),
            flow.local,
            wire.idle_s,
            shield=shield,
            towards=flow.remote if calling else None,
            keepalive_s=wire.keepalive_s,
            strange=strange,
        )
        if shield is not None:
            self._secured.add(connection)
        return connection

    def _may_open(self, flow: Flow) -> bool:
        secured = flow.transport is not Transport.TLS or self._security is not None
        return secured and is_address(flow.remote[0], family_of(flow.local[0]))

    def _fail(self, flow: Flow) -> None:
        """Report later: whoever sends is not ready to hear of it now."""
        if not self._closing:
            asyncio.get_running_loop().call_soon(self._report, flow)

    def _report(self, flow: Flow) -> None:
        if not self._closing:
            self._on_failure(flow)
