"""Operators' patterns, matched in linear time: the only module that imports google-re2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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


class _Match(Protocol):
    def group(self, name: int | bytes) -> bytes | None: ...
    def span(self) -> tuple[int, int]: ...


class _Compiled(Protocol):
    groups: int
    groupindex: Mapping[bytes, int]

    def search(self, text: bytes) -> _Match | None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern was found in a text."""

    before: str
    """The text in front of it."""
    after: str
    """The text behind it."""
    _match: _Match

    def group(self, name: int | str) -> str:
        """What a group holds, 0 being all that was found; empty where it took no part. LookupError without it."""
        return _text(self._match.group(name if isinstance(name, int) else name.encode()) or b"")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in RE2's syntax: no look-around, no back-references, and no text that can make it slow.

    `$` is the end of the text and nothing else, `\\d` is 0 to 9 and nothing else.
    """

    text: str
    _compiled: _Compiled = field(repr=False, compare=False)

    def matches(self, text: str) -> bool:
        """Whether the pattern is found anywhere in the text; anchors are the pattern's business."""
        return self._compiled.search(_octets(text)) is not None

    def found(self, text: str) -> Found | None:
        """Where the pattern is found first; None: nowhere."""
        octets = _octets(text)
        match = self._compiled.search(octets)
        if match is None:
            return None
        start, end = match.span()
        return Found(_text(octets[:start]), _text(octets[end:]), match)

    def has(self, group: int | str) -> bool:
        """Whether it has a group of this number or name."""
        if isinstance(group, str):
            return group.encode() in self._compiled.groupindex
        return group <= self._compiled.groups

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return self._compiled.groups


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


@lru_cache(maxsize=256)
def pattern_of(text: str) -> Pattern:
    """The same, kept for whoever asks at every call."""
    return compile_pattern(text)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _words(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
