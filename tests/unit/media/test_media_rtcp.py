"""RTCP: our reports, and what strangers' octets may do to us."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediation.media.rtcp import (
    About,
    Correspondence,
    RtcpError,
    SenderFigures,
    build,
    interval_s,
    ntp_timestamp,
    parse,
)
from mediation.rtp.reception import ReportBlock

OURS = 0x01020304
THEIRS = 0xA0B0C0D0
BLOCK = ReportBlock(THEIRS, 64, 12, 0x0001FFFF, 24)
FIGURES = SenderFigures(160_000, 1000, 160_000)


def report_of_peer(
    *,
    ntp: int = 0,
    lost: int = 3,
    last_report: int = 0,
    delay: int = 0,
    about: int = OURS,
    sends: bool = True,
) -> bytes:
    block = ReportBlock(about, 7, lost, 1000, 5)
    return build(
        THEIRS,
        "peer",
        ntp=ntp,
        sender=FIGURES if sends else None,
        block=block,
        last_report=last_report,
        delay=delay,
    )


def test_a_sender_report_is_laid_out_as_rfc3550_6_4_1() -> None:
    octets = build(OURS, "abc", ntp=0x1122334455667788, sender=FIGURES, block=BLOCK, last_report=9, delay=10)
    assert octets[:4] == bytes([0x81, 200, 0, 12])
    assert octets[4:28] == bytes.fromhex("01020304 1122334455667788 00027100 000003e8 00027100")
    assert octets[28:52] == bytes.fromhex("a0b0c0d0 4000000c 0001ffff 00000018 00000009 0000000a")


def test_a_receiver_report_is_laid_out_as_rfc3550_6_4_2() -> None:
    octets = build(OURS, "abc", ntp=1, sender=None, block=BLOCK)
    assert octets[:8] == bytes([0x81, 201, 0, 7]) + OURS.to_bytes(4, "big")
    assert octets[8:32] == bytes.fromhex("a0b0c0d0 4000000c 0001ffff 00000018 00000000 00000000")


def test_a_report_without_anything_received_is_empty_but_there__rfc3550_6_1() -> None:
    assert build(OURS, "abc", ntp=1, sender=None, block=None)[:8] == bytes.fromhex("80c90001 01020304")


def test_negative_loss_is_written_in_24_bits() -> None:
    block = ReportBlock(THEIRS, 0, -1, 1, 0)
    assert build(OURS, "abc", ntp=1, sender=None, block=block)[12:16] == bytes.fromhex("00ffffff")


def test_every_compound_packet_carries_the_cname__rfc3550_6_1() -> None:
    octets = build(OURS, "abc", ntp=1, sender=None, block=None)
    sdes = octets[8:]
    assert sdes[:2] == bytes([0x81, 202])
    assert sdes[4:13] == OURS.to_bytes(4, "big") + b"\x01\x03abc"
    assert len(sdes) == 4 * (int.from_bytes(sdes[2:4], "big") + 1)
    assert sdes[13] == 0


def test_bye_comes_last__rfc3550_6_6() -> None:
    octets = build(OURS, "abc", ntp=1, sender=FIGURES, block=BLOCK, leaving=True)
    assert octets[-8:] == bytes.fromhex("81cb0001 01020304")
    assert parse(octets, 0).leaving


def test_counters_wrap_at_32_bits() -> None:
    octets = build(OURS, "a", ntp=1, sender=SenderFigures(1, 2**32 + 5, 2**33 + 6), block=None)
    assert octets[20:28] == bytes.fromhex("00000005 00000006")


@given(
    st.integers(0, 2**64 - 1),
    st.integers(-(2**23), 2**23 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_what_is_built_is_read_back(ntp: int, lost: int, last_report: int, delay: int) -> None:
    heard = parse(report_of_peer(ntp=ntp, lost=lost, last_report=last_report, delay=delay), OURS)
    assert heard.sender_ntp == ntp
    assert heard.about_us == About(7, lost, 5, last_report, delay)
    assert not heard.leaving


def test_a_block_about_another_stream_says_nothing_of_ours() -> None:
    assert parse(report_of_peer(about=0x99), OURS).about_us is None


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x80",
        bytes(8),
        bytes.fromhex("80c90002 01020304"),  # longer than the datagram
        bytes.fromhex("80c90001 01020304 00"),  # an octet too many
        bytes.fromhex("81c90001 01020304"),  # a block that is not there
        bytes.fromhex("40c90001 01020304"),  # version 1
        bytes.fromhex("a0c90001 01020304"),  # padding in the first packet
        bytes.fromhex("81ca0001 01020304"),  # SDES first
        bytes.fromhex("81cb0001 01020304"),  # BYE first
        bytes.fromhex("80c90001 01020304 81ca0002 01020304 01ff6162"),  # an SDES item past its end
        bytes.fromhex("80c90001 01020304 a0cb0001 000000ff"),  # padding longer than the packet
        bytes.fromhex("80c90001 01020304 bfcb0001 00000004"),  # padding that eats what the count promises
        bytes.fromhex("9fc80006") + bytes(24),
    ],
)
def test_malformed_rtcp_is_our_own_error__rfc3550_a_2(octets: bytes) -> None:
    with pytest.raises(RtcpError):
        parse(octets, OURS)


@given(st.binary(max_size=120))
@example(bytes.fromhex("80c90001 01020304 a1ca0001 00000001"))
def test_any_octets_are_read_or_are_our_own_error(octets: bytes) -> None:
    with_header = bytes.fromhex("80c90001 01020304") + octets
    for candidate in (octets, with_header):
        with suppress(RtcpError):
            parse(candidate, OURS)


@given(st.data())
def test_a_report_with_changed_octets_is_read_or_is_our_own_error(data: st.DataObject) -> None:
    octets = bytearray(build(OURS, "abcdef", ntp=1, sender=FIGURES, block=BLOCK, leaving=True))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with suppress(RtcpError):
        parse(bytes(octets[: data.draw(st.integers(0, len(octets)))]), OURS)


def test_packets_of_unknown_kinds_within_a_compound_are_passed_over() -> None:
    octets = report_of_peer(ntp=5) + bytes.fromhex("80cf0001 a0b0c0d0")  # XR, RFC 3611
    assert parse(octets, OURS).sender_ntp == 5


def test_our_report_answers_the_last_sender_report__rfc3550_6_4_1() -> None:
    leg = Correspondence("abc")
    leg.heard(report_of_peer(ntp=0x0000AAAA_BBBB0000), OURS, now=100.0)
    octets = leg.report(OURS, 102.5, sender=None, block=BLOCK)
    assert octets[24:28] == bytes.fromhex("aaaabbbb")
    assert int.from_bytes(octets[28:32], "big") == int(2.5 * 65536)


def test_before_any_sender_report_both_fields_are_zero__rfc3550_6_4_1() -> None:
    leg = Correspondence("abc")
    leg.heard(report_of_peer(sends=False), OURS, now=100.0)
    assert leg.report(OURS, 102.5, sender=None, block=BLOCK)[24:32] == bytes(8)


def test_the_round_trip_is_measured_by_the_peers_answer__rfc3550_6_4_1() -> None:
    leg = Correspondence("abc")
    sent = 0x12345678  # what our own sender report said: its middle 32 bits
    now = (sent + int(0.75 * 65536)) / 65536
    leg.heard(report_of_peer(last_report=sent, delay=int(0.5 * 65536)), OURS, now)
    assert leg.round_trips.last_s == pytest.approx(0.25, abs=1e-4)


def test_a_round_trip_below_zero_is_not_believed() -> None:
    leg = Correspondence("abc")
    leg.heard(report_of_peer(last_report=65536 * 50, delay=65536 * 60), OURS, 100.0)
    assert leg.round_trips.mean_s is None


def test_what_the_peer_has_missed_is_known_from_its_report() -> None:
    leg = Correspondence("abc")
    leg.heard(report_of_peer(about=0x99, lost=90), OURS, 0.5)
    assert leg.remote_lost is None
    leg.heard(report_of_peer(lost=17), OURS, 1.0)
    assert leg.remote_lost == 17
    leg.heard(report_of_peer(about=0x99, lost=90), OURS, 2.0)
    assert leg.remote_lost == 17


def test_malformed_rtcp_changes_nothing() -> None:
    leg = Correspondence("abc")
    leg.heard(report_of_peer(ntp=1 << 32, lost=17), OURS, 1.0)
    before = leg.report(OURS, 2.0, sender=None, block=BLOCK)
    with pytest.raises(RtcpError):
        leg.heard(report_of_peer(ntp=2 << 32, lost=99)[:-1], OURS, 1.5)
    assert leg.report(OURS, 2.0, sender=None, block=BLOCK) == before
    assert leg.remote_lost == 17


def test_the_ntp_timestamp_is_seconds_and_a_fraction__rfc3550_4() -> None:
    assert ntp_timestamp(3.5) == (3 << 32) + (1 << 31)
    assert 0 <= ntp_timestamp(2.0**40) < 2**64


def test_intervals_vary_by_half_and_the_first_is_halved__rfc3550_6_2() -> None:
    assert interval_s(5, lambda: 0.0, first=False) == 2.5
    assert interval_s(5, lambda: 0.999, first=False) == pytest.approx(7.5, abs=0.01)
    assert interval_s(5, lambda: 0.0, first=True) == 1.25
