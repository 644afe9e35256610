"""The other end of `puppet.py`: what a script that plays a stranger uses to hear its orders and to tell what it saw."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

TURN_S: Final = 0.01

_unread = bytearray()
_events = 1


def begin() -> dict[str, Any]:
    """Return what the test has set. From here on whatever the stranger itself prints goes to its log."""
    global _events
    _events = os.dup(1)
    os.dup2(2, 1)
    read: dict[str, Any] = json.loads(sys.argv[1])
    return read


def tell(event: str, **values: Any) -> None:
    """Tell the test of something."""
    os.write(_events, json.dumps({"event": event, **values}).encode() + b"\n")


async def serve(actor: Any) -> None:
    """Perform orders until told to quit: `{"do": "hang up"}` is the coroutine `do_hang_up` of the actor.

    What an order raises ends the process, so that no failure stays unheard.
    """
    os.set_blocking(0, False)
    tell("ready")
    tasks: set[asyncio.Task[None]] = set()
    while True:
        await asyncio.sleep(TURN_S)
        for order in orders():
            name = order.pop("do").replace(" ", "_")
            if name == "quit":
                return
            tasks.add(asyncio.ensure_future(getattr(actor, f"do_{name}")(**order)))
        for task in [task for task in tasks if task.done()]:
            tasks.discard(task)
            task.result()


def orders() -> Iterator[dict[str, Any]]:
    """Yield the orders that are there now; standard input must not block, or be ready. Its end means to quit."""
    try:
        octets = os.read(0, 65536)
    except BlockingIOError:
        return
    if not octets:
        yield {"do": "quit"}
        return
    _unread.extend(octets)
    *lines, rest = bytes(_unread).split(b"\n")
    _unread[:] = rest
    for line in lines:
        yield json.loads(line)
