"""A model as a tree: which keys a section has, what each takes, and what stands at a path.

`root` is the dataclass of the whole file: the configuration, unless another file of ours is read by the same rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, get_args, get_origin, get_type_hints

from mediation.settings.kept import Secret
from mediation.settings.model import Settings
from mediation.settings.peers import FROM_TARGETS
from mediation.settings.positions import Path
from mediation.settings.story import Story, has_story, story_of

REQUIRED: Final = object()
"""Stands where a default would."""

Section = type[Any]
"""A dataclass of `model.py` that is a table in the file."""

_MADE: "Final[dict[tuple[Section, Section], Mapping[str, Entry]]]" = {}
"""Each section is looked through once: a file asks for its keys at every value."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of one section."""

    key: str
    """As the file spells it."""
    name: str
    """As the dataclass spells it."""
    story: Story
    kind: object
    """The type of the value, or of each item of a list."""
    length: int | None
    """None: one value. 0: a list of any length. Else a list of exactly so many."""
    default: object
    above: str = ""
    """The section that holds it; empty for the sections themselves."""

    @property
    def required(self) -> bool:
        """Whether the file must have it."""
        return self.default is REQUIRED or (self.section is not None and self.story.at_least > 0)

    @property
    def section(self) -> Section | None:
        """The dataclass behind a table; None for a plain value."""
        return self.kind if isinstance(self.kind, type) and _is_section(self.kind) else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that are allowed, where only some are."""
        kind = self.kind
        return tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else ()

    @property
    def header(self) -> str:
        """The line that begins this section in the file."""
        name = f"{self.above}.{self.key}" if self.above else self.key
        return f"[{name}]" if self.length is None else f"[[{name}]]"

    def spelled_default(self) -> object:
        """Return the default as the file would hold it: plain values and lists. REQUIRED without one."""
        if self.default is FROM_TARGETS:
            return REQUIRED
        return _plain(self.default)


def entries(section: Section, root: Section = Settings) -> Mapping[str, Entry]:
    """Return the keys of a section: those that must be given, the others, and tables; else as in the model."""
    made = _MADE.get((section, root))
    if made is None:
        made = _MADE[section, root] = MappingProxyType(_entries(section, root))
    return made


def section_at(path: Path, root: Section = Settings) -> Section | None:
    """Return the section that a path names, or None: `("trunk", 0)` is a Trunk."""
    section: Section | None = root
    for part in path:
        if section is None:
            return None
        if isinstance(part, str):
            entry = entries(section, root).get(part)
            section = entry.section if entry is not None else None
    return section


def entry_at(path: Path, root: Section = Settings) -> Entry | None:
    """Return the key that a path names, or that an item of a list belongs to; None without such a key."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    section = section_at(path[:-1], root) if path else None
    return entries(section, root).get(str(path[-1])) if section is not None else None


def known(path: Path, root: Section = Settings) -> Entry:
    """Return the key at a path that the model is sure to have; LookupError when it has not."""
    entry = entry_at(path, root)
    if entry is None:
        raise LookupError(path)
    return entry


def homes(key: str, root: Section = Settings) -> Iterator[Entry]:
    """Return the sections that have a key, those within others included."""
    for entry in sections(root, root):
        if entry.section is not None and key in entries(entry.section, root):
            yield entry


def sections(within: Section = Settings, root: Section = Settings) -> Iterator[Entry]:
    """Return every section, each followed by those within it, but not those that only repeat another one."""
    for entry in entries(within, root).values():
        if entry.section is not None and not entry.story.like:
            yield entry
            yield from sections(entry.section, root)


def _entries(section: Section, root: Section) -> dict[str, Entry]:
    hints = get_type_hints(section)
    above = _key_of(section, root)
    found = [replace(_entry(field, hints[field.name]), above=above) for field in fields(section)]
    found.sort(key=lambda entry: (entry.default is not REQUIRED, entry.section is not None))
    return {entry.key: entry for entry in found}


def _entry(field: "Field[Any]", hint: object) -> Entry:
    told = story_of(field)
    default = REQUIRED if field.default is MISSING else field.default
    arguments = get_args(hint)
    if get_origin(hint) is not tuple:
        kind, length = hint, None
    elif arguments[-1] is Ellipsis:
        kind, length = arguments[0], 0
    else:
        kind, length = arguments[0], len(arguments)
    return Entry(told.key or field.name, field.name, told, kind, length, default)


def _key_of(section: Section, root: Section) -> str:
    """Return how the file calls a section that stands by itself; empty for the whole file and for others."""
    if section is root:
        return ""
    hints = get_type_hints(root)
    for field in fields(root):
        if section in (hints[field.name], *get_args(hints[field.name])):
            return story_of(field).key or field.name
    return ""


def _is_section(kind: Section) -> bool:
    return is_dataclass(kind) and all(has_story(field) for field in fields(kind))


def _plain(value: object) -> object:
    if isinstance(value, StrEnum | Secret):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
