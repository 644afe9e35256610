"""Strangers on loopback: each test has a scene of its own, or says which stranger is not installed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.scene import Scene, claimed

DEBIAN = {"sipp": "sip-tester", "baresip": "baresip-core", "ffmpeg": "ffmpeg"}
"""Each stranger's program, and the Debian package that has it."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Addresses of this test's own, and the means to play on them."""
    with claimed(tmp_path) as own:
        yield own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a stranger that is not here: `@pytest.mark.interop("sipp")`.

    With MEDIATION_INTEROP=required, as in CI, nothing is skipped, and a missing stranger fails its tests.
    """
    if os.environ.get("MEDIATION_INTEROP") == "required":
        return
    for item in items:
        wanted = {program for mark in item.iter_markers("interop") for program in mark.args}
        for program in sorted(wanted):
            if shutil.which(program) is None:
                reason = f"{program} is not installed (Debian: {DEBIAN[program]})"
                item.add_marker(pytest.mark.skip(reason=reason))
