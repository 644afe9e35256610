"""mediation.sip.contents"""

import pytest

from mediation.sip.contents import (
    NOTHING,
    Contents,
    PartPolicy,
    body_of,
    contents_of,
    describes_session,
    essences_of,
)
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request

SDP = b"v=0\r\n"
LOCATION = "application/pidf+xml"
PASSING = PartPolicy(frozenset({LOCATION, "application/isup"}))


def part(content_type: str, body: bytes = b"x", disposition: str = "", content_id: str = "") -> bytes:
    lines = [f"Content-Type: {content_type}"]
    if disposition:
        lines.append(f"Content-Disposition: {disposition}")
    if content_id:
        lines.append(f"Content-ID: <{content_id}>")
    return "\r\n".join([*lines, "", ""]).encode() + body


def multipart(*parts: bytes, boundary: str = "b") -> bytes:
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + each + b"\r\n" for each in parts) + delimiter + b"--\r\n"


def contents(
    *parts: bytes, kind: str = "mixed", policy: PartPolicy = PASSING, disposition: str = ""
) -> Contents:
    headers = [("Content-Type", f"multipart/{kind};boundary=b")]
    if disposition:
        headers.append(("Content-Disposition", disposition))
    return contents_of(Request("INVITE", "sip:a", Headers(headers), multipart(*parts)), policy)


def status(*parts: bytes, kind: str = "mixed", policy: PartPolicy = PASSING) -> int:
    with pytest.raises(RemoteSipError) as caught:
        contents(*parts, kind=kind, policy=policy)
    return caught.value.status


def plain(content_type: str, disposition: str = "") -> Contents:
    headers = [("Content-Type", content_type)]
    if disposition:
        headers.append(("Content-Disposition", disposition))
    return contents_of(Request("INVITE", "sip:a", Headers(headers), SDP), PASSING)


def test_a_body_that_is_sdp_is_the_session__rfc3261_20_11() -> None:
    assert plain("application/sdp").sdp == SDP
    assert plain("application/sdp", "session;handling=optional").sdp == SDP
    assert contents_of(Request("INVITE", "sip:a", Headers())) == NOTHING
    assert NOTHING.sdp == b""


def test_a_body_that_passes_is_kept__rfc5621_8() -> None:
    found = plain(LOCATION)
    assert (found.sdp, [each.body for each in found.kept]) == (b"", [SDP])


def test_a_body_that_nobody_understands_is_refused_or_dropped__rfc5621_8() -> None:
    assert plain("text/plain", "render;handling=optional") == NOTHING
    for disposition in ("", "render", "render;handling=required", "render;handling=perhaps"):
        with pytest.raises(RemoteSipError) as caught:
            plain("text/plain", disposition)
        assert caught.value.status == 415


def test_the_session_is_found_among_others__rfc5621_8() -> None:
    location = part(LOCATION, b"<presence/>")
    for parts in ((part("application/sdp", SDP), location), (location, part("application/sdp", SDP))):
        found = contents(*parts)
        assert found.sdp == SDP
        assert [(each.essence, each.body) for each in found.kept] == [(LOCATION, b"<presence/>")]


def test_a_labelled_session_precedes_one_without_label__rfc3261_20_11() -> None:
    assert contents(part("application/sdp", b"1"), part("application/sdp", b"2", "session")).sdp == b"2"
    assert contents(part("application/sdp", b"1"), part("application/sdp", b"2")).sdp == b"1"


def test_sdp_for_another_purpose_is_no_session__rfc3959_4() -> None:
    early = part("application/sdp", b"early", "early-session;handling=optional")
    assert contents(early, part("application/sdp", SDP)).sdp == SDP
    assert contents(early) == NOTHING


def test_sdp_that_is_encoded_is_not_understood__rfc5621_3_2() -> None:
    encoded = b"Content-Transfer-Encoding: base64\r\n" + part("application/sdp", b"dj0w")
    assert status(encoded) == 415


def test_an_unknown_part_is_refused_if_required_and_dropped_if_optional__rfc5621_8() -> None:
    sdp = part("application/sdp", SDP)
    assert status(sdp, part("application/qsig", disposition="signal;handling=required")) == 415
    found = contents(sdp, part("application/qsig", disposition="signal;handling=optional"))
    assert (found.sdp, found.kept) == (SDP, ())


