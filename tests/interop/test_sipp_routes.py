"""SIPp at several addresses: failover, trust, OPTIONS, TCP and IPv6."""

import socket
from contextlib import ExitStack

import pytest

from tests.interop.daemon import spell
from tests.interop.phone import Phone
from tests.interop.scene import PCMA, PCMU, Address, Scene
from tests.interop.six import SIX, SixPorts

pytestmark = pytest.mark.interop("sipp")


def two_targets(scene: Scene, *, trunk: str = "") -> str:
    targets = tuple(f"sip:{spell(address)}" for address in (scene.sbc, scene.second_sbc))
    return scene.configuration(targets=targets, trunk=trunk)


def test_a_503_sends_the_call_to_the_second_target(scene: Scene) -> None:
    with (
        scene.daemon(two_targets(scene), calls=1),
        scene.uas("uas_refuse", scene.sbc, fill={"status": "503"}),
        scene.uas("uas_answer", scene.second_sbc, law=PCMA),
    ):
        scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)


@pytest.mark.doctor_finds("no-response")
def test_a_silent_target_is_left_for_the_second_one(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(scene.sbc)
        with (
            scene.daemon(two_targets(scene, trunk="no_progress_s = 1"), calls=1),
            scene.uas("uas_answer", scene.second_sbc, law=PCMA),
        ):
            scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)


def test_a_target_whose_port_is_closed_is_left_at_once_for_the_second_one__rfc3261_18_4(scene: Scene) -> None:
    with (
        scene.daemon(two_targets(scene, trunk="no_progress_s = 30"), calls=1),
        scene.uas("uas_answer", scene.second_sbc, law=PCMA),
    ):
        scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)


@pytest.mark.doctor_finds("no-response")
def test_a_target_that_dies_loses_its_calls_to_the_next_and_gets_them_again_when_it_is_back(
    scene: Scene,
) -> None:
    quick = "options = true, interval_s = 60, suspect_interval_s = 1, down_interval_s = 1, timeout_s = 8"
    configuration = scene.configuration(
        targets=(f"sip:{spell(scene.sbc)}", f"sip:{spell(scene.second_sbc)}"),
        internal_health="health.options = false",
        health=f"health = {{{quick}, failures = 2, slow_start_s = 0}}",
    )

    def place_a_call() -> None:
        scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)

    # OPTIONS are a call to SIPp: both are asked once when the daemon starts, and the first when it is back
    with scene.uas("uas_lives", scene.second_sbc, law=PCMA, calls=2):
        with scene.uas("uas_lives", scene.sbc, law=PCMA, calls=2):
            stack = ExitStack()
            daemon = stack.enter_context(scene.daemon(configuration, calls=3))
            place_a_call()
        with stack:
            place_a_call()  # nobody is there any more, and the second one gets it
            daemon.tells("target.lost")
            with scene.uas("uas_lives", scene.sbc, law=PCMA, calls=2):
                daemon.tells("target.recovered")
                place_a_call()


def test_a_challenge_is_answered_with_the_credentials_of_the_trunk__rfc7616(scene: Scene) -> None:
    secret = scene.folder / "itsp.secret"
    secret.write_text("correct horse\n")
    trunk = f'username = "trunk-4711"\npassword = "file:{secret}"'
    with (
        scene.daemon(scene.configuration(trunk=trunk), calls=1),
        scene.uas("uas_challenges", scene.sbc, law=PCMA),
    ):
        scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)


def test_busy_does_not_try_the_second_target(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(scene.second_sbc)
        second.setblocking(False)
        busy = {"status": "486"}
        with scene.daemon(two_targets(scene), calls=1), scene.uas("uas_refuse", scene.sbc, fill=busy):
            scene.uac("uac_refused", scene.front_end, scene.internal, fill=busy)
        with pytest.raises(BlockingIOError):
            second.recv(65535)


def test_a_number_without_a_route_is_refused_with_404(scene: Scene) -> None:
    only_seven = """
[[route]]
match = "^7[0-9]*$"
trunks = ["itsp"]
"""
    with scene.daemon(scene.configuration(more=only_seven), calls=1):
        scene.uac("uac_refused", scene.front_end, scene.internal, fill={"status": "404"}, called="8123")


def test_a_full_trunk_refuses_the_next_call_with_503_and_keeps_the_first(scene: Scene) -> None:
    with (
        scene.daemon(scene.configuration(trunk="max_calls = 1"), calls=2),
        scene.uas("uas_answer", scene.sbc, law=PCMA),
        Phone(scene.front_end) as phone,
    ):
        call = phone.answered(phone.invite(scene.internal, (scene.front_end[0], 6000), PCMU), scene.internal)
        scene.uac("uac_refused", scene.front_end, scene.internal, fill={"status": "503"})
        call.hang_up()


def test_an_unknown_source_gets_no_call_and_no_answer(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sbc:
        sbc.bind(scene.sbc)
        sbc.setblocking(False)
        with scene.daemon(calls=0):
            for door in (scene.internal, scene.gateway):
                scene.uac("uac_unanswered", scene.stranger, door)
        with pytest.raises(BlockingIOError):
            sbc.recv(65535)


def test_options_are_answered_on_both_interfaces__rfc3261_11(scene: Scene) -> None:
    with scene.daemon(calls=0):
        scene.uac("uac_options", scene.front_end, scene.internal, calls=20, rate=50)
        scene.uac("uac_options", scene.sbc, scene.gateway, calls=20, rate=50)


def tcp(address: Address) -> str:
    return f"sip:{spell(address)};transport=tcp"


@pytest.mark.parametrize(("caller", "callee"), [("uac_call", "uas_answer"), ("uac_hung_up", "uas_hangs_up")])
def test_the_trunk_speaks_tcp_and_the_front_end_udp(scene: Scene, caller: str, callee: str) -> None:
    configuration = scene.configuration(targets=(tcp(scene.sbc),))
    with scene.daemon(configuration, calls=1), scene.uas(callee, scene.sbc, law=PCMA, tcp=True):
        scene.uac(caller, scene.front_end, scene.internal, law=PCMU)


@pytest.mark.parametrize(("caller", "callee"), [("uac_call", "uas_answer"), ("uac_hung_up", "uas_hangs_up")])
def test_the_caller_speaks_tcp_and_the_trunk_udp(scene: Scene, caller: str, callee: str) -> None:
    with scene.daemon(calls=1), scene.uas(callee, scene.sbc, law=PCMA):
        scene.uac(caller, scene.front_end, scene.internal, law=PCMU, tcp=True)


@pytest.mark.parametrize("outbound", [True, False], ids=["outbound", "inbound"])
def test_the_front_end_speaks_ipv6_and_the_trunk_ipv4(scene: Scene, six: SixPorts, outbound: bool) -> None:
    internal, front_end, audio = (six.at(party) for party in range(3))
    configuration = scene.configuration(internal=spell(internal), front_end=f"sip:{spell(front_end)}")
    with scene.daemon(configuration, calls=1, asker=(SIX, 0), at=internal):
        if outbound:
            with scene.uas("uas_answer", scene.sbc, law=PCMA):
                scene.uac("uac_call", front_end, internal, law=PCMU, media_port=audio[1])
        else:
            with scene.uas("uas_answer", front_end, law=PCMU, media_port=audio[1]):
                scene.uac("uac_call", scene.sbc, scene.gateway, law=PCMA)
