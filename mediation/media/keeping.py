"""Processes that are to be there always: when one has ended, another one takes its place.

The next one comes soon, and twice as late each time that the one before has not lived for long: what dies at once of
what it finds is not started again and again as fast as the machine can.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from mediation.media.process import WorkerError

LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 10.0
"""One that has lived for longer has not died of what it found."""

Kept = TypeVar("Kept")


async def keep(
    first: Kept | None,
    live_through: Callable[[Kept], Awaitable[None]],
    start: Callable[[], Awaitable[Kept]],
    on_failure: Callable[[WorkerError], None],
    *,
    pause_s: float,
) -> None:
    """Live through one after the other, until it is cancelled. `first` is there already; None: it has not come up.

    `start` gives the next one, or raises WorkerError; `pause_s` is the first pause before that.
    """
    loop = asyncio.get_running_loop()
    kept, wait_s = first, pause_s
    while True:
        if kept is not None:
            began = loop.time()
            await live_through(kept)
            if loop.time() - began > STEADY_S:
                wait_s = pause_s
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_PAUSE_S)
        try:
            kept = await start()
        except WorkerError as error:
            kept = None
            on_failure(error)
