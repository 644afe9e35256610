"""Connections that come back, and those that go: each interface in its own time."""

import asyncio
from dataclasses import replace

import pytest

from mediation.sip.flow import Transport
from mediation.sip.message import Request
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, TcpPeer, request, spell
from tests.wire.phones import Phone, serving, settings_of
from tests.wire.tls_scene import Secured

NUMBER = "+493012345678"


async def test_a_target_that_comes_back_gets_calls_again_once_its_rest_is_over(scene: Scene) -> None:
    targets = (f"sip:{spell(scene.sbc)};transport=tcp", f"sip:{spell(scene.second_sbc)}")
    async with (
        serving(scene.configuration(targets=targets)) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.second_sbc, "busy", law=Law.PCMA) as second,
    ):
        front_end.calls(NUMBER, scene.internal)
        await front_end.is_done()
        [rest] = server._driver.flows._openings._rests._rests.values()
        async with Phone.plugged_in(scene.sbc, "busy", law=Law.PCMA) as first:
            front_end.calls(NUMBER, scene.internal)
            await front_end.is_done(2)
            at_once = [m for m in first.seen if isinstance(m, Request)]
            done, loop = 2, asyncio.get_running_loop()
            async with asyncio.timeout(PATIENCE_S):
                while not first.seen:
                    front_end.calls(NUMBER, scene.internal)
                    done += 1
                    await front_end.is_done(done)
            assert loop.time() >= rest[0], "it was left alone for as long as was meant"
            assert not at_once
        tried = [m for m in second.seen if isinstance(m, Request) and m.method == "INVITE"]
        assert len(tried) == done - 1, "the second target had all calls but the last"
        assert not server._driver.flows._openings._rests, "what it says ends the rest"


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
async def test_a_call_whose_connection_was_lost_ends_by_another_one(
    scene: Scene, transport: Transport
) -> None:
    secured = Secured(scene)
    target = secured.to_sbc if transport is Transport.TLS else f"sip:{spell(scene.sbc)};transport=tcp"
    async with (
        serving(secured.configuration(targets=(target,))) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        flows = server._driver.flows
        [connection] = flows._connections.values()
        connection.abort()
        await flows._wait_until_empty()
        front_end.hangs_up()
        await sbc.notes_that("is hung up on")
        [other] = flows._connections.values()
        assert (other.ours, other.remote) == (True, connection.remote)
        assert other is not connection


async def test_each_interface_has_an_idle_time_of_its_own(scene: Scene) -> None:
    settings = settings_of(scene.configuration())
    quick = replace(settings, internal=replace(settings.internal, tcp_idle_s=1))
    async with serving(quick):
        outside = await TcpPeer.connected(scene.sbc[0], scene.gateway)
        inside = await TcpPeer.connected(scene.front_end[0], scene.internal)
        assert await inside.rest() == b""
        outside.send(request("OPTIONS", outside.at, scene.gateway, transport="TCP"))
        assert (await outside.response()).status == 200
        await inside.close()
        await outside.close()


async def test_over_tls_contact_bears_the_name_of_the_certificate__rfc5922(scene: Scene) -> None:
    """And a peer that takes us by that name, which nobody resolves, still reaches the call by the connection."""
    secured = Secured(scene)
    listen = f'"tls:{secured.internal[0]}"'
    text = secured.configuration(targets=(secured.to_sbc,))
    assert text.count(listen) == 1
    text = text.replace(listen, f'"tls:{secured.internal[0]} as ms.corp.example audio 127.0.0.99"')
    async with (
        serving(text),
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        peer = await secured.comes(secured.front_end)
        peer.send(request("OPTIONS", peer.at, secured.internal, transport="TLS"))
        answer = await peer.response()
        assert answer.headers.get("Contact") == "<sip:ms.corp.example:5061;transport=tls>"
        await peer.close()
        front_end.calls(NUMBER, secured.internal, transport=Transport.TLS)
        await front_end.notes_that("hears 200")
        assert front_end.streams[-1].remote[0] == "127.0.0.99"
        assert sbc.streams[-1].remote[0] == scene.gateway[0], "the other listener is called as ever"
        front_end.hangs_up()
        await sbc.notes_that("is hung up on")
