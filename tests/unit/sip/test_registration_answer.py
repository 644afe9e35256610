"""What a registrar's answer says: whatever it holds, it is read or left, and never raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.headers import Headers
from mediation.sip.message import Response
from mediation.sip.registration_answer import (
    LONGEST_GRANT_S,
    LONGEST_REST_S,
    MOST_ASSOCIATED,
    Grant,
    grant_of,
    longer_of,
    rest_of,
)
from mediation.sip.uri import SipUri, parse_uri


def uri(text: str) -> SipUri:
    found = parse_uri(text)
    assert isinstance(found, SipUri)
    return found


CONTACT = uri("sip:+49@192.0.2.1:5060")
BULK = uri("sip:192.0.2.1:5060;bnc")
OURS = "<sip:+49@192.0.2.1:5060>"


def answer(*lines: tuple[str, str], status: int = 200) -> Response:
    return Response(status, "", Headers(lines))


def seconds(*lines: tuple[str, str], contact: SipUri = CONTACT) -> int | None:
    grant = grant_of(answer(*lines), contact, 3600)
    return None if grant is None else grant.expires_s


@pytest.mark.parametrize(
    ("contact", "granted"),
    [
        (f"{OURS};expires=60", 60),
        (f'{OURS};expires="60"', 60),
        (f"{OURS};expires=99999999999999999999", 3600),  # no number: as if nothing had been said
        (f"{OURS};expires=never", 3600),
        (f"{OURS};expires=0", None),
        (f"{OURS};expires=4294967295", LONGEST_GRANT_S),
        (f"<sip:a@192.0.2.9>;expires=7, {OURS};expires=60", 60),
        ("<sip:+49@192.0.2.1>;expires=60", 60),
        ("<sip:+49@203.0.113.1:40000>;expires=60", 60),
        ("<sip:+49@203.0.113.1>;expires=60, <sip:+49@203.0.113.2>;expires=60", None),
        ("<sip:a@192.0.2.1:5060>;expires=60", None),
        ("<tel:+49>;expires=60", None),
        ("*", None),
        ("<sip:", None),
        ('"unclosed', None),
    ],
)
def test_how_long_our_contact_is_granted__rfc3261_10_2_4(contact: str, granted: int | None) -> None:
    assert seconds(("Contact", contact)) == granted


def test_the_header_counts_where_the_contact_says_nothing() -> None:
    assert seconds(("Contact", OURS), ("Expires", "90")) == 90
    assert seconds(("Contact", f"{OURS};expires=30"), ("Expires", "90")) == 30
    assert seconds(("Expires", "90")) == 90
    assert seconds(("Expires", "0")) is None
    assert seconds(("Expires", "x")) is None
    assert seconds() is None


def test_a_bulk_contact_has_no_user__rfc6140_5_2() -> None:
    assert seconds(("Contact", "<sip:192.0.2.1:5060;bnc>;expires=60"), contact=BULK) == 60
    assert seconds(("Contact", "<sip:192.0.2.1;bnc>;expires=60"), contact=BULK) == 60
    assert seconds(("Contact", f"{OURS};expires=60"), contact=BULK) is None


def test_routes_and_identities_are_kept_as_they_came__rfc3608_5() -> None:
    route, other = "<sip:a.example;lr>", '"B" <sip:b.example:5070;lr>;x=1'
    grant = grant_of(
        answer(
            ("Contact", OURS),
            ("Service-Route", f"{route}, {other}"),
            ("Service-Route", route),
            ("P-Associated-URI", "<sip:+49@itsp.example>, <tel:+4930>"),
        ),
        CONTACT,
        60,
    )
    assert grant == Grant(60, (route, other, route), ("sip:+49@itsp.example", "tel:+4930"))


def test_a_million_identities_are_not_looked_at() -> None:
    many = ", ".join(["<sip:a@b>"] * (MOST_ASSOCIATED + 5))
    grant = grant_of(answer(("Contact", OURS), ("P-Associated-URI", many)), CONTACT, 60)
    assert grant is not None
    assert len(grant.associated) == MOST_ASSOCIATED


@pytest.mark.parametrize(
    ("value", "longer"),
    [("61", 61), ("60", None), ("0", None), ("", None), ("-1", None), ("86400", 86400), ("86401", None)],
)
def test_423_makes_it_longer_within_reason__rfc3261_10_2_8(value: str, longer: int | None) -> None:
    assert longer_of(answer(("Min-Expires", value), status=423), 60) == longer


@pytest.mark.parametrize(
    ("value", "rest"), [("18", 18), ("18 (soon);duration=4", 18), ("4294967295", LONGEST_REST_S), ("x", 0)]
)
def test_retry_after_is_believed_for_a_day(value: str, rest: int) -> None:
    assert rest_of(answer(("Retry-After", value), status=503)) == rest


NAMES = st.sampled_from(
    ["Contact", "Expires", "Service-Route", "P-Associated-URI", "Min-Expires", "Retry-After"]
)
VALUES = st.text(alphabet='<>"*;=,:@ sip+490.lrexpis\\%[]\udc80é', max_size=60)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_no_answer_raises_anything(lines: list[tuple[str, str]]) -> None:
    given_answer = answer(*lines)
    grant = grant_of(given_answer, CONTACT, 3600)
    assert grant is None or 0 < grant.expires_s <= LONGEST_GRANT_S
    longer = longer_of(given_answer, 3600)
    assert longer is None or 3600 < longer <= LONGEST_GRANT_S
    assert 0 <= rest_of(given_answer) <= LONGEST_REST_S
