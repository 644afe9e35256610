"""Profiles: one of each side make a whole file that check-config takes."""

import tomllib
from itertools import product
from pathlib import Path

import pytest

from mediation.profiles.catalogue import profiles, title_of
from mediation.settings.read import inspect

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config" / "profiles"
INSIDE = ("direct-routing", "lync", "skype-for-business")
OUTSIDE = ("sipconnect-internet", "sipconnect-registering", "sipconnect-static")


def test_every_profile_is_of_one_side_and_says_in_its_first_line_what_it_is_for() -> None:
    found = profiles()
    assert sorted(found) == sorted((*INSIDE, *OUTSIDE)) == sorted(path.stem for path in FOLDER.iterdir())
    for name, text in found.items():
        assert list(tomllib.loads(text)) == (["internal"] if name in INSIDE else ["gateway", "trunk"])
        assert title_of(text).endswith((".", "]].", "]."))


@pytest.mark.parametrize(("inside", "outside"), list(product(INSIDE, OUTSIDE)))
def test_one_profile_of_each_side_make_a_file_that_is_taken_without_doubt(
    inside: str, outside: str, tmp_path: Path
) -> None:
    secret = tmp_path / "itsp.secret"
    secret.write_text("a long one\n")
    text = (profiles()[inside] + profiles()[outside]).replace("/etc/mediation/itsp.secret", str(secret))
    reading = inspect(text, f"{inside} and {outside}")
    assert reading.warnings == ()
    (trunk,) = reading.settings.trunks
    assert trunk.name == outside


@pytest.mark.parametrize("name", [*INSIDE, *OUTSIDE])
def test_every_setting_of_a_profile_has_its_reason(name: str) -> None:
    for line in profiles()[name].splitlines():
        setting, _, reason = line.partition("#")
        assert not setting.strip(" ]") or setting.startswith("[") or reason.strip(), line
        assert len(line) <= 140


def test_the_wheel_has_them() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["config/profiles"] == "mediation/profiles/files"
