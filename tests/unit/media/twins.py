"""The same stream by two ways, which must agree in every octet that leaves and in every figure."""

from collections import deque
from dataclasses import replace

from mediation.b2bua.plan import Stream
from mediation.media.relay import Relay
from mediation.media.voice import Voice
from mediation.rtp.packet import build
from mediation.rtp.rewrite import Rewrite
from mediation.rtp.telephone_event import key_packets
from mediation_codecs.law import Law

MU = Stream(("192.0.2.1", 4000), ("192.0.2.1", 4001), Law.PCMU, 0, 101, 20, sends=True, takes=True)
A = Stream(("192.0.2.2", 4000), ("192.0.2.2", 4001), Law.PCMA, 8, 96, 20, sends=True, takes=True)

HELD = replace(A, takes=False)


class Wire:
    """What is to be heard, and what was sent."""

    def __init__(self) -> None:
        self.coming: deque[bytes] = deque()
        self.sent: list[bytes] = []
        self.broken = False

    def recv(self, _limit: int, /) -> bytes:
        if not self.coming:
            raise BlockingIOError
        return self.coming.popleft()

    def send(self, datagram: bytes, /) -> int:
        if self.broken:
            raise ConnectionRefusedError
        self.sent.append(bytes(datagram))
        return len(datagram)


class Twins:
    """The same stream through two relays: one that hears it, and one that is handed every packet."""

    def __init__(self, sequence: int = 1000, timestamp: int = 50_000) -> None:
        self.wires = (Wire(), Wire())
        self.relays = tuple(Relay(Voice(Rewrite(0x5555, sequence, timestamp), "us")) for _ in range(2))
        for relay, wire in zip(self.relays, self.wires, strict=True):
            relay.source = relay.sink = wire
            relay.configure(MU, A)
        self.now = 800_000
        self.sequence = 40
        self.timestamp = 320
        self.ssrc = 0xAAAA

    def come(self, datagram: bytes) -> None:
        self.first_hears(datagram)
        self.relays[1].carry(datagram, self.now)

    def first_hears(self, datagram: bytes) -> None:
        self.wires[0].coming.append(datagram)
        self.relays[0].course.hear(self.now)

    def next(self, payload: bytes = b"\x55" * 160, *, marker: bool = False, payload_type: int = 0) -> bytes:
        self.sequence += 1
        self.timestamp += len(payload)
        self.now += len(payload)
        return build(
            payload_type,
            self.sequence & 0xFFFF,
            self.timestamp & 0xFFFFFFFF,
            self.ssrc,
            payload,
            marker=marker,
        )

    def follow(self, packets: int) -> None:
        for number in range(packets):
            self.come(self.next(bytes([number & 0xFF]) * 160))

    def agree(self) -> None:
        """Octet by octet, and figure by figure."""
        assert self.wires[0].sent == self.wires[1].sent
        ours, theirs = (self.figures(relay) for relay in self.relays)
        assert ours == theirs

    def figures(self, relay: Relay) -> tuple[object, ...]:
        tally = relay.tally
        return (
            tally.heard, tally.packets_sent, tally.packets_received, tally.octets_sent, tally.octets_received,
            tally.lost, tally.jitter_ms, tally.reception.report(), tally.is_sending(), tally.malformed,
            relay.timestamp_at(self.now + 77), dict(tally.dropped),
        )  # fmt: skip

    def is_followed(self) -> bool:
        """Whether the first relay expects just the next packet."""
        before = self.relays[0]._tally.heard  # what a packet on its usual way would change at once
        self.follow(1)
        return self.relays[0]._tally.heard == before


OPERATIONS = (
    "follow", "lose", "duplicate", "late", "marker", "event", "other law", "longer", "empty", "jump", "pause",
    "other ssrc", "noise", "extension", "read", "hold", "resume", "moved", "switch", "break", "mend",
)  # fmt: skip


def perform(twins: Twins, operation: str, amount: int) -> None:
    match operation:
        case "lose":
            twins.next()
        case "duplicate":
            again = twins.next()
            twins.come(again)
            twins.come(again)
        case "late":
            late = twins.next()
            twins.follow(1 + amount % 3)
            twins.come(late)
        case "marker":
            twins.come(twins.next(marker=True))
        case "event":
            for event in key_packets("5", 480):
                octets = build(101, twins.sequence + 1 & 0xFFFF, twins.timestamp, twins.ssrc, event.payload)
                twins.sequence += 1
                twins.come(octets)
        case "other law":
            twins.come(twins.next(payload_type=8 if amount % 2 else 13))
        case "longer":
            twins.come(twins.next(bytes(80 + amount)))
        case "empty":
            twins.come(twins.next(b""))
        case "jump":
            twins.timestamp += 90_000 * amount
        case "pause":
            twins.now += 1000 * amount
        case "other ssrc":
            twins.ssrc ^= 1 + amount
        case "noise":
            twins.come(bytes([0x80, 0, amount]) * (amount % 60))
        case "extension":
            octets = twins.next()
            twins.come(b"\x90" + octets[1:12] + b"\xbe\xde\x00\x00" + octets[12:])
        case "read":
            twins.agree()
        case "hold" | "resume":
            for relay in twins.relays:
                relay.configure(MU, A if operation == "resume" else HELD)
        case "moved":
            for relay in twins.relays:
                relay.source_moved()
        case "switch":
            for relay in twins.relays:
                relay.source_resumed()
        case "break" | "mend":
            for wire in twins.wires:
                wire.broken = operation == "break"
        case _:
            twins.follow(amount % 10)
