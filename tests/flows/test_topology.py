"""No side learns anything of the other but what policy lets cross; every flow test checks that, here it is provoked."""

import pytest

from mediation.settings.peers import Side
from mediation.settings.server import Sip
from mediation.sip.message import Request
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.scenery import settings, trunk
from tests.flows.world import World


def crossed(call: Pair, headers: str) -> Request:
    """The INVITE that the callee gets when the caller's has these headers."""
    call.caller.invites(headers=headers)
    invite = call.callee.request("INVITE")
    call.callee.says(486)
    return invite


@pytest.mark.parametrize(
    "line",
    ["Subject: a word", "Priority: emergency", "Privacy: id;critical", "User-to-User: 56a3;encoding=hex"],
)
def test_what_concerns_both_parties_crosses_both_ways_octet_for_octet(call: Pair, line: str) -> None:
    name, _, value = line.partition(": ")
    assert crossed(call, f"{line}\r\n").headers.get_all(name) == (value,)


@pytest.mark.parametrize(
    "line", ["P-Asserted-Identity: <tel:+15550100>", "Diversion: <tel:+15550199>;reason=unconditional",
             "History-Info: <tel:+15550199>;index=1", "Alert-Info: <urn:alert:tone:normal>"],
)  # fmt: skip
def test_what_the_itsp_asserts_is_told_inside_and_nothing_inside_is_told_to_the_itsp(
    call: Pair, line: str
) -> None:
    name, _, value = line.partition(": ")
    inside = call.callee.side is Side.FRONT_END
    assert crossed(call, f"{line}\r\n").headers.get_all(name) == ((value,) if inside else ())


@pytest.mark.parametrize(
    "line",
    [
        "X-Secret: blue",
        "X-Secret : blue",
        "Organization: blue",
        "Authorization: Digest username=blue",
        "Proxy-Authorization: Digest username=blue",
        "Record-Route: <sip:blue.example;lr>",
        "Server: blue",
        "Supported: blue",
        "k: blue",
        "Session-ID: blue",
        "In-Reply-To: blue",
        "MIME-Version: blue",
        "Content-Disposition: session;blue=yes",
        "p-asserted-identity-x: blue",
    ],
)
def test_any_other_header_stays_on_its_side_in_whatever_spelling__kamailio_es2020_09(
    call: Pair, line: str
) -> None:
    assert b"blue" not in bytes(crossed(call, f"{line}\r\n"))


def test_a_header_crosses_in_its_compact_form_and_any_case_too__rfc3261_7_3_3(call: Pair) -> None:
    assert crossed(call, "s: one\r\nPRIORITY: urgent\r\n").headers.get_all("Subject") == ("one",)
    assert call.callee.request("INVITE").headers.get_all("Priority") == ("urgent",)


def test_a_header_that_is_folded_crosses_as_one_line(call: Pair) -> None:
    assert crossed(call, "Subject: one\r\n two\r\n").headers.get("Subject") == "one two"


def test_a_password_in_a_uri_stays_on_its_side__rfc3261_19_1_1(call: Pair) -> None:
    local = call.caller.flow.local[0]
    call.caller.invites(uri=f"sip:+49301:blue@{local}", calling="+15550100:blue")
    invite = call.callee.request("INVITE")
    assert b"blue" not in bytes(invite)
    assert invite.request_uri.startswith("sip:+49301@")
    call.callee.says(486)


def test_an_anonymous_caller_stays_anonymous__rfc3323_4_1_1_3(call: Pair) -> None:
    call.caller.invites(from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    from_ = str(call.callee.request("INVITE").from_)
    assert from_.startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
    call.callee.says(486)


@pytest.mark.parametrize("status", [180, 183, 200, 486, 302])
def test_no_header_and_no_phrase_of_an_answer_crosses(call: Pair, status: int) -> None:
    call.dials()
    secrets = 'Server: blue\r\nX-Secret: blue\r\nWarning: 399 blue "blue"\r\nError-Info: <sip:blue>\r\n'
    call.callee.says(status, sdp=call.callee.sdp() if status == 200 else b"", headers=secrets)
    (heard,) = (message for _, message in call.caller.received[1:])
    assert b"blue" not in bytes(heard)
    assert b"Said So" not in bytes(heard)
    if status == 200:
        call.caller.acks()
        call.caller.hangs_up()
    elif status < 200:
        call.callee.says(486)


def test_no_header_of_a_bye_crosses_but_the_reason_in_our_words(call: Pair) -> None:
    call.connects()
    call.caller.hangs_up(headers='X-Secret: blue\r\nReason: Q.850;cause=16;text="blue"\r\n')
    assert b"blue" not in bytes(call.callee.request("BYE"))


def test_nothing_of_a_session_description_crosses(call: Pair) -> None:
    lines = "a=blue:1\r\na=ice-ufrag:blue\r\na=candidate:1 1 UDP 1 10.9.9.9 4000 typ host\r\n"
    call.caller.invites(sdp=call.caller.sdp(lines=lines))
    assert b"blue" not in call.callee.request("INVITE").body
    assert b"10.9.9.9" not in call.callee.request("INVITE").body
    call.callee.says(200, sdp=call.callee.sdp(lines=lines))
    assert b"blue" not in call.caller.response(200).body
    call.caller.acks()
    call.caller.hangs_up()


def test_user_agent_is_ours_or_none(make: Make) -> None:
    call = outbound(make(settings(sip=Sip(user_agent=""))))
    call.dials()
    assert not call.callee.request("INVITE").headers.has("User-Agent")
    call.callee.says(486)
    assert not call.caller.response(486).headers.has("Server")


OUTSIDE_6, SBC_6 = "2001:db8:51::10", "2001:db8:51::30"


@pytest.mark.parametrize("way", ["outbound", "inbound"])
def test_ipv6_on_one_side_and_ipv4_on_the_other(make: Make, way: str) -> None:
    world: World = make(settings(trunk("itsp-a", SBC_6), outside=OUTSIDE_6))
    call = (outbound if way == "outbound" else inbound)(world, sbc=SBC_6)
    call.connects()
    sbc = call.callee if way == "outbound" else call.caller
    heard = sbc.request("INVITE") if way == "outbound" else sbc.response(200)
    assert str(heard.contact) == f"<sip:[{OUTSIDE_6}]:5060>"
    assert f"c=IN IP6 {OUTSIDE_6}".encode() in heard.body
    stream = call.media.plan.callee if way == "outbound" else call.media.plan.caller
    assert stream.remote == (SBC_6, 4000)
    call.callee.hangs_up()
    assert call.caller.heard() == ["BYE"]


def test_an_answer_of_the_other_family_is_no_answer__rfc3264_6(make: Make) -> None:
    call = outbound(make(settings()))
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp(host=SBC_6))
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.caller.heard() == ["488"]


def test_the_judge_itself_finds_a_leak() -> None:
    world = World(settings())
    call = outbound(world)
    call.caller.invites(headers="Subject: fe-20-call-1\r\n")
    call.callee.says(486)
    with pytest.raises(AssertionError, match="was told"):
        world.check()
