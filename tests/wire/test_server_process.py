"""The daemon as its operator has it: a process that starts, is told to stop, is killed, and runs out of things."""

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mediation.sip.flow import Transport
from mediation.sip.message import Request
from mediation_codecs.law import Law
from tests.interop.daemon import Daemon
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, TcpPeer, UdpPeer, request, spell
from tests.wire.phones import Phone, until
from tests.wire.processes import processes_of

NUMBER = "+493012345678"
SOON_S = 3.0
"""An end in peace takes less: hanging up, the last record, the media workers."""


async def ended(daemon: Daemon) -> int:
    """Wait for the end of the process; its exit status."""
    return await asyncio.to_thread(daemon.process.wait, PATIENCE_S)


pytestmark = pytest.mark.usefixtures("marked")


@contextmanager
def started(scene: Scene, configuration: str) -> Iterator[subprocess.Popen[str]]:
    """The daemon from its first moment, which need not end well; standard error is a pipe."""
    file = scene.folder / "mediation.toml"
    file.write_text(configuration)
    process = subprocess.Popen(
        [sys.executable, "-m", "mediation", "run", "-c", str(file)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def stands(scene: Scene) -> None:
    """Wait until it answers."""
    with UdpPeer(scene.front_end[0]) as asker:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                asker.send(request("OPTIONS", asker.at, scene.internal), scene.internal)
                try:
                    async with asyncio.timeout(0.1):
                        await asker.response()
                except TimeoutError:
                    continue
                return


async def test_sigterm_ends_an_idle_daemon_at_once_and_in_peace(scene: Scene) -> None:
    with scene.daemon(calls=0) as daemon:
        began = asyncio.get_running_loop().time()
        daemon.process.send_signal(signal.SIGTERM)
        assert await ended(daemon) == 0
        assert asyncio.get_running_loop().time() - began < SOON_S
        events = [line["event"] for line in daemon.log()]
        assert events == ["media_worker.started", "server.started", "server.stopping", "server.stopped"]
        assert all({"timestamp", "level"} <= set(line) for line in daemon.log())


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_a_signal_hangs_up_live_calls_on_both_sides_and_writes_their_records(
    scene: Scene, name: str
) -> None:
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        with scene.daemon(calls=3) as daemon:
            for number in range(2):
                front_end.calls(f"{NUMBER}{number}", scene.internal)
            sbc.calls(f"{NUMBER}2", scene.gateway, transport=Transport.TCP)
            await front_end.notes_that("hears 200", 2)
            await sbc.notes_that("hears 200")
            began = asyncio.get_running_loop().time()
            daemon.process.send_signal(signal.Signals[name])
            await front_end.notes_that("is hung up on", 3)
            await sbc.notes_that("is hung up on", 3)
            assert await ended(daemon) == 0
            assert asyncio.get_running_loop().time() - began < SOON_S
            byes = [m for m in (*front_end.seen, *sbc.seen) if isinstance(m, Request) and m.method == "BYE"]
            assert all("Q.850" in (bye.headers.get("Reason") or "") for bye in byes)
        for record in daemon.records():
            assert (record["reason"], record["hung_up_by"]) == ("shutdown", "server")
            assert record["duration_s"] is not None


async def test_a_call_that_rings_is_cancelled_and_refused_with_503(scene: Scene) -> None:
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, "never-answer", Law.PCMA) as sbc,
    ):
        with scene.daemon(calls=1) as daemon:
            front_end.calls(NUMBER, scene.internal)
            await front_end.notes_that("hears 180")
            daemon.process.send_signal(signal.SIGTERM)
            await front_end.notes_that("hears 503")
            await sbc.notes_that("is cancelled")
            assert await ended(daemon) == 0


async def test_a_second_signal_does_not_wait_for_peers_that_do_not_answer(scene: Scene) -> None:
    async with Phone.plugged_in(scene.front_end) as front_end:
        with UdpPeer(*scene.sbc) as deaf, scene.daemon(calls=1) as daemon:
            front_end.calls(NUMBER, scene.internal)
            await deaf.request("INVITE")
            daemon.process.send_signal(signal.SIGTERM)
            await front_end.notes_that("hears 503")
            began = asyncio.get_running_loop().time()
            daemon.process.send_signal(signal.SIGTERM)
            assert await ended(daemon) == 0
            assert asyncio.get_running_loop().time() - began < SOON_S


async def test_peers_that_do_not_answer_delay_the_end_by_seconds_only(scene: Scene) -> None:
    async with Phone.plugged_in(scene.front_end) as front_end:
        with UdpPeer(*scene.sbc) as deaf, scene.daemon(calls=1) as daemon:
            front_end.calls(NUMBER, scene.internal)
            await deaf.request("INVITE")
            daemon.process.send_signal(signal.SIGTERM)
            assert await ended(daemon) == 0
    [record] = daemon.records()
    assert record["reason"] == "shutdown"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_before_it_stands_ends_it_in_peace_too(scene: Scene, name: str) -> None:
    with started(scene, scene.configuration()) as process:
        until_child(process.pid)
        process.send_signal(signal.Signals[name])
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said


