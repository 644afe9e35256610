"""RFC 8866: octets to values and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp import description as room
from mediation.sdp.description import Connection, MediaDescription, Origin, SdpError, SessionDescription

SHORT = b"v=0\r\no=- 3 4 IN IP4 192.0.2.1\r\ns=-\r\n"


def body(*lines: str, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode("utf-8", "surrogateescape")


WHOLE = (
    "v=0",
    "o=alice 2890844526 2890842807 IN IP4 192.0.2.5",
    "s=Seminar",
    "i=A talk",
    "u=http://example.com/talk",
    "e=alice@example.com",
    "p=+1 617 555 6011",
    "c=IN IP4 192.0.2.17",
    "b=CT:128",
    "b=X-odd:1",
    "t=2873397496 2873404696",
    "r=7d 1h 0 25h",
    "z=2882844526 -1h",
    "k=prompt",
    "y=unknown type",
    "a=recvonly",
    "a=tool:ours",
    "m=audio 49170/2 RTP/AVP 0 8 101",
    "i=voice",
    "c=IN IP6 2001:db8::17",
    "b=AS:64",
    "k=clear:secret",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=:",
    "a=",
    "m=application 9 UDP/BFCP *",
)


def test_every_line_of_rfc_8866_section_5_is_printed_as_it_came() -> None:
    assert bytes(SessionDescription.parse(body(*WHOLE))) == body(*WHOLE)


def test_each_line_is_found_under_its_name() -> None:
    session = SessionDescription.parse(body(*WHOLE))
    audio, application = session.media
    assert session.origin == Origin("alice", 2890844526, 2890842807, "192.0.2.5")
    assert (session.version, session.session_name) == (0, "Seminar")
    assert session.connection == Connection("192.0.2.17")
    assert session.bandwidths == ("CT:128", "X-odd:1")
    assert [letter for letter, _ in session.times] == ["t", "r", "z"]
    assert session.attributes == (("recvonly", None), ("tool", "ours"))
    assert session.others == (("k", "prompt"), ("y", "unknown type"))
    assert (audio.kind, audio.port, audio.port_count, audio.protocol) == ("audio", 49170, 2, "RTP/AVP")
    assert audio.formats == ("0", "8", "101")
    assert audio.connection == Connection("2001:db8::17")
    assert audio.attributes[-2:] == (("", ""), ("", None))
    assert audio.values("fmtp") == ("101 0-15",)
    assert application == MediaDescription("application", 9, 1, "UDP/BFCP", ("*",))


def test_a_media_connection_holds_before_the_sessions__rfc8866_5_7() -> None:
    session = SessionDescription.parse(body(*WHOLE))
    assert [session.connection_of(media) for media in session.media] == [
        Connection("2001:db8::17"),
        Connection("192.0.2.17"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_ends_with_crlf_or_with_lf_alone(end: str) -> None:
    assert SessionDescription.parse(body(*WHOLE, end=end)) == SessionDescription.parse(body(*WHOLE))


def test_the_last_line_may_lack_its_end_and_empty_lines_may_follow() -> None:
    whole = SessionDescription.parse(body(*WHOLE))
    assert SessionDescription.parse(body(*WHOLE).rstrip()) == whole
    assert SessionDescription.parse(body(*WHOLE) + b"\r\n\r\n") == whole


def test_name_and_time_may_be_missing_and_are_printed_as_none() -> None:
    session = SessionDescription.parse(b"v=0\no=- 1 1 IN IP4 192.0.2.1\n")
    assert bytes(session) == b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"


def test_lines_may_come_in_another_order_than_they_are_printed() -> None:
    mixed = SessionDescription.parse(
        body("v=0", "a=sendrecv", "t=0 0", "s=x", "c=IN IP4 192.0.2.9", WHOLE[1])
    )
    straight = body("v=0", WHOLE[1], "s=x", "c=IN IP4 192.0.2.9", "t=0 0", "a=sendrecv")
    assert bytes(mixed) == straight


def test_octets_that_are_no_utf_8_and_line_ends_of_other_scripts_pass_untouched() -> None:
    odd = SHORT + b"t=0 0\r\na=title:\xff\xfe \x0b\x0c\x1c\x85 \xe2\x80\xa8 \xc2\xa0\r\n"
    session = SessionDescription.parse(odd)
    assert len(session.attributes) == 1
    assert bytes(session) == odd


def test_a_user_name_with_spaces_is_read_from_the_right() -> None:
    session = SessionDescription.parse(body("v=0", "o=My SIP box 1 2 IN IP4 host.example"))
    assert session.origin == Origin("My SIP box", 1, 2, "host.example")


def test_a_negative_version_is_read_because_old_equipment_counts_in_32_bits() -> None:
    assert SessionDescription.parse(body("v=0", "o=- -17 -2 IN IP4 192.0.2.1")).origin.session_id == -17


def test_address_type_and_address_may_disagree_and_are_printed_so() -> None:
    text = body("v=0", "o=- 1 1 IN IP6 host.example", "s=-", "c=IN IP6 host.example", "t=0 0")
    assert bytes(SessionDescription.parse(text)) == text


def test_spaces_too_many_between_words_do_no_harm() -> None:
    session = SessionDescription.parse(SHORT + b"c=IN  IP4 192.0.2.1 \r\nm=audio  4000 RTP/AVP 0  8 \r\n")
    assert session.connection == Connection("192.0.2.1")
    assert session.media[0].formats == ("0", "8")


def test_a_refused_line_without_formats_is_read() -> None:
    assert SessionDescription.parse(SHORT + b"m=video 0 RTP/AVP\r\n").media[0].formats == ()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n",
        b"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n",
        b"v=0\r\ns=-\r\nt=0 0\r\n",
        SHORT + b"o=- 1 1 IN IP4 192.0.2.1\r\n",
        SHORT + b"s=-\r\n",
        SHORT + b"v=0\r\n",
        SHORT + b"a\r\n",
        SHORT + b" a=x\r\n",
        SHORT + b"Content-Type: text/plain\r\n",
        SHORT + b"a=one\rtwo\r\n",
        SHORT + b"a=one\r\r\n",
        SHORT + b"a=nul\x00\r\n",
        SHORT + b"c=IN IP4\r\n",
        SHORT + b"c=IN IP4 192.0.2.1 x\r\n",
        SHORT + b"m=audio\r\n",
        SHORT + b"m=audio 4000\r\n",
        SHORT + b"m=audio -1 RTP/AVP 0\r\n",
        SHORT + b"m=audio +1 RTP/AVP 0\r\n",
        SHORT + b"m=audio 65536 RTP/AVP 0\r\n",
        SHORT + b"m=audio 4_0 RTP/AVP 0\r\n",
        SHORT + b"m=audio 40/ RTP/AVP 0\r\n",
        SHORT + b"m=audio 40/x RTP/AVP 0\r\n",
        SHORT + b"m=audio 000000 RTP/AVP 0\r\n",
        SHORT + "m=audio ٤٠٠٠ RTP/AVP 0\r\n".encode(),
        SHORT + "m=audio ² RTP/AVP 0\r\n".encode(),
        b"v=0\r\no=- 1 1 IN IP4\r\n",
        b"v=0\r\no=- x 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1  1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1_0 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1 " + b"9" * 5000 + b" IN IP4 192.0.2.1\r\n",
    ],
)
def test_what_is_no_description_is_an_error_of_ours(octets: bytes) -> None:
    with pytest.raises(SdpError) as caught:
        SessionDescription.parse(octets)
    assert caught.value.reason.isascii()


@pytest.mark.parametrize(
    ("unit", "limit"),
    [
        (b"a=x\r\n", room.MAX_LINES),
        (b"m=audio 4000 RTP/AVP 0\r\n", room.MAX_MEDIA),
    ],
)
def test_more_lines_than_the_limit_are_refused_and_the_limit_itself_is_not(unit: bytes, limit: int) -> None:
    # Three lines stand before, and what follows the last line end counts as one.
    fits = limit - 4 if limit == room.MAX_LINES else limit
    SessionDescription.parse(SHORT + unit * fits)
    with pytest.raises(SdpError, match="too many"):
        SessionDescription.parse(SHORT + unit * (fits + 1))


def test_a_body_beyond_the_limit_is_refused_unread() -> None:
    room_left = room.MAX_OCTETS - len(SHORT) - len(b"a=\r\n")
    SessionDescription.parse(SHORT + b"a=" + b"x" * room_left + b"\r\n")
    with pytest.raises(SdpError, match="too long"):
        SessionDescription.parse(SHORT + b"a=" + b"x" * (room_left + 1) + b"\r\n")


def test_formats_beyond_the_limit_are_refused() -> None:
    most = b" 0" * room.MAX_FORMATS
    SessionDescription.parse(SHORT + b"m=audio 4000 RTP/AVP" + most + b"\r\n")
    with pytest.raises(SdpError):
        SessionDescription.parse(SHORT + b"m=audio 4000 RTP/AVP" + most + b" 0\r\n")


# What may stand in a value: anything but NUL, CR and LF (byte-string of RFC 8866 section 9).
values = st.text(st.characters(exclude_characters="\0\r\n", codec="utf-8"), max_size=12)
words = st.text(st.characters(exclude_characters="\0\r\n ", codec="utf-8"), min_size=1, max_size=8)
numbers = st.integers(min_value=-(2**63), max_value=2**64 - 1)
connections = st.builds(Connection, words)
attributes = st.lists(
    st.tuples(st.text("abcdefgh-", max_size=6), st.one_of(st.none(), values)), max_size=4
).map(tuple)
bandwidths = st.lists(values, max_size=2).map(tuple)


def lines(letters: str) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    return st.lists(st.tuples(st.sampled_from(letters), values), max_size=3).map(tuple)


media_descriptions = st.builds(
    MediaDescription,
    kind=words,
    port=st.integers(0, 65_535),
    port_count=st.integers(1, 9),
    protocol=words,
    formats=st.lists(words, max_size=4).map(tuple),
    connection=st.one_of(st.none(), connections),
    attributes=attributes,
    bandwidths=bandwidths,
    information=lines("i"),
    others=lines("ktvsoXü"),
)
descriptions = st.builds(
    SessionDescription,
    version=st.just(0),
    origin=st.builds(Origin, words, numbers, numbers, words),
    session_name=values,
    connection=st.one_of(st.none(), connections),
    bandwidths=bandwidths,
    times=st.lists(st.tuples(st.sampled_from("trz"), values), min_size=1, max_size=3).map(tuple),
    attributes=attributes,
    media=st.lists(media_descriptions, max_size=3).map(tuple),
    information=lines("iuep"),
    others=lines("kXyü"),
)


def test_the_first_connection_of_a_section_holds_and_the_others_are_kept() -> None:
    session = SessionDescription.parse(
        SHORT + b"m=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2\n"
    )
    assert session.media[0].connection == Connection("192.0.2.1")
    assert session.media[0].others == (("c", "IN IP4 192.0.2.2"),)


@given(descriptions)
def test_what_is_printed_is_read_as_the_same(session: SessionDescription) -> None:
    assert SessionDescription.parse(bytes(session)) == session
