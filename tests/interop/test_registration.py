"""Flow 9 with kamailio as the ITSP: registration with digest, calls both ways by it, and its end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import pytest

from tests.interop.daemon import Daemon, spell
from tests.interop.kamailio import DOMAIN, LOOK_S, NUMBER, PASSWORD, PATIENCE_S, USER, Kamailio, itsp
from tests.interop.scene import PCMA, PCMU, SIP, Address, Scene

pytestmark = pytest.mark.interop("kamailio", "sipp")

DID = f"{NUMBER[:-3]}042"
PROBE_S = 60


def phone(scene: Scene) -> Address:
    """Somebody in the world behind the ITSP."""
    return scene.host(40), SIP


def account(scene: Scene) -> str:
    """Who the trunk is at the ITSP; the password stands in a file."""
    return f"""
username = "{USER}"
password = "file:{scene.folder / "itsp.secret"}"
[trunk.registration]
address_of_record = "sip:{NUMBER}@{DOMAIN}"
"""


@contextmanager
def customer(scene: Scene, *, calls: int = 0, password: str = PASSWORD) -> Iterator[tuple[Kamailio, Daemon]]:
    """The ITSP, and the daemon as its customer; the daemon stops first."""
    (scene.folder / "itsp.secret").write_text(password)
    with (
        itsp(scene.folder / "kamailio", scene.sbc, customer=scene.gateway, phone=phone(scene)) as registrar,
        scene.daemon(scene.configuration(trunk=account(scene)), calls=calls) as daemon,
    ):
        yield registrar, daemon


def told(daemon: Daemon, event: str) -> list[dict[str, Any]]:
    return [line for line in daemon.log() if line["event"] == event]


def await_told(daemon: Daemon, event: str) -> dict[str, Any]:
    """The first line of the daemon's log about this event, as soon as it is there."""
    give_up = monotonic() + PATIENCE_S
    while not (found := told(daemon, event)):
        assert monotonic() < give_up, f"no {event} in {PATIENCE_S} s"
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the daemon ended with status {daemon.process.wait(LOOK_S)}")
    return found[0]


def test_it_registers_with_digest_renews_and_is_gone_at_the_end__rfc3261_10_2(scene: Scene) -> None:
    with customer(scene) as (registrar, daemon):
        first, second, *_ = (line.partition(" ") for line in registrar.await_lines("SAVED", 2))
        contact = f"<sip:{NUMBER}@{spell(scene.gateway)}>"
        assert first[2].startswith(f"{contact} of ")
        assert first[2].endswith("bindings: 1")
        assert first[2] == second[2], "the same Contact and the same Call-ID, and one binding both times"
        assert int(first[0]) < int(second[0])
        assert len(registrar.lines("ASKED")) == 1, "the renewal has brought its credentials along"
        (registered,) = told(daemon, "trunk.registered")
        assert registered["expires_s"] == 10
        daemon.stop()
        (last,) = registrar.await_lines("REMOVED", 1)
        assert contact in last
        assert last.endswith("bindings: <null>")
        assert told(daemon, "trunk.unregistered")


@pytest.mark.doctor_finds("auth-failed")
def test_a_wrong_password_is_an_alarm_and_not_tried_again__flow_9(scene: Scene) -> None:
    with customer(scene, password="wrong") as (registrar, daemon):
        alarm = await_told(daemon, "trunk.registration_refused")
        daemon.stop()
        assert 2 <= len(registrar.lines("ASKED")) <= 3
        assert registrar.lines("SAVED") == []
        assert (alarm["level"], alarm["reason"]) == ("warning", "wrong-credentials")


def test_a_call_comes_in_by_the_contact_and_finds_its_number__sipconnect(scene: Scene) -> None:
    with customer(scene, calls=1) as (registrar, daemon):
        await_told(daemon, "trunk.registered")
        with scene.uas("uas_answer", scene.front_end, law=PCMU) as front_end:
            scene.uac("uac_call", phone(scene), scene.sbc, law=PCMA, called=DID)
        (called,) = registrar.lines("CALLED")
        assert called == f"sip:{NUMBER}@{spell(scene.gateway)} for {DID}"
        (invite,) = front_end.took("INVITE")
        assert invite.startswith(f"INVITE sip:{DID}@")
        daemon.stop()  # the record follows the answer to the BYE, and SIPp has ended with that
        (record,) = daemon.records()
        assert record["called"] == DID


def test_a_call_goes_out_with_digest__rfc3261_22(scene: Scene) -> None:
    with customer(scene, calls=1) as (registrar, daemon):
        await_told(daemon, "trunk.registered")
        with scene.uas("uas_answer", phone(scene), law=PCMA):
            scene.uac("uac_call", scene.front_end, scene.internal, law=PCMU)
        (placed,) = registrar.lines("PLACED")
        assert placed.startswith(f"by {USER} to ")


@pytest.mark.doctor_finds("tcp-refused")  # it looks whether TCP and TLS are spoken there, too
def test_a_probe_registers_proves_who_calls_and_is_gone_at_the_end__rfc3261_10_2(scene: Scene) -> None:
    (scene.folder / "itsp.secret").write_text(PASSWORD)
    file = scene.folder / "probe.toml"
    file.write_text(scene.configuration(trunk=account(scene)))
    asked = ("trunk", "probe", "itsp", "-c", str(file), "--number", DID, "--yes", "--json")
    with (
        itsp(scene.folder / "kamailio", scene.sbc, customer=scene.gateway, phone=phone(scene)) as registrar,
        scene.uas("uas_refuse", phone(scene), fill={"status": "486"}),
    ):
        run = subprocess.run(
            [sys.executable, "-m", "mediation", *asked], capture_output=True, timeout=PROBE_S, check=False
        )
        assert registrar.lines("PLACED") == [f"by {USER} to {DID}"]
        assert len(registrar.lines("REMOVED")) == 1
    assert run.returncode == 1, run.stderr.decode()  # busy is no answer
    (target,) = json.loads(run.stdout)["targets"]
    found = {each["name"]: each for each in target["findings"]}
    assert [found[name]["verdict"] for name in ("register", "digest", "options")] == ["yes", "yes", "yes"]
    assert found["register"]["told"].endswith("given back: 200 OK")
    assert found["call"]["told"].startswith("486")
