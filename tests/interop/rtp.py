"""RTP by hand: parties that speak prepared payloads on time, and keep what they hear."""

import select
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Self

Address = tuple[str, int]

FRAME: Final = 160
"""Octets of 20 ms of G.711."""
FRAME_S: Final = 0.02


@dataclass(slots=True)
class Talker:
    """One end of a conversation: a socket at its RTP port, what it says, and what it heard."""

    socket: socket.socket
    payload_type: int
    audio: bytes = b""
    """What it says, in G.711 octets; whole frames."""
    to: Address | None = None
    heard: list[bytes] = field(default_factory=list)
    """Whole RTP packets, as they came."""

    @classmethod
    def at(cls, address: Address, payload_type: int) -> Self:
        """Take a place."""
        place = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        place.bind(address)
        place.setblocking(False)
        return cls(place, payload_type)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.socket.close()

    @property
    def address(self) -> Address:
        """Where it takes RTP."""
        host, port = self.socket.getsockname()
        return host, port

    def say(self, number: int) -> None:
        """Send one frame, if there is one left."""
        payload = self.audio[number * FRAME : (number + 1) * FRAME]
        if payload and self.to is not None:
            header = struct.pack("!BBHII", 0x80, self.payload_type, number, number * FRAME, 0x5EED)
            self.socket.sendto(header + payload, self.to)

    def listen(self) -> None:
        """Take everything that is there."""
        while True:
            try:
                self.heard.append(self.socket.recv(2048))
            except BlockingIOError:
                return

    def payloads(self) -> list[bytes]:
        """Return the payloads heard of this talker's law, in the order of their sequence numbers."""
        packets = [packet for packet in self.heard if packet[1] & 0x7F == self.payload_type]
        if not packets:
            return []
        first = _sequence(packets[0])
        return [packet[12:] for packet in sorted(packets, key=lambda one: _after(first, _sequence(one)))]


def converse(talkers: Sequence[Talker], seconds: float) -> None:
    """Let all of them talk at once, a frame every 20 ms, for so long; then listen for a little more."""
    begin = monotonic()
    frames = round(seconds / FRAME_S)
    for number in range(frames + 10):
        if number < frames:
            for talker in talkers:
                talker.say(number)
        while (left := begin + (number + 1) * FRAME_S - monotonic()) > 0:
            ready, _, _ = select.select([talker.socket for talker in talkers], [], [], left)
            for talker in talkers:
                if talker.socket in ready:
                    talker.listen()


def _sequence(packet: bytes) -> int:
    number: int = struct.unpack_from("!H", packet, 2)[0]
    return number


def _after(first: int, number: int) -> int:
    """How far a sequence number lies behind the first one heard, across 65535; below 0 before it."""
    return (number - first + 0x8000) % 0x10000 - 0x8000
