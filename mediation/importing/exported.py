"""What an export holds, whichever way it was written: objects with properties, and the error of a file that is none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Union

MOST_OBJECTS: Final = 10_000
"""Of one file. A company with a gateway in every town of the world has fewer."""
MOST_NESTED: Final = 16
"""Objects and lists in each other; the configuration of a trunk needs four."""
MOST_VALUES: Final = 200_000
"""Of one file, those in lists and in other objects included."""

CUT_OFF: Final = ("...", "\N{HORIZONTAL ELLIPSIS}")
"""What PowerShell writes where it has left something out."""

_TYPE_NAME: Final = re.compile(
    r"System\.[A-Za-z.`0-9]+(\[.*\])?|Microsoft\.Rtc\.[A-Za-z.+`0-9]+(\[.*\])?|@\{\}"
)


class ExportError(Exception):
    """A text is no export, or one that nobody should try to read. Line and column count from 1; 0: no place."""

    def __init__(self, line: int, column: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of values."""

    items: tuple["Value", ...] = ()
    cut: bool = False
    """Whether more stood in it than was written."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A text that was broken over lines: whether a blank stood at the break, nobody can tell."""

    text: str


Value = Union[str, bool, int, None, Wrapped, Listed, "Exported"]


@dataclass(frozen=True, slots=True)
class Exported:
    """One object. Names of properties do not care for capitals, as in PowerShell."""

    line: int
    """Where it begins, from 1; 0 where the writing has no lines to speak of."""
    properties: Mapping[str, Value]
    """By their names as they are written."""
    type_name: str = ""
    _folded: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._folded.update({name.lower(): name for name in self.properties})

    def has(self, *names: str) -> bool:
        """Whether it has all of these properties."""
        return all(name.lower() in self._folded for name in names)

    def get(self, name: str) -> Value:
        """The value of a property; None where there is none."""
        return self.properties.get(self._folded.get(name.lower(), ""))

    def text(self, name: str) -> str:
        """The same as text; empty where there is none."""
        return as_text(self.get(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.properties)


def as_text(value: Value) -> str:
    """A single value as PowerShell would show it; empty for nothing, for lists and for objects."""
    match value:
        case str():
            return value
        case Wrapped(text):
            return text
        case bool() | int():
            return str(value)
        case Exported():
            return value.text("ToString")
        case _:
            return ""


def shown(value: Value) -> str:
    """A value for people to read, in one line."""
    match value:
        case Listed(items, cut):
            inside = [shown(item) for item in items] + (["…"] if cut else [])
            return "{" + ", ".join(inside) + "}"
        case Exported():
            own = "; ".join(f"{name}={shown(inner)}" for name, inner in value.properties.items())
            return value.text("Name") or own
        case _:
            return as_text(value)


def listed(value: Value) -> Listed:
    """A value as a list: nothing is an empty one, a single value one of one."""
    if isinstance(value, Listed):
        return value
    if value is None or value == "":
        return Listed()
    return Listed((value,))


def is_type_name(text: str) -> bool:
    """Whether a value is but the name of its type, because it stood too deep to be written."""
    return _TYPE_NAME.fullmatch(text) is not None
