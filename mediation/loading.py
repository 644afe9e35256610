"""Less of a library than there is: what a process never asks of it is not loaded.

Starts take as long as their imports do, and of some processes there may be one for each core.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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


def without(module: str) -> AbstractContextManager[None]:
    """Import here what can do without a module, as if that were not installed. Does nothing where it is imported."""
    return _standing_in(module, None)


def in_name_only(module: str, *names: str) -> AbstractContextManager[None]:
    """Import here what only mentions names of a module: it gets bare classes. Does nothing where it is imported."""
    stand_in = ModuleType(module)
    for name in names:
        setattr(stand_in, name, type(name, (), {}))
    return _standing_in(module, stand_in)


@contextmanager
def _standing_in(module: str, stand_in: ModuleType | None) -> Iterator[None]:
    """Imports find this in the place of a module; None: they find that there is no such module."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = stand_in  # type: ignore[assignment]  # None has a meaning for the import system
    try:
        yield
    finally:
        del sys.modules[module]
