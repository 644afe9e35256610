"""Who plays: two central sites and a branch, each with its front end and its server, two ITSPs and a name server.

The servers run with the files of config/examples. Only their timings are made quicker, by the table below.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tests.places.journal import Journal
from tests.places.names import name_server
from tests.places.network import House, build

ROOT: Final = Path(__file__).parents[2]
SCENARIOS: Final = ROOT / "tests" / "interop" / "sipp"
QUICK: Final = {
    "interval_s": 1,
    "suspect_interval_s": 1,
    "down_interval_s": 1,
    "timeout_s": 1,
    "failures": 2,
    "stable_s": 3,
    "slow_start_s": 0,
}
"""So that a drill takes minutes."""
HASTE: Final = 4
"""The patience with silent targets is so much shorter: each keeps its proportion to the others."""
START_S: Final = 30

HOUSES: Final = (
    House("fe-a", ("10.69.0.20",), "frankfurt"),
    House("ms-a", ("10.69.0.10", "10.69.0.11"), "frankfurt"),
    House("fe-b", ("10.33.0.20",), "paris"),
    House("ms-b", ("10.33.0.10", "10.33.0.11"), "paris"),
    House("fe-c", ("10.89.0.20",), "munich"),
    House("ms-c", ("10.89.0.10", "10.89.0.11"), "munich"),
    House("one", ("192.0.2.30",), "paris"),
    House("two", ("198.51.100.30",), "frankfurt"),
    House("line", ("203.0.113.30",), "munich"),
    House("dns", ("10.53.0.53",)),
)
SERVERS: Final = {"ms-a": "central-frankfurt", "ms-b": "central-paris", "ms-c": "branch-munich"}
TAKERS: Final = ("fe-a", "fe-b", "fe-c", "one", "two", "line")
ABROAD: Final = "one"
"""The only SBC that is not in Germany."""
BOUND: Final = ("+4969", "+4989")
"""Whose calls may not leave there."""


@dataclass(frozen=True, slots=True)
class Course:
    """Calls that one party places all the time."""

    name: str
    house: str
    caller: str
    """What the callers' numbers begin with."""
    door: str
    called: str
    home: str
    """Who takes them while nothing is broken."""


COURSES: Final = (
    Course("Frankfurt out", "fe-a", "+49690001", "10.69.0.10", "+43110", "two"),
    Course("Paris out", "fe-b", "+3310001", "10.33.0.10", "+43120", "one"),
    Course("Munich out", "fe-c", "+49890001", "10.89.0.10", "+43130", "two"),
    Course("Munich for help", "fe-c", "+49890002", "10.89.0.10", "112", "line"),
    Course("German in Paris out", "fe-b", "+49690002", "10.33.0.10", "+43140", "two"),
    Course("Frankfurt in", "two", "+43210", "10.69.0.11", "+49690003", "fe-a"),
    Course("Paris in", "one", "+43220", "10.33.0.11", "+3310003", "fe-b"),
    Course("Munich in", "line", "+43230", "10.89.0.11", "+49890003", "fe-a"),
)


@dataclass(slots=True)
class Cast:
    """All of them, playing."""

    folder: Path
    takers: dict[str, Journal]
    callers: dict[str, Journal]
    processes: dict[str, subprocess.Popen[bytes]]

    def watch(self, seconds: float) -> None:
        """Let time pass; nobody may leave the stage meanwhile."""
        sleep(seconds)
        for journal in (*self.takers.values(), *self.callers.values()):
            journal.refresh()
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended with {process.returncode}: {self.last_words(name)}"

    def last_words(self, name: str) -> str:
        """Return the end of what one of them has printed."""
        return (self.folder / name / "output.txt").read_text(errors="replace")[-2000:]


@contextmanager
def playing(folder: Path, rate: int) -> Iterator[Cast]:
    """Build the network, start everybody, and begin to call, `rate` calls a second on each course."""
    build(HOUSES)
    houses = {house.name: house for house in HOUSES}
    cast = Cast(folder, {}, {}, {})

    def start(name: str, house: str, *command: str) -> Path:
        own = folder / name
        own.mkdir(exist_ok=True)
        with (own / "output.txt").open("wb") as output:
            cast.processes[name] = subprocess.Popen(
                houses[house].command(*command),
                cwd=own,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "TERM": "dumb",
                    "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]]),
                },
            )
        return own

    try:
        start("dns", "dns", *name_server(houses["dns"].addresses[0]))
        for name in TAKERS:
            host = houses[name].addresses[0]
            own = start(f"{name}-takes", name, *_sipp("uas_lives", host, 5060, folder / f"{name}-takes"))
            cast.takers[name] = Journal(own / "messages.txt")
        for name, example in SERVERS.items():
            (folder / name).mkdir()
            file = folder / name / "mediation.toml"
            file.write_text(quick((ROOT / "config" / "examples" / f"{example}.toml").read_text()))
            start(name, name, sys.executable, "-m", "mediation", "run", "-c", str(file))
        for name in SERVERS:
            _await_start(name, cast)
        for number, course in enumerate(COURSES):
            host = houses[course.house].addresses[0]
            own = folder / course.name.replace(" ", "-")
            load = ["-s", course.called, "-r", str(rate), "-d", "500", "-l", "1000", f"{course.door}:5060"]
            sipp = _sipp("uac_call", host, 5070 + number, own, calling=course.caller)
            start(own.name, course.house, *sipp, *load)
            cast.callers[course.name] = Journal(own / "messages.txt")
        yield cast
    finally:
        for process in cast.processes.values():
            process.kill()
            process.wait()


def quick(text: str) -> str:
    """The same configuration with the timings of the drill, and its records beside it."""
    for key, value in QUICK.items():
        text = re.sub(rf"^({key}\s*= )\d+", rf"\g<1>{value}", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(no_progress_s\s*= )(\d+)",
        lambda found: f"{found[1]}{max(1, int(found[2]) // HASTE)}",
        text,
        flags=re.MULTILINE,
    )
    return text.replace("/var/log/mediation/", "") + "\n[media]\nworkers = 1\noutlive_signalling_s = 0\n"


def _sipp(scenario: str, host: str, port: int, folder: Path, *, calling: str = "") -> list[str]:
    """SIPp with a scenario of the interop tests, and a trace of every message."""
    folder.mkdir()
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    (folder / "scenario.xml").write_text(text.replace("+12025550123", f"{calling}[call_number]"))
    arguments = [shutil.which("sipp") or "sipp", "-sf", "scenario.xml", "-nostdin", "-t", "u1"]
    arguments += ["-i", host, "-p", str(port), "-mi", host, "-key", "law", "8"]
    return [*arguments, "-trace_msg", "-message_file", "messages.txt", "-message_overwrite", "false"]


def _await_start(name: str, cast: Cast) -> None:
    give_up = monotonic() + START_S
    while "server.started" not in (cast.folder / name / "output.txt").read_text(errors="replace"):
        assert monotonic() < give_up, f"{name} has not started after {START_S} s: {cast.last_words(name)}"
        cast.watch(0.1)
