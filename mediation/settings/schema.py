"""`python -m mediation.settings.schema` prints the JSON Schema of the configuration: config/schema.json.

An editor that knows it completes keys, shows their meaning and marks what is wrong while one types. It holds
the shape only; what needs more than one value is left to `mediation check-config`.
"""

import json
import sys
from collections.abc import Mapping
from typing import Final

from mediation.settings.hours import Hours
from mediation.settings.kept import Secret
from mediation.settings.model import Settings
from mediation.settings.numbers import Example
from mediation.settings.places import AnyTarget, Listener
from mediation.settings.tree import REQUIRED, Entry, Section, entries

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TYPES: Final[Mapping[object, str]] = {bool: "boolean", int: "integer", float: "number"}
_PATTERNS: Final[Mapping[object, str]] = {
    Listener: "^([uU][dD][pP]|[tT][cC][pP]|[tT][lL][sS]):.+$",
    AnyTarget: "^[sS][iI][pP][sS]?:.+$",
    Secret: "^$|^(file|env|credential):.+$",
    Example: "^.+->.+$",
    Hours: "^(([a-z]{3})(-[a-z]{3})? )?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$",
}


def json_schema(
    root: Section = Settings,
    title: str = "Mediation Server configuration",
    patterns: Mapping[object, str] = _PATTERNS,
) -> dict[str, object]:
    """Return the schema of a whole file of ours; `patterns` are of values that are written as text."""
    shared = {
        entry.key: _section(entry.section, root, patterns)
        for entry in entries(root, root).values()
        if entry.section is not None and entry.story.like
    }
    schema = {"$schema": DIALECT, "title": title, **_section(root, root, patterns)}
    return schema | ({"$defs": shared} if shared else {})


def printed_schema() -> str:
    """Return the schema as config/schema.json has it."""
    return printed(json_schema())


def printed(schema: Mapping[str, object]) -> str:
    """Return a schema as a file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _section(section: Section, root: Section, patterns: Mapping[object, str]) -> dict[str, object]:
    known = entries(section, root)
    schema: dict[str, object] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _key(entry, root, patterns) for key, entry in known.items()},
    }
    required = [key for key, entry in known.items() if entry.required]
    return schema | ({"required": required} if required else {})


def _key(entry: Entry, root: Section, patterns: Mapping[object, str]) -> dict[str, object]:
    schema: dict[str, object] = {"description": entry.story.doc}
    if entry.story.like:
        return schema | {"$ref": f"#/$defs/{entry.key}"}
    inner = entry.section
    item = _value(entry, patterns) if inner is None else _section(inner, root, patterns)
    if entry.length is None:
        schema |= item
    else:
        schema |= {"type": "array", "items": item}
        if least := entry.length or entry.story.at_least:
            schema["minItems"] = least
        if entry.length:
            schema["maxItems"] = entry.length
    if entry.section is None and (default := entry.spelled_default()) is not REQUIRED:
        schema["default"] = default
    return schema


def _value(entry: Entry, patterns: Mapping[object, str]) -> dict[str, object]:
    schema: dict[str, object] = {"type": _TYPES.get(entry.kind, "string")}
    told = entry.story
    bounds = {"minimum": told.low, "maximum": told.high, "multipleOf": told.step}
    schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    if entry.choices:
        schema["enum"] = list(entry.choices)
    if entry.kind in patterns:
        schema["pattern"] = patterns[entry.kind]
    return schema


if __name__ == "__main__":
    sys.stdout.write(printed_schema())
