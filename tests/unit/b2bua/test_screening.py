"""The first look at a request, in the order of RFC 3261 section 8.2."""

import pytest

from mediation.b2bua.screening import Refusal, screen
from mediation.sip.headers import Headers
from mediation.sip.message import Request

SDP = ("Content-Type", "application/sdp")


def verdict(
    method: str = "INVITE", *headers: tuple[str, str], uri: str = "sip:+4930@us", body: bytes = b"v=0"
) -> Refusal | None:
    try:
        screen(Request(method, uri, Headers(headers), body))
    except Refusal as refusal:
        return refusal
    return None


def status(
    *args: tuple[str, str], method: str = "INVITE", uri: str = "sip:+4930@us", body: bytes = b"v=0"
) -> int:
    refusal = verdict(method, *args, uri=uri, body=body)
    return 0 if refusal is None else refusal.status


def test_a_plain_request_goes_on() -> None:
    assert status(SDP) == 0
    assert status(body=b"") == 0
    assert status(SDP, uri="tel:+4930") == 0


@pytest.mark.parametrize("method", ["ACK", "BYE", "CANCEL", "OPTIONS"])
def test_the_methods_that_we_take_go_on(method: str) -> None:
    assert status(method=method, body=b"") == 0


def test_method_is_looked_at_first_then_headers_then_content__rfc3261_8_2() -> None:
    everything = (
        ("Require", "x"),
        ("Max-Forwards", "0"),
        ("Content-Type", "text/plain"),
        ("Accept", "text/plain"),
    )
    assert status(*everything, method="UPDATE", uri="urn:x:y") == 405
    assert status(*everything, method="DANCE", uri="urn:x:y") == 501
    assert status(*everything, uri="urn:x:y") == 416
    assert status(*everything) == 483
    assert status(*everything[:1], *everything[2:]) == 420
    assert status(*everything[2:]) == 415
    assert status(SDP, *everything[3:]) == 406


def test_a_request_that_ends_or_confirms_is_never_refused_for_an_extension__rfc3261_8_2_2_3() -> None:
    assert status(("Require", "x"), method="ACK", body=b"") == 0
    assert status(("Require", "x"), method="CANCEL", body=b"") == 0
    assert status(("Require", "x"), method="BYE", body=b"") == 420


def test_hops_are_asked_of_an_invite_only_so_that_options_may_probe__rfc3261_11() -> None:
    assert status(("Max-Forwards", "0"), method="OPTIONS", body=b"") == 0


def test_a_body_without_a_type_is_refused() -> None:
    assert status() == 415


@pytest.mark.parametrize("value", ["application/sdp", "Application/SDP", "application/sdp;charset=utf-8"])
def test_sdp_is_known_in_any_case_and_with_parameters__rfc3261_7_4_1(value: str) -> None:
    assert status(("c", value)) == 0


@pytest.mark.parametrize(("value", "expected"), [("identity", 0), ("Identity", 0), ("gzip", 415)])
def test_a_body_must_be_in_the_clear__rfc3261_20_12(value: str, expected: int) -> None:
    assert status(SDP, ("Content-Encoding", value)) == expected


def test_every_refusal_says_what_would_have_been_taken() -> None:
    cases = {
        405: verdict("INFO"),
        415: verdict("INVITE", ("Content-Type", "a/b")),
        420: verdict("INVITE", ("Require", "one, two"), SDP),
    }
    names = {405: "Allow", 415: "Accept", 420: "Unsupported"}
    for number, refusal in cases.items():
        assert refusal is not None
        assert refusal.status == number
        assert names[number] in dict(refusal.headers)
