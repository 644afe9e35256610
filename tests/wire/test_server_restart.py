"""The main process is killed while people talk, and started again: what they hear, and what becomes of them."""

import os
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

from mediation.lab.simulated_call import StartAudio
from mediation.rtp.packet import build
from mediation.sip.message import Request
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S
from tests.wire.phones import Phone, until
from tests.wire.processes import processes_of
from tests.wire.test_media_restart import goodbye
from tests.wire.test_server_process import stands
from tests.wire.test_server_recording import recording

NUMBER = "+493012345678"
BETWEEN_S: Final = 0.02
"""Packets of a party."""

pytestmark = pytest.mark.usefixtures("marked")


@pytest.fixture(autouse=True)
def place(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where workers are found again."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(scene.folder / "run"))


@contextmanager
def doomed(scene: Scene, configuration: str) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon that will be killed. Nobody waits for the end of what it says: its workers may say it, too."""
    file = scene.folder / "mediation.toml"
    file.write_text(configuration)
    with (scene.folder / "first.log").open("wb") as log:
        command = [sys.executable, "-m", "mediation", "run", "-c", str(file)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Voice:
    """One party's audio: it numbers what it says, and takes down what it hears, in a thread of its own."""

    def __init__(self, stream: StartAudio) -> None:
        self.remote = stream.remote
        self._kind = stream.payload_type
        self._rtp, self._rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._rtp.bind(stream.local)
        self._rtcp.bind((stream.local[0], stream.local[1] + 1))
        self._rtp.settimeout(BETWEEN_S)
        self.said = 0
        self.heard: list[int] = []
        """The sequence numbers, as they came."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def says_goodbye(self) -> None:
        """By RTCP, and is silent."""
        self.falls_silent()
        self._rtcp.sendto(goodbye(), (self.remote[0], self.remote[1] + 1))

    def falls_silent(self) -> None:
        self._over.set()
        self._thread.join()

    def close(self) -> None:
        self.falls_silent()
        self._rtp.close()
        self._rtcp.close()

    def _talk(self) -> None:
        while not self._over.wait(BETWEEN_S):
            self._rtp.sendto(
                build(self._kind, self.said, 160 * self.said, 0xABCD, b"\x11" * 160), self.remote
            )
            self.said += 1
            self._listen()

    def _listen(self) -> None:
        try:
            while True:
                self.heard.append(int.from_bytes(self._rtp.recv(2048)[2:4]))
        except TimeoutError:
            pass


@contextmanager
def talking(*phones: Phone, call: int = 0) -> Iterator[list[Voice]]:
    """The parties of a call speak from now on."""
    with ExitStack() as stack:
        voices: list[Voice] = []
        for phone in phones:
            voices.append(Voice(phone.streams[call]))
            stack.callback(voices[-1].close)
        yield voices


async def hear_each_other(voices: list[Voice]) -> None:
    """Wait until each has heard a good deal more."""
    before = [len(voice.heard) for voice in voices]
    await until(lambda: all(len(voice.heard) > had + 10 for voice, had in zip(voices, before, strict=True)))


def has_lost(voice: Voice) -> int:
    """How many packets are missing between the first and the last that it has heard."""
    numbers = sorted(set(voice.heard))
    return numbers[-1] - numbers[0] + 1 - len(numbers)


def told(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def test_a_killed_main_process_costs_calls_no_packet_and_the_next_one_serves_beside_them(
    scene: Scene,
) -> None:
    configuration = scene.configuration(outlive_s=60)
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        with ExitStack() as stack:
            with doomed(scene, configuration) as process:
                await stands(scene)
                for call in range(2):
                    front_end.calls(NUMBER, scene.internal)
                    await front_end.notes_that("hears 200", call + 1)
                    await until(lambda: len(sbc.streams) == len(front_end.streams) == call + 1)  # noqa: B023 -- it is awaited in its own round
                ends, stays = (stack.enter_context(talking(front_end, sbc, call=call)) for call in range(2))
                await hear_each_other(ends)
                process.kill()
                process.wait()
                await hear_each_other(ends)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
                squatter.bind(scene.gateway)
                with doomed(scene, configuration) as process:
                    assert process.wait(PATIENCE_S) == 75, "it cannot serve, and takes nothing away"
            with scene.daemon(configuration, calls=1) as daemon:
                await hear_each_other(ends)
                [adopted] = told(daemon.log(), "media_worker.adopted")
                assert adopted["orphans"] == 2
                assert not told(daemon.log(), "media_worker.lost")
                front_end.calls(NUMBER, scene.internal)
                await front_end.notes_that("hears 200", 3)
                await until(lambda: len(sbc.streams) == len(front_end.streams) == 3)
                taken = {voice.remote for voice in (*ends, *stays)}
                assert not {front_end.streams[2].remote, sbc.streams[2].remote} & taken
                with talking(front_end, sbc, call=2) as new:
                    await hear_each_other(new)
                for voice in ends:
                    voice.falls_silent()
                assert [has_lost(voice) for voice in ends] == [0, 0]
                ends[0].says_goodbye()
                daemon.tells("orphan.ended")
                await hear_each_other(stays)
                front_end.hangs_up()
                await front_end.is_done(3)
            assert not processes_of(scene.block), "a stop ends the orphan that was left, too"
            answers = [m for m in front_end.seen if not isinstance(m, Request) and m.cseq.method == "BYE"]
            assert sorted(answer.status for answer in answers) == [200, 481, 481]


async def test_a_recording_ends_well_when_the_main_process_is_killed(scene: Scene) -> None:
    directory = scene.folder / "recordings"
    directory.mkdir()
    configuration = scene.configuration(outlive_s=60, more=recording(directory))
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        with ExitStack() as stack:
            with doomed(scene, configuration):
                await stands(scene)
                front_end.calls(NUMBER, scene.internal)
                await front_end.notes_that("hears 200")
                await until(lambda: len(sbc.streams) == len(front_end.streams) == 1)
                voices = stack.enter_context(talking(front_end, sbc))
                for _ in range(3):
                    await hear_each_other(voices)
            await until(
                lambda: len(processes_of(scene.block)) == 1
            )  # the recorder has gone, the worker has not
            [sound] = directory.glob("*.wav")
            octets = sound.read_bytes()
            with wave.open(str(sound), "rb") as file:
                assert file.getnframes() > 10 * 160
            with scene.daemon(configuration, calls=0) as daemon:
                assert [line["orphans"] for line in told(daemon.log(), "media_worker.adopted")] == [1]
                await hear_each_other(voices)
            assert sound.read_bytes() == octets
            assert [path for path in directory.iterdir() if path.suffix == ".wav"] == [sound]


async def test_without_the_setting_audio_ends_with_the_main_process(scene: Scene) -> None:
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA),
    ):
        with doomed(scene, scene.configuration()):
            await stands(scene)
            front_end.calls(NUMBER, scene.internal)
            await front_end.notes_that("hears 200")
    await until(lambda: not processes_of(scene.block))
    assert "run" not in os.listdir(scene.folder)
