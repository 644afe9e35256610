"""One call's media: whose packets count, where they go, and what is said of them. Real sockets, time by hand."""

import random
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mediation.b2bua.media_facts import MediaSilent
from mediation.media import party
from mediation.media.ports import connected_twin
from mediation.media.rtcp import parse
from mediation.rtp.packet import read_header
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table
from tests.unit.media.circuit import (
    CALLEE,
    CALLER,
    OURS,
    SECOND,
    STRANGER,
    Circuit,
    circuit,
    heard,
    packet,
    stream,
    udp,
)

CODES = bytes(range(160))
MU_TO_A = translation_table(Law.PCMU, Law.PCMA) or b""
A_TO_MU = translation_table(Law.PCMA, Law.PCMU) or b""


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        yield made


def payloads(packets: list[bytes]) -> list[bytes]:
    return [octets[12:] for octets in packets]


# Both ways


def test_audio_passes_both_ways_translated(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0, CODES))
    call.from_callee(packet(0, CODES, payload_type=8))
    call.serve()
    assert payloads(heard(call.callee)) == [CODES.translate(MU_TO_A)]
    assert payloads(heard(call.caller)) == [CODES.translate(A_TO_MU)]


def test_audio_comes_from_the_port_that_was_told(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    _, source = call.callee.recvfrom(2048)
    assert source == (call.pairs[1].host, call.pairs[1].port)


def test_a_party_hears_audio_before_it_has_sent_any(call: Circuit) -> None:
    call.apply()
    for number in range(3):
        call.from_caller(packet(number))
    call.serve()
    assert len(heard(call.callee)) == 3


def test_the_two_directions_have_sources_of_their_own__rfc3550_8() -> None:
    with circuit(chance=random.Random(1).random) as call:
        call.apply()
        call.from_caller(packet(0))
        call.from_callee(packet(0, payload_type=8))
        call.serve()
        assert read_header(heard(call.caller)[0])[4] != read_header(heard(call.callee)[0])[4]


# Before a plan


def test_what_comes_before_a_plan_is_rejected_and_does_not_wait_for_one(call: Circuit) -> None:
    for number in range(5):
        call.from_callee(packet(number, payload_type=8))
    call.serve()
    call.apply()
    call.from_callee(packet(5, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1
    closed = call.close()
    assert closed.callee.rejected == 5


# The lock on the source


def test_strangers_before_the_lock_are_neither_heard_nor_answered(call: Circuit) -> None:
    stranger = call.other(STRANGER)
    call.apply()
    for number in range(100):
        call.from_caller(packet(number, ssrc=0x9999), by=stranger)
    call.serve()
    call.from_callee(packet(0, CODES, payload_type=8))
    call.serve()
    assert heard(call.callee) == []
    assert heard(stranger) == []
    assert payloads(heard(call.caller)) == [CODES.translate(A_TO_MU)]
    assert call.close().caller.rejected == 100


def test_of_packets_injected_after_the_lock_none_is_heard(call: Circuit) -> None:
    stranger, neighbour = call.other(STRANGER), call.other(CALLER)
    call.apply()
    call.from_caller(packet(0, b"\x01" * 160))
    call.serve()
    for number in range(1, 101):
        call.from_caller(packet(number, b"\x02" * 160), by=stranger)
        call.from_caller(packet(number, b"\x02" * 160), by=neighbour)
    call.serve()
    call.from_caller(packet(1, b"\x01" * 160))
    call.serve()
    sent = heard(call.callee)
    assert payloads(sent) == [(b"\x01" * 160).translate(MU_TO_A)] * 2
    first, second = (read_header(octets)[2] for octets in sent)
    assert second == (first + 1) & 0xFFFF
    assert call.close().caller.rejected == 200


def test_strangers_do_not_turn_audio_to_themselves(call: Circuit) -> None:
    stranger, neighbour = call.other(STRANGER), call.other(CALLER)
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    for number in range(1, 20):
        call.from_caller(packet(number), by=stranger)
        call.from_caller(packet(number), by=neighbour)
    call.serve()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert (heard(stranger), heard(neighbour)) == ([], [])
    assert len(heard(call.caller)) == 1


def test_the_port_may_be_another_one_and_is_learned_from_the_first_packet(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0, CODES), by=behind_nat)
    call.serve()
    call.from_callee(packet(0, payload_type=8))
    call.from_caller(packet(1, CODES), by=behind_nat)
    call.serve()
    assert len(heard(call.callee)) == 2
    assert len(heard(behind_nat)) == 1
    assert heard(call.caller) == []


def test_a_learned_port_holds(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0), by=behind_nat)
    call.serve()
    for number in range(1, 10):
        call.from_caller(packet(number, ssrc=0x2222))  # from the described port, but too late
    call.serve()
    assert len(heard(call.callee)) == 1
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(behind_nat)) == 1
    assert call.close().caller.rejected == 9


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x00", b"STUN or whatever it is", packet(0, payload_type=77), packet(0, payload_type=9)],
    ids=["empty", "one octet", "no RTP", "no agreed type", "a codec of nobody here"],
)
def test_only_rtp_of_an_agreed_kind_locks(call: Circuit, octets: bytes) -> None:
    other = call.other(CALLER)
    call.apply()
    call.from_caller(octets, by=other)
    call.from_caller(octets)
    call.serve()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert heard(other) == []
    assert len(heard(call.caller)) == 1
    call.from_caller(packet(0), by=other)
    call.serve()
    assert len(heard(call.callee)) == 1
    assert call.close().caller.rejected == 2


