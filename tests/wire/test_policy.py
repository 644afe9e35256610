"""A policy asked for real: over HTTP, with everything that a server of HTTP can do wrong, and as a Python function."""

import asyncio
import os
import ssl
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mediation.b2bua.outputs import AskPolicy
from mediation.b2bua.rulings import PolicyAnswered, PolicyFailed, PolicyNews
from mediation.net.policy import Policy, PolicyDoor, PolicyUnusable
from mediation.net.policy_http import HttpPolicy
from mediation.net.policy_python import PythonPolicy, loaded
from mediation.settings.kept import Secret
from mediation.settings.policy import PolicyHook
from mediation.sip.flow import Endpoint
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.authority import Authority
from tests.wire.peers import PATIENCE_S
from tests.wire.phones import Phone, nothing_left_in, serving
from tests.wire.policy_server import SILENCE, http, policy_server, says
from tests.wire.processes import mediation

NUMBER = "+493012345678"
SLOWLY_MS = 10_000
"""A deadline that no test waits for."""


def place(scene: Scene) -> Endpoint:
    return scene.host(50), 8080


def url(scene: Scene, scheme: str = "http") -> str:
    host, port = place(scene)
    return f"{scheme}://{host}:{port}/calls"


class Asking:
    """A door, and what came of the questions."""

    def __init__(self, policy: Policy, at_once: int = 8) -> None:
        self.policy = policy
        self.news: asyncio.Queue[PolicyNews] = asyncio.Queue()
        self.door = PolicyDoor(policy, at_once, self.news.put_nowait)

    async def asks(self, call: str = "one") -> PolicyNews:
        self.door.ask(AskPolicy(call, {"call": call}))
        return await self.hears()

    async def hears(self) -> PolicyNews:
        async with asyncio.timeout(PATIENCE_S):
            return await self.news.get()


@asynccontextmanager
async def asking(policy: Policy, at_once: int = 8) -> AsyncIterator[Asking]:
    asked = Asking(policy, at_once)
    try:
        yield asked
    finally:
        await asked.door.aclose()


def over_http(scene: Scene, **terms: Any) -> HttpPolicy:
    return HttpPolicy(PolicyHook(**{"url": url(scene), "deadline_ms": SLOWLY_MS, **terms}))


async def test_questions_are_posted_one_after_the_other_on_one_connection(scene: Scene) -> None:
    async with (
        policy_server(place(scene), says(trunks=["a"])) as server,
        asking(over_http(scene, token=Secret("env:X", "open sesame"))) as asked,
    ):
        for call in ("one", "two", "three"):
            assert await asked.asks(call) == PolicyAnswered(call, {"trunks": ["a"]})
        assert [each["call"] for each in server.asked] == ["one", "two", "three"]
        assert server.connections == 1
        assert server.heads[0].startswith("POST /calls HTTP/1.1\r\n")
        assert "Authorization: Bearer open sesame\r\n" in server.heads[0]
        server.answer = http(b"", "204 No Content")
        assert await asked.asks() == PolicyAnswered("one", {})


async def test_a_kept_connection_that_is_closed_just_then_costs_no_answer(scene: Scene) -> None:
    async with policy_server(place(scene), says()) as server, asking(over_http(scene)) as asked:
        server.answers_once = True
        for call in ("one", "two", "three"):
            assert await asked.asks(call) == PolicyAnswered(call, {})
        assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"no", "500 Internal Server Error"), "HTTP 500"),
        (http(b"", "302 Found", "Location: http://127.0.0.1/\r\n"), "HTTP 302"),
        (http(b"{"), "no JSON"),
        (http(b"[" * 60_000), "no JSON"),
        (http(b" " * 65_537), "the answer is longer than 65536 octets"),
        (http(b"{}", headers="Content-Encoding: gzip\r\n"), "the answer is packed, which nobody has asked for"),
        (b"SIP/2.0 200 OK\r\n\r\n", "no good HTTP: "),
        (b"\0" * 100 + b"\r\n\r\n", "no good HTTP: "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "no good HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "no good HTTP: "),
    ],
)  # fmt: skip
async def test_a_server_that_answers_wrongly_has_not_answered(
    scene: Scene, answer: bytes, reason: str
) -> None:
    async with policy_server(place(scene), answer) as server, asking(over_http(scene)) as asked:
        server.hangs_up = True
        news = await asked.asks()
        assert isinstance(news, PolicyFailed)
        assert news.reason.startswith(reason)
        server.answer, server.hangs_up = says(), False
        assert await asked.asks("next") == PolicyAnswered("next", {})


