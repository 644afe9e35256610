"""What phones hear of ours through a real worker process: tones, music, by SRTP, after a worker's death.

A frame that came too late for its place may be missing on a busy machine: each payload is looked at in its own place.
"""

import itertools
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
import pytest_asyncio

from mediation.b2bua.plan import ABSENT, MediaPlan
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.notices import WorkerStarted
from mediation.media.stocking import write_shelf
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import read_header
from mediation.sdp.crypto import Suite
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import level_at_dbm0
from mediation_codecs.ringback import RINGBACK
from mediation_codecs.tones import progress, sine
from tests.wire.media_phones import Media, Phone, running
from tests.wire.test_media_secrecy import Sealing

pytestmark = pytest.mark.asyncio(loop_scope="module")

MUSIC, RINGING = Sound(SoundKind.MUSIC, "tune"), Sound(SoundKind.RINGBACK, "gb")
TUNE, CYCLE = sine(600, -14, 2.0), progress(RINGBACK["gb"], 3.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_media() -> AsyncIterator[Media]:
    """One worker that has both sounds."""
    shelf = write_shelf({MUSIC: TUNE, RINGING: CYCLE})
    settings = WorkerSettings(
        front_end_ports=(22_000, 22_999),
        gateway_ports=(32_000, 32_999),
        workers=1,
        port_quarantine_s=0.1,
        statistics_interval_s=0.1,
        shelf=shelf,
    )
    async with running(settings) as started:
        yield started
    os.close(shelf)


def alerted(caller: Phone, *, ptime_ms: int = 20) -> MediaPlan:
    """Nobody is across, and it rings."""
    return MediaPlan(replace(caller.stream(), plays=RINGING, ptime_ms=ptime_ms), ABSENT, 0.0)


def held(caller: Phone, callee: Phone) -> MediaPlan:
    return MediaPlan(replace(caller.stream(), plays=MUSIC), callee.stream(takes=False), 0.0)


def octets_at(law: Law, sound: np.ndarray, at: int, samples: int) -> bytes:
    """What the sound has at a place, when it goes on again and again."""
    return encode(law, np.resize(np.roll(sound, -(at % sound.size)), samples))


@pytest.mark.parametrize("ptime_ms", [20, 30])
async def test_a_caller_hears_it_ring_as_it_does_in_the_country(
    media: Media, pair: tuple[Phone, Phone], ptime_ms: int
) -> None:
    caller, _ = pair
    await media.open("call", caller)
    await media.apply("call", alerted(caller, ptime_ms=ptime_ms))
    heard = [caller.hear() for _ in range(1200 // ptime_ms)]
    first = read_header(heard[0])
    samples = 8 * ptime_ms
    sound = np.zeros(0, np.int16)
    for number, octets in enumerate(heard):
        _, marker, sequence, timestamp, ssrc, start, _ = read_header(octets)
        place = (timestamp - first[3]) & 0xFFFFFFFF
        assert octets[start:] == octets_at(Law.PCMU, CYCLE, place, samples)
        assert ((sequence - first[2]) & 0xFFFF, ssrc, marker) == (number, first[4], number == 0)
        if place == sound.size:
            sound = np.concatenate([sound, decode(Law.PCMU, octets[start:])])
    assert sound.size >= samples
    if sound.size >= 3200:  # nothing was late
        for hz in (400, 450):
            assert level_at_dbm0(sound[100:3100], hz) == pytest.approx(-13, abs=0.1)


async def test_music_and_relayed_audio_are_one_stream(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.connect("call", caller, callee, 0.0)
    heard: list[bytes] = []
    for _ in range(10):
        callee.say(b"\x55" * 160)
        heard.append(caller.hear())
    await media.apply("call", held(caller, callee))
    heard += [caller.hear() for _ in range(20)]
    await media.apply("call", MediaPlan(caller.stream(), callee.stream(), 0.0))
    while not caller.hears_nothing():
        pass  # frames that had left before the plan; what they were is of no interest
    for _ in range(10):
        callee.say(b"\x55" * 160)
        heard.append(caller.hear())
    headers = [read_header(octets) for octets in heard]
    assert len({header[4] for header in headers}) == 1
    marked = [place for place, header in enumerate(headers) if header[1]]
    assert marked[0] == 0
    assert {10, 30} <= set(marked)
    steps = [(b[2] - a[2]) & 0xFFFF for a, b in itertools.pairwise(headers)]
    assert steps[:29] == [1] * 29
    assert steps[30:] == [1] * 9
    assert all(0 < (b[3] - a[3]) & 0xFFFFFFFF < 8 * 8000 for a, b in itertools.pairwise(headers))
    for octets, header in zip(heard[10:30], headers[10:30], strict=True):
        place = (header[3] - headers[10][3]) & 0xFFFFFFFF
        assert octets[12:] == octets_at(Law.PCMU, TUNE, place, 160)


@pytest.mark.parametrize("suite", [Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_256_GCM], ids=str)
async def test_what_is_played_is_encrypted_like_everything_else(
    media: Media, pair: tuple[Phone, Phone], suite: Suite
) -> None:
    caller, callee = pair
    sealing = Sealing(suite)
    await media.open("call", caller, callee)
    plan = held(caller, callee)
    await media.apply("call", replace(plan, caller=replace(plan.caller, srtp=sealing.keys)))
    plain = [sealing.into.unprotect(caller.hear()) for _ in range(10)]
    first = read_header(plain[0])[3]
    for octets in plain:
        place = (read_header(octets)[3] - first) & 0xFFFFFFFF
        assert octets[12:] == octets_at(Law.PCMU, TUNE, place, 160)


async def test_music_goes_on_when_the_worker_dies(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    await media.open("call", caller, callee)
    await media.apply("call", held(caller, callee))
    before = read_header(caller.hear())[4]
    media._notices.clear()
    (pid,) = media.engine.workers.values()
    os.kill(pid, signal.SIGKILL)
    await media.notice(WorkerStarted)
    while read_header(octets := caller.hear())[4] == before:
        pass
    assert octets[12:] == octets_at(Law.PCMU, TUNE, 0, 160)
