"""A process whose end is waited for though it is nobody's child."""

import asyncio
import os
import subprocess
import sys

import pytest

from mediation.media.lives import Foundling


def waiting() -> subprocess.Popen[bytes]:
    """A process that ends when its standard input does."""
    return subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def test_it_lives_until_it_is_killed_and_its_end_may_be_waited_for_again() -> None:
    with waiting() as process:
        found = Foundling(process.pid)
        assert (found.pid, found.lives) == (process.pid, True)
        found.kill()
        for _ in range(2):
            asyncio.run(found.wait())
            assert not found.lives
        found.kill()
    assert process.returncode == -9


def test_it_is_never_mistaken_for_another_process_of_its_number() -> None:
    with waiting() as process:
        found = Foundling(process.pid)
        assert process.stdin is not None
        process.stdin.close()
    assert not found.lives  # though it was somebody else's to learn its exit status
    found.kill()
    found.forget()
    with pytest.raises(ProcessLookupError):
        Foundling(process.pid)


def test_what_is_forgotten_costs_no_descriptor() -> None:
    with waiting() as process:
        before = len(os.listdir("/proc/self/fd"))
        found = Foundling(process.pid)
        found.forget()
        found.forget()
        assert len(os.listdir("/proc/self/fd")) == before
        process.kill()
