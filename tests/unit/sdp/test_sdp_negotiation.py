"""Offer and answer for one audio stream (RFC 3264)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.agreed import AgreedAudio, PayloadTypes
from mediation.sdp.audio import Direction
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.description import MediaDescription, Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import make_answer, make_offer, read_answer, renew

US = LocalAudio("203.0.113.10", 20000)
ORIGIN = Origin("-", 7, 1, US.host)
BOTH = Capabilities(("PCMU", "PCMA"))


def described(*media: str) -> SessionDescription:
    lines = ["v=0", "o=them 1 1 IN IP4 192.0.2.1", "s=Secret name", "c=IN IP4 192.0.2.1", "t=0 0", *media]
    return SessionDescription.parse("\n".join(lines).encode())


def answered(
    *media: str,
    capabilities: Capabilities = BOTH,
    prefer: str | None = None,
    direction: Direction = Direction.SENDRECV,
) -> tuple[SessionDescription, AgreedAudio]:
    answer, agreed = make_answer(
        described(*media), US, capabilities, ORIGIN, prefer=prefer, direction=direction
    )
    assert SessionDescription.parse(bytes(answer)) == answer
    return answer, agreed


def m_lines(description: SessionDescription) -> list[str]:
    return [media.lines()[0] for media in description.media]


def text(description: SessionDescription) -> list[str]:
    return bytes(description).decode().split("\r\n")[:-1]


# Our offer


def test_an_offer_names_our_codecs_in_our_order_and_nothing_else() -> None:
    assert text(make_offer(US, Capabilities(("PCMA", "PCMU"), ptime_ms=30), ORIGIN)) == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.10",
        "s=-",
        "c=IN IP4 203.0.113.10",
        "t=0 0",
        "m=audio 20000 RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:30",
        "a=sendrecv",
    ]


def test_an_offer_without_events_over_ipv6() -> None:
    local = LocalAudio("2001:db8::10", 20000)
    offer = make_offer(
        local,
        Capabilities(("PCMA",), telephone_event=False),
        Origin("-", 7, 1, local.host),
        direction=Direction.SENDONLY,
    )
    assert text(offer)[1] == "o=- 7 1 IN IP6 2001:db8::10"
    assert text(offer)[3] == "c=IN IP6 2001:db8::10"
    assert text(offer)[5:] == ["m=audio 20000 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "a=sendonly"]


def test_a_later_offer_keeps_number_and_order_of_m_lines__rfc3264_8() -> None:
    ours, _ = answered(
        "m=video 6000 RTP/AVP 31",
        "m=audio 4000 RTP/AVP 0 96",
        "a=rtpmap:96 telephone-event/8000",
        "m=image 5 udptl t38",
    )
    again = make_offer(US, BOTH, ORIGIN, previous=ours)
    assert m_lines(again) == ["m=video 0 RTP/AVP 31", "m=audio 20000 RTP/AVP 0 8 96", "m=image 0 udptl t38"]


def test_a_number_keeps_its_meaning_in_a_later_offer__rfc3264_8_3_2() -> None:
    ours, agreed = answered("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 PCMU/8000")
    assert agreed.payload_type == 101
    assert m_lines(make_offer(US, BOTH, ORIGIN, previous=ours)) == ["m=audio 20000 RTP/AVP 0 8 96"]


def test_a_later_offer_takes_up_a_line_that_had_been_given_up() -> None:
    ours = described("m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 0")
    assert m_lines(make_offer(US, BOTH, ORIGIN, previous=ours))[1] == "m=audio 20000 RTP/AVP 0 8 101"
    ours = described("m=video 0 RTP/AVP 31")
    assert m_lines(make_offer(US, BOTH, ORIGIN, previous=ours))[1] == "m=audio 20000 RTP/AVP 0 8 101"


def test_a_later_offer_speaks_of_the_line_in_use_not_of_its_refused_twin() -> None:
    ours, _ = answered("m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 8")
    again = make_offer(US, Capabilities(("PCMA",), telephone_event=False), ORIGIN, previous=ours)
    assert m_lines(again) == ["m=audio 0 RTP/AVP 18", "m=audio 20000 RTP/AVP 8"]


# Our answer: which m-line, which law


def test_an_answer_names_one_law_and_the_offers_events() -> None:
    answer, agreed = answered(
        "m=audio 4000 RTP/AVP 18 8 0 96 13",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
        "a=ptime:30",
        "a=candidate:1 1 UDP 2130706431 10.0.0.1 8998 typ host",
    )
    assert text(answer) == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.10",
        "s=-",
        "c=IN IP4 203.0.113.10",
        "t=0 0",
        "m=audio 20000 RTP/AVP 8 96",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
        "a=ptime:30",
        "a=sendrecv",
    ]
    assert agreed == AgreedAudio(
        ("192.0.2.1", 4000), ("192.0.2.1", 4001), "PCMA", 8, 96, 30, Direction.SENDRECV
    )


@pytest.mark.parametrize(
    ("offered", "codecs", "prefer", "law"),
    [
        ("0 8", ("PCMA", "PCMU"), None, "PCMU"),
        ("8 0", ("PCMU", "PCMA"), None, "PCMA"),
        ("0 8", ("PCMU", "PCMA"), "PCMA", "PCMA"),
        ("0 8", ("PCMU",), "PCMA", "PCMU"),
        ("0", ("PCMU", "PCMA"), "PCMA", "PCMU"),
        ("18 8", ("PCMU", "PCMA"), "G729", "PCMA"),
        ("0 8", ("PCMA",), None, "PCMA"),
    ],
)
def test_the_offers_order_decides_unless_we_prefer_one_that_both_have__rfc3264_6_1(
    offered: str, codecs: tuple[str, ...], prefer: str | None, law: str
) -> None:
    _, agreed = answered(f"m=audio 4000 RTP/AVP {offered}", capabilities=Capabilities(codecs), prefer=prefer)
    assert agreed.codec == law


def test_a_law_under_a_dynamic_number_keeps_that_number() -> None:
    answer, agreed = answered("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMA/8000")
    assert m_lines(answer) == ["m=audio 20000 RTP/AVP 97"]
    assert (agreed.codec, agreed.payload_type, agreed.incoming) == ("PCMA", 97, None)


@pytest.mark.parametrize("value", ["0-16", "0-15,16", "16", "0-11, 16", "12-16"])
def test_flash_is_listed_to_those_who_list_it(value: str) -> None:
    answer, _ = answered(
        "m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000", f"a=fmtp:96 {value}"
    )
    assert answer.media[0].values("fmtp") == ("96 0-16",)


@pytest.mark.parametrize("value", ["0-15", "", "0-11", "160", "0-160", "x-16", "," * 90, "events=0-15"])
def test_others_hear_of_the_digits_alone(value: str) -> None:
    answer, _ = answered(
        "m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000", f"a=fmtp:96 {value}"
    )
    assert answer.media[0].values("fmtp") == ("96 0-15",)


def test_events_of_another_clock_are_not_ours() -> None:
    _, agreed = answered(
        "m=audio 4000 RTP/AVP 0 96 97",
        "a=rtpmap:96 telephone-event/48000",
        "a=rtpmap:97 telephone-event/8000",
    )
    assert agreed.event_payload_type == 97


def test_events_are_left_out_where_we_do_not_have_them() -> None:
    answer, agreed = answered(
        "m=audio 4000 RTP/AVP 0 96",
        "a=rtpmap:96 telephone-event/8000",
        capabilities=Capabilities(("PCMU",), telephone_event=False),
    )
    assert agreed.event_payload_type is None
    assert answer.media[0].formats == ("0",)


def test_everything_but_one_audio_line_is_refused_in_its_place__rfc3264_6() -> None:
    answer, agreed = answered(
        "m=video 6000 RTP/AVP 31 34",
        "m=audio 4000/2 RTP/AVP 0",
        "m=audio 4100 RTP/AVP 8",
        "m=image 4200 udptl t38",
        "m=application 9 UDP/BFCP *",
        "m=message 7394 TCP/MSRP *",
    )
    assert m_lines(answer) == [
        "m=video 0 RTP/AVP 31 34",
        "m=audio 20000 RTP/AVP 0",
        "m=audio 0 RTP/AVP 8",
        "m=image 0 udptl t38",
        "m=application 0 UDP/BFCP *",
        "m=message 0 TCP/MSRP *",
    ]
    assert agreed.remote == ("192.0.2.1", 4000)
    assert all(media.attributes == () for media in answer.media if media.port == 0)


def test_of_twins_the_one_without_srtp_is_answered() -> None:
    answer, agreed = answered(
        "m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc", "m=audio 4002 RTP/AVP 0"
    )
    assert m_lines(answer) == ["m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 0"]
    assert agreed.remote == ("192.0.2.1", 4002)


def test_an_audio_line_without_a_law_of_ours_gives_way_to_the_next() -> None:
    answer, _ = answered("m=audio 4000 RTP/AVP 18", "m=audio 0 RTP/AVP 0", "m=audio 4002 RTP/AVP 8")
    assert m_lines(answer) == ["m=audio 0 RTP/AVP 18", "m=audio 0 RTP/AVP 0", "m=audio 20000 RTP/AVP 8"]


@pytest.mark.parametrize(
    ("media", "warning"),
    [
        ((), 304),
        (("m=video 6000 RTP/AVP 31",), 304),
        (("m=audio 0 RTP/AVP 0",), 304),
        (("m=audio 4000 RTP/SAVP 0",), 304),
        (("m=audio 4000 RTP/AVPF 0",), 304),
        (("m=audio 4000 RTP/AVP 18",), 305),
        (("m=audio 4000 RTP/AVP",), 305),
        (("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), 305),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 host.example"), 300),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), 300),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 239.1.1.1"), 301),
    ],
)
def test_an_offer_without_audio_for_us_is_not_acceptable(media: tuple[str, ...], warning: int) -> None:
    with pytest.raises(NotAcceptable) as caught:
        answered(*media)
    assert caught.value.warning == warning


# Hold, packet length, RTCP


@pytest.mark.parametrize(
    ("offered", "willing", "ours"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "recvonly", "inactive"),
        ("sendrecv", "inactive", "inactive"),
    ],
)
def test_a_hold_is_mirrored_and_never_widened__rfc3264_6_1(offered: str, willing: str, ours: str) -> None:
    answer, agreed = answered("m=audio 4000 RTP/AVP 0", f"a={offered}", direction=Direction(willing))
    assert agreed.direction == ours
    assert answer.media[0].attributes[-1] == (ours, None)


def test_the_old_hold_by_address_stops_our_sending_and_resumes_with_the_same_port() -> None:
    _, held = answered("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0")
    assert (held.direction, held.remote) == (Direction.RECVONLY, ("0.0.0.0", 4000))
    _, resumed = answered("m=audio 4000 RTP/AVP 0")
    assert (resumed.direction, resumed.remote) == (Direction.SENDRECV, ("192.0.2.1", 4000))


def test_the_old_hold_is_understood_between_ipv6_addresses_too() -> None:
    local = LocalAudio("2001:db8::10", 20000)
    _, agreed = make_answer(
        described("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"), local, BOTH, Origin("-", 7, 1, local.host)
    )
    assert agreed.direction is Direction.RECVONLY


@pytest.mark.parametrize(
    ("attributes", "ptime_ms"),
    [
        (("ptime:10",), 10),
        (("ptime:60",), 60),
        (("ptime:4294967296",), 20),
        (("ptime:0",), 20),
        ((), 20),
        (("maxptime:10",), 10),
        (("ptime:40", "maxptime:30"), 30),
        (("maxptime:150",), 20),
    ],
)
def test_the_packet_length_of_the_offer_is_echoed_within_reason(
    attributes: tuple[str, ...], ptime_ms: int
) -> None:
    answer, agreed = answered("m=audio 4000 RTP/AVP 0", *(f"a={each}" for each in attributes))
    assert agreed.ptime_ms == ptime_ms
    assert answer.media[0].values("ptime") == (str(ptime_ms),)


def test_rtcp_mux_is_not_answered_and_rtcp_keeps_its_own_port() -> None:
    answer, agreed = answered("m=audio 4000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:4000")
    assert not any("rtcp" in line for line in text(answer))
    assert agreed.remote_rtcp == ("192.0.2.1", 4000)


def test_nothing_of_the_offer_stands_in_the_answer_but_refused_lines_and_numbers() -> None:
    offer = described("m=audio 4000 RTP/AVP 0", "a=x-secret:1", "b=AS:99", "i=secret")
    answer, _ = make_answer(offer, US, BOTH, ORIGIN)
    printed = bytes(answer).decode()
    assert not [needle for needle in ("them", "192.0.2.1", "ecret", "AS:99") if needle in printed]


# Their answer

OFFER = make_offer(US, BOTH, ORIGIN)


def test_an_answer_settles_place_law_and_numbers() -> None:
    agreed = read_answer(
        OFFER, described("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", "a=ptime:30")
    )
    assert agreed == AgreedAudio(
        ("192.0.2.1", 4000), ("192.0.2.1", 4001), "PCMA", 8, 101, 30, Direction.SENDRECV
    )


def test_the_first_law_of_an_answer_with_several_is_the_one() -> None:
    assert read_answer(OFFER, described("m=audio 4000 RTP/AVP 18 8 0")).codec == "PCMA"


def test_an_answer_without_packet_length_leaves_that_of_the_offer() -> None:
    offer = make_offer(US, Capabilities(("PCMU",), ptime_ms=30), ORIGIN)
    assert read_answer(offer, described("m=audio 4000 RTP/AVP 0")).ptime_ms == 30


def test_each_side_sends_with_the_numbers_that_the_other_has_written__rfc3264_5_1() -> None:
    agreed = read_answer(
        OFFER,
        described("m=audio 4000 RTP/AVP 97 96", "a=rtpmap:97 PCMA/8000", "a=rtpmap:96 telephone-event/8000"),
    )
    assert (agreed.codec, agreed.payload_type, agreed.event_payload_type) == ("PCMA", 97, 96)
    assert agreed.incoming == PayloadTypes(8, 101)


def test_an_answer_that_repeats_our_number_without_its_name_means_what_we_meant() -> None:
    agreed = read_answer(OFFER, described("m=audio 4000 RTP/AVP 0 101"))
    assert (agreed.event_payload_type, agreed.incoming) == (101, None)


def test_an_answer_without_events_has_none() -> None:
    agreed = read_answer(OFFER, described("m=audio 4000 RTP/AVP 0"))
    assert (agreed.event_payload_type, agreed.incoming) == (None, None)


def test_events_that_we_did_not_offer_are_not_agreed() -> None:
    offer = make_offer(US, Capabilities(("PCMU",), telephone_event=False), ORIGIN)
    answer = described("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")
    assert read_answer(offer, answer).event_payload_type is None


@pytest.mark.parametrize(
    ("offered", "answer", "ours"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "recvonly", "sendonly"),
        ("sendrecv", "sendonly", "recvonly"),
        ("sendonly", "recvonly", "sendonly"),
        ("recvonly", "sendonly", "recvonly"),
        ("inactive", "inactive", "inactive"),
        ("sendonly", "sendrecv", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("inactive", "sendrecv", "inactive"),
    ],
)
def test_what_both_said_is_what_holds_even_when_the_answer_said_too_much(
    offered: str, answer: str, ours: str
) -> None:
    offer = make_offer(US, BOTH, ORIGIN, direction=Direction(offered))
    assert read_answer(offer, described("m=audio 4000 RTP/AVP 0", f"a={answer}")).direction == ours


@pytest.mark.parametrize(
    ("media", "warning"),
    [
        ((), 399),
        (("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"), 399),
        (("m=audio 0 RTP/AVP 0",), 304),
        (("m=audio 4000 RTP/SAVP 0",), 302),
        (("m=video 4000 RTP/AVP 0",), 302),
        (("m=audio 4000 RTP/AVP 18",), 305),
        (("m=audio 4000 RTP/AVP 101",), 305),
        (("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMA/8000"), 305),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), 300),
    ],
)
def test_an_answer_that_does_not_fit_the_offer_is_not_acceptable(
    media: tuple[str, ...], warning: int
) -> None:
    with pytest.raises(NotAcceptable) as caught:
        read_answer(OFFER, described(*media))
    assert caught.value.warning == warning


def test_a_law_that_was_not_offered_is_not_acceptable_in_an_answer() -> None:
    with pytest.raises(NotAcceptable):
        read_answer(make_offer(US, Capabilities(("PCMU",)), ORIGIN), described("m=audio 4000 RTP/AVP 8"))


def test_an_answer_to_a_later_offer_is_read_at_its_place() -> None:
    previous = described("m=video 0 RTP/AVP 31", "m=audio 9 RTP/AVP 0")
    offer = make_offer(US, BOTH, ORIGIN, previous=previous)
    assert read_answer(offer, described("m=video 0 RTP/AVP 31", "m=audio 4000 RTP/AVP 8")).codec == "PCMA"


def test_an_offer_of_nothing_has_no_answer() -> None:
    with pytest.raises(NotAcceptable):
        read_answer(described("m=video 0 RTP/AVP 31"), described("m=video 0 RTP/AVP 31"))


# Versions


def test_the_version_rises_by_one_with_a_change_and_only_then__rfc3264_8() -> None:
    first = renew(None, OFFER)
    assert first == OFFER
    same = renew(first, make_offer(US, BOTH, Origin("-", 99, 55, "198.51.100.1")))
    assert same == first
    held = renew(same, make_offer(US, BOTH, ORIGIN, direction=Direction.SENDONLY))
    assert held.origin == replace(ORIGIN, session_version=2)
    resumed = renew(held, OFFER)
    assert resumed.origin == replace(ORIGIN, session_version=3)
    assert resumed.media == OFFER.media


# All offers

hosts = st.sampled_from(["192.0.2.7", "0.0.0.0", "host.example", "2001:db8::7", "239.0.0.1"])
offered_media = st.builds(
    MediaDescription,
    kind=st.sampled_from(["audio", "audio", "audio", "video", "image", "AUDIO"]),
    port=st.sampled_from([0, 9, 4000, 65535]),
    port_count=st.integers(1, 2),
    protocol=st.sampled_from(["RTP/AVP", "RTP/AVP", "RTP/SAVP", "RTP/AVPF", "udptl", "rtp/avp"]),
    formats=st.lists(st.sampled_from(["0", "8", "18", "13", "96", "101", "t38", "*"]), max_size=5).map(tuple),
    attributes=st.lists(
        st.sampled_from(
            [
                ("rtpmap", "96 PCMA/8000"),
                ("rtpmap", "101 telephone-event/8000"),
                ("rtpmap", "0 PCMA/8000"),
                ("fmtp", "101 0-16"),
                ("sendonly", None),
                ("inactive", None),
                ("ptime", "30"),
                ("ptime", "999999999999"),
                ("rtcp", "53020"),
                ("rtcp-mux", None),
            ]
        ),
        max_size=5,
    ).map(tuple),
)
offers = st.lists(offered_media, max_size=5).flatmap(
    lambda media: st.builds(lambda host: described(f"c=IN IP4 {host}"), hosts).map(
        lambda session: replace(session, media=tuple(media))
    )
)


@given(
    offers, st.sampled_from([BOTH, Capabilities(("PCMA",)), Capabilities(("PCMU",), telephone_event=False)])
)
def test_every_answer_fits_its_offer_or_there_is_none(
    offer: SessionDescription, capabilities: Capabilities
) -> None:
    try:
        answer, agreed = make_answer(offer, US, capabilities, ORIGIN)
    except NotAcceptable:
        return
    assert SessionDescription.parse(bytes(answer)) == answer
    assert len(answer.media) == len(offer.media)
    for ours, theirs in zip(answer.media, offer.media, strict=True):
        assert ours.kind.lower() == theirs.kind.lower()
        assert ours.protocol.upper() == theirs.protocol.upper()
        assert set(ours.formats) <= set(theirs.formats)
        assert theirs.port or not ours.port
    used = [media for media in answer.media if media.port]
    assert len(used) == 1
    assert agreed.codec in capabilities.codecs
    assert str(agreed.payload_type) == used[0].formats[0]
    assert 10 <= agreed.ptime_ms <= 60


@given(offers)
def test_an_answer_of_ours_is_read_by_us_as_it_was_meant(answer_to: SessionDescription) -> None:
    offer = make_offer(
        LocalAudio("192.0.2.7", 4000), BOTH, Origin("-", 3, 1, "192.0.2.7"), previous=answer_to
    )
    answer, theirs = make_answer(offer, US, BOTH, ORIGIN)
    agreed = read_answer(offer, answer)
    assert (agreed.codec, agreed.payload_type, agreed.event_payload_type, agreed.ptime_ms) == (
        theirs.codec,
        theirs.payload_type,
        theirs.event_payload_type,
        theirs.ptime_ms,
    )
    assert agreed.direction is theirs.direction.mirrored
    assert agreed.remote == (US.host, US.port)
