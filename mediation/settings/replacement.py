"""What a number becomes: text with groups of the pattern in it, as .NET writes them (`$1`) or as RE2 does (`\\1`)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mediation.settings.patterns import Found
from mediation.settings.words import UnfitError

MOST_CHARACTERS: Final = 128
"""Of a replacement; a number has 15 digits (ITU-T E.164)."""

_PART: Final = re.compile(
    r"(?P<text>[0-9A-Za-z+*#._-]+)"
    r"|[$\\](?P<digits>[0-9]+)"
    r"|\$\{(?P<braced>[0-9]+|[A-Za-z_][A-Za-z0-9_]*)\}"
    r"|(?P<whole>\$&)"
)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the pattern; 0 is all that was found."""

    name: int | str

    def __str__(self) -> str:
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Text and groups, in order."""

    parts: tuple[str | Group, ...]

    @property
    def groups(self) -> Iterator[Group]:
        """The groups that are named."""
        return (part for part in self.parts if isinstance(part, Group))

    def of(self, found: Found) -> str:
        """What stands in the place of what was found; LookupError when the pattern has no such group."""
        return "".join(part if isinstance(part, str) else found.group(part.name) for part in self.parts)


def parse_replacement(text: str) -> Replacement:
    """Read a replacement. UnfitError otherwise."""
    if len(text) > MOST_CHARACTERS:
        raise UnfitError(
            f"the replacement has {len(text)} characters", f"shorten it to {MOST_CHARACTERS} or fewer"
        )
    parts: list[str | Group] = []
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            raise UnfitError(*_unreadable(text[place:]))
        place = match.end()
        digits = match["digits"]
        if digits is not None and len(digits) > 1:
            message = (
                f"{match[0]} can be read as group {digits} or as group {digits[0]} with digits behind it"
            )
            raise UnfitError(message, f"write ${{{digits[0]}}}{digits[1:]} or ${{{digits}}}")
        if match["text"] is not None:
            parts.append(match["text"])
        elif match["whole"] is not None:
            parts.append(Group(0))
        else:
            name = digits or match["braced"]
            parts.append(Group(int(name) if name.isdigit() else name))
    return Replacement(tuple(parts))


def check_replacement(text: str) -> None:
    """Accept what `parse_replacement` reads."""
    parse_replacement(text)


def _unreadable(rest: str) -> tuple[str, str]:
    if rest[0] in "$\\":
        return f'"{rest[:2]}" names no group', "write $1, or ${1} where a digit follows"
    return f'"{rest[0]}" cannot stand in a number', "use digits, letters, + * # . _ - and groups such as $1"
