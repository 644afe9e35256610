"""A configuration on its way: checked values under the keys of the file, gaps where something was wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final, TypeVar

from mediation.settings.announcements import FILE
from mediation.settings.model import Settings
from mediation.settings.places import Listener, NamedTarget, Network, Target, addresses
from mediation.settings.positions import Path
from mediation.settings.tree import Section, known
from mediation_codecs.codec import Codec

T = TypeVar("T")

EACH: Final = "*"
"""In a pattern of `Draft.each`: every item of a list."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the rules between settings look at; they are silent about what is not sound."""

    values: Mapping[str, object]
    """Dictionaries and tuples, nested as in the file. What was wrong is missing, or None in a list."""
    faulty: frozenset[Path] = frozenset()
    """Where something was wrong."""
    root: Section = Settings
    """What the whole file is."""

    def each(self, pattern: Path, kind: type[T]) -> Iterator[tuple[Path, T]]:
        """Return every value of a type that a pattern finds, with its path, in the order of the file."""
        found: list[tuple[Path, object]] = [((), self.values)]
        for part in pattern:
            found = [step for path, place in found for step in _steps(path, place, part)]
        yield from ((path, value) for path, value in found if isinstance(value, kind))

    def sound(self, path: Path) -> bool:
        """Whether nothing was wrong at a path, above it or below it."""
        return not any(_meet(fault, path) for fault in self.faulty)

    def value(self, path: Path, kind: type[T]) -> T | None:
        """Return the value at a path, or its default; None when it is not sound."""
        if not self.sound(path):
            return None
        for _, value in self.each(path, kind):
            return value
        default = known(path, self.root).default
        return default if isinstance(default, kind) else None

    def listeners(self, side: str) -> Iterator[tuple[Path, Listener]]:
        """Return the listeners of `internal` or `gateway`."""
        return self.each((side, "listen", EACH), Listener)

    def doors(self, holder: Path) -> list[tuple[Path, Listener]]:
        """Return the listeners that a trunk, or the front ends, are spoken with by."""
        if holder == ("internal",):
            return list(self.listeners("internal"))
        own = {listener.socket for _, listener in self.each((*holder, "local", EACH), Listener)}
        every = list(self.listeners("gateway"))
        return [each for each in every if each[1].socket in own] if own else every

    def targets(self, holder: Path) -> Iterator[tuple[Path, Target]]:
        """Return the targets of a trunk or of `internal` that are given by address."""
        return self.each((*holder, "targets", EACH), Target)

    def named(self, holder: Path) -> Iterator[tuple[Path, NamedTarget]]:
        """Return those that are given by name."""
        return self.each((*holder, "targets", EACH), NamedTarget)

    def trunks(self) -> Iterator[Path]:
        """Return the path of each trunk that can be read at all."""
        return (path for path, _ in self.each(("trunk", EACH), dict))

    def names(self) -> Iterator[tuple[Path, str]]:
        """Return the trunks' names."""
        return self.each(("trunk", EACH, "name"), str)

    def sound_files(self) -> Iterator[tuple[Path, str]]:
        """Return the sound files that are named."""
        for holder in (("internal",), *self.trunks()):
            yield from ((path, file) for path, file in self.each((*holder, "mid_call", "music"), str) if file)
            for path, sound in self.each((*holder, "announcement", EACH, "sound"), str):
                if sound.startswith(FILE):
                    yield path, sound.removeprefix(FILE)

    def codecs(self) -> Iterator[tuple[Path, Codec]]:
        """Return the codecs that peers may speak."""
        for holder in (("internal",), *self.trunks()):
            yield from self.each((*holder, "codecs", EACH), Codec)

    def sources(self, holder: Path) -> Iterator[tuple[Path, Network]]:
        """Return who may place calls as a trunk or as a front end, and where that stands in the file."""
        given = (*holder, "trusted")
        if not self.sound(given):
            return
        if any(True for _ in self.each(given, tuple)):
            yield from self.each((*given, EACH), IPv4Network)
            yield from self.each((*given, EACH), IPv6Network)
            return
        for path, target in self.targets(holder):
            for network in addresses((target,)):
                yield path, network


def _meet(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _steps(path: Path, place: object, part: str | int) -> Iterator[tuple[Path, object]]:
    if part == EACH:
        if isinstance(place, tuple):
            yield from (((*path, index), item) for index, item in enumerate(place) if item is not None)
    elif isinstance(part, int):
        if isinstance(place, tuple) and part < len(place):
            yield (*path, part), place[part]
    elif isinstance(place, Mapping) and part in place:
        yield (*path, part), place[part]
