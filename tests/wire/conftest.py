"""Real sockets on loopback: every test has addresses of its own, and leaves no task and no socket behind."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Transport
from tests.interop.scene import Scene, claimed
from tests.interop.six import SixPorts, claimed_six
from tests.wire.media_phones import Media, Phone, phones, running
from tests.wire.processes import MARK, end_all


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Addresses of this test's own, and a configuration for them."""
    with claimed(tmp_path) as own:
        yield own


@pytest.fixture
def six() -> Iterator[SixPorts]:
    """Ports of the IPv6 loopback of this test's own."""
    with claimed_six() as own:
        yield own


@pytest.fixture
def at(scene: Scene) -> Endpoint:
    """Where the server under test listens, inside."""
    return scene.internal


@pytest.fixture
def both(at: Endpoint) -> tuple[Listener, Listener]:
    """UDP and TCP at that address."""
    return Listener(Transport.UDP, *at), Listener(Transport.TCP, *at)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_media(request: pytest.FixtureRequest) -> AsyncIterator[Media]:
    """Workers for all tests of a module, by its SETTINGS."""
    async with running(request.module.SETTINGS) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def media(running_media: Media) -> AsyncIterator[Media]:
    """The same, with no call that a test before has left."""
    yield running_media
    await running_media.clear()


@pytest.fixture
def pair() -> Iterator[tuple[Phone, Phone]]:
    """A caller and a callee."""
    with phones() as made:
        yield made


@pytest.fixture
def marked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Processes of this test can be found again by this mark, and none outlives it."""
    monkeypatch.setenv(MARK, scene.block)
    yield scene.block
    assert not end_all(scene.block), "a process was left behind"


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@pytest.fixture(autouse=True)
def no_silent_failures() -> Iterator[None]:
    """Asyncio only logs what it cannot raise: "never retrieved", "exception in callback". Here that fails.

    What is forgotten complains when it is collected; that is done now, while the test can still fail.
    """
    complaints = _Complaints()
    logger = logging.getLogger("asyncio")
    logger.addHandler(complaints)
    yield
    gc.collect()
    logger.removeHandler(complaints)
    assert not complaints.heard, "asyncio complained:\n" + "\n".join(complaints.heard)
