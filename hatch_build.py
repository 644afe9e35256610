"""Compiles `course.c` when the project is installed or a wheel of it is made.

A compiler of the machine does it (`CC`, or `cc`). Where there is none, one comes from the package index, for as long as
it takes: Zig's, which is a C compiler too and brings the headers.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "mediation/media/course.c"
LIBRARY = "mediation/media/libcourse.so"


class CompiledCourse(BuildHookInterface):
    """See the module."""

    def dependencies(self) -> list[str]:
        """What the index must bring."""
        return [] if _compiler() else ["ziglang>=0.13"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and take the result along."""
        root = Path(self.root)
        command = _compiler() or [sys.executable, "-m", "ziglang", "cc"]
        new = root / f"{LIBRARY}.new"
        subprocess.run(  # noqa: S603 - whom the machine's owner has named
            [*command, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC",
             "-s", "-o", str(new), str(root / SOURCE)],
            check=True,
        )  # fmt: skip
        new.replace(root / LIBRARY)  # whoever has the one before it open keeps that
        build_data["artifacts"].append(LIBRARY)
        build_data["pure_python"] = False
        # It needs no headers of Python: one wheel is for all versions of it.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def _compiler() -> list[str]:
    if named := os.environ.get("CC"):
        return shlex.split(named)
    found = shutil.which("cc")
    return [found] if found else []
