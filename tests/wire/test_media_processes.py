"""Worker processes: how they start, share, die, and are replaced."""

import asyncio
import os
import random
import select
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair
from mediation.b2bua.media_facts import (
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    PairOpened,
)
from mediation.b2bua.plan import MediaPlan
from mediation.media import engine as engine_module
from mediation.media import placing
from mediation.media.engine import WorkerMediaEngine
from mediation.media.notices import WorkerLost, WorkerStarted
from mediation.media.port import MediaEngine, MediaEngineError
from mediation.media.worker_settings import WorkerSettings
from mediation.settings.peers import Side
from mediation_codecs.transcode import translation_table
from tests.wire.media_phones import CALLEE, GATEWAY, INTERNAL, LIMIT_S, Media, Phone, phone, phones, running

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
MORTAL = replace(SETTINGS, front_end_ports=(22_300, 22_699), gateway_ports=(32_300, 32_699))


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def narrow() -> AsyncIterator[Media]:
    async with running(NARROW) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def mortal() -> AsyncIterator[Media]:
    """Workers of this test's own, which it may kill."""
    async with running(MORTAL) as started:
        yield started


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


async def test_the_last_ports_are_not_for_new_calls_but_for_those_that_are_up() -> None:
    ports = replace(SETTINGS, front_end_ports=(22_700, 22_779), gateway_ports=(32_700, 32_999), workers=1)
    async with running(ports) as media:
        for number in range(38):
            await media.open(f"call {number}")
        media.engine.perform(open_call("one too many"))
        refused = await media.fact(MediaRefused, "one too many")
        assert refused.reason == "nearly all ports are in use"
        media.engine.perform(OpenPair("call 0", Side.FRONT_END, INTERNAL))
        assert (await media.fact(PairOpened, "call 0")).pair == 2
        for call in ("call 1", "call 2"):
            await media.close(call)
        await media.open("the next")
        media.engine.perform(open_call("again one too many"))
        assert await media.fact(MediaRefused, "again one too many") == replace(
            refused, call="again one too many"
        )


async def test_a_worker_has_its_core_and_its_priority_or_says_what_it_was_denied() -> None:
    placed = replace(
        SETTINGS, front_end_ports=(23_000, 23_003), gateway_ports=(33_000, 33_003), pinned=True,
        real_time_priority=1, socket_buffer_octets=65_536,
    )  # fmt: skip
    async with running(placed) as media:
        cores = sorted(os.sched_getaffinity(0))
        for index, pid in media.engine.workers.items():
            assert os.sched_getaffinity(pid) == {cores[index % len(cores)]}
            started = await media.notice(WorkerStarted)
            granted = os.sched_getscheduler(started.pid) == os.SCHED_FIFO
            assert granted == (not started.denied)
        await media.open("call")


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


