"""baresip calls baresip through the daemon; neither knows the law of the other."""

import pytest

from tests.interop import pjsip
from tests.interop.audio import loudest, read_wave, share
from tests.interop.baresip import Baresip, telephone
from tests.interop.daemon import spell
from tests.interop.phone import CALLED
from tests.interop.scene import Scene

pytestmark = pytest.mark.interop("baresip")

PJSIP = pytest.mark.interop("pjsua2")

LOW_HZ, HIGH_HZ = 440.0, 1000.0


def tones_heard(phone: Baresip) -> tuple[float, float]:
    """How much of what it heard, at its loudest second, is the low tone, and how much the high one."""
    (recording,) = phone.recordings()
    samples, rate = read_wave(recording)
    piece = loudest(samples, 1.0, rate)
    return share(piece, rate, LOW_HZ), share(piece, rate, HIGH_HZ)


@pytest.mark.parametrize("way", ["outbound", "inbound"])
@pytest.mark.parametrize("laws", [("PCMU", "PCMA"), ("PCMA", "PCMU")], ids=["u-to-a", "a-to-u"])
def test_each_hears_the_tone_of_the_other_in_its_own_law(
    scene: Scene, way: str, laws: tuple[str, str]
) -> None:
    """The caller hangs up; one law on each side, so that nothing but transcoding can carry the tones."""
    ends, (own, other) = scene.way(way), laws
    inside, outside = laws if way == "outbound" else laws[::-1]
    configuration = scene.configuration(codecs=f'"{inside}"', trunk_codecs=f'"{outside}"')
    low, high = scene.wide_ports()
    callee_phone = telephone(
        scene.folder / "b", ends.callee, user=CALLED, law=other, tone_hz=HIGH_HZ, ports=high
    )
    caller_phone = telephone(scene.folder / "a", ends.caller, user="me", law=own, tone_hz=LOW_HZ, ports=low)
    with scene.daemon(configuration, calls=1), callee_phone as callee, caller_phone as caller:
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        for phone in (callee, caller):
            phone.await_event("CALL_ESTABLISHED")
        for phone in (callee, caller):
            phone.await_recording(2.0)
        caller.hang_up()
        for phone in (caller, callee):
            phone.await_event("CALL_CLOSED")
    assert tones_heard(callee)[0] > 0.95
    assert tones_heard(caller)[1] > 0.95


@pytest.mark.parametrize(("way", "codec"), [("outbound", "G722/16000/1"), ("inbound", "opus/48000/2")])
def test_one_that_has_nothing_but_a_wide_codec_is_heard_by_one_with_g711(
    scene: Scene, way: str, codec: str
) -> None:
    ends, name = scene.way(way), codec.partition("/")[0]
    own, other = (codec, "PCMA") if way == "outbound" else ("PCMA", codec)
    configuration = scene.configuration(codecs=f'"PCMU", "{name}"', trunk_codecs='"PCMA"')
    low, high = scene.wide_ports()
    callee_phone = telephone(
        scene.folder / "b", ends.callee, user=CALLED, law=other, tone_hz=HIGH_HZ, ports=high
    )
    caller_phone = telephone(scene.folder / "a", ends.caller, user="me", law=own, tone_hz=LOW_HZ, ports=low)
    with scene.daemon(configuration, calls=1), callee_phone as callee, caller_phone as caller:
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        for phone in (callee, caller):
            phone.await_event("CALL_ESTABLISHED")
        for phone in (callee, caller):
            phone.await_recording(4.0)  # of G.722 it records twice as many samples a second
        caller.hang_up()
        for phone in (caller, callee):
            phone.await_event("CALL_CLOSED")
    assert tones_heard(callee)[0] > 0.95
    assert tones_heard(caller)[1] > 0.95


@PJSIP
@pytest.mark.parametrize("way", ["outbound", "inbound"])
def test_it_holds_and_resumes_and_the_other_one_is_told__rfc3264_8_4(scene: Scene, way: str) -> None:
    """baresip calls; PJSIP, who is called, says what it sees of it."""
    ends = scene.way(way)
    law = "PCMU" if ends.caller_law == 0 else "PCMA"
    _, low = scene.wide_ports()
    with (
        scene.daemon(calls=1),
        pjsip.telephone(scene.folder / "b", ends.callee, ends.callee_law, answers=[180, 200]) as callee,
        telephone(scene.folder / "a", ends.caller, user="me", law=law, tone_hz=LOW_HZ, ports=low) as caller,
    ):
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        caller.await_event("CALL_ESTABLISHED")
        callee.is_up()
        callee.hears("media", state="active")
        caller.hold()
        callee.hears("media", state="remote hold")
        caller.resume()
        callee.hears("media", state="active")
        callee.puppet.settles()
        caller.hang_up()
        callee.is_down()