def until_child(pid: int) -> None:
    """Wait until a process has begun to start its first child."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as clock:
        clock.settimeout(0.005)
        for _ in range(2000):
            if children.read_text():
                return
            try:
                clock.recv(1)
            except TimeoutError:
                continue
    raise AssertionError("no child came")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_taken_port_is_named_with_a_remedy_and_exit_code_75(scene: Scene, transport: str) -> None:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(scene.gateway)
        if transport == "tcp":
            taken.listen()
        with started(scene, scene.configuration()) as process:
            _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 75
    last = json.loads(said.splitlines()[-1])
    assert last["event"] == "server.failed"
    assert last["reason"] == f"cannot listen at {transport}:{spell(scene.gateway)}: Address already in use"
    assert "stop it, or choose another port" in last["remedy"]
    assert "Traceback" not in said


def test_an_address_of_another_machine_is_named_with_a_remedy_and_exit_code_78(scene: Scene) -> None:
    with started(scene, scene.configuration(internal="192.0.2.10:5060")) as process:
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 78
    last = json.loads(said.splitlines()[-1])
    assert last["reason"] == "cannot listen at udp:192.0.2.10:5060: Cannot assign requested address"
    assert "is not on this machine" in last["remedy"]


async def test_after_sigkill_it_is_back_at_once_and_knows_no_calls(scene: Scene) -> None:
    async with Phone.plugged_in(scene.front_end) as front_end, Phone.plugged_in(scene.sbc, law=Law.PCMA):
        with started(scene, scene.configuration()):
            await stands(scene)
            front_end.calls(NUMBER, scene.internal)
            await front_end.notes_that("hears 200")
        await until(lambda: not processes_of(scene.block))
        with scene.daemon(
            calls=0
        ):  # which is waited for no longer than a start takes: no port is kept from it
            front_end.hangs_up()
            await front_end.is_done()
        answers = [m for m in front_end.seen if not isinstance(m, Request) and m.cseq.method == "BYE"]
        assert [answer.status for answer in answers] == [481]


# out of descriptors


def limited(pid: int, descriptors: int) -> None:
    """So many descriptors may be open at a time from now on, those that are open included."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors, hard))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def let_in(scene: Scene) -> TcpPeer | None:
    """A connection, unless it is ended at once."""
    try:
        peer = await TcpPeer.connected(scene.front_end[0], scene.internal)
        peer.send(b"\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            await peer.reader.readexactly(2)
    except (ConnectionResetError, asyncio.IncompleteReadError):
        return None
    return peer


async def test_out_of_descriptors_it_refuses_what_needs_one_serves_the_rest_and_recovers(
    scene: Scene,
) -> None:
    target = f"sip:{spell(scene.sbc)};transport=tcp"
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA),
    ):
        with scene.daemon(scene.configuration(targets=(target,)), calls=2) as daemon:
            pid = daemon.process.pid
            limited(pid, len(os.listdir(f"/proc/{pid}/fd")) + 8)
            crowd = [peer for _ in range(40) if (peer := await let_in(scene)) is not None]
            assert 0 < len(crowd) < 40, "some are let in, the others know at once that they are not"
            with UdpPeer(scene.front_end[0]) as asker:
                front_end.calls(NUMBER, scene.internal)
                await front_end.notes_that("hears 503")
                before = cpu_s(pid)
                for _ in range(4):
                    assert (await asker.asks(scene.internal)).status == 200
                    await asker.hears_nothing()
                assert cpu_s(pid) - before < 0.4, "it spins"
            for peer in crowd:
                await peer.close()
            async with asyncio.timeout(PATIENCE_S):
                while (late := await let_in(scene)) is None:
                    pass  # it has not seen yet that the others have gone
            late.send(request("OPTIONS", late.at, scene.internal, transport="TCP"))
            assert (await late.response()).status == 200
            await late.close()
            front_end.calls(NUMBER, scene.internal)
            await front_end.notes_that("hears 200")
            front_end.hangs_up()
            await front_end.is_done(2)
    told = [line for line in daemon.log() if line["event"] == "system.exhausted"]
    assert len(told) == 1, "told once, not once a second"
    assert "ulimit -n" in told[0]["remedy"]
    assert [record["reason"] for record in daemon.records()] == ["all-targets-down", "normal-clearing"]


async def test_a_media_worker_out_of_descriptors_refuses_calls_and_recovers(scene: Scene) -> None:
    async with (
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        with scene.daemon(calls=3) as daemon:
            [worker] = [line["pid"] for line in daemon.log() if line["event"] == "media_worker.started"]
            soft = len(os.listdir(f"/proc/{worker}/fd"))
            limited(worker, soft + 6)  # four for a call, and not another four
            front_end.calls(NUMBER + "1", scene.internal)
            await front_end.notes_that("hears 200")
            front_end.calls(NUMBER + "2", scene.internal)
            await front_end.notes_that("hears 503")
            limited(worker, soft + 64)
            front_end.calls(NUMBER + "3", scene.internal)
            await front_end.notes_that("hears 200", 2)
            front_end.hangs_up()
            await front_end.is_done(3)
            await sbc.is_done(2)
    reasons = {record["called"][-1]: record["reason"] for record in daemon.records()}
    assert reasons == {"1": "normal-clearing", "2": "no-media-ports", "3": "normal-clearing"}
