"""What a server does again and again, whatever its calls do: it tells the time, and looks at what else changes."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from mediation.b2bua.engine import Engine
from mediation.net.flows import Flows
from mediation.net.security import Security
from mediation.ops.log import Logger

REFUSALS_EVERY_S: Final = 10.0
"""Strangers are counted always and told of this often."""

TIME_EVERY_S: Final = 60.0
ASLEEP_EVERY_S: Final = 5.0
"""So often it is looked whether the machine has slept."""
NOTICED_SLEEP_S: Final = 1.0

CERTIFICATES_EVERY_S: Final = 60.0
"""So often it is looked whether certificates have changed on disk."""

Apply = Callable[[Callable[[float], None]], None]
"""Lets something happen to the engine now: see `Driver.apply`."""


class Rounds:
    """Those of one server."""

    def __init__(self, engine: Engine, apply: Apply, flows: Flows, security: Security, log: Logger) -> None:
        self._engine = engine
        self._apply = apply
        self._flows = flows
        self._security = security
        self._log = log
        self._refused_told = 0
        self._asleep_s = _asleep_s()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """By what is done."""

    def begin(self) -> None:
        """From now on."""
        self._periodically("asleep", ASLEEP_EVERY_S, self._look_for_sleep)
        self._periodically("refusals", REFUSALS_EVERY_S, self._tell_refusals)
        self._periodically("certificates", CERTIFICATES_EVERY_S, self._security.refresh)
        self._periodically("time of day", TIME_EVERY_S, self.tell_time)

    def close(self) -> None:
        """No more."""
        for timer in self._timers.values():
            timer.cancel()

    def tell_time(self) -> None:
        """The two clocks go apart where one is set, or the machine was asleep."""
        self._apply(lambda now: self._engine.set_time_of_day(time.time(), now))

    def _tell_refusals(self) -> None:
        refused = self._flows.refused
        if refused > self._refused_told:
            self._log.warning("sources.refused", count=refused - self._refused_told, since_start=refused)
            self._refused_told = refused

    def _look_for_sleep(self) -> None:
        """Virtual machines are suspended and moved; the clock of the event loop stands still meanwhile."""
        slept, self._asleep_s = _asleep_s() - self._asleep_s, _asleep_s()
        if slept > NOTICED_SLEEP_S:
            self._log.warning("machine.slept", seconds=round(slept))
            self._apply(self._engine.slept)

    def _periodically(self, name: str, every_s: float, act: Callable[[], None]) -> None:
        def again() -> None:
            self._periodically(name, every_s, act)
            act()

        self._timers[name] = asyncio.get_running_loop().call_later(every_s, again)


def _asleep_s() -> float:
    """How long this machine has slept since it was started, so far as its kernel tells."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
