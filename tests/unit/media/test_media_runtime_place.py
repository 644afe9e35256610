"""Where workers are found again: nobody else may enter, and each configuration has paths of its own."""

import os
from pathlib import Path

import pytest

from mediation.media.runtime_place import NoPlaceError, door_of, runtime_directory


def test_the_setting_comes_before_systemd_and_systemd_before_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/mediation:/run/other")
    assert runtime_directory("/run/own") == Path("/run/own")
    assert runtime_directory("") == Path("/run/mediation")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert runtime_directory("").name == f"mediation-{os.geteuid()}"


def test_it_is_made_for_us_alone_and_taken_again(tmp_path: Path) -> None:
    place = tmp_path / "a" / "run"
    door = door_of(tmp_path / "mediation.toml", place)
    assert place.stat().st_mode & 0o777 == 0o700
    assert door_of(tmp_path / "mediation.toml", place) == door
    assert Path(door).parent == place


def test_another_file_has_another_door_and_another_name_of_the_same_has_not(tmp_path: Path) -> None:
    (tmp_path / "one.toml").touch()
    (tmp_path / "link.toml").symlink_to(tmp_path / "one.toml")
    one, link, two = (
        door_of(tmp_path / name, tmp_path / "run") for name in ("one.toml", "link.toml", "two.toml")
    )
    assert one == link != two


def test_a_directory_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    with pytest.raises(NoPlaceError, match="0700"):
        door_of(tmp_path / "mediation.toml", place)


def test_neither_is_a_link_or_a_file_or_what_cannot_be_made_or_is_too_long(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(own)
    file.touch()
    for place in (link, file, file / "below", tmp_path / ("x" * 80)):
        with pytest.raises(NoPlaceError):
            door_of(tmp_path / "mediation.toml", place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give away what is its own")
def test_neither_is_one_of_another_user(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)
    with pytest.raises(NoPlaceError, match="no directory of our user"):
        door_of(tmp_path / "mediation.toml", place)
