"""Who calls and who answers, as both sides hear it on the wire: CLIR, asserted identities, forwarding, rules."""

from dataclasses import replace

import pytest

from mediation.settings.identity import (
    FromPolicy,
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    History,
    SendIdentity,
    TrunkIdentity,
)
from mediation.settings.peers import Side
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.scenery import INSIDE, OUTSIDE, settings, trunk

NUMBER = "+4930777888"
SHOWN = "+15550100"
SESSION = "ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000"


def call_through(make: Make, identity: TrunkIdentity, *rules: HeaderRule, way: str = "outbound") -> Pair:
    world = make(settings(replace(trunk(), identity=identity, headers=rules)))
    return outbound(world) if way == "outbound" else inbound(world)


def asserted(host: str, number: str = NUMBER) -> str:
    return f'P-Asserted-Identity: "Ann" <sip:{number}@{host};user=phone>\r\n'


def finish(call: Pair) -> None:
    call.caller.acks()
    call.caller.hangs_up()


CLIR = (
    "Privacy: id\r\n"
    + asserted("pbx.corp.example")
    + f"Remote-Party-ID: <sip:{NUMBER}@pbx.corp.example>;party=calling;privacy=full\r\n"
    + f"Diversion: <sip:{NUMBER}@pbx.corp.example>;reason=unconditional\r\n"
    + f"History-Info: <sip:{NUMBER}@pbx.corp.example>;index=1, <sip:{NUMBER}@pbx;cause=302>;index=1.1\r\n"
    + f"Call-Info: <sip:{NUMBER}@pbx.corp.example>\r\nSubject: 030-777 888\r\nX-Caller: {NUMBER}\r\n"
)


def test_no_octet_of_a_hidden_number_is_ever_sent_to_a_trunk_that_is_not_trusted__rfc3325_9_3(
    make: Make,
) -> None:
    everything = TrunkIdentity(send=SendIdentity.BOTH, history=History.BOTH, from_=FromPolicy.PAI)
    passing = HeaderRule(name="X-Caller", direction=HeaderDirection.TO_PEER, action=HeaderAction.PASS)
    call = call_through(make, everything, passing)
    call.caller.invites(headers=CLIR, calling=NUMBER)
    call.callee.says(180)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.reinvites(headers=CLIR)
    call.caller.acks()
    call.caller.hangs_up(headers=CLIR)
    sent = b"".join(call.world._told[Side.GATEWAY])
    assert b"777888" not in sent.replace(b"-", b"").replace(b" ", b"")
    assert b"Ann" not in sent
    assert b"Caller" not in sent
    invite = call.callee.request("INVITE")
    assert str(invite.from_).startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
    assert invite.headers.get_all("Privacy") == ("id",)  # so that the ITSP hides what it knows by itself
    assert call.callee.request("BYE").from_.tag == invite.from_.tag


def test_a_trunk_of_our_trust_domain_is_told_who_wants_to_be_hidden__rfc3325_7(make: Make) -> None:
    call = call_through(make, TrunkIdentity(send=SendIdentity.PAI, reveal=True))
    call.caller.invites(
        headers="Privacy: id\r\n" + asserted("pbx.corp.example"),
        from_='"Anonymous" <sip:anonymous@anonymous.invalid>',
    )
    invite = call.callee.request("INVITE")
    assert invite.headers.get("P-Asserted-Identity") == f'"Ann" <sip:{NUMBER}@{OUTSIDE}:5060;user=phone>'
    assert invite.headers.get("Privacy") == "id"
    call.callee.says(486)


def test_a_switch_for_asserted_identity_does_not_make_from_anonymous_and_the_other_way_round(
    make: Make,
) -> None:
    for identity, host in (
        (TrunkIdentity(send=SendIdentity.PAI), f"{OUTSIDE}:5060"),
        (TrunkIdentity(send=SendIdentity.PAI, from_=FromPolicy.ANONYMOUS), "anonymous.invalid"),
    ):
        call = call_through(make, identity)
        call.caller.invites(headers=asserted("pbx.corp.example"))
        invite = call.callee.request("INVITE")
        assert str(invite.from_.uri).endswith(f"@{host}")
        assert invite.headers.has("P-Asserted-Identity")
        call.callee.says(486)


def test_an_itsp_that_is_not_believed_asserts_nothing_inside(make: Make) -> None:
    call = call_through(make, TrunkIdentity(trust=False), way="inbound")
    call.caller.invites(headers=asserted("itsp.example") + f"Diversion: <tel:{NUMBER}>\r\n")
    assert NUMBER.encode() not in bytes(call.callee.request("INVITE"))
    call.callee.says(486)


@pytest.mark.parametrize("status", [180, 183])
def test_who_answers_is_told_to_the_front_end_with_our_host__rfc3325_9_1(make: Make, status: int) -> None:
    call = call_through(make, TrunkIdentity())
    call.dials()
    call.callee.says(status, headers=asserted("itsp.example") + f"Session-ID: {SESSION}\r\n")
    call.callee.says(
        200,
        sdp=call.callee.sdp(),
        headers=asserted("itsp.example", "+4930999") + f"Session-ID: {SESSION}\r\n",
    )
    for heard, number in ((call.caller.response(status), NUMBER), (call.caller.response(200), "+4930999")):
        expected = f'"Ann" <sip:{number}@{INSIDE}:5060;user=phone>'
        assert heard.headers.get_all("P-Asserted-Identity") == (expected,)
        assert heard.headers.get_all("Session-ID") == (SESSION,)
    finish(call)


