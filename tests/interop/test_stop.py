"""SIGTERM while somebody speaks."""

import signal

from tests.interop.phone import Phone
from tests.interop.scene import PCMA, PCMU, Scene

AUDIO_PORT = 6000


def test_sigterm_hangs_up_both_sides_of_a_live_call_and_writes_its_record(scene: Scene) -> None:
    with (
        scene.daemon(calls=1) as daemon,
        Phone(scene.front_end) as caller,
        Phone(scene.sbc) as callee,
    ):
        call_id = caller.invite(scene.internal, (scene.front_end[0], AUDIO_PORT), PCMU)
        callee.answer((scene.sbc[0], AUDIO_PORT), PCMA)
        caller.answered(call_id, scene.internal)
        daemon.process.send_signal(signal.SIGTERM)
        for phone in (caller, callee):
            phone.hung_up()
        assert daemon.process.wait(10) == 0
