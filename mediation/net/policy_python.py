"""Asks a policy that is a Python function, found by the name of its entry point."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from mediation.net.policy import NoAnswer, PolicyUnusable
from mediation.settings.policy import PolicyHook

GROUP: Final = "mediation.policy"


class PythonPolicy:
    """A policy in our own process. What it does on the event loop, if it is a coroutine function, must not block.

    An ordinary function runs in a thread for each question. One that never returns cannot be ended: its thread stays,
    and counts, and does not keep the process from ending.
    """

    def __init__(self, rules: PolicyHook, function: Callable[..., Any] | None = None) -> None:
        """Raises PolicyUnusable. `function`: in place of the one that the entry point names."""
        self._function = function or loaded(rules.python)
        self._is_async = inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(
            getattr(self._function, "__call__", None)  # noqa: B004 -- whether it is one of coroutines
        )
        self._most = rules.at_once
        self._threads = 0
        """Those at work, wanted or not."""

    async def ask(self, question: Mapping[str, object]) -> object:
        """The answer, with nothing of the function's own in it. Raises NoAnswer."""
        try:
            answer = await (self._function(question) if self._is_async else self._in_a_thread(question))
            return {} if answer is None else dict(answer) if isinstance(answer, Mapping) else answer
        except NoAnswer:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it raises is no answer
            context = {"message": "the policy raised", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            raise NoAnswer(f"it raised {type(error).__name__}") from None

    async def aclose(self) -> None:
        """There is nothing to close."""

    def _in_a_thread(self, question: Mapping[str, object]) -> "asyncio.Future[object]":
        if self._threads >= self._most:
            raise NoAnswer("all its threads are busy")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()

        def over(answer: object, error: BaseException | None) -> None:
            self._threads -= 1
            if future.done():
                return
            if error is None:
                future.set_result(answer)
            else:
                future.set_exception(NoAnswer(f"it ended: {error!r}") if _is_exit(error) else error)

        def work() -> None:
            answer, error = None, None
            try:
                answer = self._function(question)
            except BaseException as raised:  # noqa: BLE001 -- it is raised where the answer is awaited
                error = raised
            try:
                loop.call_soon_threadsafe(over, answer, error)
            except RuntimeError:
                return  # the server has stopped meanwhile

        self._threads += 1
        threading.Thread(target=work, name="policy", daemon=True).start()
        return future


def _is_exit(error: BaseException) -> bool:
    """Whether it would end the server, or is none that a future takes."""
    return not isinstance(error, Exception) or isinstance(error, StopIteration)


def loaded(name: str) -> Callable[..., Any]:
    """The function behind an entry point. Raises PolicyUnusable."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        known = ", ".join(sorted({each.name for each in entry_points(group=GROUP)})) or "none"
        reason = f'no package that is installed has an entry point "{name}" in the group {GROUP}; there are: {known}'
        raise PolicyUnusable("python", reason, "install the package into the environment of the server")
    try:
        function = found[0].load()
    except Exception as error:  # whatever the package raises while it is imported
        reason = f"{found[0].value} cannot be loaded: {type(error).__name__}: {error}"
        raise PolicyUnusable("python", reason, "mend the package") from error
    if not callable(function):
        raise PolicyUnusable("python", f"{found[0].value} is no function", "let the entry point name one")
    result: Callable[..., Any] = function
    return result
