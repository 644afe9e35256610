"""G.722 and Opus through a real worker process, on real sockets, by FFmpeg's codecs in both phones."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mediation.b2bua.media_commands import ApplyMedia
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation.rtp.telephone_event import TelephoneEvent, key_packets
from mediation.sdp.crypto import Suite
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.unit.media import wide_scene
from tests.unit.media.wide_scene import decoded, encoded, frequency_hz, level_db, sine
from tests.wire.media_phones import CALLEE, CALLER, Media, Phone, running
from tests.wire.test_media_secrecy import Sealing

SETTINGS = WorkerSettings(
    front_end_ports=(21_000, 21_999),
    gateway_ports=(31_000, 31_999),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
    wide=True,
)

TONE_IN_A = encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.4))
SENDER_REPORT = 200
"""RFC 3550 section 6.4.1."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


class WidePhone(Phone):
    """A phone with any codec: its packets are as long as it says, and it hears as many as it waits for."""

    def __init__(self, host: str, codec: Codec) -> None:
        super().__init__(host, Law(codec) if not codec.is_wide else Law.PCMU)
        self.codec = codec

    def stream(self, *, sends: bool = True, takes: bool = True) -> Stream:
        """See Phone."""
        made = wide_scene.stream(self.codec)
        return Stream(
            self.rtp.getsockname(), self.rtcp.getsockname(), made.law, made.payload_type, 101, 20, sends, takes,
            wide=made.wide,
        )  # fmt: skip

    def packet(
        self, number: int, payload: bytes, *, payload_type: int = -1, at: int = -1, marker: bool = False
    ) -> None:
        """One packet of 20 ms."""
        kind = wide_scene.LAW_NUMBERS[self.codec] if payload_type < 0 else payload_type
        ticks = self.codec.clock_hz // 50
        octets = build(
            kind, number & 0xFFFF, ticks * (number if at < 0 else at), self.ssrc, payload, marker=marker
        )
        self.rtp.sendto(octets, self.to)

    def tell(
        self, payloads: list[bytes], other: Phone, *, lost: frozenset[int] = frozenset(), begin: int = 0
    ) -> list[bytes]:
        """All of them; and what the other one hears, which answers each packet so that none is sent too early."""
        heard = []
        for index, payload in enumerate(payloads, begin):
            if index - begin in lost:
                continue
            self.packet(index, payload)
            heard.append(other.hear())
            while index - begin - 1 in lost and len(heard) < index - begin + 1:
                heard.append(other.hear())
        return heard


@contextmanager
def wide_phones(caller: Codec, callee: Codec) -> Iterator[tuple[WidePhone, WidePhone]]:
    """A caller on the internal side, and a callee on the gateway's."""
    pair = WidePhone(CALLER, caller), WidePhone(CALLEE, callee)
    try:
        yield pair
    finally:
        for phone in pair:
            phone.close()


@pytest.mark.parametrize(
    ("front_end", "trunk"),
    [(Codec.G722, Codec.PCMA), (Codec.OPUS, Codec.PCMU), (Codec.OPUS, Codec.G722), (Codec.G722, Codec.G722)],
)
async def test_a_tone_is_heard_on_the_other_side_both_ways(
    media: Media, front_end: Codec, trunk: Codec
) -> None:
    with wide_phones(front_end, trunk) as (caller, callee):
        await media.connect("call", caller, callee)
        for one, other in ((caller, callee), (callee, caller)):
            heard = one.tell(encoded(one.codec, sine(one.codec, 1000, 1.0)), other)
            samples, rate = decoded(other.codec, [packet[12:] for packet in heard])
            middle = samples[rate // 4 : rate * 3 // 4]
            assert level_db(middle) == pytest.approx(0.0, abs=0.5)
            assert frequency_hz(middle, rate) == pytest.approx(1000, abs=2)
            headers = [read_header(packet) for packet in heard]
            ticks = other.codec.clock_hz // 50
            assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(headers)} == {1}
            assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(headers)} == {ticks}
        closed = await media.close("call")
        assert closed.caller.packets_received == closed.callee.packets_received == 50
        assert closed.caller.lost == closed.callee.lost == 0
        assert closed.caller.quality.rating is not None


