"""One session on real loopback sockets, without a worker: the test serves the sockets and pushes the time."""

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mediation.b2bua.media_facts import KeyHeard, MediaAmiss, MediaClosed, MediaSilent, SoundEnded
from mediation.b2bua.plan import Fax, FaxPlan, MediaPlan, Stream
from mediation.media.course import Course
from mediation.media.loop import Handler
from mediation.media.ports import PortPair, PortPool
from mediation.media.session import Chance, Session
from mediation.media.shelf import Shelf
from mediation.rtp.packet import build
from mediation_codecs.law import Law


def own(number: int) -> str:
    """A loopback address that only this process uses, so that tests may run side by side."""
    process = os.getpid() % 65_000
    return f"127.{100 + number}.{process // 250}.{1 + process % 250}"


OURS = (own(1), own(2))
CALLER, CALLEE, STRANGER = own(3), own(4), own(5)
SECOND = 8000
LIMIT_S = 2.0
"""A packet on loopback that takes longer is not coming."""

PAYLOAD_TYPES = {Law.PCMU: 0, Law.PCMA: 8}


def udp(host: str, port: int = 0) -> socket.socket:
    """A socket that waits no longer than LIMIT_S."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LIMIT_S)
    sock.bind((host, port))
    return sock


def stream(
    sock: socket.socket,
    rtcp: socket.socket | None = None,
    *,
    law: Law = Law.PCMU,
    event: int | None = 101,
    sends: bool = True,
    takes: bool = True,
) -> Stream:
    """What a party with these sockets would describe."""
    host, port = sock.getsockname()[:2]
    rtcp_port = port + 1 if rtcp is None else rtcp.getsockname()[1]
    return Stream((host, port), (host, rtcp_port), law, PAYLOAD_TYPES[law], event, 20, sends, takes)


def packet(
    number: int, payload: bytes = b"\x55" * 160, *, payload_type: int = 0, ssrc: int = 0x1111
) -> bytes:
    """Packet `number` of a stream that began at 0."""
    return build(payload_type, number & 0xFFFF, 160 * number & 0xFFFFFFFF, ssrc, payload)


class Circuit:
    """A session between two phones; `phones` are (RTP, RTCP) sockets of the caller and of the callee."""

    def __init__(
        self, hosts: tuple[str, str], parties: tuple[str, str], chance: Chance, shelf: Shelf | None = None
    ) -> None:
        self.handlers: dict[socket.socket, Handler] = {}
        self.silent: list[MediaSilent] = []
        self.keys: list[KeyHeard] = []
        self.amiss: list[MediaAmiss] = []
        self.heard_out: list[SoundEnded] = []
        self.now = 1000 * SECOND
        self._pools = [PortPool(40000, 44999, quarantine=0, start=hash(self) >> 4) for _ in hosts]
        self.pairs: tuple[PortPair, PortPair] = (
            self._pools[0].take(hosts[0]),
            self._pools[1].take(hosts[1]),
        )
        self.caller, self.caller_rtcp = udp(parties[0]), udp(parties[0])
        self.callee, self.callee_rtcp = udp(parties[1]), udp(parties[1])
        self._others: list[socket.socket] = []
        self._further: dict[int, PortPair] = {}
        self.session = Session(
            "call",
            self.pairs,
            self,
            self._hear,
            chance=chance,
            rtcp_interval_s=5.0,
            shelf=shelf or {},
        )

    def watch(self, sock: socket.socket, handler: Handler) -> None:
        self.handlers[sock] = handler

    def follow(self, sock: socket.socket, course: Course) -> None:
        self.handlers[sock] = course.hear

    def forget(self, sock: socket.socket) -> None:
        del self.handlers[sock]

    def remind(self) -> None:
        """The test looks at the deadline itself."""

    def _hear(self, fact: MediaSilent | MediaAmiss | KeyHeard | SoundEnded) -> None:
        match fact:
            case KeyHeard():
                self.keys.append(fact)
            case SoundEnded():
                self.heard_out.append(fact)
            case MediaAmiss():
                self.amiss.append(fact)
            case MediaSilent():
                self.silent.append(fact)

    def plan(
        self,
        caller: Stream | None = None,
        callee: Stream | None = None,
        silence_s: float = 30,
        pairs: tuple[int, int] = (0, 1),
        *,
        watched: bool = False,
    ) -> MediaPlan:
        """µ-law for the caller and A-law for the callee, unless said otherwise."""
        return MediaPlan(
            caller or stream(self.caller, self.caller_rtcp),
            callee or stream(self.callee, self.callee_rtcp, law=Law.PCMA),
            silence_s,
            *pairs,
            watched=watched,
        )

    def fax(self, caller: socket.socket | None = None, callee: socket.socket | None = None) -> FaxPlan:
        """T.38 by the phones' RTP sockets, unless said otherwise."""
        return FaxPlan(
            Fax((caller or self.caller).getsockname()[:2]), Fax((callee or self.callee).getsockname()[:2])
        )

    def apply(self, plan: MediaPlan | FaxPlan | None = None) -> None:
        self.session.apply(plan or self.plan(), self.now)

    def from_caller(self, datagram: bytes, by: socket.socket | None = None) -> None:
        """The caller, or somebody else, sends to the port for the caller."""
        (by or self.caller).sendto(datagram, (self.pairs[0].host, self.pairs[0].port))

    def from_callee(self, datagram: bytes, by: socket.socket | None = None) -> None:
        (by or self.callee).sendto(datagram, (self.pairs[1].host, self.pairs[1].port))

    def open_pair(self, number: int, seat: int) -> PortPair:
        """A further pair on the side of a seat: 0 the caller's, 1 the callee's."""
        pair = self._further[number] = self._pools[seat].take(self.pairs[seat].host)
        self.session.add_pair(number, pair)
        return pair

    def other(self, host: str) -> socket.socket:
        """Another socket on some address, closed in the end."""
        self._others.append(udp(host))
        return self._others[-1]

    def serve(self) -> None:
        """Until nothing is readable any more. On loopback a packet is there when sending it returns."""
        while ready := select.select(list(self.handlers), [], [], 0.02)[0]:
            for sock in ready:
                if sock in self.handlers:
                    self.handlers[sock](self.now)

    def serve_now(self, wait_s: float = 0) -> None:
        """The same, without waiting for what may follow, but `wait_s` for what comes first."""
        while ready := select.select(list(self.handlers), [], [], wait_s)[0]:
            wait_s = 0
            for sock in ready:
                if sock in self.handlers:
                    self.handlers[sock](self.now)

    def advance(self, seconds: float) -> None:
        """Push the time to each deadline on the way."""
        end = self.now + int(seconds * SECOND)
        while (deadline := self.session.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.session.handle_timeout(self.now)
        self.now = end

    def close(self) -> MediaClosed:
        return self.session.close(self.now)

    def clean_up(self) -> None:
        for sock in [
            *self.handlers,
            *self._others,
            self.caller,
            self.caller_rtcp,
            self.callee,
            self.callee_rtcp,
        ]:
            sock.close()
        for pair in (*self.pairs, *self._further.values()):
            pair.close()


def heard(sock: socket.socket) -> list[bytes]:
    """All that has come to a socket by now."""
    sock.setblocking(False)
    packets = []
    try:
        while True:
            packets.append(sock.recv(2048))
    except BlockingIOError:
        return packets
    finally:
        sock.settimeout(LIMIT_S)


@contextmanager
def circuit(
    hosts: tuple[str, str] = OURS,
    parties: tuple[str, str] = (CALLER, CALLEE),
    chance: Chance = lambda: 0.5,
    shelf: Shelf | None = None,
) -> Iterator[Circuit]:
    """A session with its phones, cleaned up in the end."""
    made = Circuit(hosts, parties, chance, shelf)
    try:
        yield made
    finally:
        made.clean_up()
