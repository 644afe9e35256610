"""Calls that are recorded through real workers and a real recorder: what is in the files, and trouble with the disk.

Phones speak by their own clocks; no test asks how long anything took. FFmpeg and tshark are the judges.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia
from mediation.b2bua.media_facts import MediaClosed, MediaFact, RecordingEnded, RecordingFailed
from mediation.b2bua.plan import MediaPlan, RecordingOrder
from mediation.media.engine import WorkerMediaEngine
from mediation.media.notices import RecorderNotice, RecorderStarted, WorkerLost, WorkerStarted
from mediation.media.recorded import RecordedMedia
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build
from mediation.sdp.crypto import Suite
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import level_at_dbm0
from mediation_codecs.tones import sine
from tests.wire.media_phones import CALLEE, LIMIT_S, Media, Phone, phone
from tests.wire.test_media_secrecy import Sealing

SETTINGS = WorkerSettings(
    front_end_ports=(22_000, 22_999),
    gateway_ports=(32_000, 32_999),
    workers=1,
    port_quarantine_s=0.1,
    statistics_interval_s=0.1,
)
pytestmark = pytest.mark.asyncio(loop_scope="module")
LEFT_HZ, RIGHT_HZ = 440, 1000
PACKETS = 60


class Engine(RecordedMedia):
    """Has workers, and tells them."""

    carrier: WorkerMediaEngine

    @property
    def workers(self) -> dict[int, int]:
        return self.carrier.workers


class Studio(Media):
    """The media of these tests, with a recorder."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        self.recorder_notices: asyncio.Queue[RecorderNotice] = asyncio.Queue()
        note = self.recorder_notices.put_nowait
        self.recorded = Engine(self._engine_with, self._hear, note, free_octets=0)
        self.engine = self.recorded  # type: ignore[assignment]  # an engine around the engine

    def _engine_with(self, on_fact: Callable[[MediaFact], None], tape: int) -> WorkerMediaEngine:
        Engine.carrier = WorkerMediaEngine(replace(SETTINGS, tape=tape), on_fact, self._note)
        return Engine.carrier


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_media() -> AsyncIterator[Studio]:
    """One worker and one recorder for all tests here."""
    made = Studio()
    await made.recorded.start()
    yield made
    await made.recorded.aclose()


def ordered(tmp_path: Path, *, pcap: bool = False, wav: bool = True, longest: int = 0) -> RecordingOrder:
    return RecordingOrder(str(tmp_path / "call"), wav, pcap, longest)


def tone(law: Law, hz: float, packets: int = PACKETS) -> list[bytes]:
    octets = encode(law, sine(hz, -10, packets * 0.02))
    return [octets[at : at + 160] for at in range(0, len(octets), 160)]


