"""While a call is a fax: UDPTL both ways, not a bit changed, under the lock of the source."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mediation.b2bua.plan import Fax, FaxPlan
from mediation.media.compiled import LARGEST
from mediation.rtp.packet import build, read_header
from mediation.sdp.fax import MAX_DATAGRAM_OCTETS
from mediation_codecs.law import Law
from tests.unit.media.circuit import CALLEE, CALLER, SECOND, STRANGER, Circuit, circuit, heard, packet, stream

UDPTL = [
    bytes.fromhex("0000 01 00 00"),
    bytes.fromhex("0001 06 c0 01 80 00 00 ff 00"),
    b"\x00",
    b"",
    bytes(1400),
]
"""The first has a no-signal indicator (ITU-T T.38 annex A); nothing here cares what is in them."""


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        yield made


def test_datagrams_pass_both_ways_untouched(call: Circuit) -> None:
    call.apply(call.fax())
    for octets in UDPTL:
        call.from_caller(octets)
        call.from_callee(octets[::-1])
        call.serve()
    assert heard(call.callee) == UDPTL
    assert heard(call.caller) == [octets[::-1] for octets in UDPTL]


def test_what_looks_like_rtp_is_no_more_than_octets(call: Circuit) -> None:
    call.apply()
    call.apply(call.fax())
    call.from_caller(packet(7))
    call.serve()
    assert heard(call.callee) == [packet(7)]
    assert call.close().caller.packets_received == 0


def test_a_fax_is_counted_apart_from_audio(call: Circuit) -> None:
    call.apply()
    for number in range(3):
        call.from_caller(packet(number))
    call.serve()
    call.apply(call.fax())
    for octets in UDPTL:
        call.from_caller(octets)
    call.from_callee(b"\x00\x00\x00")
    call.serve()
    closed = call.close()
    assert (closed.caller.fax_received, closed.caller.fax_sent) == (5, 1)
    assert (closed.callee.fax_received, closed.callee.fax_sent) == (1, 5)
    assert (closed.caller.packets_received, closed.caller.octets_received) == (3, 480)
    assert (closed.callee.packets_sent, closed.callee.packets_received) == (3, 0)
    assert (closed.caller.rejected, closed.caller.lost) == (0, 0)


def test_the_first_datagram_of_the_described_address_decides_the_port(call: Circuit) -> None:
    behind_nat, stranger = call.other(CALLER), call.other(STRANGER)
    call.apply(call.fax())
    call.from_caller(b"no", by=stranger)
    call.from_caller(b"one", by=behind_nat)
    call.serve()
    call.from_caller(b"no")
    call.from_caller(b"no", by=stranger)
    call.from_caller(b"two", by=behind_nat)
    call.from_callee(b"back")
    call.serve()
    assert heard(call.callee) == [b"one", b"two"]
    assert heard(behind_nat) == [b"back"]
    assert heard(call.caller) == heard(stranger) == []
    assert call.close().caller.rejected == 3


def test_late_audio_from_the_port_before_does_not_decide(call: Circuit) -> None:
    fax = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.apply(call.fax(caller=fax))
    call.from_caller(packet(1))
    call.from_caller(b"fax", by=fax)
    call.serve()
    assert heard(call.callee)[1:] == [b"fax"]
    assert call.close().caller.rejected == 1


def test_a_fax_from_the_port_that_spoke_before_keeps_its_lock(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0), by=behind_nat)
    call.serve()
    call.apply(call.fax())
    call.from_callee(b"fax")
    call.from_caller(b"who?", by=call.other(CALLER))
    call.serve()
    assert heard(behind_nat) == [b"fax"]
    assert len(heard(call.callee)) == 1


def test_of_a_fax_no_silence_is_told_and_no_report_sent(call: Circuit) -> None:
    call.apply(call.plan(silence_s=5))
    call.apply(call.fax())
    call.advance(600)
    assert call.silent == []
    assert heard(call.caller_rtcp) == heard(call.callee_rtcp) == []
    call.apply(call.plan(silence_s=5))
    call.advance(4.9)
    assert call.silent == []
    call.advance(0.2)
    assert {fact.caller for fact in call.silent} == {True, False}
    assert heard(call.caller_rtcp)


@pytest.mark.parametrize("number", [10, 700, 40_000], ids=["goes on", "has counted", "anew"])
def test_audio_after_a_fax_is_the_stream_of_before__rfc3550_5_1(call: Circuit, number: int) -> None:
    call.apply()
    for index in range(10):
        call.from_caller(packet(index))
        call.serve()
        call.now += 160
    call.apply(call.fax())
    call.from_caller(b"a page")
    call.serve()
    call.now += 60 * SECOND
    call.apply()
    for index in range(number, number + 10):
        call.from_caller(packet(index))
        call.serve()
        call.now += 160
    sent = heard(call.callee)
    assert sent.pop(10) == b"a page"
    headers = [read_header(octets) for octets in sent]
    first = headers[0]
    assert [(header[2] - first[2]) & 0xFFFF for header in headers] == list(range(20))
    assert {header[4] for header in headers} == {first[4]}
    clock = [160 * index for index in range(10)]
    assert [(header[3] - first[3]) & 0xFFFFFFFF for header in headers] == [
        *clock,
        *(1600 + 60 * SECOND + units for units in clock),
    ]
    assert [header[1] for header in headers] == [True] + [False] * 9 + [True] + [False] * 9
    closed = call.close()
    assert (closed.caller.lost, closed.caller.packets_received) == (0, 20)


def test_a_datagram_that_may_have_been_cut_does_not_go_on(call: Circuit) -> None:
    call.apply(call.fax())
    call.from_caller(bytes(LARGEST - 1))
    call.from_caller(bytes(LARGEST))
    call.from_caller(bytes(LARGEST + 500))
    call.serve()
    assert [len(octets) for octets in heard(call.callee)] == [LARGEST - 1]
    closed = call.close()
    assert (closed.caller.fax_received, closed.caller.rejected) == (1, 2)


def test_what_we_let_parties_agree_on_we_carry() -> None:
    assert MAX_DATAGRAM_OCTETS < LARGEST


def test_another_party_may_take_a_seat_for_a_fax(call: Circuit) -> None:
    machine = call.other(CALLEE)
    call.apply()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    heard(call.caller)
    pair = call.open_pair(2, seat=1)
    plan = call.fax(callee=machine)
    call.apply(FaxPlan(plan.caller, plan.callee, 0, 2))
    machine.sendto(b"fax", (pair.host, pair.port))
    call.from_callee(b"late")
    call.from_caller(b"back")
    call.serve()
    assert heard(call.caller) == [b"fax"]
    assert heard(machine) == [b"back"]
    closed = call.close()
    assert (closed.callee.fax_received, closed.callee.fax_sent) == (1, 1)


def test_a_fax_to_nowhere_ends_nothing(call: Circuit) -> None:
    plan = call.fax()
    call.apply(FaxPlan(plan.caller, Fax(("0.0.0.0", 9))))
    call.from_caller(b"fax")
    call.from_callee(b"who?")
    call.serve()
    assert heard(call.caller) == heard(call.callee) == []
    closed = call.close()
    assert (closed.caller.fax_received, closed.callee.fax_sent, closed.callee.rejected) == (1, 0, 1)


def test_noise_that_is_made_for_a_party_ends_with_the_audio__t38_9_1() -> None:
    """It came into the fax before."""
    with circuit() as call:
        caller = replace(stream(call.caller, call.caller_rtcp), comfort_noise=True)
        callee = replace(stream(call.callee, call.callee_rtcp, law=Law.PCMA), fill_silence=True)
        call.apply(call.plan(caller, callee, 0))
        call.from_caller(build(13, 0, 0, 0x1111, b"\x2d"))
        call.serve()
        call.advance(0.1)
        assert len(heard(call.callee)) > 2
        call.apply(call.fax())
        heard(call.callee)
        call.advance(1)
        assert heard(call.callee) == []
