"""Whatever octets come, session descriptions end in a value or in one of two errors."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction, read_audio
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.crypto import Crypto, MasterKey, SrtpMode, Suite
from mediation.sdp.description import Origin, SdpError, SessionDescription
from mediation.sdp.direct import Direct, answer_direct, fitting, offer_direct
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.fax import (
    FaxParameters,
    make_fax_answer,
    make_fax_offer,
    read_fax_answer,
    read_fax_offer,
)
from mediation.sdp.negotiation import make_answer, make_offer, read_answer, renew

FAX = (
    b"m=image 4500 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxFillBitRemoval\r\n"
    b"a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxDatagram:316\r\na=T38FaxUdpEC:t38UDPFEC\r\n"
)
SAFE = re.compile(r"[A-Za-z0-9]*")
"""What may stand in an attribute of a fax that we pass on."""
US = LocalAudio("203.0.113.10", 20000)
ORIGIN = Origin("-", 7, 1, US.host)
BOTH = Capabilities(("PCMU", "PCMA"))
OFFER = make_offer(US, BOTH, ORIGIN)
SECURE = Capabilities(
    ("PCMU", "PCMA"),
    srtp=SrtpMode.REQUIRED,
    suites=tuple(Suite),
    rtcp_mux=True,
    rtcp_reduced=True,
    rtcp_xr=True,
)
KEYED = LocalAudio(
    US.host,
    US.port,
    tuple(Crypto(f"{n}", suite, MasterKey(b"k" * suite.octets)) for n, suite in enumerate(Suite, 1)),
)
SECURE_OFFER = make_offer(KEYED, SECURE, ORIGIN)
FAX_OFFER = make_fax_offer(US, FaxParameters(), ORIGIN)

VALID = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 -X WSH=64\r\n"
    b"a=rtcp-mux\r\na=ptime:20\r\na=rtcp:4001 IN IP4 192.0.2.1\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\n"
    + FAX
)
HEAD = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


def swallow(octets: bytes) -> None:
    """Do with a body all that a call would do with it."""
    try:
        session = SessionDescription.parse(octets)
    except SdpError:
        return
    assert SessionDescription.parse(bytes(session)) == session
    renew(session, OFFER)
    try:
        answer, agreed = make_answer(session, US, BOTH, ORIGIN)
        assert SessionDescription.parse(bytes(answer)) == answer
        assert len(answer.media) == len(session.media)
        assert 0 < agreed.remote[1] < 65535
        assert 0 < agreed.remote_rtcp[1] <= 65535
        assert 0 <= agreed.payload_type <= 127
    except NotAcceptable:
        pass
    with suppress(NotAcceptable):
        answer, agreed = make_answer(session, KEYED, SECURE, ORIGIN)
        assert agreed.srtp is not None
        assert len(agreed.srtp.receiving.octets) == agreed.srtp.suite.octets
        assert SessionDescription.parse(bytes(answer)) == answer
    with suppress(NotAcceptable):
        read_answer(OFFER, session)
    with suppress(NotAcceptable):
        assert read_answer(SECURE_OFFER, session, srtp=SrtpMode.REQUIRED).srtp is not None
    swallow_fax(session)
    for local, capabilities in ((US, BOTH), (KEYED, SECURE)):
        with suppress(NotAcceptable):
            hand_over(session, make_answer(session, local, capabilities, ORIGIN)[1], capabilities)
    again = make_offer(US, BOTH, ORIGIN, previous=session)
    assert len(again.media) >= len(session.media)


def hand_over(session: SessionDescription, agreed: AgreedAudio, capabilities: Capabilities) -> None:
    """The same where the party's audio is handed to another one, and that one's to it: here to itself."""
    assert agreed.described is not None
    audio = fitting(agreed.described, capabilities, capabilities)
    if audio is None:
        return
    direct = Direct(Direction.SENDRECV, audio)
    offer = offer_direct(direct, US.host, ORIGIN, None)
    assert SessionDescription.parse(bytes(offer)) == offer
    assert audio == replace(read_audio(offer, offer.media[0]), direction=Direction.SENDRECV)
    with suppress(NotAcceptable):  # its own key comes back to it
        answer, _ = answer_direct(session, direct, capabilities, US.host, ORIGIN)
        assert SessionDescription.parse(bytes(answer)) == answer
        assert len(answer.media) == len(session.media)


def swallow_fax(session: SessionDescription) -> None:
    """The same with what it may say of a fax."""
    for before, fax_now in ((None, False), (OFFER, False), (OFFER, True), (FAX_OFFER, True), (session, True)):
        with suppress(NotAcceptable):
            asked = read_fax_offer(session, US.host, before=before, fax_now=fax_now)
            if asked is None:
                continue
            assert 0 < asked.remote[1] <= 65535
            answer = make_fax_answer(session, US, asked, asked.parameters, ORIGIN)
            assert SessionDescription.parse(bytes(answer)) == answer
            assert [media.port for media in answer.media if media.port] == [US.port]
            assert len(answer.media) == len(session.media)
            for name, value in answer.media[asked.place].attributes:
                assert SAFE.fullmatch(name)
                assert SAFE.fullmatch(value or "")
    with suppress(NotAcceptable):
        read_fax_answer(FAX_OFFER, session)
    with suppress(NotAcceptable):
        read_fax_answer(session, session)
    again = make_fax_offer(US, FaxParameters(), ORIGIN, session)
    assert len(again.media) >= len(session.media)


@given(st.binary(max_size=400))
def test_any_octets(octets: bytes) -> None:
    swallow(octets)


@given(st.integers(0, len(FAX)), st.integers(0, 12), st.binary(max_size=12))
def test_a_valid_fax_with_a_stretch_replaced(start: int, length: int, octets: bytes) -> None:
    swallow(HEAD + FAX[:start] + octets + FAX[start + length :])


@given(st.integers(0, len(VALID)), st.integers(0, 12), st.binary(max_size=12))
def test_a_valid_body_with_a_stretch_replaced(start: int, length: int, octets: bytes) -> None:
    swallow(VALID[:start] + octets + VALID[start + length :])


@given(st.lists(st.sampled_from(VALID.split(b"\r\n")), max_size=20))
def test_lines_of_a_valid_body_in_any_order_and_number(lines: list[bytes]) -> None:
    swallow(HEAD + b"\r\n".join(lines))


words = st.one_of(
    st.sampled_from(
        [
            "0",
            "8",
            "101",
            "IN",
            "IP4",
            "IP6",
            "192.0.2.1",
            "0.0.0.0",
            "::",
            "fe80::1%1",
            "65535",
            "65536",
            "1_0",
        ]
    ),
    st.sampled_from(
        [
            "PCMU/8000",
            "telephone-event/8000",
            "RTP/AVP",
            "udptl",
            "t38",
            "t38UDPFEC",
            "RTP/SAVP",
            "2^31",
            "1:4",
            "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
            "٤",
            "²",
            "-1",
            "9" * 400,
            "%s",
        ]
    ),
    st.text(max_size=6),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "m=audio ",
                    "m=image ",
                    "a=T38FaxVersion:",
                    "a=T38MaxBitRate:",
                    "a=T38FaxMaxDatagram:",
                    "a=T38FaxUdpEC:",
                    "a=T38FaxTranscodingMMR:",
                    "m=",
                    "c=",
                    "o=",
                    "b=",
                    "a=rtpmap:",
                    "a=fmtp:",
                    "a=ptime:",
                    "a=maxptime:",
                    "a=rtcp:",
                    "a=crypto:",
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|",
                    "a=",
                ]
            ),
            st.lists(words, max_size=5).map(" ".join),
        ),
        max_size=12,
    )
)
def test_lines_of_our_own_grammar_with_words_that_do_not_belong_there(lines: list[tuple[str, str]]) -> None:
    swallow(HEAD + "\r\n".join(start + rest for start, rest in lines).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "octets",
    [
        HEAD + b"a=fmtp:101 " + b"0-" * 15_000,
        HEAD + b"m=audio 4000 RTP/AVP 0\r\na=fmtp:0 " + b"16,-" * 8_000,
        HEAD + b"m=audio 4000 RTP/AVP 0\r\na=rtpmap:" + b"9" * 32_000,
        HEAD + b"m=audio 4000 RTP/AVP 0\r\na=ptime:" + b"9" * 32_000,
        HEAD + b"m=audio 4000 RTP/AVP" + b" 0" * 16_000,
        HEAD + b"m=audio " + b"4" * 32_000 + b" RTP/AVP 0\r\n",
        HEAD + b"m=audio 4000 RTP/AVP 0\r\n" * 1_300,
        HEAD + b"\r\n" * 16_000,
        HEAD + b"a=rtpmap:0 PCMU/8000\r\n" * 1_000,
        HEAD + b"c=IN IP4 " + b"1." * 16_000,
        HEAD + b"c=IN IP6 " + b":" * 32_000,
        HEAD + b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 32_000,
        HEAD + b"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 32_000,
        HEAD + b"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A|" * 15_000,
        HEAD + b"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80" + b" -" * 15_000,
        b"v=0\r\no=" + b" " * 32_000,
        b"\xff" * 32_768,
        b"=" * 100,
        b"m=" * 16_000,
    ],
)
def test_bodies_that_want_to_be_expensive(octets: bytes) -> None:
    swallow(octets)
