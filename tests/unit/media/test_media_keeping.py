"""Processes that are to be there always, as the pauses before each next one tell."""

import asyncio
from collections.abc import Iterable

import pytest

from mediation.media import keeping
from mediation.media.keeping import LONGEST_PAUSE_S, keep
from mediation.media.process import WorkerError


class Kept:
    """Starts what it is told to, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, starts: Iterable[str]) -> None:
        """Each start gives a process, or an error where its word is empty; behind the last one all is cancelled."""
        self.pauses: list[float] = []
        self.lived: list[str] = []
        self.failures = 0
        self._starts = list(starts)
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def run(self, first: str | None) -> None:
        with pytest.raises(asyncio.CancelledError):
            await keep(first, self._live_through, self._start, self._failed, pause_s=0.1)

    async def _sleep(self, seconds: float) -> None:
        if not self._starts:
            raise asyncio.CancelledError
        self.pauses.append(seconds)

    async def _live_through(self, one: str) -> None:
        self.lived.append(one)

    async def _start(self) -> str:
        word = self._starts.pop(0)
        if not word:
            raise WorkerError("for the test")
        return word

    def _failed(self, error: WorkerError) -> None:
        self.failures += 1


async def test_what_dies_at_once_is_replaced_later_each_time_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept(monkeypatch, "bcdefghijkl")
    await kept.run("a")
    assert kept.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert kept.lived == list("abcdefghijkl")


async def test_what_has_lived_for_long_is_replaced_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "STEADY_S", -1.0)
    kept = Kept(monkeypatch, "bcd")
    await kept.run("a")
    assert kept.pauses == [0.1, 0.1, 0.1]


async def test_what_does_not_come_up_is_told_and_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "STEADY_S", -1.0)
    kept = Kept(monkeypatch, ["", "", "c", "d"])
    await kept.run(None)
    assert kept.failures == 2
    assert kept.lived == ["c", "d"]
    assert kept.pauses == [0.1, 0.2, 0.4, 0.1], "one that has come up and lived counts anew"
