"""Client transactions in time: what is sent when, and what their user is told (RFC 3261 section 17.1, RFC 6026)."""

import pytest

from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow, Transport
from mediation.sip.message import Request
from tests.unit.sip.bench import TCP, UDP, US, Bench

BOTH = pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
OVER_INVITE = [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
OVER_OTHERS = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_timer_a_doubles_without_a_cap_and_timer_b_ends_it__rfc3261_17_1_1_2() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.advance(31.9)
    assert bench.told == []
    bench.advance(60)
    assert bench.times() == OVER_INVITE
    assert bench.told == ["timeout"]
    assert len(bench.layer) == 0


def test_timer_e_doubles_up_to_t2_and_timer_f_ends_it__rfc3261_17_1_2_2() -> None:
    bench = Bench()
    bench.begins("OPTIONS")
    bench.advance(31.9)
    assert bench.told == []
    bench.advance(60)
    assert bench.times() == OVER_OTHERS
    assert bench.told == ["timeout"]
    assert len(bench.layer) == 0


def test_timer_e_waits_t2_once_a_provisional_response_was_seen__rfc3261_17_1_2_2() -> None:
    bench = Bench()
    bench.begins("OPTIONS")
    bench.hears(100, "OPTIONS")
    bench.advance(12)
    assert bench.times() == [0.0, 0.5, 4.5, 8.5]
    assert bench.told == ["100"]


@pytest.mark.parametrize("status", [200, 486])
def test_a_final_response_after_a_provisional_one_ends_all_repetition__rfc3261_17_1_2_2(status: int) -> None:
    bench = Bench()
    bench.begins("BYE")
    bench.hears(100, "BYE")
    bench.hears(status, "BYE")
    bench.advance(4.9)
    bench.hears(status, "BYE")
    bench.advance(0.1)  # timer K
    assert bench.told == ["100", str(status)]
    assert (bench.labels(), len(bench.layer)) == (["BYE"], 0)


def test_provisional_responses_do_not_hold_up_timer_f__rfc3261_17_1_2_2() -> None:
    bench = Bench()
    bench.begins("BYE")
    bench.hears(100, "BYE")
    bench.advance(32)
    assert bench.told == ["100", "timeout"]
    assert len(bench.layer) == 0


def test_a_provisional_response_stops_timers_a_and_b__rfc3261_17_1_1_2() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.hears(100, "INVITE")
    bench.advance(1000)
    assert bench.times() == [0.0]
    assert bench.told == ["100"]
    assert len(bench.layer) == 1


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_nothing_is_repeated_over_a_stream_but_the_end_is_the_same__rfc3261_17_1_1_2(method: str) -> None:
    bench = Bench(TCP)
    bench.begins(method)
    bench.advance(31.9)
    assert (bench.times(), bench.told) == ([0.0], [])
    bench.advance(0.1)
    assert bench.told == ["timeout"]


def test_a_failure_is_acked_each_time_it_comes_and_told_once__rfc3261_17_1_1_2() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.hears(486, "INVITE")
    bench.advance(31.9)
    bench.hears(486, "INVITE")
    assert bench.labels() == ["INVITE", "ACK", "ACK"]
    assert bench.told == ["486"]
    bench.advance(0.1)  # timer D
    assert len(bench.layer) == 0


def test_the_ack_to_a_failure_is_the_invites_but_for_method_and_to__rfc3261_17_1_1_3() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.hears(486, "INVITE")
    invite, ack = bench.messages()
    assert isinstance(ack, Request)
    assert isinstance(invite, Request)
    assert ack.vias == invite.vias
    assert (ack.request_uri, ack.call_id, ack.from_) == (invite.request_uri, invite.call_id, invite.from_)
    assert str(ack.cseq) == "1 ACK"
    assert ack.to.tag == "theirs"


def test_over_a_stream_timer_d_is_zero__rfc3261_17_1_1_2() -> None:
    bench = Bench(TCP)
    bench.begins("INVITE")
    bench.hears(486, "INVITE")
    assert bench.told == ["486"]
    assert len(bench.layer) == 0


def test_over_a_stream_timer_k_is_zero_and_over_udp_it_swallows_repetitions__rfc3261_17_1_2_2() -> None:
    for flow, left in ((TCP, 0), (UDP, 1)):
        bench = Bench(flow)
        bench.begins("BYE")
        bench.hears(200, "BYE")
        assert len(bench.layer) == left
    bench.advance(4.9)
    bench.hears(200, "BYE")
    assert bench.told == ["200"]
    bench.advance(0.1)
    assert len(bench.layer) == 0


@BOTH
def test_every_2xx_is_told_for_64_t1_so_that_each_can_be_acked__rfc6026_7_2(flow: Flow) -> None:
    bench = Bench(flow)
    bench.begins("INVITE")
    bench.hears(200, "INVITE")
    bench.advance(31.9)
    bench.hears(200, "INVITE")
    bench.hears(486, "INVITE")
    bench.hears(180, "INVITE")
    assert bench.told == ["200", "200"]
    bench.advance(0.1)  # timer M
    bench.hears(200, "INVITE")
    assert bench.told[2:] == ["stray 200"]


def test_a_transport_error_is_told_and_ends_what_waits_for_an_answer__rfc3261_17_1_4() -> None:
    bench = Bench()
    bench.begins("INVITE", branch="z9hG4bK-a")
    bench.begins("BYE", branch="z9hG4bK-b")
    bench.begins("OPTIONS", branch="z9hG4bK-c")
    bench.begins("BYE", branch="z9hG4bK-d")
    bench.hears(200, "OPTIONS", branch="z9hG4bK-c")
    bench.hears(100, "BYE", branch="z9hG4bK-d")
    bench.layer.transport_failed(Flow(Transport.UDP, US, ("192.0.2.77", 5060)), 0.0)
    assert bench.told == ["200", "100"]
    bench.layer.transport_failed(bench.flow, 0.0)
    assert bench.told == ["200", "100", "transport", "transport", "transport"]
    assert len(bench.layer) == 1
    bench.advance(5)
    assert len(bench.layer) == 0


def test_an_ack_to_a_failure_that_cannot_be_sent_is_told__rfc3261_17_1_1_2() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.hears(486, "INVITE")
    bench.layer.transport_failed(bench.flow, 0.0)
    assert bench.told == ["486", "transport"]
    assert len(bench.layer) == 0


def test_a_transport_error_after_a_provisional_response_leaves_an_invite_alone() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.hears(180, "INVITE")
    bench.layer.transport_failed(bench.flow, 0.0)
    bench.hears(200, "INVITE")
    assert bench.told == ["180", "200"]


def test_a_response_is_matched_by_branch_and_method__rfc3261_17_1_3() -> None:
    bench = Bench()
    bench.begins("INVITE")
    bench.begins("CANCEL")
    bench.hears(200, "CANCEL")
    bench.hears(487, "INVITE")
    bench.hears(200, "BYE")
    bench.hears(200, "INVITE", branch="z9hG4bK-nobodys")
    assert bench.told == ["200", "487", "stray 200", "stray 200"]


def test_an_ack_is_no_transaction() -> None:
    with pytest.raises(LocalSipError):
        Bench().begins("ACK")
