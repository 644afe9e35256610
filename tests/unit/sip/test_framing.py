"""mediation.sip.framing and mediation.sip.head"""

import contextlib

import pytest

from mediation.sip.framing import (
    LONGEST_HEADER_SECTION,
    LONGEST_MESSAGE,
    MOST_HEADER_LINES,
    MalformedMessage,
    StreamFramer,
    parse_datagram,
)
from mediation.sip.head import LONGEST_HEADER_LINE, LONGEST_REQUEST_URI
from mediation.sip.message import Message, Request, Response

HEADERS = (
    b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\n"
    b"To: <sip:c@d>\r\n"
    b"Call-ID: x\r\n"
    b"CSeq: 1 MESSAGE\r\n"
)
START = b"MESSAGE sip:c@d SIP/2.0\r\n"
HEAD = START + HEADERS


def read(octets: bytes) -> Message:
    message = parse_datagram(octets)
    assert message is not None
    return message


def error_of(octets: bytes) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as caught:
        parse_datagram(octets)
    return caught.value


def whole(body: bytes = b"", extra: bytes = b"") -> bytes:
    return HEAD + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_headers_come_as_they_were_received() -> None:
    message = read(START + b"vIA :\tSIP/2.0/UDP a \t\r\nX-a.b:\r\n" + HEADERS.partition(b"\r\n")[2] + b"\r\n")
    assert message.headers.items()[:2] == (("vIA", "SIP/2.0/UDP a"), ("X-a.b", ""))


def test_folded_lines_are_one_value__rfc3261_7_3_1() -> None:
    message = read(HEAD + b"Subject:\r\n\tI know\r\n \t you're\r\n \r\n there,  really\r\n\r\n")
    assert message.headers.get("s") == "I know you're  there,  really"
    assert b"Subject: I know you're  there,  really\r\n" in bytes(message)


def test_the_start_line_can_not_be_folded() -> None:
    assert error_of(START + b" x\r\n" + HEADERS + b"\r\n").reason == "Bad Header Line"


@pytest.mark.parametrize("lead", [b"\r\n", b"\r\n\r\n", b"\n\r\n"])
def test_line_ends_before_a_message_are_skipped__rfc3261_7_5(lead: bytes) -> None:
    assert read(lead + whole(b"x")).body == b"x"


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"\r\n\r\n", b"\n"])
def test_a_keep_alive_is_no_message__rfc5626_4_4_1(octets: bytes) -> None:
    assert parse_datagram(octets) is None


def test_lf_alone_ends_a_header_line() -> None:
    message = read(whole(b"abcd").replace(b"\r\n", b"\n"))
    assert message.body == b"abcd"
    assert message.call_id == "x"


def test_the_first_blank_line_ends_the_headers_whatever_its_spelling() -> None:
    assert read(HEAD + b"\r\na\n\nb").body == b"a\n\nb"
    assert read(HEAD.replace(b"\r\n", b"\n") + b"\na\r\n\r\nb").body == b"a\r\n\r\nb"
    assert read(HEAD + b"X: y\n\r\nb").body == b"b"


@pytest.mark.parametrize("octet", [b"\x0b", b"\x0c", b"\x1c", b"\x1e", b"\xc2\x85", b"\xe2\x80\xa8"])
def test_what_python_calls_a_line_end_is_none(octet: bytes) -> None:
    message = read(HEAD + b"X: a" + octet + b"Contact: *\r\n\r\n")
    assert not message.headers.has("Contact")
    assert b"X: a" + octet + b"Contact: *\r\n" in bytes(message)


@pytest.mark.parametrize(
    "line",
    [
        b"no colon here",
        b": no name",
        b"Two Words: x",
        b"X\x00: y",
        b"X\x1f : y",
        b"\x0bX: y",
        b"X\xc2\xa0: y",
        b"\xe2\x80\xafX: y",
        b"X\xa0: y",
        b"X(y): z",
        b"X: a\rVia: b",
        b"X: a\r",
        b"Content-Length\x00: 5",
    ],
)
def test_a_line_that_is_no_header_condemns_the_message(line: bytes) -> None:
    error = error_of(HEAD + line + b"\r\nX-Last: z\r\n\r\n")
    assert error.status == 400
    assert error.request is not None
    assert error.request.call_id == "x"
    assert error.request.headers.get("X-Last") == "z"


