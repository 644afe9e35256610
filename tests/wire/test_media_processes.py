"""Worker processes: how they start, share, die, and are replaced."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from mediation.b2bua.plan import (
    ApplyMedia,
    CloseMedia,
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    OpenMedia,
)
from mediation.media import engine as engine_module
from mediation.media.engine import (
    MediaEngine,
    MediaEngineError,
    WorkerLost,
    WorkerMediaEngine,
    WorkerSettings,
    WorkerStarted,
)
from mediation.settings.model import Side
from tests.wire.media_phones import GATEWAY, INTERNAL, LIMIT_S, Media, Phone, phones, running

PAYLOAD = b"\x11" * 160
SETTINGS = WorkerSettings(
    front_end_ports=(22_000, 22_099),
    gateway_ports=(32_000, 32_099),
    workers=2,
    port_quarantine_s=0,
    statistics_interval_s=0.1,
)
NARROW = replace(SETTINGS, front_end_ports=(22_200, 22_203), gateway_ports=(32_200, 32_299))
"""Two pairs of ports on the internal side: one for each worker."""
MORTAL = replace(SETTINGS, front_end_ports=(22_300, 22_399), gateway_ports=(32_300, 32_399))


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_media() -> AsyncIterator[Media]:
    async with running(SETTINGS) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def media(running_media: Media) -> AsyncIterator[Media]:
    yield running_media
    await running_media.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def narrow() -> AsyncIterator[Media]:
    async with running(NARROW) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def mortal() -> AsyncIterator[Media]:
    """Workers of this test's own, which it may kill."""
    async with running(MORTAL) as started:
        yield started


@pytest.fixture
def pair() -> Iterator[tuple[Phone, Phone]]:
    with phones() as made:
        yield made


def open_call(call: str) -> OpenMedia:
    return OpenMedia(call, Side.FRONT_END, Side.GATEWAY, (INTERNAL, GATEWAY))


