"""The daemon as its users have it: a process, a file, signals and a log."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, dropwhile
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

Address = tuple[str, int]

START_S: Final = 20
STOP_S: Final = 10

OPTIONS: Final = """OPTIONS sip:{to} SIP/2.0
Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK-ask-{serial}
From: <sip:ask@{own}>;tag=ask{serial}
To: <sip:{to}>
Call-ID: ask-{serial}@{own}
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

"""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One `mediation run` under way, or at its end."""

    process: subprocess.Popen[bytes]
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        """Return its log so far, one dictionary a line; a line that is no JSON is AssertionError.

        Before the log begins, warnings about the configuration stand there for people.
        """
        text = (self.folder / "log.jsonl").read_text(errors="replace")
        lines = list(dropwhile(lambda line: not line.startswith("{"), text.splitlines()))
        try:
            return [json.loads(line) for line in lines if line]
        except json.JSONDecodeError as error:
            raise AssertionError(f"not a line of JSON in the log: {error.doc!r}") from None

    def records(self) -> list[dict[str, Any]]:
        """Return the call records written so far."""
        file = self.folder / "cdr.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def stop(self) -> None:
        """End it as its operator would; it has to go at once, in peace, and with status 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_S)
        assert status == 0, f"the daemon ended with status {status}\n{self.last_words()}"
        bad = [line for line in self.log() if line.get("level") in {"error", "critical"}]
        assert not bad, f"errors in the daemon's log: {bad}"

    def tells(self, event: str, *, times: int = 1) -> None:
        """Wait until its log has had an event so often."""
        give_up = monotonic() + START_S
        while [line.get("event") for line in self.log()].count(event) < times:
            assert monotonic() < give_up, f"no {event} in {START_S} s\n{self.last_words()}"
            sleep(0.05)

    def last_words(self) -> str:
        """Return the end of its log, for a failure to show."""
        return (self.folder / "log.jsonl").read_text(errors="replace")[-4000:]


@contextmanager
def running(
    configuration: str, folder: Path, *, asker: Address, at: Address, calls: int | None
) -> Iterator[Daemon]:
    """Run the daemon with this configuration, from when it answers OPTIONS of the asker.

    At the end of the block it is stopped, and must have written `calls` call records; None does not ask.
    """
    file = folder / "mediation.toml"
    file.write_text(configuration)
    with (folder / "log.jsonl").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mediation", "run", "-c", str(file)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    daemon = Daemon(process, folder)
    try:
        _await_answer(daemon, asker, at)
        yield daemon
        daemon.stop()
        records = daemon.records()
        assert calls in (len(records), None), f"{len(records)} call records for {calls} calls: {records[-3:]}"
    except BaseException as error:
        error.add_note(f"the daemon's log ends with:\n{daemon.last_words()}")
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def options(own: Address, to: Address, serial: int) -> bytes:
    """Return an OPTIONS request from one address to another; another serial number, another request."""
    spelled = OPTIONS.format(own=spell(own), to=spell(to), serial=serial)
    return spelled.replace("\n", "\r\n").encode()


def spell(address: Address) -> str:
    """Return host and port as URIs have them (RFC 3986 section 3.2.2)."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _await_answer(daemon: Daemon, asker: Address, to: Address) -> None:
    """Ask OPTIONS until an answer comes. A process that is not there yet refuses at once, hence the wait."""
    give_up = monotonic() + START_S
    with socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(asker)
        phone.connect(to)
        phone.settimeout(0.5)
        for serial in count():
            try:
                phone.send(options(phone.getsockname()[:2], to, serial))
                if phone.recv(65535):
                    return
            except TimeoutError:
                pass
            except ConnectionRefusedError:
                _assert_alive(daemon, 0.05)
            if monotonic() > give_up:
                raise AssertionError(f"the daemon does not answer OPTIONS at {to} after {START_S} s")


def _assert_alive(daemon: Daemon, wait_s: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        status = daemon.process.wait(wait_s)
        raise AssertionError(f"the daemon ended with status {status} before it served")
