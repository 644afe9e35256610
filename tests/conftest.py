"""What holds for every test."""

import gc

from hypothesis import settings

# No test is timed: a machine that is busy must not turn one red.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Take what was collected out of sight of the garbage collector: it stays to the end.

    Every test with sockets demands a full collection, which would go through 12,000 tests for 0.2 s each time.
    """
    gc.collect()
    gc.freeze()
