"""What an import has to tell, as text and for machines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mediation.console import plural
from mediation.importing.lync import Imported
from mediation.importing.telling import Row, Weight

_HEAD: Final = ("parameter", "there", "default there", "here", "default here", "note")
_WIDEST: Final = 48
"""Characters of a value; the JSON has all of it."""


def import_text(found: Imported) -> str:
    """The table of every parameter, and the findings: first what was lost, then what is to be filled in."""
    told = found.told
    lines: list[str] = []
    subject = ""
    block: list[Row] = []
    for row in told.rows:
        if row.subject != subject and block:
            lines += [subject, *_block(block), ""]
            block = []
        subject = row.subject
        block.append(row)
    if block:
        lines += [subject, *_block(block), ""]
    differing = sorted({row.parameter for row in told.rows if row.defaults_differ})
    if differing:
        lines += [
            "(*) the defaults differ: what was left alone there must be said here, or cannot be had",
            "",
        ]
    for weight, title in (
        (Weight.LOST, "NOT TAKEN OVER"), (Weight.FILL_IN, "to be filled in"), (Weight.NOTE, "to know"),
    ):  # fmt: skip
        findings = [finding for finding in told.findings if finding.weight is weight]
        if findings:
            lines += [f"{title} ({len(findings)})", *(f"  {finding}" for finding in findings), ""]
    lines.append(summary(found))
    return "\n".join(_seen(line) for line in lines)


def summary(found: Imported) -> str:
    """One line."""
    told = found.told
    return (
        f"{plural(found.trunks, 'trunk')}, {plural(found.routes, 'route')}; {told.count(Weight.LOST)} not taken over, "
        f"{told.count(Weight.FILL_IN)} to be filled in"
    )


def import_mapping(found: Imported) -> Mapping[str, object]:
    """The same for a machine to read, with the configuration."""
    return {
        "schema": 1,
        "whole": found.is_whole,
        "trunks": found.trunks,
        "routes": found.routes,
        "parameters": [row.as_mapping() for row in found.told.rows],
        "findings": [finding.as_mapping() for finding in found.told.findings],
        "configuration": found.configuration,
    }


def _block(rows: Sequence[Row]) -> Iterator[str]:
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    for line in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.parameter,
        _short(row.there),
        _yes(row.default_there),
        _short(row.here) if row.here else "-",
        _yes(row.default_here if row.taken else None) + (" (*)" if row.defaults_differ else ""),
        row.note,
    )


def _yes(answer: bool | None) -> str:
    return "-" if answer is None else "yes" if answer else "no"


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _seen(line: str) -> str:
    """A terminal gets nothing but what can be seen."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line
    )
