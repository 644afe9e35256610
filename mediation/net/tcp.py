"""SIP connections over TCP: framing, keep-alive pings, and an end to peers that never read (RFC 3261 section 18.3)."""

import asyncio
from typing import Protocol

from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.framing import MalformedMessage, StreamFramer
from mediation.sip.message import Message

MOST_UNSENT_OCTETS = 1024 * 1024
"""A peer that lets so much pile up is not reading: its connection ends, others are not affected."""


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
        self._idle: asyncio.TimerHandle | None = None
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
        self._restart_idle()
        return True

    def close(self) -> None:
        """Close when everything is written."""
        if self._transport is not None:
            self._transport.close()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who it is."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport
        self.remote = transport.get_extra_info("peername")[:2]
        if self._user.connected(self):
            self._restart_idle()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take octets; whatever they are, the connection's other messages are not lost by an exception."""
        self._restart_idle()
        framer = self._framer
        framer.feed(data)
        while True:
            try:
                message = framer.next_message()
            except MalformedMessage as error:
                self._user.malformed_received(error, self.flow)
                if framer.broken:
                    self.close()
                    return
                continue
            if message is None:
                break
            self._user.message_received(message, self.flow)
        while framer.pings:  # RFC 5626 section 3.5.1
            framer.pings -= 1
            self.send(b"\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell it once."""
        del exc
        if self._idle is not None:
            self._idle.cancel()
        self._transport = None
        self._user.disconnected(self)

    def _restart_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_s, self.close)
