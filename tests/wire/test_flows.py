"""Which socket or connection reaches whom: listeners, strangers, reuse, and answers when the way back is gone."""

import asyncio
import errno

import pytest

from mediation.net.flows import Flows
from mediation.net.listening import ListenError
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.message import Request
from tests.interop.scene import Scene
from tests.interop.six import SIX, SixPorts
from tests.wire.doors import answering, listening, options
from tests.wire.peers import PATIENCE_S, Heard, TcpPeer, UdpPeer, reply, request, turned_away

UDP, TCP = Transport.UDP, Transport.TCP


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


async def test_ipv6_listens_alike(six: SixPorts) -> None:
    heard = Heard()
    at = six.at(0)
    async with listening(heard, Listener(UDP, *at), Listener(TCP, *at)) as flows:
        heard.answers = answering(flows)
        with UdpPeer(*six.at(1)) as udp:
            assert (await udp.asks(at)).status == 200
        tcp = await TcpPeer.connected(SIX, at)
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
