"""`python -m mediation.settings.schema` prints the JSON Schema of the configuration: config/schema.json.

An editor that knows it completes keys, shows their meaning and marks what is wrong while one types. It holds
the shape only; what needs more than one value is left to `mediation check-config`.
"""

import json
import sys
from collections.abc import Mapping
from typing import Final

from mediation.settings.model import Secret, Settings
from mediation.settings.places import Listener, Target
from mediation.settings.tree import REQUIRED, Entry, Section, entries

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TYPES: Final[Mapping[object, str]] = {bool: "boolean", int: "integer"}
_PATTERNS: Final[Mapping[object, str]] = {
    Listener: "^([uU][dD][pP]|[tT][cC][pP]|[tT][lL][sS]):.+$",
    Target: "^[sS][iI][pP]:.+$",
    Secret: "^$|^(file|env|credential):.+$",
}


def json_schema() -> dict[str, object]:
    """Return the schema of the whole file."""
    return {"$schema": DIALECT, "title": "Mediation Server configuration", **_section(Settings)}


def printed_schema() -> str:
    """Return the schema as config/schema.json has it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _section(section: Section) -> dict[str, object]:
    known = entries(section)
    schema: dict[str, object] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _key(entry) for key, entry in known.items()},
    }
    required = [key for key, entry in known.items() if entry.required]
    return schema | ({"required": required} if required else {})


def _key(entry: Entry) -> dict[str, object]:
    schema: dict[str, object] = {"description": entry.story.doc}
    item = _section(entry.section) if entry.section is not None else _value(entry)
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


def _value(entry: Entry) -> dict[str, object]:
    schema: dict[str, object] = {"type": _TYPES.get(entry.kind, "string")}
    told = entry.story
    bounds = {"minimum": told.low, "maximum": told.high, "multipleOf": told.step}
    schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    if entry.choices:
        schema["enum"] = list(entry.choices)
    if entry.kind in _PATTERNS:
        schema["pattern"] = _PATTERNS[entry.kind]
    return schema


if __name__ == "__main__":
    sys.stdout.write(printed_schema())
