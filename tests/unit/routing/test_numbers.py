"""Numbers as they stand in URIs (RFC 3261 section 19.1.6, RFC 3966)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.routing.numbers import is_number, number_of
from mediation.sip.uri import parse_uri


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+4930123@x", "+4930123"),
        ("sip:+49-30-(1)23@x", "+4930123"),
        ("sip:%2B4930@x", "+4930"),
        ("sip:7042;phone-context=example.com@x", "7042"),
        ("sip:7042:secret@x", "7042"),
        ("sip:bob.b-c@x", "bob.b-c"),
        ("sip:x", ""),
        ("sip::secret@x", ""),
        ("tel:+49-30.123", "+4930123"),
        ("tel:7042;phone-context=example.com", "7042"),
        ("urn:service:sos", ""),
    ],
)
def test_a_uri_calls_a_number_or_a_name(uri: str, number: str) -> None:
    assert number_of(parse_uri(uri)) == number


@pytest.mark.parametrize("user", ["+", "", "+-", "1+2", "++1", "\u0663", "1 2", "*21", "bob"])
def test_what_only_looks_like_a_number_is_none(user: str) -> None:
    assert not is_number(user)


@given(st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True), st.lists(st.sampled_from("-.()"), max_size=5))
def test_visual_separators_mean_nothing__rfc3966_5_1_1(digits: str, separators: list[str]) -> None:
    written = digits + "".join(separators)
    assert is_number(written)
    assert number_of(parse_uri(f"sip:{written}@x")) == digits