def test_what_is_not_labelled_is_no_reason_to_refuse_a_session_beside_it__deviates_rfc5621_8() -> None:
    sdp, other = part("application/sdp", SDP), part("application/qsig")
    assert contents(sdp, other).sdp == contents(other, sdp).sdp == SDP
    inner = multipart(sdp, boundary="inner")
    assert contents(part("multipart/mixed;boundary=inner", inner), other).sdp == SDP
    assert status(other, part(LOCATION)) == 415


def test_what_cannot_be_refused_is_searched_for_what_is_understood() -> None:
    policy = PartPolicy(frozenset({LOCATION}), refuses=False)
    required = part("application/qsig", disposition="signal;handling=required")
    found = contents(part("application/sdp", SDP), required, part(LOCATION), policy=policy)
    assert (found.sdp, [each.essence for each in found.kept]) == (SDP, [LOCATION])
    assert contents(required, policy=policy) == NOTHING
    assert contents(part("application/pkcs7-mime"), kind="encrypted", policy=policy) == NOTHING


def test_the_media_types_of_all_that_a_body_holds_are_told() -> None:
    def told(content_type: str, body: bytes) -> frozenset[str]:
        return essences_of(Request("INFO", "sip:a", Headers([("Content-Type", content_type)]), body))

    assert told("Application/ISUP;version=a", b"x") == {"application/isup"}
    both = multipart(part("text/plain"), part("application/qsig"))
    assert told("multipart/mixed;boundary=b", both) == {"multipart/mixed", "text/plain", "application/qsig"}
    assert told("multipart/mixed;boundary=b", b"no parts") == {"multipart/mixed"}
    assert told("text/plain", b"") == frozenset()


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/sdp", SDP, True),
        ("application/isup", b"x", False),
        ("multipart/mixed;boundary=b", multipart(part("application/isup")), False),
        (
            "multipart/mixed;boundary=b",
            multipart(part("application/isup"), part("application/sdp", SDP)),
            True,
        ),
        ("multipart/mixed;boundary=b", b"no parts", True),
        ("application/sdp", b"", False),
    ],
)
def test_whether_a_session_is_described_is_told_without_refusing(
    content_type: str, body: bytes, found: bool
) -> None:
    request = Request("UPDATE", "sip:a", Headers([("Content-Type", content_type)]), body)
    assert describes_session(request) is found


def test_a_side_that_labels_nothing_may_be_borne() -> None:
    lenient = PartPolicy(unlabelled_is_required=False)
    sdp = part("application/sdp", SDP)
    assert contents(sdp, part("text/html"), policy=lenient).sdp == SDP
    assert status(sdp, part("text/html", disposition="render;handling=required"), policy=lenient) == 415


def test_the_last_alternative_that_we_understand_counts__rfc2046_5_1_4() -> None:
    """The INVITE of Lync: the same call in two descriptions, the better one last."""
    old = part("application/sdp", b"old", "session;handling=optional;ms-proxy-2007fallback")
    new = part("application/sdp", b"new")
    assert contents(old, new, kind="alternative").sdp == b"new"
    assert contents(old, part("text/html"), kind="alternative").sdp == b"old"
    assert (
        contents(old, part("text/html", disposition="x;handling=optional"), kind="alternative").sdp == b"old"
    )
    assert status(part("text/html"), part("text/plain"), kind="alternative") == 415
    optional = part("text/html", disposition="render;handling=optional")
    assert contents(optional, optional, kind="alternative") == NOTHING


