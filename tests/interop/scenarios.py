"""SIPp as a stranger: one process that plays one scenario, and what it says of it.

SIPp's exit status tells whether every call went as the scenario says. Its statistics file gives the figures,
and its trace every message in the order in which it went past.
"""

import csv
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, Unpack

from tests.interop.phone import CALLED
from tests.interop.script import Script
from tests.interop.sockets import await_socket

Address = tuple[str, int]

SCENARIOS: Final = Path(__file__).parent / "sipp"
PATIENCE_S: Final = 30
"""A scenario that has not ended by itself by then has failed."""
START_S: Final = 10


class Options(TypedDict, total=False):
    """What a test may choose."""

    calls: int
    """How many it plays before it ends; 1 unless told otherwise."""
    rate: int
    """Calls begun in a second."""
    pause_ms: int
    """The length of the scenario's pause: conversation, or ringing."""
    law: int
    """Payload type in its SDP."""
    tcp: bool
    called: str
    """The called number."""
    media_port: int
    echo: bool
    """Send every RTP packet back to where it came from."""
    plain: bool
    """No transport in its Contact, which it writes in capitals, and requests go to where the peer speaks from,
    because it reads no Contact with a display name. sippy cannot bear the one and gives the other.
    """
    fill: dict[str, str]
    """What stands in place of @words@ in the scenario."""
    patience_s: int
    traced: bool
    """Write every message down. True unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Sipp:
    """One SIPp under way, or at its end."""

    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    patience_s: int

    def finish(self) -> None:
        """Wait for the end, and raise AssertionError with SIPp's own words unless every call went well."""
        status = self.process.wait(self.patience_s + START_S)
        if status != 0:
            raise AssertionError(f"SIPp {self.name} ended with status {status}\n{self._errors()}")

    def figures(self) -> dict[str, str]:
        """Return the last line of SIPp's statistics, by its own column names."""
        with (self.folder / "figures.csv").open(newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))[-1]

    def count(self, column: str) -> int:
        """Return one cumulative figure: "SuccessfulCall", "FailedCall", "Retransmissions", …."""
        return int(self.figures()[f"{column}(C)"])

    def sent(self, start: str = "") -> list[str]:
        """Return the messages it sent that begin with `start`, in order, with plain line ends."""
        return self._messages(" sent ", start)

    def took(self, start: str = "") -> list[str]:
        """Return the messages it received that begin with `start`, in the same way."""
        return self._messages(" received ", start)

    def _messages(self, way: str, start: str) -> list[str]:
        text = (self.folder / "messages.txt").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        entries = [entry.partition("\n\n") for entry in text.split(f"{'-' * 47} ")[1:]]
        return [message for title, _, message in entries if way in title and message.startswith(start)]

    def _errors(self) -> str:
        said = [
            (self.folder / name).read_text(errors="replace")[-3000:]
            for name in ("errors.txt", "messages.txt", "output.txt")
            if (self.folder / name).exists()
        ]
        return "\n".join(said)


@contextmanager
def playing(
    scenario: str | Script,
    folder: Path,
    *,
    at: Address,
    to: Address | None = None,
    **options: Unpack[Options],
) -> Iterator[Sipp]:
    """Run SIPp at one address, placing calls to another one when given; wait for its good end.

    It takes messages by the time the block begins. When the block raises, SIPp is stopped without a word.
    """
    sipp = _start(scenario, folder, at, to, options)
    try:
        if to is None:
            await_socket(at, "tcp" if options.get("tcp") else "udp", process=sipp.process)
        yield sipp
        sipp.finish()
    finally:
        if sipp.process.poll() is None:
            sipp.process.kill()
            sipp.process.wait()


def _start(scenario: str | Script, folder: Path, at: Address, to: Address | None, options: Options) -> Sipp:
    name, text = _read(scenario)
    own = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
    for word, value in options.get("fill", {}).items():
        text = text.replace(f"@{word}@", value)
    if options.get("plain"):
        text = text.replace(";transport=[transport]", "")
        text = text.replace("[next_url]", "sip:[remote_ip]:[remote_port]")
    (own / "scenario.xml").write_text(text)
    calls, patience_s = options.get("calls", 1), options.get("patience_s", PATIENCE_S)
    arguments = ["sipp", "-sf", "scenario.xml", "-nostdin", "-i", at[0], "-p", str(at[1]), "-mi", at[0]]
    arguments += ["-m", str(calls), "-mp", str(options.get("media_port", 6000))]
    arguments += ["-key", "law", str(options.get("law", 0)), "-d", str(options.get("pause_ms", 200))]
    arguments += ["-t", "t1" if options.get("tcp") else "u1"]
    arguments += ["-timeout", f"{patience_s}s", "-timeout_error"]
    arguments += ["-trace_stat", "-stf", "figures.csv", "-fd", "1", "-trace_err", "-error_file", "errors.txt"]
    if options.get("traced", True):
        arguments += ["-trace_msg", "-message_file", "messages.txt"]
    if options.get("echo"):
        arguments += ["-rtp_echo"]
    if to is not None:
        host = f"[{to[0]}]" if ":" in to[0] else to[0]
        arguments += ["-s", options.get("called", CALLED), "-r", str(options.get("rate", 10))]
        arguments += ["-l", str(calls), f"{host}:{to[1]}"]
    with (own / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            arguments,
            cwd=own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "dumb"},
        )
    return Sipp(name, process, own, patience_s)


def _read(scenario: str | Script) -> tuple[str, str]:
    """Return the name and the text of a scenario: a file's, or a ladder's."""
    if isinstance(scenario, Script):
        return scenario.name, scenario.xml()
    return scenario, (SCENARIOS / f"{scenario}.xml").read_text()
