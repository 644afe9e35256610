"""SRTP in offer and answer: profiles, policies, twins of one audio, and keys (RFC 4568 section 7, RFC 8643)."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.crypto import Crypto, MasterKey, SrtpKeys, SrtpMode, Suite
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable
from mediation.sdp.negotiation import make_answer, make_offer, read_answer
from mediation.sdp.slots import audio_alone

SHA80, GCM = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_128_GCM
OURS = (
    Crypto("1", GCM, MasterKey(b"\1" * 28)),
    Crypto("2", SHA80, MasterKey(b"\2" * 30)),
)
US = LocalAudio("203.0.113.10", 20000, OURS)
ORIGIN = Origin("-", 7, 1, US.host)
THEIRS = b"\7" * 30
KEY = b64encode(THEIRS).decode()
OUR_GCM, OUR_SHA80 = (b64encode(line.key.octets).decode() for line in OURS)
LINE = f"a=crypto:4 {SHA80} inline:{KEY}"
MKI_LINE = f"a=crypto:4 {SHA80} inline:{KEY}|2^31|1:1"
UNKNOWN_LINE = f"a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}"
PLAIN, SECURE = "m=audio 4000 RTP/AVP 0 8", "m=audio 4002 RTP/SAVP 0 8"
AGREED = SrtpKeys(SHA80, OURS[1].key, MasterKey(THEIRS))


def terms(mode: SrtpMode, **more: bool) -> Capabilities:
    return Capabilities(("PCMU", "PCMA"), srtp=mode, suites=(GCM, SHA80), **more)


OFF, OPTIONAL, REQUIRED = (terms(mode) for mode in (SrtpMode.OFF, SrtpMode.OPTIONAL, SrtpMode.REQUIRED))


def described(*lines: str) -> SessionDescription:
    head = ["v=0", "o=them 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    return SessionDescription.parse("\n".join([*head, *lines]).encode())


def answered(capabilities: Capabilities, *lines: str) -> tuple[list[str], AgreedAudio]:
    answer, agreed = make_answer(described(*lines), US, capabilities, ORIGIN)
    assert SessionDescription.parse(bytes(answer)) == answer
    return said(answer), agreed


def said(description: SessionDescription) -> list[str]:
    """What of a description this is about."""
    wanted = ("m=", "a=crypto", "a=rtcp")
    return [line for line in bytes(description).decode().split("\r\n") if line.startswith(wanted)]


def offer(capabilities: Capabilities, previous: SessionDescription | None = None) -> SessionDescription:
    return make_offer(US, capabilities, ORIGIN, previous=previous)


def refused(capabilities: Capabilities, *lines: str) -> int:
    with pytest.raises(NotAcceptable) as refusal:
        answered(capabilities, *lines)
    return refusal.value.warning


# Their offer, every policy


@pytest.mark.parametrize("capabilities", [OPTIONAL, REQUIRED])
def test_srtp_is_answered_with_our_key_under_their_tag__rfc4568_7_1_2(capabilities: Capabilities) -> None:
    lines, agreed = answered(capabilities, SECURE, UNKNOWN_LINE, LINE)
    assert lines == ["m=audio 20000 RTP/SAVP 0", f"a=crypto:4 {SHA80} inline:{OUR_SHA80}"]
    assert agreed.srtp == AGREED


@pytest.mark.parametrize("capabilities", [OPTIONAL, REQUIRED])
def test_rtp_with_a_key_beside_it_is_encrypted__rfc8643_3(capabilities: Capabilities) -> None:
    lines, agreed = answered(capabilities, PLAIN, LINE)
    assert lines == ["m=audio 20000 RTP/AVP 0", f"a=crypto:4 {SHA80} inline:{OUR_SHA80}"]
    assert agreed.srtp == AGREED


def test_rtp_with_a_key_beside_it_is_plain_where_srtp_is_off__rfc8643_3() -> None:
    lines, agreed = answered(OFF, PLAIN, LINE)
    assert lines == ["m=audio 20000 RTP/AVP 0"]
    assert agreed.srtp is None


def test_plain_rtp_is_answered_plain_unless_srtp_is_required() -> None:
    for capabilities in (OFF, OPTIONAL):
        lines, agreed = answered(capabilities, PLAIN)
        assert lines == ["m=audio 20000 RTP/AVP 0"]
        assert agreed.srtp is None
    assert refused(REQUIRED, PLAIN) == 302


@pytest.mark.parametrize(
    "twins", [(SECURE, LINE, PLAIN), (PLAIN, SECURE, LINE)], ids=["srtp-first", "rtp-first"]
)
def test_of_twins_the_encrypted_one_is_taken_where_we_like_it(twins: tuple[str, ...]) -> None:
    for capabilities in (OPTIONAL, REQUIRED):
        lines, agreed = answered(capabilities, *twins)
        ports = [(line.split(" ")[2], line.split(" ")[1]) for line in lines if line.startswith("m=")]
        assert sorted(ports) == [("RTP/AVP", "0"), ("RTP/SAVP", "20000")]
        assert agreed.srtp == AGREED
        assert agreed.remote == ("192.0.2.1", 4002)
    lines, agreed = answered(OFF, *twins)
    ports = [(line.split(" ")[2], line.split(" ")[1]) for line in lines if line.startswith("m=")]
    assert sorted(ports) == [("RTP/AVP", "20000"), ("RTP/SAVP", "0")]
    assert (agreed.srtp, agreed.remote) == (None, ("192.0.2.1", 4000))


def test_of_twins_the_plain_one_is_taken_where_we_have_no_such_suite() -> None:
    lines, agreed = answered(OPTIONAL, SECURE, UNKNOWN_LINE, PLAIN)
    assert lines == ["m=audio 0 RTP/SAVP 0 8", "m=audio 20000 RTP/AVP 0"]
    assert agreed.srtp is None
    assert refused(REQUIRED, SECURE, UNKNOWN_LINE, PLAIN) == 302


def test_srtp_alone_without_a_key_for_us_is_refused() -> None:
    assert refused(OFF, SECURE, LINE) == 304
    assert refused(OPTIONAL, SECURE, UNKNOWN_LINE) == 302
    assert refused(OPTIONAL, SECURE) == 302
    assert refused(REQUIRED, SECURE, f"a=crypto:1 {SHA80} inline:{OUR_SHA80}") == 302


@pytest.mark.parametrize("profile", ["UDP/TLS/RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"])
def test_profiles_that_are_not_ours_are_refused(profile: str) -> None:
    assert refused(REQUIRED, f"m=audio 4000 {profile} 0", LINE) == 304


def test_an_mki_of_theirs_is_understood_and_answered__rfc4568_6_1() -> None:
    lines, agreed = answered(REQUIRED, SECURE, MKI_LINE)
    assert lines[1] == f"a=crypto:4 {SHA80} inline:{OUR_SHA80}|1:1"
    assert agreed.srtp == SrtpKeys(SHA80, MasterKey(OURS[1].key.octets, b"\1"), MasterKey(THEIRS, b"\1"))


def test_without_a_key_of_ours_nothing_is_encrypted_and_what_must_be_is_refused() -> None:
    bare = LocalAudio(US.host, US.port)
    with pytest.raises(NotAcceptable):
        make_answer(described(SECURE, LINE), bare, REQUIRED, ORIGIN)
    with pytest.raises(NotAcceptable):
        make_answer(described(PLAIN), bare, REQUIRED, ORIGIN)


# Our offer


def test_an_offer_has_every_suite_with_a_key_of_its_own__rfc4568_7_1_1() -> None:
    keys = [f"a=crypto:1 {GCM} inline:{OUR_GCM}", f"a=crypto:2 {SHA80} inline:{OUR_SHA80}"]
    assert said(offer(REQUIRED)) == ["m=audio 20000 RTP/SAVP 0 8 101", *keys]
    assert said(offer(OPTIONAL)) == ["m=audio 20000 RTP/AVP 0 8 101", *keys]
    assert said(offer(OFF)) == ["m=audio 20000 RTP/AVP 0 8 101"]


def read(capabilities: Capabilities, *lines: str) -> AgreedAudio:
    return read_answer(offer(capabilities), described(*lines), srtp=capabilities.srtp)


@pytest.mark.parametrize(
    ("capabilities", "lines"),
    [
        (REQUIRED, (SECURE, f"a=crypto:2 {SHA80} inline:{KEY}")),
        (REQUIRED, (SECURE, f"a=crypto:1 {SHA80} inline:{KEY}")),
        (OPTIONAL, (PLAIN, f"a=crypto:2 {SHA80} inline:{KEY}")),
        (OPTIONAL, (SECURE, f"a=crypto:2 {SHA80} inline:{KEY}")),
    ],
    ids=["required", "wrong-tag", "optional", "profile-raised"],
)
def test_an_answer_with_a_key_is_encrypted__rfc4568_7_1_3(
    capabilities: Capabilities, lines: tuple[str, ...]
) -> None:
    assert read(capabilities, *lines).srtp == AGREED


def test_an_answer_without_a_key_is_plain_where_we_left_that_open__rfc8643_3() -> None:
    assert read(OPTIONAL, PLAIN).srtp is None
    assert read(OFF, PLAIN, LINE).srtp is None


@pytest.mark.parametrize(
    ("capabilities", "lines"),
    [
        (REQUIRED, (SECURE,)),
        (REQUIRED, (SECURE, UNKNOWN_LINE)),
        (REQUIRED, (PLAIN,)),
        (REQUIRED, (PLAIN, LINE)),
        (REQUIRED, (SECURE, f"a=crypto:2 {SHA80} inline:{OUR_SHA80}")),
        (OPTIONAL, (PLAIN, UNKNOWN_LINE)),
        (OPTIONAL, (SECURE,)),
        (OFF, (SECURE, LINE)),
    ],
)
def test_an_answer_that_leaves_open_what_is_encrypted_is_not_taken(
    capabilities: Capabilities, lines: tuple[str, ...]
) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        read(capabilities, *lines)
    assert refusal.value.warning == 302


# The next offer in the dialog


def test_the_next_offer_has_the_same_keys_and_profile__rfc4568_7_1_4() -> None:
    first = offer(REQUIRED)
    assert said(offer(REQUIRED, previous=first)) == said(first)
    held = make_offer(US, REQUIRED, ORIGIN, previous=first, direction=Direction.SENDONLY)
    assert said(held) == said(first)


@pytest.mark.parametrize(
    ("capabilities", "lines", "protocols"),
    [
        (OPTIONAL, (SECURE, LINE, PLAIN), ["RTP/SAVP", "RTP/AVP"]),
        (OPTIONAL, (PLAIN, LINE), ["RTP/AVP"]),
        (REQUIRED, (PLAIN, LINE), ["RTP/AVP"]),
        (REQUIRED, (PLAIN, SECURE, LINE), ["RTP/AVP", "RTP/SAVP"]),
    ],
)
def test_after_an_answer_of_ours_the_profile_stays(
    capabilities: Capabilities, lines: tuple[str, ...], protocols: list[str]
) -> None:
    answer, _ = make_answer(described(*lines), US, capabilities, ORIGIN)
    again = offer(capabilities, previous=answer)
    assert [media.protocol for media in again.media] == protocols
    assert [bool(media.port) for media in again.media] == [bool(media.port) for media in answer.media]
    used = next(media for media in again.media if media.port)
    assert len(used.values("crypto")) == 2


# Twins

TWINS = replace(OPTIONAL, twins=True)
GONE = "m=audio 0 RTP/AVP 0"
REFUSED = "m=audio 0 RTP/SAVP 0"
OUR_LINE = f"a=crypto:2 {SHA80} inline:{KEY}"


def test_twins_are_one_audio_twice_and_the_encrypted_one_comes_first() -> None:
    keys = [f"a=crypto:1 {GCM} inline:{OUR_GCM}", f"a=crypto:2 {SHA80} inline:{OUR_SHA80}"]
    twins = ["m=audio 20000 RTP/SAVP 0 8 101", *keys, "m=audio 20000 RTP/AVP 0 8 101"]
    assert said(offer(TWINS)) == twins
    assert said(offer(replace(REQUIRED, twins=True))) == said(offer(REQUIRED))
    assert said(offer(replace(OFF, twins=True))) == said(offer(OFF))
    bare = make_offer(LocalAudio(US.host, US.port), TWINS, ORIGIN)
    assert said(bare) == ["m=audio 20000 RTP/AVP 0 8 101"], "without keys there is nothing to choose"


@pytest.mark.parametrize(
    ("lines", "place", "encrypted"),
    [
        ((SECURE, OUR_LINE, GONE), 0, True),
        ((REFUSED, PLAIN), 1, False),
        ((SECURE, OUR_LINE, PLAIN), 0, True),
    ],
)
def test_one_of_twins_is_agreed_on_and_the_next_offer_has_that_one_alone(
    lines: tuple[str, ...], place: int, encrypted: bool
) -> None:
    agreed = read(TWINS, *lines)
    assert (agreed.place, agreed.srtp is not None) == (place, encrypted)
    again = offer(TWINS, previous=audio_alone(offer(TWINS), agreed.place))
    assert [bool(media.port) for media in again.media] == [place == 0, place == 1]
    assert [media.protocol for media in again.media] == ["RTP/SAVP", "RTP/AVP"]


@pytest.mark.parametrize("lines", [(REFUSED, GONE), (SECURE, GONE), (REFUSED, PLAIN, LINE)])
def test_of_twins_one_must_be_taken_as_it_was_offered(lines: tuple[str, ...]) -> None:
    if lines == (REFUSED, PLAIN, LINE):
        assert read(TWINS, *lines).srtp is None, "no key was offered there"
        return
    with pytest.raises(NotAcceptable):
        read(TWINS, *lines)


# RTCP


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
def test_rtcp_shares_the_port_of_rtp_where_both_say_so__rfc5761_5_1_1(ours: bool, theirs: bool) -> None:
    capabilities = terms(SrtpMode.OFF, rtcp_mux=ours, rtcp_reduced=ours)
    flags = ["a=rtcp-mux", "a=rtcp-rsize"]
    lines, agreed = answered(capabilities, PLAIN, *(flags if theirs else []), "a=rtcp:4999")
    both = ours and theirs
    assert lines[1:] == (flags if both else [])
    assert (agreed.rtcp_mux, agreed.rtcp_reduced) == (both, both)
    assert agreed.remote_rtcp == ("192.0.2.1", 4000 if both else 4999)
    assert said(offer(capabilities))[1:] == (flags if ours else [])
    heard = read(capabilities, PLAIN, *(flags if theirs else []), "a=rtcp:4999")
    assert (heard.rtcp_mux, heard.rtcp_reduced) == (both, both)
    assert heard.remote_rtcp == ("192.0.2.1", 4000 if both else 4999)


# All of them

modes = st.sampled_from([OFF, OPTIONAL, REQUIRED])
crypto_lines = st.sampled_from(
    [LINE, MKI_LINE, UNKNOWN_LINE, f"a=crypto:1 {GCM} inline:{b64encode(bytes(28)).decode()}"]
)
m_lines = st.tuples(st.sampled_from([PLAIN, SECURE]), st.lists(crypto_lines, max_size=3)).map(
    lambda t: [t[0], *t[1]]
)


@given(modes, st.lists(m_lines, max_size=4))
def test_no_policy_is_ever_broken(capabilities: Capabilities, offered: list[list[str]]) -> None:
    theirs = described(*(line for lines in offered for line in lines))
    try:
        answer, agreed = make_answer(theirs, US, capabilities, ORIGIN)
    except NotAcceptable:
        return
    used = [media for media in answer.media if media.port]
    assert len(used) == 1
    assert [media.protocol for media in answer.media] == [media.protocol for media in theirs.media]
    assert bool(agreed.srtp) == bool(used[0].values("crypto"))
    assert not any(media.values("crypto") for media in answer.media if not media.port)
    if capabilities.srtp is SrtpMode.REQUIRED or used[0].protocol == "RTP/SAVP":
        assert agreed.srtp is not None
    if capabilities.srtp is SrtpMode.OFF:
        assert agreed.srtp is None
    text = bytes(answer).decode()
    assert KEY not in text


@given(modes, modes)
def test_an_answer_of_ours_is_read_by_us_as_it_was_meant(one: Capabilities, other: Capabilities) -> None:
    them = LocalAudio(
        "192.0.2.7", 4000, tuple(replace(line, key=MasterKey(bytes(line.suite.octets))) for line in OURS)
    )
    offered = make_offer(them, one, Origin("-", 3, 1, them.host))
    try:
        answer, agreed = make_answer(offered, US, other, ORIGIN)
    except NotAcceptable:
        assert {one.srtp, other.srtp} == {SrtpMode.OFF, SrtpMode.REQUIRED}
        return
    heard = read_answer(offered, answer, srtp=one.srtp)
    encrypted = SrtpMode.OFF not in (one.srtp, other.srtp)
    assert bool(heard.srtp) == bool(agreed.srtp) == encrypted
    if heard.srtp is not None and agreed.srtp is not None:
        assert (heard.srtp.sending, heard.srtp.receiving) == (agreed.srtp.receiving, agreed.srtp.sending)
        assert heard.srtp.suite is GCM