async def talk(caller: Phone, callee: Phone, packets: int = PACKETS) -> None:
    """Both say a tone for a while, by the clock."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, (left, right) in enumerate(
        zip(tone(caller.law, LEFT_HZ, packets), tone(callee.law, RIGHT_HZ, packets), strict=True)
    ):
        await asyncio.sleep(begin + 0.02 * number - loop.time())
        caller.say(left)
        callee.say(right)


async def begin(media: Studio, order: RecordingOrder, caller: Phone, callee: Phone) -> MediaPlan:
    await media.open("call", caller, callee)
    plan = MediaPlan(caller.stream(), callee.stream(), 0.0, recording=order)
    media.engine.perform(ApplyMedia("call", plan))
    await media.settle()
    return plan


async def end(media: Studio) -> RecordingEnded:
    """The last words of a call whose recording is whole."""
    media._open.discard("call")
    media.engine.perform(CloseMedia("call"))
    ended = await media.fact(RecordingEnded, "call")
    await media.fact(MediaClosed, "call")
    return ended


def channels(path: str) -> npt.NDArray[np.int16]:
    """What FFmpeg reads of a file: two rows."""
    with av.open(path) as container:
        (stream,) = container.streams.audio
        assert (stream.rate, stream.channels, stream.codec_context.name) == (8000, 2, "pcm_s16le")
        pieces = [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(stream)]
    return np.concatenate(pieces).astype(np.int16).T


def onset(samples: npt.NDArray[np.int16]) -> int:
    """Where it begins to sound."""
    return int(np.flatnonzero(np.abs(samples.astype(int)) > 500)[0])


def sounding(samples: npt.NDArray[np.int16]) -> float:
    """For so many packets a tone is heard: all but its zero crossings."""
    return float(np.count_nonzero(np.convolve(np.abs(samples.astype(int)) > 500, np.ones(9)))) / 160


async def test_both_parties_stand_side_by_side_in_a_file_that_players_read(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    await begin(media, ordered(tmp_path), *pair)
    await talk(*pair)
    ended = await end(media)
    assert (ended.dropped, ended.cut, ended.files) == (0, False, (str(tmp_path / "call.wav"),))
    assert os.stat(ended.files[0]).st_mode & 0o777 == 0o600
    left, right = channels(ended.files[0])
    for samples, hz, other in ((left, LEFT_HZ, RIGHT_HZ), (right, RIGHT_HZ, LEFT_HZ)):
        at = onset(samples)
        spoken = samples[at : at + 160 * (PACKETS - 10)]
        assert level_at_dbm0(spoken, hz) == pytest.approx(-10, abs=0.1)
        assert level_at_dbm0(spoken, other) < -50
        assert np.count_nonzero(samples[at : at + 160 * (PACKETS - 1)] == 0) < 0.02 * len(spoken), "a gap"
    assert left.size >= 160 * PACKETS


def unevenness(samples: npt.NDArray[np.int16], hz: float) -> float:
    """By how much a sample is away from the one sine that fits all of them best: a click, a step or a hole shows."""
    turns = 2 * np.pi * hz / 8000 * np.arange(samples.size)
    waves = np.stack((np.sin(turns), np.cos(turns)), axis=1)
    fit, *_ = np.linalg.lstsq(waves, samples.astype(float), rcond=None)
    return float(np.abs(samples - waves @ fit).max())


async def test_a_tone_is_one_sine_through_changes_of_both_laws_and_a_hold(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    """A re-INVITE and the phone's next packet overtake each other: a law is understood before and after it."""
    caller, callee = pair
    plan = await begin(media, ordered(tmp_path), caller, callee)
    changed = replace(plan, caller=replace(plan.caller, law=Law.PCMA, payload_type=8))
    both = replace(changed, callee=replace(plan.callee, law=Law.PCMU, payload_type=0))
    held = replace(both, callee=replace(both.callee, takes=False))
    plans = {15: changed, 25: both, 35: held, 45: both}
    loop = asyncio.get_running_loop()
    start = loop.time()
    whole = sine(LEFT_HZ, -10, PACKETS * 0.02)
    for number in range(PACKETS):
        await asyncio.sleep(start + 0.02 * number - loop.time())
        if number in plans:
            media.engine.perform(ApplyMedia("call", plans[number]))
        caller.law = Law.PCMU if number < 18 else Law.PCMA
        caller.say(encode(caller.law, whole[160 * number : 160 * number + 160]))
    await media.settle()
    ended = await end(media)
    left, _ = channels(ended.files[0])
    spoken = left[onset(left) :][: 160 * (PACKETS - 1)]
    assert level_at_dbm0(spoken, LEFT_HZ) == pytest.approx(-10, abs=0.1)
    assert unevenness(spoken, LEFT_HZ) < 250  # of 32768; the coarsest steps of both laws at this level
    heard = [callee.hear() for _ in range(50)]
    laws = {0: Law.PCMU, 8: Law.PCMA}
    for packets in (heard[:33], heard[-13:]):  # before the hold and after it, whenever that came
        said = np.concatenate([decode(laws[packet[1] & 0x7F], packet[12:]) for packet in packets])
        assert unevenness(said, LEFT_HZ) < 400
    numbers = [int.from_bytes(packet[2:4]) for packet in heard]
    assert {(after - before) & 0xFFFF for before, after in pairwise(numbers)} == {1}