def test_the_body_is_cut_at_content_length__rfc3261_18_3() -> None:
    assert read(whole(b"body") + b"INVITE sip:evil SIP/2.0\r\n").body == b"body"


def test_without_content_length_the_body_ends_with_the_datagram__rfc3261_18_3() -> None:
    assert read(HEAD + b"\r\n\xff\x00\r\n").body == b"\xff\x00\r\n"


def test_a_body_shorter_than_its_length_earns_400__rfc3261_18_3() -> None:
    error = error_of(HEAD + b"Content-Length: 5\r\n\r\nbody")
    assert (error.status, error.reason) == (400, "Content-Length Beyond Datagram")


BAD_LENGTHS = [
    b"Content-Length: -1",
    b"Content-Length: +1",
    b"Content-Length: 0x1",
    b"Content-Length: 1_0",
    b"Content-Length: 1 1",
    b"Content-Length: 1,1",
    b"Content-Length:",
    b"Content-Length: \xd9\xa1",
    b"Content-Length: \xc2\xb2",
    b"Content-Length: 4294967296",
    b"Content-Length: 18446744073709551617",
    b"Content-Length: " + b"9" * 5000,
    b"Content-Length: 1\r\nContent-Length: 2",
    b"Content-Length: 1\r\nl: 1",
]


@pytest.mark.parametrize("line", BAD_LENGTHS, ids=range(len(BAD_LENGTHS)))
def test_a_doubtful_content_length_is_never_guessed(line: bytes) -> None:
    octets = HEAD + line + b"\r\n\r\nx" + whole()
    error = error_of(octets)
    assert error.status == 400
    assert error.request is not None
    framer = StreamFramer()
    framer.feed(octets)
    with pytest.raises(MalformedMessage) as caught:
        framer.next_message()
    assert caught.value.status == 400
    assert framer.broken
    framer.feed(whole())
    assert framer.next_message() is None


def test_a_content_length_may_have_leading_zeros() -> None:
    assert read(HEAD + b"l: 0000000000000000000004\r\n\r\nbody!").body == b"body"


def test_limits_are_the_constants() -> None:
    lines = MOST_HEADER_LINES - HEADERS.count(b"\n")
    assert read(HEAD + b"X-Y: z\r\n" * lines + b"\r\n")
    assert error_of(HEAD + b"X-Y: z\r\n" * (lines + 1) + b"\r\n").reason == "Too Many Headers"
    long = b"Y: " + b"y" * LONGEST_HEADER_LINE + b"\r\n"
    assert read(HEAD + long + b"\r\n")
    assert error_of(HEAD + long.replace(b"Y: ", b"Y: y") + b"\r\n").reason == "Header Line Too Long"
    full = HEAD + 3 * long
    room = LONGEST_HEADER_SECTION - len(full + b"Y: \r\n\r\n")
    assert read(full + b"Y: " + b"y" * room + b"\r\n\r\n")
    error = error_of(full + b"Y: " + b"y" * (room + 1) + b"\r\n\r\n")
    assert error.status == 513
    assert error.request is not None
    assert error.request.call_id == "x"


def test_a_request_uri_too_long_for_us_earns_414__rfc3261_21_4_11() -> None:
    line, rest = b"MESSAGE sip:%s@d SIP/2.0\r\n", HEADERS + b"\r\n"
    room = LONGEST_REQUEST_URI - len("sip:@d")
    assert read(line % (b"u" * room) + rest)
    error = error_of(line % (b"u" * (room + 1)) + rest)
    assert (error.status, error.request is not None) == (414, True)


def test_a_stream_goes_on_behind_a_line_or_a_request_uri_that_is_too_long() -> None:
    long_line = whole(extra=b"Y: " + b"y" * (LONGEST_HEADER_LINE + 1) + b"\r\n")
    long_uri = whole().replace(b"sip:c@d SIP", b"sip:" + b"c" * LONGEST_REQUEST_URI + b"@d SIP")
    found, framer = stream(long_line + long_uri + whole(b"good"))
    assert [str(error) for error in found[:2]] == ["400 Header Line Too Long", "414 Request-URI Too Long"]
    assert getattr(found[2], "body", None) == b"good"
    assert not framer.broken


