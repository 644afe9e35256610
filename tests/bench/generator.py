"""RTP both ways through many calls, on time, each payload checked against the table and timed on its way.

No two of the 256 payloads of a direction are alike, before and after the table, so that a payload that arrives
tells by itself whether it is right and which one it is: whatever happened to sequence numbers on the way.
"""

import random
import select
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

Address = tuple[str, int]

FRAME: Final = 160
FRAME_S: Final = 0.02
VARIETY: Final = 256
"""Payloads before they repeat: 5.12 s, far more than any packet is under way."""
LAST_WAIT_S: Final = 0.5


@dataclass(slots=True)
class Direction:
    """One half of one call: from the party that speaks to the party that listens."""

    speaker: socket.socket
    listener: socket.socket
    to: Address
    payload_type: int
    payloads: Sequence[bytes]
    expected: dict[bytes, int]
    """What the listener must hear, and which payload it was."""
    sent_at: list[float] = field(default_factory=lambda: [0.0] * VARIETY)

    def speak(self, number: int) -> None:
        """Send the packet of this number."""
        index = number % VARIETY
        header = struct.pack(
            "!BBHII", 0x80, self.payload_type, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, self.to[1]
        )
        self.sent_at[index] = perf_counter()
        self.speaker.sendto(header + self.payloads[index], self.to)


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    sent: int = 0
    right: int = 0
    wrong: int = 0
    """Packets whose payload is none of those that could come."""
    delays_s: list[float] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return self.sent - self.right - self.wrong

    def delay_ms(self, share: float) -> float:
        """Return the delay that this share of the packets stayed within; of none, it is infinite."""
        ordered = sorted(self.delays_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else float("inf")


def variety(table: bytes | None) -> tuple[list[bytes], dict[bytes, int]]:
    """Return the payloads of a direction, and what each becomes by a table of 256 octets, or without one."""
    chance = random.Random(711)  # no secret
    payloads = [chance.randbytes(FRAME) for _ in range(VARIETY)]
    return payloads, {payload.translate(table): index for index, payload in enumerate(payloads)}


def exchange(directions: Sequence[Direction], seconds: float) -> Outcome:
    """Send 50 packets a second in each direction, spread evenly over time, and judge what arrives."""
    outcome = Outcome()
    listeners = {direction.listener.fileno(): direction for direction in directions}
    with select.epoll() as poll:
        for descriptor in listeners:
            poll.register(descriptor, select.EPOLLIN)
        step_s = FRAME_S / len(directions)
        total = round(seconds / FRAME_S) * len(directions)
        begin = perf_counter()
        while outcome.sent < total:
            due = begin + outcome.sent * step_s
            while due <= perf_counter() and outcome.sent < total:
                number, which = divmod(outcome.sent, len(directions))
                directions[which].speak(number)
                outcome.sent += 1
                due += step_s
            # epoll waits whole milliseconds: what is due sooner is waited for by looking again.
            wait_s = due - perf_counter()
            _take(poll, listeners, outcome, wait_s if wait_s > 0.001 else 0)
        give_up = perf_counter() + LAST_WAIT_S
        while outcome.lost and perf_counter() < give_up:
            _take(poll, listeners, outcome, 0.01)
    return outcome


def _take(poll: select.epoll, listeners: dict[int, Direction], outcome: Outcome, wait_s: float) -> None:
    for descriptor, _ in poll.poll(wait_s):
        direction = listeners[descriptor]
        packet = direction.listener.recv(2048)
        now = perf_counter()
        index = direction.expected.get(packet[12:])
        if index is None:
            outcome.wrong += 1
        else:
            outcome.right += 1
            outcome.delays_s.append(now - direction.sent_at[index])
