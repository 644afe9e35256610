"""One run of the lab: three kinds of processes, the calls, the verdict."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import IO, Final

from mediation import __version__
from mediation.exit_codes import ExitCode
from mediation.lab.cases import CASES, FRONT_END, SBC_A, SBC_B, Case
from mediation.lab.display import Display
from mediation.lab.journal import Entry, JournalReader, Note
from mediation.lab.judgement import Evidence, judge_case, voices_of
from mediation.lab.proof import Claim
from mediation.lab.results import LabResult
from mediation.lab.simulated_call import OVER
from mediation.lab.stream import Recording
from mediation.settings.bypass import BypassMode
from mediation.settings.model import Settings
from mediation.settings.places import Target
from mediation.settings.read import load
from mediation.settings.server import LogFormat, LogLevel
from mediation.sip.agent import hostport

READY_LIMIT_S: Final = 20.0
CALLS_LIMIT_S: Final = 40.0
STOP_LIMIT_S: Final = 10.0
END_LIMIT_S: Final = 3.0
"""So long a process may take to end when the run breaks off."""
LOOK_EVERY_S: Final = 0.05

_FIRST_RTP_PORT: Final = {FRONT_END: 41000, SBC_A: 42000, SBC_B: 43000}


class LabError(Exception):
    """The lab cannot run here; says why and what to do."""

    def __init__(self, message: str, exit_code: int = ExitCode.NOT_GOOD) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class _Process:
    """One process of the lab and what it says."""

    name: str
    popen: "subprocess.Popen[bytes]"
    output: Path


class Lab:
    """Runs the cases and judges them. Files go to `output`."""

    def __init__(
        self,
        config: Path,
        output: Path,
        display: Display,
        cases: Sequence[Case] = CASES,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """`meanwhile` is called in a thread of its own while the calls are under way.

        Raises LabError and SettingsError.
        """
        self._config = config.resolve()
        self._settings = load(config)
        _check(self._settings)
        self._output = output.resolve()
        self._display = display
        self._cases = cases
        self._meanwhile = meanwhile
        self._targets = _actors(self._settings)
        self._journals = {actor: JournalReader(self._journal_path(actor)) for actor in self._targets}

    def run(self) -> LabResult:
        """Start everything, place the calls, stop everything, judge. Raises LabError."""
        began_at, began = datetime.now().astimezone(), time.monotonic()
        try:
            self._output.mkdir(parents=True, exist_ok=True)
            for stale in map(self._journal_path, self._targets):
                stale.unlink(missing_ok=True)
        except OSError as error:
            raise LabError(f"cannot write to {self._output}: {error.strerror}") from error
        self._records_begin = self._records_path.stat().st_size if self._records_path.is_file() else 0
        for case in self._cases:
            self._display.call_state(case.name, "waiting")
        with ExitStack() as stack:
            server = self._start(stack, "the server", ["run", "-c", str(self._config)], "mediation.log")
            simulators = [self._start_simulator(stack, actor) for actor in self._targets]
            self._wait_for(server, b"server.started")
            for simulator in simulators:
                self._wait_for(simulator, b"listening")
            for simulator in simulators:
                _write_line(simulator.popen.stdin)
            Thread(target=self._meanwhile).start()
            complete = self._watch((server, *simulators))
            statuses = [_stop(process) for process in (*simulators, server)]
        list(self._read_journals())
        evidence = Evidence(
            {actor: reader.entries for actor, reader in self._journals.items()},
            self._records(),
            {actor: target.host for actor, target in self._targets.items()},
        )
        voices = voices_of(evidence)
        calls = tuple(judge_case(case, evidence, voices) for case in self._cases)
        claims = (complete, self._ledger(evidence.records), _clean_end(statuses[-1]), self._clean_log())
        return LabResult(calls, began_at, time.monotonic() - began, claims, _environment())

    # processes

    def _start(self, stack: ExitStack, name: str, arguments: Sequence[str], log: str) -> _Process:
        output = self._output / log
        stream = stack.enter_context(output.open("wb"))
        popen = subprocess.Popen(  # noqa: S603 -- our own program, with arguments of our own
            [sys.executable, "-m", "mediation", *arguments],
            cwd=self._output,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone: we stop the others in order
        )
        stack.callback(_end, popen)
        return _Process(name, popen, output)

    def _start_simulator(self, stack: ExitStack, actor: str) -> _Process:
        target = self._targets[actor]
        kind = "front-end" if actor == FRONT_END else "sbc"
        listeners = [f"{transport}:{hostport(target.endpoint)}" for transport in ("udp", "tcp")]
        arguments = ["lab", kind, "--name", actor, "--journal", str(self._journal_path(actor)), "--wait",
                     "--rtp-port", str(_FIRST_RTP_PORT[actor]), "--to", self._server_uri(actor)]  # fmt: skip
        for listener in listeners:
            arguments += ["--listen", listener]
        for case in self._cases:
            for who, behaviour in case.behaviours:
                if who == actor:
                    arguments += ["--behaviour", f"{case.number}={behaviour}"]
            if case.caller == actor:
                call = f"{case.number},at={case.begins_s},talk={case.talk_s}"
                if case.cancel_after_s is not None:
                    call += f",cancel={case.cancel_after_s}"
                arguments += ["--call", call]
        return self._start(stack, f"the simulator of {actor}", arguments, f"{actor.replace(' ', '-')}.log")

    def _server_uri(self, actor: str) -> str:
        """Where an actor's calls go: our listener of its side and of its transport."""
        interface = self._settings.internal if actor == FRONT_END else self._settings.gateway
        transport = self._targets[actor].transport
        listener = next(
            (each for each in interface.listen if each.transport is transport), interface.listen[0]
        )
        return f"sip:{hostport(listener.endpoint)};transport={listener.transport}"

    def _wait_for(self, process: _Process, word: bytes) -> None:
        deadline = time.monotonic() + READY_LIMIT_S
        while word not in process.output.read_bytes():
            status = process.popen.poll()
            if status is not None or time.monotonic() > deadline:
                code = ExitCode.NOT_GOOD if status is None else status
                raise LabError(f"{process.name} did not start: {_last_words(process.output)}", code)
            time.sleep(LOOK_EVERY_S)

    # watching

    def _watch(self, processes: Sequence[_Process]) -> Claim:
        """Follow the calls until each is over at its caller."""
        waiting = {case.number: case for case in self._cases}
        total = len(waiting)
        deadline = time.monotonic() + CALLS_LIMIT_S
        while waiting and time.monotonic() < deadline and all(p.popen.poll() is None for p in processes):
            time.sleep(LOOK_EVERY_S)
            for actor, entry in self._read_journals():
                self._show(actor, entry)
                case = waiting.get(entry.call) if isinstance(entry, Note) else None
                if (
                    case is not None
                    and isinstance(entry, Note)
                    and entry.what == OVER
                    and actor == case.caller
                ):
                    del waiting[case.number]
        dead = [process.name for process in processes if process.popen.poll() is not None]
        detail = (
            f"{', '.join(dead)} died" if dead else f"not over: {', '.join(c.name for c in waiting.values())}"
        )
        return Claim(
            "every call comes to its end",
            not waiting,
            f"{total - len(waiting)} of {total}",
            detail if waiting else "",
        )

    def _read_journals(self) -> Iterator[tuple[str, Entry]]:
        for actor, reader in self._journals.items():
            for entry in reader.read_on():
                yield actor, entry

    def _show(self, actor: str, entry: Entry) -> None:
        case = next((case for case in self._cases if case.number == getattr(entry, "call", "")), None)
        if case is None:
            return
        if isinstance(entry, Recording):
            self._display.packets(case.name, len(entry.received))
        elif isinstance(entry, Note) and entry.what != OVER:
            self._display.call_state(case.name, f"{actor} {entry.what}")
        elif actor == case.caller:
            self._display.call_state(case.name, "over")

    # what is left behind

    @property
    def _records_path(self) -> Path:
        return self._output / self._settings.cdr.file

    def _journal_path(self, actor: str) -> Path:
        return self._output / f"{actor.replace(' ', '-')}.jsonl"

    def _records(self) -> list[dict[str, object]]:
        """Those of this run: the file may be somebody's, with records of other days."""
        if not self._records_path.is_file():
            return []
        with self._records_path.open("rb") as stream:
            stream.seek(self._records_begin)
            return [json.loads(line) for line in stream.read().split(b"\n") if line]

    def _ledger(self, records: Sequence[Mapping[str, object]]) -> Claim:
        figure = f"{len(records)} for {len(self._cases)} calls"
        return Claim("every call has one record", len(records) == len(self._cases), figure)

    def _clean_log(self) -> Claim:
        lines = (self._output / "mediation.log").read_text("utf-8", "replace").splitlines()
        bad = [line for line in lines if '"level": "error"' in line or line.startswith("Traceback")]
        return Claim("the server logs no error", not bad, f"{len(lines)} lines", bad[0] if bad else "")


