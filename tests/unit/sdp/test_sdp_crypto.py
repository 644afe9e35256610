"""`a=crypto` lines (RFC 4568, RFC 7714 section 14): read, chosen, answered, and never shown by accident."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sdp.crypto import (
    MAX_LINES,
    Crypto,
    KeyRing,
    MasterKey,
    SrtpKeys,
    Suite,
    agreed_by,
    answer_to,
    read_crypto,
    without_keys,
)
from mediation.sdp.description import MediaDescription, SessionDescription

SHA80, SHA32 = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AES_CM_128_HMAC_SHA1_32
GCM128, GCM256 = Suite.AEAD_AES_128_GCM, Suite.AEAD_AES_256_GCM
LENGTHS = {SHA80: 30, SHA32: 30, GCM128: 28, GCM256: 44}
RFC_KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""The example of RFC 4568 section 4.1 is 30 octets in this alphabet."""

keys = st.sampled_from(list(Suite)).flatmap(
    lambda suite: st.tuples(
        st.just(suite),
        st.builds(
            MasterKey,
            st.binary(min_size=suite.octets, max_size=suite.octets),
            st.binary(max_size=16),
        ),
    )
)


def media(*values: str) -> MediaDescription:
    return MediaDescription(
        "audio", 4000, 1, "RTP/SAVP", ("0",), attributes=tuple(("crypto", value) for value in values)
    )


def read(value: str) -> Crypto | None:
    return next(iter(read_crypto(media(value))), None)


def inline(suite: Suite, seed: int = 1) -> str:
    return b64encode(bytes([seed]) * LENGTHS[suite]).decode()


def line(suite: Suite, seed: int = 1, tag: str = "1", mki: bytes = b"") -> Crypto:
    return Crypto(tag, suite, MasterKey(bytes([seed]) * LENGTHS[suite], mki))


# One line


@given(st.integers(1, 999_999_999).map(str), keys)
def test_what_is_printed_is_read__rfc4568_9_1(tag: str, of: tuple[Suite, MasterKey]) -> None:
    suite, key = of
    crypto = Crypto(tag, suite, key)
    name, value = crypto.attribute
    assert name == "crypto"
    assert value is not None
    assert read(value) == crypto


@pytest.mark.parametrize("suite", list(Suite), ids=str)
def test_key_and_salt_have_the_length_of_their_suite__rfc4568_6_2_rfc7714_14_2(suite: Suite) -> None:
    octets = LENGTHS[suite]
    assert suite.octets == octets
    for length in range(octets + 20):
        found = read(f"1 {suite} inline:{b64encode(bytes(length)).decode()}")
        assert (found is not None) == (length == octets)


@pytest.mark.parametrize(
    ("behind", "mki"),
    [
        ("", b""),
        ("|2^31", b""),
        ("|2^48", b""),
        ("|2147483648", b""),
        ("|1", b""),
        ("|2^20|1:4", b"\0\0\0\1"),
        ("|2^31|1:1", b"\1"),
        ("|1:4", b"\0\0\0\1"),
        ("|66051:4", b"\0\1\2\3"),
        ("|0:1", b"\0"),
        ("|255:1", b"\xff"),
        (f"|1:{128}", bytes(127) + b"\1"),
    ],
)
def test_lifetime_and_mki__rfc4568_6_1(behind: str, mki: bytes) -> None:
    found = read(f"1 {SHA80} inline:{RFC_KEY}{behind}")
    assert found is not None
    assert found.key.mki == mki


@pytest.mark.parametrize(
    "behind",
    [
        "|",
        "|2^49",
        "|2^99",
        "|0",
        "|2^",
        "|x",
        "|-1",
        "|1:0",
        "|1:129",
        "|256:1",
        "|x:1",
        "|1:x",
        "|1:1|1:1",
        "|2^31|2^31",
        "|2^31|1:1|1",
        "|²:1",
        "|1:1:1",
        ";inline:" + RFC_KEY,
    ],
)
def test_a_line_that_makes_no_sense_or_has_several_keys_counts_as_absent(behind: str) -> None:
    assert read(f"1 {SHA80} inline:{RFC_KEY}{behind}") is None


