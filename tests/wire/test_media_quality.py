"""How audio fares, as a real worker process measures it: the phones lose, double and swap packets on purpose."""

import asyncio
from dataclasses import replace

import pytest

from mediation.b2bua.media_facts import Amiss, MediaAmiss
from mediation.b2bua.plan import MediaPlan
from mediation.media.rtcp import build, parse
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.e_model import CODECS, mos, r_factor
from mediation.rtp.loss import Losses
from mediation.rtp.packet import build as packet
from mediation.rtp.packet import read_header
from mediation.rtp.reception import ReportBlock
from mediation.rtp.voip_metrics import VoipMetrics, extended_report, find_metrics
from mediation_codecs.law import SILENCE, Law
from tests.wire.media_phones import Media, Phone

SPEECH = bytes(range(160))
MUTED = bytes([SILENCE[Law.PCMA]]) * 160
PACING_S = 0.05
SETTINGS = WorkerSettings(
    front_end_ports=(22_000, 22_999),
    gateway_ports=(32_000, 32_999),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sends(phone: Phone, number: int, ssrc: int = 0x77) -> None:
    phone.rtp.sendto(packet(0, number, 160 * number, ssrc, SPEECH), phone.to)


def report_of(octets: bytes) -> int:
    """The middle of the NTP timestamp of a sender report (RFC 3550 section 6.4.1)."""
    ntp = parse(octets, 0).sender_ntp
    return 0 if ntp is None else ntp >> 16 & 0xFFFFFFFF


async def test_loss_order_and_doubles_of_each_direction_are_known_to_the_packet(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    opened = await media.open("call", caller, callee)
    asking = replace(caller.stream(), rtcp_xr=True)
    await media.apply("call", MediaPlan(asking, callee.stream(), 30.0))
    lost = {30, 31, 60, 70}
    told = int(256 * 4 / 100) / 256
    for number in range(100):
        if number not in lost:
            place = {40: 41, 41: 40}.get(number, number)  # two change places
            sends(caller, place)
            heard = read_header(callee.hear())
        if number == 50:
            sends(caller, 50)
            callee.hear()
    while (report := callee.hear_report())[1] != 200:
        pass
    block = ReportBlock(heard[4], 13, 5, 99, 16)
    voip = VoipMetrics(heard[4], 5 / 256, mos_cq=4.2, r_factor=88)
    answer = build(0x88, "callee", ntp=0, sender=None, block=block, last_report=report_of(report))
    callee.rtcp.sendto(answer + extended_report(0x88, voip), (opened.callee[0], opened.callee[1] + 1))
    while (metrics := find_metrics(caller.hear_report(), 0x77)) is None or metrics.loss_rate != told:
        pass  # it left before all packets had come
    await media.settle()
    closed = await media.close("call")
    quality = closed.caller.quality
    assert (closed.caller.packets_received, closed.caller.lost) == (97, 3)  # the double makes up for one
    assert (quality.reordered, quality.duplicates) == (1, 1)
    assert quality.losses == Losses(lost=4, runs=3, bursts=2, burst_packets=2 + 11, burst_lost=4)
    assert quality.rating is not None
    expected = mos(r_factor(CODECS["PCMU"], loss=4 / 100, burst_ratio=4 / 3 * 0.96))
    assert quality.rating.mos_listening == pytest.approx(expected)
    assert 1 < quality.rating.mos <= quality.rating.mos_listening
    remote = closed.callee.quality
    assert (remote.remote_loss, remote.remote_jitter_ms, remote.voip_metrics) == (5 / 97, 2.0, voip)
    assert remote.remote_rating is not None
    assert remote.round_trip_ms is not None
    assert remote.rating is None


async def test_who_is_not_heard_and_who_is_silent_is_told(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.open("call", caller, callee)
    await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 30.0, watched=True))

    async def speaks() -> None:
        while True:
            callee.say(MUTED)
            await asyncio.sleep(PACING_S)

    speaking = asyncio.create_task(speaks())
    try:
        told = {await media.fact(MediaAmiss, "call"), await media.fact(MediaAmiss, "call")}
        assert told == {
            MediaAmiss("call", True, Amiss.ONE_WAY, False),
            MediaAmiss("call", False, Amiss.SILENT_AUDIO, False),
        }
        caller.say(SPEECH)
        assert await media.fact(MediaAmiss, "call") == MediaAmiss("call", True, Amiss.ONE_WAY, True)
    finally:
        speaking.cancel()
    closed = await media.close("call")
    assert closed.caller.quality.one_way_s > 0
    assert closed.callee.quality.silent_audio_s > 0