def has_ended(pid: int) -> bool:
    """Wait for the end of a process that may be nobody's child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], LIMIT_S)[0])
    finally:
        os.close(descriptor)


async def test_calls_are_spread_and_what_one_worker_refuses_another_may_take(narrow: Media) -> None:
    first = await narrow.open("one")
    second = await narrow.open("two")
    assert {first.caller[1], second.caller[1]} == {22_200, 22_202}
    narrow.engine.perform(open_call("three"))
    assert await narrow.fact(MediaRefused, "three") == MediaRefused("three", "no free port")
    await narrow.close("one")
    again = await narrow.open("four")
    assert again.caller == first.caller


async def test_a_refusal_takes_no_ports_of_the_other_side(narrow: Media) -> None:
    await narrow.open("one")
    await narrow.open("two")
    for number in range(60):
        narrow.engine.perform(OpenMedia("refused", Side.GATEWAY, Side.FRONT_END, (GATEWAY, INTERNAL)))
        assert await narrow.fact(MediaRefused, "refused"), number
    await narrow.close("one")
    await narrow.open("three")


async def test_a_call_that_is_closed_at_once_is_opened_and_closed(media: Media) -> None:
    media.engine.perform(open_call("brief"))
    media.engine.perform(CloseMedia("brief"))
    await media.fact(MediaOpened, "brief")
    await media.fact(MediaClosed, "brief")


async def test_commands_for_calls_that_are_gone_are_ignored(media: Media, pair: tuple[Phone, Phone]) -> None:
    await media.open("call")
    await media.close("call")
    media.engine.perform(CloseMedia("call"))
    media.engine.perform(CloseMedia("never opened"))
    await media.open("another")
    assert media.unheard == []


async def test_a_call_is_not_opened_twice(media: Media) -> None:
    await media.open("call")
    with pytest.raises(ValueError, match="open already"):
        media.engine.perform(open_call("call"))


async def test_facts_never_come_from_within_perform() -> None:
    facts: list[MediaFact] = []
    engine: MediaEngine = WorkerMediaEngine(SETTINGS, facts.append)
    engine.perform(open_call("too early"))
    assert facts == []
    await asyncio.sleep(0)
    assert facts == [MediaRefused("too early", "no media worker is ready")]


async def test_workers_tell_how_they_do(media: Media, pair: tuple[Phone, Phone]) -> None:
    await media.connect("call", *pair)
    pair[0].say(PAYLOAD)
    pair[1].hear()
    async with asyncio.timeout(LIMIT_S):
        while not any(told.calls for told in media.engine.statistics.values()):
            await media.settle()
    assert sum(told.datagrams for told in media.engine.statistics.values()) > 0
    assert {told.failures for told in media.engine.statistics.values()} == {0}


async def test_a_killed_worker_is_noticed_its_calls_are_lost_and_the_others_go_on(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    with phones() as others:
        one = await mortal.connect("one", *pair)
        two = await mortal.connect("two", *others)
        assert one.caller != two.caller
        before = mortal.engine.workers
        os.kill(before[0], signal.SIGKILL)
        lost = await mortal.any_fact()
        assert isinstance(lost, MediaLost)
        living = others if lost.call == "one" else pair
        living[0].say(PAYLOAD)
        assert len(living[1].hear()) == 172
        notice = await mortal.notice(WorkerLost)
        assert (notice.worker, notice.calls) == (0, 1)
        assert "exit status -9" in notice.reason
        started = [await mortal.notice(WorkerStarted) for _ in range(3)]
        assert started[2].worker == 0
        assert mortal.engine.workers[1] == before[1]
        assert mortal.engine.workers[0] != before[0]
        assert mortal.unheard == []


async def test_after_all_workers_have_died_the_next_call_works(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    await mortal.open("call")
    for pid in mortal.engine.workers.values():
        os.kill(pid, signal.SIGKILL)
    lost = await mortal.fact(MediaLost, "call")
    assert "died" in lost.reason
    mortal.engine.perform(ApplyMedia("call", None))  # type: ignore[arg-type]  # nobody reads it any more
    for _ in range(4):
        await mortal.notice(WorkerStarted)
    await mortal.connect("next", *pair)
    pair[0].say(PAYLOAD)
    assert len(pair[1].hear()) == 172


async def test_signals_from_the_terminal_do_not_end_a_worker(media: Media, pair: tuple[Phone, Phone]) -> None:
    await media.connect("call", *pair)
    for pid in media.engine.workers.values():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
    pair[0].say(PAYLOAD)
    assert len(pair[1].hear()) == 172
    assert len(media.engine.workers) == 2


async def test_workers_end_when_the_engine_is_closed() -> None:
    async with running(SETTINGS) as media:
        await media.open("call")
        pids = list(media.engine.workers.values())
    assert all(has_ended(pid) for pid in pids)
    assert media.unheard == []


async def test_workers_end_when_signalling_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from mediation.media.engine import WorkerMediaEngine, WorkerSettings\n"
        "async def main():\n"
        "    engine = WorkerMediaEngine(\n"
        "        WorkerSettings(front_end_ports=(2, 3), gateway_ports=(4, 5), workers=2), print)\n"
        "    await engine.start()\n"
        "    print(*engine.workers.values(), flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    pids = [int(word) for word in (await daemon.stdout.readline()).split()]
    daemon.kill()
    await daemon.communicate()
    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)


async def test_a_worker_that_cannot_start_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    media = Media(MORTAL)
    with pytest.raises(MediaEngineError, match="before it was ready"):
        await media.engine.start()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MediaEngineError, match="cannot start a process"):
        await media.engine.start()


async def test_a_worker_that_cannot_be_replaced_is_tried_again(
    mortal: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        os.kill(mortal.engine.workers[1], signal.SIGKILL)
        assert "exit status -9" in (await mortal.notice(WorkerLost)).reason
        assert "before it was ready" in (await mortal.notice(WorkerLost)).reason
        assert list(mortal.engine.workers) == [0]
        await mortal.open("call")
    for _ in range(3):
        await mortal.notice(WorkerStarted)
    assert sorted(mortal.engine.workers) == [0, 1]


async def test_a_worker_that_hangs_is_replaced(mortal: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "HUNG_S", 1.0)
    first = await mortal.open("one")
    second = await mortal.open("two")
    async with asyncio.timeout(LIMIT_S):
        while len(mortal.engine.statistics) < 2:  # from now on patience is short
            await mortal.settle()
    hung = mortal.engine.workers[0]
    os.kill(hung, signal.SIGSTOP)
    lost = await mortal.any_fact()
    assert isinstance(lost, MediaLost)
    notice = await mortal.notice(WorkerLost)
    assert "said nothing for 1 s" in notice.reason
    assert notice.calls == 1
    assert has_ended(hung)
    assert first.caller != second.caller
