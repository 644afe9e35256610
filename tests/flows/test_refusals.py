"""What is refused before anybody is called, in the order of RFC 3261 section 8.2; and OPTIONS, answered truthfully."""

from dataclasses import replace

import pytest

from mediation.b2bua.agreement import SECURITY_SERVER
from mediation.b2bua.parts import accept_of
from mediation.routing.terms import Terms
from mediation.settings.kept import Secret
from mediation.settings.peers import Side
from mediation.settings.server import Sip
from mediation.sip.flow import Transport
from mediation.sip.framing import LONGEST_HEADER_SECTION
from mediation.sip.head import LONGEST_REQUEST_URI
from mediation.sip.validation import METHODS
from tests.flows.pair import Make, Pair, inbound
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, SBC, settings, trunk

ALLOW = Terms.of(trunk()).allow_outside
ACCEPT = accept_of(Terms.of(trunk()))
NOT_TAKEN = sorted(METHODS - set(ALLOW.split(", ")))


def refused(call: Pair, status: str) -> None:
    """The caller hears this status, nobody else hears anything, nothing was spent."""
    assert call.caller.heard() == [status]
    assert call.callee.heard() == []
    assert call.world.records == []


@pytest.mark.parametrize("method", NOT_TAKEN)
def test_a_method_that_we_do_not_take_is_405_with_allow__rfc3261_8_2_1(call: Pair, method: str) -> None:
    call.caller.asks(method)
    refused(call, f"405 {method}")
    assert call.caller.response(405).headers.get("Allow") == ALLOW


def test_a_method_that_nobody_knows_is_501__rfc3261_21_5_2(call: Pair) -> None:
    call.caller.asks("DANCE")
    refused(call, "501 DANCE")


def test_a_method_that_we_do_not_take_is_405_within_a_call_too(call: Pair) -> None:
    call.connects()
    call.caller.heard()
    call.caller.asks(NOT_TAKEN[0], within=True)
    assert call.caller.heard() == [f"405 {NOT_TAKEN[0]}"]
    call.ends()


def test_a_scheme_that_we_do_not_know_is_416__rfc3261_8_2_2_1(call: Pair) -> None:
    call.caller.invites(uri="urn:service:sos")
    refused(call, "416")


def test_a_telephone_number_as_a_uri_is_called__rfc3966(call: Pair) -> None:
    call.caller.invites(uri="tel:+49-30-12345678")
    assert call.caller.heard() == ["100"]
    host = call.callee.flow.remote[0]
    assert call.callee.request("INVITE").request_uri == f"sip:+49-30-12345678@{host}:5060;user=phone"
    call.callee.says(486)
    assert call.record.called_number == "+493012345678"


def test_no_hops_left_is_483__rfc3261_8_1_1_6(call: Pair) -> None:
    call.caller.invites(max_forwards=0)
    refused(call, "483")


@pytest.mark.parametrize(("came", "left"), [(70, 69), (1, 0), (None, 70)])
def test_hops_are_counted_across_the_bridge_so_that_loops_end(call: Pair, came: int, left: int) -> None:
    call.caller.invites(max_forwards=came)
    assert call.callee.request("INVITE").max_forwards == left
    call.callee.says(486)


def test_an_extension_that_we_lack_is_420_and_named__rfc3261_8_2_2_3(call: Pair) -> None:
    call.caller.invites(headers="Require: precondition, x-unheard-of\r\n")
    refused(call, "420")
    assert call.caller.response(420).headers.get("Unsupported") == "precondition, x-unheard-of"


def test_an_extension_that_a_proxy_must_know_is_420_where_we_stand_in_its_place__rfc3261_20_29(
    call: Pair,
) -> None:
    call.caller.invites(headers="Proxy-Require: x-unheard-of\r\n")
    refused(call, "420")
    assert call.caller.response(420).headers.get("Unsupported") == "x-unheard-of"


def test_a_wish_for_privacy_is_handed_on__rfc3323_4_2(call: Pair) -> None:
    call.caller.invites(headers="Proxy-Require: privacy\r\nPrivacy: id\r\n")
    assert call.callee.heard() == ["INVITE"]
    assert call.callee.request("INVITE").headers.get("Privacy") == "id"
    call.callee.says(486)


def test_a_body_that_is_no_sdp_is_415_and_says_what_we_take__rfc3261_8_2_3(call: Pair) -> None:
    call.caller.invites(sdp=b"hello", headers="Content-Type: text/plain\r\n")
    refused(call, "415")
    assert call.caller.response(415).headers.get("Accept") == ACCEPT


def test_a_body_in_an_encoding_is_415__rfc3261_8_2_3(call: Pair) -> None:
    call.caller.invites(headers="Content-Encoding: gzip\r\n")
    refused(call, "415")
    assert call.caller.response(415).headers.get("Accept-Encoding") == "identity"


