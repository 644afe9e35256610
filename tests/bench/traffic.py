"""The load generator, a process of its own: many streams of RTP at 50 packets a second, every octet checked.

    python -m tests.bench.traffic < job.json        prints what came of it, as JSON

It spins, nearly, so that packets leave when they are due and one by one, as they would come from as many phones;
and it is cheaper than what it measures, because it sends and takes many packets in one call. What the measured
processes use is read here, too: at the very moments that the packets are counted from and to.
"""

import ctypes
import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import inf
from time import perf_counter, sleep, time_ns
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.bench.accounting import cpu_ns
from tests.bench.batches import HEARD_OCTETS, SO_TIMESTAMPNS, Inbox, Outbox
from tests.bench.patterns import FRAME, PAIRS, Numbers, Octets, Patterns
from tests.bench.sealing import SUITE, Seal, Sealing

Address = tuple[str, int]

HEADER: Final = 12
FRAME_S: Final = 0.02
BUFFER_OCTETS: Final = 16 << 20
AHEAD: Final = 64
"""Packets that are made at a time, before they are due."""
TAKE_S: Final = 0.001
"""One socket after the other is emptied, one each so often."""
RESTS_S: Final = 0.0001
"""After each such turn."""
LAST_WAIT_S: Final = 0.5
KEPT: Final = 256
"""Packets of a stream whose time of sending is kept: 5.12 s."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One direction of a call."""

    speaker: int
    """Which of the job's sockets sends."""
    to: Address
    listener: int
    """Which of them must hear it."""
    heard_from: int
    """And from which port: it tells one stream from another there."""
    payload_type: int
    kind: int
    """An index of `patterns.PAIRS`."""
    seal: Seal | None = None
    """Its keys, with SRTP."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done."""

    sockets: list[Address]
    streams: list[Stream]
    seconds: float
    tables: list[str]
    """What the codes become by each kind, in hexadecimal."""
    pids: list[int]
    """Whose time on a core is measured."""
    warm_up_s: float = 1.0
    """At the beginning, in which nothing is measured but everything is checked."""


@dataclass(slots=True)
class Outcome:
    """What came of it. Everything but the delays is about the warm-up, too."""

    sent: int = 0
    right: int = 0
    wrong: int = 0
    """Datagrams that are none of those that could come: a wrong octet, a wrong length, a stranger's."""
    double: int = 0
    out_of_step: int = 0
    """Right ones whose sequence number, timestamp or SSRC is not where its stream's first one has put it."""
    measured: int = 0
    """Packets sent since the warm-up."""
    measured_s: float = 0.0
    """How long that took."""
    used_us: float = 0.0
    """Time on a core of the measured processes meanwhile."""
    delay_ms: dict[str, float] = field(default_factory=dict)
    """Least, percentiles and most, from before the sending call to the kernel's stamp on arrival."""
    late_ms: dict[str, float] = field(default_factory=dict)
    """How much later than due packets were sent: the generator's own fault, or that of a busy machine."""
    cpu_us: float = 0.0
    """The generator's own time on a core, for each packet."""

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return self.sent - self.right


