"""`python -m mediation.settings.example` prints a file with every setting: config/mediation.toml.

What must be given has a value that works on one machine; all else stands behind a `#` with its default, so that
taking all of these `#` away changes nothing.
"""

import sys
import textwrap
from collections.abc import Iterator
from typing import Final

from mediation.settings.model import Settings
from mediation.settings.read import read
from mediation.settings.spelling import shown, toml
from mediation.settings.tree import Entry, Section, entries

WIDTH: Final = 100
"""Characters of a comment's line."""

_HEAD: Final = """\
#:schema ./schema.json

# Every setting of the Mediation Server. A line without # must be there; one with # shows the default,
# and taking the # away changes nothing. After a change: mediation check-config -c FILE
"""


def printed_example() -> str:
    """Return the file as config/mediation.toml has it."""
    settings = read("".join(_required(section) for section in _sections()), "the required settings")
    return _HEAD + "".join(_section(section, settings) for section in _sections())


def _sections() -> Iterator[Entry]:
    yield from entries(Settings).values()


def _keys(section: Entry) -> Iterator[Entry]:
    table: Section | None = section.section
    if table is not None:
        yield from entries(table).values()


def _within(section: Entry) -> Iterator[Entry]:
    yield from (entry for entry in _keys(section) if entry.section is not None)


def _required(section: Entry) -> str:
    """Return the least that makes a section; nothing when it can be left out."""
    if not section.required:
        return ""
    given = (f"{entry.key} = {entry.story.example}\n" for entry in _keys(section) if entry.required)
    return f"{section.header}\n{''.join(given)}"


def _section(section: Entry, holder: object) -> str:
    if section.story.like:
        return "\n".join(["", *_comment(section.story.doc), f"# {section.header}"]) + "\n"
    hidden = (section.length is not None or bool(section.above)) and not section.required
    value = getattr(holder, section.name)
    if value == ():
        return _sketch(section)
    table = value[0] if isinstance(value, tuple) else value
    lines = ["", *_comment(section.story.doc), f"{'#' if hidden else ''}{section.header}"]
    told = (
        "\n".join(_entry(entry, getattr(table, entry.name), hidden=hidden))
        for entry in _keys(section)
        if entry.section is None
    )
    within = "".join(_section(inner, table) for inner in _within(section))
    return "\n".join([*lines, "\n\n".join(told)]) + "\n" + within


def _sketch(section: Entry) -> str:
    """Show what a list of tables could hold that is empty unless somebody fills it, for people to read."""
    plain = (entry for entry in _keys(section) if entry.section is None)
    inside = [f"# {entry.key} = {entry.story.example or toml(entry.spelled_default())}" for entry in plain]
    told = [line for entry in _keys(section) for line in _comment(f"{entry.key}: {entry.story.doc}")]
    return "\n".join(["", *_comment(section.story.doc), *told, f"# {section.header}", *inside]) + "\n"


def _entry(entry: Entry, value: object, *, hidden: bool) -> Iterator[str]:
    told = entry.story
    steps = f" in steps of {told.step}" if told.step is not None else ""
    bounds = f" From {told.low} to {told.high}{steps}." if told.low is not None else ""
    spelled = shown(value)
    sample = f" For example {told.example}." if told.example and told.example != spelled else ""
    if entry.required and not hidden:
        spelled, sample = told.example, ""
    yield from _comment(told.doc + bounds + sample)
    yield f"{'#' if hidden or not entry.required else ''}{entry.key} = {spelled}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.write(printed_example())
