"""A real server that registers with its ITSP over real sockets: at its start, at its end, and after a sleep."""

import asyncio

import pytest

from mediation.server import Server
from mediation.sip.message import Request
from tests.interop.scene import Scene
from tests.wire.peers import TcpPeer, UdpPeer, reply, spell
from tests.wire.phones import serving, until
from tests.wire.test_metrics import figures, watched

AOR = "sip:+4930@itsp.example"


def registering(scene: Scene, *, transport: str = "udp", terms: str = "", more: str = "") -> str:
    """A configuration whose trunk registers; `terms` are further lines of its registration."""
    trunk = f'[trunk.registration]\naddress_of_record = "{AOR}"\n{terms}'
    targets = (f"sip:{spell(scene.sbc)};transport={transport}",)
    return scene.configuration(targets=targets, trunk=trunk, more=more)


def granted(request: Request) -> bytes:
    """The answer of a registrar that knows the barest words only."""
    return reply(request, 200).replace(b"Content-Length", b"Expires: 60\r\nContent-Length")


async def request_of(peer: TcpPeer) -> Request:
    """What comes by this connection."""
    message = await peer.message()
    assert isinstance(message, Request)
    return message


async def stopped(server: Server) -> None:
    await server.stop(asyncio.Event())


async def test_it_registers_at_its_start_and_is_gone_at_its_end__rfc3261_10_2(scene: Scene) -> None:
    with UdpPeer(*scene.sbc) as registrar:
        async with serving(registering(scene, more=watched(scene))) as server:
            asked = await registrar.request("REGISTER")
            assert (str(asked.to.uri), asked.expires) == (AOR, 3600)
            assert ("mediation_trunk_registered", (("trunk", "itsp"),)) not in await figures(scene)
            registrar.send(granted(asked), scene.gateway)
            await until(lambda: server._engine.registrations.standings == {"itsp": True})
            now = await figures(scene)
            assert now["mediation_trunk_registered", (("trunk", "itsp"),)] == 1
            assert now["mediation_registrations_total", (("result", "granted"), ("trunk", "itsp"))] == 1
            stopping = asyncio.create_task(stopped(server))
            last = await registrar.request("REGISTER")
            assert (last.call_id, last.expires) == (asked.call_id, 0)
            assert not stopping.done()
            registrar.send(granted(last), scene.gateway)
            await stopping


async def test_by_tcp_its_end_leaves_by_the_connection_that_it_began_with(scene: Scene) -> None:
    accepted: asyncio.Queue[TcpPeer] = asyncio.Queue()
    door = await asyncio.start_server(lambda *ends: accepted.put_nowait(TcpPeer(*ends)), *scene.sbc)
    async with door, serving(registering(scene, transport="tcp")) as server:
        registrar = await accepted.get()
        asked = await request_of(registrar)
        assert asked.contact is not None
        assert str(asked.contact.uri) == f"sip:+4930@{spell(scene.gateway)};transport=tcp"
        registrar.send(granted(asked))
        await until(lambda: server._engine.registrations.standings == {"itsp": True})
        stopping = asyncio.create_task(stopped(server))
        last = await request_of(registrar)
        assert last.expires == 0
        registrar.send(granted(last))
        await stopping
        await registrar.close()


async def test_a_registrar_that_says_nothing_does_not_hold_up_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediation.server.STOP_LIMIT_S", 0.2)
    with UdpPeer(*scene.sbc) as registrar:
        async with serving(registering(scene)) as server:
            registrar.send(granted(await registrar.request("REGISTER")), scene.gateway)
            await until(lambda: server._engine.registrations.standings == {"itsp": True})
            await stopped(server)
            assert server._engine.is_over


async def test_after_a_sleep_it_registers_anew__flow_9(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediation.sip.registration.LEAST_REST_S", 0.0)
    with UdpPeer(*scene.sbc) as registrar:
        async with serving(registering(scene, terms="retry_s = 1\n")) as server:
            asked = await registrar.request("REGISTER")
            registrar.send(granted(asked), scene.gateway)
            await until(lambda: server._engine.registrations.standings == {"itsp": True})
            server._rounds._look_for_sleep()
            monkeypatch.setattr("mediation.rounds._asleep_s", lambda: server._rounds._asleep_s + 500)
            server._rounds._look_for_sleep()
            renewed = await registrar.request("REGISTER")
            assert renewed.cseq.number == asked.cseq.number + 1
            registrar.send(granted(renewed), scene.gateway)