def test_a_header_section_without_end_earns_400() -> None:
    assert error_of(HEAD).reason == "Header Section Without End"


@pytest.mark.parametrize(
    ("line", "status", "method"),
    [
        (b"MESSAGE sip:c@d SIP/7.0", 505, "MESSAGE"),
        (b"MESSAGE sip:c@d SIP/2.1", 505, "MESSAGE"),
        (b"MESSAGE sip:c@d SIP/20", 400, "MESSAGE"),
        (b"MESSAGE  sip:c@d SIP/2.0", 400, "MESSAGE"),
        (b"MESSAGE sip:c@d SIP/2.0 ", 400, "MESSAGE"),
        (b"MESSAGE\tsip:c@d SIP/2.0", 400, None),
        (b"MESSAGE sip:c@d; lr SIP/2.0", 400, "MESSAGE"),
        (b"MESSAGE SIP/2.0", 400, "MESSAGE"),
        (b"MESSAGE sip:c@d", 400, None),
        (b"GET / HTTP/1.1", 400, None),
        (b"ME(S)AGE sip:c@d SIP/2.0", 400, None),
        (b"\x00\x01\x00\x00\x21\x12\xa4\x42", 400, None),
        (b"SIP/2.0 20 OK", 400, None),
        (b"SIP/2.0 700 OK", 400, None),
        (b"SIP/2.0 099 OK", 400, None),
        (b"SIP/2.0 4294967301 OK", 400, None),
        (b"SIP/2.0 2\xd9\xa00 OK", 400, None),
        (b"SIP/3.0 200 OK", 505, None),
        (b"SIP/2.0", 400, None),
    ],
)
def test_start_lines_that_are_refused(line: bytes, status: int, method: str | None) -> None:
    error = error_of(line + b"\r\n" + HEADERS + b"\r\n")
    assert error.status == status
    assert (None if error.request is None else error.request.method) == method


def test_the_version_is_read_in_any_case__rfc3261_7_1() -> None:
    assert isinstance(read(b"MESSAGE sip:c@d sip/2.0\r\n" + HEADERS + b"\r\n"), Request)
    assert isinstance(read(b"sIp/2.0 200 OK\r\n" + HEADERS + b"\r\n"), Response)


@pytest.mark.parametrize(
    ("line", "reason"), [(b"SIP/2.0 200", ""), (b"SIP/2.0 200 ", ""), (b"SIP/2.0 200  a b", " a b")]
)
def test_a_reason_phrase_may_be_anything(line: bytes, reason: str) -> None:
    message = read(line + b"\r\n" + HEADERS + b"\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (200, reason)


@pytest.mark.parametrize(
    "octets",
    [
        b"\r\n " * 10_900,
        b" " * 32_000,
        b"\r" * 32_000,
        b"\r\n" * 16_000,
        b"a" * 32_000,
        b"a:" * 16_000,
        b"a\n" * 16_000,
    ],
    ids=range(7),
)
def test_a_header_section_made_to_hurt_is_read_like_any_other(octets: bytes) -> None:
    """See the test of that kind in test_headers.py."""
    for lead in (b"", START, HEAD, HEAD + b"X", HEAD + b"X:"):
        for end in (b"", b"\r\n\r\n"):
            with contextlib.suppress(MalformedMessage):
                parse_datagram(lead + octets + end)
            framer = StreamFramer()
            framer.feed(lead + octets + end)
            drained(framer)


def test_unreadable_octets_are_nobodys_request() -> None:
    assert error_of(b"\x00\x00\x00\x00").request is None
    assert error_of(b"jaK").request is None


def stream(octets: bytes) -> tuple[list[Message | MalformedMessage], StreamFramer]:
    framer = StreamFramer()
    framer.feed(octets)
    return drained(framer), framer


def drained(framer: StreamFramer) -> list[Message | MalformedMessage]:
    found: list[Message | MalformedMessage] = []
    while True:
        try:
            message = framer.next_message()
        except MalformedMessage as error:
            found.append(error)
            continue
        if message is None:
            return found
        found.append(message)


def test_a_stream_holds_one_message_after_another() -> None:
    found, framer = stream(whole(b"first") + b"\r\n" + whole() + whole(b"third\r\n\r\n")[:-1])
    assert [message.body for message in found if not isinstance(message, MalformedMessage)] == [b"first", b""]
    framer.feed(b"\n" + whole(b"fourth"))
    assert [getattr(message, "body", None) for message in drained(framer)] == [b"third\r\n\r\n", b"fourth"]


def test_a_stream_needs_a_content_length__rfc3261_20_14() -> None:
    found, framer = stream(HEAD + b"\r\n" + whole())
    assert [str(error) for error in found] == ["400 Missing Content-Length"]
    assert framer.broken


def test_a_stream_goes_on_behind_a_bad_message_of_known_length() -> None:
    bad = whole(b"body").replace(b"CSeq: 1", b"CSeq: x")
    found, framer = stream(bad + b"MESSAGE  sip:c@d SIP/2.0\r\n" + whole()[len(START) :] + whole(b"good"))
    assert [str(error) for error in found[:2]] == ["400 Bad CSeq", "400 Bad Request Line"]
    assert isinstance(found[2], Request)
    assert found[2].body == b"good"
    assert not framer.broken


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\n\n",
        whole(extra=b"Content-Length\x00: 5\r\n"),
        whole(extra=b"X: a\rb\r\n"),
    ],
)
def test_a_stream_breaks_where_nothing_is_certain(octets: bytes) -> None:
    found, framer = stream(octets + whole())
    assert len(found) == 1
    assert isinstance(found[0], MalformedMessage)
    assert framer.broken


