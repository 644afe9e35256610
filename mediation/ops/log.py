"""Logs: the one door to structlog.

A log line is an event with fields, `noun.verb` in the past tense. On a terminal it is written for people,
elsewhere as JSON, one object a line. No value, whoever chose it, can break a line or reach the terminal as a
control sequence.
"""

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Literal, TextIO, cast

from mediation.loading import without
from mediation.ops.lines import json_line, visible

with without("rich"):  # it would make tracebacks pretty, and ours are plain: a start is 50 ms shorter
    import structlog
    from structlog.dev import ConsoleRenderer, plain_traceback
    from structlog.processors import TimeStamper, add_log_level, format_exc_info
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

Logger = FilteringBoundLogger
"""What code takes that logs: `log.info("call.answered", call=call.id)`."""

Format = Literal["auto", "console", "json"]

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(level: str = "info", format: Format | str = "auto", stream: TextIO | None = None) -> None:  # noqa: A002 - the setting's name
    """Send every log line from now on to the stream (standard error), in one format, from one level up.

    `auto` is `console` on a terminal and `json` elsewhere. Colours only on a terminal, never with NO_COLOR.
    What libraries say through the standard library's logging arrives as `library.logged`.

    Raises:
        ValueError: unknown level or format.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is none of {', '.join(LEVELS)}")
    if format not in ("auto", "console", "json"):
        raise ValueError(f"log format {format!r} is none of auto, console, json")
    stream = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and stream.isatty())
    structlog.configure(
        processors=_console(colours=_wants_colours(stream)) if console else _json(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_LineFactory(stream),
        cache_logger_on_first_use=False,
    )
    _bridge(LEVELS[level])


def get_logger(**fields: object) -> Logger:
    """A logger with these fields on every line. It follows a later `configure`.

    Where many lines are written, bind once: `self._log = get_logger().bind(call=call.id)`. A filtered line of
    a bound logger costs one empty method call.
    """
    return cast("Logger", structlog.get_logger(**fields))


# How a line looks


def _json() -> list[Processor]:
    return [add_log_level, TimeStamper(fmt="iso", utc=True), format_exc_info, _render_json]


def _console(*, colours: bool) -> list[Processor]:
    return [
        add_log_level,
        TimeStamper(fmt="%H:%M:%S.%f", utc=False),
        format_exc_info,
        _make_visible,
        ConsoleRenderer(
            colors=colours, pad_event_to=26, exception_formatter=plain_traceback, sort_keys=False
        ),
    ]


def _render_json(_logger: WrappedLogger, _method: str, fields: EventDict) -> str:
    """First when, how bad and what; then the fields in the order they were given."""
    head = {name: fields.pop(name) for name in ("timestamp", "level", "event") if name in fields}
    return json_line({**head, **fields})


def _make_visible(_logger: WrappedLogger, _method: str, fields: EventDict) -> MutableMapping[str, object]:
    """Text that cannot leave its place: what is not printable is escaped, what has no clear end is quoted."""
    for name, value in fields.items():
        if name == "exception":
            fields[name] = "\n".join("  | " + visible(line) for line in str(value).split("\n"))
        elif name == "timestamp":
            fields[name] = str(value)[:12]
        elif name == "event":
            fields[name] = visible(str(value))
        elif name != "level" and not isinstance(value, int | float | None):
            fields[name] = _Shown(str(value))
    return fields


class _Shown:
    """A value that the renderer, which shows `repr` of what is no text, takes as it is."""

    def __init__(self, text: str) -> None:
        shown = visible(text)
        plain = shown and shown == text and not any(char in ' "=' for char in shown)
        self._text = shown if plain else '"' + shown.replace('"', '\\"') + '"'

    def __repr__(self) -> str:
        return self._text


def _wants_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


# Where a line goes


class _Lines:
    """Writes whole lines. A log that cannot be written must never end a call: the line is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            try:
                self._stream.write(line + "\n")
            except UnicodeEncodeError:  # a terminal of few characters
                self._stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # full, broken or closed
            return

    debug = info = warning = error = critical = exception = fatal = log = warn = msg


class _LineFactory:
    def __init__(self, stream: TextIO) -> None:
        self._lines = _Lines(stream)

    def __call__(self, *_args: object) -> _Lines:
        return self._lines


class _Bridge(logging.Handler):
    """What asyncio and other libraries log, as one of our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.ERROR)
        get_logger().log(
            level, "library.logged", library=record.name, message=message, exc_info=record.exc_info or None
        )


def _bridge(level: int) -> None:
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Bridge):
            root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(max(level, logging.INFO))  # libraries' debug lines hold numbers and SDP
