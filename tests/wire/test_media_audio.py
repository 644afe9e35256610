"""What phones hear through a real worker process."""

import random
import socket
from dataclasses import replace

import pytest

from mediation.b2bua.media_commands import ApplyMedia
from mediation.b2bua.media_facts import MediaSilent
from mediation.b2bua.plan import MediaPlan
from mediation.media.rtcp import build as build_report
from mediation.media.rtcp import parse
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation.rtp.telephone_event import key_packets
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.transcode import translation_table
from tests.wire.media_phones import LIMIT_S, STRANGER, Media, Phone, phones, udp

CODES = bytes(range(256))
"""Every octet there is."""
AS_A = translation_table(Law.PCMU, Law.PCMA) or b""
AS_MU = translation_table(Law.PCMA, Law.PCMU) or b""
SETTINGS = WorkerSettings(
    front_end_ports=(21_000, 21_999),
    gateway_ports=(31_000, 31_999),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_octet_is_transcoded_by_the_tables_of_the_itu_both_ways(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    for one, other in ((caller, callee), (callee, caller)):
        one.say(CODES)
        heard = other.hear()
        assert heard[12:] == (AS_A if other.law is Law.PCMA else AS_MU)
        assert read_header(heard)[0] == (0 if other.law is Law.PCMU else 8)
    # pinned by value: idle A-law becomes 0xFE, idle µ-law 0xD5 (G.711 tables 3 and 4)
    callee.say(bytes([SILENCE[Law.PCMA]]) * 160)
    assert caller.hear()[12:] == b"\xfe" * 160
    caller.say(bytes([SILENCE[Law.PCMU]]) * 160)
    assert callee.hear()[12:] == b"\xd5" * 160


async def test_where_both_speak_one_law_no_octet_is_touched(media: Media) -> None:
    with phones(Law.PCMA, Law.PCMA) as (caller, callee):
        await media.connect("call", caller, callee)
        caller.say(CODES)
        callee.say(CODES[::-1])
        assert callee.hear()[12:] == CODES
        assert caller.hear()[12:] == CODES[::-1]


async def test_what_leaves_is_one_stream_without_a_gap(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    headers = []
    for _ in range(50):
        caller.say(CODES[:160])
        headers.append(read_header(callee.hear()))
    assert len({header[4] for header in headers}) == 1
    assert headers[0][4] != 0xABCD
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(50))
    assert [(header[3] - headers[0][3]) & 0xFFFFFFFF for header in headers] == list(range(0, 8000, 160))


async def test_a_burst_that_has_gathered_arrives_whole_and_in_order(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    for number in range(30):
        caller.say(bytes([number]) * 160)
    heard = [callee.hear() for _ in range(30)]
    assert [octets[12:] for octets in heard] == [AS_A[number : number + 1] * 160 for number in range(30)]


async def test_a_digit_passes_with_the_callees_payload_type__rfc4733_2(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    caller.say(CODES[:160])
    audio = read_header(callee.hear())
    press = list(key_packets("#", 1600))
    for index, event in enumerate(press):
        octets = build(101, 1 + index, 160, 0xABCD, event.payload, marker=event.marker)
        caller.rtp.sendto(octets, caller.to)
    heard = [callee.hear() for _ in press]
    assert [octets[12:] for octets in heard] == [event.payload for event in press]
    assert {read_header(octets)[0] for octets in heard} == {96}
    assert {read_header(octets)[3] for octets in heard} == {(audio[3] + 160) & 0xFFFFFFFF}
    assert [read_header(octets)[1] for octets in heard] == [event.marker for event in press]


async def test_no_stranger_hears_or_is_heard(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    forged = build(0, 1, 160, 0x6666, b"\x66" * 160)
    with udp(STRANGER) as stranger:
        await media.connect("call", caller, callee)
        for _ in range(100):  # before the caller has spoken
            stranger.sendto(forged, caller.to)
            callee.say(b"\x01" * 160)
            assert caller.hear()[12:] == AS_MU[1:2] * 160
        for _ in range(100):  # and after
            stranger.sendto(forged, caller.to)
            caller.say(b"\x02" * 160)
            assert callee.hear()[12:] == AS_A[2:3] * 160
        await media.settle()
        closed = await media.close("call")
        assert closed.caller.rejected == 200
        assert closed.callee.rejected == 0
        for sock in (stranger, caller.rtp, callee.rtp):
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(2048)


async def test_malformed_floods_on_all_ports_cost_a_call_nothing(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    opened = await media.connect("call", caller, callee)
    chance = random.Random(7)
    caller.say(CODES[:160])
    callee.hear()
    valid = build_report(1, "x", ntp=1, sender=None, block=None)
    with udp(STRANGER) as stranger:
        for number in range(1000):
            octets = chance.randbytes(chance.randrange(80))
            broken = bytearray(valid)
            broken[chance.randrange(len(broken))] = chance.randrange(256)
            for host, port in (opened.caller, opened.callee):
                stranger.sendto(octets, (host, port + number % 2))
            caller.rtcp.sendto(broken if number % 2 else octets, (opened.caller[0], opened.caller[1] + 1))
            if number % 10 == 0:  # as many as the port has room for
                caller.rtp.sendto(b"\x80" + octets[:10], opened.caller)
        await media.settle()
    caller.say(b"\x02" * 160)
    callee.say(b"\x01" * 160)
    assert callee.hear()[12:] == AS_A[2:3] * 160
    assert caller.hear()[12:] == AS_MU[1:2] * 160
    closed = await media.close("call")
    assert closed.caller.rejected > 0
    assert media.unheard == []


async def test_reports_arrive_on_both_legs_and_tell_the_truth__rfc3550_6(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    for _ in range(3):
        caller.say(CODES[:160])
    ssrc = read_header(callee.hear())[4]
    while (report := callee.hear_report())[1] != 200:  # the first may leave before the audio
        pass
    assert report[4:8] == ssrc.to_bytes(4, "big")
    assert parse(report, 0).sender_ntp is not None
    while len(report := caller.hear_report()) < 32 or report[1] != 201 or report[0] & 0x1F != 1:
        pass
    about = parse(report, 0xABCD).about_us
    assert about is not None
    assert (about.lost, about.fraction_lost) == (0, 0)


async def test_a_phone_that_answers_our_report_tells_us_what_it_missed(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    opened = await media.connect("call", caller, callee)
    caller.say(CODES[:160])
    ssrc = read_header(callee.hear())[4]
    block = ssrc.to_bytes(4, "big") + bytes.fromhex("10000007") + bytes(16)
    callee.rtcp.sendto(bytes.fromhex("81c90007 00001111") + block, (opened.callee[0], opened.callee[1] + 1))
    await media.settle()
    closed = await media.close("call")
    assert closed.callee.remote_lost == 7


async def test_the_last_report_says_goodbye__rfc3550_6_6(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    await media.close("call")
    for phone in (caller, callee):
        while not parse(phone.hear_report(), 0).leaving:
            pass


async def test_dead_audio_is_told_of_the_side_that_is_dead(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    opened = await media.open("call", caller, callee)
    plan = MediaPlan(caller.stream(sends=False), callee.stream(), silence_s=0.2)
    media.engine.perform(ApplyMedia("call", plan))
    assert await media.fact(MediaSilent, "call") == MediaSilent("call", caller=False)
    assert opened.callee == callee.to


async def test_hold_and_resume_keep_the_stream(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    caller.say(b"\x01" * 160)
    first = read_header(callee.hear())
    held = MediaPlan(caller.stream(sends=False, takes=True), callee.stream(takes=False), 30.0)
    media.engine.perform(ApplyMedia("call", held))
    await media.settle()
    for _ in range(10):
        caller.say(b"\x02" * 160)
        callee.say(b"\x03" * 160)
        assert len(caller.hear()) == 172
    await media.settle()
    media.engine.perform(ApplyMedia("call", MediaPlan(caller.stream(), callee.stream(), 30.0)))
    await media.settle()
    caller.say(b"\x04" * 160)
    heard = callee.hear()
    assert heard[12:] == AS_A[4:5] * 160
    second = read_header(heard)
    assert second[2] == (first[2] + 1) & 0xFFFF
    assert second[4] == first[4]


async def test_early_media_goes_on_after_the_answer_with_another_law(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    callee.say(CODES)
    first = read_header(caller.hear())
    answered = replace(callee.stream(), law=Law.PCMU, payload_type=0)
    media.engine.perform(ApplyMedia("call", MediaPlan(caller.stream(), answered, 30.0)))
    await media.settle()
    callee.say(CODES, payload_type=0)
    heard = caller.hear()
    assert heard[12:] == CODES
    assert read_header(heard)[1:3] == (True, (first[2] + 1) & 0xFFFF)


async def test_late_packets_to_ports_of_a_call_that_is_over_are_swallowed_and_then_refused(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    opened = await media.connect("call", caller, callee)
    await media.close("call")
    caller.rtp.connect(opened.caller)
    caller.rtp.send(bytes(172))
    caller.rtp.settimeout(0.02)
    with pytest.raises(TimeoutError):  # no ICMP error comes back
        caller.rtp.recv(2048)
    with pytest.raises(ConnectionRefusedError):
        knock_until_refused(caller.rtp)


def knock_until_refused(sock: socket.socket) -> None:
    for _ in range(int(LIMIT_S / 0.02)):
        sock.send(bytes(172))
        try:
            sock.recv(2048)
        except TimeoutError:
            continue