@pytest.mark.parametrize("session", ["-OPTIONAL", "-x=1 -y", "WSH=64", "KDR=0", "wsh=128 kdr=0 -z"])
def test_session_parameters_that_ask_nothing_of_us_are_taken__rfc4568_6_3_7(session: str) -> None:
    assert read(f"1 {SHA80} inline:{RFC_KEY} {session}") is not None


@pytest.mark.parametrize(
    "session",
    [
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "KDR=1",
        "KDR=24",
        "FEC_ORDER=FEC_SRTP",
        "MANDATORY",
        "FEC_KEY=inline:" + RFC_KEY,
        "WSH=x",
        "-OPTIONAL UNKNOWN",
    ],
)
def test_session_parameters_that_we_do_not_follow_make_a_line_invalid__rfc4568_6_3_7(session: str) -> None:
    assert read(f"1 {SHA80} inline:{RFC_KEY} {session}") is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"1 {SHA80}",
        f"1 {SHA80} {RFC_KEY}",
        f"1 {SHA80} uri:{RFC_KEY}",
        f"x {SHA80} inline:{RFC_KEY}",
        f"-1 {SHA80} inline:{RFC_KEY}",
        f"1234567890 {SHA80} inline:{RFC_KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{RFC_KEY}",
        f"1 AES_256_CM_HMAC_SHA1_80 inline:{RFC_KEY}",
        f"1 {SHA80} inline:{RFC_KEY[:-1]}*",
        f"1 {SHA80} inline:{RFC_KEY[:-1]}é",
        f"1 {SHA80} inline:{RFC_KEY[:-1]}",
        f"1 {SHA80} inline:",
    ],
)
def test_what_is_no_line_of_ours_counts_as_absent(value: str) -> None:
    assert read(value) is None


def test_reading_forgives_blanks_case_and_padding() -> None:
    plain = read(f"1 {GCM256} inline:{inline(GCM256)}")
    assert plain is not None
    assert read(f" 1\t {GCM256.lower()}  INLINE:{inline(GCM256).rstrip('=')} ") == plain


@given(st.text(max_size=200))
def test_no_line_raises_anything(value: str) -> None:
    read(value)
    read(f"1 {SHA80} inline:{value}")
    read(f"1 {SHA80} inline:{RFC_KEY}|{value}")
    read(f"1 {SHA80} inline:{RFC_KEY} {value}")


def test_a_flood_of_lines_is_not_read_to_its_end() -> None:
    flood = [f"{n} {SHA80} inline:{RFC_KEY}" for n in range(1, 500)]
    assert len(read_crypto(media(*flood))) == MAX_LINES


# Choosing


def test_the_first_of_the_offers_that_we_have_is_taken__rfc4568_7_1_2() -> None:
    offered = [line(SHA32, 1, "3"), line(GCM128, 2, "5"), line(SHA80, 3, "7")]
    found = answer_to(offered, [line(SHA80, 9), line(GCM128, 8)])
    assert found is not None
    crypto, agreed = found
    assert crypto == line(GCM128, 8, "5")
    assert agreed == SrtpKeys(GCM128, line(GCM128, 8).key, line(GCM128, 2).key)


def test_nothing_in_common_is_nothing() -> None:
    assert answer_to([line(SHA32)], [line(SHA80)]) is None
    assert answer_to([], [line(SHA80)]) is None
    assert answer_to([line(SHA80, 1)], []) is None


def test_our_own_key_sent_to_us_is_no_key() -> None:
    assert answer_to([line(SHA80, 9)], [line(SHA80, 9)]) is None
    assert agreed_by([line(SHA80, 9)], [line(SHA80, 9)]) is None


@pytest.mark.parametrize("length", [1, 4, 128])
def test_an_mki_is_answered_by_one_of_the_same_length__rfc4568_6_1(length: int) -> None:
    found = answer_to([line(SHA80, 1, mki=b"\7" * length)], [line(SHA80, 9)])
    assert found is not None
    assert found[0].key.mki == bytes(length - 1) + b"\1"
    assert found[1].receiving.mki == b"\7" * length


def test_an_answer_is_read_by_its_tag_and_suite__rfc4568_5_1_2() -> None:
    offered = [line(GCM256, 1, "1"), line(SHA80, 2, "2")]
    assert agreed_by(offered, [line(SHA80, 7, "2")]) == SrtpKeys(SHA80, offered[1].key, line(SHA80, 7).key)
    assert agreed_by(offered, [line(SHA80, 7, "02")]) is not None


