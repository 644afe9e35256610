"""mediation.sip.multipart"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.headers import Headers, MediaType
from mediation.sip.message import Request
from mediation.sip.multipart import (
    DEEPEST,
    LONGEST_BODY,
    MOST_PARTS,
    Disposition,
    Part,
    join,
    part_of,
    session_part,
)

MIXED = "multipart/mixed;boundary=b"


def read(body: bytes, content_type: str | None = MIXED, *headers: tuple[str, str]) -> Part:
    pairs = headers if content_type is None else (("Content-Type", content_type), *headers)
    part = part_of(Request("INVITE", "sip:a", Headers(pairs), body))
    assert part is not None
    return part


def bodies(body: bytes, content_type: str = MIXED) -> list[bytes]:
    return [part.body for part in read(body, content_type).parts]


def status(body: bytes, content_type: str | None = MIXED) -> int:
    with pytest.raises(RemoteSipError) as caught:
        read(body, content_type)
    return caught.value.status


def test_parts_stand_between_delimiters__rfc2046_5_1_1() -> None:
    body = b"preamble\r\n--b\r\nContent-Type: a/b\r\n\r\none\r\n\r\n--b \t\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n--b\r\n"
    assert bodies(body) == [b"one\r\n", b"two"]
    assert [part.essence for part in read(body).parts] == ["a/b", "text/plain"]


def test_line_ends_may_be_lf_and_the_last_one_missing__rfc2046_5_1_1() -> None:
    assert bodies(b"--b\nContent-Type: a/b\n\none\n--b--") == [b"one"]


def test_a_line_that_only_begins_like_the_delimiter_is_none__rfc2046_5_1_1() -> None:
    assert bodies(b"--b\r\n\r\n--bc\r\n --b\r\nx--b\r\n--b--") == [b"--bc\r\n --b\r\nx--b"]


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (b"--b\r\n--b--", b""),
        (b"--b\r\n\r\n--b--", b""),
        (b"--b\r\n\r\n\r\n--b--", b""),
        (b"--b\r\nContent-Type: a/b\r\n--b--", b""),
        (b"--b\r\nContent-Type: a/b\r\n\r\n--b--", b""),
        (b"--b\r\n\r\n\r\n\r\n--b--", b"\r\n"),
    ],
)
def test_a_part_may_be_empty__rfc2046_5_1_1(piece: bytes, expected: bytes) -> None:
    assert bodies(piece) == [expected]


@pytest.mark.parametrize("boundary", ["gc0pJq0M:08jU534c0p", "a b", "'()+_,-./:=?", "x" * 70])
def test_a_boundary_may_be_quoted__rfc2046_5_1_1(boundary: str) -> None:
    body = f"--{boundary}\r\n\r\none\r\n--{boundary}--".encode()
    assert bodies(body, f'multipart/mixed;boundary="{boundary}"') == [b"one"]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed", "multipart/mixed;boundary", 'multipart/mixed;boundary=""', 'multipart/mixed;boundary="a "',
        "multipart/mixed;boundary=a;boundary=b", f"multipart/mixed;boundary={'x' * 71}", "multipart/mixed;boundary=a%b",
    ],
)  # fmt: skip
def test_a_multipart_without_a_boundary_is_400__rfc2046_5_1_1(content_type: str) -> None:
    assert status(b"--b\r\n\r\none\r\n--b--", content_type) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"x", b"--b--", b"--b", b"--b\r\n", b"--b\r\n\r\none", b"--b\r\n\r\none\r\n--b\r\n", b"--b\r\n\r\none\r\n--b-",
        b"--b\r\n\r\none--b--", b"--b\r\nnonsense\r\n\r\none\r\n--b--", b"--b\r\nA: b\rC: d\r\n\r\none\r\n--b--",
        b"--b\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n\r\n--b--", b"--b\r\nContent-Type: x\r\n\r\n\r\n--b--",
        b"--b\r\nContent-Disposition: ;\r\n\r\n\r\n--b--",
    ],
)  # fmt: skip
def test_a_multipart_without_order_is_400__cve_2022_21723(body: bytes) -> None:
    assert status(body) == 400


def nested(depth: int) -> bytes:
    body = b"core"
    for level in range(depth, 0, -1):
        kind = b"a/b" if level == depth else f"multipart/mixed;boundary=x{level + 1}".encode()
        body = b"--x%d\r\nContent-Type: %s\r\n\r\n%s\r\n--x%d--\r\n" % (level, kind, body, level)
    return body


def test_multiparts_nest_up_to_a_limit__cve_2022_21723() -> None:
    part = read(nested(DEEPEST), "multipart/mixed;boundary=x1")
    for _ in range(DEEPEST):
        (part,) = part.parts
    assert part.body == b"core"
    assert status(nested(DEEPEST + 1), "multipart/mixed;boundary=x1") == 413


def test_parts_are_counted_over_all_levels__cve_2022_21723() -> None:
    one = b"--b\r\n\r\n\r\n"
    assert len(bodies(one * MOST_PARTS + b"--b--")) == MOST_PARTS
    assert status(one * (MOST_PARTS + 1) + b"--b--") == 413
    assert status(one * 5000) == 413
    inner = b"--c\r\n\r\n\r\n" * (MOST_PARTS // 2) + b"--c--"
    both = (b"--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n" + inner + b"\r\n") * 2 + b"--b--"
    assert status(both) == 413


def test_a_body_beyond_any_message_is_413() -> None:
    assert status(b"--b\r\n\r\n" + b"x" * LONGEST_BODY + b"\r\n--b--") == 413


def test_a_body_without_a_type_is_415_and_no_accident__opensips_734() -> None:
    assert status(b"v=0", None) == 415


def test_a_body_without_parts_is_one_part_itself__rfc5621_2() -> None:
    part = read(
        b"v=0",
        "Application/SDP",
        ("Content-Disposition", "Session;handling=Optional"),
        ("l", "3"),
        ("To", "x"),
    )
    assert (part.essence, part.body, part.parts) == ("application/sdp", b"v=0", ())
    assert part.disposition is not None
    assert (part.disposition.type, part.disposition.handling) == ("session", "optional")
    assert [name for name, _ in part.headers.items()] == ["Content-Type", "Content-Disposition"]
    assert part_of(Request("INVITE", "sip:a", Headers([("Content-Type", "a/b")]))) is None


def test_compact_names_are_long_ones_in_a_part__rfc2045_3() -> None:
    part = part_of(Request("INVITE", "sip:a", Headers([("c", "a/b"), ("e", "gzip"), ("l", "1")]), b"x"))
    assert part is not None
    assert part.headers.items() == (("Content-Type", "a/b"), ("Content-Encoding", "gzip"))
    assert not part.is_plain


@pytest.mark.parametrize(
    ("header", "plain"),
    [
        (("Content-Transfer-Encoding", "8BIT"), True), (("Content-Transfer-Encoding", "base64"), False),
        (("Content-Encoding", "identity"), True), (("Content-Encoding", "gzip"), False),
    ],
)  # fmt: skip
def test_encoded_octets_are_not_plain__rfc2045_6(header: tuple[str, str], plain: bool) -> None:
    assert read(b"x", "a/b", header).is_plain is plain


def test_a_content_id_names_a_part__rfc2045_7() -> None:
    assert read(b"x", "a/b", ("Content-ID", "<one@a>")).content_id == "one@a"
    assert read(b"x", "a/b").content_id is None


def test_one_plain_part_is_a_body_by_itself() -> None:
    body = join((session_part(b"v=0"),), "unused")
    assert (body.content_type, body.octets) == ("application/sdp", b"v=0")


def test_several_parts_are_joined_octet_for_octet__rfc2046_5_1_3() -> None:
    isup = read(
        b"\x00\xff\r\n", "application/isup;version=itu-t", ("Content-Disposition", "signal;handling=optional")
    )
    body = join((session_part(b"v=0\r\n"), isup), "unique")
    assert body.content_type == 'multipart/mixed;boundary="unique"'
    assert body.octets == (
        b"--unique\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n"
        b"--unique\r\nContent-Type: application/isup;version=itu-t\r\n"
        b"Content-Disposition: signal;handling=optional\r\n\r\n\x00\xff\r\n\r\n--unique--\r\n"
    )


def test_what_would_not_come_apart_again_is_not_joined() -> None:
    two = (session_part(b"a\r\n--b\r\n"), session_part(b""))
    for boundary in ("b", "", "x" * 71, "a\r\nb"):
        with pytest.raises(LocalSipError):
            join(two, boundary)
    broken = Part(Headers([("Content-Type", "a/b"), ("Content-ID", "x\r\ny")]), b"", MediaType("a", "b"))
    with pytest.raises(LocalSipError):
        join((broken, broken), "b")
    with pytest.raises(LocalSipError):
        join((), "b")


TOKENS = st.text("abc019-.", min_size=1, max_size=8)
DISPOSITIONS = st.builds(Disposition, TOKENS)


@given(DISPOSITIONS)
def test_a_printed_disposition_reads_as_the_same(value: Disposition) -> None:
    assert Disposition.parse(str(value)) == value


@given(st.lists(st.tuples(TOKENS, st.none() | DISPOSITIONS, st.binary(max_size=40)), min_size=1, max_size=5))
def test_joined_parts_come_apart_again(contents: list[tuple[str, Disposition | None, bytes]]) -> None:
    parts = []
    for subtype, disposition, octets in contents:
        pairs = [("Content-Type", f"x/{subtype}")]
        if disposition is not None:
            pairs.append(("Content-Disposition", str(disposition)))
        parts.append(Part(Headers(pairs), octets, MediaType("x", subtype), disposition))
    body = join(tuple(parts), "Unique_Boundary")
    again = part_of(Request("INVITE", "sip:a", Headers(body.headers), body.octets))
    if len(parts) == 1:
        assert again == (parts[0] if contents[0][2] else None)
    else:
        assert again is not None
        assert again.parts == tuple(parts)
