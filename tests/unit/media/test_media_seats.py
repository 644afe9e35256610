"""A seat that another party takes: one stream for whoever stays, everything anew for whoever comes."""

import socket
from collections.abc import Iterator

import pytest

from mediation.b2bua.plan import FaxPlan, MediaPlan, Stream
from mediation.media.ports import PortPair
from mediation.media.rtcp import parse
from mediation.rtp.packet import read_header
from mediation_codecs.law import Law
from tests.unit.media.circuit import CALLEE, CALLER, SECOND, STRANGER, Circuit, circuit, heard, packet, stream

TARGET = CALLEE
"""Another party on the gateway side, at the address of the first: only the pair tells them apart."""


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        yield made


@pytest.fixture
def target(call: Circuit) -> socket.socket:
    return call.other(TARGET)


def headers(sock: socket.socket) -> list[tuple[int, bool, int, int, int]]:
    return [read_header(octets)[:5] for octets in heard(sock)]


def transfer(call: Circuit, target: socket.socket) -> tuple[PortPair, MediaPlan]:
    """A pair for the target, and a plan with it in the callee's seat. Not yet in force."""
    pair = call.open_pair(2, seat=1)
    return pair, call.plan(callee=stream(target, law=Law.PCMA), pairs=(0, 2))


def say(sock: socket.socket, pair: PortPair, octets: bytes) -> None:
    sock.sendto(octets, (pair.host, pair.port))


def test_whoever_stays_hears_one_stream_through_the_change__rfc3550_5_1(
    call: Circuit, target: socket.socket
) -> None:
    call.apply()
    for number in range(10):
        call.from_callee(packet(7000 + number, payload_type=8, ssrc=0xA))
        call.now += 160
        call.serve()
    pair, plan = transfer(call, target)
    call.apply(plan)
    call.now += 3 * SECOND  # the target takes its time
    for number in range(10):
        say(target, pair, packet(20 + number, payload_type=8, ssrc=0xB))
        call.serve()
        call.now += 160
    sent = headers(call.caller)
    first = sent[0]
    assert {header[4] for header in sent} == {first[4]}
    assert [(header[2] - first[2]) & 0xFFFF for header in sent] == list(range(20))
    clock = [160 * number for number in range(10)]
    assert [(header[3] - first[3]) & 0xFFFFFFFF for header in sent] == [
        *clock,
        *(9 * 160 + 3 * SECOND + units for units in clock),
    ]
    assert [header[1] for header in sent] == [True] + [False] * 9 + [True] + [False] * 9


@pytest.mark.parametrize("number", [7010, 7009, 5000, 60_000])
def test_a_party_that_comes_with_the_ssrc_of_the_last_one_is_another_all_the_same(
    call: Circuit, target: socket.socket, number: int
) -> None:
    call.apply()
    for index in range(10):
        call.from_callee(packet(7000 + index, payload_type=8))
    call.serve()
    pair, plan = transfer(call, target)
    call.apply(plan)
    say(target, pair, packet(number, payload_type=8))
    call.serve()
    *_, last, first = headers(call.caller)
    assert (first[2] - last[2]) & 0xFFFF == 1
    assert first[1] is True
    assert call.close().callee.lost == 0


def test_whoever_comes_hears_a_stream_and_reports_of_its_own__rfc3550_8() -> None:
    draws = iter(range(1, 1000))
    with circuit(chance=lambda: next(draws) / 1000) as call:
        target, target_rtcp = call.other(TARGET), call.other(TARGET)
        call.apply()
        call.from_caller(packet(0))
        call.serve()
        call.open_pair(2, seat=1)
        call.apply(call.plan(callee=stream(target, target_rtcp, law=Law.PCMA), pairs=(0, 2)))
        call.from_caller(packet(1))
        call.serve()
        (to_callee,), (to_target,) = headers(call.callee), headers(target)
        assert to_callee[4] != to_target[4]
        heard(call.callee_rtcp)
        call.advance(10)
        reports = heard(target_rtcp)
        assert reports
        assert {octets[4:8] for octets in reports} == {to_target[4].to_bytes(4, "big")}
        assert heard(call.callee_rtcp) == []


def test_whoever_has_been_sent_nothing_yet_gets_receiver_reports__rfc3550_6_4(call: Circuit) -> None:
    target, target_rtcp = call.other(TARGET), call.other(TARGET)
    call.apply()
    for number in range(20):
        call.from_caller(packet(number))
        call.serve()
        call.advance(1)
    call.open_pair(2, seat=1)
    call.apply(call.plan(callee=stream(target, target_rtcp, law=Law.PCMA), pairs=(0, 2)))
    call.advance(10)
    assert {octets[1] for octets in heard(target_rtcp)} == {201}


