"""What is wrong with a configuration, so that a person can mend it at night: place, path, fault, remedy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mediation.settings.positions import Path

MAX_LINE_SHOWN: Final = 160
"""Characters of a source line that are shown around the caret."""


class Severity(StrEnum):
    """Whether the configuration can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem that knows its path but not yet its place in the file."""

    path: Path
    message: str
    remedy: str
    at_key: bool = False
    """The key is to be shown, not the value."""
    related: Path | None = None
    """The other setting in a quarrel of two."""
    severity: Severity = Severity.ERROR

    def at(self, origin: Callable[[Path], Path]) -> "Fault":
        """The same where its values really stand."""
        related = None if self.related is None else origin(self.related)
        return replace(self, path=origin(self.path), related=related)


@dataclass(frozen=True, slots=True)
class Related:
    """The other place in a quarrel of two."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. Line and column count from 1; both are 0 when there is no file to point into."""

    file: str
    line: int
    column: int
    path: str
    """Dotted, lists from 0, a trunk by its name: `trunk.itsp-a.targets.0`. Empty: the file as a whole."""
    message: str
    remedy: str
    source: str = ""
    """The line of the file."""
    width: int = 1
    """Characters that the caret underlines."""
    related: Related | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        parts = [place]
        if self.severity is Severity.WARNING:
            parts.append("warning")
        if self.path:
            parts.append(self.path)
        parts.append(self.message + self._other_place() + (f"; {self.remedy}" if self.remedy else ""))
        return ": ".join(parts)

    def _other_place(self) -> str:
        if self.related is None:
            return ""
        return f" (see {self.related.path} at {self.related.line}:{self.related.column})"

    def excerpt(self) -> str:
        """Return the line of the file with carets under what is wrong; empty when there is no such line."""
        if not self.source.strip():
            return ""
        start = self.column - 1
        first = max(0, start - MAX_LINE_SHOWN // 2)
        shown = _printable(self.source[first : first + MAX_LINE_SHOWN])
        gutter = f"{self.line:>5} | "
        before = "".join("\t" if character == "\t" else " " for character in shown[: start - first])
        carets = "^" * max(1, min(self.width, len(shown) - (start - first)))
        return f"{gutter}{shown}\n{' ' * (len(gutter) - 2)}| {before}{carets}"

    def as_mapping(self) -> Mapping[str, object]:
        """Return it for a machine to read, with stable names."""
        related = self.related
        return {
            "severity": str(self.severity),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "remedy": self.remedy,
            "related": None
            if related is None
            else {"path": related.path, "line": related.line, "column": related.column},
        }


class SettingsError(Exception):
    """A configuration that cannot be used, with every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        """In the order of the file; warnings among them."""
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _printable(text: str) -> str:
    """Keep what a terminal may be given; one character stays one, so that carets stay in place."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
