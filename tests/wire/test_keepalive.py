"""Keep-alives of ours, and peers that do not answer them (RFC 5626 sections 3.5.1 and 4.4.1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from mediation.net import tcp as net_tcp
from mediation.net.flows import Flows
from mediation.net.keepalive import PING, PONG, PONG_LIMIT_S
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from tests.interop.scene import Scene
from tests.wire.doors import answering, listening, options
from tests.wire.peers import PATIENCE_S, Heard, TcpPeer, UdpPeer, reply, request
from tests.wire.phones import serving
from tests.wire.tls_scene import Secured

OFTEN_S = 0.05


@asynccontextmanager
async def called_by(flows: Flows, at: Endpoint, there: Endpoint) -> AsyncIterator[TcpPeer]:
    """A peer that we connect to; it has read the request that made us."""
    came: asyncio.Queue[TcpPeer] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: came.put_nowait(TcpPeer(r, w)), *there)
    flows.send(Flow(Transport.TCP, at, there), request("OPTIONS", at, there, transport="TCP"))
    async with asyncio.timeout(PATIENCE_S):
        peer = await came.get()
    await peer.message()
    try:
        yield peer
    finally:
        await peer.close()
        server.close()
        await server.wait_closed()


async def pings(peer: TcpPeer, count: int, answer: bytes = PONG) -> None:
    """Hear so many pings and nothing else, and answer each."""
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(count):
            assert await peer.reader.readexactly(len(PING)) == PING
            peer.send(answer)


async def test_a_connection_of_ours_is_pinged_and_lives_as_long_as_it_answers__rfc5626_4_4_1(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_tcp, "PONG_LIMIT_S", 5.0)
    heard = Heard()
    async with listening(heard, *both, keepalive_s=OFTEN_S) as flows, called_by(flows, at, scene.sbc) as peer:
        await pings(peer, 6)
        assert heard.lost == heard.silent == []
        assert heard.malformed == []
        [connection] = flows._connections.values()
        assert connection._framer.pings == 0, "two answers are no ping of theirs"


async def test_one_that_does_not_answer_in_ten_seconds_is_closed_and_its_users_hear_so__rfc5626_4_4_1(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PONG_LIMIT_S == 10.0
    monkeypatch.setattr(net_tcp, "PONG_LIMIT_S", 0.2)
    heard = Heard()
    async with listening(heard, *both, keepalive_s=OFTEN_S) as flows, called_by(flows, at, scene.sbc) as peer:
        assert await peer.rest() == PING, "asked once, and no more"
        await heard.until(lambda: len(heard.lost) == 1)
        assert heard.lost == heard.silent
        assert heard.lost[0].remote == scene.sbc
        assert not flows._by_peer


async def test_a_message_shows_as_well_as_an_answer_that_the_peer_is_there(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_tcp, "PONG_LIMIT_S", 2.0)
    heard = Heard()
    async with listening(heard, *both, keepalive_s=OFTEN_S) as flows, called_by(flows, at, scene.sbc) as peer:
        await pings(peer, 3, request("OPTIONS", peer.at, at, transport="TCP"))
        assert (await heard.methods(3))[:3] == ["OPTIONS"] * 3
        await pings(peer, 3, PONG + request("OPTIONS", peer.at, at, transport="TCP"))
        assert heard.lost == []


async def test_their_ping_that_crosses_ours_is_answered_too__rfc5626_3_5_1(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    async with listening(Heard(), *both, keepalive_s=0.5) as flows, called_by(flows, at, scene.sbc) as peer:
        async with asyncio.timeout(PATIENCE_S):
            assert await peer.reader.readexactly(len(PING)) == PING
            peer.send(PING)
            assert await peer.reader.readexactly(len(PONG)) == PONG
            peer.send(PONG)
            assert await peer.reader.readexactly(len(PING)) == PING
            peer.send(PONG)


async def test_who_has_connected_to_us_is_never_pinged__rfc5626_4_4_1(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both, tcp_idle_s=0.5, keepalive_s=OFTEN_S) as flows:
        heard.answers = answering(flows)
        peer = await TcpPeer.connected(scene.host(2), at)
        peer.send(options(peer, at))
        assert (await peer.response()).status == 200
        assert await peer.rest() == b"", "idle, it goes"
        await peer.close()


async def test_without_the_setting_nobody_is_pinged(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    async with listening(Heard(), *both, tcp_idle_s=0.5) as flows, called_by(flows, at, scene.sbc) as peer:
        assert await peer.rest() == b""


async def test_over_udp_targets_are_sent_blank_lines_from_the_port_that_calls_come_from(scene: Scene) -> None:
    configuration = scene.configuration(trunk="keepalive_s = 1")
    with UdpPeer(*scene.sbc) as sbc, UdpPeer(*scene.front_end) as front_end:
        async with serving(configuration) as server:
            loop = asyncio.get_running_loop()
            began = loop.time()
            for _ in range(2):
                async with asyncio.timeout(PATIENCE_S):
                    octets, remote = await loop.sock_recvfrom(sbc.socket, 100)
                assert (octets, remote) == (PING, scene.gateway)
            assert 0.75 < loop.time() - began < 5
            await front_end.hears_nothing()
            assert server._driver.flows.refused == 0
        await sbc.hears_nothing()


async def test_a_target_that_is_not_there_is_asked_again_all_the_same(scene: Scene, at: Endpoint) -> None:
    """ICMP says that nobody is there; the keep-alive goes on, for the peer may come back."""
    flow = Flow(Transport.UDP, at, scene.sbc)
    heard = Heard()
    async with listening(heard, Listener(Transport.UDP, *at)) as flows:
        flows.keep_alive([(flow, OFTEN_S)])
        await heard.until(lambda: flow in heard.failures)
        with UdpPeer(*scene.sbc) as sbc:
            assert await sbc.datagram() == PING


async def test_a_ping_goes_through_tls_like_anything_else_and_the_operator_hears_of_silence(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = Secured(scene)
    configuration = secured.configuration(
        targets=(secured.to_sbc,), trunk='tls_name = "sbc.itsp.example"\nkeepalive_s = 1'
    )
    came: asyncio.Queue[TcpPeer] = asyncio.Queue()
    context = secured.authority.context(secured.sbc, server=True)
    sbc = await asyncio.start_server(
        lambda r, w: came.put_nowait(TcpPeer(r, w)), *secured.sbc_at, ssl=context
    )
    async with serving(configuration) as server:
        flow = Flow(Transport.TLS, secured.gateway, secured.sbc_at)
        server._driver.flows.send(flow, request("OPTIONS", secured.gateway, secured.sbc_at, transport="TLS"))
        async with asyncio.timeout(PATIENCE_S):
            peer = await came.get()
        message = await peer.message()
        peer.send(reply(message, 200))  # type: ignore[arg-type]  # a request, as was sent
        await pings(peer, 2)
        monkeypatch.setattr(net_tcp, "PONG_LIMIT_S", 0.1)
        with structlog.testing.capture_logs() as log:
            assert await peer.rest() == PING
        [line] = [line for line in log if line["event"] == "connection.silent"]
        assert (line["peer"], line["port"], line["log_level"]) == (*secured.sbc_at, "warning")
        assert not server._driver.flows._connections
        await peer.close()
    sbc.close()
    await sbc.wait_closed()
