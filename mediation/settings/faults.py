"""What a fault of shape is called: from the checker's findings to words and remedies."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from mediation.settings.positions import Path
from mediation.settings.problems import Fault
from mediation.settings.spelling import toml
from mediation.settings.tree import Entry, Section, entries, homes, known, section_at

MAX_VALUE_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the checker, in its own terms."""

    path: Path
    kind: str
    value: object
    context: Mapping[str, object]


Written = Callable[[Path], str]
"""Returns a value as the file spells it, or nothing."""


def fault_of(finding: Finding, written: Written, root: Section) -> Fault:
    """Say a finding in words that help; `root` is the dataclass of the whole file."""
    path, value, context = finding.path, finding.value, finding.context
    if finding.kind == "extra_forbidden":
        return _unknown(path, value, root)
    entry = known(path, root)
    match finding.kind:
        case "missing":
            return _missing(path, entry)
        case "unfit":
            return Fault(path, str(context["message"]), str(context["remedy"]))
        case "choice":
            return _choice(path, str(value), entry)
        case "greater_than_equal" | "less_than_equal":
            return _range(path, value, entry)
        case "finite_number":
            return Fault(path, f"{value} is no amount of anything", _bounds(entry))
        case "multiple_of":
            return Fault(path, f"{value} is not a multiple of {context['multiple_of']}", _bounds(entry))
        case "too_short" | "too_long":
            return _length(path, entry)
        case "dict_type":
            return _no_table(path, value, entry)
        case _:
            return _wrong_type(path, value, written(path), entry)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return `did you mean "…"?` for the nearest of the known words, or nothing."""
    near = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def _unknown(path: Path, value: object, root: Section) -> Fault:
    key = str(path[-1])
    section = section_at(path[:-1], root) or root
    keys = entries(section, root)
    if isinstance(value, dict):
        message = f"there is no section [{_short('.'.join(str(part) for part in path))}]"
    elif section is root:
        message = f'"{_short(key)}" stands in no section'
    else:
        message = f'there is no setting "{_short(key)}" in {known(path[:-1], root).header}'
    remedy = did_you_mean(key, keys)
    if not remedy:
        others = [entry.header for entry in homes(key, root)]
        remedy = f"it belongs in {' or '.join(others)}" if others else f"known here: {', '.join(keys)}"
    return Fault(path, message, remedy, at_key=True)


def _missing(path: Path, entry: Entry) -> Fault:
    if entry.section is not None:
        return Fault(path, f"{entry.header} is missing", f"add {_sample_section(entry)}", at_key=True)
    return Fault(path, "is missing", f"add {entry.key} = {entry.story.example}", at_key=True)


def _choice(path: Path, value: str, entry: Entry) -> Fault:
    choices = entry.choices
    same = [choice for choice in choices if choice.lower() == value.lower()]
    remedy = f'write "{same[0]}"' if same else f"choose from {_quoted(choices)}"
    return Fault(path, f'"{_short(value)}" is not known here', remedy)


def _range(path: Path, value: object, entry: Entry) -> Fault:
    low, high = entry.story.low, entry.story.high
    below = isinstance(value, int | float) and low is not None and value < low
    side = f"below {low}" if below else f"above {high}"
    return Fault(path, f"{_short(str(value))} is {side}", _bounds(entry))


def _bounds(entry: Entry) -> str:
    told = entry.story
    steps = f" in steps of {told.step}" if told.step else ""
    return f"give a number from {told.low} to {told.high}{steps}"


def _length(path: Path, entry: Entry) -> Fault:
    if entry.length:
        return Fault(path, f"must have exactly {entry.length} items", f"for example {_sample(entry)}")
    if entry.section is not None:
        return Fault(path, "the list is empty", f"add one: {_sample_section(entry)}")
    return Fault(path, "the list is empty", f"write at least one: {entry.key} = {_sample(entry)}")


def _no_table(path: Path, value: object, entry: Entry) -> Fault:
    header = entry.header
    if isinstance(value, list):
        return Fault(
            path, "stands there once and no more", f"write {header} with single brackets", at_key=True
        )
    return Fault(
        path, f"must be a table, and this is {_kind(value)}", f"write {header} and its settings below"
    )


def _wrong_type(path: Path, value: object, written: str, entry: Entry) -> Fault:
    if entry.length is not None and not isinstance(path[-1], int):
        if entry.section is not None:
            message = "may stand there many times, so it needs double brackets"
            return Fault(path, message, f"write {entry.header}", at_key=True)
        fits = isinstance(value, int if entry.kind is int else str)
        single = fits and entry.length == 0 and written and "\n" not in written
        remedy = f"write [{written}]" if single else f"for example {_sample(entry)}"
        return Fault(path, f"must be a list, and this is {_kind(value)}", remedy)
    if entry.kind is bool:
        return Fault(
            path, f"must be true or false, and this is {_kind(value)}", "write true or false, unquoted"
        )
    if entry.choices:
        return Fault(
            path, f"must be text, and this is {_kind(value)}", f"choose from {_quoted(entry.choices)}"
        )
    if entry.kind is int:
        message = f"must be a whole number, and this is {_kind(value)}"
        return Fault(path, message, _number_remedy(value, entry))
    if entry.kind is float:
        return Fault(path, f"must be a number, and this is {_kind(value)}", _number_remedy(value, entry))
    remedy = (
        f'write it in quotes: "{written}"'
        if _fits_quotes(value, written)
        else f"for example {_sample(entry)}"
    )
    return Fault(path, f"must be text, and this is {_kind(value)}", remedy)


def _number_remedy(value: object, entry: Entry) -> str:
    if isinstance(value, str) and value.isascii():
        digits = value.replace(".", "", 1) if entry.kind is float else value
        if digits.isdigit() and value[-1] != "." != value[0]:
            return f"write {value} without quotes"
    return _bounds(entry)


def _fits_quotes(value: object, written: str) -> bool:
    plain = isinstance(value, bool | int | float | date | time)
    return plain and bool(written) and "\n" not in written


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a number with a fraction"
        case str():
            return f'the text "{_short(value)}"'
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or a time"


def _sample(entry: Entry) -> str:
    if entry.story.example:
        return entry.story.example
    default = entry.spelled_default()
    if isinstance(default, list):
        return f"[{', '.join(toml(item) for item in default)}]"
    return toml(default)


def _sample_section(entry: Entry) -> str:
    inside = entries(entry.section).values() if entry.section is not None else ()
    needed = [inner for inner in inside if inner.required]
    return f"{entry.header} with " + " and ".join(f"{inner.key} = {inner.story.example}" for inner in needed)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _short(text: str) -> str:
    return text if len(text) <= MAX_VALUE_SHOWN else text[: MAX_VALUE_SHOWN - 1] + "…"