@pytest.mark.parametrize(("front_end", "trunk"), [(Codec.OPUS, Codec.PCMA), (Codec.PCMA, Codec.OPUS)])
async def test_loss_of_five_percent_makes_no_hole(media: Media, front_end: Codec, trunk: Codec) -> None:
    lost = frozenset({11, 30, 31, 47, 70, 88})
    with wide_phones(front_end, trunk) as (caller, callee):
        await media.connect("call", caller, callee)
        heard = caller.tell(encoded(front_end, sine(front_end, 1000, 2.0)), callee, lost=lost)
        assert len(heard) == 100
        headers = [read_header(packet) for packet in heard]
        assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(headers)} == {1}
        assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(headers)} == {trunk.clock_hz // 50}
        samples, rate = decoded(trunk, [packet[12:] for packet in heard])
        frames = samples[rate // 5 : rate * 9 // 5].reshape(-1, rate // 50)
        assert min(level_db(frame) for frame in np.asarray(frames)) > -12
        assert (await media.close("call")).caller.lost == len(lost)


async def test_a_key_has_its_duration_in_each_sides_clock__rfc4733_2_1(media: Media) -> None:
    with wide_phones(Codec.OPUS, Codec.PCMA) as (caller, callee):
        await media.connect("call", caller, callee)
        silence = {one: encoded(one.codec, np.zeros(48_000, np.int16)) for one in (caller, callee)}
        for one, other in ((caller, callee), (callee, caller)):
            one.tell(silence[one][:5], other)
            clock = one.codec.clock_hz
            durations = []
            for index, event in enumerate(key_packets("7", clock // 5, packet_units=clock // 50)):
                one.packet(5 + index, event.payload, payload_type=101, at=5, marker=event.marker)
                heard = other.hear()
                assert read_header(heard)[0] == 101
                durations.append(TelephoneEvent.parse(heard[12:]).duration)
            assert durations[-1] == other.codec.clock_hz // 5
            assert durations[0] == other.codec.clock_hz // 50


async def test_the_codec_changes_and_back_and_the_stream_goes_on__rfc3264_8_3_2(media: Media) -> None:
    with wide_phones(Codec.PCMA, Codec.PCMA) as (caller, callee):
        await media.connect("call", caller, callee)
        last, begin = None, 0
        for codec in (Codec.PCMA, Codec.OPUS, Codec.G722, Codec.PCMA):
            caller.codec = codec
            await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 30.0))
            heard = caller.tell(encoded(codec, sine(codec, 1000, 0.4)), callee, begin=begin)
            back = callee.tell(encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.2)), caller, begin=begin)
            begin += 20
            numbers = [read_header(packet)[2] for packet in back]
            assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(10))
            assert last is None or (numbers[0] - last) & 0xFFFF == 1
            last = numbers[-1]
            samples, rate = decoded(codec, [packet[12:] for packet in back])
            assert level_db(samples[rate // 10 :]) == pytest.approx(0.0, abs=1.0)
            samples, rate = decoded(Codec.PCMA, [packet[12:] for packet in heard])
            assert level_db(samples[rate // 10 :]) == pytest.approx(0.0, abs=1.0)


async def test_hold_and_resume_leave_the_stream_whole__rfc3264_8_4(media: Media) -> None:
    with wide_phones(Codec.OPUS, Codec.PCMA) as (caller, callee):
        await media.connect("call", caller, callee)
        payloads = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.6))
        before = caller.tell(payloads[:10], callee)
        await media.apply("call", MediaPlan(caller.stream(sends=False), callee.stream(takes=False), 30.0))
        for index in range(10, 20):
            caller.packet(index, payloads[index])
        await media.read(10)
        assert callee.hears_nothing()
        await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 30.0))
        after = caller.tell(payloads[20:], callee, begin=20)
        numbers = [read_header(packet)[2] for packet in (*before, *after)]
        assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(20))
        assert read_header(after[0])[1]


async def test_a_phone_with_opus_may_be_encrypted__rfc3711(media: Media) -> None:
    sealing = Sealing(Suite.AES_CM_128_HMAC_SHA1_80)
    with wide_phones(Codec.OPUS, Codec.PCMA) as (caller, callee):
        await media.open("call", caller, callee)
        secret = replace(caller.stream(), srtp=sealing.keys)
        await media.apply("call", MediaPlan(secret, callee.stream(), 30.0))
        heard = []
        for index, payload in enumerate(encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.4))):
            plain = build(111, index, 960 * index, caller.ssrc, payload)
            caller.rtp.sendto(sealing.out.protect(plain), caller.to)
            heard.append(callee.hear()[12:])
        samples, rate = decoded(Codec.PCMA, heard)
        assert level_db(samples[rate // 5 :]) == pytest.approx(0.0, abs=0.5)
        back = [sealing.into.unprotect(packet)[12:] for packet in callee.tell(TONE_IN_A, caller)]
        samples, rate = decoded(Codec.OPUS, back)
        assert level_db(samples[rate // 5 :]) == pytest.approx(0.0, abs=0.5)


async def test_our_reports_tell_the_clock_of_opus__rfc3550_6_4_1(media: Media) -> None:
    with wide_phones(Codec.PCMA, Codec.OPUS) as (caller, callee):
        await media.connect("call", caller, callee)
        heard = caller.tell(encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.4)), callee)
        octets = sum(len(packet) - 12 for packet in heard)
        told = (0, 0, 0)
        while told[1] < len(heard):
            report = callee.hear_report()
            if report[1] == SENDER_REPORT:
                told = struct.unpack_from("!III", report, 16)
        timestamp, packets, sent = told
        assert (packets, sent) == (len(heard), octets)
        assert (timestamp - read_header(heard[-1])[3]) & 0xFFFFFFFF < 48_000 * 10


async def test_a_worker_without_wide_codecs_ends_the_call_that_needs_one_and_no_other() -> None:
    async with running(replace(SETTINGS, wide=False)) as media:
        with wide_phones(Codec.PCMU, Codec.PCMA) as (caller, callee):
            await media.connect("plain", caller, callee)
            opened = await media.open("wide")
            with wide_phones(Codec.OPUS, Codec.PCMA) as (one, other):
                media.engine.perform(ApplyMedia("wide", MediaPlan(one.stream(), other.stream(), 30.0)))
                lost = await media.any_fact()
            assert (lost.call, type(lost).__name__) == ("wide", "MediaLost")
            assert opened.call == "wide"
            caller.tell([b"\x55" * 160] * 3, callee)
