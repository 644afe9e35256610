"""mediation.sip.validation"""

import pytest

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Message, Request, Response
from mediation.sip.validation import MOST_HOPS, SINGLE, validate

HEADERS = Headers(
    [
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", "<sip:c@d>"),
        ("Call-ID", "x"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:a@b>"),
        ("Max-Forwards", "70"),
    ]
)
INVITE = Request("INVITE", "sip:c@d", HEADERS)
OK = Response(200, "OK", HEADERS)


def status_of(message: Message) -> int | None:
    try:
        validate(message)
    except RemoteSipError as error:
        return error.status
    return None


def test_a_plain_request_and_response_are_valid() -> None:
    assert status_of(INVITE) is None
    assert status_of(OK) is None


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_mandatory_headers__rfc3261_8_1_1(name: str) -> None:
    assert status_of(INVITE.replace(headers=HEADERS.without(name))) == 400
    assert status_of(OK.replace(headers=HEADERS.without(name))) == 400


def test_max_forwards_and_the_from_tag_may_be_missing__rfc3261_16_3() -> None:
    old = HEADERS.without("Max-Forwards").with_("From", "<sip:a@b>").with_("Via", "SIP/2.0/UDP a")
    assert status_of(INVITE.replace(headers=old)) is None


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_a_second_header_of_a_single_kind_earns_400__rfc4475_3_3_8(name: str) -> None:
    value = HEADERS.get(name) or "1"
    headers = HEADERS.with_(name, value).append(name, value)
    assert status_of(INVITE.replace(headers=headers)) == 400


def test_compact_and_long_form_are_two_of_a_kind() -> None:
    assert status_of(INVITE.replace(headers=HEADERS.append("f", "<sip:a@b>;tag=1"))) == 400


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 400), ("NEWMETHOD", 501), ("invite", 501)])
def test_a_cseq_of_another_method__rfc4475_3_1_2_17_and_18(method: str, status: int) -> None:
    assert status_of(Request(method, "sip:c@d", HEADERS)) == status


def test_an_unknown_method_is_well_formed() -> None:
    assert status_of(Request("NEWMETHOD", "sip:c@d", HEADERS.with_("CSeq", "1 NEWMETHOD"))) is None


@pytest.mark.parametrize(
    "uri", ["<sip:c@d>", "sip:c@d?Route=%3Csip:x%3E", "sip:2001:db8::10", "c@d", "sip:c@d\u00a0"]
)
def test_request_uris_that_earn_400(uri: str) -> None:
    assert status_of(Request("INVITE", uri, HEADERS)) == 400


def test_an_unknown_scheme_is_for_the_engine_to_refuse__rfc3261_8_2_2_1() -> None:
    assert status_of(Request("INVITE", "unknown:x", HEADERS)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bK"),
        ("Via", "SIP/2.0/UDP a;branch=Z9HG4BK"),
        ("Via", "SIP/2.0/UDP a;branch"),
        ("Via", "SIP/2.0/UDP a;branch=1;branch=2"),
        ("Via", "SIP/2.0/UDP a, SIP/2.0/UDP 192.0.2.15;;,;,,"),
        ("From", "<sip:a@b>;tag=1;tag=2"),
        ("From", "<sip:a@b>;tag"),
        ("To", "<sip:a@b>;TAG=1;tag=1"),
        ("Contact", "*"),
        ("Contact", "<sip:a@b>;;"),
        ("Contact", "<tel:+49>"),
        ("Contact", ""),
        ("Max-Forwards", "256"),
        ("Expires", "1e3"),
        ("Route", "sip:a,b"),
        ("Record-Route", "<>"),
        ("Content-Type", "x"),
        ("CSeq", "2147483648 INVITE"),
    ],
)
def test_values_that_earn_400(name: str, value: str) -> None:
    assert status_of(INVITE.replace(headers=HEADERS.with_(name, value))) == 400


def test_an_invite_needs_a_contact__rfc3261_8_1_1_8() -> None:
    assert status_of(INVITE.replace(headers=HEADERS.without("Contact"))) == 400
    bye = HEADERS.without("Contact").with_("CSeq", "1 BYE")
    assert status_of(Request("BYE", "sip:c@d", bye)) is None


def test_only_register_may_mean_all_contacts__rfc3261_10_2_2() -> None:
    headers = HEADERS.with_("CSeq", "1 REGISTER").with_("Contact", "*").append("Expires", "0")
    assert status_of(Request("REGISTER", "sip:d", headers)) is None
    assert status_of(OK.replace(headers=HEADERS.with_("Contact", "*"))) == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [("Max-Forwards", "x"), ("Expires", "x"), ("Retry-After", "x"), ("Allow", "a b;"), ("Route", "x")],
)
def test_sloppiness_that_does_not_matter_loses_no_response(name: str, value: str) -> None:
    assert status_of(OK.replace(headers=HEADERS.with_(name, value))) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("Contact", "x"), ("Record-Route", "x"), ("Content-Type", "x"), ("CSeq", "x"), ("To", "x")],
)
def test_a_response_is_checked_where_the_core_depends_on_it(name: str, value: str) -> None:
    assert status_of(OK.replace(headers=HEADERS.with_(name, value))) == 400


@pytest.mark.parametrize(
    ("name", "value"), [("Via", "SIP/2.0/UDP a"), ("Route", "<sip:a;lr>"), ("Record-Route", "<sip:a;lr>")]
)
@pytest.mark.parametrize("lines", [1, 7, MOST_HOPS])
def test_no_request_has_more_hops_than_it_may_make__rfc3261_8_1_1_6(
    name: str, value: str, lines: int
) -> None:
    rest = HEADERS.without(name)
    most = ", ".join([value] * (MOST_HOPS // lines))
    headers = Headers([*[(name, most)] * lines, *rest.items()])
    assert status_of(INVITE.replace(headers=headers)) is None
    assert status_of(INVITE.replace(headers=headers.append(name, value))) == 400
