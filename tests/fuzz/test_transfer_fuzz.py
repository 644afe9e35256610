"""Whatever the headers and bodies of a transfer hold, the outcome is a value or RemoteSipError(400); and in time."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.refer_reports import EventType, StatusFragment, SubscriptionState
from mediation.sip.replaces import Replaces
from mediation.sip.transfer import ReferredBy, ReferSub, ReferTo

PIECES = st.sampled_from(
    ["<sip:a@b?", "<sip:a@b", ">", "Replaces=", "c%3Bto-tag%3D1%3Bfrom-tag%3D2", "&", "%0D%0A", "%25", "%", "%F", "?",
     ";to-tag=1", ";from-tag=2", ";early-only", "a@b", "tel:+1", ';cid="a@b"', ";method=", "BYE", "refer", ";id=1",
     "active", ";expires=", "9" * 5000, "true", "false", ";", "=", ",", '"', "\\", " ", "\r\n",
     "\x00", "\x85", "\udcff"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20)
PARSERS: list[Callable[[str], object]] = [
    ReferTo.parse, ReferredBy.parse, ReferSub.parse, Replaces.parse, EventType.parse, SubscriptionState.parse,
]  # fmt: skip


@settings(max_examples=600)
@given(TEXTS)
def test_any_text_is_a_value_or_400(text: str) -> None:
    for parse in PARSERS:
        try:
            value = parse(text)
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - it may also succeed
            continue
        assert parse(str(value)) == value
        assert re.search("[\r\n]", str(value)) is None or re.search("[\r\n]", text)


@settings(max_examples=400)
@given(st.text(max_size=30).map(lambda text: "".join(f"%{octet:02x}" for octet in text.encode())))
def test_whatever_is_embedded_in_escapes_breaks_no_line(embedded: str) -> None:
    """Our message reader gives no line ends, so escapes are the only way in for them."""
    for uri in (f"<sip:a@b?Replaces={embedded}>", f"<sip:a@b?{embedded}=x>", f"<sip:a@b?Subject={embedded}>"):
        try:
            value = ReferTo.parse(uri)
        except RemoteSipError:
            continue
        assert re.fullmatch(r"[!-~]+", str(value))


@settings(max_examples=400)
@given(
    st.binary(max_size=60) | TEXTS.map(lambda text: b"SIP/2.0 200 " + text.encode("utf-8", "surrogateescape"))
)
def test_any_body_is_a_status_or_400(octets: bytes) -> None:
    try:
        fragment = StatusFragment.parse(octets)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed
    else:
        assert octets[8:11] == str(fragment.status).encode()


HOSTILE = [
    "%3B" * 20_000,
    "&" * 60_000,
    "a=b&" * 15_000,
    "%" * 60_000,
    ";a" * 30_000,
    " ;" * 30_000 + '"',
    "<" * 60_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_64_kilobytes_made_to_hurt_are_read_like_any_others(text: str) -> None:
    for parse in PARSERS:
        for whole in (text, f"<sip:a@b?Replaces={text}>", f"<sip:a@b?{text}>", f"a{text}"):
            try:
                parse(whole)
            except RemoteSipError as error:
                assert error.status == 400  # noqa: PT017 - either outcome will do
