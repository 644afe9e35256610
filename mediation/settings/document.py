"""One strict TOML file of ours: from its text to checked values, or to every problem at once.

What the values mean is told by a shape, and the rules between them by whoever asks: the configuration is read so, and
the file of a plan.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Final

from mediation.settings.check import Shape, Values, check
from mediation.settings.draft import Draft
from mediation.settings.inherit import Inherited, nothing_inherited
from mediation.settings.positions import Path, Positions
from mediation.settings.problems import Fault, Problem, Related, SettingsError, Severity
from mediation.settings.syntax import TomlError, parse

Rules = Callable[[Draft], Iterable[Fault]]
"""Says what no value can know alone; it may doubt what it does not forbid."""

Inherit = Callable[[Values, frozenset[Path]], Inherited]

MAX_FILE_OCTETS: Final = 1 << 20
"""Ten thousand trunks fit; a device or a log file given by mistake does not."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file that can be used, and what is odd about it."""

    values: Values
    warnings: tuple[Problem, ...]
    origins: Mapping[Path, Path]
    """Of values that stand elsewhere in the file: where. See `inherit.Inherited`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file."""

    shape: Shape
    noun: str
    """What it holds: `the configuration`."""
    how: str
    """How the command line names it: `-c FILE`."""
    inherit: Inherit = nothing_inherited
    """Fills in what some parts of the file say for others."""


def examine(text: str, name: str, kind: Kind, rules: Rules) -> Given:
    """Return the values in a TOML text; SettingsError with all problems, the file being called `name`."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    positions = Positions(text)
    places = _Places(name, positions)
    try:
        data = parse(text, positions)
    except TomlError as error:
        raise SettingsError([places.broken(error)]) from None
    values, faults = check(data, positions.written, kind.shape)
    whole = kind.inherit(values, frozenset(fault.path for fault in faults))
    draft = Draft(whole.values, whole.faulty, kind.shape.root)
    told = (fault.at(whole.origin) for fault in (*faults, *rules(draft)))
    found = list(dict.fromkeys(places.problem(fault, data) for fault in told))
    found.sort(key=lambda problem: (problem.line, problem.column))
    if any(problem.severity is Severity.ERROR for problem in found):
        raise SettingsError(found)
    return Given(whole.values, tuple(found), whole.origins)


def examine_file(path: str | PathLike[str], kind: Kind, rules: Rules) -> Given:
    """Like `examine`, of a file; SettingsError when it cannot be read, too."""
    name = fspath(path)
    try:
        with open(name, "rb") as file:
            octets = file.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise SettingsError([_unreadable(name, error, kind)]) from None
    except ValueError:
        raise SettingsError([_whole(name, "this cannot be the name of a file", "give its path")]) from None
    if len(octets) > MAX_FILE_OCTETS:
        message = f"the file is larger than {MAX_FILE_OCTETS} octets"
        raise SettingsError([_whole(name, message, f"give {kind.noun}, not another file")])
    try:
        return examine(octets.decode("utf-8"), name, kind, rules)
    except UnicodeDecodeError as error:
        raise SettingsError([_undecodable(name, octets, error)]) from None


class _Places:
    """Gives faults their places in one file."""

    def __init__(self, name: str, positions: Positions) -> None:
        self._name = name
        self._positions = positions

    def problem(self, fault: Fault, data: object) -> Problem:
        span = self._positions.key(fault.path) if fault.at_key else self._positions.value(fault.path)
        return Problem(
            file=self._name,
            line=span.line,
            column=span.column,
            path=_dotted(fault.path, data),
            message=fault.message,
            remedy=fault.remedy,
            source=self._positions.line(span.line),
            width=span.width,
            related=self._related(fault.related, data),
            severity=fault.severity,
        )

    def broken(self, error: TomlError) -> Problem:
        related: Related | None = None
        if error.related is not None:
            first = self._positions.key(error.related)
            related = Related(_dotted(error.related, None), first.line, first.column)
        return Problem(
            file=self._name,
            line=error.span.line,
            column=error.span.column,
            path=_dotted(error.path, None),
            message=error.message,
            remedy=error.remedy,
            source=self._positions.line(error.span.line),
            width=error.span.width,
            related=related,
        )

    def _related(self, path: Path | None, data: object) -> Related | None:
        if path is None or path not in self._positions:
            return None
        span = self._positions.value(path)
        return Related(_dotted(path, data), span.line, span.column)


def _dotted(path: Path, data: object) -> str:
    """Spell a path; a table of a list goes by its name where it has one, all else in lists by its index from 0."""
    parts: list[str] = []
    place = data
    for index, part in enumerate(path):
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            place = None
        name = place.get("name") if index == 1 and isinstance(place, dict) else None
        parts.append(name if isinstance(name, str) and name.isprintable() and name else str(part))
    return ".".join(parts)


def _unreadable(name: str, error: OSError, kind: Kind) -> Problem:
    match error:
        case FileNotFoundError():
            return _whole(name, "there is no such file", f"give the path of {kind.noun} with {kind.how}")
        case IsADirectoryError():
            return _whole(name, "this is a directory", "give the path of the file in it")
        case PermissionError():
            return _whole(name, "no permission to read it", "let the user that runs mediation read it")
        case _:
            reason = (error.strerror or type(error).__name__).lower()
            return _whole(
                name, f"it cannot be read: {reason}", f"mend that, or give another file with {kind.how}"
            )


def _undecodable(name: str, octets: bytes, error: UnicodeDecodeError) -> Problem:
    before = octets[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    source = octets.split(b"\n")[line - 1].decode("utf-8", "replace")
    return Problem(
        file=name,
        line=line,
        column=column,
        path="",
        message=f"octet {octets[error.start]:#04x} is not UTF-8",
        remedy="save the file as UTF-8",
        source=source,
    )


def _whole(name: str, message: str, remedy: str) -> Problem:
    """A problem of the file as a whole."""
    return Problem(file=name, line=0, column=0, path="", message=message, remedy=remedy)
