"""Calls whose parties change, fax, and forks, through real worker processes."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair
from mediation.b2bua.media_facts import MediaClosed, MediaLost, MediaOpened, PairOpened, PairRefused
from mediation.b2bua.plan import Fax, FaxPlan, MediaPlan
from mediation.media.notices import WorkerLost
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation.settings.peers import Side
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table
from tests.wire.media_phones import (
    GATEWAY,
    INTERNAL,
    LIMIT_S,
    STRANGER,
    TARGET,
    Media,
    Phone,
    phone,
    running,
    udp,
)
from tests.wire.test_media_audio import knock_until_refused

AS_A = translation_table(Law.PCMU, Law.PCMA) or b""
AS_MU = translation_table(Law.PCMA, Law.PCMU) or b""
SETTINGS = WorkerSettings(
    front_end_ports=(24_000, 24_099),
    gateway_ports=(34_000, 34_099),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
)
NARROW = replace(SETTINGS, front_end_ports=(24_200, 24_299), gateway_ports=(34_200, 34_203))
"""Two pairs on the gateway side."""
MORTAL = replace(SETTINGS, front_end_ports=(24_300, 24_399), gateway_ports=(34_300, 34_399))


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def target() -> Iterator[Phone]:
    with phone(TARGET) as made:
        yield made


def open_call(call: str) -> OpenMedia:
    return OpenMedia(call, Side.FRONT_END, Side.GATEWAY, (INTERNAL, GATEWAY))


def open_pair(call: str) -> OpenPair:
    return OpenPair(call, Side.GATEWAY, GATEWAY)


def fax_plan(caller: Phone, callee: Phone) -> FaxPlan:
    return FaxPlan(Fax(caller.rtp.getsockname()), Fax(callee.rtp.getsockname()))


# Transfer


async def test_the_party_that_stays_hears_one_stream_through_a_transfer__rfc3550_5_1(
    media: Media, pair: tuple[Phone, Phone], target: Phone
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    heard = []
    began = 0.0
    for _ in range(50):
        began = time.monotonic()
        callee.say(b"\x11" * 160)
        heard.append(caller.hear())
    number = await media.open_pair("call", target)
    target.say(b"\x66" * 160)  # too early: the plan does not know it yet
    await media.apply("call", MediaPlan(caller.stream(), target.stream(), 30.0, callee_pair=number))
    for _ in range(50):
        callee.say(b"\x77" * 160)  # nobody hears the one that has left
        target.say(b"\x22" * 160)
        heard.append(caller.hear())
        if len(heard) == 51:
            took = time.monotonic() - began
    assert [octets[12:] for octets in heard] == [AS_MU[0x11:0x12] * 160] * 50 + [AS_MU[0x22:0x23] * 160] * 50
    headers = [read_header(octets) for octets in heard]
    first = headers[0]
    assert {header[4] for header in headers} == {first[4]}
    assert [(header[2] - first[2]) & 0xFFFF for header in headers] == list(range(100))
    steps = [(two[3] - one[3]) & 0xFFFFFFFF for one, two in pairwise(headers)]
    assert steps[:49] + steps[50:] == [160] * 98
    assert 160 <= steps[49] <= max(160, took * 8000 + 8)  # as much later as time has passed, and no more
    assert [header[1] for header in headers] == [index in (0, 50) for index in range(100)]
    await media.settle()
    assert caller.hears_nothing()
    closed = await media.close("call")
    assert (closed.callee.packets_received, closed.callee.lost, closed.callee.rejected) == (50, 0, 0)
    assert (closed.caller.packets_sent, closed.caller.packets_received) == (100, 0)


async def test_the_party_that_comes_hears_audio_at_once_and_the_one_that_went_hears_none(
    media: Media, pair: tuple[Phone, Phone], target: Phone
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    caller.say(b"\x01" * 160)
    to_callee = read_header(callee.hear())
    number = await media.open_pair("call", target)
    await media.apply("call", MediaPlan(caller.stream(), target.stream(), 30.0, callee_pair=number))
    media.engine.perform(ClosePair("call", 1))
    await media.settle()
    headers = []
    for _ in range(20):
        caller.say(b"\x02" * 160)
        octets = target.hear()
        assert octets[12:] == AS_A[2:3] * 160
        headers.append(read_header(octets))
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(20))
    assert {header[4] for header in headers} == {headers[0][4]}
    assert headers[0][4] != to_callee[4]
    report = target.hear_report()
    while report[1] != 200:
        report = target.hear_report()
    assert report[4:8] == headers[0][4].to_bytes(4, "big")
    assert callee.hears_nothing()


async def test_a_transfer_that_fails_gives_the_party_its_own_stream_back(
    media: Media, pair: tuple[Phone, Phone], target: Phone
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    original = MediaPlan(caller.stream(), callee.stream(), 30.0)
    heard = []
    for _ in range(5):
        caller.say(b"\x01" * 160)
        heard.append(callee.hear())
    number = await media.open_pair("call", target)
    await media.apply("call", MediaPlan(caller.stream(), target.stream(), 30.0, callee_pair=number))
    for _ in range(5):
        caller.say(b"\x02" * 160)
        target.hear()
    await media.apply("call", original)
    media.engine.perform(ClosePair("call", number))
    for _ in range(5):
        caller.say(b"\x03" * 160)
        heard.append(callee.hear())
    headers = [read_header(octets) for octets in heard]
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(10))
    assert {header[4] for header in headers} == {headers[0][4]}
    assert [header[1] for header in headers] == [index in (0, 5) for index in range(10)]


async def test_a_pair_that_was_closed_swallows_late_packets_and_then_refuses_them(
    media: Media, pair: tuple[Phone, Phone], target: Phone
) -> None:
    caller, callee = pair
    opened = await media.connect("call", caller, callee)
    number = await media.open_pair("call", target)
    await media.apply("call", MediaPlan(caller.stream(), target.stream(), 30.0, callee_pair=number))
    media.engine.perform(ClosePair("call", 1))
    await media.settle()
    callee.rtp.connect(opened.callee)
    callee.rtp.settimeout(0.02)
    callee.rtp.send(bytes(172))
    with pytest.raises(TimeoutError):  # no ICMP error comes back
        callee.rtp.recv(2048)
    with pytest.raises(ConnectionRefusedError):
        knock_until_refused(callee.rtp)
    target.say(b"\x22" * 160)
    assert caller.hear()[12:] == AS_MU[0x22:0x23] * 160
    closed = await media.close("call")
    assert closed.callee.rejected == 0


async def test_without_a_port_for_a_pair_the_call_goes_on(pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    async with running(NARROW) as narrow:
        await narrow.open("other")
        await narrow.open("call", caller, callee)
        narrow.engine.perform(open_pair("call"))
        assert await narrow.fact(PairRefused, "call") == PairRefused("call", "no free port")
        narrow.engine.perform(ApplyMedia("call", MediaPlan(caller.stream(), callee.stream(), 30.0)))
        await narrow.close("other")  # the plan is in force
        caller.say(b"\x01" * 160)
        assert len(callee.hear()) == 172
        async with asyncio.timeout(LIMIT_S):
            while True:
                narrow.engine.perform(open_pair("call"))
                fact = await narrow.any_fact()
                if isinstance(fact, PairOpened):
                    break
                await asyncio.sleep(0.02)  # the ports of the other call rest
        assert fact.pair == 2


# Every order of OpenPair and the end


async def test_a_pair_asked_for_before_media_are_open_is_refused_and_the_call_opens(media: Media) -> None:
    media.engine.perform(open_call("call"))
    media.engine.perform(open_pair("call"))
    assert await media.fact(PairRefused, "call") == PairRefused("call", "media are not open yet")
    await media.fact(MediaOpened, "call")
    await media.close("call")
    assert media.unheard == []


async def test_a_pair_asked_for_just_before_the_end_is_told_and_goes_with_the_rest(media: Media) -> None:
    await media.open("call")
    media.engine.perform(open_pair("call"))
    media.engine.perform(CloseMedia("call"))
    await media.fact(PairOpened, "call")
    await media.fact(MediaClosed, "call")
    assert media.unheard == []


async def test_a_pair_asked_for_just_after_the_end_is_never_answered(media: Media) -> None:
    await media.open("call")
    media.engine.perform(CloseMedia("call"))
    media.engine.perform(open_pair("call"))
    await media.fact(MediaClosed, "call")
    media.engine.perform(open_pair("call"))
    media.engine.perform(ClosePair("call", 2))
    await media.settle()
    assert media.unheard == []


async def test_a_pair_that_a_worker_dies_over_is_opened_by_the_next() -> None:
    async with running(MORTAL) as mortal:
        await mortal.open("call")
        (pid,) = mortal.engine.workers.values()
        os.kill(pid, signal.SIGSTOP)
        mortal.engine.perform(open_pair("call"))
        os.kill(pid, signal.SIGKILL)
        await mortal.notice(WorkerLost)
        opened = await mortal.fact(PairOpened, "call")
        mortal.engine.perform(ClosePair("call", opened.pair))
        await asyncio.sleep(0)
        assert mortal.unheard == []


async def test_a_pair_closed_in_use_costs_that_call_its_media_and_no_other(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("sound", caller, callee)
    await media.open("broken")
    media.engine.perform(ClosePair("broken", 1))
    lost = await media.fact(MediaLost, "broken")
    assert "pair 1 cannot be closed" in lost.reason
    caller.say(b"\x01" * 160)
    assert len(callee.hear()) == 172


# Fax


async def test_a_fax_goes_both_ways_untouched_and_audio_comes_back_as_one_stream(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee)
    heard = []
    for _ in range(20):
        callee.say(b"\x11" * 160)
        heard.append(caller.hear())
    await media.apply("call", fax_plan(caller, callee))
    for number in range(100):
        datagram = number.to_bytes(2, "big") + bytes([number]) * (number * 13)
        caller.rtp.sendto(datagram, caller.to)
        assert callee.hear() == datagram
        callee.rtp.sendto(datagram[::-1], callee.to)
        assert caller.hear() == datagram[::-1]
    await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 30.0))
    for _ in range(20):
        callee.say(b"\x11" * 160)
        heard.append(caller.hear())
    headers = [read_header(octets) for octets in heard]
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(40))
    assert {header[4] for header in headers} == {headers[0][4]}
    steps = [(two[3] - one[3]) & 0xFFFFFFFF for one, two in pairwise(headers)]
    assert steps[:19] + steps[20:] == [160] * 38
    assert steps[19] >= 160
    assert [header[1] for header in headers] == [index in (0, 20) for index in range(40)]
    closed = await media.close("call")
    assert (closed.caller.fax_received, closed.caller.fax_sent) == (100, 100)
    assert (closed.callee.fax_received, closed.callee.fax_sent) == (100, 100)
    assert (closed.callee.packets_received, closed.callee.lost, closed.callee.rejected) == (40, 0, 0)


async def test_a_fax_is_heard_of_its_party_alone(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.open("call", caller, callee)
    await media.apply("call", fax_plan(caller, callee))
    with udp(STRANGER) as stranger:
        stranger.sendto(b"forged", caller.to)
        caller.rtp.sendto(b"mine", caller.to)
        stranger.sendto(b"forged", caller.to)
        assert callee.hear() == b"mine"
        await media.settle()
        assert callee.hears_nothing()
    closed = await media.close("call")
    assert closed.caller.rejected == 2


async def test_a_fax_machine_may_take_no_time_limit_from_audio(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee, silence_s=0.3)
    await media.apply("call", fax_plan(caller, callee))
    await asyncio.sleep(0.5)
    assert media.unheard == []
    caller.rtp.sendto(b"a page", caller.to)
    assert callee.hear() == b"a page"


# Forks


async def test_of_forks_the_first_that_speaks_is_heard_and_nobody_else_gets_a_word_in(
    media: Media, pair: tuple[Phone, Phone], target: Phone
) -> None:
    caller, callee = pair
    await media.open("call", caller, callee)
    target.to = callee.to
    forked = replace(callee.stream(), alternatives=(target.rtp.getsockname(),))
    await media.apply("call", MediaPlan(caller.stream(), forked, 30.0))
    forged = build(8, 1, 160, 0x6666, b"\x66" * 160)
    heard = []
    with udp(STRANGER) as stranger:
        for _ in range(30):
            stranger.sendto(forged, callee.to)
        for _ in range(30):
            target.say(b"\x22" * 160)
            heard.append(caller.hear())
            callee.say(b"\x33" * 160)
            stranger.sendto(forged, callee.to)
        await media.read(30 + 30 + 30)
        caller.say(b"\x01" * 160)
        assert target.hear()[12:] == AS_A[1:2] * 160
        assert caller.hears_nothing()
        assert callee.hears_nothing()
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(2048)
    assert [octets[12:] for octets in heard] == [AS_MU[0x22:0x23] * 160] * 30
    await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 30.0))  # but the other one answers
    for _ in range(30):
        target.say(b"\x22" * 160)
        callee.say(b"\x33" * 160)
        heard.append(caller.hear())
    await media.read(30)
    assert caller.hears_nothing()
    assert [octets[12:] for octets in heard[30:]] == [AS_MU[0x33:0x34] * 160] * 30
    headers = [read_header(octets) for octets in heard]
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == list(range(60))
    assert {header[4] for header in headers} == {headers[0][4]}
    closed = await media.close("call")
    assert closed.callee.rejected == 60 + 30 + 30