def test_who_answers_inside_is_told_to_the_itsp_only_where_that_is_wanted(make: Make) -> None:
    for identity, told in ((TrunkIdentity(), False), (TrunkIdentity(send=SendIdentity.PAI), True)):
        call = call_through(make, identity, way="inbound")
        call.dials()
        call.callee.says(200, sdp=call.callee.sdp(), headers=asserted("pbx.corp.example"))
        assert call.caller.response(200).headers.has("P-Asserted-Identity") is told
        finish(call)


def test_what_an_earlier_response_said_is_not_said_again_by_a_later_one(make: Make) -> None:
    call = call_through(make, TrunkIdentity())
    call.dials()
    call.callee.says(
        180, headers="Alert-Info: <urn:alert:service:call-waiting>\r\nUser-to-User: 56;encoding=hex\r\n"
    )
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.response(180).headers.has("Alert-Info")
    assert call.caller.response(180).headers.has("User-to-User")
    assert not call.caller.response(200).headers.has("Alert-Info")
    assert not call.caller.response(200).headers.has("User-to-User")
    finish(call)


def test_a_call_that_comes_in_and_goes_out_again_shows_who_forwarded_it(make: Make) -> None:
    call = call_through(make, TrunkIdentity(send=SendIdentity.PAI, history=History.DIVERSION))
    history = (
        "<sip:+4989111@pbx.corp.example>;index=1, <sip:+493012345678@pbx.corp.example;cause=486>;index=1.1"
    )
    call.caller.invites(headers=asserted("itsp.example", SHOWN) + f"History-Info: {history}\r\n")
    invite = call.callee.request("INVITE")
    assert invite.headers.get_all("Diversion") == (
        f"<sip:+4989111@{OUTSIDE}:5060>;reason=user-busy;counter=1;privacy=off",
    )
    assert invite.headers.get_all("P-Asserted-Identity") == (f"<sip:+4989111@{OUTSIDE}:5060>",)
    assert not invite.headers.has("History-Info")
    call.callee.says(486)


def test_the_next_trunk_is_told_by_its_own_settings(make: Make) -> None:
    first = replace(trunk("itsp-a", "198.51.100.30"), identity=TrunkIdentity(send=SendIdentity.PAI))
    second = trunk("itsp-b", "198.51.100.31")
    world = make(settings(first, second))
    call = outbound(world)
    other = outbound(world, sbc="198.51.100.31").callee
    call.caller.invites(headers=asserted("pbx.corp.example"))
    call.callee.says(503)
    assert call.callee.request("INVITE").headers.has("P-Asserted-Identity")
    assert not other.request("INVITE").headers.has("P-Asserted-Identity")
    other.says(486)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_failure_says_its_cause_in_a_reason_where_the_trunk_wants_that__rfc6432_4(
    make: Make, allowed: bool
) -> None:
    call = call_through(make, TrunkIdentity(reason_in_responses=allowed), way="inbound")
    call.dials()
    call.callee.says(486, headers="Reason: Q.850;cause=17;location=LN\r\n")
    reasons = call.caller.response(486).headers.get_all("Reason")
    assert reasons == (('Q.850;cause=17;text="busy";location=LN',) if allowed else ())


def test_bye_and_cancel_say_their_cause_whatever_the_trunk_wants__rfc3326_3(make: Make) -> None:
    call = call_through(make, TrunkIdentity(reason_in_responses=False))
    call.rings()
    call.caller.cancels(headers="Reason: Q.850;cause=16;location=RPN\r\n")
    assert (
        call.callee.request("CANCEL").headers.get("Reason") == 'Q.850;cause=16;text="cancelled";location=RPN'
    )
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)


def test_a_487_of_a_callee_that_was_busy_is_busy__rfc3398_7_2_4_1(make: Make) -> None:
    call = call_through(make, TrunkIdentity())
    call.dials()
    call.callee.says(487, headers="Reason: Q.850;cause=17\r\n")
    assert call.caller.heard() == ["486"]


def test_rules_pass_drop_and_set_headers_on_the_wire(make: Make) -> None:
    to, from_ = HeaderDirection.TO_PEER, HeaderDirection.FROM_PEER
    call = call_through(
        make,
        TrunkIdentity(),
        HeaderRule(name="X-Passed", direction=to, action=HeaderAction.PASS),
        HeaderRule(name="Subject", direction=to, action=HeaderAction.DROP),
        HeaderRule(name="X-Customer", direction=to, action=HeaderAction.SET, value="4711"),
        HeaderRule(name="X-Billing", direction=from_, action=HeaderAction.PASS),
    )
    call.caller.invites(headers="X-Passed: one,  two;x\r\nSubject: no\r\nX-Customer: 1\r\nX-Other: no\r\n")
    invite = call.callee.request("INVITE").headers
    assert invite.get_all("X-Passed") == ("one,  two;x",)
    assert invite.get_all("X-Customer") == ("4711",)
    assert not invite.has("Subject")
    assert not invite.has("X-Other")
    call.callee.says(200, sdp=call.callee.sdp(), headers="X-Billing: a=b\r\nX-Passed: no\r\n")
    answer = call.caller.response(200).headers
    assert answer.get_all("X-Billing") == ("a=b",)
    assert not answer.has("X-Passed")
    assert not answer.has("X-Customer")
    finish(call)
