"""What one audio m-line says (RFC 8866 section 6, RFC 3551, RFC 3605)."""

from itertools import product

import pytest

from mediation.sdp.audio import AudioStream, Direction, Format, read_audio
from mediation.sdp.description import SessionDescription
from mediation.sdp.errors import NotAcceptable


def read(
    *attributes: str,
    formats: str = "0 8",
    port: int = 4000,
    session: tuple[str, ...] = ("c=IN IP4 192.0.2.1",),
    media: tuple[str, ...] = (),
    unmapped: tuple[Format, ...] = (),
) -> AudioStream:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *session, f"m=audio {port} RTP/AVP {formats}", *media]
    lines += [f"a={attribute}" for attribute in attributes]
    description = SessionDescription.parse("\n".join(lines).encode())
    return read_audio(description, description.media[0], unmapped=unmapped)


def test_types_0_and_8_need_no_rtpmap__rfc3551_6() -> None:
    assert read(formats="8 0").formats == (Format(8, "PCMA"), Format(0, "PCMU"))


def test_a_dynamic_type_is_known_by_its_name_in_any_case() -> None:
    stream = read("rtpmap:97 pcma/8000", "rtpmap:98 Telephone-Event/8000", "fmtp:98 0-11", formats="97 98")
    assert stream.formats == (Format(97, "PCMA"), Format(98, "telephone-event", "0-11"))


def test_a_name_without_a_type_and_a_type_without_a_name_are_not_there() -> None:
    assert read("rtpmap:97 PCMA/8000", formats="98 0").formats == (Format(0, "PCMU"),)


def test_one_channel_may_be_said_aloud() -> None:
    assert read("rtpmap:0 PCMU/8000/1", formats="0").find("PCMU") == Format(0, "PCMU")


@pytest.mark.parametrize("name", ["PCMU/16000", "PCMU/8000/2", "PCMA/8000", "PCMU/8000x"])
def test_a_static_type_under_another_meaning_has_none(name: str) -> None:
    assert read(f"rtpmap:0 {name}", formats="0 8").formats == (Format(8, "PCMA"),)


@pytest.mark.parametrize(
    "value",
    ["", "0", "0 ", "0 PCMU", "0 /8000", "x PCMA/8000", "0_0 PCMA/8000", "128 PCMA/8000", "\u0660 PCMA/8000"],
)
def test_a_malformed_rtpmap_counts_as_absent(value: str) -> None:
    assert read(f"rtpmap:{value}", formats="0").formats == (Format(0, "PCMU"),)


def test_the_first_of_two_rtpmaps_and_the_first_of_two_equal_numbers_count() -> None:
    stream = read("rtpmap:97 PCMU/8000", "rtpmap:97 PCMA/8000", formats="97 0 97 128 x 0_8")
    assert stream.formats == (Format(97, "PCMU"), Format(0, "PCMU"))


def test_the_first_of_two_fmtps_counts() -> None:
    stream = read("rtpmap:97 telephone-event/8000", "fmtp:97 0-16", "fmtp:97 0-15", formats="97")
    assert stream.formats == (Format(97, "telephone-event", "0-16"),)


def test_numbers_may_borrow_a_meaning_but_not_against_their_own_rtpmap() -> None:
    stream = read(
        "rtpmap:98 opus/48000/1",
        formats="101 98",
        unmapped=(Format(101, "telephone-event"), Format(98, "PCMU")),
    )
    assert stream.formats == (Format(101, "telephone-event"),)


def test_the_address_of_the_media_holds_before_that_of_the_session() -> None:
    assert read(media=("c=IN IP4 198.51.100.7",)).remote == ("198.51.100.7", 4000)


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("c=IN IP6 2001:DB8:0:0::1", "2001:db8::1"),
        ("c=IN IP4 2001:db8::1", "2001:db8::1"),
        ("c=IN IP6 ::ffff:192.0.2.9", "192.0.2.9"),
        ("c=in ip4 192.0.2.9", "192.0.2.9"),
        ("c=IN IP6 ::1", "::1"),
    ],
)
def test_an_address_is_spelt_as_sockets_spell_it(line: str, host: str) -> None:
    assert read(session=(line,)).remote == (host, 4000)


