"""Ranges of direct numbers (DID), and whose number one is."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from mediation.planning.words import check_number
from mediation.settings.words import UnfitError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DidRange:
    """All numbers from the first to the last one, which has as many digits."""

    first: str
    """Digits, without the plus sign."""
    last: str

    def __str__(self) -> str:
        return f"+{self.first}" if self.first == self.last else f"+{self.first}-+{self.last}"

    def __contains__(self, number: str) -> bool:
        digits = bare(number)
        return len(digits) == len(self.first) and self.first <= digits <= self.last

    def meets(self, other: "DidRange") -> bool:
        """Whether both have a number in common."""
        same = len(self.first) == len(other.first)
        return same and self.first <= other.last and other.first <= self.last


def parse_did_range(text: str) -> DidRange:
    """Read `+FIRST` or `+FIRST-+LAST`. UnfitError when it is neither."""
    first, dash, last = text.replace(" ", "").partition("-+")
    last = f"+{last}" if dash else first
    for number in (first, last):
        check_number(number)
    if len(first) != len(last):
        raise UnfitError("both numbers of a range have as many digits", 'write "+43155510000-+43155519999"')
    if first > last:
        raise UnfitError(f"{first} comes after {last}", f'write "{last}-{first}"')
    return DidRange(first[1:], last[1:])


def bare(number: str) -> str:
    """Return a number's digits, without a plus sign and without what is written between them."""
    return "".join(character for character in number if character in "0123456789")


class Owners:
    """Finds whose number one is. The ranges of all must lie apart."""

    def __init__(self, ranges: Mapping[str, Iterable[DidRange]]) -> None:
        found = [(each.first, each.last, owner) for owner, owned in ranges.items() for each in owned]
        self._lengths = {len(first) for first, _, _ in found}
        self._ranges = {
            length: sorted(each for each in found if len(each[0]) == length) for length in self._lengths
        }
        self._firsts = {length: [first for first, _, _ in each] for length, each in self._ranges.items()}

    def owner(self, digits: str) -> str | None:
        """Whose the number is, given as digits; None: nobody's."""
        length = len(digits)
        if length not in self._lengths:
            return None
        place = bisect_right(self._firsts[length], digits) - 1
        if place < 0:
            return None
        _, last, owner = self._ranges[length][place]
        return owner if digits <= last else None


def overlaps(ranges: Iterable[tuple[T, DidRange]]) -> Iterator[tuple[T, T]]:
    """Return what stands with ranges that meet, two at a time, the one that begins first coming first."""
    ordered = sorted(ranges, key=lambda each: (len(each[1].first), each[1].first, each[1].last))
    widest: tuple[T, DidRange] | None = None
    for earlier, later in pairwise(ordered):
        if widest is None or not widest[1].meets(later[1]) or widest[1].last < earlier[1].last:
            widest = earlier
        if widest[1].meets(later[1]):
            yield widest[0], later[0]