def test_a_law_that_was_not_agreed_on_locks_too__rfc3264_6_1(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0, payload_type=8), by=behind_nat)
    call.serve()
    assert len(heard(call.callee)) == 1


def test_a_telephone_event_locks_too(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0, b"\x05\x0a\x00\xa0", payload_type=101), by=behind_nat)
    call.from_caller(packet(1), by=behind_nat)
    call.serve()
    assert len(heard(call.callee)) == 2


def test_a_new_address_by_signalling_is_learned_afresh(call: Circuit) -> None:
    moved = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.apply(call.plan(caller=stream(moved)))
    call.from_caller(packet(1))  # the old one is a stranger now
    call.from_caller(packet(5000, ssrc=0x4444), by=moved)
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    sent = heard(call.callee)
    assert len(sent) == 2
    first, second = (read_header(octets) for octets in sent)
    assert second[2] == (first[2] + 1) & 0xFFFF
    assert second[4] == first[4]
    assert len(heard(moved)) == 1


def test_a_new_sender_may_go_on_anywhere_under_the_same_ssrc(call: Circuit) -> None:
    moved = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.apply(call.plan(caller=stream(moved)))
    call.from_caller(packet(10_000), by=moved)
    call.serve()
    first, second = (read_header(octets) for octets in heard(call.callee))
    assert second[2] == (first[2] + 1) & 0xFFFF
    assert second[1] is True


