"""One mapping, one line: JSON that no value can split, poison or stop.

Log lines and call records carry text that strangers chose: display names, reasons, user agents. Whatever
stands in them, the outcome is one line of ASCII that every JSON reader accepts.
"""

import json
import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from enum import Enum

MAX_DEPTH = 16
"""Deeper nesting is cut: a record that holds itself must still become a line."""


def json_line(record: Mapping[str, object]) -> str:
    """The record as one line of JSON without its line end. Never raises.

    Octets that were no UTF-8 (lone surrogates) become visible escapes, a number that is not finite becomes
    null ("not measured"), and what JSON has no form for becomes its text.
    """
    try:
        line = _ENCODER.encode(record)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_plain(record, 0))
    if "\\ud" in line:  # half of a surrogate pair is no character: strict readers refuse the whole line
        return json.dumps(_plain(record, 0))
    return line


def visible(text: str) -> str:
    """The text with all that is not printable as an escape: line ends, ESC, bidi marks, surrogates."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )


def _unknown(value: object) -> object:
    return _plain(value, 0)


_ENCODER = json.JSONEncoder(allow_nan=False, default=_unknown)


def _plain(value: object, depth: int) -> object:
    """The nearest value that JSON can hold."""
    if depth > MAX_DEPTH:
        return "…"
    match value:
        case None | bool():
            return value
        case Enum():
            return _plain(value.value, depth + 1)
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case int():
            return int(value) if value.bit_length() <= 64 else hex(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case bytes() | bytearray():
            return value.decode("utf-8", "backslashreplace")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(_plain(str(key), depth + 1)): _plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | AbstractSet():
            return [_plain(item, depth + 1) for item in value]
        case _:
            return _plain(_text_of(value), depth + 1)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value whose own text fails must not stop the line
        return f"<{type(value).__name__}>"
