"""What a SIPp has seen, read from its trace of messages while it goes on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

_ENTRY: Final = f"{'-' * 47} "
_WHEN: Final = re.compile(r"(\d{4}-\d\d-\d\d)\s+(\d\d:\d\d:\d\d\.\d+)")
_CALL_ID: Final = re.compile(r"^Call-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_CALLER: Final = re.compile(r"^From:[^\n]*?sips?:(\+?[0-9]+)@", re.MULTILINE | re.IGNORECASE)
_INVITED: Final = re.compile(r"^CSeq:\s*\d+\s+INVITE", re.MULTILINE | re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """One call as one SIPp has seen it. Times are seconds of Unix time."""

    caller: str
    """Its number: each call of a course has one of its own, so that both ends can be put together."""
    began: float
    """When its INVITE went out or came in first."""
    status: int = 0
    """Its final response; 0: none so far."""
    ended: float = 0.0
    """When that was."""


@dataclass(slots=True)
class Journal:
    """The calls of one SIPp, by Call-ID, in the order in which they began."""

    file: Path
    calls: dict[str, Seen] = field(default_factory=dict)
    _read: int = 0

    def refresh(self) -> None:
        """Read what was written since."""
        if not self.file.exists():
            return
        with self.file.open("rb") as file:
            file.seek(self._read)
            octets = file.read()
        whole = octets.rfind(_ENTRY.encode())
        if whole <= 0:
            return
        self._read += whole
        for entry in octets[:whole].decode("utf-8", "replace").replace("\r\n", "\n").split(_ENTRY)[1:]:
            self._take(entry)

    def of(self, caller: str, since: float, until: float = float("inf")) -> Iterator[Seen]:
        """The calls that began in a while, of callers whose numbers begin so."""
        return (
            each
            for each in self.calls.values()
            if each.caller.startswith(caller) and since <= each.began < until
        )

    def _take(self, entry: str) -> None:
        title, _, message = entry.partition("\n\n")
        when, call_id = _WHEN.search(title), _CALL_ID.search(message)
        if when is None or call_id is None or not _INVITED.search(message):
            return
        at = datetime.fromisoformat(f"{when[1]} {when[2][:15]}").timestamp()
        if message.startswith("INVITE "):
            caller = _CALLER.search(message)
            self.calls.setdefault(call_id[1], Seen(caller[1] if caller else "", at))
        elif message.startswith("SIP/2.0 ") and (seen := self.calls.get(call_id[1])) and not seen.status:
            status = int(message[8:11])
            if status >= 200:
                seen.status, seen.ended = status, at
