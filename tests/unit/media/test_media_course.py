"""Packets that simply follow: carried otherwise than all others, and nobody can tell."""

import gc
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.b2bua.plan import Stream
from mediation.media.course import Course
from mediation.media.party import Party
from mediation.media.relay import Relay
from mediation.media.session import Session
from mediation.media.voice import Voice
from mediation.rtp.packet import build
from mediation.rtp.rewrite import Rewrite
from mediation.rtp.telephone_event import key_packets
from mediation_codecs.law import Law
from tests.unit.media.circuit import circuit, heard, packet

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
        self.wires[0].coming.append(datagram)
        self.relays[0].hear(self.now)
        self.relays[1].carry(datagram, self.now)

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
        return (
            relay.heard, relay.packets_sent, relay.packets_received, relay.octets_sent, relay.octets_received,
            relay.lost, relay.jitter_ms, relay.reception_report(), relay.is_sending(), relay.malformed,
            relay.timestamp_at(self.now + 77), dict(relay.dropped),
        )  # fmt: skip

    def is_followed(self) -> bool:
        """Whether the first relay expects just the next packet."""
        before = self.relays[0]._heard  # what a packet on its usual way would change at once
        self.follow(1)
        return self.relays[0]._heard == before


def test_a_stream_that_runs_is_followed_and_counted_as_if_it_were_not() -> None:
    twins = Twins()
    twins.follow(3)
    assert twins.is_followed()
    twins.follow(100)
    twins.agree()


@pytest.mark.parametrize(
    ("sequence", "timestamp"), [(65_500, 50_000), (1000, 0xFFFFFF00), (65_530, 0xFFFFFFFF)]
)
def test_our_numbers_wrap_without_a_trace__rfc3550_5_1(sequence: int, timestamp: int) -> None:
    twins = Twins(sequence, timestamp)
    twins.follow(120)
    twins.agree()
    assert twins.is_followed()


def test_the_partys_numbers_wrap_without_a_trace__rfc3550_5_1() -> None:
    for field in ("sequence", "timestamp"):
        twins = Twins()
        setattr(twins, field, {"sequence": 65_500, "timestamp": 0xFFFFFFFF - 1000}[field])
        twins.follow(120)
        twins.agree()
        assert twins.is_followed()


def test_what_the_socket_refuses_is_no_packet_that_has_left() -> None:
    twins = Twins()
    twins.follow(5)
    for wire in twins.wires:
        wire.broken = True
    twins.follow(5)
    twins.agree()
    for wire in twins.wires:
        wire.broken = False
    twins.follow(5)
    twins.agree()


def test_a_datagram_that_only_begins_like_the_next_packet_does_not_follow() -> None:
    twins = Twins()
    twins.follow(5)
    whole = twins.next()
    twins.come(whole[:12])
    twins.come(whole + b"\x00")
    twins.come(b"")
    twins.come(b"\x80")
    twins.agree()


OPERATIONS = (
    "follow", "lose", "duplicate", "late", "marker", "event", "other law", "longer", "empty", "jump", "pause",
    "other ssrc", "noise", "extension", "read", "hold", "resume", "moved", "switch", "break", "mend",
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 200)), max_size=40))
def test_whatever_happens_to_a_stream_both_ways_agree(operations: list[tuple[str, int]]) -> None:
    twins = Twins()
    twins.follow(3)
    for operation, amount in operations:
        perform(twins, operation, amount)
        twins.now += amount - 100 if operation == "follow" else 0  # jitter
        twins.follow(amount % 4)
        assert twins.wires[0].sent == twins.wires[1].sent
    twins.agree()


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


@contextmanager
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def of_calls() -> int:
    """Objects of calls that are still there."""
    return sum(isinstance(one, Session | Party | Relay | Course) for one in gc.get_objects())


def test_a_call_that_is_over_leaves_nothing_to_collect() -> None:
    gc.collect()
    before = of_calls()
    with no_collection(), circuit() as call:
        call.apply()
        for number in range(5):
            call.from_caller(packet(number))
            call.from_callee(packet(number, payload_type=8))
            call.serve()
        assert len(heard(call.callee)) == 5
        call.advance(12)
        call.close()
        del call.session
        assert of_calls() - before <= 0
