"""When another process has opened its socket: it does not say so, but the kernel does."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Final

Address = tuple[str, int]

START_S: Final = 10.0
LOOK_S: Final = 0.02
WAITING: Final = {"udp": "07", "tcp": "0A"}
"""The state of a socket that anybody may send to: what is left of an earlier TCP connection looks otherwise."""


def await_socket(at: Address, transport: str, *, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody has opened a socket at this address, "udp" or "tcp".

    Raises AssertionError if the process ends first. Binding it to see would take it from its owner.
    """
    table = Path(f"/proc/net/{transport}{'6' if ':' in at[0] else ''}")
    place = re.compile(rf" {_kernel_form(at)} [0-9A-F:]+ {WAITING[transport]} ")
    give_up = monotonic() + START_S
    while monotonic() < give_up:
        if place.search(table.read_text()):
            return
        try:
            status = process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{process.args!r} ended with status {status} before it began")
    raise AssertionError(f"nobody opened {at} in {START_S} s")


def _kernel_form(at: Address) -> str:
    """An address as /proc/net shows it: each word of 32 bits in the machine's own order."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in at[0] else socket.AF_INET, at[0])
    words = [packed[i : i + 4] for i in range(0, len(packed), 4)]
    ordered = [word[::-1] if sys.byteorder == "little" else word for word in words]
    return b"".join(ordered).hex().upper() + f":{at[1]:04X}"
