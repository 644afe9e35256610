"""Devices of an older time: aiosip of 2017 and its heir aiovoip. They do much wrong, and calls survive it."""

import os
import subprocess
import sys

import pytest

from tests.interop.daemon import spell
from tests.interop.phone import CALLED
from tests.interop.puppet import SHELVES, puppet
from tests.interop.scene import Scene

WAYS = ("outbound", "inbound")


@pytest.fixture(scope="module")
def aiosip_loads() -> None:
    """Skip where aiosip of 2017, with what it is helped out with, no longer loads: a later Python may see to that."""
    command = [sys.executable, "-c", "import tests.interop.peer_aiosip"]
    environment = {**os.environ, "PYTHONPATH": SHELVES}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
    if ran.returncode != 0:
        pytest.skip(f"aiosip does not load: {ran.stderr.splitlines()[-1]}")


@pytest.mark.interop("aiosip", "sipp")
@pytest.mark.usefixtures("aiosip_loads")
@pytest.mark.parametrize("way", WAYS)
def test_aiosip_calls_and_hangs_up(scene: Scene, way: str) -> None:
    """Its ACK bears the branch of the INVITE, and its BYE goes to the To URI."""
    ends = scene.way(way)
    host, port = ends.caller
    set_ = {"host": host, "port": port, "peer": ends.door, "user": "old", "law": ends.caller_law}
    with (
        scene.daemon(calls=1) as daemon,
        scene.uas("uas_ring", ends.callee, law=ends.callee_law) as uas,
        puppet("peer_aiosip", scene.folder / "a", **set_) as device,
    ):
        device.do("dial", number=CALLED)
        device.hears("progress", status=180)
        assert "m=audio" in device.hears("up")["body"]
        device.waits(0.2)
        device.do("hang up")
        device.hears("down")
    (record,) = daemon.records()
    assert (record["verdict"], record["hung_up_by"]) == ("success", "caller")
    assert len(uas.took("ACK ")) == 1


@pytest.mark.interop("aiosip", "sipp")
@pytest.mark.usefixtures("aiosip_loads")
@pytest.mark.parametrize(("way", "who"), list(zip(WAYS, ("caller", "callee"), strict=True)))
def test_aiosip_is_called_and_whoever_hangs_up(scene: Scene, way: str, who: str) -> None:
    """Its BYE goes to the From URI of the INVITE, whatever the Contact says."""
    ends = scene.way(way)
    host, port = ends.callee
    peer = scene.gateway if way == "outbound" else scene.internal
    set_ = {"host": host, "port": port, "peer": peer, "user": CALLED, "law": ends.callee_law}
    scenario = "uac_call" if who == "caller" else "uac_hung_up"
    with (
        scene.daemon(calls=1) as daemon,
        puppet("peer_aiosip", scene.folder / "b", **set_) as device,
        scene.placing(scenario, ends.caller, ends.door, law=ends.caller_law, pause_ms=300),
    ):
        assert "m=audio" in device.hears("up")["body"]
        if who == "callee":
            device.do("hang up")
        device.hears("down")
    (record,) = daemon.records()
    assert (record["verdict"], record["hung_up_by"]) == ("success", who)


@pytest.mark.interop("aiovoip", "sipp")
@pytest.mark.parametrize(("way", "transport"), [("outbound", "udp"), ("inbound", "tcp"), ("outbound", "tcp")])
def test_aiovoip_calls_and_hangs_up(scene: Scene, way: str, transport: str) -> None:
    ends = scene.way(way)
    host, port = ends.caller
    set_ = {"host": host, "port": port, "peer": ends.door, "user": "old", "law": ends.caller_law}
    with (
        scene.daemon(calls=1) as daemon,
        scene.uas("uas_early_media", ends.callee, law=ends.callee_law) as uas,
        puppet("peer_aiovoip", scene.folder / "a", transport=transport, **set_) as device,
    ):
        device.do("dial", number=CALLED)
        assert "m=audio" in device.hears("progress", status=183)["body"]
        device.hears("up")
        device.waits(0.2)
        device.do("hang up")
        device.hears("down")
    (record,) = daemon.records()
    assert (record["verdict"], record["hung_up_by"]) == ("success", "caller")
    assert len(uas.took("ACK ")) == 1


@pytest.mark.interop("aiovoip", "sipp")
@pytest.mark.parametrize(
    ("way", "transport", "who"),
    [
        ("outbound", "udp", "caller"),
        ("inbound", "udp", "callee"),
        ("outbound", "tcp", "callee"),
        ("inbound", "tcp", "caller"),
    ],
)
def test_aiovoip_is_called_and_whoever_hangs_up(scene: Scene, way: str, transport: str, who: str) -> None:
    ends = scene.way(way)
    host, port = ends.callee
    peer = scene.gateway if way == "outbound" else scene.internal
    set_ = {"host": host, "port": port, "peer": peer, "user": CALLED, "law": ends.callee_law}
    suffix = "" if transport == "udp" else ";transport=tcp"
    uri = f"sip:{spell(ends.callee)}{suffix}"
    configuration = (
        scene.configuration(targets=(uri,)) if way == "outbound" else scene.configuration(front_end=uri)
    )
    with (
        scene.daemon(configuration, calls=1) as daemon,
        puppet("peer_aiovoip", scene.folder / "b", transport=transport, **set_) as device,
    ):
        device.do("listen")
        device.hears("listening")
        scenario = "uac_call" if who == "caller" else "uac_hung_up"
        with scene.placing(scenario, ends.caller, ends.door, law=ends.caller_law, pause_ms=300):
            device.hears("up")
            if who == "callee":
                device.do("hang up")
            device.hears("down")
    (record,) = daemon.records()
    assert (record["verdict"], record["hung_up_by"]) == ("success", who)
