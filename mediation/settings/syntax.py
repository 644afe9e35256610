"""Text that is not TOML: where tomllib gave up, in words for a person.

Python 3.11 tells the place only as text at the end of its message, and its words are for programmers. Only
the first fault of this kind can be told: what follows it has no certain meaning.
"""

import re
import tomllib
from typing import Any, Final

from mediation.settings.positions import Path, Positions, Span

MAX_LINES_SEARCHED: Final = 2000
"""Beyond so many lines nobody looks for the statement that was never finished."""

_PLACE: Final = re.compile(r"\s*\(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)\Z")
_WORD: Final = re.compile(r"[^\s,\[\]{}=#\"']+")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z0-9_.\"' -]+=")
_HEADER: Final = re.compile(r"\s*\[{1,2}[A-Za-z0-9_.-]+\]{1,2}\s*(?:#.*)?")
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]+")
_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})
_CURLY: Final = re.compile("[\u2018\u2019\u201c\u201d\u00ab\u00bb]")


class TomlError(Exception):
    """The text is not TOML."""

    def __init__(
        self, span: Span, message: str, remedy: str, path: Path = (), related: Path | None = None
    ) -> None:
        super().__init__(message)
        self.span = span
        self.message = message
        self.remedy = remedy
        self.path = path
        self.related = related


def parse(text: str, positions: Positions) -> dict[str, Any]:
    """Return what a TOML text says; TomlError, and nothing else, when it says nothing."""
    try:
        return tomllib.loads(text if text.endswith("\n") else text + "\n")
    except tomllib.TOMLDecodeError as error:
        raise _explained(str(error), positions) from None
    except ValueError:
        message = "a number has more digits than anything here could need"
        raise TomlError(_longest_number(positions), message, "shorten it, or write it in quotes") from None
    except RecursionError:
        message = "lists or tables stand in each other too deep"
        raise TomlError(Span(1, 1, 1), message, "no setting needs more than two levels") from None


def _explained(words: str, positions: Positions) -> TomlError:
    found = _PLACE.search(words)
    said = words[: found.start()] if found else words
    if found is None or found[1] is None:
        line = _unfinished(positions)
        column = len(positions.line(line)) - len(positions.line(line).lstrip()) + 1
    else:
        line, column = int(found[1]), int(found[2])
    fault = _Stop(said, line, column, positions)
    match said.split(" ")[:2]:
        case ["Cannot", _]:
            return _twice(fault)
        case ["Unclosed", _]:
            return _unclosed(fault)
        case ["Unterminated", "string"]:
            return fault.error("a text is not closed", "put the missing quotation mark at its end")
        case ["Illegal", "character"] if "\\n" in said:
            return fault.error("a text is not closed", "put the missing quotation mark at its end")
        case ["Illegal", "character"]:
            return fault.error("there is an invisible control character", "delete it")
        case ["Unescaped", _]:
            remedy = f"write \\\\, or use single quotes: {_single_quoted(fault.source)}"
            before = (
                fault.column if found is not None and found[1] else None
            )  # None: it is the last thing there is
            fault.begins = max(1, fault.source.rfind("\\", 0, before) + 1)
            return fault.error("a backslash in double quotes must be doubled", remedy)
        case ["Expected", "'='"]:
            return fault.error(
                'this is no "setting = value"', "a comment begins with #; names have no spaces"
            )
        case ["Expected", marks] if marks.strip("'\"") == "" and len(marks) > 3:
            return fault.error("a text over several lines is not closed", f"put {marks[1:-1]} at its end")
        case ["Expected", "']'" | "']]'"]:
            return fault.error("the header of a section is not closed", "write [name] or [[name]]")
        case ["Invalid", "statement"]:
            return fault.error("a setting or a section cannot begin like this", "a comment begins with #")
        case _:
            return _bad_value(fault)