def _actors(settings: Settings) -> dict[str, Target]:
    """Who is simulated, and where: the front end and the first two targets of the first trunk."""
    first, second = settings.trunks[0].addressed[:2]
    return {FRONT_END: settings.internal.addressed[0], SBC_A: first, SBC_B: second}


def _check(settings: Settings) -> None:
    """Raises LabError when a configuration is no good for the lab, good as it may be otherwise."""
    if not settings.internal.addressed:
        wish = "a front end by its address: name one in `targets` of [internal]"
    elif len(settings.trunks[0].addressed) < 2:
        wish = "a trunk with two targets by their addresses, so that failover shows: add one to its `targets`"
    elif not settings.cdr.file:
        wish = "call records to hold against the calls: name a file in [cdr]"
    elif settings.log.format is LogFormat.CONSOLE or settings.log.level not in (
        LogLevel.INFO,
        LogLevel.DEBUG,
    ):
        wish = "to read the server's log: leave [log] as it is by default"
    elif settings.bypass.mode is not BypassMode.OFF:
        wish = 'audio that comes by the server, which it is about: set mode = "off" in [bypass]'
    else:
        return
    raise LabError(f"the lab wants {wish}", ExitCode.CONFIGURATION)


def _last_words(output: Path) -> str:
    """Why a process says that it did not start: an event of the log, or a plain line."""
    said = output.read_text("utf-8", "replace").strip().splitlines()
    if not said:
        return "it said nothing"
    try:
        event = json.loads(said[-1])
        return f"{event['reason']}; {event['remedy']}"
    except (ValueError, KeyError, TypeError):
        return f"{said[-1]} (see {output})"


def _write_line(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.write(b"\n")
        stream.flush()


def _stop(process: _Process) -> int | None:
    """SIGTERM, and the exit status; None: it had to be killed."""
    process.popen.terminate()
    try:
        return process.popen.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        return None


def _end(popen: "subprocess.Popen[bytes]") -> None:
    """Whatever has happened, this process does not stay."""
    try:
        if popen.stdin is not None:
            popen.stdin.close()
        if popen.poll() is None:
            popen.terminate()
            popen.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()


def _clean_end(status: int | None) -> Claim:
    figure = "killed" if status is None else f"exit code {status}"
    return Claim("the server ends cleanly", status == 0, figure, "" if status == 0 else "see mediation.log")


def _environment() -> Mapping[str, str]:
    return {
        "Mediation Server": __version__,
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
