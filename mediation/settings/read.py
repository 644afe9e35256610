"""From a TOML file to Settings, or to every problem at once.

`mediation run` and `mediation check-config` both come through here: what one of them takes, the other takes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from typing import Final

from mediation.settings.check import CONFIGURATION, assemble
from mediation.settings.document import Given, Kind, Rules, examine, examine_file
from mediation.settings.doubts import doubts
from mediation.settings.draft import Draft
from mediation.settings.inherit import inherited
from mediation.settings.model import Settings
from mediation.settings.problems import Fault, Problem, SettingsError
from mediation.settings.rules import broken_rules

__all__ = ["Problem", "Reading", "SettingsError", "inspect", "inspect_file", "load", "read"]

Look = Callable[[Draft], Iterable[Fault]]
"""Finds what only the machine can tell, such as an expired certificate; this package opens no such file."""

_KIND: Final = Kind(CONFIGURATION, "the configuration", "-c FILE", inherited)


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration that can be used, and what is odd about it."""

    settings: Settings
    warnings: tuple[Problem, ...]
    given: Given
    """The same as values under the keys of the file, and where those stand."""


def read(text: str, name: str) -> Settings:
    """Return the settings in a TOML text; SettingsError with all problems, the file being called `name`."""
    return inspect(text, name).settings


def load(path: str | PathLike[str]) -> Settings:
    """Return the settings in a file; SettingsError when it cannot be read, too."""
    return inspect_file(path).settings


def inspect(text: str, name: str, look: Look | None = None) -> Reading:
    """Like `read`, with the warnings, and with what `look` has to say."""
    return _reading(examine(text, name, _KIND, _rules(look)))


def inspect_file(path: str | PathLike[str], look: Look | None = None) -> Reading:
    """Like `load`, with the warnings, and with what `look` has to say."""
    return _reading(examine_file(path, _KIND, _rules(look)))


def _rules(look: Look | None) -> Rules:
    def found(draft: Draft) -> Iterable[Fault]:
        return chain(broken_rules(draft), doubts(draft), look(draft) if look is not None else ())

    return found


def _reading(given: Given) -> Reading:
    return Reading(assemble(Settings, given.values), given.warnings, given)