def test_the_long_invite_of_lync_is_read_whole__ms_conf_av() -> None:
    """6.5 kB: two descriptions, each with a score of candidates, the first one for servers of 2007."""
    boundary = "----=_NextPart_000_0075_01CB1DCC.D7A7B4B0"
    candidates = "".join(
        f"a=candidate:{n} 1 UDP {2130706431 - n} 10.1.1.{n} {20000 + n} typ host ufrag abcd generation 0 {n:022d}\r\n"
        for n in range(1, 30)
    )
    description = f"v=0\r\no=- 0 0 IN IP4 10.1.1.20\r\ns=session\r\n{candidates}".encode()
    head = (
        "Content-Type: application/sdp\r\nContent-Transfer-Encoding: 7bit\r\nContent-ID: <{}@lync>\r\n"
        "Content-Disposition: session; handling=optional{}\r\n\r\n"
    )
    body = multipart(
        head.format("old", "; ms-proxy-2007fallback").encode() + description + b"a=old\r\n",
        head.format("new", "").encode() + description + b"a=new\r\n",
        boundary=boundary,
    )
    assert len(body) > 6500
    content_type = f'multipart/alternative;boundary="{boundary}"'
    found = contents_of(Request("INVITE", "sip:a", Headers([("Content-Type", content_type)]), b"\r\n" + body))
    assert found.sdp == description + b"a=new\r\n"
    assert found.kept == ()


@pytest.mark.parametrize("start", ["", ";start=two", ';start="<two>"', ";start=three"])
def test_the_root_of_related_parts_counts__rfc2387_3(start: str) -> None:
    parts = (part("application/sdp", b"1", content_id="one"), part("application/sdp", b"2", content_id="two"))
    expected = b"2" if "two" in start else b"1"
    assert contents(*parts, kind=f"related{start}").sdp == expected


def test_appendages_pass_or_are_dropped__rfc2387_3() -> None:
    found = contents(part("application/sdp", SDP), part(LOCATION), part("image/png"), kind="related")
    assert (found.sdp, [each.essence for each in found.kept]) == (SDP, [LOCATION])
    assert status(part("text/html"), part("application/sdp", SDP), kind="related") == 415


def test_a_multipart_that_nobody_knows_is_mixed__rfc2046_5_1_7() -> None:
    sdp = part("application/sdp", SDP)
    assert contents(sdp, part(LOCATION), kind="strange").sdp == SDP
    signature = part("application/pkcs7-signature", disposition="attachment;handling=required")
    assert status(sdp, signature, kind="signed") == 415


def test_multiparts_within_one_another_are_searched__rfc2046_5_1() -> None:
    inner = multipart(part("text/plain"), part("application/sdp", SDP), boundary="inner")
    assert contents(part("multipart/alternative;boundary=inner", inner), part(LOCATION)).sdp == SDP


def test_an_optional_multipart_is_dropped_whole__rfc5621_8() -> None:
    inner = multipart(part("text/plain"), boundary="inner")
    found = contents(
        part("application/sdp", SDP),
        part("multipart/mixed;boundary=inner", inner, "render;handling=optional"),
    )
    assert found.sdp == SDP
    assert contents(part("text/html"), disposition="render;handling=optional") == NOTHING


@pytest.mark.parametrize("kind", ["application/pkcs7-mime", "application/x-pkcs7-mime"])
def test_what_nobody_here_can_decipher_is_493__rfc3261_23_2(kind: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        plain(f"{kind};smime-type=enveloped-data")
    assert caught.value.status == 493
    assert status(part("application/sdp", SDP), part(kind)) == 493
    assert contents(part("application/sdp", SDP), part(kind, disposition="x;handling=optional")).sdp == SDP
    assert status(part("application/sdp", SDP), kind="encrypted") == 493


def test_a_body_for_the_other_side_has_our_session_and_what_was_kept__rfc5621_8() -> None:
    found = contents(part("application/sdp", SDP), part(LOCATION, b"<presence/>", "render", "here@a"))
    body = body_of(b"v=0 ours", found.kept, "drawn")
    again = contents_of(
        Request("INVITE", "sip:a", Headers([("Content-Type", body.content_type)]), body.octets), PASSING
    )
    assert again.sdp == b"v=0 ours"
    assert again.kept == found.kept
    assert body_of(SDP, (), "drawn").content_type == "application/sdp"
    lone = body_of(b"", found.kept, "drawn")
    assert (lone.octets, lone.content_type) == (b"<presence/>", LOCATION)
    assert lone.headers[1:] == (("Content-Disposition", "render"), ("Content-ID", "<here@a>"))  # RFC 8262
