"""`mediation trunk probe` over real sockets: the lab's SBCs differ, and so do the reports."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mediation.probing.session import ProbeError, chosen, find_targets, probe_listener
from mediation.settings.read import inspect_file
from mediation.sip.flow import Endpoint, Transport
from tests.interop.scene import Scene
from tests.wire.name_server import naming
from tests.wire.peers import UdpPeer, spell
from tests.wire.processes import Running, mediation
from tests.wire.tls_scene import Secured

NUMBER, NOBODY = "+493012345678", "+4910"
PATIENCE_S = 100.0
"""For a whole run: a dozen calls with a second of audio here and there."""
pytestmark = pytest.mark.usefixtures("marked")


@asynccontextmanager
async def sbc(at: Endpoint, *traits: str, behaviour: str = "answer") -> AsyncIterator[Running]:
    words = [word for trait in traits for word in ("--trait", trait)]
    listen = (
        "--listen",
        f"udp:{spell(at)}",
        "--behaviour",
        behaviour,
        "--behaviour",
        f"{NOBODY}=reject=503",
    )
    async with mediation("lab", "sbc", *listen, *words) as running:
        await running.says("sbc: listening on udp:")
        yield running


def file_of(scene: Scene, at: Endpoint, text: str = "") -> Path:
    file = scene.folder / f"{at[0]}.toml"
    target = f"sip:{spell(at)}"
    file.write_text(text or scene.configuration(targets=(target,), trunk_codecs='"PCMU", "PCMA"', health=""))
    return file


async def probed(file: Path, *more: str, status: int = 0) -> dict[str, Any]:
    """What a run tells as JSON, which is the last line that it says."""
    asked = ("trunk", "probe", "itsp", "-c", str(file), "--number", NUMBER, "--yes", "--json", *more)
    async with mediation(*asked) as running:
        ended = await running.ends(PATIENCE_S)
        assert "Traceback" not in running.said, running.said
        assert ended == status, running.said
        told: dict[str, Any] = json.loads(running.said.splitlines()[-1])
        return told


def only(told: dict[str, Any]) -> dict[str, Any]:
    """Of a trunk with one target: what it has shown, and the block."""
    (target,) = told["targets"]
    return {**target, "block": told["block"]}


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["verdict"] for each in told["findings"]}


def words(told: dict[str, Any], name: str) -> str:
    return next(str(each["told"]) for each in told["findings"] if each["name"] == name)


def fits(told: dict[str, Any], file: Path) -> None:
    """The block that is advised stands in place of the trunk's own, and check-config takes it."""
    text = file.read_text()
    before, _, rest = text.partition("[[trunk]]")
    _, _, after = rest.partition("[media]")
    file.write_text(f"{before}{told['block']}\n[media]{after}")
    inspect_file(str(file))


async def test_sbcs_that_differ_get_reports_and_blocks_that_differ(scene: Scene) -> None:
    """Two probes at a time, each with a port of its own, as they would be beside a server."""
    many = ("prack", "update", "refer", "both-laws", "min-se=1800", "srtp", "echo")
    few = ("no-reinvite", "no-events", "largest=1500")
    page = scene.folder / "report.html"
    first, second = file_of(scene, scene.sbc), file_of(scene, scene.second_sbc)
    async with sbc(scene.sbc, *many, behaviour="brief-early-media"), sbc(scene.second_sbc, *few):
        rich, poor = await asyncio.gather(
            probed(first, "--unallocated", NOBODY, "--refer-to", "+4912", "--html", str(page)),
            probed(second, "--port", "5071"),
        )
    rich, poor = only(rich), only(poor)
    seen = verdicts(rich)
    assert seen["early-media"] in ("yes", "partly"), (
        "a machine that is slow may hear the audio with the answer"
    )
    for name in ("options", "call", "prack", "update", "timer", "laws", "telephone-event"):
        assert seen[name] == "yes", words(rich, name)
    for name in ("dtmf", "hold", "source", "srtp", "refer", "identity"):
        assert seen[name] == "yes", words(rich, name)
    assert "came back as 5" in words(rich, "dtmf")
    assert "Min-SE: 1800" in words(rich, "timer")
    assert "503" in words(rich, "unallocated")
    assert "failover_codes = [408, 500, 502, 504]" in rich["block"]
    assert "183 Session Progress" in page.read_text()
    seen = verdicts(poor)
    for name in ("prack", "update", "timer", "telephone-event", "hold", "srtp", "refer"):
        assert seen[name] == "no", words(poor, name)
    assert seen["laws"] == "partly"
    assert "up to 1500 octets" in words(poor, "sizes")
    for line in ('codecs = ["PCMA"]', "telephone_event = false", 'mid_call.hold = "local"'):
        assert line in poor["block"]
    for told, file in ((rich, first), (poor, second)):
        assert told["finished"]
        fits(told, file)