async def test_what_is_said_at_one_moment_stands_at_one_place(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    await begin(media, ordered(tmp_path), *pair)
    caller.say(tone(caller.law, LEFT_HZ)[0])
    await asyncio.sleep(0.2)
    caller.ssrc += 1
    for number in range(3):  # both first packets lie in the kernel at the same moment
        caller.say(tone(caller.law, LEFT_HZ)[number])
        callee.say(tone(callee.law, RIGHT_HZ)[number])
    ended = await end(media)
    left, right = channels(ended.files[0])
    heard = np.flatnonzero(np.abs(left.astype(int)) > 500)
    second = heard[np.flatnonzero(np.diff(heard) > 400)[0] + 1]
    assert abs(second - onset(right)) <= 160


async def test_a_capture_is_read_by_tshark_and_decrypted(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    caller, callee = pair
    sealing = Sealing(Suite.AES_CM_128_HMAC_SHA1_80)
    opened = await media.open("call", caller, callee)
    near = replace(caller.stream(), srtp=sealing.keys)
    order = ordered(tmp_path, pcap=True, wav=False)
    media.engine.perform(ApplyMedia("call", MediaPlan(near, callee.stream(), 0.0, recording=order)))
    await media.settle()
    said = tone(Law.PCMU, LEFT_HZ, 20)
    for number, payload in enumerate(said):
        octets = sealing.out.protect(build(0, number, 160 * number, 0x77, payload))
        caller.rtp.sendto(octets, caller.to)
        callee.say(payload)
        await asyncio.sleep(0.005)
    ended = await end(media)
    fields = ["ip.src", "udp.srcport", "ip.dst", "udp.dstport", "rtp.seq", "rtp.p_type", "rtp.payload"]
    port = opened.caller[1]
    asked = [part for field in fields for part in ("-e", field)]
    lines = _tshark(ended.files[0], port, "-Y", f"udp.dstport=={port}", "-T", "fields", *asked)
    assert [line.split("\t") for line in lines] == [
        [*map(str, caller.rtp.getsockname()), *map(str, opened.caller), str(number), "0", payload.hex()]
        for number, payload in enumerate(said)
    ]
    port = opened.callee[1]
    streams = _tshark(ended.files[0], port, "-q", "-z", "rtp,streams")
    assert any(f" {port} " in line and " 0 (0.0%) " in line for line in streams), streams


async def test_hold_another_party_and_a_worker_that_dies_leave_one_file(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    caller, _ = pair
    plan = await begin(media, ordered(tmp_path), *pair)
    await talk(*pair, packets=10)
    held = replace(plan, callee=replace(plan.callee, sends=False))
    media.engine.perform(ApplyMedia("call", held))
    await media.settle()
    await talk(*pair, packets=10)  # the callee speaks to somebody else
    with phone(CALLEE, Law.PCMU) as other:
        number = await media.open_pair("call", other)
        media.engine.perform(ApplyMedia("call", replace(plan, callee=other.stream(), callee_pair=number)))
        await media.settle()
        await talk(caller, other, packets=10)
        (pid,) = media.recorded.workers.values()
        media._notices.clear()
        os.kill(pid, signal.SIGKILL)
        await media.notice(WorkerLost)
        await media.notice(WorkerStarted)
        await media.settle()
        await talk(caller, other, packets=10)
        ended = await end(media)
    left, right = channels(ended.files[0])
    # what the worker had gathered when it died is gone, ten packets of each at most
    assert 28 < sounding(left) < 41
    assert 18 < sounding(right) < 31, "nothing of what was said while it was on hold"


async def test_a_disk_that_hangs_holds_up_nothing_but_its_file(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    await begin(media, ordered(tmp_path), *pair)
    os.kill(media.recorded.pid, signal.SIGSTOP)
    await talk(*pair, packets=20)
    caller, callee = pair
    assert all(len(callee.hear()) == 172 and len(caller.hear()) == 172 for _ in range(20))
    pid = media.recorded.pid
    media.engine.perform(CloseMedia("call"))
    failed = await media.fact(RecordingFailed, "call")
    assert "not written" in failed.reason
    await media.fact(MediaClosed, "call")
    os.kill(pid, signal.SIGCONT)


async def test_a_recorder_that_is_killed_is_replaced_and_leaves_what_it_has_written(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    while not media.recorder_notices.empty():
        media.recorder_notices.get_nowait()
    await begin(media, ordered(tmp_path), *pair)
    await talk(*pair, packets=130)
    os.kill(media.recorded.pid, signal.SIGKILL)
    await media.fact(RecordingFailed, "call")
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(await media.recorder_notices.get(), RecorderStarted):
            pass
    await talk(*pair, packets=30)
    ended = await end(media)
    first, second = ended.files
    assert first == str(tmp_path / "call.wav")
    assert second == str(tmp_path / "call-2.wav")
    assert level_at_dbm0(channels(first)[0][4000:8000], LEFT_HZ) == pytest.approx(-10, abs=0.1)
    assert onset(channels(second)[1]) < 8000 * LIMIT_S


@pytest.mark.parametrize("trouble", ["no directory", "file is there"])
async def test_a_call_goes_on_where_nothing_can_be_written(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone], trouble: str
) -> None:
    order = ordered(tmp_path / "gone" if trouble == "no directory" else tmp_path)
    if trouble == "file is there":
        (tmp_path / "call.wav").touch()
    await media.open("call", *pair)
    media.engine.perform(
        ApplyMedia("call", MediaPlan(pair[0].stream(), pair[1].stream(), 0.0, recording=order))
    )
    failed = await media.fact(RecordingFailed, "call")
    words = {"no directory": "no such file", "file is there": "exists"}
    assert words[trouble] in failed.reason
    await talk(*pair, packets=5)
    assert all(len(pair[1].hear()) == 172 for _ in range(5))
    ended = await end(media)
    assert ended.files == ()


async def test_a_recording_ends_where_it_may_be_no_longer(
    media: Studio, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    await begin(media, ordered(tmp_path, longest=1), *pair)
    await talk(*pair, packets=70)
    ended = await end(media)
    assert ended.cut
    assert channels(ended.files[0]).shape == (2, 8000)


def _tshark(file: str, port: int, *arguments: str) -> list[str]:
    """What it prints of a file, with RTP at a port."""
    command = ["tshark", "-r", file, "-d", f"udp.port=={port},rtp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
