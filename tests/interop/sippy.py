"""sippy's B2BUA as a stranger: another server of our kind, in line behind ours.

It lives in an environment of its own, which `make sippy` makes: its distribution brings a package `tests` that must not
meet this one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.interop.daemon import spell
from tests.interop.sockets import await_socket

Address = tuple[str, int]

PROGRAM: Final = "b2bua_simple"
STOP_S: Final = 5


def path() -> str | None:
    """Return where its program is: beside this environment, or wherever programs are; None if it is nowhere."""
    beside = Path(f"{sys.prefix}-sippy") / "bin" / PROGRAM
    return str(beside) if beside.exists() else shutil.which(PROGRAM)


@contextmanager
def passing_on(folder: Path, at: Address, to: Address) -> Iterator[Path]:
    """Run it at one address; whoever calls there is connected to the other one. Yields its log of all messages."""
    program = path()
    assert program is not None, f"{PROGRAM} is not installed"
    folder.mkdir()
    log = folder / "messages.txt"
    command = [program, "-f", "-l", at[0], "-p", str(at[1]), "-n", spell(to)]
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SIPLOG_LOGFILE_FILENAME": str(log)},
        )
    try:
        await_socket(at, "udp", process=process)
        yield log
        assert process.poll() is None, f"sippy ended with status {process.returncode}"
        said = (folder / "output.txt").read_text(errors="replace")
        assert "Traceback" not in said, f"sippy broke: {said[-3000:]}"
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