def test_an_answer_under_a_wrong_tag_is_known_by_its_suite() -> None:
    offered = [line(GCM256, 1, "1"), line(SHA80, 2, "2")]
    assert agreed_by(offered, [line(SHA80, 7, "1")]) == SrtpKeys(SHA80, offered[1].key, line(SHA80, 7).key)
    assert agreed_by(offered, [line(SHA32, 7, "1")]) is None
    assert agreed_by(offered, []) is None


# Our keys


def test_each_suite_has_a_key_of_its_own_and_other_keys_come_when_asked_for() -> None:
    seeds = iter(range(100))
    ring = KeyRing((GCM256, SHA80, SHA32), lambda octets: bytes([next(seeds)]) * octets)
    first = ring.lines
    assert [(each.tag, each.suite) for each in first] == [("1", GCM256), ("2", SHA80), ("3", SHA32)]
    assert len({each.key.octets[:1] for each in first}) == 3
    assert ring.lines == first
    ring.renew()
    assert not {each.key for each in ring.lines} & {each.key for each in first}


def test_an_mki_that_was_agreed_stays_through_offers_of_ours() -> None:
    ring = KeyRing((SHA80,), bytes)
    ring.agreed(SrtpKeys(SHA80, MasterKey(bytes(30), b"\1"), MasterKey(b"x" * 30, b"\1")))
    assert ring.lines[0].key == MasterKey(bytes(30), b"\1")
    ring.renew()
    assert ring.lines[0].key.mki == b"\1"
    ring.agreed(None)
    assert ring.lines[0].key.mki == b"\1"


def test_a_key_that_was_given_up_is_not_taken_up_again__rfc3711_9_1() -> None:
    seeds = iter(range(100))
    ring = KeyRing((GCM256, SHA80), lambda octets: bytes([next(seeds)]) * octets)
    gcm, sha = (each.key for each in ring.lines)
    theirs = line(SHA80, 77).key
    ring.agreed(SrtpKeys(SHA80, sha, theirs))
    ring.agreed(SrtpKeys(SHA80, sha, line(SHA80, 78).key))
    assert [each.key for each in ring.lines] == [gcm, sha]
    ring.agreed(SrtpKeys(GCM256, gcm, line(GCM256, 79).key))
    assert [each.key == old for each, old in zip(ring.lines, (gcm, sha), strict=True)] == [True, False]
    ring.agreed(None)
    assert ring.lines[0].key != gcm
    kept = ring.lines
    ring.agreed(SrtpKeys(SHA80, kept[1].key, theirs))
    assert ring.lines == kept


def test_without_suites_there_are_no_keys() -> None:
    assert KeyRing().lines == ()


# Nothing is shown by accident


def test_no_repr_shows_a_key() -> None:
    secret = inline(SHA80, 77)
    octets = (
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nk=clear:SECRETK\nm=audio 4000 RTP/SAVP 0\n"
        f"k=clear:SECRETK\na=crypto:1 {SHA80} inline:{secret}\na=cryptoscale:1 client {SHA80} inline:{secret}\n"
    ).encode()
    description = SessionDescription.parse(octets)
    (crypto,) = read_crypto(description.media[0])
    agreed = SrtpKeys(SHA80, crypto.key, crypto.key)
    ring = KeyRing((SHA80,), lambda octets: bytes([77]) * octets)
    shown = f"{description!r} {crypto!r} {agreed!r} {agreed} {ring!r} {ring.lines}"
    assert secret not in shown
    assert "SECRETK" not in shown
    assert str(bytes([77]) * 4) not in shown
    assert secret.encode() in bytes(description)
    assert SessionDescription.parse(bytes(description)) == description


def test_a_message_that_is_written_down_has_no_keys() -> None:
    text = f"a=crypto:1 {SHA80} inline:{RFC_KEY}|2^31|1:1\r\na=x-y INLINE:abc/+d=\r\nrest".encode()
    hidden = f"a=crypto:1 {SHA80} inline:{'.' * 40}|2^31|1:1\r\na=x-y INLINE:.......\r\nrest"
    assert without_keys(text) == hidden.encode()
