"""sip-doctor as a stranger: it reads what a test's capture holds and says what it thinks is wrong.

Whatever it finds fault with fails the test, unless the test has said that it does this on purpose. That a call was
refused is no fault: the tests say themselves how each call must end.
"""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

PASSED_OVER: Final = {
    "status-": "that a call was refused is for the tests themselves to judge",
    "no-audio": "most tests are about signalling, and nobody speaks",
    "poor-audio": "a hold is silence to it, and so is a second in which a busy machine did something else",
    "late-audio": "the same",
    "audio-stopped": "the same",
    "slow-pdd": "the machine, or a target that was silent on purpose",
    "invite-retransmitted": "the same",
}
"""The beginnings of its topics that say nothing about us, each with the reason."""

KNOCKING: Final = "OPTIONS"
"""Sent to a server that may not be there yet: it is how the tests know when it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that it finds fault with."""

    topic: str
    """Its own word for the kind, as in `sip-doctor explain TOPIC`."""
    title: str
    detail: str
    where: str
    """The Call-ID, or the two ends of a connection."""

    def __str__(self) -> str:
        return f"{self.topic}: {self.title} [{self.where}] {self.detail}"


def findings(capture: Path) -> list[Finding]:
    """Return what sip-doctor finds wrong in a capture file, errors and warnings alike.

    Its command is run in this process: it only reads, and takes ten times as long to start as to do so.
    """
    doctor = import_module("sipdoctor.cli")  # here, for where it is not installed
    said, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        status = doctor.main(["read", "--json", str(capture)])
    try:
        report = json.loads(said.getvalue())
    except json.JSONDecodeError:
        words = said.getvalue() + complained.getvalue()
        raise AssertionError(f"sip-doctor ended with status {status}: {words[-2000:]}") from None
    return [finding for finding in _all(report) if not finding.topic.startswith(tuple(PASSED_OVER))]


def _all(report: dict[str, Any]) -> Iterator[Finding]:
    dialogs = [(dialog["call_id"], dialog) for dialog in report["dialogs"] if dialog["kind"] != KNOCKING]
    connections = [(f"{one['client']} to {one['server']}", one) for one in report["connections"]]
    for where, part in [*dialogs, *connections]:
        for finding in part["findings"]:
            if finding["severity"] != "info":
                yield Finding(finding["topic"], finding["title"], finding["detail"], where)