class Generator:
    """One job, from its first packet to its last."""

    def __init__(self, job: Job) -> None:
        count = len(job.streams)
        # Streams of one socket are neighbours: what is due together leaves by one call.
        streams = sorted(job.streams, key=lambda stream: stream.speaker)
        self._job = job
        self._outcome = Outcome()
        self._sockets = [_open(address) for address in job.sockets]
        self._descriptors = [sock.fileno() for sock in self._sockets]
        self._speakers = np.array([stream.speaker for stream in streams])
        self._patterns = Patterns(
            np.array([stream.kind for stream in streams]), [bytes.fromhex(table) for table in job.tables]
        )
        self._by_port = np.full((len(job.sockets), 1 << 16), -1, np.int64)
        for index, stream in enumerate(streams):
            self._by_port[stream.listener, stream.heard_from] = index
        self._sealing = Sealing.of([stream.seal for stream in streams])
        self._length = HEADER + FRAME + (SUITE.tag_octets if self._sealing else 0)
        self._frames: Octets = np.zeros((count, HEADER + FRAME), np.uint8)
        self._frames[:, 0] = 0x80
        self._frames[:, 1] = [stream.payload_type for stream in streams]
        self._frames[:, 8:12] = _big_endian(0x10000 + np.arange(count), 4)
        self._leaving: Octets = np.zeros((count, self._length), np.uint8) if self._sealing else self._frames
        self._outbox = Outbox(self._leaving, [stream.to for stream in streams])
        self._inbox = Inbox()
        rounds = round((job.warm_up_s + job.seconds) / FRAME_S)
        self._total = rounds * count
        self._first_measured = round(job.warm_up_s / FRAME_S)
        self._step_s = FRAME_S / count
        self._made = 0
        self._sent_ns = np.zeros((count, KEPT), np.int64)
        self._seen = np.zeros((count, rounds), np.bool_)
        self._origins = np.full((count, 3), -1, np.int64)
        self._delays_ns: list[Numbers] = []
        self._late_s: list[float] = []
        self._turn = 0

    def run(self) -> Outcome:
        """Send everything, and judge everything."""
        outcome, total, count = self._outcome, self._total, len(self._frames)
        measured_from = self._first_measured * count
        begin = perf_counter() + 0.05
        take_at = begin
        books: tuple[float, int, int] | None = None
        while outcome.sent < total:
            now = perf_counter()
            sent = outcome.sent
            if books is None and sent >= measured_from:
                books = self._books()
            due = min(total, int((now - begin) / self._step_s) + 1) if now >= begin else 0
            if due > sent:
                if books:
                    self._late_s.append(now - begin - sent * self._step_s)
                self._send(min(due, sent + AHEAD))
            elif now >= take_at:
                self._take()
                take_at = now + TAKE_S
                # Or else the kernel takes a twentieth of our time in one piece, for what is not SCHED_FIFO.
                sleep(RESTS_S)
            else:
                self._make()
        assert books
        outcome.measured = total - measured_from
        outcome.measured_s, used, own = (
            one - before for one, before in zip(self._books(), books, strict=True)
        )
        outcome.used_us, outcome.cpu_us = used / 1e3, own / 1e3 / outcome.measured
        give_up = perf_counter() + LAST_WAIT_S
        while perf_counter() < give_up:
            for _ in self._sockets:
                self._take()
        outcome.delay_ms = _percentiles(np.concatenate(self._delays_ns) / 1e6)
        outcome.late_ms = _percentiles(np.array(self._late_s) * 1e3)
        return outcome

    def _books(self) -> tuple[float, int, int]:
        return perf_counter(), sum(map(cpu_ns, self._job.pids)), cpu_ns(os.getpid())

    def _make(self) -> None:
        """Write the next frames, unless they stand there or what stands there was not sent yet."""
        count = len(self._frames)
        ahead = self._made - self._outcome.sent
        more = min(AHEAD, count - ahead, self._total - self._made)
        if ahead >= AHEAD or more <= 0:
            return
        packets = np.arange(self._made, self._made + more)
        streams, numbers = packets % count, packets // count
        rows = self._frames[streams] if more else self._frames
        rows[:, 2:4] = _big_endian(numbers + 3000 & 0xFFFF, 2)
        rows[:, 4:8] = _big_endian(numbers * FRAME & 0xFFFFFFFF, 4)
        rows[:, HEADER:] = self._patterns.said(streams, numbers)
        self._leaving[streams] = self._sealing.protected(streams, rows) if self._sealing else rows
        self._made += more

    def _send(self, until: int) -> None:
        """Everything up to that packet, one call for each socket among their speakers."""
        while self._made < min(until, self._outcome.sent + 1):
            self._make()
        until = min(until, self._made)
        count = len(self._frames)
        while self._outcome.sent < until:
            number, first = divmod(self._outcome.sent, count)
            last = min(count, first + until - self._outcome.sent)
            speaker = self._speakers[first]
            if self._speakers[last - 1] != speaker:
                last = int(np.searchsorted(self._speakers, speaker, "right"))
            self._sent_ns[first:last, number % KEPT] = time_ns()
            self._outbox.send(self._descriptors[speaker], first, last - first)
            self._outcome.sent += last - first

    def _take(self) -> None:
        """Empty the socket whose turn it is."""
        self._turn = (self._turn + 1) % len(self._descriptors)
        while count := self._inbox.receive(self._descriptors[self._turn]):
            self._judge(count)

    def _judge(self, count: int) -> None:
        inbox, outcome = self._inbox, self._outcome
        streams = self._by_port[self._turn, inbox.ports(count)]
        plausible = (streams >= 0) & (inbox.lengths(count) == self._length)
        rows = inbox.octets[:count, : self._length]
        times = inbox.times_ns(count)
        if not plausible.all():
            streams, rows, times = streams[plausible], rows[plausible], times[plausible]
        if self._sealing:
            rows = self._sealing.opened(streams, rows)
        payloads = rows[:, HEADER : HEADER + FRAME]
        numbers = self._patterns.numbers(streams, payloads)
        right = (numbers >= 0) & self._patterns.right(streams, numbers, payloads)
        right &= numbers < self._seen.shape[1]
        if not right.all():
            streams, rows, times, numbers = streams[right], rows[right], times[right], numbers[right]
        outcome.wrong += count - len(streams)
        double = self._seen[streams, numbers]
        self._seen[streams, numbers] = True
        outcome.double += int(double.sum())
        outcome.right += len(streams) - int(double.sum())
        self._check_headers(streams, numbers, rows)
        measured = numbers >= self._first_measured
        self._delays_ns.append((times - self._sent_ns[streams, numbers % KEPT])[measured])

    def _check_headers(self, streams: Numbers, numbers: Numbers, rows: Octets) -> None:
        header = rows[:, :HEADER].astype(np.int64)
        sequence = header[:, 2] << 8 | header[:, 3]
        timestamp = header[:, 4] << 24 | header[:, 5] << 16 | header[:, 6] << 8 | header[:, 7]
        ssrc = header[:, 8] << 24 | header[:, 9] << 16 | header[:, 10] << 8 | header[:, 11]
        origins = np.stack(
            ((sequence - numbers - 3000) & 0xFFFF, (timestamp - numbers * FRAME) & 0xFFFFFFFF, ssrc), axis=1
        )
        new = self._origins[streams, 0] < 0
        if new.any():
            self._origins[streams[new]] = origins[new]
        self._outcome.out_of_step += int((self._origins[streams] != origins).any(axis=1).sum())


