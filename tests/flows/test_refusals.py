"""What is refused before anybody is called, in the order of RFC 3261 section 8.2; and OPTIONS, answered truthfully."""

import pytest

from mediation.b2bua.policy import ALLOW
from tests.flows.pair import Pair


def refused(call: Pair, status: str) -> None:
    """The caller hears this status, nobody else hears anything, nothing was spent."""
    assert call.caller.heard() == [status]
    assert call.callee.heard() == []
    assert call.world.records == []


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "PUBLISH"])
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
    call.caller.asks("PUBLISH", within=True)
    assert call.caller.heard() == ["405 PUBLISH"]
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
    call.caller.invites(headers="Require: 100rel, precondition\r\n")
    refused(call, "420")
    assert call.caller.response(420).headers.get("Unsupported") == "precondition"


def test_an_extension_that_a_proxy_must_know_is_none_of_our_business(call: Pair) -> None:
    call.caller.invites(headers="Proxy-Require: privacy\r\n")
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(486)


def test_a_body_that_is_no_sdp_is_415_and_says_what_we_take__rfc3261_8_2_3(call: Pair) -> None:
    call.caller.invites(sdp=b"hello", headers="Content-Type: text/plain\r\n")
    refused(call, "415")
    assert call.caller.response(415).headers.get("Accept") == "application/sdp"


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
    assert headers.get("Accept") == "application/sdp"
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
