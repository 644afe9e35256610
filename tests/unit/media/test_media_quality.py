"""What is known of a party's audio in the end: all four directions, in exact numbers. Time is pushed by hand."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.media.rtcp import RtcpError, SenderFigures, build, ntp_timestamp, parse
from mediation.rtp.e_model import CODECS, mos, r_factor
from mediation.rtp.loss import Losses
from mediation.rtp.quality import Quality
from mediation.rtp.reception import ReportBlock
from mediation.rtp.voip_metrics import VoipMetrics, extended_report, find_metrics
from mediation_codecs.law import Law
from tests.unit.media.circuit import SECOND, Circuit, circuit, heard, packet, stream

PACKET_S = 0.02
THEIRS = 0x1111


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        made.apply()
        yield made


def sends(call: Circuit, *numbers: int, late: int = 0) -> None:
    """The caller's packets of 20 ms; `late` in units of the clock each, in turns with none."""
    begun = call.now
    for place, number in enumerate(numbers):
        call.now = begun + 160 * place + late * (place % 2)
        call.from_caller(packet(number))
        call.serve_now(wait_s=1)
    call.now = begun + 160 * len(numbers)


def reports_back(call: Circuit, rtcp: socket.socket, pair: int, block: ReportBlock, delay_s: float) -> None:
    """A party's receiver report, as an answer to the last sender report that it has got."""
    ours = [octets for octets in heard(rtcp) if octets[1] == 200][-1]
    asked = int.from_bytes(ours[8:16], "big") >> 16 & 0xFFFFFFFF
    port = call.pairs[pair]
    rtcp.sendto(
        build(THEIRS, "peer", ntp=0, sender=None, block=block, last_report=asked, delay=int(delay_s * 65536)),
        (port.host, port.port + 1),
    )
    call.serve()


def test_what_came_is_counted_by_what_became_of_it__rfc3550_a_3(call: Circuit) -> None:
    sends(call, 0, 1, 2, 5, 4, 5, 8, 9)
    quality = call.close().caller.quality
    assert (quality.reordered, quality.duplicates) == (1, 1)
    assert quality.losses == Losses(lost=3, runs=2, bursts=1, burst_packets=5, burst_lost=3)


def test_a_clean_leg_has_the_best_score_that_its_delay_leaves__g107(call: Circuit) -> None:
    sends(call, *range(100))
    rating = call.close().caller.quality.rating
    assert rating is not None
    assert rating.r_factor == r_factor(CODECS["PCMU"], delay_ms=20 + 20)
    assert round(rating.mos, 2) == 4.38
    assert round(rating.mos_listening, 2) == 4.41


def test_loss_costs_as_much_as_g107_says(call: Circuit) -> None:
    sends(call, *(number for number in range(1001) if number % 50 != 40))  # 20 of 1001, one by one
    rating = call.close().caller.quality.rating
    assert rating is not None
    expected = r_factor(CODECS["PCMU"], loss=20 / 1001, delay_ms=40)
    assert rating.r_factor == pytest.approx(expected)
    assert rating.mos == mos(rating.r_factor) < 4.3


def test_jitter_is_looked_at_once_a_second_for_its_mean_and_its_peak(call: Circuit) -> None:
    sends(call, *range(200))
    call.advance(1)
    sends(call, *range(250, 450), late=80)  # 10 ms late, every second one: 10 ms apart from each other
    call.advance(1)
    call.advance(1)
    quality = call.close().caller.quality
    assert quality.jitter_max_ms == pytest.approx(10, abs=0.5)
    assert quality.jitter_mean_ms is not None
    assert 4 < quality.jitter_mean_ms < 8


def test_the_round_trip_and_what_the_party_misses_come_from_its_report__rfc3550_6_4_1(call: Circuit) -> None:
    for number in range(200):
        call.from_callee(packet(number, payload_type=8))
    call.serve()
    call.advance(2.5)  # our first report
    call.now += int(0.350 * SECOND)
    reports_back(call, call.caller_rtcp, 0, ReportBlock(our_ssrc(call), 0, 10, 200, 48), 0.250)
    quality = call.close().caller.quality
    assert quality.round_trip_ms == pytest.approx(100, abs=0.1)
    assert quality.round_trip_max_ms == pytest.approx(100, abs=0.1)
    assert (quality.remote_loss, quality.remote_jitter_ms) == (10 / 200, 6.0)
    assert quality.remote_rating is not None
    expected = r_factor(CODECS["PCMU"], loss=0.05, delay_ms=50 + 20 + 20)
    assert quality.remote_rating.r_factor == pytest.approx(expected, abs=0.01)
    assert quality.rating is None  # it has sent nothing itself


