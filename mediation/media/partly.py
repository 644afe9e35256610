"""A module of a package without the rest of it, for a process that there may be one of for each core."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType


@contextmanager
def partly(package: str) -> Iterator[None]:
    """Import modules of a package here, and what its `__init__` would import is left out.

    Whoever imports the package itself later gets all of it. Does nothing where it is imported already, or not there.
    """
    found = None if package in sys.modules else find_spec(package)
    if found is None or found.submodule_search_locations is None:
        yield
        return
    shell = ModuleType(package)
    shell.__path__ = list(found.submodule_search_locations)
    sys.modules[package] = shell
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
