"""mediation.sip.transfer"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.parameters import Parameters
from mediation.sip.replaces import Replaces
from mediation.sip.transfer import (
    MOST_EMBEDDED_HEADERS,
    ReferredBy,
    ReferSub,
    ReferTo,
    refer_to_of,
    referred_by_of,
    wants_reports,
)
from mediation.sip.uri import OpaqueUri, SipUri

ATTENDED = "<sips:carol@biloxi.example.com?Replaces=090459243588173445%3Bto-tag%3D7553452%3Bfrom-tag%3D31431>"


def refer(*headers: tuple[str, str]) -> Request:
    return Request("REFER", "sip:a", Headers(headers))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:alice@atlanta.example.com", ReferTo(SipUri("sip", "alice", "atlanta.example.com"))),
        ('"A" <sip:a@b>;x=y', ReferTo(SipUri("sip", "a", "b"))),
        ("<tel:+4930>", ReferTo(OpaqueUri("tel", "+4930"))),
        ("<sip:a@b;method=SUBSCRIBE;user=phone>", ReferTo(
            SipUri("sip", "a", "b", parameters=Parameters((("user", "phone"),))), method="SUBSCRIBE")),
        (ATTENDED, ReferTo(
            SipUri("sips", "carol", "biloxi.example.com"), Replaces("090459243588173445", "7553452", "31431"))),
        (ATTENDED.strip("<>"), ReferTo(
            SipUri("sips", "carol", "biloxi.example.com"), Replaces("090459243588173445", "7553452", "31431"))),
    ],
)  # fmt: skip
def test_refer_to_names_a_target__rfc3515_2_1(text: str, expected: ReferTo) -> None:
    assert ReferTo.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "<sip:a>, <sip:b>", "sip:a@b?Replaces=x", "sip:a@b?Replaces=c>", "sip:a@b?x=y, sip:c@d",
        "<sip:a@b", "<sip:a@b?Replaces=x>", "<sip:a@b?Replaces>",
        "<sip:a@b?replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&REPLACES=d%3Bto-tag%3D1%3Bfrom-tag%3D2>",
        "<sip:a@b;method=A:B>",
        f"<sip:a@b?{'&'.join(['x=y'] * (MOST_EMBEDDED_HEADERS + 1))}>",
    ],
)  # fmt: skip
def test_what_names_no_target_earns_400__rfc3515_2_4_1(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        ReferTo.parse(text)
    assert caught.value.status == 400


def test_embedded_headers_are_decoded_exactly_once__rfc3261_19_1_2() -> None:
    """A second time, %253B would become a semicolon and %250D%250A a line end."""
    once = ReferTo.parse("<sip:a@b?Replaces=c%253Bearly-only%3Bto-tag%3D1%3Bfrom-tag%3D2>")
    assert once.replaces == Replaces("c%3Bearly-only", "1", "2")
    assert ReferTo.parse(str(once)) == once


def test_the_name_of_an_embedded_header_may_be_escaped_too__rfc3261_19_1_2() -> None:
    assert ReferTo.parse("<sip:a@b?%52eplaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2>").replaces is not None


@pytest.mark.parametrize(
    "embedded",
    [
        "Route=%3Csip:evil%3E", "P-Asserted-Identity=sip:root@us", "Call-ID=x&From=sip:a", "body=v%3D0", "Subject",
        "Require=replaces", "&&", "X%0D%0AReplaces=1", "Via=SIP/2.0/UDP%20x",
    ],
)  # fmt: skip
def test_every_other_embedded_header_is_ignored__rfc3261_19_1_5(embedded: str) -> None:
    bare = ReferTo(SipUri("sip", "a", "b"))
    assert ReferTo.parse(f"<sip:a@b?{embedded}>") == bare
    assert str(bare) == "<sip:a@b>"


@pytest.mark.parametrize("octets", ["%0D%0A", "%0A", "%00", "%20x", "%22", "%2C", "%C3%A4", "%FF"])
def test_nothing_but_a_dialog_comes_out_of_embedded_replaces(octets: str) -> None:
    with pytest.raises(RemoteSipError):
        ReferTo.parse(f"<sip:a@b?Replaces=c{octets}%3Bto-tag%3D1%3Bfrom-tag%3D2>")


def test_only_a_sip_uri_embeds_replaces() -> None:
    with pytest.raises(LocalSipError):
        str(ReferTo(OpaqueUri("tel", "+49"), Replaces("a", "1", "2")))


def test_a_refer_names_exactly_one_target__rfc3515_2_4_1() -> None:
    assert refer_to_of(refer(("r", "sip:a"))) == ReferTo(SipUri("sip", None, "a"))
    with pytest.raises(RemoteSipError) as caught:
        refer_to_of(refer())
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:r@ref.example", ReferredBy(SipUri("sip", "r", "ref.example"))),
        ('"R" <sip:r@ref?X=y>;x;cid="20398823.2UWQFN309shb3@ref.example"',
         ReferredBy(SipUri("sip", "r", "ref"), '"R"', "20398823.2UWQFN309shb3@ref.example")),
        ("<tel:+49>", ReferredBy(OpaqueUri("tel", "+49"))),
    ],
)  # fmt: skip
def test_referred_by_names_the_transferor__rfc3892_3(text: str, expected: ReferredBy) -> None:
    assert ReferredBy.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "<sip:a>;cid",
        '<sip:a>;cid="a"',
        '<sip:a>;cid="a@b";cid="a@b"',
        '<sip:a>;cid="a\\"@b"',
        "<sip:a>,<sip:b>",
    ],
)
def test_what_is_no_referred_by_earns_400(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        ReferredBy.parse(text)
    assert caught.value.status == 400


def test_a_request_has_one_referred_by_at_most__rfc3892_3() -> None:
    assert referred_by_of(refer()) is None
    assert referred_by_of(refer(("b", "sip:a"))) == ReferredBy(SipUri("sip", None, "a"))
    with pytest.raises(RemoteSipError):
        referred_by_of(refer(("b", "sip:a"), ("Referred-By", "sip:a")))


@pytest.mark.parametrize(("text", "wanted"), [("true", True), ("FALSE ;x=y", False), (" true", True)])
def test_refer_sub_says_whether_to_report__rfc4488_4(text: str, wanted: bool) -> None:
    assert ReferSub.parse(text) == ReferSub(wanted)
    assert wants_reports(refer(("Refer-Sub", text))) is wanted
    assert wants_reports(refer())


@pytest.mark.parametrize("text", ["", "yes", "true false", "false;", "true,false"])
def test_what_is_no_refer_sub_earns_400(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        ReferSub.parse(text)
    assert caught.value.status == 400


TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)
HOSTS = st.from_regex(r"[a-z0-9_][a-z0-9_.\-]{0,9}", fullmatch=True)
SIP_URIS = st.builds(SipUri, st.sampled_from(["sip", "sips"]), st.none() | TOKENS, HOSTS)
OTHER_URIS = st.builds(OpaqueUri, st.just("tel"), TOKENS)
CALL_IDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='",;'), min_size=1
)
REPLACES = st.builds(Replaces, CALL_IDS, TOKENS, TOKENS, st.booleans())


@given(
    st.builds(ReferTo, SIP_URIS, st.none() | REPLACES, st.just("INVITE") | TOKENS)
    | st.builds(ReferTo, OTHER_URIS)
)
def test_a_printed_refer_to_reads_as_the_same(value: ReferTo) -> None:
    assert ReferTo.parse(str(value)) == value


@given(st.builds(ReferredBy, SIP_URIS | OTHER_URIS, st.none() | TOKENS, st.none() | st.just("a.b@c")))
def test_a_printed_referred_by_reads_as_the_same(value: ReferredBy) -> None:
    assert ReferredBy.parse(str(value)) == value


def test_a_printed_refer_sub_reads_as_the_same() -> None:
    for wanted in (True, False):
        assert ReferSub.parse(str(ReferSub(wanted))) == ReferSub(wanted)
