"""Whatever a body of parts holds, the outcome is its contents or RemoteSipError; and in time."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.b2bua.parts import carries, loaded, luggage_of, screened, signalling_of
from mediation.b2bua.passage import Passage
from mediation.routing.terms import Terms
from mediation.sdp.capabilities import Capabilities
from mediation.settings.peer_terms import Bodies, Location
from mediation.settings.peers import Side
from mediation.sip.contents import PartPolicy, body_of, contents_of
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.multipart import DEEPEST, MOST_PARTS, Disposition, Part, part_of

POLICY = PartPolicy(frozenset({"application/isup", "application/pidf+xml"}))
WHOLE = (
    b"--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session;handling=required\r\n\r\nv=0\r\n"
    b"--b\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n\r\n"
    b"--b\r\nContent-Type: application/isup\r\nContent-ID: <i@a>\r\n\r\n\x00\xff\r\n--b--\r\n"
)
SPITEFUL = [
    b"--b", b"--b--", b"--c", b"\r\n", b"\n", b"\r", b"--", b"-", b" ", b"\x00", b"\xff", b"Content-Type: ",
    b"multipart/mixed;boundary=b", b"multipart/related;boundary=c;start=<i@a>", b";boundary=", b'"',
    b";handling=optional",
    b"application/pkcs7-mime", b":", b"Content-Disposition: ", b"Content-Transfer-Encoding: base64\r\n",
]  # fmt: skip
STATUSES = (400, 413, 415, 493)

Mutation = Callable[[bytes], bytes]


def spliced(at: float, cut: int, piece: bytes) -> Mutation:
    """Put `piece` in the place of `cut` octets, at that fraction of the length."""

    def mutate(octets: bytes) -> bytes:
        begin = int(at * len(octets))
        return octets[:begin] + piece + octets[begin + cut :]

    return mutate


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    octets = WHOLE
    for mutate in draw(
        st.lists(
            st.builds(
                spliced,
                st.floats(0, 1),
                st.integers(0, 30),
                st.sampled_from(SPITEFUL) | st.binary(max_size=4),
            ),
            max_size=6,
        )
    ):
        octets = mutate(octets)
    return octets


BODIES = mutated() | st.lists(st.sampled_from(SPITEFUL), max_size=12).map(b"".join) | st.binary(max_size=60)
TYPES = st.sampled_from(
    ["multipart/mixed;boundary=b", "multipart/alternative;boundary=b", "multipart/related;boundary=b", "text/plain",
     'multipart/x;boundary="b"', "multipart/encrypted;boundary=b", "multipart/mixed", "application/sdp"]
)  # fmt: skip


def counted(part: Part, depth: int = 0) -> int:
    """The parts within this one; none lies too deep, and each is where it was."""
    assert depth <= DEEPEST
    for child in part.parts:
        assert child.body in part.body
    return sum(1 + counted(child, depth + 1) for child in part.parts)


@settings(max_examples=600)
@given(TYPES, BODIES)
def test_any_body_is_contents_or_our_error(content_type: str, octets: bytes) -> None:
    message = Request("INVITE", "sip:a", Headers([("Content-Type", content_type)]), octets)
    try:
        part = part_of(message)
        contents = contents_of(message, POLICY)
    except RemoteSipError as error:
        assert error.status in STATUSES  # noqa: PT017 - it may also succeed
        return
    assert part is None or counted(part) <= MOST_PARTS
    assert contents.sdp in octets
    if contents:
        body = body_of(contents.sdp, contents.kept, "Never-Seen-Before")
        again = Request("INVITE", "sip:a", Headers([("Content-Type", body.content_type)]), body.octets)
        assert contents_of(again, POLICY).sdp == contents.sdp
        assert [each.body for each in contents_of(again, POLICY).kept] == [
            each.body for each in contents.kept
        ]


KEEP = Bodies(location=Location.KEEP, isup=True)
WAY = Passage(
    Terms(Side.FRONT_END, Capabilities(()), bodies=KEEP),
    Terms(Side.GATEWAY, Capabilities(()), bodies=KEEP),
    "us",
)


@settings(max_examples=600)
@given(
    TYPES, BODIES, st.lists(st.sampled_from(["<cid:i@a>", "<cid:i%40a>;x=y", "<cid:", '"', ","])).map("".join)
)
def test_what_crosses_of_any_body_is_what_stood_in_it_and_can_be_sent(
    content_type: str, octets: bytes, geolocation: str
) -> None:
    pairs = [
        ("From", "<sip:a>"),
        ("To", "<sip:b>"),
        ("Content-Type", content_type),
        ("Geolocation", geolocation),
    ]
    request = Request("INVITE", "sip:a", Headers(pairs), octets)
    signalling_of(request)
    try:
        screened(request, WAY.source)
    except RemoteSipError as error:
        assert error.status in STATUSES  # noqa: PT017 - it may also succeed
        return
    assert carries(request, WAY.source, WAY.destination)
    luggage = luggage_of(request, WAY, (), lambda: "ours@part.invalid")
    assert all(part.body in octets for part in luggage.parts)
    body = loaded(b"v=0", luggage.parts, lambda: "Never-Seen-Before")
    sent = Request("INVITE", "sip:a", Headers([*luggage.headers, *body.headers]), body.octets)
    assert bytes(sent)
    assert [part.body for part in contents_of(sent, POLICY).kept] == [part.body for part in luggage.parts]


@settings(max_examples=300)
@given(
    st.text(max_size=20) | st.lists(st.sampled_from(["session", ";", "handling", "=", '"', " "])).map("".join)
)
def test_any_text_is_a_disposition_or_400(text: str) -> None:
    try:
        value = Disposition.parse(text)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed
    else:
        assert Disposition.parse(str(value)) == value


HOSTILE = [
    b"--b\r\n" * 13_000,
    b"--b" + b" " * 65_000,
    b"\r\n--b" * 13_000,
    b"--b\r\n" + b"\r" * 65_000,
    b"--b\r\n" + b"A: b\r\n" * 10_000 + b"\r\n\r\n--b--",
    b"--b\r\n" + b"A: " + b"\t" * 60_000 + b"x\r\n\r\n--b--",
    b"--b\r\nContent-Disposition: x" + b";a" * 30_000 + b"\r\n\r\n--b--",
    b"--b\r\nContent-Type: a/b" + b" ;" * 30_000 + b"\r\n\r\n--b--",
]


@pytest.mark.parametrize("octets", HOSTILE, ids=range(len(HOSTILE)))
def test_64_kilobytes_made_to_hurt_are_read_like_any_others(octets: bytes) -> None:
    message = Request("INVITE", "sip:a", Headers([("Content-Type", "multipart/mixed;boundary=b")]), octets)
    try:
        contents_of(message, POLICY)
    except RemoteSipError as error:
        assert error.status in STATUSES  # noqa: PT017 - either outcome will do
