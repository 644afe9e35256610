"""The first look at a request, in the order of RFC 3261 section 8.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.agreement import SECURITY_SERVER
from mediation.b2bua.parts import accept_of
from mediation.b2bua.screening import Refusal, screen
from mediation.routing.terms import Terms
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.validation import METHODS
from tests.flows.scenery import trunk

SDP = ("Content-Type", "application/sdp")
TERMS = Terms.of(trunk())
ALLOW = TERMS.allow_outside
TAKEN = ALLOW.split(", ")
NOT_TAKEN = sorted(METHODS - set(TAKEN))


def verdict(
    method: str = "INVITE",
    *headers: tuple[str, str],
    uri: str = "sip:+4930@us",
    body: bytes = b"v=0",
    secure: bool = False,
) -> Refusal | None:
    try:
        screen(
            Request(method, uri, Headers([("To", "<sip:+4930@us>"), *headers]), body), TERMS, secure=secure
        )
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


@pytest.mark.parametrize("method", TAKEN)
def test_the_methods_that_we_take_go_on(method: str) -> None:
    assert status(method=method, body=b"") == 0


def test_method_is_looked_at_first_then_headers_then_content__rfc3261_8_2() -> None:
    everything = (
        ("Require", "x"),
        ("Max-Forwards", "0"),
        ("Content-Type", "text/plain"),
        ("Accept", "text/plain"),
    )
    assert status(*everything, method=NOT_TAKEN[0], uri="urn:x:y") == 405
    assert status(*everything, method="DANCE", uri="urn:x:y") == 501
    assert status(*everything, uri="urn:x:y") == 416
    assert status(*everything) == 483
    assert status(*everything[:1], *everything[2:]) == 420
    assert status(("Proxy-Require", "sec-agree"), *everything[:1], *everything[2:]) == 494
    assert status(*everything[2:]) == 415
    assert status(SDP, *everything[3:]) == 406


def test_a_request_that_ends_or_confirms_is_never_refused_for_an_extension__rfc3261_8_2_2_3() -> None:
    assert status(("Require", "x"), method="ACK", body=b"") == 0
    assert status(("Require", "x"), method="CANCEL", body=b"") == 0
    assert status(("Require", "x"), method="BYE", body=b"") == 420


def test_hops_are_asked_of_an_invite_only_so_that_options_may_probe__rfc3261_11() -> None:
    assert status(("Max-Forwards", "0"), method="OPTIONS", body=b"") == 0


@pytest.mark.parametrize("method", [method for method in TAKEN if method not in ("ACK", "CANCEL")])
def test_an_agreement_that_is_demanded_is_offered_until_it_is_made__rfc3329_2_3_1(method: str) -> None:
    demanded = (("Require", "sec-agree"), ("Proxy-Require", "sec-agree"), ("Security-Client", "tls, digest"))
    refusal = verdict(method, *demanded, body=b"", secure=True)
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (494, (("Security-Server", SECURITY_SERVER),))
    agreed = (*demanded, ("Security-Verify", SECURITY_SERVER))
    assert verdict(method, *agreed, body=b"", secure=True) is None
    plain = verdict(method, *agreed, body=b"", secure=False)
    assert plain is not None
    assert plain.status == 494
    unreadable = verdict(method, *demanded, ("Security-Verify", "tls;"), body=b"", secure=True)
    assert unreadable is not None
    assert unreadable.status == 400


def test_what_a_proxy_must_know_we_must_know_in_its_place__rfc3261_20_29() -> None:
    refusal = verdict("INVITE", ("Proxy-Require", "privacy, x"), ("Require", "y, x"), SDP)
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (420, (("Unsupported", "y, x"),))
    assert verdict("INVITE", ("Proxy-Require", "Privacy"), SDP) is None


def test_extensions_that_we_promise_are_no_reason_to_refuse__rfc3261_8_2_2_3() -> None:
    for tag in TERMS.option_tags:
        assert status(("Require", tag.upper()), SDP) == 0
        assert status(("Proxy-Require", tag), SDP) == 0


def test_a_body_without_a_type_is_refused__opensips_734() -> None:
    assert status() == 415


def parts(*types: str) -> bytes:
    return b"".join(f"--b\r\nContent-Type: {each}\r\n\r\nx\r\n".encode() for each in types) + b"--b--\r\n"


MIXED = ("Content-Type", "multipart/mixed;boundary=b")


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("application/sdp",), 0),
        (("application/pidf+xml", "application/sdp"), 0),
        (("application/sdp", "application/qsig"), 0),
        (("application/qsig",), 415),
        (("application/sdp", "application/pkcs7-mime"), 493),
        (("application/sdp",) * 33, 413),
        ((), 400),
    ],
)
def test_the_parts_of_a_body_are_looked_into__rfc5621_8(types: tuple[str, ...], expected: int) -> None:
    assert status(MIXED, body=parts(*types)) == expected


def test_an_enciphered_body_is_493__rfc3261_23_2() -> None:
    assert status(("Content-Type", "application/pkcs7-mime;smime-type=enveloped-data")) == 493


def test_a_body_that_may_be_ignored_is__rfc3261_20_11() -> None:
    assert status(("Content-Type", "text/plain"), ("Content-Disposition", "render;handling=optional")) == 0
    assert status(("Content-Type", "text/plain"), ("Content-Disposition", "render;handling=required")) == 415
    assert status(("Content-Type", "text/plain"), ("Content-Disposition", "=")) == 400


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/sdp;q=0", 406),
        ("application/sdp;q=0.000, */*;q=0.1", 0),
        ("text/plain", 406),
        ('a/b;"', 400),
    ],
)
def test_what_the_peer_would_not_take_is_406__rfc3261_21_4_7(accept: str, expected: int) -> None:
    assert status(SDP, ("Accept", accept)) == expected


@pytest.mark.parametrize("value", ["application/sdp", "Application/SDP", "application/sdp;charset=utf-8"])
def test_sdp_is_known_in_any_case_and_with_parameters__rfc3261_7_4_1(value: str) -> None:
    assert status(("c", value)) == 0


@pytest.mark.parametrize(("value", "expected"), [("identity", 0), ("Identity", 0), ("gzip", 415)])
def test_a_body_must_be_in_the_clear__rfc3261_20_12(value: str, expected: int) -> None:
    assert status(SDP, ("Content-Encoding", value)) == expected


def test_every_refusal_says_what_would_have_been_taken() -> None:
    cases = {
        405: verdict(NOT_TAKEN[0]),
        415: verdict("INVITE", ("Content-Type", "a/b")),
        420: verdict("INVITE", ("Require", "one, two"), SDP),
    }
    said = {405: ("Allow", ALLOW), 415: ("Accept", accept_of(TERMS)), 420: ("Unsupported", "one, two")}
    for number, refusal in cases.items():
        assert refusal is not None
        assert refusal.status == number
        assert refusal.headers == (said[number],)


PIECES = st.sampled_from(
    ["application/sdp", "multipart/mixed;boundary=b", "sec-agree", "tls;q=1", "gzip", "0", ";", ",", '"', "*/*", "x"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["Require", "Proxy-Require", "Security-Verify", "Content-Type", "Content-Disposition", "Content-Encoding",
     "Content-Language", "Accept", "Max-Forwards"]
)  # fmt: skip


@given(
    st.sampled_from([*TAKEN, *NOT_TAKEN, "DANCE"]),
    st.lists(st.tuples(NAMES, st.lists(PIECES, max_size=3).map("".join)), max_size=5),
    st.sampled_from([b"", b"v=0", parts("application/sdp"), parts("a/b"), b"--b"]),
    st.booleans(),
)
def test_any_request_goes_on_or_is_refused_with_a_status_of_section_21__rfc3261_8_2(
    method: str, headers: list[tuple[str, str]], body: bytes, secure: bool
) -> None:
    refusal = verdict(method, *headers, body=body, secure=secure)
    assert refusal is None or refusal.status in (400, 405, 406, 415, 420, 483, 493, 494, 501)
