"""Connections that others have opened and that requests of ours may go by (RFC 5923)."""

from collections.abc import Callable
from dataclasses import replace

from mediation.net.security import Security
from mediation.net.tcp import TcpConnection
from mediation.routing.wires import Wire
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.message import Request

Peer = tuple[Endpoint, Endpoint]
"""A listener of ours, and where we would connect to."""


class Aliases:
    """Which connection stands for which peer. Each stands for one place, so that nobody can pile them up."""

    def __init__(self, security: Security | None, wire: Callable[[Flow], Wire]) -> None:
        self._security = security
        self._wire = wire
        self._connections: dict[Peer, TcpConnection] = {}

    @property
    def peers(self) -> list[Peer]:
        """Those that a connection stands for."""
        return list(self._connections)

    def get(self, peer: Peer) -> TcpConnection | None:
        """The connection that stands for a peer."""
        return self._connections.get(peer)

    def take(self, request: Request, connection: TcpConnection) -> None:
        """Let the connection that a request came by stand for its sender, if that asks so by `alias` and may.

        It is known by the address that it comes from and the port of its Via, never by an address that it says.
        """
        via = request.top_via
        if connection.ours or self._security is None or not via.parameters.has("alias"):
            return
        peer = (connection.local, (connection.remote[0], via.sent_by[1]))
        held = self._connections.get(peer)
        if held is connection or via.transport.upper() != "TLS":
            return
        towards, shown = replace(connection.flow, remote=peer[1], connection=None), connection.identity_shown
        if held is not None and held.identity_shown != shown:
            return  # somebody else stands for it: two servers may share an address
        if self._wire(towards).reuses and self._security.allows_reuse(towards, shown, via.host):
            self.forget(connection)
            self._connections[peer] = connection

    def forget(self, connection: TcpConnection) -> list[Peer]:
        """It stands for nobody any more; returns for whom it did."""
        peers = [peer for peer, known in self._connections.items() if known is connection]
        for peer in peers:
            del self._connections[peer]
        return peers
