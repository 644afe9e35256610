"""The flows ladder by ladder, SIPp at both ends: each party's part stands beside the other's."""

from contextlib import ExitStack
from itertools import cycle

import pytest

from tests.interop.daemon import spell
from tests.interop.scenarios import Sipp
from tests.interop.scene import PCMA, PCMU, Scene
from tests.interop.script import INACTIVE, RECVONLY, SENDONLY, SENDRECV, ZERO, Script

pytestmark = pytest.mark.interop("sipp")

WAYS = ("outbound", "inbound")
RELIABLE = ("Supported: 100rel",)


def play(
    scene: Scene, way: str, caller: Script, callee: Script, *, trunk: str = "", internal: str = ""
) -> Sipp:
    """One call by these two ladders; return the caller."""
    ends = scene.way(way)
    configuration = scene.configuration(trunk=trunk, more=internal)
    with scene.daemon(configuration, calls=1), scene.uas(callee, ends.callee, law=ends.callee_law):
        return scene.uac(caller, ends.caller, ends.door, law=ends.caller_law)


def a_caller() -> Script:
    """Who calls, up to the answer."""
    return Script("uac").calls().hears(100, optional=True).hears(180, optional=True).is_answered()


def a_callee() -> Script:
    """Who is called, up to the ACK."""
    return Script("uas").takes("INVITE").rings().answers(200, to="INVITE", sdp=SENDRECV).takes("ACK")


