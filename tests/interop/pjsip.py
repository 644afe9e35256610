"""PJSIP from the test's side: a telephone that is told what to do, and the log of what it really sent and received."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.interop.puppet import Event, Puppet, puppet

Address = tuple[str, int]

CODECS: Final = {0: "PCMU/8000/1", 8: "PCMA/8000/1"}
MESSAGE: Final = re.compile(r"(TX|RX) \d+ bytes [^\n]*:\n(.*?)\n--end msg--", re.DOTALL)


@dataclass(slots=True)
class Pjsip:
    """One telephone under way. Its calls are numbered from 1 in the order in which they began."""

    puppet: Puppet
    folder: Path

    def do(self, what: str, **parameters: Any) -> None:
        """Tell it to do something: see the orders of `peer_pjsua2.py`."""
        self.puppet.do(what, **parameters)

    def hears(self, event: str, **wanted: Any) -> Event:
        """Return the next event of this name with these values."""
        return self.puppet.hears(event, **wanted)

    def is_up(self, line: int = 1) -> Event:
        """Wait until a call of it is answered and acknowledged."""
        return self.hears("state", line=line, state="CONFIRMED")

    def is_down(self, line: int = 1) -> Event:
        """Wait until a call of it is over."""
        return self.hears("state", line=line, state="DISCONNECTED")

    def did(self, method: str, status: int = 200, line: int = 1) -> Event:
        """Wait for the good end of a request that it sent."""
        return self.hears("transaction", line=line, role="client", method=method, status=status)

    def saw(self, method: str, status: int = 200, line: int = 1) -> Event:
        """Wait for the good end of a request that it received."""
        return self.hears("transaction", line=line, role="server", method=method, status=status)

    def count(self, line: int = 1) -> Event:
        """Return how many packets of audio it has received, lost and sent."""
        self.do("count", line=line)
        return self.hears("count", line=line)

    def sent(self, start: str = "") -> list[str]:
        """Return the messages that it sent and that begin with this."""
        return self._messages("TX", start)

    def took(self, start: str = "") -> list[str]:
        """Return the messages that it received and that begin with this."""
        return self._messages("RX", start)

    def _messages(self, way: str, start: str) -> list[str]:
        text = (self.folder / "pjsip.log").read_bytes().decode(errors="replace").replace("\r\n", "\n")
        return [text for found, text in MESSAGE.findall(text) if found == way and text.startswith(start)]


@contextmanager
def telephone(
    folder: Path, at: Address, law: int, *, user: str = "pjsip", transport: str = "udp", **more: Any
) -> Iterator[Pjsip]:
    """Run a PJSIP at this address that knows one law; `more` are settings of `peer_pjsua2.py`.

    With `answers=[180, 200]` it answers every call like that.
    """
    host, port = at
    set_ = {"host": host, "port": port, "user": user, "transport": transport, "codecs": [CODECS[law]], **more}
    with puppet("peer_pjsua2", folder, **set_) as process:
        yield Pjsip(process, folder)
