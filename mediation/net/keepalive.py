"""Keep-alives of ours: blank lines by which a peer, and every NAT on the way, sees that we are still here.

Over a stream they ask for an answer (RFC 5626 sections 3.5.1 and 4.4.1): see `tcp.py`. A datagram of blank lines asks
for nothing; it only keeps the way open (RFC 5626 has STUN for that, which trunks do not speak).
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Final

from mediation.sip.flow import Flow

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
PONG_LIMIT_S: Final = 10.0
"""A peer from which nothing is heard for so long after a ping is gone (RFC 5626 section 4.4.1)."""


def pause_s(every_s: float) -> float:
    """Until the next keep-alive: 80 to 100 % of the interval, so that peers do not ping in step (section 4.4.1)."""
    return every_s * random.uniform(0.8, 1.0)  # noqa: S311 -- nobody is to be kept from guessing it


class Datagrams:
    """Keep-alives by UDP, each flow in its own time."""

    def __init__(self, send: Callable[[Flow, bytes], None]) -> None:
        self._send = send
        self._timers: dict[Flow, asyncio.TimerHandle] = {}

    def keep(self, flows: Iterable[tuple[Flow, float]]) -> None:
        """Keep these alive and no others, new ones at once; each with its interval in seconds."""
        wanted = dict(flows)
        for flow in [flow for flow in self._timers if flow not in wanted]:
            self._timers.pop(flow).cancel()
        for flow, every_s in wanted.items():
            if flow not in self._timers:
                self._ping(flow, every_s)

    def close(self) -> None:
        """Stop."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _ping(self, flow: Flow, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[flow] = loop.call_later(pause_s(every_s), self._ping, flow, every_s)
        self._send(flow, PING)