@pytest.mark.parametrize("way", WAYS)
def test_a_plain_call_by_ladders(scene: Scene, way: str) -> None:
    play(scene, way, a_caller().waits(100).hangs_up(), a_callee().is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_a_callee_that_demands_prack_gets_it_and_the_caller_knows_nothing__rfc3262_4(
    scene: Scene, way: str
) -> None:
    callee = (
        Script("uas")
        .takes("INVITE", has="Supported:[^\r\n]*100rel")
        .answers(183, sdp=SENDRECV, headers=("Require: 100rel", "RSeq: 4711"))
        .takes("PRACK", has="RAck: 4711 [0-9]+ INVITE")
        .answers(200)
        .answers(180, to="INVITE", headers=("Require: 100rel", "RSeq: 4712"))
        .takes("PRACK", has="RAck: 4712 [0-9]+ INVITE")
        .answers(200)
        .waits(100)
        .answers(200, to="INVITE")
        .takes("ACK")
        .is_hung_up()
    )
    caller = Script("uac").calls().hears(100, optional=True).hears(183, has="m=audio", lacks="Require:")
    play(scene, way, caller.hears(180).is_answered(has="m=audio").waits(100).hangs_up(), callee)


@pytest.mark.parametrize("way", WAYS)
def test_a_caller_that_demands_100rel_gets_it_from_us__rfc3262_3(scene: Scene, way: str) -> None:
    """The called side knows nothing of it."""
    caller = (
        Script("uac")
        .calls(headers=("Require: 100rel",))
        .hears(100, optional=True)
        .hears(180, has="Require:[^\r\n]*100rel", dialog=True)
        .keeps(".*", "RSeq:", "rseq")
        .asks("PRACK", headers=("RAck:[$rseq] 1 INVITE",))
        .hears(200)
        .is_answered(has="m=audio")
        .waits(100)
        .hangs_up()
    )
    callee = Script("uas").takes("INVITE").rings().waits(300).answers(200, to="INVITE", sdp=SENDRECV)
    play(scene, way, caller, callee.takes("ACK").is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_both_ends_are_reliable_each_with_its_own_numbers__rfc3262_3(scene: Scene, way: str) -> None:
    """The offer has its answer in the 183, so the 200 needs none."""
    caller = (
        Script("uac")
        .calls(headers=("Require: 100rel",))
        .hears(100, optional=True)
        .hears(183, has="m=audio", dialog=True)
        .keeps(".*", "RSeq:", "rseq")
        .asks("PRACK", headers=("RAck:[$rseq] 1 INVITE",))
        .hears(200)
        .is_answered()
        .waits(100)
        .hangs_up()
    )
    callee = (
        Script("uas")
        .takes("INVITE")
        .answers(183, sdp=SENDRECV, headers=("Require: 100rel", "RSeq: 1"))
        .takes("PRACK", has="RAck: 1 ")
        .answers(200)
        .waits(200)
        .answers(200, to="INVITE")
        .takes("ACK")
        .is_hung_up()
    )
    play(scene, way, caller, callee)


@pytest.mark.parametrize(("way", "who"), list(zip(WAYS, ("caller", "callee"), strict=True)))
def test_an_update_is_answered_with_and_without_a_description__rfc3311_5_2(
    scene: Scene, way: str, who: str
) -> None:
    caller, callee = a_caller(), a_callee()
    asker = caller if who == "caller" else callee
    asker.waits(200).asks("UPDATE").hears(200, lacks="m=audio")
    asker.asks("UPDATE", sdp=SENDRECV).hears(200, has="m=audio")
    if who == "callee":
        caller.waits(600)
    play(scene, way, caller.waits(100).hangs_up(), callee.is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_an_update_before_the_answer_moves_early_media__rfc3311_5_1(scene: Scene, way: str) -> None:
    callee = (
        Script("uas")
        .takes("INVITE")
        .answers(183, sdp=SENDRECV, headers=("Require: 100rel", "RSeq: 1"))
        .takes("PRACK")
        .answers(200)
        .asks("UPDATE", sdp=SENDRECV)
        .hears(200, has="m=audio")
        .answers(200, to="INVITE")
        .takes("ACK")
        .is_hung_up()
    )
    caller = Script("uac").calls().hears(100, optional=True).hears(183, has="m=audio")
    play(scene, way, caller.is_answered().waits(100).hangs_up(), callee)


HOLDS = {
    # how the holder spells it, what the other one must read, its answer, what the holder must read
    "sendonly": (SENDONLY, "a=sendonly", RECVONLY, "a=recvonly"),
    "inactive": (INACTIVE, "a=inactive", INACTIVE, "a=inactive"),
    "zero-address": (ZERO, "a=(sendonly|inactive)", RECVONLY, "m=audio"),
    "recvonly": (RECVONLY, "a=recvonly", SENDONLY, "a=sendonly"),
}


@pytest.mark.parametrize(("way", "spelling"), list(zip(cycle(WAYS), HOLDS, strict=False)))
def test_hold_is_relayed_mirrored_and_taken_back__rfc3264_6_1(scene: Scene, way: str, spelling: str) -> None:
    said, read, answer, mirrored = HOLDS[spelling]
    caller = (
        a_caller()
        .waits(100)
        .asks("INVITE", sdp=said)
        .hears(100, optional=True)
        .is_answered(has=mirrored)
        .waits(100)
        .asks("INVITE", sdp=SENDRECV)
        .hears(100, optional=True)
        .is_answered(lacks="a=(sendonly|recvonly|inactive)")
        .waits(100)
        .hangs_up()
    )
    callee = (
        a_callee()
        .takes("INVITE", has=read)
        .answers(200, sdp=answer)
        .takes("ACK")
        .takes("INVITE", lacks="a=(sendonly|recvonly|inactive)")
        .answers(200, sdp=SENDRECV)
        .takes("ACK")
        .is_hung_up()
    )
    play(scene, way, caller, callee)


def test_hold_is_no_matter_of_the_trunk_where_its_terms_say_so(scene: Scene) -> None:
    caller = a_caller().asks("INVITE", sdp=SENDONLY).hears(100, optional=True).is_answered(has="a=recvonly")
    trunk = '[trunk.mid_call]\nhold = "local"\n'
    play(scene, "outbound", caller.waits(100).hangs_up(), a_callee().is_hung_up(), trunk=trunk)


@pytest.mark.parametrize(("way", "who"), list(zip(WAYS, ("caller", "callee"), strict=True)))
def test_a_re_invite_without_an_offer_gets_ours_and_the_other_side_is_left_alone__rfc3261_14_2(
    scene: Scene, way: str, who: str
) -> None:
    caller, callee = a_caller(), a_callee()
    asker = caller if who == "caller" else callee
    asker.waits(100).asks("INVITE").hears(100, optional=True).is_answered(has="m=audio", ack_sdp=SENDRECV)
    if who == "callee":
        caller.waits(400)
    play(scene, way, caller.waits(100).hangs_up(), callee.is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_an_invite_without_an_offer_gets_ours_in_the_200__rfc3261_13_2_1(scene: Scene, way: str) -> None:
    caller = Script("uac").calls(sdp=None).hears(100, optional=True).hears(180, optional=True)
    caller.is_answered(has="m=audio", ack_sdp=SENDRECV).waits(100).hangs_up()
    callee = Script("uas").takes("INVITE", has="m=audio").rings().answers(200, to="INVITE", sdp=SENDRECV)
    play(scene, way, caller, callee.takes("ACK").is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_a_491_to_a_relayed_hold_reaches_who_asked_and_the_call_lives__rfc3261_14_1(
    scene: Scene, way: str
) -> None:
    caller = (
        a_caller()
        .asks("INVITE", sdp=SENDONLY)
        .hears(100, optional=True)
        .is_refused(491, again=True)
        .waits(100)
        .asks("INVITE", sdp=SENDONLY)
        .hears(100, optional=True)
        .is_answered(has="a=recvonly")
        .waits(100)
        .hangs_up()
    )
    callee = a_callee().takes("INVITE", has="a=sendonly").answers(491).takes("ACK")
    callee.takes("INVITE", has="a=sendonly").answers(200, sdp=RECVONLY).takes("ACK").is_hung_up()
    play(scene, way, caller, callee)


@pytest.mark.parametrize(("way", "method"), list(zip(WAYS, ("UPDATE", "INVITE"), strict=True)))
def test_a_caller_with_a_session_timer_refreshes_it_here__rfc4028_10(
    scene: Scene, way: str, method: str
) -> None:
    timer = ("Supported: timer", "Session-Expires: 1800;refresher=uac")
    caller = Script("uac").calls(headers=timer).hears(100, optional=True).hears(180, optional=True)
    caller.is_answered(has="Session-Expires: 1800;refresher=uac").waits(100)
    if method == "UPDATE":
        caller.asks("UPDATE", headers=timer).hears(200, has="Session-Expires: 1800;refresher=uac")
    else:
        caller.asks("INVITE", sdp=SENDRECV, headers=timer).hears(100, optional=True)
        caller.is_answered(has="Session-Expires: 1800;refresher=uac")
    play(scene, way, caller.waits(100).hangs_up(), a_callee().is_hung_up())


@pytest.mark.parametrize("way", WAYS)
def test_an_interval_below_ours_is_422_and_the_next_one_is_taken__rfc4028_9(scene: Scene, way: str) -> None:
    short, long = ("Supported: timer", "Session-Expires: 60"), ("Supported: timer", "Session-Expires: 90")
    caller = Script("uac").calls(headers=short).hears(100, optional=True).is_refused(422, has="Min-SE: 90")
    caller.calls(headers=(*long, "Min-SE: 90")).hears(100, optional=True).hears(180, optional=True)
    caller.is_answered(has="Session-Expires: 90").waits(100).hangs_up()
    ends = scene.way(way)
    with scene.daemon(calls=None), scene.uas(a_callee().is_hung_up(), ends.callee, law=ends.callee_law):
        scene.uac(caller, ends.caller, ends.door, law=ends.caller_law)


def test_a_422_of_the_trunk_teaches_us_its_least_interval__rfc4028_7_3(scene: Scene) -> None:
    callee = (
        Script("uas")
        .takes("INVITE", has="Session-Expires: 1800")
        .answers(422, headers=("Min-SE: 3600",))
        .takes("ACK")
        .takes("INVITE", has="Session-Expires: 3600")
        .rings()
        .answers(
            200, to="INVITE", sdp=SENDRECV, headers=("Require: timer", "Session-Expires: 3600;refresher=uac")
        )
        .takes("ACK")
        .is_hung_up()
    )
    trunk = '[trunk.session_timer]\nmode = "offer"\n'
    play(scene, "outbound", a_caller().waits(100).hangs_up(), callee, trunk=trunk)


@pytest.mark.parametrize("way", WAYS)
def test_forks_that_describe_themselves_reach_the_caller_and_one_of_them_answers__rfc3261_13_2_2_4(
    scene: Scene, way: str
) -> None:
    callee = (
        Script("uas")
        .takes("INVITE")
        .answers(183, sdp=SENDRECV, tag="one")
        .waits(50)
        .answers(183, sdp=SENDRECV, tag="two", port="6002")
        .waits(50)
        .answers(200, sdp=SENDRECV, tag="two", port="6002")
        .takes("ACK", has="To:[^\r\n]*tag=two")
        .takes("BYE", has="To:[^\r\n]*tag=two")
        .answers(200, tag="two")
    )
    caller = Script("uac").calls().hears(100, optional=True).hears(183, has="m=audio")
    uac = play(scene, way, caller.hears(183, has="m=audio").is_answered().waits(100).hangs_up(), callee)
    tags = [to_tag(message) for message in uac.took("SIP/2.0 183") + uac.took("SIP/2.0 200")[:1]]
    assert len(set(tags)) == 2
    assert tags[1] == tags[2]


@pytest.mark.parametrize("way", WAYS)
def test_a_180_after_a_183_reaches_the_caller__rfc3960_3(scene: Scene, way: str) -> None:
    callee = Script("uas").takes("INVITE").answers(183, sdp=SENDRECV).waits(50).rings().waits(50)
    callee.answers(200, to="INVITE", sdp=SENDRECV).takes("ACK").is_hung_up()
    caller = Script("uac").calls().hears(100, optional=True).hears(183, has="m=audio").hears(180)
    play(scene, way, caller.is_answered(has="m=audio").waits(100).hangs_up(), callee)


@pytest.mark.parametrize("way", WAYS)
def test_another_description_in_the_200_is_no_matter_of_the_caller__rfc3264_4(scene: Scene, way: str) -> None:
    """RFC 3261 section 13.2.1 forbids it, and gateways do it all the same: our own port stays where it was."""
    callee = Script("uas").takes("INVITE").answers(183, sdp=SENDRECV).waits(50)
    callee.answers(200, to="INVITE", sdp=SENDRECV, port="6002").takes("ACK").is_hung_up()
    caller = Script("uac").calls().hears(100, optional=True).hears(183, has="m=audio")
    uac = play(scene, way, caller.is_answered(has="m=audio").waits(100).hangs_up(), callee)
    lines = {line for text in uac.took("SIP/2.0") for line in text.splitlines() if line.startswith("m=audio")}
    assert len(lines) == 1


def to_tag(message: str) -> str:
    """Return the tag of To in a message."""
    (line,) = [line for line in message.splitlines() if line.lower().startswith("to:")]
    return line.partition(";tag=")[2]


def two_trunks(scene: Scene, *, redirect: str = "off", internal: str = "") -> str:
    """British numbers go to the one ITSP, French ones to the other."""
    more = (
        f'{internal}[[trunk]]\nname = "other"\ntargets = ["sip:{spell(scene.second_sbc)}"]\ncodecs = ["PCMA"]\n'
        "health.options = false\n"
        '[trunk.identity]\nhistory = "diversion"\n'
        '[[route]]\nmatch = "^\\\\+33"\ntrunks = ["other"]\n[[route]]\ntrunks = ["itsp"]\n'
    )
    hosts = f'hosts = ["{scene.second_sbc[0]}"]'
    return scene.configuration(trunk=f'[trunk.redirect]\nmode = "{redirect}"\n{hosts}\n', more=more)


ELSEWHERE = "+33140000001"


@pytest.mark.parametrize("mode", ["off", "pass", "follow"])
def test_a_redirection_is_a_failure_told_or_followed__rfc3261_8_1_3_4(scene: Scene, mode: str) -> None:
    contact = f"Contact: <sip:{ELSEWHERE}@{spell(scene.second_sbc)}>"
    names_another = (
        Script("uas").takes("INVITE").answers(302, headers=(contact,), own_contact=False).takes("ACK")
    )
    caller = Script("uac").calls().hears(100, optional=True)
    with (
        scene.daemon(two_trunks(scene, redirect=mode), calls=1),
        scene.uas(names_another, scene.sbc, law=PCMA),
        ExitStack() as stack,
    ):
        if mode == "off":
            caller.is_refused(480)
        elif mode == "pass":
            caller.is_refused(302, has=r"Contact:[^\r\n]*\+33140000001")
        else:
            stack.enter_context(scene.uas(a_callee().is_hung_up(), scene.second_sbc, law=PCMA))
            caller.hears(180, optional=True).is_answered().waits(100).hangs_up()
        scene.uac(caller, scene.front_end, scene.internal, law=PCMU)


def test_a_blind_transfer_step_by_step__rfc3515_2_4(scene: Scene) -> None:
    """SIPp refers: 202, NOTIFY of 100, of the ringing and of the answer, and the BYE of who has let it go."""
    refer_to = f"Refer-To: <sip:{ELSEWHERE}@[remote_ip]:[remote_port]>"
    refers = (
        a_caller()
        .waits(200)
        .asks("REFER", headers=(refer_to, "Referred-By: <sip:+12025550123@[local_ip]>"))
        .hears(202)
        .takes("NOTIFY", has="SIP/2.0 100")
        .answers(200)
        .takes("NOTIFY", has="SIP/2.0 180")
        .answers(200)
        .takes("NOTIFY", has=r"Subscription-State: *terminated[^$]*SIP/2.0 200")
        .answers(200)
        .is_hung_up()
    )
    configuration = two_trunks(scene, internal='[internal.transfer]\nto = "routes"\n')
    third = Script("uas").takes("INVITE", has="Referred-By:").answers(180).waits(200)
    third.answers(200, to="INVITE", sdp=SENDRECV).takes("ACK").waits(300).hangs_up()
    with (
        scene.daemon(configuration, calls=None),
        scene.uas(third, scene.second_sbc, law=PCMA),
        scene.uas(a_callee().is_hung_up(), scene.sbc, law=PCMA),
    ):
        scene.uac(refers, scene.front_end, scene.internal, law=PCMU)
