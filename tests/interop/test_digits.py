"""Keys that a stranger presses as telephone-events, heard by another stranger as INFO."""

import pytest

from tests.interop.scenarios import Options
from tests.interop.scene import PCMA, PCMU, Scene

pytestmark = pytest.mark.interop("sipp")

BY_INFO = '[trunk.media]\ndtmf = "info"\n'


@pytest.mark.doctor_finds("one-way-audio")  # the callee only listens
def test_keys_of_sipp_arrive_as_info_each_once_and_in_order(scene: Scene) -> None:
    ends = scene.way("outbound")
    of_caller = Options(law=PCMU, media_port=47000, pause_ms=3000, fill={"keys": "17*#"})
    with (
        scene.daemon(scene.configuration(trunk=BY_INFO), calls=1),
        scene.uas("uas_keys", ends.callee, law=PCMA) as callee,
    ):
        scene.uac("uac_keys", ends.caller, ends.door, **of_caller)
    bodies = [message.partition("\n\n")[2].splitlines() for message in callee.took("INFO ")]
    assert [body[0] for body in bodies] == ["Signal=1", "Signal=7", "Signal=*", "Signal=#"]
    assert all(40 <= int(body[1].removeprefix("Duration=")) <= 1000 for body in bodies)
