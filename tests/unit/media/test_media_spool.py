"""The recorder's disk: what hangs, what is full, what goes, and that nobody who records ever waits for it."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

from mediation.b2bua.media_facts import RecordingEnded, RecordingFailed
from mediation.b2bua.plan import RecordingOrder
from mediation.media import reel
from mediation.media.recording_messages import BeginRecording, FinishRecording
from mediation.media.sound_files import read_sound
from mediation.media.spool import Spool
from mediation.media.tape import Kind, packed_batch, packed_flows, packed_record
from mediation.rtp.packet import build

FLOWS = packed_flows(((("192.0.2.1", 4000), ("198.51.100.1", 5000)),) * 4)
LIMIT_S = 10
SECOND = 8000

Told = Queue[RecordingFailed | RecordingEnded]


class Writing:
    """A spool with a clock of the test's."""

    def __init__(self, directory: Path, *, most_octets: int = 1 << 20) -> None:
        self.directory = directory
        self.told: Told = Queue()
        self.now = 1000.0
        self.free = 1 << 40
        self.spool = Spool(
            self.told.put,
            floor_octets=1 << 30,
            most_octets=most_octets,
            clock=lambda: self.now,
            room=lambda _: self.free,
        )

    def begin(self, call: str = "call", *, pcap: bool = False) -> None:
        order = RecordingOrder(str(self.directory / call), wav=True, pcap=pcap)
        self.spool.put(BeginRecording(call, order, 1000 * SECOND))

    def batch(self, first: int, call: str = "call", packets: int = 10) -> None:
        records = [
            packed_record(
                0, Kind.PCMA, 1000 * SECOND + 160 * number, build(8, number, 160 * number, 1, b"\x12" * 160)
            )
            for number in range(first, first + packets)
        ]
        self.spool.put(packed_batch(call.encode(), packets, FLOWS, records))

    def finish(self, seconds: int, call: str = "call") -> None:
        self.spool.put(FinishRecording(call, (1000 + seconds) * SECOND))

    def next(self) -> RecordingFailed | RecordingEnded:
        return self.told.get(timeout=LIMIT_S)

    def file(self, call: str = "call") -> str:
        return str(self.directory / f"{call}.wav")


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Writing]:
    made = Writing(tmp_path)
    yield made
    made.spool.close(LIMIT_S)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, bytes], int]], None]:
    """Let another function write in the place of the system's."""
    return lambda write: monkeypatch.setattr(reel, "write", write)


def test_a_recording_is_as_long_as_its_call(writing: Writing) -> None:
    writing.begin()
    writing.batch(0)
    writing.finish(30)
    assert writing.next() == RecordingEnded("call", (writing.file(),))
    sound = read_sound(writing.file())
    assert sound.size == 30 * SECOND


def test_a_disk_that_hangs_lets_nobody_wait_and_what_finds_no_room_is_counted(
    tmp_path: Path, disk: Callable[[Callable[[int, bytes], int]], None]
) -> None:
    goes_on, hangs = threading.Event(), threading.Event()

    def write(descriptor: int, octets: bytes) -> int:
        hangs.set()
        goes_on.wait(LIMIT_S)
        return os.write(descriptor, octets)

    disk(write)
    writing = Writing(tmp_path, most_octets=100_000)
    writing.begin()
    for number in range(100):
        writing.batch(10 * number)
    assert hangs.wait(LIMIT_S)
    for number in range(100, 400):
        writing.batch(10 * number)
    writing.finish(80)
    goes_on.set()
    ended = writing.next()
    assert isinstance(ended, RecordingEnded)
    assert 2000 < ended.dropped < 4000
    writing.spool.close(LIMIT_S)


def test_a_disk_that_is_full_ends_the_recording_and_leaves_a_file_that_can_be_read(
    writing: Writing, disk: Callable[[Callable[[int, bytes], int]], None]
) -> None:
    written = 0

    def write(descriptor: int, octets: bytes) -> int:
        nonlocal written
        if written + len(octets) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        written += len(octets)
        return os.write(descriptor, octets)

    disk(write)
    writing.begin()
    for number in range(100):
        writing.batch(10 * number)
    assert writing.next() == RecordingFailed("call", "no space left on device")
    writing.batch(1000)
    writing.finish(21)
    assert writing.next() == RecordingEnded("call", (writing.file(),))
    assert 2 * SECOND <= read_sound(writing.file()).size < 4 * SECOND


def test_recordings_end_when_less_room_is_left_than_is_wanted(writing: Writing) -> None:
    writing.begin()
    writing.begin("other")
    writing.batch(0)
    writing.batch(0, "other")
    writing.finish(0, "nobody")
    assert writing.next() == RecordingEnded("nobody", ())
    writing.free = 1 << 29
    writing.now += 10
    writing.batch(10)
    told = [writing.next(), writing.next()]
    assert told == [RecordingFailed(call, "less than 1024 mb are free") for call in ("call", "other")]
    writing.begin("late")
    assert writing.next() == RecordingFailed("late", "less than 1024 mb are free")
    writing.free = 1 << 40
    writing.begin("later")
    writing.finish(1, "later")
    assert writing.next() == RecordingEnded("later", (writing.file("later"),))


def test_files_of_a_directory_that_was_removed_do_no_harm(writing: Writing) -> None:
    writing.begin(pcap=True)
    writing.batch(0)
    writing.finish(0, "nobody")
    writing.next()
    for name in ("call.wav", "call.pcap"):
        (writing.directory / name).unlink()
    writing.batch(10)
    writing.finish(5)
    ended = writing.next()
    assert ended == RecordingEnded("call", (writing.file(), str(writing.directory / "call.pcap")))


def test_what_was_written_can_be_read_before_a_recording_has_ended(writing: Writing) -> None:
    writing.begin()
    for number in range(100):
        writing.batch(10 * number)
    writing.finish(0, "nobody")
    writing.next()
    assert read_sound(writing.file()).size >= 16 * SECOND
    assert np.abs(read_sound(writing.file())[SECOND : 2 * SECOND]).min() > 0


def test_octets_that_are_no_batch_are_forgotten(writing: Writing) -> None:
    writing.begin()
    for octets in (b"", b"\xff", b"\x04call\x00\x09"):
        writing.spool.put(octets)
    writing.finish(1)
    assert isinstance(writing.next(), RecordingEnded)


@pytest.mark.parametrize("method", ["take", "finish"])
def test_a_bug_ends_the_recording_that_it_met_and_no_other(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    usual = getattr(reel.Reel, method)

    def broken(self: reel.Reel, given: object) -> None:
        if self.files == [writing.file()]:
            raise ZeroDivisionError
        usual(self, given)

    monkeypatch.setattr(reel.Reel, method, broken)
    writing.begin()
    writing.begin("other")
    writing.batch(0)
    writing.batch(0, "other")
    writing.finish(1)
    writing.finish(1, "other")
    told = [writing.next() for _ in range(3)]
    assert told == [
        RecordingFailed("call", "a bug: ZeroDivisionError()"),
        RecordingEnded("call", (writing.file(),)),
        RecordingEnded("other", (writing.file("other"),)),
    ]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_recordings_of_calls_that_go_on_are_made_whole_at_the_end(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.begin()
    writing.batch(0)
    writing.now += 3
    writing.spool.close(LIMIT_S)
    assert writing.next() == RecordingEnded("call", (writing.file(),))
    assert read_sound(writing.file()).size == 3 * SECOND