async def test_an_answer_without_end_is_left_as_soon_as_it_is_too_long(scene: Scene) -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n"
    async with (
        policy_server(place(scene), endless + b"1000\r\n" + b" " * 4096) as server,
        asking(over_http(scene, max_answer_kb=4)) as asked,
    ):
        news = await asked.asks()
        assert news == PolicyFailed("one", "the answer is longer than 4096 octets")
        assert len(server.asked) == 1


async def test_a_server_that_is_not_there_or_says_nothing_has_not_answered(scene: Scene) -> None:
    async with asking(over_http(scene, deadline_ms=200)) as asked:
        assert await asked.asks() == PolicyFailed("one", "it cannot be reached: Connection refused")
        async with policy_server(place(scene), SILENCE):
            assert await asked.asks() == PolicyFailed("one", "no answer in time")


async def test_a_question_that_is_dropped_gives_its_place_to_the_next(scene: Scene) -> None:
    async with policy_server(place(scene), SILENCE) as server, asking(over_http(scene), at_once=1) as asked:
        for call in ("one", "two"):
            asked.door.ask(AskPolicy(call, {"call": call}))
        async with asyncio.timeout(PATIENCE_S):
            while not server.asked:  # noqa: ASYNC110 -- the server has no event to wait for
                await asyncio.sleep(0.01)
        server.answer = says()
        asked.door.drop("one")
        asked.door.drop("nobody")
        assert await asked.hears() == PolicyAnswered("two", {})
        assert asked.news.empty()


async def test_the_certificate_is_checked(scene: Scene, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    papers = authority.signs("policy", place(scene)[0])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers.certificate, papers.private_key)
    https = {"url": url(scene, "https")}
    async with policy_server(place(scene), says(tag="a"), context):
        async with asking(over_http(scene, **https, authorities=str(authority.file))) as asked:
            assert await asked.asks() == PolicyAnswered("one", {"tag": "a"})
        async with asking(over_http(scene, **https)) as asked:
            assert await asked.asks() == PolicyFailed("one", "its certificate is not good")


# Python


def by_python(function: Any, at_once: int = 8) -> PythonPolicy:
    return PythonPolicy(PolicyHook(python="rules", at_once=at_once), function)


async def test_a_function_is_called_in_a_thread_of_its_own() -> None:
    threads: list[threading.Thread] = []

    def rules(question: Mapping[str, object]) -> dict[str, object]:
        threads.append(threading.current_thread())
        return {"tag": question["call"]}

    async with asking(by_python(rules)) as asked:
        assert await asked.asks() == PolicyAnswered("one", {"tag": "one"})
    assert threads[0] is not threading.main_thread()


async def test_a_coroutine_function_is_awaited_whoever_it_belongs_to() -> None:
    async def rules(question: Mapping[str, object]) -> None:
        del question

    class Rules:
        async def __call__(self, question: Mapping[str, object]) -> Mapping[str, object]:
            return {"tag": question["call"]}

    async with asking(by_python(rules)) as asked:
        assert await asked.asks() == PolicyAnswered("one", {})
    async with asking(by_python(Rules())) as asked:
        assert await asked.asks() == PolicyAnswered("one", {"tag": "one"})


@pytest.mark.parametrize("error", [ValueError("x"), StopIteration(), SystemExit(3), KeyboardInterrupt()])
async def test_whatever_a_function_raises_is_no_answer(error: BaseException) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def rules(question: Mapping[str, object]) -> None:
        raise error

    async with asking(by_python(rules)) as asked:
        news = await asked.asks()
        assert isinstance(news, PolicyFailed)
    assert len(told) == isinstance(error, ValueError)


