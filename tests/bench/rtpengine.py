"""rtpengine as a peer of the media workers: Debian's daemon in userspace, told what to do by its ng protocol."""

import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from itertools import count
from typing import Final, Self

from tests.bench.accounting import placed

Address = tuple[str, int]
Bencoded = dict[str, "str | list[str] | Bencoded"]

START_LIMIT_S: Final = 10.0
ANSWER_LIMIT_S: Final = 5.0
_CODES: Final = bytes(range(256)) + bytes(64)
"""Two frames of 160 octets."""
_TEXTS: Final = re.compile(rb"3:sdp(\d+):")
_AUDIO: Final = re.compile(r"^m=audio (\d+) ", re.MULTILINE)
_RTPMAPS: Final = {0: "PCMU/8000", 8: "PCMA/8000"}


def is_installed() -> bool:
    """Whether the daemon is there: Debian has it as rtpengine-daemon."""
    return shutil.which("rtpengine") is not None


class Rtpengine:
    """One process with one media thread, on a core of its own. Use it as a context."""

    def __init__(self, host: str, core: int) -> None:
        self._host = host
        self._control: Address = (host, 2223)
        self._cookies = count(1)
        with placed(core):
            self._process = subprocess.Popen(
                [
                    "rtpengine", "--foreground", "--table=-1", "--num-threads=1", "--config-file=none",
                    f"--interface={host}", f"--listen-ng={host}:2223", "--port-min=10000",
                    "--port-max=29999", "--log-level=2", "--log-stderr", "--timeout=600",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self._host, 0))
        self._socket.settimeout(0.1)
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            try:
                self._ask({"command": "ping"})
            except TimeoutError:
                continue
            self._socket.settimeout(ANSWER_LIMIT_S)
            return self
        self.__exit__()
        raise RuntimeError("rtpengine does not answer")

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Of the daemon, which has no children."""
        return self._process.pid

    def open(
        self, call: str, caller: tuple[Address, int], callee: tuple[Address, int]
    ) -> tuple[Address, Address]:
        """Set up a call; each party is its endpoint and its payload type. What they must send to comes back."""
        offer: Bencoded = {
            "command": "offer", "call-id": call, "from-tag": "caller", "sdp": _sdp(*caller), "ICE": "remove",
        }  # fmt: skip
        if caller[1] != callee[1]:
            name = {payload_type: rtpmap.split("/")[0] for payload_type, rtpmap in _RTPMAPS.items()}
            offer["codec"] = {"mask": [name[caller[1]]], "transcode": [name[callee[1]]]}
        for_callee = self._port(self._ask(offer))
        for_caller = self._port(
            self._ask(
                {
                    "command": "answer", "call-id": call, "from-tag": "caller", "to-tag": "callee",
                    "sdp": _sdp(*callee), "ICE": "remove",
                }
            )
        )  # fmt: skip
        return (self._host, for_caller), (self._host, for_callee)

    def close(self, call: str) -> None:
        """End a call."""
        self._ask({"command": "delete", "call-id": call, "from-tag": "caller", "delete-delay": "0"})

    def table(self, source: int, sink: int, caller: str, callee: str) -> bytes:
        """What it makes of each code of one law for the other, learnt by a call of its own."""
        half = len(_CODES) // 2
        heard = b""
        with socket.socket(type=socket.SOCK_DGRAM) as mouth, socket.socket(type=socket.SOCK_DGRAM) as ear:
            mouth.bind((caller, 0))
            ear.bind((callee, 0))
            ear.settimeout(ANSWER_LIMIT_S)
            parties = ((mouth.getsockname(), source), (ear.getsockname(), sink))
            to, _ = self.open("table", *parties)
            for number in range(4):
                said = _CODES[:half] if number % 2 == 0 else _CODES[half:]
                header = struct.pack("!BBHII", 0x80, source, number, number * half, 1)
                mouth.sendto(header + said, to)
                heard += ear.recv(2048)[12:]
            self.close("table")
        return heard[-len(_CODES) :][:256]  # the first ones may be those of a decoder that begins

    def _ask(self, command: Bencoded) -> bytes:
        cookie = f"{next(self._cookies)}"
        self._socket.sendto(f"{cookie} ".encode() + _bencode(command), self._control)
        while True:
            answer = self._socket.recv(65536)
            if answer.startswith(f"{cookie} ".encode()):
                return answer

    def _port(self, answer: bytes) -> int:
        found = _TEXTS.search(answer)
        if found is None:
            raise RuntimeError(f"rtpengine answers {answer[:200]!r}")
        sdp = answer[found.end() : found.end() + int(found[1])].decode()
        audio = _AUDIO.search(sdp)
        if audio is None:
            raise RuntimeError(f"no audio in {sdp!r}")
        return int(audio[1])


def _bencode(value: str | list[str] | Bencoded) -> bytes:
    match value:
        case str():
            octets = value.encode()
            return b"%d:" % len(octets) + octets
        case list():
            return b"l" + b"".join(map(_bencode, value)) + b"e"
        case dict():
            return b"d" + b"".join(_bencode(key) + _bencode(item) for key, item in value.items()) + b"e"


def _sdp(endpoint: Address, payload_type: int) -> str:
    host, port = endpoint
    lines = (
        "v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP {payload_type}", f"a=rtpmap:{payload_type} {_RTPMAPS[payload_type]}",
        "a=sendrecv", "a=ptime:20", "",
    )  # fmt: skip
    return "\r\n".join(lines)