@pytest.mark.parametrize("accept", ["text/plain", "text/plain, application/pkcs7", ""])
def test_a_caller_that_takes_no_sdp_is_406__rfc3261_8_2_3(call: Pair, accept: str) -> None:
    call.caller.invites(headers=f"Accept: {accept}\r\n")
    refused(call, "406")


@pytest.mark.parametrize(
    "accept", ["application/sdp;level=1", "text/plain, APPLICATION/SDP", "application/*", "*/*"]
)
def test_a_caller_that_takes_sdp_among_others_is_served(call: Pair, accept: str) -> None:
    call.caller.invites(headers=f"Accept: {accept}\r\n")
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(486)


def test_another_version_of_sip_is_505__rfc3261_21_5_7(call: Pair) -> None:
    host = call.caller.flow.remote[0]
    lines = [
        "INVITE sip:+49301@example.org SIP/7.0",
        f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-seven",
        f"From: <sip:a@{host}>;tag=seven",
        "To: <sip:b@example.org>",
        "Call-ID: seven",
        "CSeq: 1 INVITE",
        f"Contact: <sip:{host}>",
    ]
    call.caller.mutters("\r\n".join([*lines, "", ""]).encode())
    refused(call, "505")


def test_a_malformed_request_is_answered_and_forgotten__rfc3261_8_2_7(call: Pair) -> None:
    host = call.caller.flow.remote[0]
    lines = [
        "OPTIONS sip:example.org SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-bad",
        f"From: <sip:a@{host}>;tag=bad",
        "To: <sip:example.org>",
        "Call-ID: bad",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 999",
    ]
    call.caller.mutters("\r\n".join([*lines, "", ""]).encode())
    assert call.caller.heard() == ["400 OPTIONS"]
    assert call.world.idle


@pytest.mark.parametrize(
    "octets",
    [
        b"ACK sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.1.20;branch=z9hG4bK-1\r\nCSeq: x ACK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: broken\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nVia: nonsense\r\n\r\n",
        b"\x00\xff\x00\xff\r\n\r\n",
    ],
    ids=["ack", "response", "nowhere-to-answer", "no-sip"],
)
def test_what_cannot_be_answered_is_not(call: Pair, octets: bytes) -> None:
    call.caller.mutters(octets)
    assert call.caller.received == []


@pytest.mark.parametrize("method", ["BYE", "OPTIONS", "INVITE"])
def test_a_request_for_a_dialog_that_is_none_is_481__rfc3261_12_2_2(call: Pair, method: str) -> None:
    call.connects()
    call.caller.hangs_up()
    call.caller.heard()
    if method == "INVITE":
        call.caller.reinvites()
    else:
        call.caller.asks(method, within=True)
    assert call.caller.heard() == ["481" if method == "INVITE" else f"481 {method}"]


def test_an_ack_for_a_dialog_that_is_none_is_dropped(call: Pair) -> None:
    call.connects()
    call.ends()
    call.caller.acks()
    assert call.caller.heard() == []


def test_options_says_what_we_take__rfc3261_11_2(call: Pair) -> None:
    call.caller.asks("OPTIONS")
    refused(call, "200 OPTIONS")
    headers = call.caller.response(200).headers
    assert headers.get("Allow") == ALLOW
    assert headers.get("Accept") == ACCEPT
    assert headers.get("Contact") == f"<sip:{call.caller.flow.local[0]}:5060>"


def test_options_within_a_call_says_that_it_lives__rfc3261_12_2(call: Pair) -> None:
    call.connects()
    call.caller.heard()
    call.caller.asks("OPTIONS", within=True)
    assert call.caller.heard() == ["200 OPTIONS"]
    call.ends()


def test_an_ack_within_an_early_dialog_of_ours_disturbs_nobody(call: Pair) -> None:
    call.rings()
    call.callee.acks()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.ends()


def test_a_response_that_nobody_waits_for_is_dropped__rfc3261_18_1_2(call: Pair) -> None:
    call.connects()
    call.ends()
    call.advance(100)
    call.callee.heard()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == []
    assert call.caller.heard() == []


# the rest of section 21, in its order


def parts(*types: str) -> bytes:
    """A multipart body with the boundary `b`."""
    return b"".join(f"--b\r\nContent-Type: {each}\r\n\r\nx\r\n".encode() for each in types) + b"--b--\r\n"


MIXED = "Content-Type: multipart/mixed;boundary=b\r\n"
LABELLED = parts("application/sdp", "application/qsig\r\nContent-Disposition: signal;handling=required")
"""Something that must be understood beside a session description."""


