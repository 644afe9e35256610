"""Which socket or connection reaches whom: listeners, reuse, answers when the way back is gone, failures."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from mediation.net import flows as net_flows
from mediation.net.flows import MOST_WAITING, Flows, ListenError
from mediation.settings.model import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.message import Message, Request
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, Heard, TcpPeer, UdpPeer, never_accepting, reply, request, turned_away

UDP, TCP = Transport.UDP, Transport.TCP


@asynccontextmanager
async def listening(heard: Heard, *listeners: Listener, tcp_idle_s: float = 60.0) -> AsyncIterator[Flows]:
    flows = Flows(
        knows=heard.knows,
        on_message=heard.message_received,
        on_malformed=heard.malformed_received,
        on_failure=heard.failed,
        tcp_idle_s=tcp_idle_s,
    )
    await flows.listen(listeners)
    try:
        yield flows
    finally:
        await flows.aclose()


@pytest.fixture
def at(scene: Scene) -> Endpoint:
    return scene.internal


@pytest.fixture
def both(at: Endpoint) -> tuple[Listener, Listener]:
    return Listener(UDP, *at), Listener(TCP, *at)


def answering(flows: Flows, status: int = 200) -> Callable[[Message, Flow], None]:
    def answer(message: Message, flow: Flow) -> None:
        if isinstance(message, Request):
            flows.send(flow, reply(message, status))

    return answer


def options(peer: UdpPeer | TcpPeer, at: Endpoint) -> bytes:
    return request("OPTIONS", peer.at, at, transport="TCP" if isinstance(peer, TcpPeer) else "UDP")


async def test_both_transports_listen_at_one_address_and_answer_where_they_were_asked(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both) as flows:
        heard.answers = answering(flows)
        with UdpPeer(scene.host(2)) as udp:
            assert (await udp.asks(at)).status == 200
        tcp = await TcpPeer.connected(scene.host(2), at)
        tcp.send(options(tcp, at))
        assert (await tcp.response()).status == 200
        await tcp.close()
        assert [flow.transport for _, flow in heard.messages] == [UDP, TCP]
        assert [flow.local for _, flow in heard.messages] == [at, at]


async def test_ipv6_listens_alike() -> None:
    heard = Heard()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        at: Endpoint = probe.getsockname()[:2]
    async with listening(heard, Listener(UDP, *at), Listener(TCP, *at)) as flows:
        heard.answers = answering(flows)
        with UdpPeer("::1") as udp:
            assert (await udp.asks(at)).status == 200
        tcp = await TcpPeer.connected("::1", at)
        tcp.send(options(tcp, at))
        assert (await tcp.response()).status == 200
        await tcp.close()


@pytest.mark.parametrize("transport", [UDP, TCP])
async def test_a_taken_port_is_named_and_nothing_stays_bound(
    scene: Scene, at: Endpoint, transport: Transport
) -> None:
    other = Listener(UDP, *scene.gateway)
    async with listening(Heard(), Listener(transport, *at)):
        second = Flows(
            knows=lambda flow: True,
            on_message=lambda message, flow: None,
            on_malformed=lambda error, flow: None,
            on_failure=lambda flow: None,
            tcp_idle_s=60,
        )
        with pytest.raises(ListenError, match=rf"{transport}:{at[0]}:5060: .*in use") as caught:
            await second.listen((other, Listener(transport, *at)))
        assert caught.value.errno == errno.EADDRINUSE
    async with listening(Heard(), other):
        pass  # the first of the two was given up again


async def test_an_address_of_another_machine_is_named() -> None:
    flows = Flows(
        knows=lambda flow: True,
        on_message=lambda message, flow: None,
        on_malformed=lambda error, flow: None,
        on_failure=lambda flow: None,
        tcp_idle_s=60,
    )
    for listener in (Listener(UDP, "192.0.2.7", 5060), Listener(TCP, "192.0.2.7", 5060)):
        with pytest.raises(ListenError, match=f"cannot listen at {listener}") as caught:
            await flows.listen([listener])
        assert caught.value.errno == errno.EADDRNOTAVAIL


# strangers


async def test_a_stranger_is_dropped_before_a_single_octet_of_it_is_read(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard(admits=lambda flow: flow.remote[0] != scene.stranger[0])
    async with listening(heard, *both) as flows:
        with UdpPeer(scene.stranger[0]) as stranger, UdpPeer(scene.host(2)) as friend:
            stranger.send(b"neither SIP nor read", at)
            stranger.send(options(stranger, at), at)
            friend.send(options(friend, at), at)
            assert await heard.methods(1) == ["OPTIONS"]
            await stranger.hears_nothing()
        await turned_away(
            scene.stranger[0], at, request("OPTIONS", (scene.stranger[0], 9), at, transport="TCP")
        )
        assert flows.refused == 3
        assert len(heard.messages) == 1
        assert not heard.malformed


# the way back


async def test_an_answer_uses_the_connection_that_the_request_came_by__rfc3261_18_2_2(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    async with listening(heard, *both) as flows:
        first = await TcpPeer.connected(scene.host(2), at)
        second = await TcpPeer.connected(scene.host(2), at)
        second.send(options(second, at))
        await heard.methods(1)
        [(message, flow)] = heard.messages
        assert isinstance(message, Request)
        # the sent-by port, as response_flow puts it: nobody listens there, so only the connection can bring it
        flows.send(Flow(TCP, at, (scene.host(2), 9), flow.connection), reply(message, 200))
        assert (await second.response()).status == 200
        assert not heard.failures
        await first.close()
        await second.close()


async def test_when_the_connection_is_gone_the_answer_opens_one_to_the_via_port__rfc3261_18_2_2(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    answered: asyncio.Queue[TcpPeer] = asyncio.Queue()
    sent_by = (scene.host(2), 5070)
    server = await asyncio.start_server(lambda r, w: answered.put_nowait(TcpPeer(r, w)), *sent_by)
    async with listening(heard, *both) as flows:
        peer = await TcpPeer.connected(scene.host(2), at)
        peer.send(request("OPTIONS", sent_by, at, transport="TCP"))
        await heard.methods(1)
        [(message, flow)] = heard.messages
        assert isinstance(message, Request)
        peer.reset()
        await peer.close()
        await flows._wait_until_empty()
        flows.send(Flow(TCP, at, sent_by, flow.connection), reply(message, 200))
        async with asyncio.timeout(PATIENCE_S):
            back = await answered.get()
        assert (await back.response()).status == 200
        assert back.writer.get_extra_info("peername")[0] == at[0], "it comes from the address that was asked"
        await back.close()
    server.close()
    await server.wait_closed()


async def test_messages_to_one_peer_share_one_connection_and_keep_their_order(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    heard = Heard()
    taken: list[TcpPeer] = []
    arrived = asyncio.Event()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(TcpPeer(reader, writer))
        arrived.set()

    server = await asyncio.start_server(take, *scene.sbc)
    async with listening(heard, *both) as flows:
        flow = Flow(TCP, at, scene.sbc)
        sent = [request(method, at, scene.sbc, transport="TCP") for method in ("INVITE", "CANCEL", "BYE")]
        flows.send(flow, sent[0])
        flows.send(flow, sent[1])
        async with asyncio.timeout(PATIENCE_S):
            await arrived.wait()
        flows.send(flow, sent[2])
        [peer] = taken
        got = [await peer.message() for _ in sent]
        assert [m.method for m in got if isinstance(m, Request)] == ["INVITE", "CANCEL", "BYE"]
        peer.send(reply(got[0], 200))  # type: ignore[arg-type]  # a request, as was seen
        assert await heard.methods(1) == ["200"]
        assert heard.messages[0][1].local == at, (
            "the listener, not the port that the connection happens to have"
        )
        assert len(taken) == 1
        await peer.close()
    server.close()
    await server.wait_closed()


async def test_a_stranger_whom_we_call_gets_what_we_say(
    scene: Scene, at: Endpoint, both: tuple[Listener, Listener]
) -> None:
    """A Contact may name a host that may not begin calls: the ACK must reach it all the same, as over UDP."""
    heard = Heard(admits=lambda flow: False)
    got: asyncio.Queue[TcpPeer] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: got.put_nowait(TcpPeer(r, w)), *scene.stranger)
    async with listening(heard, *both) as flows:
        flows.send(Flow(TCP, at, scene.stranger), request("ACK", at, scene.stranger, transport="TCP"))
        async with asyncio.timeout(PATIENCE_S):
            peer = await got.get()
        assert isinstance(message := await peer.message(), Request)
        assert message.method == "ACK"
        assert flows.refused == 0
        await peer.close()
    server.close()
    await server.wait_closed()


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
    monkeypatch.setattr(net_flows, "CONNECT_LIMIT_S", 0.1)
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
