"""Offer and answer for T.38 over UDPTL (ITU-T T.38 annex D)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.description import MediaDescription, Origin, SessionDescription
from mediation.sdp.fax import (
    MAX_DATAGRAM_OCTETS,
    ErrorCorrection,
    FaxOffer,
    FaxParameters,
    NotAcceptable,
    RateManagement,
    fax_is_on,
    make_fax_answer,
    make_fax_offer,
    read_fax_answer,
    read_fax_offer,
)
from mediation.sdp.negotiation import make_answer, make_offer, read_answer

US = LocalAudio("203.0.113.10", 20000)
ORIGIN = Origin("-", 7, 1, US.host)
BOTH = Capabilities(("PCMU", "PCMA"))
IMAGE = (
    "m=image 4500 udptl t38",
    "a=T38FaxVersion:0",
    "a=T38MaxBitRate:14400",
    "a=T38FaxFillBitRemoval",
    "a=T38FaxRateManagement:transferredTCF",
    "a=T38FaxMaxBuffer:260",
    "a=T38FaxMaxDatagram:316",
    "a=T38FaxUdpEC:t38UDPRedundancy",
)
PARAMETERS = FaxParameters(
    version=0,
    max_bit_rate=14400,
    fill_bit_removal=True,
    rate_management=RateManagement.TRANSFERRED_TCF,
    max_buffer=260,
    max_datagram=316,
    error_correction=ErrorCorrection.REDUNDANCY,
)
AUDIO = "m=audio 4000 RTP/AVP 8"


def described(*lines: str) -> SessionDescription:
    head = ["v=0", "o=them 1 1 IN IP4 192.0.2.1", "s=Secret name", "c=IN IP4 192.0.2.1", "t=0 0"]
    return SessionDescription.parse("\n".join([*head, *lines]).encode())


def asked(*lines: str) -> FaxOffer:
    offer = read_fax_offer(described(*lines), US.host)
    assert offer is not None
    return offer


def m_lines(description: SessionDescription) -> list[str]:
    return [media.lines()[0] for media in description.media]


numbers = st.none() | st.integers(1, 99_999)
parameters = st.builds(
    FaxParameters,
    version=st.none() | st.integers(0, 9),
    max_bit_rate=numbers,
    fill_bit_removal=st.booleans(),
    transcoding_mmr=st.booleans(),
    transcoding_jbig=st.booleans(),
    rate_management=st.none() | st.sampled_from(RateManagement),
    max_buffer=numbers,
    max_datagram=st.none() | st.integers(1, MAX_DATAGRAM_OCTETS),
    error_correction=st.none() | st.sampled_from(ErrorCorrection),
)


# Reading what is offered


def test_a_fax_is_read_with_all_its_parameters__t38_d_2_3() -> None:
    assert asked(*IMAGE) == FaxOffer(0, ("192.0.2.1", 4500), PARAMETERS)


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ((*IMAGE,), 0),
        (("m=audio 0 RTP/AVP 8", *IMAGE), 1),
        ((*IMAGE, "m=audio 0 RTP/AVP 8"), 0),
        (("m=video 6000 RTP/AVP 31", *IMAGE), 1),
        (("m=image 0 udptl t38", *IMAGE), 1),
        (("m=image 5 tcp t38", *IMAGE), 1),
        (("m=IMAGE 4500 UDPTL T38",), 0),
    ],
)
def test_the_first_image_with_a_port_is_the_fax(lines: tuple[str, ...], place: int) -> None:
    assert asked(*lines).place == place


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (AUDIO,),
        (AUDIO, "m=image 0 udptl t38"),
        ("m=image 4500 tcp t38",),
        ("m=image 4500 udptl jpeg",),
        ("m=audio 4500 udptl t38",),
        ("m=image 4500 RTP/AVP t38",),
    ],
)
def test_everything_else_is_no_fax(lines: tuple[str, ...]) -> None:
    assert read_fax_offer(described(*lines), US.host) is None


def test_an_image_has_an_address_of_its_own() -> None:
    assert asked("m=image 4500 udptl t38", "c=IN IP4 192.0.2.77").remote == ("192.0.2.77", 4500)


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ("IN IP4 0.0.0.0", "hold"),
        ("IN IP4 224.2.1.1", "not usable"),
        ("IN IP4 fax.example.com", "no IP address"),
        ("IN IP6 2001:db8::1", "another family"),
    ],
)
def test_a_fax_to_nowhere_is_not_acceptable(connection: str, reason: str) -> None:
    with pytest.raises(NotAcceptable, match=reason):
        read_fax_offer(described("m=image 4500 udptl t38", f"c={connection}"), US.host)


def test_a_fax_without_any_address_is_not_acceptable() -> None:
    offer = replace(described(*IMAGE), connection=None)
    with pytest.raises(NotAcceptable, match="no connection address"):
        read_fax_offer(offer, US.host)


@pytest.mark.parametrize("audio", [AUDIO, "m=audio 4000 RTP/SAVP 8"])
def test_a_call_that_offers_both_begins_as_audio(audio: str) -> None:
    assert read_fax_offer(described(audio, *IMAGE), US.host) is None
    assert read_fax_offer(described(*IMAGE, audio), US.host) is None


SILENT_AUDIO, NO_IMAGE = "m=audio 0 RTP/AVP 8", "m=image 0 udptl t38"


@pytest.mark.parametrize(
    ("before", "fax_now", "is_fax"),
    [
        ((AUDIO,), False, True),
        ((AUDIO, NO_IMAGE), False, True),
        ((SILENT_AUDIO, *IMAGE), True, False),
        (IMAGE, True, False),
        ((AUDIO, *IMAGE), False, False),
        ((AUDIO, *IMAGE), True, True),
        ((SILENT_AUDIO, NO_IMAGE), True, True),
        ((SILENT_AUDIO, NO_IMAGE), False, False),
    ],
)
def test_of_both_the_new_one_wins_and_without_news_the_call_stays_what_it_is(
    before: tuple[str, ...], fax_now: bool, is_fax: bool
) -> None:
    offer = described(AUDIO, *IMAGE)
    found = read_fax_offer(offer, US.host, before=described(*before), fax_now=fax_now)
    assert (found is not None) is is_fax


def test_an_image_alone_is_a_fax_whatever_was_before() -> None:
    for before in (None, described(AUDIO), described(*IMAGE)):
        for fax_now in (True, False):
            assert read_fax_offer(described(*IMAGE), US.host, before=before, fax_now=fax_now) is not None


# Parameters


@given(parameters)
def test_parameters_are_printed_as_they_are_read(said: FaxParameters) -> None:
    media = MediaDescription("image", 4500, 1, "udptl", ("t38",), attributes=said.attributes)
    assert FaxParameters.read(media) == said
    again = SessionDescription.parse(bytes(make_fax_offer(US, said, ORIGIN)))
    assert FaxParameters.read(again.media[0]) == said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=t38faxversion:3", FaxParameters(version=3)),
        ("a=T38FaxVersion: 2 ", FaxParameters(version=2)),
        ("a=T38FaxFillBitRemoval:0", FaxParameters()),
        ("a=T38FaxFillBitRemoval:1", FaxParameters(fill_bit_removal=True)),
        ("a=T38FaxTranscodingMMR", FaxParameters(transcoding_mmr=True)),
        ("a=T38FaxTranscodingJBIG:", FaxParameters(transcoding_jbig=True)),
        ("a=T38FaxTranscodingJBIG:yes", FaxParameters()),
        ("a=T38FaxUdpEC:T38UDPfec", FaxParameters(error_correction=ErrorCorrection.FEC)),
        ("a=T38FaxUdpEC:t38UDPNoEC", FaxParameters(error_correction=ErrorCorrection.NONE)),
        ("a=T38FaxRateManagement:localTCF", FaxParameters(rate_management=RateManagement.LOCAL_TCF)),
        ("a=T38FaxMaxDatagram:9000", FaxParameters(max_datagram=MAX_DATAGRAM_OCTETS)),
    ],
)
def test_attributes_are_read_as_products_write_them(line: str, expected: FaxParameters) -> None:
    assert asked("m=image 4500 udptl t38", line).parameters == expected


@pytest.mark.parametrize(
    "line",
    [
        "a=T38VendorInfo:0 0 37",
        "a=T38FaxVersion:10",
        "a=T38FaxVersion",
        "a=T38FaxVersion:-1",
        "a=T38MaxBitRate:0",
        "a=T38MaxBitRate:1e4",
        "a=T38MaxBitRate:144000000000",
        "a=T38FaxMaxBuffer:٤",
        "a=T38FaxMaxDatagram:0",
        "a=T38FaxUdpEC:t38UDPSecret",
        "a=T38FaxUdpEC",
        "a=T38FaxRateManagement:localTCF\x0bm=audio",
        "a=sendrecv",
    ],
)
def test_what_is_malformed_absurd_or_unknown_counts_as_absent(line: str) -> None:
    assert asked("m=image 4500 udptl t38", line).parameters == FaxParameters()


def test_of_an_attribute_that_stands_twice_the_first_counts() -> None:
    offer = asked("m=image 4500 udptl t38", "a=T38MaxBitRate:9600", "a=T38MaxBitRate:14400")
    assert offer.parameters.max_bit_rate == 9600


@given(parameters, parameters)
def test_an_answer_never_goes_beyond_the_offer(answered: FaxParameters, offered: FaxParameters) -> None:
    agreed = answered.within(offered)
    assert (agreed.version or 0) <= (offered.version or 0)
    if agreed.max_bit_rate is not None:
        assert agreed.max_bit_rate <= (offered.max_bit_rate or agreed.max_bit_rate)
        assert agreed.max_bit_rate <= (answered.max_bit_rate or 0)
    for flag in ("fill_bit_removal", "transcoding_mmr", "transcoding_jbig"):
        assert getattr(agreed, flag) is (getattr(answered, flag) and getattr(offered, flag))
    kept = ("rate_management", "max_buffer", "max_datagram", "error_correction")
    assert all(getattr(agreed, name) == getattr(answered, name) for name in kept)
    assert agreed.within(offered) == agreed


# Our offer to the other leg


def test_our_offer_tells_the_parameters_and_our_own_place_and_nothing_else() -> None:
    offer = make_fax_offer(US, asked(*IMAGE, "a=T38VendorInfo:0 0 37", "a=fmtp:secret").parameters, ORIGIN)
    assert bytes(offer).decode().split("\r\n")[:-1] == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.10",
        "s=-",
        "c=IN IP4 203.0.113.10",
        "t=0 0",
        "m=image 20000 udptl t38",
        *IMAGE[1:],
    ]


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        ([AUDIO], ["m=image 20000 udptl t38"]),
        (["m=video 0 RTP/AVP 31", AUDIO], ["m=video 0 RTP/AVP 31", "m=image 20000 udptl t38"]),
        ([AUDIO, NO_IMAGE], ["m=audio 0 RTP/AVP 8", "m=image 20000 udptl t38"]),
        ([SILENT_AUDIO, *IMAGE], ["m=audio 0 RTP/AVP 8", "m=image 20000 udptl t38"]),
        (["m=video 0 RTP/AVP 31"], ["m=video 0 RTP/AVP 31", "m=image 20000 udptl t38"]),
    ],
)
def test_a_fax_takes_the_place_of_our_audio_and_no_line_goes_or_moves__rfc3264_8_3_3(
    previous: list[str], expected: list[str]
) -> None:
    assert m_lines(make_fax_offer(US, PARAMETERS, ORIGIN, described(*previous))) == expected


def test_audio_takes_its_place_back_after_a_fax__rfc3264_8_3_3() -> None:
    audio = make_offer(US, BOTH, ORIGIN)
    fax = make_fax_offer(US, PARAMETERS, ORIGIN, audio)
    assert fax_is_on(fax)
    back = make_offer(US, BOTH, ORIGIN, previous=fax)
    assert back == audio
    assert not fax_is_on(back)


def test_audio_after_a_fax_on_a_line_of_its_own_stands_where_it_stood_before() -> None:
    theirs = described(SILENT_AUDIO, *IMAGE)
    ours = make_fax_answer(theirs, US, asked(SILENT_AUDIO, *IMAGE), PARAMETERS, ORIGIN)
    back = make_offer(US, BOTH, ORIGIN, previous=ours)
    assert m_lines(back) == ["m=audio 20000 RTP/AVP 0 8 101", "m=image 0 udptl t38"]
    answer = described("m=audio 4000 RTP/AVP 0", NO_IMAGE)
    assert read_answer(back, answer).remote == ("192.0.2.1", 4000)


# The answer to it


def test_an_answer_with_a_port_is_an_agreed_fax() -> None:
    offer = make_fax_offer(US, PARAMETERS, ORIGIN, described(SILENT_AUDIO, AUDIO))
    agreed = read_fax_answer(
        offer, described("m=audio 0 RTP/AVP 8", "m=image 4700 udptl t38", "a=T38MaxBitRate:33600")
    )
    assert agreed.remote == ("192.0.2.1", 4700)
    assert agreed.parameters == FaxParameters(max_bit_rate=14400)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("m=image 0 udptl t38",), "refused"),
        ((AUDIO,), "another kind"),
        ((*IMAGE, AUDIO), "another number"),
        ((), "another number"),
        (("m=image 4500 udptl t38", "c=IN IP4 0.0.0.0"), "hold"),
    ],
)
def test_an_answer_that_is_none_is_not_acceptable(lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NotAcceptable, match=reason):
        read_fax_answer(make_fax_offer(US, PARAMETERS, ORIGIN), described(*lines))


def test_an_answer_to_an_offer_without_a_fax_is_none() -> None:
    for offer in (make_offer(US, BOTH, ORIGIN), described(AUDIO, NO_IMAGE)):
        with pytest.raises(NotAcceptable, match="no fax was offered"):
            read_fax_answer(offer, described(*IMAGE))


# Our answer


def test_our_answer_has_every_line_of_the_offer_and_the_fax_alone_in_use__rfc3264_6() -> None:
    lines = ("m=audio 4000 RTP/AVP 8", *IMAGE, "m=video 6000 RTP/AVP 31")
    offer = described(*lines)
    found = read_fax_offer(offer, US.host, before=described(AUDIO))
    assert found is not None
    theirs = FaxParameters(version=3, max_bit_rate=9600, max_datagram=400, transcoding_jbig=True)
    answer = make_fax_answer(offer, US, found, theirs, ORIGIN)
    assert m_lines(answer) == ["m=audio 0 RTP/AVP 8", "m=image 20000 udptl t38", "m=video 0 RTP/AVP 31"]
    assert answer.media[1].attributes == (
        ("T38FaxVersion", "0"),
        ("T38MaxBitRate", "9600"),
        ("T38FaxMaxDatagram", "400"),
    )
    assert fax_is_on(answer)
    assert SessionDescription.parse(bytes(answer)) == answer


@given(parameters, parameters)
def test_a_fax_is_agreed_over_both_legs_whatever_they_say(one: FaxParameters, other: FaxParameters) -> None:
    caller = make_fax_offer(LocalAudio("192.0.2.1", 4500), one, ORIGIN)
    found = read_fax_offer(caller, US.host)
    assert found is not None
    ours = make_fax_offer(US, found.parameters, ORIGIN, make_offer(US, BOTH, ORIGIN))
    callee_found = read_fax_offer(ours, "192.0.2.9")
    assert callee_found is not None
    callee = make_fax_answer(ours, LocalAudio("192.0.2.9", 4700), callee_found, other, ORIGIN)
    agreed = read_fax_answer(ours, callee)
    answer = make_fax_answer(caller, US, found, agreed.parameters, ORIGIN)
    heard = read_fax_answer(caller, answer)
    assert agreed.remote == ("192.0.2.9", 4700)
    assert heard.remote == (US.host, US.port)
    assert heard.parameters == agreed.parameters == other.within(one)


def test_audio_beside_a_fax_that_is_not_wanted_is_answered_alone() -> None:
    answer, agreed = make_answer(described(AUDIO, *IMAGE), US, BOTH, ORIGIN)
    assert m_lines(answer) == ["m=audio 20000 RTP/AVP 8", "m=image 0 udptl t38"]
    assert agreed.remote == ("192.0.2.1", 4000)


@pytest.mark.parametrize(
    ("lines", "on"),
    [((AUDIO,), False), (IMAGE, True), ((AUDIO, *IMAGE), False), ((SILENT_AUDIO, *IMAGE), True), ((), False)],
)
def test_a_fax_is_on_where_it_is_in_use_alone(lines: tuple[str, ...], on: bool) -> None:
    assert fax_is_on(described(*lines)) is on
    assert fax_is_on(None) is False