def test_a_plan_that_keeps_the_address_keeps_the_lock(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    call.from_caller(packet(0), by=behind_nat)
    call.serve()
    call.apply(call.plan(caller=stream(call.caller, call.caller_rtcp, takes=False)))
    call.apply(call.plan())
    call.from_caller(packet(1))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 1
    assert len(heard(behind_nat)) == 1


def test_an_equal_plan_changes_nothing(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.advance(29)
    call.apply(call.plan())
    assert call.silent == []
    call.advance(2)
    assert {fact.caller for fact in call.silent} == {True, False}
    call.apply(call.plan())
    call.advance(60)
    assert len(call.silent) == 2


def test_a_plan_that_keeps_the_address_of_reports_keeps_their_lock(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    behind_nat.sendto(report(0, 0), (call.pairs[0].host, call.pairs[0].port + 1))
    call.serve()
    call.apply(call.plan(silence_s=20))
    call.advance(2.6)
    assert len(heard(behind_nat)) == 1
    assert heard(call.caller_rtcp) == []


def test_who_sends_while_the_line_is_laid_is_still_looked_at(
    call: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, behind_nat = call.other(STRANGER), call.other(CALLEE)

    def slow_twin(door: socket.socket, remote: tuple[str, int]) -> socket.socket:
        twin = connected_twin(door, remote)
        twin.connect(stranger.getsockname())  # as it would hear anybody before it is connected
        call.from_callee(packet(1, ssrc=0x9999, payload_type=8), by=stranger)
        twin.connect(remote)
        call.from_callee(packet(1, payload_type=8), by=behind_nat)
        return twin

    call.apply()
    monkeypatch.setattr(party, "connected_twin", slow_twin)
    call.from_callee(packet(0, payload_type=8), by=behind_nat)
    call.serve()
    assert [read_header(octets)[2] for octets in heard(call.caller)] == [0x4000, 0x4001]
    assert call.close().callee.rejected == 1


def test_a_party_without_a_way_is_tried_again_with_each_report(
    call: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_way(_door: socket.socket, _remote: tuple[str, int]) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(party, "connected_twin", no_way)
    call.apply()
    call.from_caller(packet(0))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    monkeypatch.undo()
    call.advance(2.6)
    call.from_caller(packet(1))
    call.from_callee(packet(1, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 1
    assert len(heard(call.caller)) == 1
    assert call.close().caller.packets_received == 2


def test_ipv6_on_one_side_and_ipv4_on_the_other() -> None:
    with circuit(("::1", OURS[1]), ("::1", CALLEE)) as mixed:
        mixed.apply()
        mixed.from_caller(packet(0, CODES))
        mixed.from_callee(packet(0, CODES, payload_type=8))
        mixed.serve()
        assert payloads(heard(mixed.callee)) == [CODES.translate(MU_TO_A)]
        assert payloads(heard(mixed.caller)) == [CODES.translate(A_TO_MU)]


def test_an_ipv6_address_is_known_in_any_spelling() -> None:
    with circuit(("::1", OURS[1]), ("::1", CALLEE)) as mixed:
        other = mixed.other("::1")
        odd = replace(stream(other), remote=("0:0:0:0:0:0:0:1", 9))
        mixed.apply(mixed.plan(caller=odd))
        mixed.from_caller(packet(0), by=other)
        mixed.serve()
        assert len(heard(mixed.callee)) == 1


# Addresses that cannot be sent to


@pytest.mark.parametrize(
    "remote",
    [
        ("0.0.0.0", 4000),
        ("255.255.255.255", 4000),
        ("224.0.0.1", 4000),
        (CALLEE, 0),
        (CALLEE, 70_000),
        ("media.example.com", 4000),
        ("", 4000),
        ("\x00", 4000),
        ("::", 4000),
        ("ff02::1", 4000),
        ("2001:db8::1", 4000),
    ],
)
def test_an_impossible_address_ends_nothing(call: Circuit, remote: tuple[str, int]) -> None:
    callee = replace(stream(call.callee, law=Law.PCMA), remote=remote, remote_rtcp=remote)
    call.apply(call.plan(callee=callee))
    for number in range(3):
        call.from_caller(packet(number))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.advance(10)
    call.apply()
    call.from_caller(packet(3))
    call.serve()
    assert len(heard(call.callee)) == 1
    closed = call.close()
    assert closed.caller.packets_received == 4
    assert closed.callee.packets_sent == 1


def test_what_a_party_says_while_it_has_no_address_is_not_missing_afterwards__rfc3264_8_4(
    call: Circuit,
) -> None:
    nowhere = replace(stream(call.caller), remote=("0.0.0.0", 4000), remote_rtcp=("0.0.0.0", 4001))
    for plan, number in ((call.plan(), 0), (call.plan(caller=nowhere), 3), (call.plan(), 6)):
        call.apply(plan)
        for next_one in range(number, number + 3):
            call.from_caller(packet(next_one))
        call.serve()
    assert len(heard(call.callee)) == 6
    closed = call.close()
    assert (closed.caller.packets_received, closed.caller.lost, closed.caller.rejected) == (6, 0, 3)


def test_a_party_that_does_not_listen_yet_misses_only_what_it_misses(call: Circuit) -> None:
    where = call.callee.getsockname()
    call.apply()
    call.callee.close()
    for number in range(5):
        call.from_caller(packet(number))
        call.serve()
    call.callee = udp(*where)
    for number in range(5, 8):
        call.from_caller(packet(number))
        call.serve()
    assert len(heard(call.callee)) == 3
    assert call.close().caller.packets_received == 8


# Directions


def test_on_hold_audio_stops_and_reports_go_on__rfc3264_8_4(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    held = stream(call.callee, call.callee_rtcp, law=Law.PCMA, sends=False, takes=False)
    call.apply(call.plan(callee=held))
    heard(call.callee)
    call.from_caller(packet(1))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.advance(10)
    assert heard(call.callee) == []
    assert heard(call.caller) == []
    assert len(heard(call.callee_rtcp)) >= 1
    assert len(heard(call.caller_rtcp)) >= 1


# RTCP


def test_a_party_that_gets_audio_gets_sender_reports__rfc3550_6_4(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.from_caller(packet(1))
    call.serve()
    sent = heard(call.callee)
    call.advance(2.6)
    ssrc = read_header(sent[0])[4]
    to_callee, to_caller = heard(call.callee_rtcp), heard(call.caller_rtcp)
    assert len(to_callee) == len(to_caller) == 1
    assert to_callee[0][1] == 200
    assert to_callee[0][4:8] == ssrc.to_bytes(4, "big")
    assert to_callee[0][20:28] == bytes.fromhex("00000002 00000140")
    assert to_callee[0][16:20] == (read_header(sent[1])[3] + int(2.5 * SECOND)).to_bytes(4, "big")
    assert to_caller[0][:2] == bytes([0x81, 201])
    assert to_caller[0][8:12] == (0x1111).to_bytes(4, "big")


def test_reports_come_every_five_seconds_and_the_first_after_half__rfc3550_6_2(call: Circuit) -> None:
    call.apply()
    counts = []
    for _ in range(6):
        call.advance(2.5)
        counts.append(len(heard(call.caller_rtcp)))
    assert counts == [1, 0, 1, 0, 1, 0]


def test_before_a_plan_no_report_is_sent(call: Circuit) -> None:
    assert call.session.next_deadline() is None


def test_the_last_report_says_goodbye__rfc3550_6_6(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.close()
    for sock in (call.caller_rtcp, call.callee_rtcp):
        assert [parse(datagram, 0).leaving for datagram in heard(sock)] == [True]


def report(ssrc: int, lost: int) -> bytes:
    """A receiver report with one block."""
    block = ssrc.to_bytes(4, "big") + b"\x10" + lost.to_bytes(3, "big") + bytes(16)
    return bytes.fromhex("81c90007 00001111") + block


def test_a_partys_own_figures_are_in_the_last_word(call: Circuit) -> None:
    call.apply()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    ssrc = read_header(heard(call.caller)[0])[4]
    call.caller_rtcp.sendto(report(ssrc, 42), (call.pairs[0].host, call.pairs[0].port + 1))
    call.serve()
    closed = call.close()
    assert closed.caller.remote_lost == 42
    assert closed.callee.remote_lost is None


def test_strangers_and_malformed_octets_on_the_rtcp_port_are_counted_and_not_believed(call: Circuit) -> None:
    stranger, neighbour = call.other(STRANGER), call.other(CALLER)
    port = (call.pairs[0].host, call.pairs[0].port + 1)
    call.apply()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    ssrc = read_header(heard(call.caller)[0])[4]
    call.caller_rtcp.sendto(report(ssrc, 1), port)
    call.serve()
    stranger.sendto(report(ssrc, 99), port)
    neighbour.sendto(
        report(ssrc, 99), port
    )  # the party's host, but another port than the one it reports from
    call.caller_rtcp.sendto(report(ssrc, 99)[:-1], port)
    call.caller_rtcp.sendto(b"", port)
    call.serve()
    call.advance(2.6)
    assert (heard(stranger), heard(neighbour)) == ([], [])
    assert len(heard(call.caller_rtcp)) == 1
    closed = call.close()
    assert closed.caller.remote_lost == 1
    assert closed.caller.rejected == 4


def test_reports_go_to_where_the_partys_reports_come_from(call: Circuit) -> None:
    behind_nat = call.other(CALLER)
    call.apply()
    behind_nat.sendto(report(0, 0), (call.pairs[0].host, call.pairs[0].port + 1))
    call.serve()
    call.advance(2.6)
    assert len(heard(behind_nat)) == 1
    assert heard(call.caller_rtcp) == []


# Silence


def test_a_party_that_never_sent_is_silent_after_the_limit(call: Circuit) -> None:
    call.apply()
    call.advance(29.9)
    assert call.silent == []
    call.advance(0.2)
    assert sorted(call.silent, key=lambda fact: fact.caller) == [
        MediaSilent("call", caller=False),
        MediaSilent("call", caller=True),
    ]


def test_silence_is_told_once_a_plan(call: Circuit) -> None:
    call.apply()
    call.advance(100)
    assert len(call.silent) == 2
    call.apply(call.plan(silence_s=10))
    call.advance(9.9)
    assert len(call.silent) == 2
    call.advance(100)
    assert len(call.silent) == 4


def test_audio_puts_silence_off(call: Circuit) -> None:
    call.apply()
    for number in range(4):
        call.advance(20)
        call.from_caller(packet(number))
        call.serve()
    assert [fact.caller for fact in call.silent] == [False]
    call.advance(29.9)
    assert len(call.silent) == 1
    call.advance(0.2)
    assert [fact.caller for fact in call.silent] == [False, True]


def test_reports_alone_put_silence_off(call: Circuit) -> None:
    call.apply()
    for _ in range(4):
        call.advance(20)
        call.caller_rtcp.sendto(report(0, 0), (call.pairs[0].host, call.pairs[0].port + 1))
        call.serve()
    assert [fact.caller for fact in call.silent] == [False]


def test_strangers_and_malformed_octets_do_not_put_silence_off(call: Circuit) -> None:
    stranger = call.other(STRANGER)
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    for number in range(1, 4):
        call.advance(9.9)
        call.from_caller(packet(number), by=stranger)
        call.from_caller(b"not RTP")
        stranger.sendto(report(0, 0), (call.pairs[0].host, call.pairs[0].port + 1))
        call.caller_rtcp.sendto(b"not RTCP", (call.pairs[0].host, call.pairs[0].port + 1))
        call.serve()
    call.advance(0.4)
    assert {fact.caller for fact in call.silent} == {True, False}


def test_a_held_party_is_not_asked_for_audio(call: Circuit) -> None:
    call.apply(call.plan(callee=stream(call.callee, law=Law.PCMA, sends=False)))
    call.advance(100)
    assert call.silent == [MediaSilent("call", caller=True)]


def test_a_limit_of_zero_never_asks(call: Circuit) -> None:
    call.apply(call.plan(silence_s=0))
    call.advance(1000)
    assert call.silent == []


# The last word


def test_the_last_word_counts_each_party_for_itself(call: Circuit) -> None:
    call.apply()
    for number in (0, 1, 2, 4):
        call.from_caller(packet(number))
        call.serve()
        call.now += 160
    call.from_callee(packet(0, bytes(80), payload_type=8))
    call.from_callee(packet(1, bytes(80), payload_type=8))
    call.serve()
    closed = call.close()
    assert (closed.caller.packets_received, closed.caller.packets_sent) == (4, 2)
    assert (closed.callee.packets_received, closed.callee.packets_sent) == (2, 4)
    assert (closed.caller.octets_received, closed.callee.octets_received) == (640, 160)
    assert (closed.caller.lost, closed.callee.lost) == (1, 0)
    assert closed.caller.jitter_ms is not None


def test_a_call_without_audio_has_no_jitter(call: Circuit) -> None:
    closed = call.close()
    assert closed.caller.jitter_ms is None
    assert closed.caller.packets_received == 0


def test_after_the_end_nothing_is_watched_and_the_ports_are_the_owners(call: Circuit) -> None:
    call.apply()
    call.from_caller(packet(0))
    call.serve()
    call.close()
    assert call.handlers == {}
    assert call.pairs[0].rtp.getsockname()[1] == call.pairs[0].port
