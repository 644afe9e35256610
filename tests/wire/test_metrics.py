"""A real server asked for its figures from outside."""

import asyncio
from typing import Any

import pytest

from mediation.net.listening import ListenError
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.unit.ops.test_metrics import scrape
from tests.wire.peers import UdpPeer, request
from tests.wire.phones import Phone, nothing_left_in, serving
from tests.wire.processes import mediation
from tests.wire.tls_scene import Secured

NUMBER = "+493012345678"


def watched(scene: Scene, port: int = 9464) -> str:
    return f'[metrics]\nlisten = "{scene.host(10)}:{port}"\n'


async def figures(scene: Scene) -> dict[Any, float]:
    return await asyncio.to_thread(scrape, (scene.host(10), 9464))


async def test_calls_and_strangers_are_counted(scene: Scene) -> None:
    async with (
        serving(scene.configuration(more=watched(scene))) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        assert {name for name, _ in await figures(scene)} == {
            "mediation_build_info",
            "mediation_target_state",
        }
        with UdpPeer(scene.stranger[0]) as stranger:
            for _ in range(3):
                stranger.send(request("OPTIONS", stranger.at, scene.internal), scene.internal)
            await stranger.hears_nothing()
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        during = await figures(scene)
        assert during["mediation_calls_active", ()] == 1
        assert during["mediation_sip_strangers_total", ()] == 3
        front_end.hangs_up()
        await front_end.is_done()
        sbc.calls(NUMBER, scene.gateway)
        await sbc.notes_that("hears 200")
        sbc.hangs_up()
        await nothing_left_in(server, "calls")
        after = await figures(scene)
        assert ("mediation_calls_active", ()) not in after
        for direction in ("outbound", "inbound"):
            labels = (("direction", direction), ("verdict", "success"))
            assert after["mediation_calls_total", labels] == 1


async def test_when_certificates_end_is_told_for_each_interface_with_tls(scene: Scene) -> None:
    secured = Secured(scene)
    async with serving(secured.configuration(more=watched(scene))) as server:
        name = "mediation_tls_certificate_expiry_timestamp_seconds"
        found = {labels: value for (each, labels), value in (await figures(scene)).items() if each == name}
        ends = {side: ends.timestamp() for side, ends in server._security.expiries().items()}
        assert set(found) == {(("interface", "internal"),), (("interface", "gateway"),)}
        assert set(found.values()) == set(ends.values())
        secured.server.replace_by(secured.authority.signs("renewed", "ms.corp.example", days=300))
        server.reload()
        later = {labels: value for (each, labels), value in (await figures(scene)).items() if each == name}
        assert all(later[labels] > found[labels] + 200 * 86_400 for labels in found)


async def test_without_the_setting_no_port_is_open(scene: Scene) -> None:
    async with serving(scene.configuration()):
        with pytest.raises(OSError, match="refused"):
            await figures(scene)


async def test_a_port_that_is_taken_stops_the_start_and_leaves_nothing(scene: Scene) -> None:
    async with serving(scene.configuration(more=watched(scene))):
        other = scene.configuration(more=watched(scene)).replace(":5060", ":5070")
        with pytest.raises(ListenError, match="cannot serve metrics at") as caught:
            async with serving(other):
                pass
        assert caught.value.passes
    async with serving(other):
        assert await figures(scene)


@pytest.mark.usefixtures("marked")
async def test_a_daemon_serves_them_and_ends_with_them(scene: Scene) -> None:
    file = scene.folder / "mediation.toml"
    file.write_text(scene.configuration(more=watched(scene)))
    async with mediation("run", "-c", str(file)) as daemon:
        await daemon.says("server.started")
        assert {name for name, _ in await figures(scene)} == {
            "mediation_build_info",
            "mediation_target_state",
        }
        daemon.process.terminate()
        assert await daemon.ends() == 0
