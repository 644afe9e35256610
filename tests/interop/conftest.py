"""Strangers on loopback: each test has a scene of its own, or says which stranger is not installed.

Everything that a scene's parties say to each other is captured, and sip-doctor reads it when the test is over:
what it finds fault with fails the test. `@pytest.mark.doctor_finds("no-ack")` names what a test does on purpose,
`@pytest.mark.unexamined("reason")` spares a test that is not about good manners at all.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import sippy
from tests.interop.capture import capturing
from tests.interop.doctor import findings
from tests.interop.scene import Scene, claimed
from tests.interop.six import SixPorts, claimed_six

PROGRAMS = {
    "sipp": "sip-tester",
    "baresip": "baresip-core",
    "ffmpeg": "ffmpeg",
    "tshark": "tshark",
    "kamailio": "kamailio",
}
"""Each stranger's program, and the Debian package that has it."""

MODULES = {"pjsua2": "pjsua2-python", "aiosip": "aiosip", "aiovoip": "aiovoip"}
"""Each stranger's module, and the distribution that has it. None of them is imported here: they run on their own."""

DOCTOR = "sipdoctor"


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Addresses of this test's own, the means to play on them, and a doctor who looks at it afterwards."""
    with claimed(tmp_path) as own:
        if request.node.get_closest_marker("unexamined") or not is_installed(DOCTOR):
            yield own
            return
        capture = tmp_path / "all.pcapng"
        with capturing(own.block, capture) as captured:
            yield own
        expected = {topic for mark in request.node.iter_markers("doctor_finds") for topic in mark.args}
        found = findings(capture) if captured else []
        faults = [str(finding) for finding in found if finding.topic not in expected]
        assert not faults, f"sip-doctor finds fault {len(faults)} times:\n" + "\n".join(faults[:8])


@pytest.fixture
def six() -> Iterator[SixPorts]:
    """Ports of the IPv6 loopback of this test's own."""
    with claimed_six() as own:
        yield own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a stranger that is not here: `@pytest.mark.interop("sipp")`.

    With MEDIATION_INTEROP=required, as in CI, nothing is skipped, and a missing stranger fails its tests.
    """
    if os.environ.get("MEDIATION_INTEROP") == "required":
        return
    for item in items:
        wanted = {name for mark in item.iter_markers("interop") for name in mark.args}
        for name in sorted(wanted):
            if not is_installed(name):
                item.add_marker(pytest.mark.skip(reason=f"{name} is not installed ({source(name)})"))


def is_installed(name: str) -> bool:
    """Whether a stranger is here, be it a program or a module."""
    if name == sippy.PROGRAM:
        return sippy.path() is not None
    return shutil.which(name) is not None or importlib.util.find_spec(name) is not None


def source(name: str) -> str:
    """Where a stranger is to be had."""
    if name == sippy.PROGRAM:
        return "make sippy"
    return f"Debian: {PROGRAMS[name]}" if name in PROGRAMS else f"PyPI: {MODULES[name]}"
