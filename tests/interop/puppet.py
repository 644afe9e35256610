"""A stranger's library as a process of its own: told what to do line by line, telling what it saw line by line.

Both ways one JSON object is one line. A script that plays a stranger reads `{"do": NAME, …}` from its standard input
and writes `{"event": NAME, …}` to its standard output; whatever it says elsewhere stands in its log.
"""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import mediation_codecs

PATIENCE_S: Final = 15.0
STOP_S: Final = 5.0
ROOT: Final = Path(__file__).parents[2]
SHELVES: Final = os.pathsep.join((str(ROOT), str(Path(mediation_codecs.__file__).parents[1])))
"""Where a script finds this repository's modules, its own neighbours among them."""

Event = dict[str, Any]


@dataclass(slots=True)
class Puppet:
    """One such process under way."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    events: list[Event] = field(default_factory=list)
    """Everything that it has told, in order."""
    _read: dict[tuple[str, Any], int] = field(default_factory=dict)
    """How far each kind of event has been asked for, of each line by itself."""
    _unread: bytes = b""

    def do(self, what: str, **parameters: Any) -> None:
        """Tell it to do something; what comes of it, its events tell."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **parameters}).encode() + b"\n")
        self.process.stdin.flush()

    def hears(self, event: str, *, within_s: float = PATIENCE_S, **wanted: Any) -> Event:
        """Return the next event of this name with these values; AssertionError if it does not come in time.

        Those of this name before it are passed over, so events of one kind must be asked for in their order.
        """
        key = event, wanted.get("line")
        give_up = monotonic() + within_s
        while True:
            for number in range(self._read.get(key, 0), len(self.events)):
                told = self.events[number]
                if told["event"] == event and wanted.items() <= told.items():
                    self._read[key] = number + 1
                    return told
            if (left := give_up - monotonic()) <= 0 or not self._listen(left):
                raise AssertionError(f"{self.name} did not tell of {event} {wanted}; it told {self.events}")

    def waits(self, seconds: float) -> None:
        """Let time pass, and take what it tells meanwhile."""
        give_up = monotonic() + seconds
        while (left := give_up - monotonic()) > 0:
            self._listen(left)

    def settles(self, quiet_s: float = 0.2) -> None:
        """Wait until it has told nothing for so long."""
        while self._listen(quiet_s):
            pass

    def unread(self, event: str) -> list[Event]:
        """Return the events of this name that nobody has asked for yet, whatever their line."""
        return [told for told in self.events[self._read.get((event, None), 0) :] if told["event"] == event]

    def _listen(self, timeout_s: float) -> bool:
        """Take what it says; False when it says nothing in time or no more."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout_s):
                return False
        octets = os.read(self.process.stdout.fileno(), 65536)
        *lines, self._unread = (self._unread + octets).split(b"\n")
        self.events += [json.loads(line) for line in lines]
        return bool(octets)


@contextmanager
def puppet(script: str, folder: Path, **settings: Any) -> Iterator[Puppet]:
    """Run `tests/interop/SCRIPT.py` with these settings, from when it says that it is ready.

    At the end of the block it is told to quit, and must do so with status 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{script}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.interop.{script}", json.dumps(settings)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": SHELVES},
        )
    own = Puppet(script, process, log)
    try:
        own.hears("ready")
        yield own
        own.do("quit")
        status = process.wait(STOP_S)
        assert status == 0, f"{script} ended with status {status}"
    except BaseException as error:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        error.add_note(f"{script} says: {log.read_text(errors='replace')[-600:]}")
        raise
    finally:
        process.kill()
        process.communicate()
