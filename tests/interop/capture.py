"""What really went over the wire: everything that a scene's addresses say to each other, as a capture file."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

START_S: Final = 10.0
STOP_S: Final = 10.0
LOOK_S: Final = 0.01
RING_S: Final = 0.3
"""The kernel hands packets over in blocks, the last of them so much later; who stops at once loses it."""


@contextmanager
def capturing(block: str, file: Path) -> Iterator[bool]:
    """Write every packet of a scene's block of loopback addresses into `file` while the block runs.

    Yields whether it is written: where nobody may capture, it is not. With MEDIATION_INTEROP=required that is
    an AssertionError instead.
    """
    words = file.with_suffix(".txt")
    command = ["dumpcap", "-q", "-i", "lo", "-f", f"net {block}.0/24", "-w", str(file)]
    try:
        with words.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
    except FileNotFoundError:
        _complain("dumpcap is not installed (Debian: tshark)")
        yield False
        return
    try:
        if not _begun(process, words):
            _complain(f"dumpcap may not capture here: {words.read_text(errors='replace')}")
            yield False
            return
        yield True
        sleep(RING_S)
        process.send_signal(signal.SIGINT)
        process.wait(STOP_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _begun(process: subprocess.Popen[bytes], words: Path) -> bool:
    """Wait until it has opened its file: from then on nothing is missed."""
    give_up = monotonic() + START_S
    while b"File: " not in words.read_bytes():
        try:
            process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            if monotonic() < give_up:
                continue
        return False
    return True


def _complain(reason: str) -> None:
    if os.environ.get("MEDIATION_INTEROP") == "required":
        raise AssertionError(reason)