def test_a_stream_that_never_ends_its_headers_is_broken() -> None:
    framer = StreamFramer()
    framer.feed(HEAD + b"Y: ")
    for _ in range(LONGEST_HEADER_SECTION // 1000 - 1):
        framer.feed(b"y" * 1000)
        assert framer.next_message() is None
    framer.feed(b"y" * 2000)
    with pytest.raises(MalformedMessage) as caught:
        framer.next_message()
    assert caught.value.status == 513
    assert caught.value.request is not None
    assert framer.broken


def test_a_message_too_large_for_a_stream_breaks_it_before_its_body_comes() -> None:
    found, framer = stream(HEAD + b"Content-Length: %d\r\n\r\n" % LONGEST_MESSAGE)
    assert [str(error) for error in found] == ["513 Message Too Large"]
    assert framer.broken


def test_pings_are_counted_between_messages_only__rfc5626_3_5_1() -> None:
    framer = StreamFramer()
    for octets, pings in [
        (b"\r\n", 0),
        (b"\r", 0),
        (b"\n", 1),
        (b"\r\n" + whole(b"\r\n\r\n"), 1),
        (b"\r\n\r\n\r\n\r\n", 3),
        (whole()[:-2], 3),
        (b"\r\n\r\n", 3),
        (b"\r\n", 4),
    ]:
        framer.feed(octets)
        drained(framer)
        assert framer.pings == pings


def test_the_answer_to_our_ping_is_no_half_of_a_ping__rfc5626_3_5_1() -> None:
    framer = StreamFramer()
    for octets, pings, awaits in [
        (b"\r\n", 0, False),
        (b"\r\n\r\n", 1, True),  # a ping of theirs that crosses ours
        (b"\r\n", 1, False),
        (b"\r\n\r\n\r\n", 2, False),  # a ping and the answer in one piece
        (b"\r", 2, True),
        (b"\n" + whole(), 2, False),
        (whole() + b"\r\n" + whole(), 2, False),
    ]:
        framer.awaits_pong = True
        framer.feed(octets)
        drained(framer)
        assert (framer.pings, framer.awaits_pong) == (pings, awaits), octets
    framer.feed(b"\r\n\r\n")
    drained(framer)
    assert framer.pings == 3


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces_of_any_size_give_the_same_messages(size: int) -> None:
    octets = (
        b"\r\n\r\n" + whole(b"one") + b"\n" + whole(b"\r\n\r\n").replace(b"\r\n", b"\n") + b"\r\n" + whole()
    )
    expected, _ = stream(octets)
    framer = StreamFramer()
    found = []
    for at in range(0, len(octets), size):
        framer.feed(octets[at : at + size])
        found.extend(drained(framer))
    assert [str(message) for message in found] == [str(message) for message in expected]
    assert framer.pings == 1
