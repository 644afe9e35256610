"""Another B2BUA in line behind ours: SIPp calls through the daemon and through sippy's, and all must map twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.interop.daemon import Daemon
from tests.interop.scene import PCMA, PCMU, SIP, Address, Scene
from tests.interop.sippy import passing_on

pytestmark = pytest.mark.interop("b2bua_simple", "sipp")


def far_end(scene: Scene) -> Address:
    """Who is called in the end: behind sippy, which stands where the SBC would."""
    return scene.host(40), SIP


@contextmanager
def in_line(scene: Scene, *, calls: int = 1) -> Iterator[Daemon]:
    """The daemon, and sippy behind it."""
    with passing_on(scene.folder / "sippy", scene.sbc, far_end(scene)), scene.daemon(calls=calls) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("caller", "callee"),
    [("uac_ringing", "uas_ring"), ("uac_hung_up", "uas_hangs_up")],
    ids=["caller", "callee"],
)
def test_a_call_passes_both_and_either_end_hangs_up(scene: Scene, caller: str, callee: str) -> None:
    with in_line(scene) as daemon, scene.uas(callee, far_end(scene), plain=True, law=PCMA):
        scene.uac(caller, scene.front_end, scene.internal, law=PCMU)
    (record,) = daemon.records()
    assert record["verdict"] == "success"
    assert record["hung_up_by"] == ("caller" if caller == "uac_ringing" else "callee")


def test_early_media_passes_both(scene: Scene) -> None:
    with in_line(scene), scene.uas("uas_early_media", far_end(scene), plain=True, law=PCMA, pause_ms=300):
        scene.uac("uac_early_media", scene.front_end, scene.internal, law=PCMU)


@pytest.mark.parametrize("status", [404, 486, 603])
def test_a_refusal_passes_both(scene: Scene, status: int) -> None:
    fill = {"status": str(status)}
    with in_line(scene), scene.uas("uas_refuse", far_end(scene), fill=fill):
        scene.uac("uac_refused", scene.front_end, scene.internal, law=PCMU, fill=fill)


def test_a_cancel_passes_both__rfc3261_9(scene: Scene) -> None:
    with in_line(scene) as daemon, scene.uas("uas_no_answer", far_end(scene)):
        scene.uac("uac_cancel", scene.front_end, scene.internal, law=PCMU, pause_ms=300)
    (record,) = daemon.records()
    assert (record["verdict"], record["status"]) == ("caller", 487)


def test_fifty_calls_pass_both(scene: Scene) -> None:
    with in_line(scene, calls=50), scene.uas("uas_answer", far_end(scene), plain=True, law=PCMA, calls=50):
        uac = scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU, calls=50, rate=25)
    assert uac.count("SuccessfulCall") == 50
