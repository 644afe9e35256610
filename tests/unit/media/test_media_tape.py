"""Batches of packets on their way to the recorder, and captures."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from socket import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.plan import Stream
from mediation.media import pcap
from mediation.media.tap import GATHER, Tap
from mediation.media.tape import (
    OWN_FLOWS,
    Batch,
    BatchError,
    Flow,
    Kind,
    Record,
    Tape,
    batch_of,
    head_of,
    packed_batch,
    packed_flows,
    packed_record,
    pair,
)
from mediation_codecs.law import Law

FLOWS = ((("192.0.2.1", 4000), ("198.51.100.1", 5000)), (("2001:db8::1", 1), ("2001:db8::2", 65535)))
ALL_FLOWS = FLOWS * 2
records = st.builds(
    Record, st.integers(0, 3), st.sampled_from(Kind), st.integers(0, 2**63), st.binary(max_size=2047)
)


def packed(call: str, of: list[Record]) -> bytes:
    each = [packed_record(one.flow, one.kind, one.arrival, one.packet) for one in of]
    return packed_batch(call.encode(), len(of), packed_flows(ALL_FLOWS), each)


@given(st.text(max_size=20), st.lists(records, max_size=5))
def test_a_batch_comes_out_as_it_went_in(call: str, of: list[Record]) -> None:
    octets = packed(call, of)
    assert batch_of(octets) == Batch(call, ALL_FLOWS, tuple(of))
    assert head_of(octets) == (call, len(of))


@given(
    st.binary(max_size=400)
    | st.builds(lambda a, b: packed("x", a)[:b], st.lists(records), st.integers(0, 500))
)
def test_anything_else_is_no_batch(octets: bytes) -> None:
    with suppress(BatchError):
        batch_of(octets)


@pytest.fixture
def ends() -> Iterator[tuple[socket, Tape]]:
    """The recorder's end and a worker's."""
    ours, theirs = pair()
    tape = Tape(theirs.detach())
    ours.settimeout(2)
    yield ours, tape
    ours.close()
    tape.close()


def test_a_full_tape_drops_and_counts_and_never_waits(ends: tuple[socket, Tape]) -> None:
    ours, tape = ends
    tap = Tap("call", tape, lambda: ALL_FLOWS, everything=True)
    seat, sent = tap.of(0), 0
    while tap.dropped < 1000:
        seat.hear(0, b"x" * 172, sent * 160)
        sent += 1
    tap.close()
    got = 0
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            got += head_of(ours.recv(65_536))[1]
    assert got + tap.dropped == sent
    assert got > 200


def test_a_tape_without_a_reader_drops_and_counts(ends: tuple[socket, Tape]) -> None:
    ours, tape = ends
    ours.close()
    tap = Tap("call", tape, lambda: ALL_FLOWS, everything=True)
    tap.of(0).hear(0, b"x" * 172, 0)
    tap.close()
    assert tap.dropped == 1


def test_packets_gather_for_a_fifth_of_a_second(ends: tuple[socket, Tape]) -> None:
    ours, tape = ends
    tap = Tap("call", tape, lambda: ALL_FLOWS, everything=True)
    for at in range(0, GATHER + 1, 160):
        tap.of(1).hear_report(b"report", at)
    batch = batch_of(ours.recv(65_536))
    assert [record.arrival for record in batch.records] == list(range(0, GATHER + 1, 160))
    assert {(record.flow, record.kind) for record in batch.records} == {(3, Kind.OTHER)}


def test_a_party_that_may_not_speak_is_no_audio_and_neither_is_a_key(ends: tuple[socket, Tape]) -> None:
    ours, tape = ends
    sound = Stream(("192.0.2.1", 4000), ("192.0.2.1", 4001), Law.PCMA, 8, 101, 20, sends=True, takes=True)
    for everything, kinds in (
        (True, [Kind.PCMA, Kind.PCMU, Kind.OTHER, Kind.OTHER]),
        (False, [Kind.PCMA, Kind.PCMU]),
    ):
        tap = Tap("call", tape, lambda: ALL_FLOWS, everything=everything)
        seat = tap.of(0)
        seat.follow(sound, heard=True)
        seat.hear(8, b"audio", 0)
        seat.hear(0, b"audio in the other law", 0)
        seat.hear(101, b"a key", 1)
        seat.follow(replace(sound, sends=False), heard=True)
        seat.hear(8, b"aside", 2)
        tap.close()
        assert [record.kind for record in batch_of(ours.recv(65_536)).records] == kinds


@pytest.mark.parametrize("flow", FLOWS)
def test_a_checksum_of_a_captured_packet_is_right_rfc1071(flow: Flow) -> None:
    packet = pcap.record(flow, 1_000_001, b"odd")[16:]
    if packet[0] >> 4 == 4:
        assert pcap._checksum(packet[:20]) == 0
    else:
        ends, udp = packet[8:40], packet[40:]
        assert pcap._checksum(ends + len(udp).to_bytes(4) + (17).to_bytes(4) + udp) == 0


def test_who_is_drowned_by_a_sound_of_ours_is_no_audio_and_the_sound_is(ends: tuple[socket, Tape]) -> None:
    ours, tape = ends
    sound = Stream(("192.0.2.1", 4000), ("192.0.2.1", 4001), Law.PCMA, 8, 101, 20, sends=True, takes=True)
    tap = Tap("call", tape, lambda: ALL_FLOWS, everything=True)
    seat = tap.of(1)
    seat.follow(sound, heard=False)
    seat.hear(8, b"audio", 0)
    seat.play(Law.PCMU, b"music", 1)
    tap.close()
    records = batch_of(ours.recv(65_536)).records
    assert [(record.flow, record.kind) for record in records] == [(1, Kind.OTHER), (OWN_FLOWS + 1, Kind.PCMU)]
