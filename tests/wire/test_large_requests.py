"""Large requests on real sockets: by TCP where somebody takes it, by UDP where nobody does (RFC 3261 18.1.1)."""

from typing import Any

import pytest
import structlog

from mediation.sip.message import Request
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.peers import UdpPeer, invite, never_accepting, reply, spell
from tests.wire.phones import Phone, nothing_left_in, serving, until

LONG = f"User-to-User: {'00' * 700};encoding=hex\r\n"
"""Crosses, and makes an INVITE large."""


def told(log: list[Any]) -> list[str]:
    return [line["reason"] for line in log if line["event"] == "request.large_over_udp"]


async def test_a_large_invite_and_its_dialog_go_by_tcp_to_the_same_target(scene: Scene) -> None:
    async with (
        serving(scene.configuration()) as server,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        with UdpPeer(*scene.front_end) as front_end:
            front_end.send(invite(front_end.at, scene.internal, extra=LONG), scene.internal)
            accepted = await front_end.response()
            assert accepted.status == 200
            assert accepted.headers.get("Contact") == f"<sip:{spell(scene.internal)}>"
            await until(lambda: len([m for m in sbc.seen if isinstance(m, Request)]) == 2)
            server._driver.apply(server._engine.stop)
            await sbc.notes_that("is hung up on")
        requests = [message for message in sbc.seen if isinstance(message, Request)]
        assert [each.method for each in requests] == ["INVITE", "ACK", "BYE"]
        assert {each.top_via.transport for each in requests} == {"TCP"}
        assert requests[0].headers.get("Contact") == f"<sip:{spell(scene.gateway)};transport=tcp>"
        assert requests[0].request_uri.endswith(f"@{spell(scene.sbc)}")


async def test_where_the_target_refuses_tcp_the_invite_comes_by_udp(scene: Scene) -> None:
    with (
        structlog.testing.capture_logs() as log,
        UdpPeer(*scene.sbc) as sbc,
        UdpPeer(*scene.front_end) as caller,
    ):
        async with serving(scene.configuration(), quick=True) as server:
            for times in (1, 2):
                caller.send(invite(caller.at, scene.internal, extra=LONG), scene.internal)
                got = await sbc.request("INVITE")
                assert got.top_via.transport == "UDP"
                assert got.headers.get("Contact") == f"<sip:{spell(scene.gateway)}>"
                sbc.send(reply(got, 486), scene.gateway)
                assert (await caller.response()).status == 486
                assert told(log) == ["TCP is refused"], times
            await nothing_left_in(server, "calls", "dialogs", "connections")


async def test_where_nothing_answers_tcp_at_all_the_invite_comes_by_udp_in_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall that drops what it does not like."""
    monkeypatch.setattr("mediation.net.opening.CONNECT_LIMIT_S", 0.2)
    with never_accepting(scene.sbc[0]) as at, UdpPeer(*at) as sbc, UdpPeer(*scene.front_end) as caller:
        async with serving(scene.configuration(targets=(f"sip:{spell(at)}",))):
            caller.send(invite(caller.at, scene.internal, extra=LONG), scene.internal)
            got = await sbc.request("INVITE")
            sbc.send(reply(got, 486), scene.gateway)
            assert (await caller.response()).status == 486


async def test_a_trunk_that_wants_datagrams_gets_them_though_it_listens_to_tcp(scene: Scene) -> None:
    async with (
        serving(scene.configuration(trunk='large_requests = "udp"')),
        Phone.plugged_in(scene.sbc, "busy", law=Law.PCMA) as sbc,
    ):
        with structlog.testing.capture_logs() as log, UdpPeer(*scene.front_end) as caller:
            caller.send(invite(caller.at, scene.internal, extra=LONG), scene.internal)
            assert (await caller.response()).status == 486
            assert told(log) == ['large_requests is "udp"']
        assert {each.top_via.transport for each in sbc.seen} == {"UDP"}
