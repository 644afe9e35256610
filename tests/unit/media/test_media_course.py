"""Packets that simply follow: carried otherwise than all others, and nobody can tell."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.media.course import Course
from mediation.media.party import Party
from mediation.media.relay import Relay
from mediation.media.session import Session
from tests.unit.media.circuit import circuit, heard, packet
from tests.unit.media.twins import OPERATIONS, Twins, perform


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
