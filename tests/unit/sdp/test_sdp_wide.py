"""G.722 and Opus in offers and answers (RFC 3551 section 4.5.2, RFC 7587)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.description import SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import make_answer, make_offer, read_answer
from mediation.sdp.opus import ANY_OPUS, OpusWishes
from tests.unit.sdp.test_sdp_negotiation import ORIGIN, US, described, text

ALL = Capabilities(("PCMU", "PCMA", "G722", "opus"))
WIDE_FIRST = Capabilities(("opus", "G722", "PCMU", "PCMA"))
OPUS = "a=rtpmap:111 opus/48000/2"


def agreed(
    *media: str, capabilities: Capabilities = ALL, prefer: str | None = None
) -> tuple[list[str], AgreedAudio]:
    answer, audio = make_answer(described(*media), US, capabilities, ORIGIN, prefer=prefer)
    assert SessionDescription.parse(bytes(answer)) == answer
    return text(answer)[5:], audio


def test_an_offer_has_the_clock_and_the_channels_that_opus_must_have__rfc7587_7() -> None:
    assert text(make_offer(US, ALL, ORIGIN))[5:] == [
        "m=audio 20000 RTP/AVP 0 8 9 96 101 97",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=32000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtpmap:97 telephone-event/48000",
        "a=fmtp:97 0-16",
        "a=ptime:20",
        "a=sendrecv",
    ]


def test_numbers_stay_in_later_offers__rfc3264_8_3_2() -> None:
    lines, _ = agreed("m=audio 4000 RTP/AVP 111 110", OPUS, "a=rtpmap:110 telephone-event/48000")
    ours = described(*lines)
    assert "m=audio 20000 RTP/AVP 0 8 9 111 101 110" in text(make_offer(US, ALL, ORIGIN, previous=ours))


def test_a_law_is_taken_where_there_is_one() -> None:
    _, audio = agreed("m=audio 4000 RTP/AVP 111 9 8", OPUS)
    assert audio.codec == "PCMA"


def test_a_wide_codec_is_taken_from_who_has_nothing_else() -> None:
    lines, audio = agreed("m=audio 4000 RTP/AVP 111 9", OPUS, "a=fmtp:111 useinbandfec=1")
    assert (audio.codec, audio.payload_type, audio.parameters) == ("opus", 111, "useinbandfec=1")
    assert lines[:3] == [
        "m=audio 20000 RTP/AVP 111",
        OPUS,
        "a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=32000",
    ]
    lines, audio = agreed("m=audio 4000 RTP/AVP 9")
    assert (audio.codec, audio.payload_type) == ("G722", 9)
    assert lines[1] == "a=rtpmap:9 G722/8000"


def test_a_wide_codec_that_stands_first_in_our_list_is_preferred() -> None:
    offer = ("m=audio 4000 RTP/AVP 8 9 111", OPUS)
    assert (
        agreed(*offer, capabilities=WIDE_FIRST, prefer="PCMA")[1].codec == "G722"
    )  # by the order of the offer
    assert agreed(*offer, capabilities=WIDE_FIRST, prefer="opus")[1].codec == "opus"


def test_what_the_other_side_of_the_call_has_needs_no_transcoding() -> None:
    assert agreed("m=audio 4000 RTP/AVP 8 9 111", OPUS, prefer="G722")[1].codec == "G722"
    assert agreed("m=audio 4000 RTP/AVP 0 8 111", OPUS, prefer="PCMA")[1].codec == "PCMA"


def test_nobody_gets_a_codec_that_we_were_not_told_to_offer() -> None:
    laws = Capabilities(("PCMU", "PCMA"))
    assert not any("opus" in line or "G722" in line for line in text(make_offer(US, laws, ORIGIN)))
    with pytest.raises(NotAcceptable):
        agreed("m=audio 4000 RTP/AVP 111 9", OPUS, capabilities=laws)


@pytest.mark.parametrize(
    "rtpmap", ["opus/48000", "opus/48000/1", "opus/8000", "opus/16000/2", "opus/48000/2/2"]
)
def test_opus_with_another_clock_is_no_opus__rfc7587_7(rtpmap: str) -> None:
    with pytest.raises(NotAcceptable):
        agreed("m=audio 4000 RTP/AVP 111", f"a=rtpmap:111 {rtpmap}")


@pytest.mark.parametrize("name", ["OPUS", "Opus", "opus"])
def test_names_are_the_same_whatever_their_case__rfc4855_3(name: str) -> None:
    assert agreed("m=audio 4000 RTP/AVP 111", f"a=rtpmap:111 {name}/48000/2")[1].codec == "opus"


def test_events_have_the_clock_of_the_audio_beside_them__rfc4733_2_1() -> None:
    both = ("a=rtpmap:101 telephone-event/8000", "a=rtpmap:110 telephone-event/48000", "a=fmtp:110 0-16")
    lines, audio = agreed("m=audio 4000 RTP/AVP 111 101 110", OPUS, *both)
    assert (audio.event_payload_type, audio.event_clock_hz) == (110, 48_000)
    assert lines[3:5] == ["a=rtpmap:110 telephone-event/48000", "a=fmtp:110 0-16"]
    _, audio = agreed("m=audio 4000 RTP/AVP 8 101 110", *both)
    assert (audio.event_payload_type, audio.event_clock_hz) == (101, 8_000)
    _, audio = agreed("m=audio 4000 RTP/AVP 111 101", OPUS, both[0])  # many phones have no other
    assert (audio.event_payload_type, audio.event_clock_hz) == (101, 8_000)


def test_events_of_a_clock_that_g711_does_not_have_are_not_taken__rfc4733_2_1() -> None:
    event = "a=rtpmap:110 telephone-event/48000"
    lines, audio = agreed("m=audio 4000 RTP/AVP 8 110", event)
    assert audio.event_payload_type is None
    assert lines[0] == "m=audio 20000 RTP/AVP 8"
    audio = read_answer(
        make_offer(US, ALL, ORIGIN), described("m=audio 4000 RTP/AVP 8 97", event[:9] + "97" + event[12:])
    )
    assert audio.event_payload_type is None


def test_an_answer_with_opus_settles_numbers_and_clock() -> None:
    offer = make_offer(US, ALL, ORIGIN)
    answer = described(
        "m=audio 4000 RTP/AVP 111 98",
        OPUS,
        "a=fmtp:111 maxaveragebitrate=20000",
        "a=rtpmap:98 telephone-event/48000",
    )
    audio = read_answer(offer, answer)
    assert (audio.codec, audio.payload_type, audio.event_payload_type) == ("opus", 111, 98)
    assert audio.incoming is not None
    assert (audio.incoming.law, audio.incoming.event) == (96, 97)
    assert (audio.event_clock_hz, audio.parameters) == (48_000, "maxaveragebitrate=20000")


def test_an_answer_may_leave_out_what_our_numbers_mean() -> None:
    audio = read_answer(make_offer(US, ALL, ORIGIN), described("m=audio 4000 RTP/AVP 96 97"))
    assert (audio.codec, audio.event_payload_type, audio.event_clock_hz) == ("opus", 97, 48_000)


def test_comfort_noise_is_for_g711_alone() -> None:
    offer = ("m=audio 4000 RTP/AVP 9 13",)
    lines, audio = agreed(*offer, capabilities=Capabilities(("G722",), comfort_noise=True))
    assert not audio.comfort_noise
    assert lines[0] == "m=audio 20000 RTP/AVP 9"


@pytest.mark.parametrize(
    ("parameters", "wishes"),
    [
        ("", ANY_OPUS),
        ("useinbandfec=1; usedtx=1", OpusWishes(fec=True)),
        ("maxplaybackrate=8000;maxaveragebitrate=12000;cbr=1", OpusWishes(8_000, 12_000, constant=True)),
        ("MaxPlaybackRate=16000 ;stereo=1", OpusWishes(16_000)),
        ("maxplaybackrate=1;maxaveragebitrate=1", ANY_OPUS),
        ("maxplaybackrate=x;maxaveragebitrate=9999999;useinbandfec=2;cbr", ANY_OPUS),
        ("maxplaybackrate=8000;maxplaybackrate=48000", OpusWishes(8_000)),
    ],
)
def test_what_a_party_wants_of_opus__rfc7587_6_1(parameters: str, wishes: OpusWishes) -> None:
    assert OpusWishes.parse(parameters) == wishes


@given(st.text())
def test_no_parameters_break_anything(parameters: str) -> None:
    wishes = OpusWishes.parse(parameters)
    assert 8_000 <= wishes.playback_hz <= 48_000
    assert wishes.bitrate == 0 or 6_000 <= wishes.bitrate <= 510_000


@given(st.lists(st.sampled_from(["PCMU", "PCMA", "G722", "opus"]), min_size=1, unique=True))
def test_every_offer_of_ours_can_be_answered_by_ourselves(codecs: list[str]) -> None:
    offer = make_offer(US, Capabilities(tuple(codecs)), ORIGIN)
    answer, audio = make_answer(offer, LocalAudio("203.0.113.20", 30_000), ALL, ORIGIN)
    settled = read_answer(offer, answer)
    assert settled.codec == audio.codec
    assert settled.event_clock_hz == audio.event_clock_hz == (48_000 if audio.codec == "opus" else 8_000)
