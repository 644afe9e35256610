"""SIP connections over TCP, with TLS or without: framing, keep-alive pings, and an end to peers that are gone or
never read (RFC 3261 section 18.3).
"""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

from mediation.net.keepalive import PING, PONG, PONG_LIMIT_S, pause_s
from mediation.net.tls import Shield
from mediation.routing.certificates import Identity
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
HANDSHAKE_LIMIT_S = 5.0
"""A peer that has not completed the TLS handshake in so long will not."""
ALERT_LIMIT_S = 1.0
"""So long a peer may take to read the alert that ends its connection."""


class ConnectionUser(Protocol):
    """Who hears of connections."""

    def connected(self, connection: "TcpConnection") -> bool:
        """A connection stands; False: it is not wanted."""

    def disconnected(self, connection: "TcpConnection") -> None:
        """It is gone."""

    def broken_off(self, connection: "TcpConnection") -> None:
        """TLS has failed: `fault` says why. It is gone soon."""

    def fell_silent(self, connection: "TcpConnection") -> None:
        """It does not answer our pings, and is gone soon."""

    def message_received(self, message: Message, flow: Flow) -> None:
        """A whole valid message."""

    def malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        """A message that is none."""


class TcpConnection(asyncio.Protocol):
    """One connection, opened by either end."""

    def __init__(
        self,
        user: ConnectionUser,
        identity: int,
        local: Endpoint,
        idle_s: float,
        *,
        shield: Shield | None = None,
        towards: Endpoint | None = None,
        keepalive_s: float = 0.0,
        strange: bool = False,
    ) -> None:
        """`keepalive_s`: between two pings of ours, if it is us who have connected; 0: none."""
        self._user = user
        self._shield = shield
        """The TLS of it; None: plain TCP."""
        self._framer = StreamFramer()
        self._idle_s = idle_s
        self._idle_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._keepalive_s = keepalive_s if towards is not None else 0.0
        self._pinging: asyncio.TimerHandle | None = None
        """Until the next ping, or for as long as the answer to the last one may take."""
        self._pinged = False
        """Whether nothing was heard since the last ping."""
        self._transport: asyncio.Transport | None = None
        self.identity = identity
        self.local = local
        """The listener that it belongs to, whatever port the socket itself has."""
        self.remote: Endpoint = towards or ("", 0)
        self.ours = towards is not None
        """Whether we have opened it."""
        self.strange = strange
        """Whether nobody knows who it is before it has shown a certificate."""
        self.stood = False
        """Whether messages could ever be sent by it."""
        self.heard = False
        """Whether the peer has said anything, TLS itself apart."""
        self.fault = ""
        """What TLS has failed by."""
        self._ended = False
        """Whether it was us who have ended it."""

    @property
    def flow(self) -> Flow:
        """The connection as a flow."""
        transport = Transport.TCP if self._shield is None else Transport.TLS
        return Flow(transport, self.local, self.remote, self.identity)

    @property
    def identity_shown(self) -> Identity | None:
        """Whom the peer's certificate names; None: it was asked for none."""
        return None if self._shield is None else self._shield.identity

    def send(self, octets: bytes) -> bool:
        """Write; False when the connection cannot take it."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.fault:
            return False
        if transport.get_write_buffer_size() > MOST_UNSENT_OCTETS:
            transport.abort()
            return False
        if self._shield is not None:
            self._shield.put(octets)
            octets = self._shield.pending()
        transport.write(octets)
        self._stir()
        return True

    def close(self) -> None:
        """Close when everything is written."""
        self._ended = True
        if self._transport is not None:
            if self._shield is not None and not self.fault and not self._transport.is_closing():
                self._shield.end()
                self._transport.write(self._shield.pending())
            self._transport.close()

    def abort(self) -> None:
        """Close now; what is not written is lost."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who it is."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if peer is None or self._ended:  # it has reset the connection already, or its place was given away
            transport.abort()
            return
        if not self.ours:
            self.remote = peer[:2]
        _watch_peer(transport.get_extra_info("socket"))
        if self._shield is None:
            self._stand()
            return
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_LIMIT_S, self._shook_too_long)
        if self.ours:
            self._shield.begin()
            transport.write(self._shield.pending())

    def data_received(self, data: bytes) -> None:
        """Take octets, in whatever pieces they come."""
        if self._shield is not None:
            data = self._unshielded(self._shield, data)
            if not data:
                return
        self._stir()
        self.heard = True
        if self._pinged:
            self._ping_later()
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
            self.send(PONG * framer.pings)
            framer.pings = 0
        if framer.broken or (self._shield is not None and self._shield.ended):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell it once."""
        del exc
        for timer in (self._timer, self._pinging):
            if timer is not None:
                timer.cancel()
        self._transport = None
        if self._shield is not None and not self.fault and not self._ended:
            if not self.stood:
                self._blame("it ended the connection before the handshake was complete")
            elif self.ours and not self.heard:
                self._blame(
                    "it ended the connection before it had said anything: does it take our certificate?"
                )
        self._user.disconnected(self)

    # TLS

    def _unshielded(self, shield: Shield, octets: bytes) -> bytes:
        """What the peer says by these octets, once the handshake is complete."""
        if self.fault or self._transport is None:
            return b""
        said = shield.take(octets)
        self._transport.write(shield.pending())
        if shield.established and not self.stood and not shield.fault:
            if self._timer is not None:
                self._timer.cancel()
            self._stand()
        if shield.fault:
            self._break_off(shield.fault)
        elif shield.ended and not said:
            self.close()
        return said if self.stood and not self._transport.is_closing() else b""

    def _break_off(self, reason: str) -> None:
        """End it so that the peer can read why: what it still says is read and thrown away, for a moment."""
        if self._timer is not None:
            self._timer.cancel()
        self._blame(reason)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
            self._timer = asyncio.get_running_loop().call_later(ALERT_LIMIT_S, self.abort)

    def _shook_too_long(self) -> None:
        self._blame(f"no handshake within {HANDSHAKE_LIMIT_S:.0f} s")
        self.abort()

    def _blame(self, reason: str) -> None:
        self.fault = reason
        self._user.broken_off(self)

    def _stand(self) -> None:
        """Messages can be sent from now on."""
        self.stood = True
        if not self._user.connected(self):
            self.abort()
            return
        self._stir()
        self._watch_idle()
        if self._keepalive_s:
            self._ping_later()

    # keep-alives of ours (RFC 5626 section 4.4.1)

    def _ping_later(self) -> None:
        """The peer is there; whatever it says shows it, a CRLF alone as well as a message."""
        if self._pinging is not None:
            self._pinging.cancel()
        self._pinged = False
        self._pinging = asyncio.get_running_loop().call_later(pause_s(self._keepalive_s), self._ping)

    def _ping(self) -> None:
        if self.send(PING):
            self._pinged = self._framer.awaits_pong = True
            self._pinging = asyncio.get_running_loop().call_later(PONG_LIMIT_S, self._missed_pong)

    def _missed_pong(self) -> None:
        """Nobody is there any more: what waits for an answer by this connection hears so at once."""
        self._user.fell_silent(self)
        self.abort()

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
