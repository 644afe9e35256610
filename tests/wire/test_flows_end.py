"""Flows that fail, flows by the hundred, and the end of all of them."""

import asyncio

import pytest

from mediation.net import flows as net_flows
from mediation.net import opening
from mediation.net.opening import MOST_WAITING
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from tests.interop.scene import Scene
from tests.wire.doors import answering, listening, options
from tests.wire.peers import PATIENCE_S, Heard, TcpPeer, UdpPeer, never_accepting

UDP, TCP = Transport.UDP, Transport.TCP


# failures


async def test_a_refused_connection_is_reported_with_the_flow_that_failed(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both) as flows:
        flow = Flow(TCP, at, scene.sbc)
        flows.send(flow, b"x")
        flows.send(flow, b"y")
        assert not heard.failures, "never from within send"
        await heard.until(lambda: bool(heard.failures))
        assert heard.failures == [flow], "once for all that waited"


async def test_a_peer_that_does_not_even_refuse_is_given_up(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "CONNECT_LIMIT_S", 0.1)
    heard = Heard()
    with never_accepting(scene.host(3)) as silent:
        async with listening(heard, *both) as flows:
            flows.send(flow := Flow(TCP, at, silent), b"x")
            await heard.until(lambda: heard.failures == [flow])


async def test_more_than_can_wait_is_a_failure(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    with never_accepting(scene.host(3)) as silent:
        async with listening(heard, *both) as flows:
            flow = Flow(TCP, at, silent)
            for _ in range(MOST_WAITING):
                flows.send(flow, b"x")
            await asyncio.sleep(0)
            assert not heard.failures
            flows.send(flow, b"one too many")
            await heard.until(lambda: heard.failures == [flow])


@pytest.mark.parametrize("transport", [UDP, TCP])
@pytest.mark.parametrize(
    "remote",
    [
        ("no.such.host.invalid", 5060),
        ("", 5060),
        ("a\0b", 5060),
        ("\udcff", 5060),
        ("::1", 5060),
        ("127.0.0.1", 70_000),
    ],
    ids=ascii,
)
async def test_nonsense_out_of_a_contact_is_a_failure_and_asks_no_resolver(
    scene: Scene,
    at: Endpoint,
    both: tuple[Listener, Listener],
    transport: Transport,
    remote: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def asked(*_arguments: object, **_more: object) -> None:
        raise AssertionError("the DNS was asked")

    heard = Heard()
    async with listening(heard, *both) as flows:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", asked)
        flows.send(flow := Flow(transport, at, remote), b"x")
        await heard.until(lambda: heard.failures == [flow])


async def test_a_flow_of_a_listener_that_is_not_ours_is_a_failure(scene: Scene) -> None:
    heard = Heard()
    async with listening(heard) as flows:
        flows.send(flow := Flow(UDP, scene.internal, scene.sbc), b"x")
        await heard.until(lambda: heard.failures == [flow])


# many, and the end


async def test_two_hundred_idle_connections_do_no_harm(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both, tcp_idle_s=60) as flows:
        heard.answers = answering(flows)
        idle = [await TcpPeer.connected(scene.host(2), at) for _ in range(200)]
        for peer in idle[::2]:
            peer.send(b"OPTIONS sip:half a mess")
        speaker = await TcpPeer.connected(scene.host(3), at)
        speaker.send(options(speaker, at))
        assert (await speaker.response()).status == 200
        with UdpPeer(scene.host(2)) as udp:
            assert (await udp.asks(at)).status == 200
        for peer in [*idle, speaker]:
            await peer.close()


async def test_idle_connections_go_and_leave_nothing(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    async with listening(Heard(), *both, tcp_idle_s=0.1) as flows:
        idle = [await TcpPeer.connected(scene.host(2), at) for _ in range(20)]
        for peer in idle:
            assert await peer.rest() == b""
            await peer.close()
        assert not flows._connections
        assert not flows._by_peer


async def test_what_was_sent_before_the_end_still_arrives(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both) as flows:
        peer = await TcpPeer.connected(scene.host(2), at)
        peer.send(options(peer, at))
        await heard.methods(1)
        for _ in range(40):
            flows.send(heard.messages[0][1], bytes(20_000))
    assert len(await peer.rest()) == 800_000
    await peer.close()


async def test_a_peer_that_never_reads_does_not_hold_up_the_end(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_flows, "CLOSE_LIMIT_S", 0.1)
    heard = Heard()
    async with listening(heard, *both) as flows:
        peer = await TcpPeer.connected(scene.host(2), at)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket can
        peer.send(options(peer, at))
        await heard.methods(1)
        connection = next(iter(flows._connections.values()))
        while connection._transport is not None and connection._transport.get_write_buffer_size() < 100_000:
            flows.send(heard.messages[0][1], bytes(20_000))
        async with asyncio.timeout(PATIENCE_S):
            await flows.aclose()
    peer.reset()
    await peer.close()


async def test_after_the_end_nobody_hears_anything(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    with never_accepting(scene.host(3)) as silent:
        async with listening(heard, *both) as flows:
            flows.send(Flow(TCP, at, silent), b"x")
            flows.send(Flow(UDP, at, ("nonsense", 1)), b"x")
            await flows.aclose()
            flows.send(Flow(UDP, at, scene.sbc), b"x")
            flows.send(Flow(TCP, at, scene.sbc), b"x")
            await asyncio.sleep(0)
    assert not heard.failures