async def test_functions_that_never_return_take_no_more_than_their_threads() -> None:
    at_last = threading.Event()

    def rules(question: Mapping[str, object]) -> None:
        at_last.wait(PATIENCE_S)

    async with asking(by_python(rules, at_once=2)) as asked:
        for call in ("one", "two"):
            asked.door.ask(AskPolicy(call, {}))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asked.door.drop(call)
        assert await asked.asks("three") == PolicyFailed("three", "all its threads are busy")
        at_last.set()
        news: PolicyNews = PolicyFailed("four", "")
        async with asyncio.timeout(PATIENCE_S):
            while isinstance(news, PolicyFailed):
                news = await asked.asks("four")
                await asyncio.sleep(0.01)
        assert news == PolicyAnswered("four", {})


def test_an_entry_point_that_is_not_there_is_told() -> None:
    with pytest.raises(PolicyUnusable, match="no package that is installed"):
        loaded("nobody-has-this")


# a whole server


def asks_for_policy(scene: Scene, more: str = "") -> str:
    return scene.configuration(more=f'[policy]\nurl = "{url(scene)}"\ndeadline_ms = {SLOWLY_MS}\n{more}')


async def test_calls_go_on_and_are_refused_as_the_server_says(scene: Scene) -> None:
    async with (
        policy_server(place(scene), says(calling="+4930111", tag="a")) as policy,
        serving(asks_for_policy(scene)) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        assert "+4930111" in str(sbc.seen[0])
        front_end.hangs_up()
        await front_end.is_done()
        policy.answer = says(action="refuse", status=603)
        sbc.calls(NUMBER, scene.gateway)
        await sbc.notes_that("hears 603")
        assert [(each["direction"], each["called"]) for each in policy.asked] == [
            ("outbound", NUMBER),
            ("inbound", NUMBER),
        ]
        await nothing_left_in(server, "calls")


async def test_a_server_that_stops_leaves_no_question_behind(scene: Scene) -> None:
    async with (
        policy_server(place(scene), SILENCE) as policy,
        Phone.plugged_in(scene.front_end) as front_end,
    ):
        async with serving(asks_for_policy(scene)) as server:
            front_end.calls(NUMBER, scene.internal)
            async with asyncio.timeout(PATIENCE_S):
                while not policy.asked:  # noqa: ASYNC110 -- the server has no event to wait for
                    await asyncio.sleep(0.01)
        assert server._policy is not None
        assert not server._policy._tasks
        await front_end.notes_that("hears 503")


async def test_a_python_policy_is_found_by_its_entry_point(scene: Scene, tmp_path: Path) -> None:
    """In a process of its own, with a package put beside it; a policy that is not there ends the start."""
    package = tmp_path / "site"
    (package / "house_rules-1.dist-info").mkdir(parents=True)
    (package / "house_rules.py").write_text(
        "def decide(question):\n    return {'action': 'refuse', 'status': 603, 'tag': question['called']}\n"
    )
    (package / "house_rules-1.dist-info" / "METADATA").write_text("Name: house-rules\nVersion: 1\n")
    (package / "house_rules-1.dist-info" / "entry_points.txt").write_text(
        "[mediation.policy]\nhouse-rules = house_rules:decide\n"
    )
    path = scene.folder / "mediation.toml"
    path.write_text(scene.configuration(more='[policy]\npython = "house-rules"\ndeadline_ms = 10000\n'))
    async with mediation("run", "-c", str(path)) as process:
        await process.says("no package that is installed")
        assert await process.ends() == 78
    found = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH", ""))))
    async with (
        mediation("run", "-c", str(path), PYTHONPATH=found) as process,
        Phone.plugged_in(scene.front_end) as front_end,
    ):
        await process.says("server.started", within_s=60)
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 603")
        process.process.terminate()
        assert await process.ends() == 0
