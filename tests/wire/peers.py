"""Both ends of a socket for tests: someone who speaks SIP by hand, and someone who notes what a server hears.

Nothing here sleeps: whoever waits, waits for something to arrive, and not for ever.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from mediation.net.tcp import TcpConnection
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.framing import MalformedMessage, StreamFramer, parse_datagram
from mediation.sip.message import Message, Request, Response

PATIENCE_S = 20.0
"""So long a test waits for what must come. Generous: the machine may be busy with other tests."""
MOMENT_S = 0.3
"""So long a test waits for what must not come."""

OFFER = (
    "v=0\r\no=- 70001 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {law}\r\na=sendrecv\r\n"
)
_SERIALS = count(1)


def spell(at: Endpoint) -> str:
    """Host and port as URIs have them."""
    host, port = at
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def request(
    method: str,
    own: Endpoint,
    to: Endpoint,
    *,
    transport: str = "UDP",
    user: str = "",
    call_id: str = "",
    via_port: int | None = None,
    rport: str = ";rport",
    body: str = "",
    extra: str = "",
    length: str | None = None,
) -> bytes:
    """A request outside any dialog, complete; every one is another."""
    serial = next(_SERIALS)
    host = f"[{own[0]}]" if ":" in own[0] else own[0]
    sent_by = spell((own[0], own[1] if via_port is None else via_port))
    content = f"Content-Type: application/sdp\r\n{extra}" if body else extra
    if length is None:
        length = f"Content-Length: {len(body)}\r\n"
    at = f"{user}@" if user else ""
    text = (
        f"{method} sip:{at}{spell(to)} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {sent_by};branch=z9hG4bK-wire-{serial}{rport}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:wire@{host}>;tag=w{serial}\r\nTo: <sip:{at}{spell(to)}>\r\n"
        f"Call-ID: {call_id or f'wire-{serial}'}\r\nCSeq: {serial} {method}\r\n"
        f"Contact: <sip:wire@{sent_by};transport={transport.lower()}>\r\n{content}{length}\r\n{body}"
    )
    return text.encode()


def invite(own: Endpoint, to: Endpoint, *, number: str = "+4930123456", **more: object) -> bytes:
    """An INVITE that offers µ-law."""
    offer = OFFER.format(host=own[0], port=45000, law=0)
    return request("INVITE", own, to, user=number, body=offer, **more)  # type: ignore[arg-type]  # as `request` takes them


def reply(message: Request, status: int, reason: str = "Whatever") -> bytes:
    """A bare response to a request that came in."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        tag = ";tag=peer" if name == "To" and message.to.tag is None and status > 100 else ""
        lines += [f"{name}: {value}{tag}" for value in message.headers.get_all(name)]
    return ("\r\n".join([*lines, "Content-Length: 0"]) + "\r\n\r\n").encode()