async def test_over_tls_its_certificate_is_told_and_srtp_is_advised(scene: Scene) -> None:
    secured = Secured(scene)
    text = secured.configuration(targets=(secured.to_sbc,)).replace("health.options = false", "")
    async with secured.phone("sbc", traits=("srtp",)):
        told = only(await probed(file_of(scene, scene.sbc, text)))
    assert verdicts(told)["tls"] == "yes", words(told, "tls")
    assert "TLSv1.3" in words(told, "tls")
    assert "sbc.itsp.example" in words(told, "tls")
    assert 'media.srtp = "optional"' in told["block"]


async def test_a_trunk_by_name_is_looked_up_as_the_server_would_rfc3263(scene: Scene) -> None:
    at = scene.host(53), 5353
    text = scene.configuration(
        targets=("sip:itsp.example",), more=f'[dns]\nservers = ["{spell(at)}"]\ntimeout_s = 2\n'
    )
    settings = inspect_file(str(file_of(scene, scene.sbc, text))).settings
    async with naming(at) as names:
        with pytest.raises(ProbeError, match="knows no address of trunk itsp"):
            await find_targets(settings, "itsp")
        names.holds("_sip._udp.itsp.example", "SRV", "1 0 5070 sbc.itsp.example.")
        names.holds("sbc.itsp.example", "A", scene.sbc[0])
        _, (target,) = await find_targets(settings, "itsp")
    assert (target.transport, target.endpoint, target.name) == (
        Transport.UDP,
        (scene.sbc[0], 5070),
        "itsp.example",
    )
    listener = probe_listener(settings, target, 0)
    assert listener.endpoint == (scene.gateway[0], 5061), "the port above the server's own"
    assert probe_listener(settings, target, 5060) in settings.gateway.listen


async def test_each_target_that_is_asked_for_is_probed_in_its_turn(scene: Scene) -> None:
    first, second, third = (f"sip:{spell(at)}" for at in (scene.sbc, scene.second_sbc, (scene.sbc[0], 5099)))
    file = file_of(scene, scene.sbc, scene.configuration(targets=(third, first, second), health=""))
    page = scene.folder / "both.html"
    wanted = ("--target", second, "--target", spell(scene.sbc))
    async with sbc(scene.sbc, behaviour="busy"), sbc(scene.second_sbc, "largest=1500", behaviour="busy"):
        both = await probed(file, *wanted, "--html", str(page), status=1)
    assert [each["target"] for each in both["targets"]] == [first, second]
    assert [each["calls"] for each in both["targets"]] == [1, 1]
    sizes = [words(each, "sizes") for each in both["targets"]]
    assert "8000" in sizes[0]
    assert "up to 1500 octets" in sizes[1]
    for target in (first, second):
        assert f"What {target} supports" in page.read_text()
    assert both["left_out"] == [third]


async def test_a_target_that_the_trunk_has_not_is_told(scene: Scene) -> None:
    settings = inspect_file(str(file_of(scene, scene.sbc))).settings
    _, targets = await find_targets(settings, "itsp")
    with pytest.raises(ProbeError, match=r"sbc\.example is no target of the trunk; there are sip:"):
        chosen(targets, ("sbc.example",))
    assert chosen(targets, (scene.sbc[0],)) == chosen(targets, ()) == targets


async def test_nothing_is_sent_without_consent(scene: Scene) -> None:
    with UdpPeer(*scene.sbc) as trunk:
        async with mediation(
            "trunk", "probe", "itsp", "-c", str(file_of(scene, scene.sbc)), "--number", NUMBER
        ) as running:
            await running.says("Place these calls?")
            running.tell(b"n\n")
            assert await running.ends() == 1
        assert f"to {NUMBER} at udp:{spell(scene.sbc)}" in running.said
        await trunk.hears_nothing()


async def test_a_run_that_is_interrupted_hangs_up_and_reports_what_it_has(scene: Scene) -> None:
    async with sbc(scene.sbc, behaviour="never-answer") as running_sbc:
        asked = ("trunk", "probe", "itsp", "-c", str(file_of(scene, scene.sbc)), "--number", NUMBER, "--yes")
        async with mediation(*asked) as running:
            await running_sbc.says("takes the call")
            running.process.terminate()
            assert await running.ends() == 1
        await running_sbc.says(f"{NUMBER} over")
        assert "Not finished: it was interrupted" in running.said
