"""The directory of recordings: whether it can be written to, and what room there is."""

import os
from collections.abc import Iterator
from typing import Final

from mediation.settings.draft import Draft
from mediation.settings.problems import Fault

PATH: Final = ("recording", "directory")


def faulty_place(draft: Draft) -> Iterator[Fault]:
    """What is wrong with the directory that the settings name."""
    directory = draft.value(PATH, str)
    if not directory:
        return
    if not os.path.isdir(directory):
        yield Fault(PATH, "there is no such directory", "make it, for the user that the server runs as alone")
    elif not os.access(directory, os.W_OK | os.X_OK):
        yield Fault(PATH, "it cannot be written to", "give it to the user that the server runs as")


def free_octets(path: str) -> int:
    """Room that we may use in the file system that a path is in. OSError: there is no such place."""
    there = os.statvfs(path)
    return there.f_bavail * there.f_frsize