class UdpPeer:
    """A datagram socket with SIP read and written by hand."""

    def __init__(self, host: str, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, port))
        self.at: Endpoint = self.socket.getsockname()[:2]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def send(self, octets: bytes, to: Endpoint) -> None:
        self.socket.sendto(octets, to)

    async def datagram(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            octets, _ = await asyncio.get_running_loop().sock_recvfrom(self.socket, 65535)
        return octets

    async def response(self, status: int | None = None) -> Response:
        """The next final response, or the next of this status."""
        while True:
            message = parse_datagram(await self.datagram())
            wanted = isinstance(message, Response) and (
                message.status >= 200 if status is None else message.status == status
            )
            if isinstance(message, Response) and wanted:
                return message

    async def request(self, method: str) -> Request:
        """The next request of this method."""
        while True:
            message = parse_datagram(await self.datagram())
            if isinstance(message, Request) and message.method == method:
                return message

    async def asks(self, to: Endpoint) -> Response:
        """Ask by OPTIONS how the server is."""
        self.send(request("OPTIONS", self.at, to), to)
        return await self.response()

    async def hears_nothing(self) -> None:
        """Raises AssertionError when something comes."""
        try:
            async with asyncio.timeout(MOMENT_S):
                octets, _ = await asyncio.get_running_loop().sock_recvfrom(self.socket, 65535)
        except TimeoutError:
            return
        raise AssertionError(f"heard {octets[:200]!r}")


class TcpPeer:
    """A connection with SIP read and written by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.at: Endpoint = writer.get_extra_info("sockname")[:2]
        self._framer = StreamFramer()

    @classmethod
    async def connected(cls, host: str, to: Endpoint) -> "TcpPeer":
        async with asyncio.timeout(PATIENCE_S):
            return cls(*await asyncio.open_connection(*to, local_addr=(host, 0)))

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def message(self) -> Message:
        """The next message; EOFError when the connection ends instead."""
        async with asyncio.timeout(PATIENCE_S):
            while (message := self._framer.next_message()) is None:
                octets = await self.reader.read(65536)
                if not octets:
                    raise EOFError
                self._framer.feed(octets)
        return message

    async def response(self) -> Response:
        """The next final response."""
        while True:
            message = await self.message()
            if isinstance(message, Response) and message.status >= 200:
                return message

    async def rest(self) -> bytes:
        """What still comes until the other end closes the connection, or resets it."""
        octets = b""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while more := await self.reader.read(65536):
                    octets += more
            except ConnectionResetError:
                pass
        return octets

    def reset(self) -> None:
        """End it at once, with RST."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


async def turned_away(host: str, to: Endpoint, octets: bytes = b"") -> None:
    """A connection that must be ended by the other end without a word, whatever is said on it."""
    try:
        peer = await TcpPeer.connected(host, to)
    except ConnectionResetError:  # so soon that it never seemed to stand
        return
    peer.send(octets)
    assert await peer.rest() == b""
    await peer.close()


@dataclass
class Heard:
    """What a server's upper half hears of its sockets, and a way to wait for it."""

    admits: Callable[[Flow], bool] = lambda _: True
    answers: Callable[[Message, Flow], None] | None = None
    messages: list[tuple[Message, Flow]] = field(default_factory=list)
    malformed: list[tuple[MalformedMessage, Flow]] = field(default_factory=list)
    failures: list[Flow] = field(default_factory=list)
    lost: list[Flow] = field(default_factory=list)
    silent: list[Flow] = field(default_factory=list)
    connections: list[TcpConnection] = field(default_factory=list)
    gone: list[TcpConnection] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds; it is looked at whenever something was heard."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def methods(self, count: int) -> list[str]:
        """The first so many messages' methods or statuses, in order."""
        await self.until(lambda: len(self.messages) >= count)
        return [m.method if isinstance(m, Request) else str(m.status) for m, _ in self.messages]

    # what mediation.net tells

    def knows(self, flow: Flow) -> bool:
        return self.admits(flow)

    def message_received(self, message: Message, flow: Flow) -> None:
        self.messages.append((message, flow))
        if self.answers is not None:
            self.answers(message, flow)
        self._news.set()

    def malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        self.malformed.append((error, flow))
        self._news.set()

    def failed(self, flow: Flow) -> None:
        self.failures.append(flow)
        self._news.set()

    def has_lost(self, flow: Flow) -> None:
        self.lost.append(flow)
        self._news.set()

    def fell_silent(self, connection: TcpConnection) -> None:
        self.silent.append(connection.flow)
        self._news.set()

    def connected(self, connection: TcpConnection) -> bool:
        self.connections.append(connection)
        self._news.set()
        return self.admits(connection.flow)

    def broken_off(self, connection: TcpConnection) -> None:
        self._news.set()

    def disconnected(self, connection: TcpConnection) -> None:
        self.gone.append(connection)
        self._news.set()


@contextmanager
def never_accepting(host: str) -> Iterator[Endpoint]:
    """An address that neither takes nor refuses connections: its queue is full and nobody takes from it."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen(0)
        at: Endpoint = listener.getsockname()
        waiting = []
        try:
            for _ in range(4):
                filler = socket.socket()
                waiting.append(filler)
                filler.settimeout(0.1)
                try:
                    filler.connect(at)
                except TimeoutError:
                    break
            yield at
        finally:
            for filler in waiting:
                filler.close()
