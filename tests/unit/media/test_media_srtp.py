"""SRTP and SRTCP, octet for octet as the RFCs have them, and what is done with packets that are not the party's."""

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.media import srtp_streams
from mediation.media.srtp import MOST_JOININGS, MOST_SSRCS, Protection, Sealed
from mediation.media.srtp_streams import SrtpStream
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from tests.unit.media import srtp_model as model

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "srtp_vectors.json").read_text())
SUITES = pytest.mark.parametrize("suite", list(Suite), ids=str)
MKI = b"\0\1"
REPORT = bytes.fromhex("80c90001 0000beef".replace(" ", "")) + b"\x81\xca\0\2\0\0\xbe\xef\1\2us"


def key(suite: Suite, seed: int, mki: bytes = b"") -> MasterKey:
    return MasterKey(bytes((seed + n) & 0xFF for n in range(suite.octets)), mki)


def pair(suite: Suite, mki: bytes = b"") -> tuple[Protection, Protection]:
    """Us and the party."""
    ours, theirs = Protection(), Protection()
    ours.apply(SrtpKeys(suite, key(suite, 1, mki), key(suite, 101, mki)))
    theirs.apply(SrtpKeys(suite, key(suite, 101, mki), key(suite, 1, mki)))
    return ours, theirs


def rtp(number: int, ssrc: int = 0xBEEF, payload: bytes = b"\xd5" * 160) -> bytes:
    return struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, 160 * number & 0xFFFFFFFF, ssrc) + payload


def heard(protection: Protection, packet: bytes) -> bytes:
    plain = protection.unprotect(packet)
    assert plain is not None
    return plain


def streams() -> int:
    """How many the library has."""
    return sum(len(session.ssrcs) for session in srtp_streams._sessions)


# As the RFCs have it


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_the_model_makes_the_keystreams_of_rfc3711_appendix_b(vector: dict[str, str]) -> None:
    expected = bytes.fromhex(vector["keystream"])
    assert (
        model.keystream(bytes.fromhex(vector["key"]), bytes.fromhex(vector["iv"]), len(expected)) == expected
    )


def test_the_model_derives_the_session_keys_of_rfc3711_b_3() -> None:
    by_name = {vector["name"]: vector for vector in VECTORS["vectors"]}
    master, salt = (
        bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6"),
    )
    for name, label in (("cipher key (label 0)", 0), ("auth key (label 1, first 20 octets)", 1),
                        ("cipher salt (label 2, first 14 octets)", 2)):  # fmt: skip
        expected = bytes.fromhex(by_name[f"RFC 3711 B.3 {name}"]["keystream"])
        assert model.derived(master, salt, label, len(expected)) == expected


@pytest.mark.parametrize("vector", VECTORS["aead"], ids=lambda vector: vector["name"])
def test_the_model_protects_as_rfc7714_does(vector: dict[str, Any]) -> None:
    made = model.aead_rtp if vector["kind"] == "rtp" else model.aead_rtcp
    secret, salt, plain = (bytes.fromhex(vector[name]) for name in ("key", "salt", "plain"))
    assert made(secret, salt, plain, vector["index"]).hex() == vector["protected"]


@SUITES
def test_what_leaves_is_what_the_rfcs_say__rfc3711_3_1_rfc7714_8(suite: Suite) -> None:
    ours, _ = pair(suite)
    keys = model.Keys(suite, key(suite, 1).octets, model.RTP)
    for number in (65_530, 65_535, 65_536, 65_600, 131_071, 131_072):
        if number == 131_071:
            ours.protect(rtp(90_000))  # no step is longer than half a rollover
            ours.protect(rtp(120_000))
        assert ours.protect(rtp(number)) == model.protect(keys, rtp(number), number)


@SUITES
def test_reports_leave_encrypted_with_a_tag_of_full_length__rfc3711_3_4(suite: Suite) -> None:
    ours, _ = pair(suite)
    keys = model.Keys(suite, key(suite, 1).octets, model.RTCP)
    assert [ours.protect_report(REPORT) for _ in range(3)] == [
        model.protect_report(keys, REPORT, index) for index in (1, 2, 3)
    ]


