"""The torture messages of RFC 4475 and RFC 5118 over UDP to the running daemon, between OPTIONS that it must answer.

Each message is sent alone from a fresh port of a trusted address, with a Via of the sender on top; verdicts.json says
which final answers are right.
"""

import json
import random
import re
import socket
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.interop.daemon import Address, options, spell
from tests.interop.scene import Scene

MESSAGES: Final = Path(__file__).parents[1] / "torture" / "messages"
PATIENCE_S: Final = 5.0
SERIAL: Final = count(1000)
STATUS: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9]) ")

ONLY_NUMBERS: Final = """
[[route]]
match = "^\\\\+?[0-9]+$"
trunks = ["itsp"]
"""


def verdicts() -> list[dict[str, Any]]:
    """Return what is expected of each message."""
    rows: list[dict[str, Any]] = json.loads((MESSAGES / "verdicts.json").read_text())["messages"]
    return rows


def octets_of(name: str) -> bytes:
    """Return a message as the RFC has it."""
    (file,) = [*MESSAGES.glob(f"{name}.dat"), *MESSAGES.glob(f"rfc5118/{name}.sip")]
    return file.read_bytes()


def with_our_via(octets: bytes, own: Address) -> bytes:
    """Put the sender's Via on top."""
    start, end, rest = octets.partition(b"\r\n")
    via = f"Via: SIP/2.0/UDP {spell(own)};rport;branch=z9hG4bK-torture-{next(SERIAL)}\r\n"
    return start + end + via.encode() + rest


class Sender:
    """A fresh port of a trusted address."""

    def __init__(self, host: str, to: Address) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect(to)
        self._socket.settimeout(PATIENCE_S)
        self._to = to
        self.own: Address = self._socket.getsockname()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """Send one datagram."""
        self._socket.send(octets)

    def final_status(self) -> int | None:
        """Wait for a final response; None when none comes."""
        try:
            while True:
                found = STATUS.match(self._socket.recv(65535))
                if found is not None and int(found[1]) >= 200:
                    return int(found[1])
        except TimeoutError:
            return None

    def before_options_are_answered(self) -> list[bytes]:
        """Ask OPTIONS, and return what came before their answer, which must be 200."""
        serial = next(SERIAL)
        self.send(options(self.own, self._to, serial))
        before = []
        while f"ask-{serial}@".encode() not in (octets := self._socket.recv(65535)):
            before.append(octets)
        assert octets.startswith(b"SIP/2.0 200 "), octets
        return before


def fault(row: dict[str, Any], sender: Sender) -> str:
    """Send one message and OPTIONS after it; say what was wrong, or nothing."""
    sender.send(with_our_via(octets_of(row["id"]), sender.own))
    if row["kind"] == "response":
        came = sender.before_options_are_answered()
        return f"answered a response: {came}" if came else ""
    status = sender.final_status()
    sender.before_options_are_answered()
    if status is None:
        return "" if row.get("silence_ok") else "no final answer"
    wrong = status == 500 or status in row.get("not_codes", ()) or status not in row.get("codes", (status,))
    return f"answered {status}" if wrong else ""


@pytest.mark.unexamined("these messages are wrong on purpose")
@pytest.mark.parametrize("door", ["internal", "gateway"])
def test_each_torture_message_gets_the_answer_it_deserves__rfc4475_rfc5118(scene: Scene, door: str) -> None:
    inside = door == "internal"
    host, to = (scene.front_end[0], scene.internal) if inside else (scene.sbc[0], scene.gateway)
    faults = {}
    with scene.daemon(scene.configuration(more=ONLY_NUMBERS), calls=None):
        for row in verdicts():
            with Sender(host, to) as sender:
                if found := fault(row, sender):
                    faults[row["id"]] = f"{found}: {row}"
    assert not faults


@pytest.mark.unexamined("these messages are wrong on purpose")
def test_cut_and_scratched_messages_leave_the_daemon_answering(scene: Scene) -> None:
    chance = random.Random(4475)  # no secret
    with scene.daemon(scene.configuration(more=ONLY_NUMBERS), calls=None):
        for row in verdicts():
            octets = octets_of(row["id"])
            with Sender(scene.front_end[0], scene.internal) as sender:
                for _ in range(10):
                    scratched = bytearray(with_our_via(octets, sender.own))
                    for _ in range(chance.randrange(1, 8)):
                        scratched[chance.randrange(len(scratched))] = chance.randrange(256)
                    sender.send(bytes(scratched[: chance.randrange(len(scratched))]))
                    sender.send(bytes(scratched))
                sender.before_options_are_answered()