def _open(address: Address) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, 33):  # 33 is SO_RCVBUFFORCE: beyond the system's limit, for root alone
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_OCTETS)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(address)
    return sock


def _big_endian(numbers: Numbers, octets: int) -> Octets:
    """One row for each number."""
    return numbers.astype(f">u{octets}").view(np.uint8).reshape(-1, octets)


def _percentiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Infinite of none: nothing ever came."""
    return {
        name: float(np.percentile(values, share)) if len(values) else inf for name, share in SHARES.items()
    }


SHARES: Final = {"min": 0.0, "p50": 50.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}


def job_of(text: str) -> Job:
    """The job of its JSON."""
    fields = json.loads(text)
    streams = [_stream(stream) for stream in fields.pop("streams")]
    return Job(sockets=[(host, port) for host, port in fields.pop("sockets")], streams=streams, **fields)


def _stream(fields: dict[str, Any]) -> Stream:
    seal = fields.pop("seal")
    return Stream(to=tuple(fields.pop("to")), seal=Seal(**seal) if seal else None, **fields)


def main() -> None:
    """Do the job that stands on stdin."""
    ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK: a sleep ends when it should
    outcome = Generator(job_of(sys.stdin.read())).run()
    sys.stdout.write(json.dumps(asdict(outcome) | {"lost": outcome.lost}))


assert HEARD_OCTETS > HEADER + FRAME
assert len(PAIRS) == 4


if __name__ == "__main__":
    main()
