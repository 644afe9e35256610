"""SIPp calls SIPp through the daemon, both ways: every way a call can go well (RFC 3665 section 3)."""

import pytest

from tests.interop.scenarios import Options, Sipp
from tests.interop.scene import PCMA, PCMU, Scene

pytestmark = pytest.mark.interop("sipp")

WAYS = ("outbound", "inbound")


def play(
    scene: Scene, way: str, caller: str, callee: str, uac: Options | None = None, uas: Options | None = None
) -> Sipp:
    """One call by these two scenarios; return the caller."""
    ends = scene.way(way)
    of_caller, of_callee = Options(law=ends.caller_law), Options(law=ends.callee_law)
    of_caller.update(uac or {})
    of_callee.update(uas or {})
    with scene.daemon(calls=1), scene.uas(callee, ends.callee, **of_callee):
        return scene.uac(caller, ends.caller, ends.door, **of_caller)


@pytest.mark.parametrize("way", WAYS)
def test_the_caller_hangs_up(scene: Scene, way: str) -> None:
    play(scene, way, "uac_call", "uas_answer")


@pytest.mark.parametrize("way", WAYS)
def test_the_called_side_hangs_up(scene: Scene, way: str) -> None:
    play(scene, way, "uac_hung_up", "uas_hangs_up")


@pytest.mark.parametrize("way", WAYS)
def test_ringing_reaches_the_caller_before_the_answer(scene: Scene, way: str) -> None:
    play(scene, way, "uac_ringing", "uas_ring", uas={"pause_ms": 300})


@pytest.mark.parametrize("way", WAYS)
def test_early_media_reaches_the_caller_and_the_answer_keeps_its_port(scene: Scene, way: str) -> None:
    uac = play(scene, way, "uac_early_media", "uas_early_media", uas={"pause_ms": 300})
    ports = {audio_line(message) for status in ("183", "200") for message in uac.took(f"SIP/2.0 {status}")}
    assert len(ports - {""}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_caller_gives_up_while_it_rings__rfc3261_9(scene: Scene, way: str) -> None:
    play(scene, way, "uac_cancel", "uas_no_answer", {"pause_ms": 300})


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_crosses_the_cancel_gets_ack_and_bye__rfc5407_3_1_2(scene: Scene, way: str) -> None:
    play(scene, way, "uac_cancel", "uas_answers_cancel", {"pause_ms": 300})


@pytest.mark.parametrize("way", WAYS)
def test_a_cancel_that_comes_after_the_answer_changes_nothing__rfc3261_9_2(scene: Scene, way: str) -> None:
    play(scene, way, "uac_cancel_too_late", "uas_answer")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [404, 486, 603])
def test_a_refusal_reaches_the_caller_as_it_is(scene: Scene, way: str, status: int) -> None:
    fill = {"status": str(status)}
    play(scene, way, "uac_refused", "uas_refuse", {"fill": fill}, {"fill": fill})


def test_a_repeated_invite_is_one_call__rfc3261_17_2_1(scene: Scene) -> None:
    with scene.daemon(calls=1), scene.uas("uas_ring", scene.sbc, law=PCMA, pause_ms=1200) as uas:
        uac = scene.uac("uac_repeats_invite", scene.front_end, scene.internal, law=PCMU)
    assert len(uac.sent("INVITE ")) > 1
    assert len(uas.took("INVITE ")) == 1


@pytest.mark.doctor_finds("missing-ack")
def test_without_an_ack_the_200_is_repeated_and_both_sides_are_hung_up__rfc3261_13_3_1_4(
    scene: Scene,
) -> None:
    # T1 of 50 ms makes 64*T1 3.2 s: 200s at 0, 50, 150, 350, 750, 1150 … ms.
    configuration = scene.configuration(more="[sip]\nt1_ms = 50\nt2_ms = 400\n")
    with scene.daemon(configuration, calls=1), scene.uas("uas_answer", scene.sbc, law=PCMA):
        uac = scene.uac("uac_lost_ack", scene.front_end, scene.internal, law=PCMU)
    assert len(uac.took("SIP/2.0 200")) > 5


def test_contacts_are_bare_uris_that_sipp_can_follow(scene: Scene) -> None:
    """SIPp 3.6.1 builds [next_url] wrongly when a display name stands before the URI."""
    with scene.daemon(calls=1), scene.uas("uas_answer", scene.sbc, law=PCMA) as uas:
        uac = scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)
    for message in uac.took("SIP/2.0 200")[:1] + uas.took("INVITE "):
        (contact,) = [line for line in message.splitlines() if line.lower().startswith("contact:")]
        assert contact.split(":", 1)[1].strip().startswith("<sip:")


def audio_line(message: str) -> str:
    """Return the m= line of audio in a message; empty without one."""
    return next((line for line in message.splitlines() if line.startswith("m=audio ")), "")
