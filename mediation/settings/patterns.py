"""Operators' patterns, matched in linear time: the only module that imports google-re2."""

from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import re2

MAX_PATTERN_LENGTH: Final = 1024
"""Characters; a list of numbers longer than this is a table, not a pattern."""
_MEMORY_OCTETS: Final = 1 << 20
"""What one compiled pattern may take; a thousand letters of any script are refused for it."""


class PatternError(ValueError):
    """RE2 does not take this pattern."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """In RE2's words."""


class _Compiled(Protocol):
    def search(self, text: bytes) -> object | None: ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in RE2's syntax: no look-around, no back-references, and no text that can make it slow.

    `$` is the end of the text and nothing else, `\\d` is 0 to 9 and nothing else.
    """

    text: str
    _compiled: _Compiled = field(repr=False, compare=False)

    def matches(self, text: str) -> bool:
        """Whether the pattern is found anywhere in the text; anchors are the pattern's business."""
        return self._compiled.search(text.encode("utf-8", "surrogateescape")) is not None


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; PatternError when RE2 refuses it or it is too large."""
    if len(text) > MAX_PATTERN_LENGTH:
        raise PatternError(f"longer than {MAX_PATTERN_LENGTH} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_OCTETS
    try:
        compiled = re2.compile(text.encode("utf-8"), options)
    except re2.error as error:
        raise PatternError(_words(error)) from None
    except UnicodeEncodeError:
        raise PatternError("characters that are not Unicode text") from None
    return Pattern(text, cast("_Compiled", compiled))


def _words(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
