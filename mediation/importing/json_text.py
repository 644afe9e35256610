"""`ConvertTo-Json`: objects as JSON. A list may stand around them; what is deeper than its `-Depth` is a text."""

import json
from typing import Any, Final, NoReturn

from mediation.importing.exported import (
    MOST_NESTED,
    MOST_OBJECTS,
    MOST_VALUES,
    Exported,
    ExportError,
    Listed,
    Value,
)

_REMEDY: Final = "write it again: … | ConvertTo-Json -Depth 5"
_MOST_DIGITS: Final = 20


def read_json(text: str) -> tuple[Exported, ...]:
    """Return the objects of a text. ExportError, and nothing else, otherwise."""
    try:
        made = json.loads(text, parse_int=_number, parse_float=str, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ExportError(error.lineno, error.colno, f"this is no JSON: {error.msg}", _REMEDY) from None
    except RecursionError:
        raise ExportError(0, 0, "lists or objects stand in each other too deep", _REMEDY) from None
    found = made if isinstance(made, list) else [made]
    if len(found) > MOST_OBJECTS:
        raise ExportError(0, 0, f"more than {MOST_OBJECTS} objects stand in it", "export fewer to one file")
    counter = _Counter()
    return tuple(counter.object_of(each) for each in found if isinstance(each, dict))


class _Counter:
    """Counts what it turns into values."""

    def __init__(self) -> None:
        self._count = 0

    def object_of(self, found: dict[str, Any], depth: int = 1) -> Exported:
        return Exported(0, {_sound(name): self._value(value, depth) for name, value in found.items()})

    def _value(self, found: object, depth: int) -> Value:
        self._count += 1
        if self._count > MOST_VALUES or depth > MOST_NESTED:
            raise ExportError(
                0, 0, "more stands in it than in any configuration of trunks", "export fewer to one file"
            )
        match found:
            case None | bool() | int():
                return found
            case str():
                return _sound(found)
            case list():
                return Listed(tuple(self._value(item, depth + 1) for item in found))
            case dict() if set(found) == {"value", "Count"}:  # how PowerShell 5 writes some lists
                return self._value(found["value"], depth + 1)
            case dict():
                return self.object_of(found, depth + 1)
            case _:
                return str(found)


def _sound(text: str) -> str:
    """JSON can name half a character, which no text has."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _number(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ExportError(0, 0, f"a number has {len(text)} digits", _REMEDY)
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise ExportError(0, 0, f"{text} is no number of a configuration", _REMEDY)
