"""Many datagrams in one system call: `sendmmsg` and `recvmmsg` over NumPy arrays, without a compiler.

The kernel stamps what comes (SO_TIMESTAMPNS), so a delay does not depend on when the generator looked.
"""

import ctypes
import os
import socket
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]

SO_TIMESTAMPNS: Final = 35
"""Linux, asm-generic/socket.h; the `socket` module has no name for it."""

HEARD_OCTETS: Final = 256
"""Room for one datagram: more than any that is expected, so that a longer one shows."""

_ADDRESS_OCTETS: Final = 16
_CONTROL_OCTETS: Final = 64
_TIME_AT: Final = 16
"""Where the time is in the control message of SO_TIMESTAMPNS: behind its length, level and type."""

_MESSAGE: Final = np.dtype(
    [
        ("name", "u8"), ("name_octets", "u8"), ("iov", "u8"), ("iovs", "u8"), ("control", "u8"),
        ("control_octets", "u8"), ("flags", "u8"), ("octets", "u8"),
    ]
)  # fmt: skip
"""struct mmsghdr of a 64-bit Linux: each padded 32-bit member is written as one of 64 bits."""

_VECTOR: Final = np.dtype([("base", "u8"), ("octets", "u8")])
"""struct iovec."""

_libc = ctypes.CDLL(None, use_errno=True)
_send = _libc.sendmmsg
_send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_receive = _libc.recvmmsg
_receive.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)


class Outbox:
    """Frames of equal length with a destination each, sent from a row on."""

    def __init__(self, frames: Octets, destinations: list[tuple[str, int]]) -> None:
        """`frames`: one row for each destination; write there what is sent next."""
        self._frames = frames
        self._names = np.frombuffer(b"".join(map(_address, destinations)), np.uint8).copy()
        self._vectors = np.zeros(len(frames), _VECTOR)
        self._vectors["base"] = _rows(frames)
        self._vectors["octets"] = frames.shape[1]
        self._messages = np.zeros(len(frames), _MESSAGE)
        self._messages["name"] = _start(self._names) + np.arange(len(frames)) * _ADDRESS_OCTETS
        self._messages["name_octets"] = _ADDRESS_OCTETS
        self._messages["iov"] = _start(self._vectors) + np.arange(len(frames)) * _VECTOR.itemsize
        self._messages["iovs"] = 1
        self._start = _start(self._messages)

    def send(self, sock: int, first: int, count: int) -> None:
        """Send so many rows by one socket. OSError: it cannot be done."""
        while count:
            sent = _send(sock, self._start + first * _MESSAGE.itemsize, count, 0)
            if sent < 0:
                number = ctypes.get_errno()
                if (
                    number == 111
                ):  # ECONNREFUSED: somebody's ICMP answer to a packet before; this one was not sent
                    continue
                raise OSError(number, os.strerror(number))
            first += sent
            count -= sent


class Inbox:
    """Room for many datagrams of one socket, and what is known of each."""

    def __init__(self, rows: int = 512) -> None:
        self.octets: Octets = np.zeros((rows, HEARD_OCTETS), np.uint8)
        self._names = np.zeros((rows, _ADDRESS_OCTETS), np.uint8)
        self._control = np.zeros((rows, _CONTROL_OCTETS), np.uint8)
        self._vectors = np.zeros(rows, _VECTOR)
        self._vectors["base"] = _rows(self.octets)
        self._vectors["octets"] = HEARD_OCTETS
        self._messages = np.zeros(rows, _MESSAGE)
        self._messages["name"] = _rows(self._names)
        self._messages["iov"] = _start(self._vectors) + np.arange(rows) * _VECTOR.itemsize
        self._messages["iovs"] = 1
        self._messages["control"] = _rows(self._control)
        self._start = _start(self._messages)
        self._rows = rows

    def receive(self, sock: int) -> int:
        """Take what is there, without waiting; returns how many rows of `octets` are new."""
        self._messages["name_octets"] = _ADDRESS_OCTETS
        self._messages["control_octets"] = _CONTROL_OCTETS
        taken: int = _receive(sock, self._start, self._rows, socket.MSG_DONTWAIT, None)
        return max(0, taken)

    def lengths(self, count: int) -> Numbers:
        """Octets of each datagram."""
        return self._messages["octets"][:count].astype(np.int64) & 0xFFFFFFFF

    def ports(self, count: int) -> Numbers:
        """Where each came from."""
        return self._names[:count, 2].astype(np.int64) << 8 | self._names[:count, 3]

    def times_ns(self, count: int) -> Numbers:
        """When the kernel had each, on the clock of `time.time_ns`."""
        stamps = self._control[:count, _TIME_AT : _TIME_AT + 16].copy().view(np.int64)
        return stamps[:, 0] * 1_000_000_000 + stamps[:, 1]


def _address(endpoint: tuple[str, int]) -> bytes:
    """struct sockaddr_in."""
    host, port = endpoint
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def _start(array: NDArray[np.generic]) -> int:
    return array.ctypes.data


def _rows(array: Octets) -> NDArray[np.uint64]:
    return (array.ctypes.data + np.arange(len(array)) * array.strides[0]).astype(np.uint64)
