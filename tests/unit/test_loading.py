"""A part of a library, and later all of it."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from mediation.loading import in_name_only, partly, without

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


# partly


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


# without


def test_a_library_does_without_what_it_is_not_to_have(package: str) -> None:
    heavy = f"{package}.heavy"
    with without(heavy), pytest.raises(ModuleNotFoundError, match="heavy"):
        import_module(heavy)
    assert import_module(heavy).WEIGHT == 1


def test_what_is_there_already_is_not_taken_away(package: str) -> None:
    heavy = import_module(f"{package}.heavy")
    with without(f"{package}.heavy"):
        assert import_module(f"{package}.heavy") is heavy


# in name only


def test_a_name_that_is_only_mentioned_needs_no_module(package: str) -> None:
    feather = f"{package}.feather"
    with partly(package), in_name_only(feather, "WEIGHT"):
        assert isinstance(import_module(f"{package}.light").WEIGHT, type)
    assert import_module(feather).WEIGHT == 0


def test_who_has_the_module_gets_its_names_as_they_are(package: str) -> None:
    import_module(f"{package}.feather")
    with in_name_only(f"{package}.feather", "WEIGHT"):
        assert import_module(f"{package}.light").WEIGHT == 0
