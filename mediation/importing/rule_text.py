"""Lists that were written as text: rules as `Pattern=…;Translation=…`, and plain words."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from mediation.importing.exported import Exported, Listed, Value, Wrapped, as_text, is_type_name, listed

MOST_RULES: Final = 1000
"""Of one list. What is beyond counts as cut off; a trunk has ten."""

_FIELDS: Final = (
    "Description", "Pattern", "Translation", "Name", "Priority", "IsInternalExtension", "LegacyPointer", "Element",
    "ReceivedResponseCode", "ReceivedISUPCauseValue", "TranslatedResponseCode", "Identity", "Scope",
)  # fmt: skip
_FIELD: Final = re.compile(rf"(?:\A|[;,] ?)(?P<name>{'|'.join(_FIELDS)})=")
"""A pattern may hold commas and semicolons of its own, but none before one of these names."""


def rules_of(value: Value) -> Listed:
    """The rules of a list, each an object; what is none of a rule stays as it is."""
    given = listed(value)
    rules = tuple(islice((rule for item in given.items for rule in _rules(item)), MOST_RULES + 1))
    return Listed(rules[:MOST_RULES], given.cut or len(rules) > MOST_RULES)


def words_of(value: Value) -> Listed:
    """The words of a list, such as the names of usages and gateways."""
    given = listed(value)
    words: list[Value] = []
    for item in given.items:
        text = as_text(item)
        words += [word for word in (part.strip() for part in text.split(", ")) if word]
    return Listed(tuple(words), given.cut)


def is_unread(value: Value) -> bool:
    """Whether a list, or an item of it, was too deep to be written: the name of its type stands there."""
    return any(is_type_name(as_text(item)) for item in listed(value).items)


def _rules(item: Value) -> Iterator[Value]:
    if isinstance(item, Exported):
        yield item
        return
    text = as_text(item).strip()
    if text.startswith("@{") and text.endswith("}"):
        text = text[2:-1]
    marks = list(_FIELD.finditer(text))
    if not marks:
        yield item
        return
    properties: dict[str, Value] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        name = mark["name"]
        if name in properties:
            yield Exported(0, properties)
            properties = {}
        written = text[mark.end() : end]
        wrapped = isinstance(item, Wrapped) and name in ("Pattern", "Translation")
        properties[name] = Wrapped(written) if wrapped else written.strip()
    yield Exported(0, properties)
