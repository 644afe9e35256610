"""Early media of forks: the first of them that speaks is the party, and nobody else gets a word in."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mediation.b2bua.plan import MediaPlan
from mediation.media.rtcp import build as build_report
from mediation.rtp.packet import read_header
from mediation_codecs.law import Law
from tests.unit.media.circuit import CALLEE, STRANGER, Circuit, circuit, heard, own, packet, stream

ELSEWHERE = own(6)
"""Where the second fork is; the third is at the callee's address."""


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        yield made


@pytest.fixture
def fork(call: Circuit) -> socket.socket:
    return call.other(ELSEWHERE)


def forked(call: Circuit, *forks: socket.socket) -> MediaPlan:
    callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA)
    return call.plan(callee=replace(callee, alternatives=tuple(each.getsockname() for each in forks)))


def test_a_fork_that_speaks_first_is_heard_and_spoken_to(call: Circuit, fork: socket.socket) -> None:
    call.apply(forked(call, fork))
    call.from_caller(packet(0))
    call.serve()
    assert len(heard(call.callee)) == 1
    for number in range(3):
        call.from_callee(packet(number, payload_type=8), by=fork)
        call.serve()
    call.from_caller(packet(1))
    call.serve()
    assert len(heard(call.caller)) == 3
    assert len(heard(fork)) == 1
    assert heard(call.callee) == []


def test_after_one_has_spoken_the_others_are_strangers(call: Circuit, fork: socket.socket) -> None:
    third = call.other(CALLEE)
    call.apply(forked(call, fork, third))
    call.from_callee(packet(0, payload_type=8), by=fork)
    call.serve()
    for number in range(1, 20):
        for late in (call.callee, third):
            call.from_callee(packet(number, payload_type=8, ssrc=0x9999), by=late)
    call.from_callee(packet(1, payload_type=8), by=fork)
    call.from_callee(packet(2, payload_type=8), by=fork)
    call.serve()
    sent = [read_header(octets) for octets in heard(call.caller)]
    assert [(header[2] - sent[0][2]) & 0xFFFF for header in sent] == [0, 1, 2]
    closed = call.close()
    assert (closed.callee.packets_received, closed.callee.rejected) == (3, 38)


def test_the_first_that_was_named_shuts_out_the_forks_as_well(call: Circuit, fork: socket.socket) -> None:
    call.apply(forked(call, fork))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.from_callee(packet(0, payload_type=8, ssrc=0x9999), by=fork)
    call.serve()
    assert len(heard(call.caller)) == 1
    assert call.close().callee.rejected == 1


@pytest.mark.parametrize("octets", [b"", b"noise" * 9, packet(0, payload_type=77), packet(0)])
def test_only_rtp_of_an_agreed_kind_makes_a_fork_the_party(
    call: Circuit, fork: socket.socket, octets: bytes
) -> None:
    call.apply(forked(call, fork))
    call.from_callee(octets, by=fork)
    call.serve()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1
    assert call.close().callee.rejected == 1


def test_no_address_that_was_not_described_speaks_before_or_after(call: Circuit, fork: socket.socket) -> None:
    stranger = call.other(STRANGER)
    call.apply(forked(call, fork))
    for number in range(50):
        call.from_callee(packet(number, payload_type=8, ssrc=0x9999), by=stranger)
    call.serve()
    call.from_callee(packet(0, payload_type=8), by=fork)
    call.serve()
    for number in range(50, 100):
        call.from_callee(packet(number, payload_type=8, ssrc=0x9999), by=stranger)
    call.from_caller(packet(0))
    call.serve()
    assert len(heard(call.caller)) == 1
    assert len(heard(fork)) == 1
    assert heard(stranger) == []
    assert call.close().callee.rejected == 100


def test_the_answer_of_another_fork_is_followed_and_the_one_that_spoke_is_out(
    call: Circuit, fork: socket.socket
) -> None:
    call.apply(forked(call, fork))
    for number in range(2):
        call.from_callee(packet(number, payload_type=8), by=fork)
    call.serve()
    call.apply()  # a 200 of the callee
    call.from_callee(packet(2, payload_type=8), by=fork)
    call.from_callee(packet(900, payload_type=8, ssrc=0xB))
    call.serve()
    sent = [read_header(octets) for octets in heard(call.caller)]
    assert [(header[2] - sent[0][2]) & 0xFFFF for header in sent] == [0, 1, 2]
    assert {header[4] for header in sent} == {sent[0][4]}
    assert sent[2][1] is True
    assert call.close().callee.rejected == 1


def test_the_answer_of_the_fork_that_spoke_costs_no_packet(call: Circuit, fork: socket.socket) -> None:
    call.apply(forked(call, fork))
    for number in range(3):
        call.from_callee(packet(number, payload_type=8), by=fork)
        call.serve()
    call.apply(call.plan(callee=stream(fork, law=Law.PCMA)))
    for number in range(3, 6):
        call.from_callee(packet(number, payload_type=8), by=fork)
        call.serve()
    numbers = [read_header(octets)[2] for octets in heard(call.caller)]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(6))


def test_the_same_forks_named_again_keep_the_lock(call: Circuit, fork: socket.socket) -> None:
    call.apply(forked(call, fork))
    call.from_callee(packet(0, payload_type=8), by=fork)
    call.serve()
    call.apply(replace(forked(call, fork), silence_s=7))
    call.from_callee(packet(0, payload_type=8, ssrc=0x9999))
    call.serve()
    assert len(heard(call.caller)) == 1


def test_reports_go_to_the_fork_that_speaks_next_to_its_port_of_rtp(call: Circuit) -> None:
    rtp = call.other(ELSEWHERE)
    host, port = rtp.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind((host, port + 1))
        call.apply(forked(call, rtp))
        call.from_callee(packet(0, payload_type=8), by=rtp)
        call.serve()
        heard(call.callee_rtcp)
        call.advance(2.6)
        assert len(heard(rtcp)) == 1
        assert heard(call.callee_rtcp) == []
        ours = (call.pairs[1].host, call.pairs[1].port + 1)
        report = build_report(1, "x", ntp=1, sender=None, block=None)
        call.callee_rtcp.sendto(report, ours)  # of the one that has not spoken
        rtcp.sendto(report, ours)
        call.serve()
        call.apply()
        call.advance(10)
        assert heard(call.callee_rtcp)
        rtcp.setblocking(False)
        with pytest.raises(BlockingIOError):
            rtcp.recv(2048)
        assert call.close().callee.rejected == 1
