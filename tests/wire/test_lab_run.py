"""The lab as its users have it: one command, addresses of its own, a verdict in words and in the exit code."""

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import sys
import termios
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mediation.lab.cases import CASES
from tests.interop.scene import Scene
from tests.wire.peers import spell
from tests.wire.processes import mediation, processes_of

RUN_S = 60.0
"""So long a run may take here, where other tests run beside it. Alone it takes ten seconds."""
pytestmark = pytest.mark.usefixtures("marked")


def configuration(
    scene: Scene, *, trunk: str = "", targets: int = 2, cdr: str = 'file = "cdr.jsonl"', log: str = ""
) -> str:
    """The lab's configuration at addresses of this test's own."""
    uris = [f"sip:{spell(scene.sbc)}", f"sip:{spell(scene.second_sbc)};transport=tcp"][:targets]
    text = f"""
[internal]
listen = ["udp:{spell(scene.internal)}", "tcp:{spell(scene.internal)}"]
targets = ["sip:{spell(scene.front_end)}"]
codecs = ["PCMU"]
rtp_ports = [20000, 20199]
[gateway]
listen = ["udp:{spell(scene.gateway)}", "tcp:{spell(scene.gateway)}"]
rtp_ports = [30000, 30199]
[[trunk]]
name = "itsp-lab"
targets = {json.dumps(uris)}
codecs = ["PCMA"]
{trunk}
[media]
workers = 1
[cdr]
{cdr}
[log]
{log}
"""
    file = scene.folder / "lab.toml"
    file.write_text(text)
    return str(file)


def command(scene: Scene, config: str) -> tuple[str, ...]:
    return ("lab", "--no-tui", "-c", config, "-o", str(scene.folder / "out"))


async def test_a_run_passes_and_leaves_a_report_and_the_audio(scene: Scene) -> None:
    kept = scene.folder / "kept.jsonl"
    kept.write_text('{"called": "yesterday"}\n')
    config = configuration(scene, cdr=f'file = "{kept}"')
    async with mediation(*command(scene, config)) as lab:
        status = await lab.ends(RUN_S)
        assert status == 0, lab.said
    said = lab.said
    assert re.search(rf"{len(CASES)} calls, [0-9]+ checks, all passed, [0-9.]+ s\n", said)
    assert "✗" not in said
    assert "Traceback" not in said
    _assert_ladders_and_claims(said)
    out = scene.folder / "out"
    assert said.rstrip().endswith(
        f"report  {out}/report.html\naudio   {out}/*.wav: 10 files, left what went in, right what came out"
    )
    report = (out / "report.html").read_text()
    assert "<title>Mediation lab: passed</title>" in report
    assert all(case.title in report for case in CASES)
    _assert_audio(sorted(out.glob("*.wav")))
    lines = kept.read_text().splitlines()
    assert lines[0] == '{"called": "yesterday"}', "a record of another day is nobody's to delete"
    assert sorted(json.loads(line)["called"] for line in lines[1:]) == sorted(case.number for case in CASES)


def _assert_ladders_and_claims(said: str) -> None:
    verdicts = said[: said.index("\nreport  ")].splitlines()
    assert max(map(len, verdicts)) <= 110, "a terminal of usual width shows it without breaking lines"
    for case in CASES:
        assert f"{case.title}  ·  {case.name}" in said
    assert said.count("front end                  mediation                    sbc-a") == len(CASES)
    assert "◀─ 503 Service Unavailable" in said
    assert "── CANCEL ─" in said
    assert "◀═ audio, µ-law ═" in said
    answered = sum(case.answered_by is not None for case in CASES)
    assert said.count("✓ every octet equals the ITU-T G.711 table") == answered
    for claim in ("the server ends cleanly", "the server logs no error", "every call has one record"):
        assert f"✓ {claim}" in said