async def test_a_killed_worker_is_noticed_and_its_call_goes_on_with_another_on_the_same_ports(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    with phones() as others:
        one = await mortal.connect("one", *pair)
        two = await mortal.connect("two", *others)
        assert one.caller != two.caller
        before = mortal.engine.workers
        os.kill(before[0], signal.SIGKILL)
        notice = await mortal.notice(WorkerLost)
        assert (notice.worker, notice.calls, notice.moved) == (0, 1, 1)
        assert "exit status -9" in notice.reason
        await mortal.settle()
        for caller, callee in (pair, others):
            await hears_again(caller, callee)
            await hears_again(callee, caller)
        started = [await mortal.notice(WorkerStarted) for _ in range(3)]
        assert started[2].worker == 0
        assert mortal.engine.workers[1] == before[1]
        assert mortal.engine.workers[0] != before[0]
        assert mortal.unheard == []
        for call in ("one", "two"):
            await mortal.close(call)


async def hears_again(speaker: Phone, listener: Phone) -> None:
    """Say something new until it is heard: what came while nobody listened is lost."""
    for number in range(100):
        payload = bytes([0x80 + number]) * 160
        speaker.say(payload)
        try:
            heard = await asyncio.to_thread(listener.hear)
        except ConnectionRefusedError:  # the answer to a packet of before
            continue
        table = translation_table(speaker.law, listener.law) or b""
        assert heard[12:] == payload.translate(table)
        return
    pytest.fail("nothing is heard any more")


async def test_after_all_workers_have_died_calls_go_on_with_the_next_ones(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    opened = await mortal.connect("call", *pair)
    pair[0].say(PAYLOAD)
    pair[1].hear()
    for pid in mortal.engine.workers.values():
        os.kill(pid, signal.SIGKILL)
    for _ in range(4):
        await mortal.notice(WorkerStarted)
    await mortal.settle()
    await hears_again(*pair)
    assert pair[1].rtp.getsockname() != opened.callee
    assert mortal.unheard == []


async def test_a_call_that_has_lost_three_workers_is_ended_with_a_clear_cause(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    await mortal.connect("call", *pair)
    for _ in range(placing.MAX_MOVES):
        busy: list[int] = []
        async with asyncio.timeout(LIMIT_S):
            while not busy:
                await asyncio.sleep(0)
                busy = [index for index, calls in mortal.engine.loads.items() if calls]
        os.kill(mortal.engine.workers[busy[0]], signal.SIGKILL)
        await mortal.notice(WorkerLost)
    lost = await mortal.fact(MediaLost, "call")
    assert "died" in lost.reason
    mortal.engine.perform(CloseMedia("call"))  # nobody reads it any more
    while not mortal.engine.loads:
        await mortal.notice(WorkerStarted)
    await mortal.open("call")


async def test_a_call_without_a_worker_for_too_long_is_lost_and_one_that_ends_is_over_at_once(
    mortal: Media, monkeypatch: pytest.MonkeyPatch, pair: tuple[Phone, Phone]
) -> None:
    monkeypatch.setattr(placing, "WAIT_S", 0.5)
    await mortal.connect("waits", *pair)
    await mortal.open("ends")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        for pid in mortal.engine.workers.values():
            os.kill(pid, signal.SIGKILL)
        for _ in range(2):
            while not (await mortal.notice(WorkerLost)).calls:
                pass  # told of a worker that did not come up again
        mortal.engine.perform(CloseMedia("ends"))
        assert "died" in (await mortal.fact(MediaLost, "ends")).reason
        assert "no media worker" in (await mortal.fact(MediaLost, "waits")).reason


async def test_what_was_commanded_while_a_worker_died_is_carried_out_by_the_next(
    mortal: Media, pair: tuple[Phone, Phone]
) -> None:
    with phone(CALLEE) as third:
        await mortal.connect("call", *pair)
        first = await mortal.open_pair("call", third)
        (busy,) = [index for index, calls in mortal.engine.loads.items() if calls]
        os.kill(mortal.engine.workers[busy], signal.SIGKILL)
        plan = MediaPlan(pair[0].stream(), third.stream(), 30.0, 0, first)
        mortal.engine.perform(ApplyMedia("call", plan))
        mortal.engine.perform(ClosePair("call", 1))
        mortal.engine.perform(OpenPair("call", Side.GATEWAY, GATEWAY))
        await mortal.notice(WorkerLost)
        opened = await mortal.fact(PairOpened, "call")
        assert opened.pair == first + 1
        await mortal.settle()
        await hears_again(pair[0], third)
        await hears_again(third, pair[0])
        await mortal.close("call")


async def test_fifty_calls_with_a_pattern_each_lose_no_octet_and_survive_their_worker(mortal: Media) -> None:
    with ExitStack() as stack:
        talks = [stack.enter_context(phones()) for _ in range(48)]
        for number, parties in enumerate(talks):
            await mortal.connect(f"call {number}", *parties)
        await all_hear_their_own(talks, 0)
        os.kill(mortal.engine.workers[0], signal.SIGKILL)
        notice = await mortal.notice(WorkerLost)
        assert (notice.calls, notice.moved) == (24, 24)
        await mortal.settle()
        for caller, callee in talks:
            await hears_again(caller, callee)
            await hears_again(callee, caller)
        await all_hear_their_own(talks, 1)
        assert mortal.unheard == []


async def all_hear_their_own(talks: list[tuple[Phone, Phone]], seed: int) -> None:
    """Each direction of each call says what no other one says, many packets at a time."""
    for turn in range(20):
        said = []
        for number, (caller, callee) in enumerate(talks):
            for speaker, listener in ((caller, callee), (callee, caller)):
                payload = random.Random(f"{seed} {turn} {number} {speaker.law}").randbytes(160)
                speaker.say(payload)
                table = translation_table(speaker.law, listener.law) or b""
                said.append((listener, payload.translate(table)))
        for listener, payload in said:
            assert (await asyncio.to_thread(listener.hear))[12:] == payload


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


async def test_workers_end_when_the_engine_is_closed_before_anything_else_has_had_a_turn() -> None:
    engine = WorkerMediaEngine(SETTINGS, lambda fact: None)
    await engine.start()
    pids = list(engine.workers.values())
    await engine.aclose()
    assert all(has_ended(pid) for pid in pids)


async def test_workers_end_when_signalling_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from mediation.media.engine import WorkerMediaEngine\n"
        "from mediation.media.worker_settings import WorkerSettings\n"
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
    notice = await mortal.notice(WorkerLost)
    assert "said nothing for 1 s" in notice.reason
    assert (notice.calls, notice.moved) == (1, 1)
    assert has_ended(hung)
    assert mortal.unheard == []
    assert first.caller != second.caller
