"""The door to a policy: each question in a task of its own, a few at a time; what comes of it is told the engine."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from mediation.b2bua.outputs import AskPolicy
from mediation.b2bua.rulings import PolicyAnswered, PolicyFailed, PolicyNews
from mediation.routing.ruling import BadAnswer


class NoAnswer(Exception):  # noqa: N818 -- named for what it is
    """The policy has not answered; the text says why, in words of ours."""


class PolicyUnusable(Exception):  # noqa: N818 -- named for what it is
    """The settings name a policy that cannot be asked at all."""

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.key = key
        """Of [policy]."""
        self.remedy = remedy


class Policy(Protocol):
    """Somebody who can be asked."""

    async def ask(self, question: Mapping[str, object]) -> object:
        """The answer, as JSON or Python has it. Raises NoAnswer, BadAnswer. May be cancelled."""

    async def aclose(self) -> None:
        """It is asked nothing any more."""


class PolicyDoor:
    """Questions under way. To be made in the event loop."""

    def __init__(self, policy: Policy, at_once: int, on_news: Callable[[PolicyNews], None]) -> None:
        self._policy = policy
        self._on_news = on_news
        self._turns = asyncio.Semaphore(at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """By our name for the call."""

    def ask(self, asked: AskPolicy) -> None:
        """Ask; unless it is dropped, whatever comes of it is told later."""
        task = asyncio.get_running_loop().create_task(self._ask(asked))
        self._tasks[asked.call] = task
        task.add_done_callback(lambda _: self._tasks.pop(asked.call, None))

    def drop(self, call: str) -> None:
        """Nobody waits for the answer any more."""
        task = self._tasks.get(call)
        if task is not None:
            task.cancel()

    async def aclose(self) -> None:
        """Stop; nothing is told any more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._policy.aclose()

    async def _ask(self, asked: AskPolicy) -> None:
        async with self._turns:
            news = await self._news(asked)
        self._on_news(news)

    async def _news(self, asked: AskPolicy) -> PolicyNews:
        try:
            return PolicyAnswered(asked.call, await self._policy.ask(asked.question))
        except (NoAnswer, BadAnswer) as error:
            return PolicyFailed(asked.call, str(error))
        except Exception as error:  # noqa: BLE001 -- the call waits: better told than left to its deadline
            context = {"message": "the policy could not be asked", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            return PolicyFailed(asked.call, type(error).__name__)