def _assert_audio(files: list[Path]) -> None:
    assert len(files) == 2 * sum(case.answered_by is not None for case in CASES)
    for file in files:
        with wave.open(str(file)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 2, 8000)
            assert sound.getnframes() > 8000
            octets = sound.readframes(sound.getnframes())
        for side in (0, 2):
            assert len({octets[at : at + 2] for at in range(side, len(octets), 4)}) > 100, (
                f"silence in {file}"
            )


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, int]]:
    """Both ends of a terminal of this width: the one to read from, and the program's."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 45, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        for end in (ours, theirs):
            try:
                os.close(end)
            except OSError:
                continue


async def test_a_broken_promise_is_named_on_a_terminal_too_with_exit_code_1(scene: Scene) -> None:
    """A trunk that never fails over: the lab must notice, and say which claim does not hold."""
    config = configuration(scene, trunk="failover_codes = []")
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    shown = bytearray()
    with terminal(100) as (ours, theirs):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mediation", "lab", "-c", config, "-o", str(scene.folder / "out"),
            stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)
        try:
            async with asyncio.timeout(RUN_S):
                while octets := await asyncio.to_thread(_read, ours):
                    shown += octets
                assert await process.wait() == 1
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode("utf-8")).replace("\r", "")
    assert "mediation lab  ·  " in text, "the live table"
    assert "✗ Failover to the second SBC" in text
    end = text[text.rindex(" calls, ") :]
    assert " failed, " in end
    assert "✗ failover: the caller hears the right answer: 503 (wanted 200; it heard [100, 503])" in end
    assert "✗ failover: the next target gets the call: sbc-a said 503 (the caller heard {503})" in end
    assert "report.html" in end
    assert "Mediation lab: FAILED" in (scene.folder / "out" / "report.html").read_text()


def _read(terminal_end: int) -> bytes:
    try:
        return os.read(terminal_end, 65536)
    except OSError:  # the program has closed its end
        return b""


@pytest.mark.parametrize(
    ("place", "who", "remedy"),
    [
        ("internal", "the server", "another process listens there: stop it"),
        ("second_sbc", "the simulator of sbc-b", "another process listens there: stop it"),
    ],
    ids=["server", "simulator"],
)
async def test_a_taken_address_is_told_with_a_remedy_and_exit_code_75(
    scene: Scene, place: str, who: str, remedy: str
) -> None:
    config = configuration(scene)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(taken_at := getattr(scene, place))
        async with mediation(*command(scene, config)) as lab:
            assert await lab.ends(RUN_S) == 75
    assert f"{who} did not start: cannot listen at udp:{spell(taken_at)}: Address already in use" in lab.said
    assert remedy in lab.said
    assert "lab: broken off" in lab.said
    assert "Traceback" not in lab.said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"targets": 1}, "two targets"),
        ({"cdr": 'file = ""'}, "[cdr]"),
        ({"log": 'level = "error"'}, "[log]"),
        ({"log": 'format = "console"'}, "[log]"),
        ({"log": '[bypass]\nmode = "always"'}, "[bypass]"),
        ({"trunk": "max_cals = 1"}, "did you mean"),
    ],
)
async def test_a_configuration_that_is_no_good_for_the_lab_is_exit_code_78(
    scene: Scene, change: dict[str, str], says: str
) -> None:
    async with mediation(*command(scene, configuration(scene, **change))) as lab:  # type: ignore[arg-type]  # as it takes them
        assert await lab.ends(RUN_S) == 78
    assert says in lab.said
    assert "Traceback" not in lab.said


async def test_a_place_that_cannot_be_written_to_is_told(scene: Scene) -> None:
    (scene.folder / "out").write_text("a file, not a directory")
    async with mediation(*command(scene, configuration(scene))) as lab:
        assert await lab.ends(RUN_S) == 1
    assert f"cannot write to {scene.folder / 'out'}" in lab.said
    assert "Traceback" not in lab.said


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_a_signal_in_the_middle_stops_every_process(scene: Scene, name: str) -> None:
    number = signal.Signals[name]
    async with mediation(*command(scene, configuration(scene))) as lab:
        await lab.says("outbound: front end hears 180", within_s=RUN_S)
        assert len(processes_of(scene.block)) >= 6, "lab, server, worker and three simulators"
        lab.process.send_signal(number)
        assert await lab.ends(RUN_S) == 128 + number
        assert not processes_of(scene.block)
    assert lab.said.rstrip().endswith("lab: broken off")
    assert "Traceback" not in lab.said
