"""Transfers between strangers: each party is a user agent of another family, and stays with whom it was sent to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.interop import baresip
from tests.interop.daemon import Daemon, spell
from tests.interop.phone import CALLED
from tests.interop.pjsip import Pjsip, telephone
from tests.interop.scene import PCMA, PCMU, Scene
from tests.interop.test_pjsip import hears

pytestmark = pytest.mark.interop("pjsua2")

ELSEWHERE = "+33140000001"


@dataclass(frozen=True, slots=True)
class Three:
    """A, who calls; B, who is called; C, whom neither knows yet."""

    daemon: Daemon
    caller: Pjsip
    callee: Pjsip
    third: Pjsip
    door: str
    """Host and port of the daemon, as the caller sees it."""


def two_trunks(scene: Scene) -> str:
    """British numbers go to the one ITSP, French ones to the other, and so do transfers to them."""
    routes = 'to = "routes"\n'
    more = (
        f"[internal.transfer]\n{routes}"
        f'[[trunk]]\nname = "other"\ntargets = ["sip:{spell(scene.second_sbc)}"]\ncodecs = ["PCMA"]\n'
        "health.options = false\n"
        '[[route]]\nmatch = "^\\\\+33"\ntrunks = ["other"]\n[[route]]\ntrunks = ["itsp"]\n'
    )
    return scene.configuration(trunk=f"[trunk.transfer]\n{routes}", more=more)


@contextmanager
def three(scene: Scene, *, third: int = 200) -> Iterator[Three]:
    """The front end has called the ITSP; a third telephone stands at another one, and answers with this status."""
    with (
        scene.daemon(two_trunks(scene), calls=None) as daemon,
        telephone(scene.folder / "c", scene.second_sbc, PCMA, answers=[180, third]) as far,
        telephone(scene.folder / "b", scene.sbc, PCMA, answers=[180, 200]) as callee,
        telephone(scene.folder / "a", scene.front_end, PCMU, answers=[180, 200]) as caller,
    ):
        caller.do("dial", uri=f"sip:{CALLED}@{spell(scene.internal)}")
        for phone in (caller, callee):
            phone.is_up()
        yield Three(daemon, caller, callee, far, spell(scene.internal))


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_blind_transfer_connects_who_is_left_with_the_third__rfc5589_6(scene: Scene, who: str) -> None:
    """The transferor is told how it ended, and is let go."""
    with three(scene) as cast:
        transferor, left = (cast.caller, cast.callee) if who == "caller" else (cast.callee, cast.caller)
        door = spell(scene.internal if who == "caller" else scene.gateway)
        transferor.do("transfer", line=1, uri=f"sip:{ELSEWHERE}@{door}")
        assert transferor.hears("transaction", role="client", method="REFER")["status"] in (200, 202)
        cast.third.is_up()
        assert transferor.hears("transfer", final=True)["status"] == 200
        transferor.is_down()
        for phone in (left, cast.third):
            hears(phone)
        left.do("hang up", line=1)
        cast.third.is_down()


@pytest.mark.doctor_finds("transfer-failed")
def test_a_transfer_to_somebody_busy_leaves_the_call_as_it_was__rfc5589_6_1(scene: Scene) -> None:
    with three(scene, third=486) as cast:
        cast.caller.do("transfer", line=1, uri=f"sip:{ELSEWHERE}@{cast.door}")
        assert cast.caller.hears("transfer", final=True)["status"] == 486
        cast.caller.puppet.settles()
        for phone in (cast.caller, cast.callee):
            hears(phone)
        cast.caller.do("hang up", line=1)
        cast.callee.is_down()


def test_an_attended_transfer_joins_the_far_ends_of_two_calls__rfc5589_7(scene: Scene) -> None:
    """The caller calls the third as well, on a line of its own, and connects the two."""
    with three(scene) as cast:
        cast.caller.do("hold", line=1)
        cast.caller.did("INVITE")
        cast.caller.puppet.settles()
        cast.caller.do("dial", uri=f"sip:{ELSEWHERE}@{cast.door}")
        cast.caller.is_up(2)
        cast.third.is_up()
        cast.caller.do("transfer to", line=1, other=2)
        assert cast.caller.hears("transfer", final=True)["status"] == 200
        for line in (1, 2):
            cast.caller.is_down(line)
        for phone in (cast.callee, cast.third):
            hears(phone)
        cast.callee.do("hang up", line=1)
        cast.third.is_down()


@pytest.mark.interop("baresip")
def test_baresip_transfers_blindly(scene: Scene) -> None:
    _, ports = scene.wide_ports()
    with (
        scene.daemon(two_trunks(scene), calls=None),
        telephone(scene.folder / "c", scene.second_sbc, PCMA, answers=[180, 200]) as third,
        telephone(scene.folder / "b", scene.sbc, PCMA, answers=[180, 200]) as callee,
        baresip.telephone(
            scene.folder / "a", scene.front_end, user="me", law="PCMU", tone_hz=440, ports=ports
        ) as caller,
    ):
        caller.dial(f"sip:{CALLED}@{spell(scene.internal)}")
        caller.await_event("CALL_ESTABLISHED")
        callee.is_up()
        caller.transfer(f"sip:{ELSEWHERE}@{spell(scene.internal)}")
        third.is_up()
        caller.await_event("CALL_CLOSED")
        for phone in (callee, third):
            hears(phone)
        callee.do("hang up", line=1)
        third.is_down()
