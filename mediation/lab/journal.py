"""What a simulator writes down for whoever judges it: one JSON line for each message, note and recording."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from mediation.lab.identify import ReceivedPacket, SentPacket
from mediation.lab.stream import Recording
from mediation.lab.user_agent import Noted, Seen
from mediation.sdp.crypto import without_keys
from mediation.sip.agent import hostport
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.message import Message


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A SIP message as a simulator saw it."""

    at_s: float
    """The monotonic clock, which all processes of one machine share."""
    sent: bool
    local: str
    remote: str
    text: str

    @property
    def message(self) -> Message | None:
        """The message, parsed; None when it is none."""
        try:
            return parse_datagram(self.text.encode("utf-8", "surrogateescape"))
        except MalformedMessage:
            return None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to a call."""

    at_s: float
    call: str
    what: str


Entry = SeenMessage | Note | Recording


class Journal:
    """Writes entries; the file is whole after every line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, entry: Seen | Noted | Recording, at_s: float) -> None:
        """Write one entry down."""
        match entry:
            case Seen(sent, local, remote, octets):
                line: Mapping[str, object] = {
                    "sip": without_keys(octets)
                    .decode("utf-8", "surrogateescape")
                    .encode("utf-8", "backslashreplace")
                    .decode(),
                    "at": at_s,
                    "sent": sent,
                    "local": hostport(local),
                    "remote": hostport(remote),
                }
            case Noted(call, what):
                line = {"note": what, "call": call, "at": at_s}
            case Recording():
                line = {
                    "recording": entry.call,
                    "speaks_as": entry.speaks_as,
                    "law": entry.law,
                    "payload_type": entry.payload_type,
                    "sent": [(p.sent_s, p.sequence, p.timestamp, _text(p.payload)) for p in entry.sent],
                    "received": [
                        (
                            p.arrival_s,
                            p.sequence,
                            p.timestamp,
                            p.payload_type,
                            p.marker,
                            _text(p.payload),
                            p.ssrc,
                        )
                        for p in entry.received
                    ],
                }
        self._stream.write(json.dumps(line, ensure_ascii=True) + "\n")
        self._stream.flush()


class JournalReader:
    """Reads a journal as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.entries: list[Entry] = []

    def read_on(self) -> Iterator[Entry]:
        """What is new since the last look."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._at)
            new = stream.read()
        whole, _, _ = new.rpartition(b"\n")
        self._at += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            entry = _entry(json.loads(line))
            self.entries.append(entry)
            yield entry


def _entry(line: Mapping[str, object]) -> Entry:
    match line:
        case {
            "sip": str(text),
            "at": float(at),
            "sent": bool(sent),
            "local": str(local),
            "remote": str(remote),
        }:
            return SeenMessage(at, sent, local, remote, text)
        case {"note": str(what), "call": str(call), "at": float(at)}:
            return Note(at, call, what)
        case {
            "recording": str(call), "speaks_as": str(speaks_as), "law": str(law), "payload_type": int(payload_type),
            "sent": list(sent_packets), "received": list(received_packets),
        }:  # fmt: skip
            return Recording(
                call,
                speaks_as,
                law,
                payload_type,
                [
                    SentPacket(at, sequence, timestamp, _octets(text))
                    for at, sequence, timestamp, text in sent_packets
                ],
                [
                    ReceivedPacket(at, sequence, timestamp, kind, marker, _octets(text), ssrc)
                    for at, sequence, timestamp, kind, marker, text, ssrc in received_packets
                ],
            )
        case _:
            raise ValueError(f"no journal line: {line}")


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(text: str) -> bytes:
    return base64.b64decode(text)