def test_the_pair_that_was_left_is_heard_no_more_and_keeps_nothing_for_later(
    call: Circuit, target: socket.socket
) -> None:
    call.apply()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    pair, plan = transfer(call, target)
    call.apply(plan)
    heard(call.caller)
    for number in range(1, 50):
        call.from_callee(packet(number, payload_type=8))
    call.serve()
    assert heard(call.caller) == []
    with pytest.raises(BlockingIOError):
        call.pairs[1].rtp.recv(2048)
    for number in range(2):
        say(target, pair, packet(number, payload_type=8, ssrc=0xB))
    call.serve()
    assert len(heard(call.caller)) == 2
    closed = call.close()
    assert (closed.callee.packets_received, closed.callee.rejected) == (2, 0)


def test_a_pair_swallows_what_comes_before_it_has_a_party(call: Circuit, target: socket.socket) -> None:
    call.apply()
    pair, plan = transfer(call, target)
    for number in range(10):
        say(target, pair, packet(number, b"\x11" * 160, payload_type=8))
    call.serve()
    for number in range(10, 20):
        say(target, pair, packet(number, b"\x11" * 160, payload_type=8))
    call.apply(plan)  # before these were read
    say(target, pair, packet(20, b"\x22" * 160, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1
    assert call.close().callee.rejected == 0


def test_a_lock_does_not_outlive_its_party(call: Circuit, target: socket.socket) -> None:
    behind_nat = call.other(TARGET)
    call.apply()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    pair, plan = transfer(call, target)
    call.apply(plan)
    heard(call.caller)
    say(call.other(STRANGER), pair, packet(0, payload_type=8))
    say(behind_nat, pair, packet(0, payload_type=8))
    call.serve()
    say(target, pair, packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1
    assert call.close().callee.rejected == 2


def test_a_seat_that_keeps_its_pair_keeps_its_lock(call: Circuit, target: socket.socket) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0), by=behind_nat)
    call.serve()
    call.apply(transfer(call, target)[1])
    call.from_caller(packet(1))  # from the described port, but it has locked on another
    call.from_caller(packet(1), by=behind_nat)
    call.serve()
    assert len(heard(target)) == 1
    assert call.close().caller.packets_received == 2


def test_whoever_gets_its_seat_back_hears_its_own_stream_go_on(call: Circuit, target: socket.socket) -> None:
    call.apply()
    for number in range(5):
        call.from_caller(packet(number))
        call.now += 160
        call.serve()
    call.apply(transfer(call, target)[1])
    for number in range(5, 10):
        call.from_caller(packet(number))
        call.now += 160
        call.serve()
    call.apply()
    for number in range(10, 15):
        call.from_caller(packet(number))
        call.now += 160
        call.serve()
    for number in (99, 100):
        call.from_callee(packet(number, payload_type=8))
    call.serve()
    sent = headers(call.callee)
    first = sent[0]
    assert [(header[2] - first[2]) & 0xFFFF for header in sent] == list(range(10))
    assert [(header[3] - first[3]) & 0xFFFFFFFF for header in sent] == [
        160 * number for number in (*range(5), *range(10, 15))
    ]
    assert {header[4] for header in sent} == {first[4]}
    assert [header[1] for header in sent] == [True] + [False] * 4 + [True] + [False] * 4
    assert len(heard(target)) == 5
    assert len(heard(call.caller)) == 2
    report = call.close().callee
    assert (report.packets_sent, report.packets_received, report.lost) == (5, 2, 0)


def test_reports_of_a_seat_taken_back_count_all_that_its_stream_has_sent__rfc3550_6_4_1(
    call: Circuit, target: socket.socket
) -> None:
    call.apply()
    for number in range(3):
        call.from_caller(packet(number))
    call.serve()
    call.apply(transfer(call, target)[1])
    call.from_caller(packet(3))
    call.serve()
    call.apply()
    call.from_caller(packet(4))
    call.serve()
    heard(call.callee_rtcp)
    call.close()
    (goodbye,) = heard(call.callee_rtcp)
    assert goodbye[1] == 200
    assert int.from_bytes(goodbye[20:24], "big") == 4
    assert int.from_bytes(goodbye[24:28], "big") == 4 * 160


def test_the_last_word_is_of_those_who_sit_there_at_the_end(call: Circuit, target: socket.socket) -> None:
    call.apply()
    for number in range(10):
        call.from_callee(packet(2 * number, payload_type=8))  # every other one is lost
        call.from_caller(packet(number))
    call.serve()
    pair, plan = transfer(call, target)
    call.apply(plan)
    for number in range(4):
        say(target, pair, packet(number, b"\x55" * 80, payload_type=8, ssrc=0xB))
    for number in range(10, 13):
        call.from_caller(packet(number))
    call.serve()
    closed = call.close()
    assert (closed.callee.packets_received, closed.callee.octets_received, closed.callee.lost) == (4, 320, 0)
    assert closed.callee.packets_sent == 3
    assert (closed.caller.packets_received, closed.caller.octets_received) == (13, 13 * 160)
    assert (closed.caller.packets_sent, closed.caller.lost) == (14, 0)


def test_the_caller_may_be_replaced_as_well(call: Circuit) -> None:
    other = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    pair = call.open_pair(2, seat=0)
    call.apply(call.plan(caller=stream(other), pairs=(2, 1)))
    say(other, pair, packet(500, ssrc=0xC))
    call.from_callee(packet(1, payload_type=8))
    call.serve()
    one, two = headers(call.callee)
    assert ((two[2] - one[2]) & 0xFFFF, two[4], two[1]) == (1, one[4], True)
    assert len(heard(call.caller)) == len(heard(other)) == 1


def test_two_parties_may_change_places(call: Circuit) -> None:
    call.apply()
    caller, callee = call.plan().caller, call.plan().callee
    call.apply(MediaPlan(callee, caller, 30, caller_pair=1, callee_pair=0))
    call.from_caller(packet(0))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == len(heard(call.callee)) == 1


def test_a_new_party_has_the_whole_silence_limit_before_it(call: Circuit, target: socket.socket) -> None:
    call.apply(call.plan(caller=stream(call.caller, sends=False), silence_s=20))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.advance(15)
    call.open_pair(2, seat=1)
    plan = MediaPlan(stream(call.caller, sends=False), stream(target, law=Law.PCMA), 20, 0, 2)
    call.apply(plan)
    call.advance(19)
    assert call.silent == []
    call.advance(1.1)
    assert [fact.caller for fact in call.silent] == [False]


def test_a_pair_in_use_or_unknown_cannot_be_closed(call: Circuit, target: socket.socket) -> None:
    for number in (0, 1, 2, -1):
        with pytest.raises(ValueError, match="cannot be closed"):
            call.session.remove_pair(number)
    call.apply(transfer(call, target)[1])
    for number in (0, 2):
        with pytest.raises(ValueError, match="cannot be closed"):
            call.session.remove_pair(number)
    assert call.session.remove_pair(1) is call.pairs[1]
    with pytest.raises(ValueError, match="cannot be closed"):
        call.session.remove_pair(1)


def test_a_pair_that_was_closed_is_not_watched_any_more(call: Circuit, target: socket.socket) -> None:
    call.apply(transfer(call, target)[1])
    pair = call.session.remove_pair(1)
    assert not {pair.rtp, pair.rtcp}.intersection(call.handlers)
    call.close()
    assert call.handlers == {}


def test_the_end_leaves_no_socket_watched_whatever_was_open(call: Circuit, target: socket.socket) -> None:
    call.apply(transfer(call, target)[1])
    call.open_pair(3, seat=0)
    call.close()
    assert call.handlers == {}


def test_a_plan_on_a_pair_that_is_not_open_changes_nothing(call: Circuit) -> None:
    call.apply()
    with pytest.raises(ValueError, match="open"):
        call.apply(call.plan(pairs=(0, 2)))
    call.from_caller(packet(0))
    call.serve()
    assert len(heard(call.callee)) == 1


def test_no_plan_seats_both_on_one_pair(call: Circuit) -> None:
    audio: Stream = call.plan().caller
    with pytest.raises(ValueError, match="both seats on pair 3"):
        MediaPlan(audio, audio, 30, 3, 3)
    with pytest.raises(ValueError, match="both seats on pair 0"):
        FaxPlan(call.fax().caller, call.fax().callee, callee_pair=0)


def test_reports_of_the_party_before_are_not_those_of_the_next(call: Circuit, target: socket.socket) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    ssrc = headers(call.callee)[0][4].to_bytes(4, "big")
    block = ssrc + bytes.fromhex("10000007") + bytes(16)
    call.callee_rtcp.sendto(
        bytes.fromhex("81c90007 00001111") + block, (call.pairs[1].host, call.pairs[1].port + 1)
    )
    call.serve()
    assert parse(bytes.fromhex("81c90007 00001111") + block, int.from_bytes(ssrc, "big")).about_us is not None
    call.apply(transfer(call, target)[1])
    assert call.close().callee.remote_lost is None
