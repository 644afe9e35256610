"""Comfort noise and packet lengths through a real worker process."""

from dataclasses import replace

import pytest

from mediation.b2bua.media_commands import ApplyMedia
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation_codecs.g711 import decode
from mediation_codecs.law import Law
from mediation_codecs.pcm import level_dbm0
from mediation_codecs.transcode import translation_table
from tests.wire.media_phones import Media, Phone

SETTINGS = WorkerSettings(
    front_end_ports=(23_500, 23_999),
    gateway_ports=(33_500, 33_999),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
)
AS_A = translation_table(Law.PCMU, Law.PCMA) or b""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def connected(media: Media, pair: tuple[Phone, Phone], callee: Stream) -> None:
    """A call in which the callee describes itself like this."""
    await media.open("call", *pair)
    caller = replace(pair[0].stream(), comfort_noise=True)
    media.engine.perform(ApplyMedia("call", MediaPlan(caller, callee, 30.0)))
    await media.settle()


async def test_noise_passes_or_is_made_by_the_clock__rfc3389(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await connected(media, pair, replace(callee.stream(), comfort_noise=True))
    caller.say(b"\x55" * 160)
    caller.say(b"\x28", payload_type=13)
    assert callee.hear()[12:] == AS_A[0x55:0x56] * 160
    heard = callee.hear()
    assert (read_header(heard)[0], heard[12:]) == (13, b"\x28")
    media.engine.perform(
        ApplyMedia("call", MediaPlan(caller.stream(), replace(callee.stream(), fill_silence=True), 30.0))
    )
    await media.settle()
    caller.say(b"\x28", payload_type=13)
    packets = [callee.hear() for _ in range(10)]
    headers = [read_header(octets) for octets in packets]
    assert {header[0] for header in headers} == {8}
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(10))
    assert [(header[3] - headers[0][3]) & 0xFFFFFFFF for header in headers] == list(range(0, 1600, 160))
    made = decode(Law.PCMA, b"".join(octets[12:] for octets in packets))
    assert level_dbm0(made) == pytest.approx(6.18 - 40, abs=1.5)


async def test_packets_are_cut_and_joined_with_their_own_time_and_numbers(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await connected(media, pair, replace(callee.stream(), repacketize=True))
    octets = bytes(range(256)) * 10
    at = number = 0
    for length in (240, 240, 80, 80, 160, 480, 160, 480):
        caller.rtp.sendto(build(0, number, at, 0xABCD, octets[at : at + length]), caller.to)
        at, number = at + length, number + 1
    heard = [callee.hear() for _ in range(at // 160)]
    headers = [read_header(packet) for packet in heard]
    assert b"".join(packet[12:] for packet in heard) == octets[:at].translate(AS_A)
    assert {len(packet) for packet in heard} == {172}
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(len(heard)))
    assert [(header[3] - headers[0][3]) & 0xFFFFFFFF for header in headers] == list(range(0, at, 160))
