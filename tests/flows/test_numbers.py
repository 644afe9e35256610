"""Numbers at the edge: each trunk writes them its own way, inside they are E.164, each attempt has its own rules."""

from dataclasses import replace
from typing import Any

from mediation.settings.identity import (
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    History,
    SendIdentity,
    TrunkIdentity,
)
from mediation.settings.numbers import NumberParty, NumberRule
from mediation.settings.peer_terms import RedirectMode, Redirects, Transfers, TransferTo
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.trunks import Trunk
from tests.flows.pair import Make, inbound, outbound
from tests.flows.peers import CALLED, CALLING, Peer
from tests.flows.scenery import FRONT_END, INSIDE, OTHER_SBC, OUTSIDE, SBC, settings, trunk

TELLS_ALL = TrunkIdentity(send=SendIdentity.BOTH, history=History.BOTH, accept_peer_pai_on_forward=True)


def called(way: str, match: str, becomes: str) -> NumberRule:
    return NumberRule(party=NumberParty.CALLED, direction=HeaderDirection(way), match=match, replace=becomes)


def calling(way: str, match: str, becomes: str) -> NumberRule:
    return NumberRule(party=NumberParty.CALLING, direction=HeaderDirection(way), match=match, replace=becomes)


NATIONAL = (
    called("to-peer", r"^\+49(\d+)$", "0$1"),
    called("to-peer", r"^\+", "00"),
    calling("to-peer", r"^\+49(\d+)$", "0$1"),
    calling("to-peer", r"^\+", "00"),
    called("from-peer", r"^00", "+"),
    called("from-peer", r"^0([1-9]\d*)$", "+49$1"),
    calling("from-peer", r"^00", "+"),
    calling("from-peer", r"^0([1-9]\d*)$", r"+49\1"),
)
"""A trunk in Germany that knows no plus sign."""


def national(**terms: Any) -> Trunk:
    return trunk(numbers=NATIONAL, **{"identity": TELLS_ALL, **terms})


def test_a_call_to_a_trunk_leaves_with_the_numbers_as_the_trunk_writes_them(make: Make) -> None:
    call = outbound(make(settings(national())))
    people = (
        "P-Asserted-Identity: <sip:+4930777@pbx;user=phone>, <tel:+4930777;ext=5>\r\n"
        "Diversion: <sip:+4989111@pbx>;reason=unconditional\r\n"
    )
    call.caller.invites(headers=people)
    invite = call.callee.request("INVITE")
    assert invite.request_uri == f"sip:03012345678@{SBC}:5060"
    assert invite.headers.get("To") == f"<sip:03012345678@{SBC}:5060>"
    assert str(invite.from_.uri) == f"sip:0015550100@{OUTSIDE}:5060"
    # a tel: without a plus would need a context: one SIP address says all (RFC 3325 section 9.1)
    assert invite.headers.get_all("P-Asserted-Identity") == (f"<sip:030777@{OUTSIDE}:5060;user=phone>",)
    assert "sip:030777@" in (invite.headers.get("Remote-Party-ID") or "")
    assert invite.headers.get("Diversion") == f"<sip:089111@{OUTSIDE}:5060>;reason=unconditional"
    history = invite.headers.get_all("History-Info")
    assert [each.partition("@")[0] for each in history] == ["<sip:089111", "<sip:03012345678"]
    assert b"+49" not in b"".join(call.world._told[Side.GATEWAY])
    call.callee.says(200, sdp=call.callee.sdp(), headers="P-Asserted-Identity: <sip:03012345699@sbc>\r\n")
    answer = call.caller.response(200)
    assert answer.headers.get("P-Asserted-Identity") == f"<sip:+493012345699@{INSIDE}:5060>"
    call.caller.acks()
    call.ends()
    record = call.record
    assert (record.calling_number, record.called_number) == (CALLING, CALLED)
    assert [(each.calling, each.called) for each in record.attempts] == [("0015550100", "03012345678")]


