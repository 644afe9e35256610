"""PJSIP calls PJSIP through the daemon: a user agent of another family at both ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.interop.daemon import Daemon, spell
from tests.interop.phone import CALLED
from tests.interop.pjsip import Pjsip, telephone
from tests.interop.scene import Address, Scene, Way
from tests.wire.authority import Authority, Papers

pytestmark = pytest.mark.interop("pjsua2")

WAYS = ("outbound", "inbound")
TRANSPORTS = ("udp", "tcp", "tls")
TLS_PORT = 5061
LONGEST_WAIT = 10
"""Seconds until audio must have come."""


@contextmanager
def two_phones(
    scene: Scene, way: str, *, callee: dict[str, Any] | None = None, caller: dict[str, Any] | None = None
) -> Iterator[tuple[Pjsip, Pjsip]]:
    """Two telephones over UDP with the daemon between them; the called one answers by itself."""
    ends = scene.way(way)
    of_callee, of_caller = {"answers": [180, 200], **(callee or {})}, caller or {}
    with (
        scene.daemon(calls=1) as daemon,
        telephone(scene.folder / "b", ends.callee, ends.callee_law, **of_callee) as called,
        telephone(scene.folder / "a", ends.caller, ends.caller_law, **of_caller) as calling,
    ):
        yield calling, called
        for phone in (calling, called):
            phone.is_down()
    assert_record(daemon, ends)


@contextmanager
def a_call(
    scene: Scene, way: str, *, callee: dict[str, Any] | None = None, caller: dict[str, Any] | None = None
) -> Iterator[tuple[Pjsip, Pjsip]]:
    """The same, with a call that is up; the caller hangs up at the end of the block."""
    with two_phones(scene, way, callee=callee, caller=caller) as (calling, called):
        calling.do("dial", uri=f"sip:{CALLED}@{spell(scene.way(way).door)}")
        for phone in (calling, called):
            phone.is_up()
        yield calling, called
        calling.do("hang up", line=1)


def assert_record(daemon: Daemon, ends: Way) -> None:
    """Hold our record of the one call against what PJSIP knows of it."""
    (record,) = daemon.records()
    assert record["verdict"] == "success"
    assert record["hung_up_by"] == "caller"
    laws = [party["codec"] for party in (record["caller"], record["callee"])]
    assert laws == ["PCMU" if law == 0 else "PCMA" for law in (ends.caller_law, ends.callee_law)]
    for party in ("caller", "callee"):
        media = record[party]["media"]
        # A stream that PJSIP begins anew, as after a hold, sometimes has the last number of the one before it.
        assert media["lost"] == -media["duplicates"]


def hears(phone: Pjsip, packets: int = 25) -> None:
    """Wait until so much more audio has come: half a second."""
    first = phone.count()["received"]
    for _ in range(LONGEST_WAIT * 10):
        if phone.count()["received"] >= first + packets:
            return
        phone.puppet.waits(0.1)
    raise AssertionError(f"only {phone.count()['received'] - first} packets came in {LONGEST_WAIT} s")


def hears_nothing(phone: Pjsip, seconds: float = 0.4) -> None:
    """Assert that no audio comes. What was on its way may arrive first."""
    phone.puppet.waits(0.2)
    first = phone.count()["received"]
    phone.puppet.waits(seconds)
    assert phone.count()["received"] == first


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_over_each_transport_with_certificates_from_both_ends_where_it_is_tls(
    scene: Scene, way: str, transport: str
) -> None:
    """PJSIP is the front end, over the transport; at the other end stands one that speaks UDP."""
    inside: dict[str, Any] = {"transport": transport}
    configuration, front_end, door = over(scene, transport)
    if transport == "tls":
        papers, authority = PAPERS[scene.block]
        inside["papers"] = [str(papers.certificate), str(papers.private_key), str(authority.file)]
    suffix = "" if transport == "udp" else f";transport={transport}"
    front = telephone(scene.folder / "fe", front_end, 0, answers=[180, 200], **inside)
    itsp = telephone(scene.folder / "itsp", scene.sbc, 8, answers=[180, 200])
    with scene.daemon(configuration, calls=1) as daemon, front as front_phone, itsp as itsp_phone:
        if way == "outbound":
            caller, callee, uri = front_phone, itsp_phone, f"sip:{CALLED}@{spell(door)}{suffix}"
        else:
            caller, callee, uri = itsp_phone, front_phone, f"sip:{CALLED}@{spell(scene.gateway)}"
        caller.do("dial", uri=uri)
        for phone in (caller, callee):
            phone.is_up()
        for phone in (caller, callee):
            hears(phone)
        assert callee.count()["lost"] == 0
        caller.do("hang up", line=1)
        for phone in (caller, callee):
            phone.is_down()
    assert_record(daemon, scene.way(way))


PAPERS: dict[str, tuple[Papers, Authority]] = {}


def over(scene: Scene, transport: str) -> tuple[str, Address, Address]:
    """Return a configuration whose front end speaks this transport, where it stands, and our address for it."""
    if transport == "udp":
        return scene.configuration(), scene.front_end, scene.internal
    if transport == "tcp":
        uri = f"sip:{spell(scene.front_end)};transport=tcp"
        return scene.configuration(front_end=uri), scene.front_end, scene.internal
    authority = Authority(scene.folder)
    own = authority.signs("server", "ms.corp.example", scene.internal[0])
    PAPERS[scene.block] = authority.signs("front-end", "fe.corp.example", scene.front_end[0]), authority
    at, door = (scene.front_end[0], TLS_PORT), (scene.internal[0], TLS_PORT)
    text = scene.configuration(front_end=f"sip:{spell(at)};transport=tls")
    listen = f'"tcp:{spell(scene.internal)}"]'
    assert text.count(listen) == 1
    text = text.replace(listen, f'"tcp:{spell(scene.internal)}", "tls:{spell(door)}"]')
    text += (
        f'[internal.tls]\ncertificate = "{own.certificate}"\nprivate_key = "{own.private_key}"\n'
        f'authorities = "{authority.file}"\npeers = ["fe.corp.example"]\n'
    )
    return text, at, door


@pytest.mark.parametrize(
    ("way", "who", "old"),
    [
        ("outbound", "caller", False),
        ("outbound", "callee", True),
        ("inbound", "caller", True),
        ("inbound", "callee", False),
    ],
)
def test_hold_and_resume__rfc3264_8_4(scene: Scene, way: str, who: str, old: bool) -> None:
    """Whoever holds hears nothing and is heard by nobody; afterwards both hear again."""
    with a_call(scene, way, caller={"old_hold": old}, callee={"old_hold": old}) as (caller, callee):
        holder = caller if who == "caller" else callee
        hears(holder)
        holder.do("hold", line=1)
        holder.did("INVITE")
        holder.hears("media", state="local hold")
        hears_nothing(holder)
        holder.do("resume", line=1)
        holder.did("INVITE")
        holder.hears("media", state="active")
        for phone in (caller, callee):
            hears(phone)


@pytest.mark.parametrize("way", WAYS)
def test_both_hold_and_one_resume_does_not_unhold_the_other__rfc3264_6_1(scene: Scene, way: str) -> None:
    with a_call(scene, way) as (caller, callee):
        for phone, other in ((caller, callee), (callee, caller)):
            phone.do("hold", line=1)
            phone.did("INVITE")
            # The other one is told; PJSIP leaves glare to its user, and this user is not to meet with any
            other.puppet.settles()
        caller.do("resume", line=1)
        caller.did("INVITE")
        hears_nothing(callee)
        callee.do("resume", line=1)
        callee.did("INVITE")
        for phone in (caller, callee):
            hears(phone)


@pytest.mark.parametrize(
    ("way", "who", "offer"),
    [
        ("outbound", "caller", True),
        ("outbound", "callee", False),
        ("inbound", "caller", False),
        ("inbound", "callee", True),
    ],
)
def test_a_re_invite_changes_nothing__rfc3261_14(scene: Scene, way: str, who: str, offer: bool) -> None:
    with a_call(scene, way) as (caller, callee):
        asker = caller if who == "caller" else callee
        asker.do("reinvite", line=1, offer=offer)
        asker.did("INVITE")
        for phone in (caller, callee):
            hears(phone)


@pytest.mark.parametrize("way", WAYS)
def test_an_invite_without_an_offer_gets_ours_in_the_answer__rfc3261_13_2_1(scene: Scene, way: str) -> None:
    with two_phones(scene, way) as (caller, callee):
        caller.do("dial", uri=f"sip:{CALLED}@{spell(scene.way(way).door)}", offer=False)
        for phone in (caller, callee):
            phone.is_up()
        for phone in (caller, callee):
            hears(phone)
        caller.do("hang up", line=1)


@pytest.mark.parametrize("way", WAYS)
def test_digits_arrive_once_and_in_order__rfc4733(scene: Scene, way: str) -> None:
    with a_call(scene, way) as (caller, callee):
        for speaker, listener, digits in ((caller, callee, "159*"), (callee, caller, "0#A")):
            speaker.do("dial digits", line=1, digits=digits)
            assert "".join(listener.hears("digit")["digit"] for _ in digits) == digits
        for phone in (caller, callee):
            phone.puppet.waits(0.3)
            assert not phone.puppet.unread("digit")


@pytest.mark.parametrize("way", WAYS)
def test_the_caller_gives_up_while_it_rings__rfc3261_9(scene: Scene, way: str) -> None:
    ends = scene.way(way)
    with (
        scene.daemon(calls=1) as daemon,
        telephone(scene.folder / "b", ends.callee, ends.callee_law, answers=[180]) as callee,
        telephone(scene.folder / "a", ends.caller, ends.caller_law) as caller,
    ):
        caller.do("dial", uri=f"sip:{CALLED}@{spell(ends.door)}")
        caller.hears("state", state="EARLY")
        caller.do("hang up", line=1)
        for phone in (caller, callee):
            assert phone.is_down()["status"] == 487
    (record,) = daemon.records()
    assert record["verdict"] == "caller"


@pytest.mark.parametrize(("way", "status"), [("outbound", 486), ("inbound", 404), ("outbound", 603)])
def test_a_refusal_reaches_the_caller(scene: Scene, way: str, status: int) -> None:
    ends = scene.way(way)
    with (
        scene.daemon(calls=1),
        telephone(scene.folder / "b", ends.callee, ends.callee_law, answers=[status]),
        telephone(scene.folder / "a", ends.caller, ends.caller_law) as caller,
    ):
        caller.do("dial", uri=f"sip:{CALLED}@{spell(ends.door)}")
        assert caller.is_down()["status"] == status


@pytest.mark.parametrize(("way", "who"), list(zip(WAYS, ("caller", "callee"), strict=True)))
def test_an_update_with_a_description_is_answered__rfc3311_5_2(scene: Scene, way: str, who: str) -> None:
    with a_call(scene, way) as (caller, callee):
        asker = caller if who == "caller" else callee
        asker.do("update", line=1)
        asker.did("UPDATE")
        for phone in (caller, callee):
            hears(phone, 10)


@pytest.mark.parametrize(
    ("way", "caller", "callee"),
    [
        ("outbound", "mandatory", "no"),
        ("inbound", "no", "mandatory"),
        ("outbound", "mandatory", "mandatory"),
        ("inbound", "optional", "optional"),
    ],
)
def test_100rel_from_none_one_or_both_ends__rfc3262(scene: Scene, way: str, caller: str, callee: str) -> None:
    """Whoever demands it has it from us, whatever the other one knows."""
    of_callee = {"reliable": callee, "answers": [183]}
    with two_phones(scene, way, caller={"reliable": caller}, callee=of_callee) as (calling, called):
        calling.do("dial", uri=f"sip:{CALLED}@{spell(scene.way(way).door)}")
        assert calling.hears("state", state="EARLY")["status"] == 183
        called.puppet.settles(0.1)
        called.do("answer", line=1, status=200)
        for phone in (calling, called):
            phone.is_up()
        calling.do("hang up", line=1)
    if caller == "mandatory":
        assert calling.sent("PRACK ")
    if callee == "mandatory":
        assert called.took("PRACK ")
    if caller == "no":
        assert not calling.sent("PRACK ")


@pytest.mark.parametrize(
    ("way", "caller", "callee"),
    [
        ("outbound", "always", "no"),
        ("outbound", "no", "always"),
        ("inbound", "mandatory", "optional"),
        ("inbound", "optional", "mandatory"),
    ],
)
def test_session_timers_are_agreed_on_each_leg_for_itself__rfc4028(
    scene: Scene, way: str, caller: str, callee: str
) -> None:
    """PJSIP takes no interval below 90 s, so a refresh comes early, by UPDATE, because it is told to."""
    of_caller, of_callee = {"timer": caller, "timer_s": 90}, {"timer": callee, "timer_s": 120}
    with a_call(scene, way, caller=of_caller, callee=of_callee) as (calling, called):
        for phone, mode in ((calling, caller), (called, callee)):
            if mode != "no":
                phone.do("update", line=1)
                phone.did("UPDATE")
    assert agreed(calling.took, "INVITE") == ([] if caller == "no" else ["90;refresher=uac"])
    # PJSIP asks for timers of its own accord where it calls; where it is called, unless they are optional
    assert bool(agreed(called.sent, "INVITE")) == (callee in ("always", "mandatory"))
    for phone, mode in ((calling, caller), (called, callee)):
        if mode in ("always", "mandatory"):
            assert len(agreed(phone.took, "UPDATE")) == 1


def agreed(answers: Callable[[str], list[str]], method: str) -> list[str]:
    """Return the session intervals in the 200s to requests of this method."""
    texts = [text for text in answers("SIP/2.0 200") if f" {method}\n" in text]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("Session-Expires:")]
    return [line.partition(":")[2].strip() for line in lines]
