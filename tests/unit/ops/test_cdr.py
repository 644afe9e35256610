"""Call records reach their file whole and once, or wait; time is pushed by hand."""

import errno
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import structlog

from mediation.ops.cdr import FIRST_RETRY_S, LAST_RETRY_S, CdrSpool, CdrWriter

Events = list[dict[str, object]]


@pytest.fixture
def logged() -> Iterator[Events]:
    with structlog.testing.capture_logs() as events:
        yield events  # type: ignore[misc]  # structlog types its own rows as MutableMapping


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    return tmp_path / "records" / "cdr.jsonl"


def calls_in(path: Path) -> list[object]:
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    return [json.loads(line)["call"] for line in text.split("\n")[:-1]]


def add(spool: CdrSpool, *calls: object) -> None:
    for call in calls:
        spool.append({"call": call})


def names(events: Events) -> list[object]:
    return [event["event"] for event in events]


def limited_write(limits: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes so many octets at the next writes: 0 is a full disk; after the last, all it is given."""
    real = os.write

    def write(descriptor: int, octets: bytes) -> int:
        if not limits:
            return real(descriptor, octets)
        if (limit := limits.pop(0)) == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, octets[:limit])

    monkeypatch.setattr("mediation.ops.cdr.os.write", write)


def test_each_record_is_one_line_in_order(path: Path) -> None:
    spool = CdrSpool(path)
    spool.append({"call": "a1", "reason": "x\r\n{}", "attempts": [{"trunk": "itsp-a", "status": 503}]})
    spool.append({"call": "a2", "mos": None})
    spool.flush(now=0.0)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {"call": "a1", "reason": "x\r\n{}", "attempts": [{"trunk": "itsp-a", "status": 503}]}
    assert second == {"call": "a2", "mos": None}
    assert (spool.written, spool.queued, spool.lost) == (2, 0, 0)


def test_a_record_is_kept_as_it_was_when_it_was_handed_over(path: Path) -> None:
    spool, record = CdrSpool(path), {"call": "before"}
    spool.append(record)
    record["call"] = "after"
    spool.flush(now=0.0)
    assert calls_in(path) == ["before"]


def test_a_new_run_appends_to_the_old_records(path: Path) -> None:
    for call in ("first", "second"):
        spool = CdrSpool(path)
        add(spool, call)
        spool.close(now=0.0)
    assert calls_in(path) == ["first", "second"]


def test_others_cannot_read_the_numbers_in_it(path: Path) -> None:
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    assert path.stat().st_mode & 0o007 == 0


def test_a_half_line_of_a_crash_is_closed_before_the_next_record(path: Path) -> None:
    path.write_text('{"call": "a1"}\n{"call": "a')
    spool = CdrSpool(path)
    add(spool, "a3")
    spool.flush(now=0.0)
    assert path.read_text() == '{"call": "a1"}\n{"call": "a\n{"call": "a3"}\n'


def test_nothing_is_lost_while_the_directory_is_gone(path: Path, logged: Events) -> None:
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    path.parent.rename(path.parent.with_name("away"))
    add(spool, 2)
    spool.flush(now=10.0)
    add(spool, 3)
    spool.flush(now=11.0)
    assert (spool.written, spool.queued) == (1, 2)
    path.parent.mkdir()
    spool.flush(now=20.0)
    assert calls_in(path) == [2, 3]
    assert calls_in(path.parent.with_name("away") / path.name) == [1]
    assert [(e["event"], e["log_level"]) for e in logged] == [
        ("cdr.write_failed", "warning"),
        ("cdr.write_recovered", "info"),
    ]
    assert (logged[0]["error"], logged[1]["after_s"]) == ("No such file or directory", 10.0)


def test_it_waits_for_a_directory_that_was_never_there(tmp_path: Path) -> None:
    path = tmp_path / "later" / "cdr.jsonl"
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    assert not path.parent.exists()
    path.parent.mkdir()
    spool.flush(now=FIRST_RETRY_S)
    assert calls_in(path) == [1]


def test_the_pause_doubles_up_to_its_limit_and_starts_anew_after_success(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, now, pauses = CdrSpool(path), 100.0, []
    limited_write([0] * 6, monkeypatch)
    add(spool, 1)
    for _ in range(6):
        spool.flush(now=now)
        deadline = spool.next_deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        now = deadline
    assert pauses == [0.5, 1.0, 2.0, 4.0, LAST_RETRY_S, LAST_RETRY_S]
    spool.flush(now=now)
    assert spool.next_deadline() is None
    limited_write([0], monkeypatch)
    add(spool, 2)
    spool.flush(now=now)
    assert spool.next_deadline() == now + FIRST_RETRY_S


def test_the_disk_is_left_alone_during_the_pause(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [0, 0]
    limited_write(limits, monkeypatch)
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    spool.flush(now=FIRST_RETRY_S - 0.01)
    assert limits == [0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_keeps_the_records_in_memory(logged: Events) -> None:
    spool = CdrSpool("/dev/full")
    add(spool, 1, 2)
    spool.flush(now=0.0)
    spool.flush(now=1.0)
    assert (spool.written, spool.queued, spool.lost) == (0, 2, 0)
    assert names(logged) == ["cdr.write_failed"]
    assert logged[0]["error"] == "No space left on device"


LINE = len(b'{"call": 1}\n')


@pytest.mark.parametrize("room", range(1, 3 * LINE))
def test_a_disk_that_fills_within_a_line_leaves_whole_lines_only(
    room: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = CdrSpool(path)
    add(spool, 1, 2, 3)
    limited_write([room, 0], monkeypatch)
    spool.flush(now=0.0)
    fitted = room // LINE
    assert calls_in(path) == [1, 2, 3][:fitted]
    assert (spool.written, spool.queued) == (fitted, 3 - fitted)
    monkeypatch.undo()
    spool.flush(now=1.0)
    assert calls_in(path) == [1, 2, 3]


@pytest.mark.parametrize("room", range(1, LINE + 1))
def test_the_line_end_before_our_first_line_is_not_taken_for_a_record(
    room: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("half")
    spool = CdrSpool(path)
    add(spool, 1)
    limited_write([room], monkeypatch)
    spool.flush(now=0.0)
    assert (path.read_text(), spool.written) == ("half", 0)
    spool.flush(now=60.0)
    assert path.read_text() == 'half\n{"call": 1}\n'


def test_a_half_line_that_cannot_be_cut_off_is_closed_by_a_line_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _size: int) -> None:
        raise PermissionError(errno.EPERM, "append-only file")

    monkeypatch.setattr("mediation.ops.cdr.os.ftruncate", refuse)
    limited_write([LINE + 3, 0], monkeypatch)
    spool = CdrSpool(path)
    add(spool, 1, 2)
    spool.flush(now=0.0)
    spool.flush(now=1.0)
    assert path.read_text() == '{"call": 1}\n{"c\n{"call": 2}\n'
    assert (spool.written, spool.queued) == (2, 0)


def test_somebody_elses_line_after_our_half_one_is_not_cut_off(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def write(descriptor: int, octets: bytes) -> int:
        monkeypatch.undo()
        real(descriptor, octets[:5])
        with path.open("a") as other:
            other.write("\nother\n")
        return 5

    monkeypatch.setattr("mediation.ops.cdr.os.write", write)
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    spool.flush(now=1.0)
    assert path.read_text() == '{"cal\nother\n{"call": 1}\n'


def test_a_rotated_file_is_left_and_a_new_one_begun(path: Path, logged: Events) -> None:
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    path.rename(path.with_suffix(".1"))
    add(spool, 2)
    spool.flush(now=0.0)
    assert (calls_in(path.with_suffix(".1")), calls_in(path)) == ([1], [2])
    assert logged == []


def test_a_file_replaced_by_another_is_the_one_written_from_then_on(path: Path) -> None:
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    path.with_suffix(".new").touch()
    path.with_suffix(".new").replace(path)
    add(spool, 2)
    spool.flush(now=0.0)
    assert calls_in(path) == [2]


def test_a_file_deleted_during_the_write_gets_its_records_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def write(descriptor: int, octets: bytes) -> int:
        monkeypatch.undo()
        path.unlink()
        return real(descriptor, octets)

    spool = CdrSpool(path)
    monkeypatch.setattr("mediation.ops.cdr.os.write", write)
    add(spool, 1)
    spool.flush(now=0.0)
    spool.flush(now=1.0)
    assert calls_in(path) == [1]


def test_a_truncated_file_is_simply_written_on(path: Path) -> None:
    spool = CdrSpool(path)
    add(spool, 1)
    spool.flush(now=0.0)
    os.truncate(path, 0)
    add(spool, 2)
    spool.flush(now=0.0)
    assert calls_in(path) == [2]


def test_a_full_queue_loses_the_newest_and_says_so_once_for_each_outage(
    path: Path, monkeypatch: pytest.MonkeyPatch, logged: Events
) -> None:
    spool = CdrSpool(path, capacity=2)
    for start in (0.0, 100.0):
        limited_write([0], monkeypatch)
        add(spool, 1, 2)
        spool.flush(now=start)
        add(spool, 3, 4)
        spool.flush(now=start + 60)
    assert calls_in(path) == [1, 2, 1, 2]
    assert (spool.written, spool.queued, spool.lost) == (4, 0, 4)
    assert names(logged) == ["cdr.write_failed", "cdr.record_lost", "cdr.write_recovered"] * 2
    assert logged[1]["log_level"] == "error"


def test_many_records_are_written_in_few_writes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    real = os.write

    def write(descriptor: int, octets: bytes) -> int:
        writes.append(len(octets))
        return real(descriptor, octets)

    monkeypatch.setattr("mediation.ops.cdr.os.write", write)
    spool = CdrSpool(path)
    add(spool, *range(2500))
    spool.flush(now=0.0)
    assert calls_in(path) == list(range(2500))
    assert len(writes) == 3


def test_closing_tries_once_more_and_counts_what_is_left(path: Path, logged: Events) -> None:
    spool = CdrSpool(path.parent / "missing" / "cdr.jsonl")
    add(spool, 1, 2)
    spool.flush(now=0.0)
    spool.close(now=0.1)
    add(spool, 3)
    assert (spool.queued, spool.lost) == (0, 3)
    assert names(logged) == ["cdr.write_failed", "cdr.record_lost", "cdr.record_lost"]


def test_closing_within_the_pause_still_writes_when_the_disk_is_back(path: Path) -> None:
    spool = CdrSpool(path.parent / "late" / "cdr.jsonl")
    add(spool, 1)
    spool.flush(now=0.0)
    (path.parent / "late").mkdir()
    spool.close(now=0.1)
    assert (spool.written, spool.lost) == (1, 0)


class Unreadable(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise RuntimeError

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        return 1


def test_a_record_that_cannot_be_read_does_not_reach_the_caller_as_an_error(path: Path) -> None:
    spool = CdrSpool(path)
    spool.append(Unreadable())
    assert (spool.lost, spool.queued) == (1, 0)


# The thread


def test_the_writer_has_written_all_when_it_is_closed(path: Path) -> None:
    writer = CdrWriter(path)
    for call in range(2000):
        writer.append({"call": call})
    writer.close()
    assert calls_in(path) == list(range(2000))
    assert (writer.written, writer.queued, writer.lost) == (2000, 0, 0)


def test_the_writer_writes_without_being_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote = _event_after_write(monkeypatch)
    writer = CdrWriter(path)
    writer.append({"call": 1})
    assert wrote.wait(10)
    assert calls_in(path) == [1]
    writer.close()


def test_the_writer_tries_again_by_itself_after_the_pause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediation.ops.cdr.FIRST_RETRY_S", 0.01)
    wrote = _event_after_write(monkeypatch, failures=2)
    writer = CdrWriter(path)
    writer.append({"call": 1})
    assert wrote.wait(10)
    writer.close()
    assert calls_in(path) == [1]


def test_a_disk_that_hangs_holds_neither_the_caller_nor_the_closing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang, hung = threading.Event(), threading.Event()
    real = os.write

    def write(descriptor: int, octets: bytes) -> int:
        hung.set()
        hang.wait(10)
        return real(descriptor, octets)

    monkeypatch.setattr("mediation.ops.cdr.os.write", write)
    writer = CdrWriter(path)
    writer.append({"call": 1})
    assert hung.wait(10)
    writer.append({"call": 2})
    writer.close(timeout_s=0.0)
    assert writer.queued == 2
    hang.set()
    writer.close()
    assert calls_in(path) == [1, 2]


def _event_after_write(monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> threading.Event:
    done, real = threading.Event(), os.write
    left: Callable[[], bool] = iter([True] * failures).__next__

    def write(descriptor: int, octets: bytes) -> int:
        try:
            left()
        except StopIteration:
            written = real(descriptor, octets)
            done.set()
            return written
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("mediation.ops.cdr.os.write", write)
    return done
