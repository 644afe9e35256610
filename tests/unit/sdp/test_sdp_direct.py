"""Audio that goes past us: what of one party's m-line the other one gets, and what it never gets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.audio import AudioStream, Direction, read_audio
from mediation.sdp.capabilities import Capabilities
from mediation.sdp.crypto import SrtpMode, Suite
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.direct import Direct, answer_direct, fitting, offer_direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import read_answer

HOST = "203.0.113.10"
ORIGIN = Origin("-", 7, 1, HOST)
BOTH = Capabilities(("PCMU", "PCMA"), comfort_noise=True, rtcp_mux=True, rtcp_reduced=True, rtcp_xr=True)
KEY = "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40
SECURE = replace(BOTH, srtp=SrtpMode.OPTIONAL, suites=(Suite.AES_CM_128_HMAC_SHA1_80,))
FULL = (
    "m=audio 4000 RTP/AVP 9 8 0 13 96",
    "i=Secret information",
    "b=AS:80",
    "a=rtpmap:96 telephone-event/8000",
    "a=fmtp:96 0-16,70",
    "a=candidate:1 1 UDP 1 192.0.2.99 4000 typ host",
    "a=ice-ufrag:secret",
    "a=x-secret:secret",
    "a=ptime:30",
    "a=maxptime:60",
    "a=rtcp:4009 IN IP4 192.0.2.8",
    "a=rtcp-rsize",
    "a=sendonly",
)


def described(*lines: str) -> SessionDescription:
    text = ["v=0", "o=them 1 1 IN IP4 192.0.2.1", "s=Secret name", "c=IN IP4 192.0.2.7", "t=0 0", *lines]
    return SessionDescription.parse("\n".join(text).encode())


def audio(*lines: str) -> AudioStream:
    said = described(*lines)
    return read_audio(said, said.media[0])


def handed(*lines: str, giver: Capabilities = BOTH, taker: Capabilities = BOTH) -> AudioStream:
    found = fitting(audio(*lines), giver, taker)
    assert found is not None
    return found


def test_an_offer_has_the_partys_m_line_in_our_words_and_nothing_else_of_it() -> None:
    offer = offer_direct(Direct(Direction.SENDONLY, handed(*FULL)), HOST, ORIGIN, None)
    assert bytes(offer).decode().split("\r\n")[:-1] == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.10",
        "s=-",
        "c=IN IP4 203.0.113.10",
        "t=0 0",
        "m=audio 4000 RTP/AVP 8 0 13 96",
        "c=IN IP4 192.0.2.7",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-16",
        "a=ptime:30",
        "a=maxptime:60",
        "a=rtcp:4009 IN IP4 192.0.2.8",
        "a=rtcp-rsize",
        "a=sendonly",
    ]


def test_what_one_side_is_not_to_have_is_not_handed() -> None:
    poor = Capabilities(("PCMA",), telephone_event=False)
    left = handed(*FULL, taker=poor)
    assert [each.name for each in left.formats] == ["PCMA"]
    assert not left.rtcp_reduced
    assert handed(*FULL, giver=poor) == left


@pytest.mark.parametrize(
    ("lines", "giver", "taker"),
    [
        (("m=audio 4000 RTP/AVP 0",), BOTH, Capabilities(("PCMA",))),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"), BOTH, BOTH),
        (("m=audio 4000 RTP/SAVP 0", KEY), SECURE, BOTH),
        (("m=audio 4000 RTP/SAVP 0", KEY), BOTH, SECURE),
        (("m=audio 4000 RTP/AVP 0",), replace(SECURE, srtp=SrtpMode.REQUIRED), SECURE),
        (("m=audio 4000 RTP/AVP 0",), SECURE, replace(SECURE, srtp=SrtpMode.REQUIRED)),
    ],
)
def test_what_does_not_fit_goes_through_us(
    lines: tuple[str, ...], giver: Capabilities, taker: Capabilities
) -> None:
    assert fitting(audio(*lines), giver, taker) is None


def test_a_key_is_handed_as_it_is_with_its_tag__rfc4568_5_1() -> None:
    offer = offer_direct(
        Direct(Direction.SENDRECV, handed("m=audio 4000 RTP/SAVP 0", KEY, giver=SECURE, taker=SECURE)),
        HOST, ORIGIN, None,
    )  # fmt: skip
    assert KEY in bytes(offer).decode()
    assert offer.media[0].protocol == "RTP/SAVP"


def test_an_answer_has_one_key_under_the_tag_that_it_takes__rfc4568_5_1_2() -> None:
    """The other party has offered two once, in its own order, with an MKI of its own."""
    suites = (Suite.AEAD_AES_256_GCM, Suite.AES_CM_128_HMAC_SHA1_80)
    both = replace(SECURE, suites=suites)
    gcm, sha = "B" * 56 + "BBA=", "C" * 40
    theirs = handed(
        "m=audio 5000 RTP/SAVP 0",
        f"a=crypto:1 AEAD_AES_256_GCM inline:{gcm}",
        f"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{sha}|2^31|9:1",
        giver=both,
        taker=both,
    )
    offer = described("m=audio 4000 RTP/SAVP 0", KEY)
    answer, agreed = answer_direct(offer, Direct(Direction.SENDRECV, theirs), SECURE, HOST, ORIGIN)
    assert answer.media[0].values("crypto") == (f"4 AES_CM_128_HMAC_SHA1_80 inline:{sha}|9:1",)
    assert agreed.srtp is not None
    assert agreed.srtp.suite is Suite.AES_CM_128_HMAC_SHA1_80


def test_an_offer_that_leaves_it_open_is_plain_where_no_key_may_go__rfc8643() -> None:
    left = handed("m=audio 4000 RTP/AVP 0", KEY, giver=SECURE, taker=BOTH)
    assert left.crypto == ()


def test_an_answer_keeps_the_places_of_the_offer_and_names_the_other_partys() -> None:
    offer = described(
        "m=video 4002 RTP/AVP 34", "m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000"
    )
    theirs = handed("m=audio 5000 RTP/AVP 8 97", "a=rtpmap:97 telephone-event/8000")
    answer, agreed = answer_direct(offer, Direct(Direction.SENDRECV, theirs), BOTH, HOST, ORIGIN)
    assert [media.port for media in answer.media] == [0, 5000]
    assert answer.connection is not None
    assert answer.connection.address == HOST
    assert answer.media[1].formats == ("8", "97")
    assert agreed.direct
    assert agreed.codec == "PCMA"
    assert agreed.remote == ("192.0.2.7", 4000)


def test_an_answer_has_no_format_that_was_not_offered__rfc3264_6_1() -> None:
    theirs = handed("m=audio 5000 RTP/AVP 8 0 13 97", "a=rtpmap:97 telephone-event/8000")
    answer, _ = answer_direct(
        described("m=audio 4000 RTP/AVP 0"), Direct(Direction.SENDRECV, theirs), BOTH, HOST, ORIGIN
    )
    assert answer.media[0].formats == ("0",)


def test_digits_that_the_other_party_does_not_take_are_not_agreed_on() -> None:
    offer = described("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")
    theirs = handed("m=audio 5000 RTP/AVP 0")
    answer, agreed = answer_direct(offer, Direct(Direction.SENDRECV, theirs), BOTH, HOST, ORIGIN)
    assert answer.media[0].formats == ("0",)
    assert agreed.event_payload_type is None


def test_an_answer_holds_what_the_offer_holds__rfc3264_6_1() -> None:
    theirs = handed("m=audio 5000 RTP/AVP 0")
    offer = described("m=audio 4000 RTP/AVP 0", "a=sendonly")
    answer, agreed = answer_direct(offer, Direct(Direction.SENDRECV, theirs), BOTH, HOST, ORIGIN)
    assert ("recvonly", None) in answer.media[0].attributes
    assert agreed.theirs is Direction.SENDONLY


def test_an_answer_without_a_law_in_common_is_none() -> None:
    theirs = handed("m=audio 5000 RTP/AVP 8")
    with pytest.raises(NotAcceptable):
        answer_direct(
            described("m=audio 4000 RTP/AVP 0"),
            Direct(Direction.SENDRECV, theirs),
            Capabilities(("PCMA",)),
            HOST,
            ORIGIN,
        )


@given(
    st.integers(1, 65_534),
    st.sampled_from(["192.0.2.7", "2001:db8::7"]),
    st.sampled_from(Direction),
    st.booleans(),
)
def test_what_is_offered_reads_as_what_was_said(port: int, host: str, way: Direction, mux: bool) -> None:
    kind = "IP6" if ":" in host else "IP4"
    lines = [f"m=audio {port} RTP/AVP 0 8", f"c=IN {kind} {host}", *(["a=rtcp-mux"] if mux else [])]
    said = handed(*lines)
    offer = SessionDescription.parse(bytes(offer_direct(Direct(way, said), HOST, ORIGIN, None)))
    read = read_audio(offer, offer.media[0])
    assert read.direction is way
    assert replace(read, direction=Direction.SENDRECV) == said
    answer = described("m=audio 6000 RTP/AVP 8", f"c=IN {kind} {host}")
    assert read_answer(offer, answer).codec == "PCMA"
