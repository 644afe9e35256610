"""Real sockets on loopback: every test has addresses of its own, and leaves no task and no socket behind."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.scene import Scene, claimed


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Addresses of this test's own, and a configuration for them."""
    with claimed(tmp_path) as own:
        yield own


@pytest.fixture(autouse=True)
def nothing_left(no_silent_failures: None) -> Iterator[None]:
    """What is forgotten complains when it is collected: let that be now, while the test can still fail."""
    del no_silent_failures
    yield
    gc.collect()