@SUITES
def test_what_the_model_makes_is_understood(suite: Suite) -> None:
    ours, _ = pair(suite)
    audio = model.Keys(suite, key(suite, 101).octets, model.RTP)
    reports = model.Keys(suite, key(suite, 101).octets, model.RTCP)
    for number in (1, 2, 4, 3):
        assert ours.unprotect(model.protect(audio, rtp(number), number)) == rtp(number)
        assert ours.unprotect_report(model.protect_report(reports, REPORT, number)) == REPORT
    assert (ours.tampered, ours.replayed) == (0, 0)


def test_without_keys_everything_passes() -> None:
    off = Protection()
    assert not off.is_on
    assert off.protect(rtp(1)) == off.unprotect(rtp(1)) == rtp(1)
    assert off.protect_report(REPORT) == off.unprotect_report(REPORT) == REPORT


# What is not the party's


@SUITES
def test_no_octet_may_be_changed_and_none_added_or_lost__rfc3711_3_3(suite: Suite) -> None:
    ours, theirs = pair(suite)
    packet = theirs.protect(rtp(1, payload=b"\xd5" * 8))
    report = theirs.protect_report(REPORT)
    for at in range(len(packet)):
        assert ours.unprotect(packet[:at] + bytes([packet[at] ^ 0x10]) + packet[at + 1 :]) is None
        assert ours.unprotect(packet[:at]) is None
    for at in range(len(report)):
        assert ours.unprotect_report(report[:at] + bytes([report[at] ^ 0x10]) + report[at + 1 :]) is None
        assert ours.unprotect_report(report[:at]) is None
    assert (ours.tampered, ours.replayed) == (2 * len(packet) + 2 * len(report), 0)
    assert heard(ours, packet) == rtp(1, payload=b"\xd5" * 8)
    assert ours.unprotect_report(report) == REPORT


@SUITES
def test_what_comes_twice_or_much_too_late_is_a_replay__rfc3711_3_3_2(suite: Suite) -> None:
    ours, theirs = pair(suite)
    packets = [theirs.protect(rtp(number)) for number in range(400)]
    for packet in packets[1:]:
        heard(ours, packet)
    assert ours.unprotect(packets[399]) is None
    assert ours.unprotect(packets[0]) is None
    report = theirs.protect_report(REPORT)
    assert ours.unprotect_report(report) == REPORT
    assert ours.unprotect_report(report) is None
    assert (ours.tampered, ours.replayed) == (0, 3)


def test_what_is_not_encrypted_is_not_heard() -> None:
    ours, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    assert ours.unprotect(rtp(1)) is None
    assert ours.unprotect_report(REPORT) is None
    assert ours.unprotect(b"") is None
    assert ours.unprotect(bytes(2047)) is None
    assert ours.unprotect_report(bytes(1499)) is None
    assert ours.tampered == 5


def test_what_is_too_long_to_be_protected_is_not_sent() -> None:
    ours, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    with pytest.raises(OSError, match="too long"):
        ours.protect(bytes(1490))
    with pytest.raises(OSError, match="too long"):
        ours.protect_report(bytes(1490))


@given(
    st.sampled_from(Suite),
    st.sampled_from([b"", MKI, bytes(128)]),
    st.binary(max_size=2100),
    st.binary(max_size=20),
)
def test_whatever_octets_come_nothing_is_raised_and_nothing_heard(
    suite: Suite, mki: bytes, octets: bytes, behind: bytes
) -> None:
    ours, _ = pair(suite, mki)
    for packet in (octets, rtp(1) + behind, b"\x80\x08" + octets, octets + mki + behind):
        assert ours.unprotect(packet) is None
        assert ours.unprotect_report(packet) is None
    assert ours.tampered + ours.replayed == 8


# Master Key Identifier


@SUITES
def test_an_mki_stands_where_rfc3711_3_1_and_rfc7714_13_have_it(suite: Suite) -> None:
    ours, theirs = pair(suite, MKI)
    bare, _ = pair(suite)
    packet, plain = ours.protect(rtp(1)), bare.protect(rtp(1))
    tag = 0 if suite.is_aead else suite.tag_octets
    assert packet == plain[: len(plain) - tag] + MKI + plain[len(plain) - tag :]
    assert heard(theirs, packet) == rtp(1)
    report, plain = ours.protect_report(REPORT), bare.protect_report(REPORT)
    tag = 0 if suite.is_aead else 10
    assert report == plain[: len(plain) - tag] + MKI + plain[len(plain) - tag :]
    assert theirs.unprotect_report(report) == REPORT