def our_ssrc(call: Circuit) -> int:
    """Of the stream that the caller hears."""
    call.caller.setblocking(False)
    return int.from_bytes(call.caller.recv(2048)[8:12], "big")


def test_wild_reports_never_lead_off_the_scale(call: Circuit) -> None:
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    ssrc = our_ssrc(call)
    call.advance(2.5)
    reports_back(call, call.caller_rtcp, 0, ReportBlock(ssrc, 255, 0x7FFFFF, 0xFFFFFFFF, 0xFFFFFFFF), 0.0)
    quality = call.close().caller.quality
    assert quality.remote_loss == 1.0
    assert quality.remote_rating is not None
    assert (quality.remote_rating.r_factor, quality.remote_rating.mos) == (0, 1)


def test_where_nothing_was_measured_nothing_is_said(call: Circuit) -> None:
    assert call.close().callee.quality == Quality()


def test_a_party_that_comes_begins_with_figures_of_its_own(call: Circuit) -> None:
    sends(call, 0, 1, 4)
    call.open_pair(2, 0)
    call.apply(call.plan(pairs=(2, 1)))
    assert call.close().caller.quality == Quality()


def test_our_sender_report_says_when_it_left__rfc3550_6_4_1(call: Circuit) -> None:
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.advance(2.5)
    [octets] = heard(call.caller_rtcp)
    assert parse(octets, 0).sender_ntp == ntp_timestamp(call.now / SECOND)
    assert SenderFigures(0, 1, 160).packets == int.from_bytes(octets[20:24], "big")


# VoIP metrics


def asks_for_metrics(call: Circuit) -> None:
    call.apply(call.plan(replace(stream(call.caller, call.caller_rtcp), rtcp_xr=True)))


def test_our_report_has_voip_metrics_where_they_were_agreed_on__rfc3611_4_7(call: Circuit) -> None:
    asks_for_metrics(call)
    sends(call, *(number for number in range(200) if number not in (100, 102, 150)))
    call.advance(2.5)
    [octets] = heard(call.caller_rtcp)
    found = find_metrics(octets, THEIRS)
    rating = call.close().caller.quality.rating
    assert found is not None
    assert rating is not None
    assert (found.loss_rate, found.discard_rate) == (int(256 * 3 / 200) / 256, 0)
    assert found.burst_density == int(256 * 2 / 3) / 256
    assert (found.burst_ms, found.gap_ms) == (60, 20 * 197 // 2)
    assert (found.r_factor, found.mos_cq) == (round(rating.r_factor), round(rating.mos, 1))
    assert found.mos_lq == round(rating.mos_listening, 1)
    assert (found.signal_dbm0, found.noise_dbm0, found.external_r_factor) == (None, None, None)


def test_without_agreement_and_without_audio_there_are_none(call: Circuit) -> None:
    sends(call, *range(20))
    call.advance(2.5)
    [octets] = heard(call.caller_rtcp)
    assert octets.count(b"\x80\xcf") == 0
    asks_for_metrics(call)
    call.apply(call.plan(callee=replace(stream(call.callee, call.callee_rtcp, law=Law.PCMA), rtcp_xr=True)))
    call.advance(5)
    assert all(find_metrics(octets, THEIRS) is None for octets in heard(call.callee_rtcp))


def test_the_partys_own_metrics_are_taken_down_whether_or_not_it_was_asked(call: Circuit) -> None:
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    metrics = VoipMetrics(our_ssrc(call), 0.25, mos_lq=3.9, mos_cq=3.7, r_factor=77, end_system_ms=40)
    port = call.pairs[0]
    report = build(THEIRS, "peer", ntp=0, sender=None, block=None)
    for octets in (report + extended_report(THEIRS, metrics), report + b"\x80\xcf\x00\x02" + bytes(8)):
        call.caller_rtcp.sendto(octets, (port.host, port.port + 1))
    call.serve()
    closed = call.close().caller
    assert (closed.quality.voip_metrics, closed.rejected) == (metrics, 0)


@given(noise=st.binary(max_size=60), cut=st.integers(0, 60))
def test_an_extended_report_that_is_malformed_never_harms(noise: bytes, cut: int) -> None:
    octets = build(THEIRS, "peer", ntp=1, sender=None, block=None)
    octets += extended_report(THEIRS, VoipMetrics(7, r_factor=50))[:cut] + noise
    try:
        said = parse(octets, 7)
    except RtcpError:
        return
    assert said.metrics is None or said.metrics.ssrc == 7
