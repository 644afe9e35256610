"""Who comes after a connection that is gone: the next one that shows the same certificate, wherever it comes from.

For peers that nobody can connect to, because their address is none that lasts: what belongs to their calls finds them
by their next connection. Others are connected to anew, at the place that they name.
"""

from typing import Final

from mediation.net.tcp import TcpConnection
from mediation.sip.flow import Endpoint

MOST_REMEMBERED: Final = 4096
"""Connections that are gone, and whose calls may be up."""

_Who = tuple[Endpoint, frozenset[str]]
"""A listener of ours, and the names that were shown there."""


class Heirs:
    """Those of one server."""

    def __init__(self) -> None:
        self._standing: dict[_Who, TcpConnection] = {}
        """The newest of each."""
        self._gone: dict[int, _Who] = {}

    def stands(self, connection: TcpConnection) -> None:
        """A connection has shown who is there."""
        who = _who(connection)
        if who is not None:
            self._standing[who] = connection

    def gone(self, connection: TcpConnection) -> None:
        """It is no more."""
        who = _who(connection)
        if who is None:
            return
        if self._standing.get(who) is connection:
            del self._standing[who]
        self._gone[connection.identity] = who
        if len(self._gone) > MOST_REMEMBERED:
            del self._gone[next(iter(self._gone))]

    def of(self, identity: int) -> TcpConnection | None:
        """What stands in the place of a connection that is gone."""
        who = self._gone.get(identity)
        return None if who is None else self._standing.get(who)


def _who(connection: TcpConnection) -> _Who | None:
    shown = connection.identity_shown
    return (connection.local, shown.domains) if connection.strange and shown is not None else None
