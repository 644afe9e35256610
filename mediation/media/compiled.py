"""The door to what is compiled: `course.c`, made when the project is installed (`hatch_build.py`).

It is compiled because that wins: on the machines measured a packet costs from a fifth to a half less than by the same
steps in Python, and what is left is the kernel's. The compiler comes from the package index where the machine has none.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final

LARGEST: Final = 2048
"""Octets of a datagram that are read; more is no audio of ours. One of so many may have been cut."""

MOST_READY: Final = 2048
"""Sockets served in one wake; the others have their turn at once after it."""

MOST_STRAYS: Final = 16
"""Datagrams of a wake that may turn out not to follow. What more there is stays unread for Python."""


class CourseState(ctypes.Structure):
    """See `struct course`."""

    _fields_ = (
        ("table", ctypes.c_void_p), ("due", ctypes.c_int64), ("tolerance", ctypes.c_int64),
        ("jitter_16", ctypes.c_int64), ("timestamp", ctypes.c_uint32), ("ssrc", ctypes.c_uint32),
        ("timestamp_offset", ctypes.c_uint32), ("leaving_ssrc", ctypes.c_uint32),
        ("packets", ctypes.c_uint32), ("unsent", ctypes.c_uint32), ("octets", ctypes.c_int32),
        ("sink", ctypes.c_int32), ("sequence", ctypes.c_uint16), ("sequence_offset", ctypes.c_uint16),
        ("payload_type", ctypes.c_uint8), ("leaving_type", ctypes.c_uint8),
    )  # fmt: skip


class Wake(ctypes.Structure):
    """See `struct wake`."""

    _fields_ = (
        ("ready", ctypes.c_int32), ("left", ctypes.c_int32), ("strays", ctypes.c_int32),
        ("sockets", ctypes.c_int32 * MOST_READY), ("stray_sockets", ctypes.c_int32 * MOST_STRAYS),
        ("stray_octets", ctypes.c_int32 * MOST_STRAYS),
        ("packets", ctypes.c_uint8 * LARGEST * MOST_STRAYS),
    )  # fmt: skip


def _library() -> ctypes.CDLL:
    place = Path(__file__).with_name("libcourse.so")
    try:
        library = ctypes.CDLL(str(place))
    except OSError as error:
        raise ImportError(f"{error}. Install the project again, which compiles it (pip install)") from None
    for name, structure in (("course_octets", CourseState), ("wake_octets", Wake)):
        if ctypes.c_int32.in_dll(library, name).value != ctypes.sizeof(structure):
            raise ImportError(f"{place} is of another version. Install the project again.")
    return library


_COMPILED: Final = _library()

course_follow: Final[Callable[[int, bytes, int, int, int], int]] = _COMPILED.course_follow
"""Of the addresses of a state and of the packet that leaves, whether a packet of that many octets follows."""
_COMPILED.course_follow.argtypes = (
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64, ctypes.c_void_p,
)  # fmt: skip

loop_wait: Final[Callable[[int, int, int, int], int]] = _COMPILED.loop_wait
"""Wait at an epoll, so many ms at most (-1: for ever), for so many sockets, and write which have something to the wake
at this address. An error's number, or 0."""
_COMPILED.loop_wait.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)

loop_serve: Final[Callable[["ctypes.Array[ctypes.c_void_p]", int, int, int], None]] = _COMPILED.loop_serve
"""Serve them: by the addresses of courses by socket, and how many these are; at this time; in the wake at this
address."""
_COMPILED.loop_serve.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)
_COMPILED.loop_serve.restype = None