def test_a_call_from_a_trunk_has_our_numbers_before_anything_is_decided(make: Make) -> None:
    call = inbound(make(settings(national())))
    call.caller.invites(
        "030222333",
        calling="0015550100",
        headers="P-Asserted-Identity: <sip:0015550100@sbc>\r\n"
        "Diversion: <sip:089111@sbc>;reason=user-busy\r\n",
    )
    invite = call.callee.request("INVITE")
    assert invite.request_uri == f"sip:+4930222333@{FRONT_END}:5060"
    assert str(invite.from_.uri) == f"sip:+15550100@{INSIDE}:5060"
    assert invite.headers.get("P-Asserted-Identity") == f"<sip:+15550100@{INSIDE}:5060>"
    assert invite.headers.get("Diversion") == f"<sip:+4989111@{INSIDE}:5060>;reason=user-busy"
    entries = [each.partition("@")[0] for each in invite.headers.get_all("History-Info")]
    assert entries == ["<sip:+4989111", "<sip:+4930222333"]
    call.callee.says(180)
    call.callee.says(200, sdp=call.callee.sdp(), headers="P-Asserted-Identity: <sip:+4930222399@fe>\r\n")
    assert call.caller.response(200).headers.get("P-Asserted-Identity") == f"<sip:030222399@{OUTSIDE}:5060>"
    call.caller.acks()
    call.ends()
    assert (call.record.calling_number, call.record.called_number) == ("+15550100", "+4930222333")


def test_the_caller_is_answered_in_his_own_words__rfc3261_8_2_6_2(make: Make) -> None:
    call = inbound(make(settings(national())))
    call.caller.invites("030222333", calling="0015550100")
    call.callee.says(486)
    refused = call.caller.response(486)
    assert "0015550100@" in (refused.headers.get("From") or "")
    assert "030222333@" in (refused.headers.get("To") or "")


def test_the_second_trunk_gets_the_numbers_by_its_own_rules(make: Make) -> None:
    first, second = national(name="itsp-a"), trunk("itsp-b", OTHER_SBC, strip_plus=True)
    call = outbound(make(settings(first, second)))
    other = Peer(call.world, Side.GATEWAY, OTHER_SBC)
    call.dials()
    call.callee.says(503)
    invite = other.request("INVITE")
    assert invite.request_uri == f"sip:493012345678@{OTHER_SBC}:5060"
    assert str(invite.from_.uri) == f"sip:15550100@{OUTSIDE}:5060"
    other.says(486)
    told = [(each.trunk, each.calling, each.called) for each in call.record.attempts]
    assert told == [("itsp-a", "0015550100", "03012345678"), ("itsp-b", "15550100", "493012345678")]


def test_parameters_of_a_number_stay__rfc3966_3(make: Make) -> None:
    call = outbound(make(settings(national())))
    call.caller.invites(uri="tel:+4930123;ext=42", from_=f"<sip:+4930777;ext=7@{FRONT_END};user=phone>")
    invite = call.callee.request("INVITE")
    assert invite.request_uri == f"sip:030123;ext=42@{SBC}:5060;user=phone"
    assert str(invite.from_.uri) == f"sip:030777;ext=7@{OUTSIDE}:5060"
    call.callee.says(486)


