"""Several places: calls go on when a cable is pulled, come back, and stay in their country. The examples are good."""

import subprocess
from pathlib import Path

import pytest

from mediation.settings.read import inspect
from tests.places.cast import QUICK, ROOT, SERVERS, quick
from tests.places.network import secluded, why_not

PATIENCE_S = 170
EXAMPLES = sorted((ROOT / "config" / "examples").glob("*.toml"))


def test_there_is_an_example_for_each_server() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SERVERS.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_check_config_takes_an_example_without_doubt(path: Path) -> None:
    reading = inspect(path.read_text(), path.name)
    assert reading.warnings == ()
    assert all(site.bound for site in reading.settings.sites if site.country == "DE")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_drill_plays_the_example_and_changes_nothing_but_its_timings(path: Path) -> None:
    written, played = inspect(path.read_text(), "").settings, inspect(quick(path.read_text()), "").settings
    assert written.routes == played.routes
    assert written.sites == played.sites
    assert [trunk.targets for trunk in written.trunks] == [trunk.targets for trunk in played.trunks]
    for health in (played.internal.health, *(trunk.health for trunk in played.trunks)):
        assert all(getattr(health, key) == value for key, value in QUICK.items())


@pytest.mark.interop("sipp")
def test_calls_go_on_when_a_cable_is_pulled_and_come_back_and_stay_in_their_country() -> None:
    """Two cuts of `python -m tests.places`, which makes the whole round."""
    if reason := why_not():
        pytest.skip(reason)
    process = secluded(["--short"])
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()  # the kernel takes everything inside with it
        said = f"{process.communicate()[0]}\nnot over after {PATIENCE_S} s"
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "callers seen abroad: none" in said
