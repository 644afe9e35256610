"""Asks the DNS, each question in a task of its own.

Nothing is kept here: the engine keeps answers, and says when it wants another one.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mediation.b2bua.finding import DnsAnswer
from mediation.settings.dns import Dns
from mediation.sip.locating import Question

if TYPE_CHECKING:
    from mediation.net.dns_questions import NameServers

MOST_AT_ONCE: Final = 64
"""Questions under way; those above wait their turn."""


class Resolver:
    """The way to the name servers of one configuration."""

    def __init__(self, rules: Dns, on_answer: Callable[[DnsAnswer], None]) -> None:
        self._rules = rules
        self._on_answer = on_answer
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._servers: NameServers | None = None

    def ask(self, question: Question) -> None:
        """Ask; the answer is told later, whatever comes of it."""
        task = asyncio.get_running_loop().create_task(self._ask(question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reload(self) -> None:
        """Find out anew which name servers the system has."""
        self._servers = None

    async def aclose(self) -> None:
        """Stop; no answer is told any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, question: Question) -> None:
        async with self._turns:
            answer = await self._name_servers().answer(question)
        self._on_answer(answer)

    def _name_servers(self) -> "NameServers":
        """Loads what speaks to them, which whoever has no names does without: 40 ms of each start."""
        if self._servers is None:
            from mediation.net.dns_questions import NameServers

            self._servers = NameServers(self._rules)
        return self._servers