@pytest.mark.parametrize("body", [b"--b--", b"--b\r\n\r\nnever ends", b"nothing"])
def test_a_multipart_without_order_is_400__rfc3261_21_4_1(call: Pair, body: bytes) -> None:
    call.caller.invites(sdp=body, headers=MIXED)
    refused(call, "400")


def test_a_caller_that_must_prove_itself_is_401__rfc3261_21_4_2(make: Make) -> None:
    guarded = replace(trunk(), username="u", password=Secret("env:X", "p"), authenticate=True)
    call = inbound(make(settings(guarded)))
    call.caller.invites()
    refused(call, "401")
    assert (call.caller.response(401).headers.get("WWW-Authenticate") or "").startswith("Digest ")


def test_a_source_that_may_not_call_is_403__rfc3261_21_4_4(make: Make) -> None:
    call = inbound(make(settings(trunk(trusted=()))))
    call.caller.invites()
    refused(call, "403")


def test_a_call_that_leads_nowhere_is_404__rfc3261_21_4_5(call: Pair) -> None:
    call.caller.invites(uri=f"sip:{call.caller.flow.local[0]}")
    assert call.caller.heard() == ["100", "404"]
    assert call.callee.heard() == []


def test_a_set_up_beyond_its_limit_is_408__rfc3261_21_4_9(make: Make) -> None:
    call = inbound(make(settings(sip=Sip(ring_limit_s=60, setup_limit_s=60))))
    call.dials()
    call.advance(5)
    call.callee.says(180)
    call.advance(55)
    assert call.caller.heard() == ["180", "408"]
    call.callee.says(487)


def test_a_body_of_too_many_parts_is_413__rfc3261_21_4_11(call: Pair) -> None:
    call.caller.invites(sdp=parts(*["application/sdp"] * 33), headers=MIXED)
    refused(call, "413")


def test_a_uri_beyond_reason_is_414__rfc3261_21_4_12(call: Pair) -> None:
    place, host = call.caller.flow.remote[0], call.caller.flow.local[0]
    lines = (
        f"INVITE sip:{'4' * LONGEST_REQUEST_URI}@{host} SIP/2.0",
        f"Via: SIP/2.0/UDP {place}:5060;branch=z9hG4bK-long",
        f"From: <sip:caller@{place}>;tag=one",
        f"To: <sip:callee@{host}>",
        "Call-ID: long",
        "CSeq: 1 INVITE",
    )
    call.caller.mutters("\r\n".join((*lines, "", "")).encode())
    refused(call, "414")


def test_a_part_that_must_be_understood_and_is_not_is_415__rfc3261_21_4_13(call: Pair) -> None:
    call.caller.invites(sdp=LABELLED, headers=MIXED)
    refused(call, "415")
    assert call.caller.response(415).headers.get("Accept") == ACCEPT


def test_a_callee_that_only_rings_is_480__rfc3261_21_4_18(make: Make) -> None:
    call = inbound(make(settings(sip=Sip(ring_limit_s=60))))
    call.rings()
    call.advance(60)
    assert call.caller.heard() == ["480"]
    call.callee.says(487)


def test_the_same_request_by_two_paths_is_482__rfc3261_21_4_20(call: Pair) -> None:
    line = call.caller.invites()
    call.caller.heard()
    call.caller.invites(call_id=line.call_id, tag=line.local.partition(";tag=")[2])
    assert call.caller.heard() == ["482"]
    call.callee.says(486)


def routes_back(call: Pair, *, called: str = "", between: tuple[str, ...] = ()) -> None:
    """The far side acts as a proxy whose next hop is us; `between` are proxies behind it."""
    ours, host = call.callee.request("INVITE"), call.callee.flow.remote[0]
    user = called or ours.request_uri.partition(":")[2].partition("@")[0]
    us = call.callee.flow.local[0]
    lines = [f"INVITE sip:{user}@{us}:5060 SIP/2.0", f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-back"]
    lines += [f"Via: {value}" for value in (*between, *ours.headers.get_all("Via"))]
    lines += [f"From: {ours.headers.get('From')}", f"To: {ours.headers.get('To')}"]
    lines += [
        f"Call-ID: {ours.call_id}",
        f"CSeq: {ours.cseq}",
        "Max-Forwards: 60",
        f"Contact: <{call.callee.contact}>",
    ]
    call.callee.sends(lines, body=ours.body)


@pytest.mark.parametrize(
    "between", [(), ("SIP/2.0/TCP 203.0.113.9;branch=z9hG4bK-b", "SIP/2.0/UDP 203.0.113.8")]
)
def test_a_call_that_comes_back_to_us_is_482__rfc3261_16_3(call: Pair, between: tuple[str, ...]) -> None:
    call.dials()
    routes_back(call, between=between)
    assert call.callee.heard() == ["482"]
    assert len(call.world.engine.calls) == 1
    call.callee.says(482)
    assert call.caller.heard() == ["482"]
    assert "call.looped" in [fact.name for fact in call.world.facts]


def test_a_loop_is_seen_as_long_as_the_call_is_not_answered__rfc3261_16_3(call: Pair) -> None:
    call.rings()
    call.advance(30)
    routes_back(call)
    assert call.callee.heard() == ["482"]
    call.callee.says(486)


def test_a_call_that_was_forwarded_and_comes_back_for_somebody_else_is_no_loop__rfc3261_16_3(
    call: Pair,
) -> None:
    call.dials()
    routes_back(call, called="+493055555")
    assert call.callee.heard() == ["100"]
    assert call.caller.heard() == ["INVITE"]
    call.caller.says(486)
    assert call.callee.heard() == ["486"]
    call.callee.line = call.callee.lines[0]
    call.callee.says(486)
    assert len(call.world.records) == 2


def test_a_caller_that_takes_its_call_back_hears_487__rfc3261_21_4_25(call: Pair) -> None:
    call.dials()
    call.caller.cancels()
    assert call.caller.heard() == ["200 CANCEL", "487"]
    call.callee.says(180)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)


