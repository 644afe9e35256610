"""A part of a package, and later all of it."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from mediation.media.partly import partly

PACKAGE = "large_package_of_a_test"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import heavy\n")
    (folder / "heavy.py").write_text("WEIGHT = 1\n")
    (folder / "light.py").write_text("from .feather import WEIGHT\n")
    (folder / "feather.py").write_text("WEIGHT = 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield PACKAGE
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def test_a_module_comes_without_what_its_package_imports(package: str) -> None:
    with partly(package):
        light = import_module(f"{package}.light")
        assert f"{package}.heavy" not in sys.modules
    assert light.WEIGHT == 0
    assert package not in sys.modules


def test_who_wants_all_of_it_later_gets_all_of_it(package: str) -> None:
    with partly(package):
        import_module(f"{package}.light")
    whole = import_module(package)
    assert whole.heavy.WEIGHT == 1
    assert import_module(f"{package}.light") is whole.light


def test_a_package_that_is_there_stays_as_it_is(package: str) -> None:
    whole = import_module(package)
    with partly(package):
        assert import_module(f"{package}.light") is whole.light
    assert sys.modules[package] is whole


def test_one_that_is_missing_is_missed_by_its_name() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"), partly("no_such_package"):
        import_module("no_such_package.part")
