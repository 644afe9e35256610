"""The directory where workers and the signalling processes that come after each other find one another."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from mediation.settings.words import MAX_RUNTIME_DIRECTORY

_PRIVATE: Final = 0o700


class NoPlaceError(Exception):
    """There is none that nobody else may enter. `str()` says why."""


def runtime_directory(named: str) -> Path:
    """What the settings name; or systemd's RuntimeDirectory=; or one of our user's among temporary files."""
    given = named or os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else Path(tempfile.gettempdir()) / f"mediation-{os.geteuid()}"


def door_of(configuration: Path, directory: Path) -> str:
    """Where the paths begin of the workers of one configuration, in a directory that is made where it is not there.

    Raises NoPlaceError. Another configuration, in another file, has other paths in the same directory.
    """
    if len(os.fsencode(directory)) > MAX_RUNTIME_DIRECTORY:
        raise NoPlaceError(f"{directory} is longer than {MAX_RUNTIME_DIRECTORY} octets")
    try:
        directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise NoPlaceError(f"{directory}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NoPlaceError(f"{directory} is no directory of our user")
    if stat.S_IMODE(found.st_mode) != _PRIVATE:
        raise NoPlaceError(f"{directory} may be entered by others: its mode is not 0700")
    name = hashlib.sha256(os.fsencode(configuration.resolve())).hexdigest()[:16]
    return str(directory / f"{name}.")
