"""`Format-List`: what a person sees, kept in a file. Names stand before a colon, what is too wide goes on below.

It says less than the other writings. A list ends after four items unless `$FormatEnumerationLimit` is -1, and a text
that goes on in the next line may or may not have had a blank at the break: both are kept in mind for whoever reads on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mediation.importing.exported import (
    CUT_OFF,
    MOST_OBJECTS,
    MOST_VALUES,
    Exported,
    ExportError,
    Listed,
    Value,
    Wrapped,
)

_PROPERTY: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_ ]{0,80}?) {0,200}: ?(?P<value>.*)")
_REMEDY: Final = "write it again: … | Format-List | Out-File -Width 4096 FILE"


@dataclass(slots=True)
class _Block:
    line: int
    column: int = 0
    """Where values begin, from 0."""
    lines: dict[str, list[str]] = field(default_factory=dict)
    last: str = ""


def read_format_list(text: str) -> tuple[Exported, ...]:
    """Return the objects of a text. ExportError, and nothing else, otherwise."""
    found = tuple(_object(block) for block in _blocks(text))
    if not found:
        raise ExportError(
            1, 1, "nothing is exported here", "give a file of Export-Clixml, ConvertTo-Json or Format-List"
        )
    return found


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block | None = None
    blocks = values = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            if block is not None:
                yield block
            block = None
            continue
        values += 1
        if values > MOST_VALUES:
            raise ExportError(
                number, 1, f"more than {MOST_VALUES} lines stand in it", "export fewer objects to one file"
            )
        if blocks > MOST_OBJECTS:
            raise ExportError(
                number, 1, f"more than {MOST_OBJECTS} objects stand in it", "export fewer to one file"
            )
        if block is not None and block.last and line[: block.column].isspace():
            block.lines[block.last].append(line[block.column :].rstrip())
            continue
        match = _PROPERTY.fullmatch(line)
        if match is None:
            raise ExportError(number, 1, "this line is neither a property nor the rest of one", _REMEDY)
        if block is None:
            block = _Block(number)
            blocks += 1
        name = match["name"].strip()
        if name in block.lines:
            raise ExportError(
                number, 1, f"{name} stands twice in one object", "leave an empty line between objects"
            )
        block.column = match.start("value")
        block.lines[name] = [match["value"].rstrip()]
        block.last = name
    if block is not None:
        yield block


def _object(block: _Block) -> Exported:
    return Exported(block.line, {name: _value(lines) for name, lines in block.lines.items()})


def _value(lines: list[str]) -> Value:
    text = "".join(lines)
    if text.startswith("{"):
        return _list(text, wrapped=len(lines) > 1)
    return Wrapped(text) if len(lines) > 1 else text


def _list(text: str, *, wrapped: bool) -> Listed:
    """What is between the braces, as one text: where an item ends, only who knows the items can tell."""
    inside = text[1:].rstrip()
    cut = not inside.endswith("}")  # the end was too wide as well
    inside = inside.removesuffix("}").strip()
    for sign in CUT_OFF:
        if inside.endswith(sign):
            inside, cut = inside.removesuffix(sign).rstrip(", "), True
    if not inside:
        return Listed((), cut)
    return Listed((Wrapped(inside) if wrapped else inside,), cut)
