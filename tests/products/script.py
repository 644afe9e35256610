"""What a product says: messages as it sends them, with gaps for what only a call can fill.

One file is one product. A head of `name: value` lines, then sections that begin with `=== name`; a section is a
message as it stands on the wire, or lines that a test expects. `[gap]` is filled by whoever plays it, `[hex C3 BC]`
stands for octets that are no text, and `[length]` for the octets of the body.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.peer_media import USUAL_SUITES, PeerMedia
from mediation.sip.flow import Transport
from mediation.sip.headers import header_key

MESSAGES = Path(__file__).parent / "messages"
_GAP = re.compile(r"\[([a-z_]+)\]")
_HEX = re.compile(rb"\[hex((?: [0-9A-F]{2})+)\]")
_FOLD = re.compile(rb"\r\n[ \t]+")
METHOD = re.compile(r"[A-Z]+")


@dataclass(frozen=True, slots=True)
class Audio:
    """What the other party must hear of a description: where, with which numbers, how long the packets."""

    remote: tuple[str, int]
    law: int
    event: int | None
    ptime_ms: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`192.0.2.7 17388 law 0 events 101 ptime 20`; events may be `none`."""
        host, port, _, law, _, event, _, ptime = text.split(" ")
        return cls((host, int(port)), int(law), None if event == "none" else int(event), int(ptime))


@dataclass(frozen=True, slots=True)
class Script:
    """One product."""

    name: str
    head: dict[str, str]
    sections: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file. Lines of the head that begin with # are for people."""
        head, *sections = path.read_text("utf-8").split("\n=== ")
        lines = [line.partition(": ") for line in head.split("\n") if line and not line.startswith("#")]
        parts = [section.partition("\n") for section in sections]
        return cls(
            path.stem,
            {name: value.strip() for name, _, value in lines},
            {name: text.rstrip("\n") for name, _, text in parts},
        )

    def __str__(self) -> str:
        return self.name

    @property
    def transport(self) -> Transport:
        """What it speaks over."""
        return Transport(self.head["transport"])

    @property
    def law(self) -> str:
        """The law that is agreed with it; empty where none can be."""
        return self.head.get("law", "")

    @property
    def media(self) -> PeerMedia:
        """How audio goes with it: `srtp: MODE SUITE …`."""
        mode, *suites = self.head.get("srtp", "off").split(" ")
        chosen = tuple(Suite(name) for name in suites) or USUAL_SUITES
        return PeerMedia(srtp=SrtpMode(mode), srtp_suites=chosen)

    @property
    def messages(self) -> dict[str, str]:
        """The sections that are messages."""
        return {name: text for name, text in self.sections.items() if not name.startswith("our ")}

    @property
    def failures(self) -> list[str]:
        """The final refusals of an INVITE that it sends."""
        return [name for name in self.messages if name.isdigit() and int(name) >= 300 and name != "487"]

    def has(self, name: str) -> bool:
        """Whether there is such a section."""
        return name in self.sections

    def audio(self, name: str) -> Audio:
        """A line of the head that tells what a description comes to."""
        return Audio.parse(self.head[name])

    def ours(self, name: str, gaps: dict[str, str]) -> str:
        """Lines that we are expected to send."""
        return filled(self.sections[f"our {name}"], gaps).replace("\n", "\r\n") + "\r\n"

    def message(self, name: str, gaps: dict[str, str]) -> bytes:
        """A message, as octets."""
        return message(self.sections[name], gaps)


def filled(text: str, gaps: dict[str, str]) -> str:
    """Every gap that has a name filled; what else stands in brackets, IPv6 addresses say, stays."""
    return _GAP.sub(lambda match: gaps.get(match[1], match[0]), text)


def octets(text: str) -> bytes:
    """Lines as they go over the wire."""
    plain = text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
    return _HEX.sub(lambda match: bytes.fromhex(match[1].decode()), plain)


def message(text: str, gaps: dict[str, str]) -> bytes:
    """A message from its template. One without a body ends with its last header."""
    head, blank, rest = filled(text, gaps).partition("\n\n")
    body = octets(rest + "\n") if blank else b""
    return octets(filled(head, {"length": str(len(body))})) + b"\r\n\r\n" + body


def lines_of(octets: bytes) -> list[tuple[str, bytes]]:
    """Keys and values of a message as they stand on the wire, folds undone: a reader of the tests' own."""
    unfolded = _FOLD.sub(b" ", octets.partition(b"\r\n\r\n")[0])
    pairs = (line.partition(b":") for line in unfolded.split(b"\r\n")[1:])
    return [(header_key(name.strip(b" \t").decode()), value.strip(b" \t")) for name, _, value in pairs]


SCRIPTS = [Script.read(path) for path in sorted(MESSAGES.glob("*.txt"))]