def test_whoever_is_anonymous_stays_so__rfc3323_4_1_1_3(make: Make) -> None:
    everybody = (calling("to-peer", "^.*$", "+4930999"), calling("from-peer", "^.*$", "+4930888"))
    world = make(settings(trunk(numbers=everybody, identity=TELLS_ALL)))
    call = outbound(world)
    call.caller.invites(from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    invite = call.callee.request("INVITE")
    assert str(invite.from_.uri) == "sip:anonymous@anonymous.invalid"
    assert not invite.headers.has("P-Asserted-Identity")
    call.callee.says(486)


def test_a_hidden_number_is_hidden_in_both_ways_of_writing_it__rfc3323_4_2(make: Make) -> None:
    """Between two trunks of one server: what the first wrote must not reach the second by a header that passes."""
    rules = (calling("from-peer", r"^0307778889$", "+3311"),)
    passing = HeaderRule(name="X-Caller", direction=HeaderDirection.TO_PEER, action=HeaderAction.PASS)
    inside: dict[str, Any] = {
        "identity": replace(settings().internal.identity, reveal=False),
        "headers": (passing,),
    }
    call = inbound(make(settings(trunk(numbers=rules), **inside)))
    call.caller.invites(calling="0307778889", headers="Privacy: id\r\nX-Caller: 030-777 8889\r\n")
    assert b"8889" not in bytes(call.callee.request("INVITE"))
    call.callee.says(486)


def test_a_redirection_names_its_number_as_the_trunk_writes_it(make: Make) -> None:
    for mode in (RedirectMode.FOLLOW, RedirectMode.PASS):
        call = outbound(make(settings(national(redirect=Redirects(mode=mode)))))
        call.dials()
        call.callee.says(302, headers=f"Contact: <sip:089555@{SBC}>\r\n")
        if mode is RedirectMode.FOLLOW:
            assert call.callee.request("INVITE").request_uri == f"sip:089555@{SBC}:5060"
            call.callee.says(486)
        else:
            contact = call.caller.response(302).headers.get("Contact")
            assert contact == f"<sip:+4989555@{INSIDE}:5060>"


def test_a_transfer_is_to_a_number_as_the_trunk_writes_it__rfc3515_2_1(make: Make) -> None:
    to_routes = Transfers(to=TransferTo.ROUTES)
    second = trunk("itsp-b", OTHER_SBC)
    routes = (Route(match=r"^\+49891$", trunks=("itsp-b",)), Route(trunks=("itsp-a",)))
    call = outbound(make(settings(national(name="itsp-a", transfer=to_routes), second, routes=routes)))
    other = Peer(call.world, Side.GATEWAY, OTHER_SBC)
    call.connects()
    call.callee.refers(f"sip:0891@{OUTSIDE}", headers=f"Referred-By: <sip:030222@{SBC}>\r\n")
    invite = other.request("INVITE")
    assert invite.request_uri == f"sip:+49891@{OTHER_SBC}:5060"
    assert str(invite.from_.uri) == f"sip:+15550100@{OUTSIDE}:5060"
    other.says(486)
    call.caller.hangs_up()


def test_a_message_outside_of_calls_goes_by_the_same_rules__rfc3428_4(make: Make) -> None:
    call = outbound(make(settings(national())))
    headers = "Content-Type: text/plain\r\n"
    call.caller.asks("MESSAGE", uri=f"sip:+4930123@{INSIDE}:5060", headers=headers, body=b"hello")
    message = call.callee.request("MESSAGE")
    assert message.request_uri == f"sip:030123@{SBC}:5060"
    call.callee.says(200, to="MESSAGE")


def test_what_no_rule_makes_a_number_of_leaves_as_it_is(make: Make) -> None:
    call = outbound(make(settings(trunk(numbers=(called("to-peer", r"^\+49\d*$", ""),)))))
    call.dials()
    assert call.callee.request("INVITE").request_uri == f"sip:{CALLED}@{SBC}:5060"
    call.callee.says(486)


def test_what_cannot_stand_in_a_user_part_is_escaped__rfc3261_19_1_2(make: Make) -> None:
    call = outbound(make(settings(trunk(numbers=(called("to-peer", r"^\*31", "#31"),)))))
    call.caller.invites("*31+4930")
    assert call.callee.request("INVITE").request_uri == f"sip:%2331+4930@{SBC}:5060"
    call.callee.says(486)


def test_weights_share_calls_between_trunks_and_the_others_stay_behind(make: Make) -> None:
    route = Route(trunks=("itsp-a", "itsp-b"), weights=(1, 1))
    world = make(settings(trunk("itsp-a", SBC), trunk("itsp-b", OTHER_SBC), routes=(route,)))
    call = outbound(world)
    other = Peer(world, Side.GATEWAY, OTHER_SBC)
    firsts = []
    for _ in range(12):
        call.caller.invites()
        first, second = (call.callee, other) if call.callee.heard() == ["INVITE"] else (other, call.callee)
        first.says(503)
        second.says(486)
        firsts.append(first)
        call.callee.heard(), other.heard(), call.caller.heard()
    assert {id(each) for each in firsts} == {id(call.callee), id(other)}


def test_a_number_that_is_none_makes_a_uri_all_the_same__rfc3261_19_1_6(make: Make) -> None:
    call = outbound(make(settings(national())))
    call.caller.invites(uri="tel:a@b;c@d=e")
    assert call.callee.request("INVITE").request_uri == f"sip:a%40b;c%40d=e@{SBC}:5060;user=phone"
    call.callee.says(486)
