"""What holds for one trunk: every setting, and who has said it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mediation.settings.positions import Path
from mediation.settings.read import Reading
from mediation.settings.spelling import shown
from mediation.settings.tree import Section, entries
from mediation.settings.trunks import Trunk

_OWN, _USUAL = "trunk", "default"


@dataclass(frozen=True, slots=True)
class Holding:
    """One setting of a trunk, as it holds."""

    key: str
    """Dotted, lists of tables from 0: `session_timer.mode`, `header.0.name`."""
    value: str
    """As the file would write it."""
    origin: str
    """`trunk`, `site NAME`, `trunk_defaults`, or `default` where the file says nothing."""

    @property
    def is_usual(self) -> bool:
        """Whether nobody has said it."""
        return self.origin == _USUAL


def holdings(reading: Reading, name: str) -> tuple[Holding, ...]:
    """Every setting of the trunk of this name, in the order of the model. ValueError without it."""
    settings = reading.settings
    index = [trunk.name for trunk in settings.trunks].index(name)
    sites = tuple(site.name for site in settings.sites)
    found = _walked(Trunk, settings.trunks[index], ("trunk", index), reading.given.values)
    return tuple(
        Holding(".".join(map(str, path[2:])), shown(value), _origin(path, is_said, reading, sites))
        for path, value, is_said in found
    )


def holdings_text(known_by: tuple[str, ...], told: tuple[Holding, ...], *, effective: bool) -> str:
    """Aligned, for people, with what its calls are known by; `effective` shows what nobody has said as well."""
    lines = [each for each in told if effective or not each.is_usual]
    left = max((len(f"{each.key} = {each.value}") for each in lines), default=0)
    left = min(left, 72)
    known = [f"# its calls are known by {way}" for way in known_by] or ["# it places no calls"]
    shown_so = [f"{f'{each.key} = {each.value}':{left}}  # {each.origin}" for each in lines]
    return "\n".join((*known, *shown_so))


def holdings_mapping(
    name: str, known_by: tuple[str, ...], told: tuple[Holding, ...], *, effective: bool
) -> Mapping[str, object]:
    """The same for a machine to read."""
    return {
        "schema": 1,
        "trunk": name,
        "known_by": list(known_by),
        "settings": [
            {"key": each.key, "value": each.value, "origin": each.origin}
            for each in told
            if effective or not each.is_usual
        ],
    }


def _walked(
    section: Section, holder: object, path: Path, given: object
) -> Iterator[tuple[Path, object, bool]]:
    """Each setting below a place: its path, its value, and whether the file says it."""
    for part in path:
        given = _step(given, part)
    yield from _below(section, holder, path, given)


def _below(
    section: Section, holder: object, path: Path, given: object
) -> Iterator[tuple[Path, object, bool]]:
    for key, entry in entries(section).items():
        value, said = getattr(holder, entry.name), _step(given, key)
        place = (*path, key)
        if entry.section is None:
            yield place, value, said is not None
        elif entry.length is None:
            yield from _below(entry.section, value, place, said)
        else:
            for index, item in enumerate(value):
                yield from _below(entry.section, item, (*place, index), _step(said, index))


def _step(place: object, part: str | int) -> object:
    if isinstance(place, Mapping):
        return place.get(part)
    if isinstance(place, tuple) and isinstance(part, int) and part < len(place):
        return place[part]
    return None


def _origin(path: Path, is_said: bool, reading: Reading, sites: tuple[str, ...]) -> str:
    if not is_said:
        return _USUAL
    origins = reading.given.origins
    for length in range(len(path), 0, -1):
        found = origins.get(path[:length])
        if found is not None:
            return f"site {sites[int(found[1])]}" if found[0] == "site" else str(found[0])
    return _OWN
