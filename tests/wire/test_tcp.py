"""One SIP connection over TCP: messages however they are cut, pings, and peers that are broken, idle or deaf."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from mediation.net.tcp import MOST_UNSENT_OCTETS, TcpConnection
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.message import Request
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, Heard, TcpPeer, request

IDENTITIES = count(1)


@asynccontextmanager
async def served(host: str, heard: Heard, *, idle_s: float = 60.0) -> AsyncIterator[Endpoint]:
    """A listener whose connections are of the kind under test."""
    loop = asyncio.get_running_loop()
    at: Endpoint = (host, 0)
    server = await loop.create_server(lambda: TcpConnection(heard, next(IDENTITIES), at, idle_s), host, 0)
    at = server.sockets[0].getsockname()[:2]
    try:
        yield at
    finally:
        server.close()
        for connection in heard.connections:
            connection.abort()
        await heard.until(lambda: len(heard.gone) == len(heard.connections))


async def connected(scene: Scene, at: Endpoint) -> TcpPeer:
    return await TcpPeer.connected(scene.host(2), at)


def options(scene: Scene, at: Endpoint, **more: str) -> bytes:
    return request("OPTIONS", (scene.host(2), 5060), at, transport="TCP", **more)  # type: ignore[arg-type]  # text alone


async def test_a_message_arrives_with_the_flow_it_came_by(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(options(scene, at))
        assert await heard.methods(1) == ["OPTIONS"]
        [(_, flow)] = heard.messages
        assert flow == Flow(Transport.TCP, at, peer.at, heard.connections[0].identity)
        await peer.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 499, 500])
async def test_pieces_of_any_size_make_the_same_messages(scene: Scene, size: int) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        body = "x" * 200 + "\r\n\r\nINVITE not.a.message SIP/2.0\r\n\r\n"
        stream = options(scene, at, body=body) + options(scene, at) + options(scene, at, body="y")
        connection = heard.connections
        peer = await connected(scene, at)
        await heard.until(lambda: bool(connection))
        for begin in range(0, len(stream), size):
            connection[0].data_received(stream[begin : begin + size])
        assert await heard.methods(3) == ["OPTIONS"] * 3
        assert [len(message.body) for message, _ in heard.messages] == [len(body), 0, 1]
        assert not heard.malformed
        await peer.close()


async def test_pieces_as_the_network_makes_them(scene: Scene) -> None:
    """Each piece a segment of its own: the peer waits for the answer to a ping between them."""
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        for _ in range(3):
            octets = options(scene, at, body="z" * 30)
            middle = len(octets) // 2
            peer.send(octets[:middle])
            await peer.writer.drain()
            peer.send(octets[middle:] + b"\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                assert await peer.reader.readexactly(2) == b"\r\n"
        assert await heard.methods(3) == ["OPTIONS"] * 3
        await peer.close()


async def test_several_messages_in_one_segment_come_one_by_one_in_order(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(
            b"".join(request(m, peer.at, at, transport="TCP") for m in ("OPTIONS", "INVITE", "BYE", "ACK"))
        )
        assert await heard.methods(4) == ["OPTIONS", "INVITE", "BYE", "ACK"]
        await peer.close()


async def test_a_body_of_65000_octets_arrives_whole(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(options(scene, at, body="b" * 65_000))
        assert await heard.methods(1) == ["OPTIONS"]
        assert heard.messages[0][0].body == b"b" * 65_000
        await peer.close()


async def test_a_double_crlf_is_answered_by_one__rfc5626_3_5_1(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        for _ in range(3):
            peer.send(b"\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                assert await peer.reader.readexactly(2) == b"\r\n"
        assert not heard.messages
        assert not heard.malformed
        await peer.close()


async def test_ten_thousand_pings_at_once_are_answered_in_few_writes(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        await heard.until(lambda: bool(heard.connections))
        writes: list[int] = []
        ours = heard.connections[0]
        send = ours.send

        def counted(octets: bytes) -> bool:
            writes.append(len(octets))
            return send(octets)

        ours.send = counted  # type: ignore[method-assign]
        peer.send(b"\r\n\r\n" * 10_000)
        async with asyncio.timeout(PATIENCE_S):
            assert await peer.reader.readexactly(20_000) == b"\r\n" * 10_000
        assert len(writes) < 100
        await peer.close()


SMUGGLED = "INVITE sip:smuggled@127.0.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n"
LENGTHS = {
    "negative": "Content-Length: -1\r\n",
    "signed": "Content-Length: +5\r\n",
    "wrapped": "Content-Length: 4294967301\r\n",
    "wrapped twice": "Content-Length: 18446744073709551621\r\n",
    "thousands of digits": f"Content-Length: {'9' * 5000}\r\n",
    "hexadecimal": "Content-Length: 0x5\r\n",
    "underscore": "Content-Length: 1_0\r\n",
    "arabic digits": "Content-Length: \u0665\r\n",
    "empty": "Content-Length:\r\n",
    "words": "Content-Length: five\r\n",
    "two that differ": "Content-Length: 0\r\nContent-Length: 63\r\n",
    "one of each spelling": "Content-Length: 0\r\nl: 63\r\n",
    "none": "",
    "beyond any message": "Content-Length: 70000\r\n",
}


@pytest.mark.parametrize("kind", LENGTHS)
async def test_a_length_that_is_not_certain_ends_the_connection_and_nothing_behind_it_is_read(
    scene: Scene, kind: str
) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(options(scene, at, length=LENGTHS[kind], body="", extra="") + SMUGGLED.encode())
        assert await peer.rest() == b""
        assert not heard.messages, "a second message was found where none is"
        assert len(heard.malformed) == 1
        await peer.close()


async def test_what_is_no_sip_at_all_ends_the_connection(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + options(scene, at))
        assert await peer.rest() == b""
        assert not heard.messages
        await peer.close()


async def test_a_header_section_without_end_ends_the_connection(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(b"OPTIONS sip:x SIP/2.0\r\n" + b"X-Long: 1234567890\r\n" * 4000)
        await peer.rest()
        assert [error.status for error, _ in heard.malformed] == [513]
        await peer.close()


async def test_the_answer_to_a_broken_message_still_leaves_before_the_end(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        heard.malformed_received = lambda error, flow: heard.connections[0].send(b"400")  # type: ignore[assignment,method-assign]  # answers
        peer = await connected(scene, at)
        peer.send(options(scene, at, length="Content-Length: -1\r\n"))
        assert await peer.rest() == b"400"
        await peer.close()


async def test_a_bad_message_with_a_certain_end_leaves_the_connection_usable(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(options(scene, at).replace(b"CSeq", b"Xseq") + options(scene, at))
        assert await heard.methods(1) == ["OPTIONS"]
        assert len(heard.malformed) == 1
        assert not heard.gone
        await peer.close()


async def test_an_idle_connection_is_closed(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard, idle_s=0.05) as at:
        peer = await connected(scene, at)
        assert await peer.rest() == b""
        await heard.until(lambda: len(heard.gone) == 1)
        await peer.close()


async def test_a_connection_in_use_is_not_idle(scene: Scene) -> None:
    heard = Heard()
    idle_s = 0.4
    loop = asyncio.get_running_loop()
    async with served(scene.host(1), heard, idle_s=idle_s) as at:
        peer = await connected(scene, at)
        began = loop.time()
        while loop.time() < began + 2 * idle_s:
            peer.send(b"\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                await peer.reader.readexactly(2)
        assert not heard.gone
        used_until = loop.time()
        assert await peer.rest() == b""
        assert loop.time() - used_until > 0.8 * idle_s
        await peer.close()


async def test_a_peer_that_never_reads_is_cut_off_and_costs_no_more_than_the_limit(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        deaf, other = await connected(scene, at), await connected(scene, at)
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket can
        await heard.until(lambda: len(heard.connections) == 2)
        to_deaf = next(each for each in heard.connections if each.remote == deaf.at)
        written = 0
        while to_deaf.send(bytes(10_000)):
            written += 10_000
            assert written < 20 * MOST_UNSENT_OCTETS, "it would go on for ever"
        await heard.until(lambda: to_deaf in heard.gone)
        other.send(b"\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert await other.reader.readexactly(2) == b"\r\n"
        assert not to_deaf.send(b"x")
        deaf.reset()
        await deaf.close()
        await other.close()


async def test_a_peer_that_vanishes_without_a_word_is_found_by_the_system(scene: Scene) -> None:
    """No packet can be lost on loopback, so what counts is that the kernel was asked to look after it."""
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        await heard.until(lambda: bool(heard.connections))
        transport = heard.connections[0]._transport
        assert transport is not None
        ours: socket.socket = transport.get_extra_info("socket")
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        probed_s = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        assert probed_s + ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) <= 30
        await peer.close()


@pytest.mark.parametrize("part", ["", "\r\n", "OPTIONS sip:", "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP"])
async def test_a_peer_that_ends_in_the_middle_is_forgotten(scene: Scene, part: str) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        for abruptly in (False, True):
            peer = await connected(scene, at)
            peer.send(part.encode())
            await peer.writer.drain()
            if abruptly:
                peer.reset()
            await peer.close()
        await heard.until(lambda: len(heard.gone) == 2)
        assert not heard.messages
        assert not heard.malformed


async def test_a_peer_that_is_not_wanted_is_reset_and_never_read(scene: Scene) -> None:
    heard = Heard(admits=lambda flow: False)
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        peer.send(options(scene, at))
        assert await peer.rest() == b""
        assert not heard.messages
        await peer.close()


async def test_a_lost_connection_takes_nothing_more(scene: Scene) -> None:
    heard = Heard()
    async with served(scene.host(1), heard) as at:
        peer = await connected(scene, at)
        await peer.close()
        await heard.until(lambda: len(heard.gone) == 1)
        assert not heard.gone[0].send(b"x")
        heard.gone[0].close()
        heard.gone[0].abort()


async def test_messages_are_the_same_over_ipv6() -> None:
    heard = Heard()
    async with served("::1", heard) as at:
        peer = await TcpPeer.connected("::1", at)
        peer.send(request("OPTIONS", peer.at, at, transport="TCP"))
        await heard.methods(1)
        assert isinstance(heard.messages[0][0], Request)
        assert heard.messages[0][1].remote == peer.at
        await peer.close()
