"""What a trunk takes over: from its site, and from what is said for all trunks, field by field.

A table within a trunk, such as [trunk.media], is taken over setting by setting as well; a list, of values or of tables,
as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mediation.settings.positions import Path

TRUNK_DEFAULTS: Final = "trunk_defaults"
"""The key, in the file and in a site."""

Values = Mapping[str, object]
"""See `check.Values`."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """The values of a file with what trunks take over filled in."""

    values: Values
    origins: Mapping[Path, Path]
    """Of each value that was taken over: where it stands, under where it was filled in."""
    faulty: frozenset[Path]
    """Where a trunk would have taken over something that was wrong."""

    def origin(self, path: Path) -> Path:
        """Where the value at a path stands in the file."""
        for length in range(len(path), 0, -1):
            if (found := self.origins.get(path[:length])) is not None:
                return (*found, *path[length:])
        return path


def inherited(values: Values, faulty: frozenset[Path]) -> Inherited:
    """Fill in what trunks do not say themselves. `faulty` says where something was wrong, and is left out."""
    trunks = values.get("trunk")
    if not isinstance(trunks, tuple):
        return Inherited(values, {}, faulty)
    origins: dict[Path, Path] = {}
    wrong = set(faulty)
    made: list[object] = []
    for index, trunk in enumerate(trunks):
        if isinstance(trunk, Mapping):
            for place, above in _above(values, trunk):
                wrong.update(_wrong(("trunk", index), trunk, place, faulty))
                trunk = _filled(trunk, above, ("trunk", index), place, origins)
        made.append(trunk)
    return Inherited({**values, "trunk": tuple(made)}, origins, frozenset(wrong))


def nothing_inherited(values: Values, faulty: frozenset[Path]) -> Inherited:
    """Of a file whose parts say nothing for others."""
    return Inherited(values, {}, faulty)


def _above(values: Values, trunk: Values) -> Iterator[tuple[Path, Values]]:
    """What a trunk takes over, the nearest first."""
    sites = values.get("site")
    for index, site in enumerate(sites if isinstance(sites, tuple) else ()):
        if isinstance(site, Mapping) and site.get("name") == trunk.get("site"):
            yield ("site", index, TRUNK_DEFAULTS), _table(site)
    yield (TRUNK_DEFAULTS,), _table(values)


def _table(holder: Values) -> Values:
    table = holder.get(TRUNK_DEFAULTS)
    return table if isinstance(table, Mapping) else {}


def _filled(own: Values, above: Values, path: Path, place: Path, origins: dict[Path, Path]) -> Values:
    made = dict(own)
    for key, value in above.items():
        present = made.get(key)
        if key not in made:
            made[key] = value
            origins[*path, key] = (*place, key)
        elif isinstance(present, Mapping) and isinstance(value, Mapping):
            made[key] = _filled(present, value, (*path, key), (*place, key), origins)
    return made


def _wrong(path: Path, own: object, place: Path, faulty: frozenset[Path]) -> Iterator[Path]:
    """The faults below a place that a trunk would take over, as faults of its own."""
    for fault in faulty:
        if fault[: len(place)] != place:
            continue
        rest = fault[len(place) :]
        given: object = own
        for part in rest:
            if not isinstance(given, Mapping) or part not in given:
                yield (*path, *rest)
                break
            given = given[part]