@pytest.mark.parametrize(
    "line",
    [
        "c=IN IP4 media.example.com",
        "c=IN IP4 224.2.1.1/127",
        "c=IN IP4 224.2.1.1",
        "c=IN IP4 255.255.255.255",
        "c=IN IP4 240.0.0.1",
        "c=IN IP4 0.0.0.1",
        "c=IN IP4 192.0.2.010",
        "c=IN IP4 3221225985",
        "c=IN IP4 192.0.2.\u0662",
        "c=IN IP6 ff02::1",
        "c=IN IP6 fe80::1",
        "c=IN IP6 fe80::1%eth0",
        "c=IN IP6 2001:db8::1%25lo",
        "c=IN IP6 [2001:db8::1]",
        "c=ATM NSAP 192.0.2.1",
        "b=AS:64",
    ],
)
def test_what_is_no_address_of_one_party_is_not_acceptable(line: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        read(session=(line,))
    assert 300 <= caught.value.warning <= 399


@pytest.mark.parametrize("port", [0, 65535])
def test_a_port_without_a_next_one_for_rtcp_is_not_acceptable(port: int) -> None:
    with pytest.raises(NotAcceptable):
        read(port=port)


@pytest.mark.parametrize(
    ("attribute", "place"),
    [
        ("rtcp:53020", ("192.0.2.1", 53020)),
        ("rtcp:53020 IN IP4 198.51.100.7", ("198.51.100.7", 53020)),
        ("rtcp:53020 IN IP6 2001:DB8::7", ("2001:db8::7", 53020)),
        ("rtcp:53020 IN IP4 rtcp.example.com", ("192.0.2.1", 53020)),
        ("rtcp:53020 IN IP4", ("192.0.2.1", 53020)),
        ("rtcp:0", ("192.0.2.1", 4001)),
        ("rtcp:70000", ("192.0.2.1", 4001)),
        ("rtcp:", ("192.0.2.1", 4001)),
        ("rtcp", ("192.0.2.1", 4001)),
        ("rtcp-mux", ("192.0.2.1", 4001)),
    ],
)
def test_rtcp_goes_to_the_next_port_unless_said_otherwise__rfc3605(
    attribute: str, place: tuple[str, int]
) -> None:
    assert read(attribute).remote_rtcp == place


@pytest.mark.parametrize("direction", list(Direction))
def test_direction_holds_for_the_media_before_the_session__rfc8866_6_7(direction: Direction) -> None:
    held = ("c=IN IP4 192.0.2.1", "a=inactive")
    assert read(direction).direction is direction
    assert read(direction, session=held).direction is direction
    assert read(session=held).direction is Direction.INACTIVE
    assert read().direction is Direction.SENDRECV


@pytest.mark.parametrize("line", ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"])
def test_the_unspecified_address_takes_nothing__rfc3264_8_4(line: str) -> None:
    assert read(session=(line,)).direction is Direction.SENDONLY
    assert read("recvonly", session=(line,)).direction is Direction.INACTIVE
    assert read("sendonly", session=(line,)).direction is Direction.SENDONLY


@pytest.mark.parametrize(("text", "ptime_ms"), [("10", 10), ("20", 20), ("30", 30), ("60", 60), (" 40 ", 40)])
def test_ptime_is_read_within_reason(text: str, ptime_ms: int) -> None:
    assert read(f"ptime:{text}", f"maxptime:{text}").ptime_ms == ptime_ms
    assert read(f"ptime:{text}", f"maxptime:{text}").max_ptime_ms == ptime_ms


@pytest.mark.parametrize(
    "text",
    ["0", "9", "61", "1000", "-20", "+20", "2_0", "20.5", "\u0662\u0660", "", "4294967296", "9" * 6000],
)
def test_an_absurd_ptime_counts_as_absent(text: str) -> None:
    assert read(f"ptime:{text}", f"maxptime:{text}").ptime_ms is None
    assert read(f"ptime:{text}", f"maxptime:{text}").max_ptime_ms is None


def test_ptime_of_the_session_holds_where_the_media_has_none() -> None:
    session = ("c=IN IP4 192.0.2.1", "a=ptime:30")
    assert read(session=session).ptime_ms == 30
    assert read("ptime:20", session=session).ptime_ms == 20


def test_directions_have_two_halves_and_a_mirror() -> None:
    for sends, takes in product((True, False), repeat=2):
        direction = Direction.of(sends=sends, takes=takes)
        assert (direction.sends, direction.takes) == (sends, takes)
        assert (direction.mirrored.sends, direction.mirrored.takes) == (takes, sends)
    for one, other in product(Direction, repeat=2):
        both = one.within(other)
        assert both.sends == (one.sends and other.sends)
        assert both.takes == (one.takes and other.takes)
