"""What no test may leave behind: a task's exception that nobody took, a callback that broke without a word."""

import logging
from collections.abc import Iterator

import pytest


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@pytest.fixture(autouse=True)
def no_silent_failures() -> Iterator[None]:
    """Asyncio only logs what it cannot raise: "never retrieved", "exception in callback". Here that fails."""
    complaints = _Complaints()
    logger = logging.getLogger("asyncio")
    logger.addHandler(complaints)
    yield
    logger.removeHandler(complaints)
    assert not complaints.heard, "asyncio complained:\n" + "\n".join(complaints.heard)
