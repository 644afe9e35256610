"""SIP connections over TCP: framing, keep-alive pings, and an end to peers that are gone or never read
(RFC 3261 section 18.3).
"""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.framing import MalformedMessage, StreamFramer
from mediation.sip.message import Message

MOST_UNSENT_OCTETS = 1024 * 1024
"""A peer that lets so much pile up is not reading: its connection ends, others are not affected."""
SILENCE_LIMIT_S = 30
"""A peer whose machine acknowledges nothing for so long is gone, and so is one that takes nothing more: the
system looks after both, by TCP_USER_TIMEOUT and by keep-alive probes."""
PROBE_AFTER_S = 15
"""Seconds of silence before the first keep-alive probe."""
PROBE_EVERY_S = 5


class ConnectionUser(Protocol):
    """Who hears of connections."""

    def connected(self, connection: "TcpConnection") -> bool:
        """A connection stands; False: it is not wanted."""

    def disconnected(self, connection: "TcpConnection") -> None:
        """It is gone."""

    def message_received(self, message: Message, flow: Flow) -> None:
        """A whole valid message."""

    def malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        """A message that is none."""


class TcpConnection(asyncio.Protocol):
    """One connection, opened by either end."""

    def __init__(self, user: ConnectionUser, identity: int, local: Endpoint, idle_s: float) -> None:
        self._user = user
        self._framer = StreamFramer()
        self._idle_s = idle_s
        self._idle_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.identity = identity
        self.local = local
        """The listener that it belongs to, whatever port the socket itself has."""
        self.remote: Endpoint = ("", 0)

    @property
    def flow(self) -> Flow:
        """The connection as a flow."""
        return Flow(Transport.TCP, self.local, self.remote, self.identity)

    def send(self, octets: bytes) -> bool:
        """Write; False when the connection cannot take it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > MOST_UNSENT_OCTETS:
            transport.abort()
            return False
        transport.write(octets)
        self._stir()
        return True

    def close(self) -> None:
        """Close when everything is written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now; what is not written is lost."""
        if self._transport is not None:
            self._transport.abort()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who it is."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if peer is None:  # it has reset the connection already
            transport.abort()
            return
        self.remote = peer[:2]
        if not self._user.connected(self):
            transport.abort()
            return
        _watch_peer(transport.get_extra_info("socket"))
        self._stir()
        self._watch_idle()

    def data_received(self, data: bytes) -> None:
        """Take octets, in whatever pieces they come."""
        self._stir()
        framer = self._framer
        framer.feed(data)
        while not framer.broken:
            try:
                message = framer.next_message()
            except MalformedMessage as error:
                self._user.malformed_received(error, self.flow)
                continue
            if message is None:
                break
            self._user.message_received(message, self.flow)
        if framer.pings:  # RFC 5626 section 3.5.1
            self.send(b"\r\n" * framer.pings)
            framer.pings = 0
        if framer.broken:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell it once."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._user.disconnected(self)

    # idleness

    def _stir(self) -> None:
        self._idle_since = asyncio.get_running_loop().time()

    def _watch_idle(self) -> None:
        """Close when it is time, else look again when it could be: one timer, not one for each message."""
        loop = asyncio.get_running_loop()
        closes_at = self._idle_since + self._idle_s
        if loop.time() >= closes_at:
            self.close()
        else:
            self._timer = loop.call_at(closes_at, self._watch_idle)


def _watch_peer(connection: socket.socket) -> None:
    """Let the system end a connection whose other end has vanished without a word."""
    options = (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_LIMIT_S * 1000),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_S),
    )
    for level, option, value in options:
        with suppress(OSError):  # the connection is broken already, and asyncio is about to say so
            connection.setsockopt(level, option, value)