class _Stop:
    """Where tomllib stopped, and what stands there."""

    def __init__(self, said: str, line: int, column: int, positions: Positions) -> None:
        self.said = said
        self.line = line
        self.column = column
        self.positions = positions
        self.source = positions.line(line)
        around = (
            found
            for found in _WORD.finditer(self.source.partition(" #")[0])
            if found.start() < column <= found.end()
        )
        found = next(around, None)
        self.word = found[0] if found else ""
        self.begins = found.start() + 1 if found else column
        """Column where the word begins, part of which tomllib may have understood: `127.0` of `127.0.0.1`."""

    def error(self, message: str, remedy: str) -> TomlError:
        return TomlError(Span(self.line, self.begins, max(1, len(self.word))), message, remedy)

    def unquoted(self) -> TomlError:
        return self.error(f"{self.word} is neither a number nor a text", f'write it in quotes: "{self.word}"')


def _bad_value(stop: _Stop) -> TomlError:
    if _CURLY.search(stop.source):
        return stop.error(
            "typographic quotation marks are not understood", "use the straight ones: \"…\" or '…'"
        )
    if stop.said.startswith("Expected newline") and stop.begins == stop.column:
        return stop.error(
            "something follows the value", "write one setting a line, and several values as a list"
        )
    if not stop.word:
        return stop.error("a value is missing", "write one after the equals sign")
    if _ASSIGNMENT.match(stop.source[stop.begins - 1 :]) or _HEADER.fullmatch(stop.source):
        return _never_closed(stop.positions, "list", "]")
    if stop.word.lower() in _YES | _NO:
        right = "true" if stop.word.lower() in _YES else "false"
        return stop.error(f"{stop.word} is not understood", f"write {right}, in small letters")
    return stop.unquoted()


def _unclosed(stop: _Stop) -> TomlError:
    what, mark = ("list", "]") if "array" in stop.said else ("inline table", "}")
    if stop.word and stop.begins < stop.column:
        return stop.unquoted()
    if stop.source[: stop.begins - 1].strip() and stop.source[stop.begins - 1 :].strip():
        return stop.error(f"a comma is missing in the {what}", "write one between two values")
    return _never_closed(stop.positions, what, mark)


def _never_closed(positions: Positions, what: str, mark: str) -> TomlError:
    line = _unfinished(positions)
    source = positions.line(line)
    opener = "[" if mark == "]" else "{"
    column = max(source.find(opener, source.find("=") + 1), 0) + 1
    message = f"the {what} that begins here is not closed"
    return TomlError(
        Span(line, column, 1), message, f"write {mark} at its end, and a comma between two values"
    )


def _twice(stop: _Stop) -> TomlError:
    if not stop.positions.duplicates:
        key = _KEY.search(stop.source)
        if key is not None:
            stop.begins, stop.word = key.start() + 1, key[0]
        return stop.error("this was already given, as something else", "keep one of them")
    path, _, second = stop.positions.duplicates[0]
    name = next(part for part in reversed(path) if isinstance(part, str))
    if isinstance(path[-1], int) or stop.positions.line(second.line).lstrip().startswith("[["):
        message, remedy = f"[{name}] and [[{name}]] do not go together", f"write [[{name}]] for each"
    elif stop.said.startswith("Cannot declare"):
        message, remedy = "this section stands there twice", "put both parts together"
    else:
        message, remedy = "this setting is given twice", "keep one of them"
    return TomlError(second, message, remedy, path, path)


def _unfinished(positions: Positions) -> int:
    """Return the line where the statement begins that never ends: all before it can be read."""
    lines = positions.lines[:MAX_LINES_SEARCHED]
    for count in range(len(lines) - 1, 0, -1):
        if not lines[count].strip():
            continue
        try:
            tomllib.loads("\n".join(lines[:count]))
        except ValueError:
            continue
        return count + 1
    return 1


def _longest_number(positions: Positions) -> Span:
    runs = (
        Span(number, found.start() + 1, len(found[0]))
        for number, line in enumerate(positions.lines, 1)
        for found in re.finditer(r"[0-9_]+", line)
    )
    return max(runs, key=lambda span: span.width)


def _single_quoted(source: str) -> str:
    found = re.search(r'"([^"]*)', source)
    return f"'{found[1]}'" if found and "'" not in found[1] else "'…'"
