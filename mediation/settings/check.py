"""The shape of a configuration, checked: the only module that imports pydantic, and of it the core.

The shape is told to the core itself: a class for each section, which nobody would use, took a start 0.2 s to make.

A shape is made from the dataclasses in `model.py` and their stories, or from those of another file of ours. It
is used twice: whole, to find every fault of every value, and then, when there are faults, loosely on what is left,
so that the rules between settings can speak in the same breath.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, TypeVar

from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, ValidationError
from pydantic_core import core_schema as of

from mediation.settings.addresses import parse_listener, parse_network, parse_target
from mediation.settings.faults import Finding, fault_of
from mediation.settings.hours import Hours, parse_hours
from mediation.settings.kept import Secret
from mediation.settings.model import Settings
from mediation.settings.numbers import Example, parse_example
from mediation.settings.places import AnyTarget, Listener, Network
from mediation.settings.positions import Path
from mediation.settings.problems import Fault
from mediation.settings.secret import parse_secret
from mediation.settings.tree import Entry, Section, entries
from mediation.settings.words import UnfitError

T = TypeVar("T")

Values = Mapping[str, object]
"""Checked values under the keys of the file; what was wrong is missing, or None in a list."""


@dataclass(frozen=True, eq=False)
class Shape:
    """What one kind of file looks like."""

    root: Section
    """The dataclass of the whole file."""
    parsers: Mapping[object, Callable[[str], object]]
    """What makes a value of a text, by the type of the value; each raises `words.UnfitError`."""


CONFIGURATION: Final = Shape(
    Settings,
    {
        Listener: parse_listener,
        AnyTarget: parse_target,
        Network: parse_network,
        Secret: parse_secret,
        Example: parse_example,
        Hours: parse_hours,
    },
)


def check(
    data: Mapping[str, object], written: Callable[[Path], str], shape: Shape
) -> tuple[Values, list[Fault]]:
    """Check what tomllib made of a file; `written` returns a value as the file spells it, for remedies.

    Without faults the values are whole, and `assemble` makes objects of them.
    """
    try:
        return _shape(shape, loose=False).validate_python(data), []
    except ValidationError as error:
        findings = [
            Finding(details["loc"], details["type"], details["input"], details.get("ctx", {}))
            for details in error.errors(include_url=False)
        ]
    rest = _without([finding.path for finding in findings], data)
    faults = [fault_of(finding, written, shape.root) for finding in findings]
    return _shape(shape, loose=True).validate_python(rest), faults


def assemble(section: type[T], values: Values) -> T:
    """Make the objects of a file of values that had no faults."""
    return _assembled(section, values)


@cache
def _shape(shape: Shape, *, loose: bool) -> SchemaValidator:
    return SchemaValidator(_section(shape.root, shape, loose=loose))


def _section(section: Section, shape: Shape, *, loose: bool) -> CoreSchema:
    known = entries(section, shape.root).values()
    # a default is the dataclass's business: here a key that has one may be left out
    keys = {
        entry.key: of.typed_dict_field(_key(entry, shape, loose=loose), required=entry.required and not loose)
        for entry in known
    }
    return of.typed_dict_schema(keys, extra_behavior="forbid")


def _key(entry: Entry, shape: Shape, *, loose: bool) -> CoreSchema:
    item = _value(entry, shape) if entry.section is None else _section(entry.section, shape, loose=loose)
    if entry.length is None:
        return item
    items = of.list_schema(
        of.nullable_schema(item) if loose else item,
        min_length=0 if loose else entry.length or entry.story.at_least,
        max_length=entry.length or None,
        strict=True,
    )
    return of.no_info_after_validator_function(tuple, items)


def _value(entry: Entry, shape: Shape) -> CoreSchema:
    kind, told = entry.kind, entry.story
    if kind is bool:
        return of.bool_schema(strict=True)
    if kind is int:
        low, high = (None if bound is None else int(bound) for bound in (told.low, told.high))
        whole = of.int_schema(ge=low, le=high, multiple_of=told.step, strict=True)
        return _checked(whole, told.check)
    if kind is float:
        finite = of.float_schema(ge=told.low, le=told.high, allow_inf_nan=False, strict=True)
        return _checked(finite, told.check)
    text = of.str_schema(strict=True)
    if kind is str:
        return _checked(text, told.check)
    if entry.choices:
        return of.no_info_after_validator_function(partial(_chosen, entry), text)
    return _checked(text, shape.parsers[kind])


def _checked(schema: CoreSchema, function: Callable[..., object] | None) -> CoreSchema:
    """With a check or parser of ours behind it."""
    return schema if function is None else of.no_info_after_validator_function(_told(function), schema)


def _told(function: Callable[..., object]) -> Callable[[object], object]:
    """Let a check or parser of ours speak through pydantic: a check returns nothing and keeps the value."""

    def run(value: object) -> object:
        try:
            result = function(value)
        except UnfitError as error:
            raise PydanticCustomError("unfit", "{message}", error.as_context()) from None
        return value if result is None else result

    return run


def _chosen(entry: Entry, text: str) -> object:
    if text not in entry.choices:
        raise PydanticCustomError("choice", "not one of the words for this")
    return entry.kind(text) if isinstance(entry.kind, type) else text


def _without(paths: list[Path], data: Mapping[str, object]) -> Mapping[str, object]:
    """Copy the data and take out what stands at the paths; indices of what stays do not move."""
    rest = copy.deepcopy(dict(data))
    for *above, last in sorted(paths, key=len, reverse=True):
        place: Any = rest
        for part in above:
            place = place[part] if _has(place, part) else None
        if _has(place, last):
            if isinstance(place, dict):
                del place[last]
            else:
                place[last] = None
    return rest


def _has(place: object, part: str | int) -> bool:
    if isinstance(place, dict):
        return part in place
    return isinstance(place, list) and isinstance(part, int) and part < len(place)


def _assembled(section: type[T], values: Values) -> T:
    known = entries(section)
    return section(**{known[key].name: _finished(known[key], value) for key, value in values.items()})


def _finished(entry: Entry, value: Any) -> object:  # noqa: ANN401  # what a table holds depends on its key
    if entry.section is None:
        return value
    if isinstance(value, tuple):
        return tuple(_assembled(entry.section, item) for item in value)
    return _assembled(entry.section, value)
