"""A phone behind a bad network, heard through a worker's jitter buffer: disorder, doubles and loss on real sockets.

When packets come is the machine's affair; how evenly they leave is looked at in virtual time.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
import pytest_asyncio

from mediation.b2bua.plan import MediaPlan
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation_codecs.law import Law
from tests.wire.media_phones import Media, Phone, phones, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACKETS = 150


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def media() -> AsyncIterator[Media]:
    settings = WorkerSettings(front_end_ports=(22_000, 22_999), gateway_ports=(32_000, 32_999), workers=1)
    async with running(settings) as started:
        yield started


def payload(number: int) -> bytes:
    """Each packet's own."""
    return number.to_bytes(2) * 80


def send(phone: Phone, number: int) -> None:
    phone.rtp.sendto(build(8, number, 160 * number, phone.ssrc, payload(number)), phone.to)


def hear_all(phone: Phone, quiet_s: float) -> list[bytes]:
    """What comes until nothing has come for so long."""
    phone.rtp.settimeout(quiet_s)
    came = []
    try:
        while True:
            came.append(phone.hear())
    except TimeoutError:
        return came


async def test_a_third_out_of_order_some_twice_and_some_lost_come_out_in_order_and_once(media: Media) -> None:
    chance = Random(14)
    lost = set(chance.sample(range(5, PACKETS - 5), 8))
    with phones(Law.PCMA, Law.PCMA) as (caller, callee):
        await media.open("call", caller, callee)
        plan = MediaPlan(replace(caller.stream(), jitter_buffer_ms=200), callee.stream(), 0.0)
        await media.apply("call", plan)
        order = [number for number in range(PACKETS) if number not in lost]
        for place in chance.sample(range(2, len(order) - 2), len(order) // 6):  # a third of them: by twos
            order[place], order[place + 1] = order[place + 1], order[place]
        for place, number in enumerate(order):
            send(caller, number)
            if place % 20 == 10:
                send(caller, number)
            if place % 3 == 0:
                time.sleep(0.06)  # noqa: ASYNC251 -- the worker is another process
        came = hear_all(callee, 1.0)
        closed = await media.close("call")
    heads = [read_header(octets) for octets in came]
    assert all((after[2] - before[2]) & 0xFFFF < 0x8000 for before, after in pairwise(heads))
    assert len({head[2] for head in heads}) == len(heads)
    first = heads[0][2] - int.from_bytes(came[0][12:14])
    for octets, head in zip(came, heads, strict=True):
        assert octets[12:] == payload(head[2] - first & 0xFFFF), "number and sound belong together"
    assert len(came) + closed.caller.quality.discarded == PACKETS - len(lost)
    assert closed.caller.quality.losses.lost == len(lost)
    assert closed.caller.quality.reordered > 10