@SUITES
def test_another_mki_or_none_is_not_the_partys(suite: Suite) -> None:
    ours, theirs = pair(suite, MKI)
    bare, _ = pair(suite)
    assert theirs.unprotect(bare.protect(rtp(1))) is None
    packet = ours.protect(rtp(2))
    assert theirs.unprotect(packet.replace(MKI, b"\7\7")) is None
    assert theirs.unprotect(b"") is None
    assert theirs.unprotect_report(b"\x80\xc9") is None
    assert theirs.tampered == 4


# Keys that change, and keys that stay


@SUITES
def test_keys_that_stay_go_on_counting(suite: Suite) -> None:
    ours, theirs = pair(suite)
    packets = [theirs.protect(rtp(number)) for number in range(65_500, 65_600)]
    for packet in packets[:50]:
        heard(ours, packet)
    ours.apply(SrtpKeys(suite, key(suite, 1), key(suite, 101)))
    for packet in packets[50:]:
        heard(ours, packet)
    assert ours.unprotect(packets[60]) is None
    ours.protect(rtp(65_530))
    theirs.unprotect(ours.protect(rtp(65_540)))
    ours.apply(SrtpKeys(suite, key(suite, 1, MKI), key(suite, 101)))  # an MKI is no other key
    keys = model.Keys(suite, key(suite, 1).octets, model.RTP)
    plain = model.protect(keys, rtp(65_541), 65_541)
    assert len(ours.protect(rtp(65_541))) == len(plain) + len(MKI)


def test_a_new_key_begins_anew_and_the_old_one_is_understood_until_it_is_used() -> None:
    suite, new = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_128_GCM
    ours, theirs = pair(suite)
    late = theirs.protect(rtp(1))
    late_report = theirs.protect_report(REPORT)
    later = theirs.protect(rtp(2))
    ours.apply(SrtpKeys(new, key(new, 7), key(new, 77)))
    theirs.apply(SrtpKeys(new, key(new, 77), key(new, 7)))
    assert heard(ours, late) == rtp(1)
    assert ours.unprotect_report(late_report) == REPORT
    assert heard(ours, theirs.protect(rtp(3))) == rtp(3)
    assert ours.unprotect(later) is None
    assert ours.tampered == 1
    assert heard(theirs, ours.protect(rtp(9))) == rtp(9)
    ours.apply(None)
    assert ours.unprotect(rtp(4)) == rtp(4)


def test_a_packet_that_was_heard_is_a_replay_after_a_change_of_keys_too() -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, theirs = pair(suite)
    packet = theirs.protect(rtp(1))
    heard(ours, packet)
    ours.apply(SrtpKeys(suite, key(suite, 1), key(suite, 55)))
    assert ours.unprotect(packet) is None
    assert (ours.tampered, ours.replayed) == (0, 1)


# Who speaks


@SUITES
@pytest.mark.parametrize("first", [0, 5, 40_000, 65_535])
def test_a_stream_that_began_long_ago_is_joined__rfc4568_6_4_1(suite: Suite, first: int) -> None:
    keys = model.Keys(suite, key(suite, 101).octets, model.RTP)
    for rollovers in (1, 2, 66):
        ours, _ = pair(suite)
        reports = model.Keys(suite, key(suite, 101).octets, model.RTCP)
        assert ours.unprotect_report(model.protect_report(reports, REPORT, 9_000)) == REPORT
        index = (rollovers << 16) + first
        for number in (index, index + 1, index - 3, index + 400):
            assert heard(ours, model.protect(keys, rtp(number), number)) == rtp(number)
        assert ours.unprotect(model.protect(keys, rtp(index), index)) is None
        assert (ours.tampered, ours.replayed) == (0, 1)


@SUITES
def test_a_search_that_fails_changes_nothing_for_a_sender_known_by_its_reports(suite: Suite) -> None:
    ours, theirs = pair(suite)
    report = theirs.protect_report(REPORT)
    assert ours.unprotect_report(report) == REPORT
    assert ours.unprotect(rtp(1) + bytes(suite.tag_octets)) is None
    assert ours.unprotect_report(report) is None
    assert heard(ours, theirs.protect(rtp(2))) == rtp(2)
    assert (ours.tampered, ours.replayed) == (1, 1)


