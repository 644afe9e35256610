"""What a log line looks like, where it goes, and what it can never do."""

import asyncio
import errno
import io
import json
import logging
import os
import pty
from collections.abc import Iterator

import pytest
import structlog

from mediation.ops.log import configure, get_logger

HOSTILE = 'x\r\n2026-01-01 [info] call.answered\x1b[2J\x85\u2028\u202e" status=200'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_time_level_event_then_fields_in_order() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    get_logger(call="a1").info("leg.refused", side="gateway", status=486)
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "call", "side", "status"]
    assert (line["level"], line["event"], line["status"]) == ("info", "leg.refused", 486)
    assert str(line["timestamp"]).endswith("Z")


def test_auto_is_json_without_a_terminal_and_console_with_one() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    configure(stream=pipe)
    get_logger().info("call.answered", call="a1")
    configure(stream=terminal)
    get_logger().info("call.answered", call="a1")
    assert lines(pipe)[0]["call"] == "a1"
    assert "\x1b[" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colours_gets_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    terminal = Terminal()
    configure(stream=terminal)
    get_logger().warning("trunk.down", trunk="itsp-a", reason="no answer")
    assert "\x1b" not in terminal.getvalue()
    assert 'trunk=itsp-a reason="no answer"' in terminal.getvalue()


@pytest.mark.parametrize("format_", ["json", "console"])
def test_no_value_breaks_a_line_or_reaches_the_terminal(format_: str) -> None:
    stream = io.StringIO()
    configure("info", format_, stream)
    get_logger().info("leg.refused", reason=HOSTILE, nested={"deep": [HOSTILE]}, octets=b"\x1b\n")
    get_logger().info(HOSTILE)
    assert len(stream.getvalue().split("\n")) == 3
    assert all(line.isprintable() for line in stream.getvalue().split("\n"))


def test_console_text_with_an_end_that_would_not_show_is_quoted() -> None:
    stream = io.StringIO()
    configure("info", "console", stream)
    get_logger().info("leg.refused", reason='busy" status=200', plain="sip:a@b")
    assert 'reason="busy\\" status=200" plain=sip:a@b' in stream.getvalue()


@pytest.mark.parametrize("format_", ["json", "console"])
def test_an_exception_is_told_whole_and_cannot_forge_a_line(format_: str) -> None:
    stream = io.StringIO()
    configure("info", format_, stream)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        get_logger().exception("bug.found", call="a1")
    text = stream.getvalue()
    assert "Traceback" in text
    assert "\x1b" not in text
    if format_ == "json":
        (line,) = lines(stream)
        assert line["level"] == "error"
    else:
        first, *rest = text.rstrip("\n").split("\n")
        assert "bug.found" in first
        assert all(line.startswith("  | ") for line in rest)


def test_lines_below_the_level_are_not_written_and_the_level_can_change() -> None:
    stream = io.StringIO()
    log = get_logger()
    configure("warning", "json", stream)
    log.info("call.answered")
    log.warning("trunk.down")
    configure("info", "json", stream)
    log.info("trunk.up")
    assert [line["event"] for line in lines(stream)] == ["trunk.down", "trunk.up"]


def test_a_filtered_line_of_a_bound_logger_does_not_look_at_its_fields() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    bound = get_logger().bind(call="a1")
    assert "_nop" in bound.debug.__qualname__


def test_what_libraries_log_is_one_of_our_lines() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("asyncio").error("Task exception was never %s\n", "retrieved")
    logging.getLogger("asyncio").debug("secret number")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["library"]) == ("library.logged", "error", "asyncio")
    assert line["message"] == "Task exception was never retrieved\n"


def test_a_library_that_formats_wrongly_is_still_heard() -> None:
    stream = io.StringIO()
    logging.getLogger().handlers.clear()  # the test runner's own handlers do fail
    configure("info", "json", stream)
    logging.getLogger("lib").error("%d calls", "no")
    assert lines(stream)[0]["message"] == "%d calls"


def test_configuring_twice_does_not_double_library_lines() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    configure("info", "json", stream)
    logging.getLogger("lib").warning("once")
    assert len(lines(stream)) == 1


def test_a_full_or_closed_stream_does_not_disturb_the_caller() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    closed = io.StringIO()
    closed.close()
    for stream in (Full(), closed):
        configure("info", "json", stream)
        get_logger().info("call.answered")


def test_a_stream_of_few_characters_gets_escapes() -> None:
    octets = io.BytesIO()
    configure("info", "console", io.TextIOWrapper(octets, encoding="ascii", write_through=True))
    get_logger().info("call.offered", name="Müller")
    assert b"name=M\\xfcller" in octets.getvalue()


@pytest.mark.parametrize(("level", "format_"), [("loud", "json"), ("info", "xml")])
def test_unknown_words_are_refused_by_name(level: str, format_: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        configure(level, format_)


def test_a_real_terminal_is_recognised() -> None:
    ours, theirs = pty.openpty()
    try:
        with open(theirs, "w", closefd=False) as terminal:
            configure(stream=terminal)
            get_logger().info("call.answered", call="a1")
        assert b"\x1b[" in os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)


async def test_asyncio_tells_its_unretrieved_exceptions_here() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    asyncio.get_running_loop().call_exception_handler({"message": "never retrieved"})
    assert lines(stream)[0]["library"] == "asyncio"
