"""Signalling comes back to workers that live: after the channel broke, and after signalling itself has died."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, OpenMedia, OpenPair
from mediation.b2bua.media_facts import KeyHeard, MediaClosed, MediaOpened, PairOpened
from mediation.b2bua.plan import MediaPlan
from mediation.media import adoption
from mediation.media import engine as engine_module
from mediation.media.adoption import knock
from mediation.media.engine import WorkerMediaEngine
from mediation.media.notices import (
    CallAbandoned,
    WorkerAdopted,
    WorkerLeft,
    WorkerLost,
    WorkerReclaimed,
    WorkerStarted,
)
from mediation.media.runtime_place import door_of
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build
from mediation.rtp.telephone_event import key_packets
from mediation.settings.peer_media import Dtmf
from mediation.settings.peers import Side
from mediation_codecs.transcode import translation_table
from tests.wire.media_phones import GATEWAY, INTERNAL, LIMIT_S, Media, Phone, phones, running
from tests.wire.test_media_processes import has_ended

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    """One worker, which outlives signalling."""
    return WorkerSettings(
        front_end_ports=(22_000, 22_099),
        gateway_ports=(32_000, 32_099),
        workers=1,
        port_quarantine_s=0,
        statistics_interval_s=0.1,
        outlive_s=60,
        door=door_of(tmp_path / "mediation.toml", tmp_path / "run"),
    )


@pytest_asyncio.fixture(loop_scope="module")
async def alive(settings: WorkerSettings) -> AsyncIterator[Media]:
    async with running(settings) as media:
        yield media


def break_channel(media: Media) -> None:
    """What no worker takes for a message."""
    [seat] = media.engine._placing.seats.values()
    seat.process._channel._socket.send(b"[]")


def give_up_channel(media: Media) -> None:
    """As if the worker had sent what is no message, or did not read."""
    [seat] = media.engine._placing.seats.values()
    seat.process._end("a test")


@asynccontextmanager
async def after_death(settings: WorkerSettings, before: Media) -> AsyncIterator[Media]:
    """Signalling breaks without a word, and another one comes."""
    for tender in before.engine._tenders:
        tender.cancel()
    await asyncio.gather(*before.engine._tenders, return_exceptions=True)
    async with running(settings) as media:
        yield media


class Talk:
    """Both say something again and again, and each hears all of it."""

    def __init__(self, caller: Phone, callee: Phone) -> None:
        self.parties = caller, callee
        self.said = 0
        self._goes_on = True
        self._task = asyncio.create_task(self._talk())

    async def turns(self, number: int) -> None:
        """Wait until so many more have crossed."""
        enough = self.said + number
        async with asyncio.timeout(LIMIT_S):
            while self.said < enough:
                assert not self._task.done(), self._task.result()
                await asyncio.sleep(0.001)

    async def ends(self) -> None:
        """The last word; everything was heard, in order."""
        self._goes_on = False
        await self._task

    async def _talk(self) -> None:
        while self._goes_on:
            for speaker, listener in (self.parties, self.parties[::-1]):
                payload = self.said.to_bytes(4) * 40
                speaker.say(payload)
                heard = await asyncio.to_thread(listener.hear)
                assert heard[12:] == payload.translate(translation_table(speaker.law, listener.law) or b"")
            self.said += 1


async def test_a_broken_channel_costs_no_packet_and_is_led_by_another_one(
    alive: Media, pair: tuple[Phone, Phone]
) -> None:
    await alive.connect("call", *pair)
    workers = alive.engine.workers
    talk = Talk(*pair)
    await talk.turns(10)
    for turn in range(engine_module.MAX_RECLAIMS):
        if turn % 2:
            break_channel(alive)
        else:
            give_up_channel(alive)
        notice = await alive.notice(WorkerReclaimed)
        assert notice.calls == 1
        await talk.turns(10)
    await talk.ends()
    assert alive.engine.workers == workers
    closed = await alive.close("call")
    assert closed.caller.packets_received == closed.callee.packets_sent == talk.said
    assert closed.caller.lost == closed.callee.lost == 0
    assert alive.unheard == []


async def test_a_channel_that_breaks_again_and_again_is_given_up_with_its_worker(
    alive: Media, pair: tuple[Phone, Phone]
) -> None:
    await alive.connect("call", *pair)
    for _ in range(engine_module.MAX_RECLAIMS):
        break_channel(alive)
        await alive.notice(WorkerReclaimed)
    break_channel(alive)
    lost = await alive.notice(WorkerLost)
    assert (lost.calls, lost.moved) == (1, 1)
    for _ in range(2):
        await alive.notice(WorkerStarted)
    await alive.settle()
    pair[0].say(b"\x11" * 160)
    assert len(pair[1].hear()) == 172


async def test_what_is_commanded_without_a_channel_is_carried_out_over_the_next(
    alive: Media, pair: tuple[Phone, Phone]
) -> None:
    await alive.open("goes", *pair)
    await alive.open("talks", *pair)
    break_channel(alive)
    [seat] = alive.engine._placing.seats.values()
    await seat.process.ended()
    alive.engine.perform(ApplyMedia("talks", MediaPlan(pair[0].stream(), pair[1].stream(), 30.0)))
    alive.engine.perform(OpenPair("talks", Side.GATEWAY, GATEWAY))
    alive.engine.perform(CloseMedia("goes"))
    alive.engine.perform(OpenMedia("comes", Side.FRONT_END, Side.GATEWAY, (INTERNAL, GATEWAY)))
    assert (await alive.fact(PairOpened, "talks")).pair == 2
    await alive.fact(MediaClosed, "goes")
    await alive.fact(MediaOpened, "comes")
    await alive.settle()
    pair[0].say(b"\x11" * 160)
    assert len(pair[1].hear()) == 172
    assert alive.unheard == []


async def test_calls_go_on_when_signalling_dies_and_the_next_one_has_the_worker(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    before = Media(settings)
    await before.engine.start()
    opened = await before.connect("orphan", *pair)
    pid = before.engine.workers[0]
    talk = Talk(*pair)
    await talk.turns(10)
    async with after_death(settings, before) as media:
        assert await media.notice(WorkerAdopted) == WorkerAdopted(0, pid, 1)
        assert media.engine.workers == {0: pid}
        assert media.engine.orphans == 1
        assert media.engine.loads == {0: 1}
        with phones() as others:
            for number in range(30):
                new = await media.open(f"call {number}")
                assert not {new.caller, new.callee} & {opened.caller, opened.callee}
            await media.connect("new", *others)
            others[0].say(b"\x11" * 160)
            assert len(others[1].hear()) == 172
        await talk.turns(10)
        break_channel(media)
        await media.notice(WorkerReclaimed)
        assert media.engine.orphans == 1
        await talk.turns(10)
        await talk.ends()
        leave(pair[0], opened)
        ended = await media.notice(CallAbandoned)
        assert (ended.call, ended.reason) == ("orphan", "a party has left")
        assert media.engine.orphans == 0
        assert media.unheard == []
    assert has_ended(pid)


def leave(caller: Phone, opened: MediaOpened) -> None:
    """By RTCP."""
    caller.rtcp.sendto(goodbye(), (opened.caller[0], opened.caller[1] + 1))


def goodbye() -> bytes:
    """A receiver report without a block, and BYE (RFC 3550 sections 6.4.2 and 6.6)."""
    ssrc = (0xABCD).to_bytes(4)
    return b"\x80\xc9\x00\x01" + ssrc + b"\x81\xcb\x00\x01" + ssrc


async def test_what_goes_on_alone_ends_when_its_parties_are_silent_for_too_long(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    before = Media(settings)
    await before.engine.start()
    await before.connect("orphan", *pair, silence_s=0.5)
    pid = before.engine.workers[0]
    await before.engine.aclose(spare_calls=True)
    assert has_ended(pid)


async def test_an_orphan_ends_at_its_limit_though_its_parties_talk_on(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    brief = replace(settings, outlive_s=1)
    before = Media(brief)
    await before.engine.start()
    await before.connect("orphan", *pair)
    async with after_death(brief, before) as media:
        await media.notice(WorkerAdopted)
        ended = await media.notice(CallAbandoned)
        assert ended.reason == "it has outlived signalling as long as it may"


async def test_a_worker_of_another_configuration_is_left_alone_and_its_ports_are_not_given(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    before = Media(settings)
    await before.engine.start()
    opened = await before.connect("orphan", *pair)
    pid = before.engine.workers[0]
    async with after_death(replace(settings, rtcp_interval_s=6.0), before) as media:
        left = await media.notice(WorkerLeft)
        assert (left.pid, left.reason, left.calls) == (pid, "it has another configuration", 1)
        assert media.engine.workers[0] != pid
        for number in range(40):
            new = await media.open(f"call {number}")
            assert not {new.caller, new.callee} & {opened.caller, opened.callee}
        leave(pair[0], opened)
    assert has_ended(pid)


async def test_workers_of_another_file_are_not_even_seen(
    settings: WorkerSettings, tmp_path: Path, pair: tuple[Phone, Phone]
) -> None:
    before = Media(settings)
    await before.engine.start()
    await before.connect("orphan", *pair, silence_s=1.0)
    pid = before.engine.workers[0]
    other = replace(settings, door=door_of(tmp_path / "other.toml", tmp_path / "run"))
    async with after_death(other, before) as media:
        assert media.engine.workers[0] != pid
        assert media.engine.orphans == 0
    assert has_ended(pid)


async def test_a_worker_that_has_its_signalling_turns_another_one_away(
    alive: Media, settings: WorkerSettings
) -> None:
    [pid] = alive.engine.workers.values()
    other = WorkerMediaEngine(settings, print, alive._note)
    await other.start()
    await other.aclose()
    assert (await alive.notice(WorkerLeft)) == WorkerLeft(pid, "it has turned us away", 0)
    assert alive.engine.workers == {0: pid}
    await alive.open("call")


def doors(settings: WorkerSettings) -> list[Path]:
    return list(Path(settings.door).parent.iterdir())


async def test_what_a_worker_notices_without_a_channel_it_tells_over_the_next(
    alive: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_back = asyncio.Event()

    async def knock_later(path: Path) -> adoption.Visit:
        await comes_back.wait()
        return await knock(path)

    with phones(events=(101, None)) as (caller, callee):
        await alive.open("call", caller, callee)
        plan = MediaPlan(caller.stream(), replace(callee.stream(), dtmf=Dtmf.INFO), 30.0)
        await alive.apply("call", plan)
        monkeypatch.setattr(adoption, "knock", knock_later)
        break_channel(alive)
        [seat] = alive.engine._placing.seats.values()
        await seat.process.ended()
        for number, event in enumerate(key_packets("5", 800)):
            caller.rtp.sendto(build(101, number, 0, 0xABCD, event.payload, marker=event.marker), caller.to)
        caller.rtp.sendto(build(0, 99, 8000, 0xABCD, b"\x11" * 160), caller.to)
        assert len(callee.hear()) == 172
        comes_back.set()
        assert await alive.fact(KeyHeard, "call") == KeyHeard("call", True, "5", 100)


def door(settings: WorkerSettings, pid: int) -> str:
    return f"{settings.door}{pid}"


async def test_another_user_is_refused_at_the_door(
    alive: Media, settings: WorkerSettings, tmp_path: Path
) -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    [pid] = alive.engine.workers.values()
    for folder in (tmp_path, *tmp_path.parents[:-2], tmp_path / "run"):
        os.chmod(folder, 0o755)  # the directory would keep strangers out by itself
    os.chmod(door(settings, pid), 0o777)
    program = (
        "import os, socket, sys\n"
        "os.setuid(65534)\n"
        "visitor = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "visitor.connect(sys.argv[1])\n"
        "visitor.settimeout(10)\n"
        "print(visitor.recv(1000))\n"
    )
    said = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, door(settings, pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.strip() == "b''", said.stderr


async def test_a_visitor_that_talks_nonsense_is_shown_out_and_nobody_is_disturbed(
    alive: Media, settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    await alive.connect("call", *pair)
    [pid] = alive.engine.workers.values()
    for nonsense in (b"[]", b"\xff", b'["end"]', b'["adopt","x",true,true]'):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
            visitor.settimeout(LIMIT_S)
            visitor.connect(door(settings, pid))
            assert visitor.recv(4000).startswith(b'["hello"')
            visitor.send(nonsense)
            assert visitor.recv(4000) == b""
    pair[0].say(b"\x11" * 160)
    assert len(pair[1].hear()) == 172
    await alive.close("call")


async def test_a_killed_worker_with_a_door_is_still_noticed_at_once_and_its_calls_move(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    async with running(replace(settings, workers=2)) as media:
        await media.connect("call", *pair)
        [busy] = [index for index, calls in media.engine.loads.items() if calls]
        os.kill(media.engine.workers[busy], signal.SIGKILL)
        notice = await media.notice(WorkerLost)
        assert (notice.worker, notice.calls, notice.moved) == (busy, 1, 1)
        await media.settle()
        pair[0].say(b"\x11" * 160)
        assert len(pair[1].hear()) == 172


async def test_an_adopted_worker_that_dies_takes_its_orphans_along_and_is_replaced(
    settings: WorkerSettings, pair: tuple[Phone, Phone]
) -> None:
    before = Media(settings)
    await before.engine.start()
    await before.connect("orphan", *pair)
    async with after_death(settings, before) as media:
        pid = (await media.notice(WorkerAdopted)).pid
        os.kill(pid, signal.SIGKILL)
        assert (await media.notice(WorkerLost)).calls == 1
        for _ in range(2):
            await media.notice(WorkerStarted)
        assert media.engine.orphans == 0
        await media.open("new")


async def test_a_worker_without_a_call_does_not_wait_for_long(settings: WorkerSettings) -> None:
    before = Media(settings)
    await before.engine.start()
    [seat] = before.engine._placing.seats.values()
    pid = seat.process.pid
    seat.calls.add("none")  # as if it had one: it is let go, not ended
    await before.engine.aclose(spare_calls=True)
    assert has_ended(pid)
    assert doors(settings) == []