def searched(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Packets that are made to look for a stream, from now on."""
    made: list[bytes] = []
    inner = SrtpStream.protect

    def counted(stream: SrtpStream, packet: bytes) -> bytes:
        made.append(packet)
        return inner(stream, packet)

    monkeypatch.setattr(SrtpStream, "protect", counted)
    return made


def test_nobody_can_have_us_search_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, theirs = pair(suite)
    made = searched(monkeypatch)
    for number in range(MOST_JOININGS):
        assert ours.unprotect(rtp(number, ssrc=number) + bytes(10)) is None
    assert len(made) > MOST_JOININGS
    so_far = len(made)
    for number in range(100):
        assert ours.unprotect(rtp(number, ssrc=number) + bytes(10)) is None
    assert len(made) == so_far
    assert heard(ours, theirs.protect(rtp(1))) == rtp(1)


def test_nobody_can_have_us_search_for_ever_among_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, _ = pair(suite)
    one, other = (SrtpKeys(suite, key(suite, 1), key(suite, seed)) for seed in (101, 33))
    made = searched(monkeypatch)
    for number in range(MOST_JOININGS):
        ours.apply(one, [other])
        assert ours.unprotect(rtp(number, ssrc=number) + bytes(10)) is None
    so_far = len(made)
    assert ours.unprotect(rtp(1, ssrc=99) + bytes(10)) is None
    assert len(made) == so_far


def test_a_party_may_change_its_ssrc_as_often_as_it_likes_and_only_the_last_are_remembered() -> None:
    before = streams()
    ours, theirs = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    for ssrc in range(5 * MOST_SSRCS):
        assert heard(ours, theirs.protect(rtp(7, ssrc=ssrc))) == rtp(7, ssrc=ssrc)
    assert streams() - before == 5 * MOST_SSRCS + MOST_SSRCS  # what leaves is never forgotten
    assert ours.tampered == 0


def test_who_speaks_is_not_forgotten_for_others_who_only_report() -> None:
    ours, theirs = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    packets = [theirs.protect(rtp(number)) for number in range(3)]
    heard(ours, packets[0])
    for ssrc in range(3 * MOST_SSRCS):
        report = struct.pack("!BBHI", 0x80, 201, 1, ssrc)
        assert ours.unprotect_report(theirs.protect_report(report)) == report
    heard(ours, packets[1])
    assert ours.unprotect(packets[1]) is None
    assert (ours.tampered, ours.replayed) == (0, 1)


def test_of_several_forks_the_first_that_proves_itself_is_the_party() -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    gcm = Suite.AEAD_AES_256_GCM
    ours, first = pair(suite)
    one, other = SrtpKeys(suite, key(suite, 1), key(suite, 101)), SrtpKeys(gcm, key(gcm, 3), key(gcm, 33))
    second = Protection()
    second.apply(SrtpKeys(gcm, key(gcm, 33), key(gcm, 3)))
    ours.apply(one, [other, None])
    packet = second.protect(rtp(1))
    assert heard(ours, packet) == rtp(1)
    assert ours.keys == other
    assert ours.unprotect(packet) is None
    assert heard(second, ours.protect(rtp(5))) == rtp(5)
    assert ours.unprotect(first.protect(rtp(2))) is None
    assert (ours.tampered, ours.replayed) == (1, 1)


def test_a_fork_that_has_spoken_stays_the_party_while_signalling_still_names_it() -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, first = pair(suite)
    one, other = (
        SrtpKeys(suite, key(suite, 1), key(suite, 101)),
        SrtpKeys(suite, key(suite, 1), key(suite, 33)),
    )
    second = Protection()
    second.apply(SrtpKeys(suite, key(suite, 33), key(suite, 1)))
    ours.apply(one, [other])
    packets = [second.protect(rtp(number)) for number in range(4)]
    heard(ours, packets[0])
    third = SrtpKeys(suite, key(suite, 1), key(suite, 44))
    ours.apply(third, [one, other])
    assert ours.keys == other
    heard(ours, packets[1])
    assert ours.unprotect(packets[0]) is None
    ours.apply(one)
    assert ours.keys == one
    heard(ours, first.protect(rtp(9)))
    assert ours.unprotect(packets[2]) is None
    assert (ours.tampered, ours.replayed) == (1, 1)


def test_a_fork_with_keys_is_understood_though_the_party_so_far_has_none() -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, theirs = Protection(), Protection()
    theirs.apply(SrtpKeys(suite, key(suite, 101), key(suite, 1)))
    ours.apply(None, [SrtpKeys(suite, key(suite, 1), key(suite, 101))])
    assert ours.unprotect(rtp(1)) == rtp(1)
    assert heard(ours, theirs.protect(rtp(2))) == rtp(2)
    assert ours.is_on


def test_a_sealed_line_protects_what_is_sent_and_opens_what_comes() -> None:
    class Wire:
        sent = came = b""

        def recv(self, limit: int, /) -> bytes:
            return self.came[:limit]

        def send(self, datagram: bytes, /) -> int:
            self.sent = datagram
            return len(datagram)

    ours, theirs = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    wire = Wire()
    sealed = Sealed(wire, ours)
    assert sealed.send(rtp(1)) == len(rtp(1)) + 10
    assert heard(theirs, wire.sent) == rtp(1)
    wire.came = theirs.protect(rtp(2))
    assert sealed.recv(2048) == rtp(2)
    with pytest.raises(OSError, match="not the party's"):
        sealed.recv(2048)


# What it takes


@SUITES
def test_one_direction_takes_one_stream_and_only_when_somebody_speaks(suite: Suite) -> None:
    before = streams()
    ours, theirs = pair(suite)
    assert streams() == before
    for number in range(3):
        heard(ours, theirs.protect(rtp(number)))
        assert ours.unprotect_report(theirs.protect_report(REPORT)) == REPORT
    assert streams() == before + 2
    ours.unprotect(rtp(9, ssrc=9) + bytes(16))
    assert streams() == before + 2  # a stranger has none
    theirs.apply(None)
    assert streams() == before + 1
    del ours
    assert streams() == before


def test_streams_of_ended_calls_make_room_for_those_of_others() -> None:
    sessions = 0
    for _ in range(3):
        calls = [pair(Suite.AEAD_AES_128_GCM) for _ in range(100)]
        for number, (ours, theirs) in enumerate(calls):
            assert heard(ours, theirs.protect(rtp(1, ssrc=number))) == rtp(1, ssrc=number)
        sessions = sessions or len(srtp_streams._sessions)
    assert len(srtp_streams._sessions) == sessions
    assert all(len(session.ssrcs) <= srtp_streams.MOST_STREAMS for session in srtp_streams._sessions)


@SUITES
def test_calls_with_the_same_ssrcs_know_nothing_of_each_other(suite: Suite) -> None:
    calls = [(Protection(), Protection()) for _ in range(5)]
    for number, (ours, theirs) in enumerate(calls):
        ours.apply(SrtpKeys(suite, key(suite, 2 * number), key(suite, 2 * number + 1)))
        theirs.apply(SrtpKeys(suite, key(suite, 2 * number + 1), key(suite, 2 * number)))
    packets = [theirs.protect(rtp(1)) for _, theirs in calls]
    later = [theirs.protect(rtp(2)) for _, theirs in calls]
    for number, (ours, theirs) in enumerate(calls):
        assert heard(ours, packets[number]) == rtp(1)
        assert heard(theirs, ours.protect(rtp(1))) == rtp(1)
        assert ours.unprotect(packets[number]) is None
        assert ours.unprotect(later[number - 1]) is None
        assert (ours.tampered, ours.replayed) == (1, 1)
    del calls[0], later[0]
    for (ours, _), packet in zip(calls, later, strict=True):
        assert heard(ours, packet) == rtp(2)


def test_streams_may_be_collected_as_garbage_and_when_the_interpreter_ends() -> None:
    """The library would read what it has freed: such a process ends by a signal."""
    script = """
import gc
from mediation.media.srtp import Protection
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite

suite = Suite.AES_CM_128_HMAC_SHA1_80
for number in range(300):
    ours = Protection()
    ours.apply(SrtpKeys(suite, MasterKey(bytes(30)), MasterKey(bytes(30))))
    ours.unprotect(ours.protect(bytes([0x80]) + bytes(9) + number.to_bytes(2) + bytes(160)))
    circle = [ours]
    circle.append(circle)
gc.collect()
kept = circle
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