def test_an_offer_without_a_codec_of_ours_is_488__rfc3261_21_4_26(call: Pair) -> None:
    call.caller.invites(sdp=call.caller.sdp("G722"))
    assert call.caller.heard() == ["100", "488"]
    assert call.callee.heard() == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"0\x80", "Content-Type: application/pkcs7-mime;smime-type=enveloped-data;name=smime.p7m\r\n"),
        (parts("application/sdp", "application/pkcs7-mime"), MIXED),
    ],
)
def test_what_nobody_here_can_decipher_is_493__rfc3261_21_4_28(call: Pair, body: bytes, headers: str) -> None:
    call.caller.invites(sdp=body, headers=headers)
    refused(call, "493")


AGREEMENT = "Require: sec-agree\r\nProxy-Require: sec-agree\r\nSecurity-Client: tls\r\n"


def test_a_caller_that_wants_an_agreement_is_494_until_it_is_made_over_tls__rfc3329_2_3_1(make: Make) -> None:
    world = make(settings())
    plain, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    plain.asks("OPTIONS", headers=AGREEMENT)
    assert plain.heard() == ["494 OPTIONS"]
    refusal = plain.response(494)
    assert refusal.reason == "Security Agreement Required"
    assert refusal.headers.get("Security-Server") == SECURITY_SERVER
    secure = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TLS, connection=4)
    secure.invites(headers=f"{AGREEMENT}Security-Verify: tls;q=0.1, digest;q=0.2\r\n")
    assert secure.heard() == ["494"]
    secure.invites(headers=f"{AGREEMENT}Security-Verify: {SECURITY_SERVER}\r\n")
    assert secure.heard() == ["100"]
    assert not sbc.request("INVITE").headers.has("Security-Verify")
    sbc.says(486)


def test_a_request_older_than_the_last_is_500__rfc3261_21_5_1(call: Pair) -> None:
    call.connects()
    call.caller.heard()
    newest = call.caller.line.sequence
    call.caller.reinvites(sequence=newest - 1)
    assert call.caller.heard() == ["500"]
    call.caller.line.sequence = newest
    call.ends()


def test_an_answer_without_a_description_is_502__rfc3261_21_5_3(call: Pair) -> None:
    call.dials()
    call.callee.says(200)
    assert call.caller.heard() == ["502"]
    assert call.callee.heard() == ["ACK", "BYE"]


def test_a_server_that_stops_is_503_with_retry_after__rfc3261_21_5_4(call: Pair) -> None:
    call.world.stop()
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.caller.response(503).retry_after
    assert call.callee.heard() == []


def test_a_header_section_that_is_too_long_is_513__rfc3261_21_5_8(call: Pair) -> None:
    host = call.caller.flow.remote[0]
    lines = [
        "INVITE sip:+49301@example.org SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-long",
        f"From: <sip:a@{host}>;tag=long",
        "To: <sip:b@example.org>",
        "Call-ID: long",
        "CSeq: 1 INVITE",
        f"Contact: <sip:{host}>",
        f"Subject: {'x' * LONGEST_HEADER_SECTION}",
    ]
    call.caller.mutters("\r\n".join([*lines, "", ""]).encode())
    refused(call, "513")


@pytest.mark.parametrize("status", [480, 484, 485, 486, 500, 504, 600, 603, 604, 606])
def test_the_word_of_the_callee_is_the_callers__rfc3261_21_4_23_and_21_6(call: Pair, status: int) -> None:
    """484, 485, 486, 504 and the global failures are never ours: they come from the far side."""
    call.dials()
    call.callee.says(status)
    assert call.caller.heard() == [str(status)]
    assert call.callee.heard() == ["ACK"]
