"""Server transactions in time: what is sent when, and what their user is told (RFC 3261 section 17.2, RFC 6026)."""

import pytest

from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow
from mediation.sip.headers import Headers
from mediation.sip.message import Response
from tests.unit.sip.bench import TCP, UDP, Bench

BOTH = pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
OVER_OTHERS = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_an_invite_that_is_repeated_hears_the_latest_response__rfc3261_17_2_1() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.gets("INVITE")
    assert bench.labels() == []
    bench.answers(180)
    bench.gets("INVITE")
    assert bench.labels() == ["180", "180"]
    assert bench.told == ["INVITE"]


def test_timer_g_doubles_up_to_t2_and_timer_h_ends_it_and_says_so__rfc3261_17_2_1() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.served[-1].user = bench
    bench.answers(486)
    bench.advance(60)
    assert bench.times() == OVER_OTHERS
    assert bench.told == ["INVITE", "timeout"]
    assert len(bench.layer) == 0


def test_an_invite_that_is_repeated_hears_the_failure_again__rfc3261_17_2_1() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.answers(486)
    bench.gets("INVITE")
    assert bench.labels() == ["486", "486"]


def test_over_a_stream_a_failure_is_said_once_and_timer_h_ends_it__rfc3261_17_2_1() -> None:
    bench = Bench(TCP)
    bench.gets("INVITE")
    bench.answers(486)
    bench.advance(31.9)
    assert len(bench.layer) == 1
    bench.advance(0.1)
    assert bench.times() == [0.0]
    assert len(bench.layer) == 0


def test_the_ack_to_a_failure_ends_its_repetition_and_timer_i_swallows_more__rfc3261_17_2_1() -> None:
    for flow, left in ((TCP, 0), (UDP, 1)):
        bench = Bench(flow)
        bench.gets("INVITE")
        bench.answers(486)
        bench.gets("ACK", to_tag="ours")
        assert len(bench.layer) == left
    bench.gets("ACK", to_tag="ours")
    bench.gets("INVITE")
    bench.advance(4.9)
    assert len(bench.layer) == 1
    bench.advance(0.1)
    assert (bench.labels(), bench.told, len(bench.layer)) == (["486"], ["INVITE"], 0)


@BOTH
def test_after_a_2xx_the_user_repeats_it_and_hears_every_ack__rfc6026_7_1(flow: Flow) -> None:
    bench = Bench(flow)
    bench.gets("INVITE")
    bench.answers(200)
    bench.gets("INVITE")
    bench.answers(200)
    bench.gets("ACK", to_tag="ours")
    bench.gets("ACK", to_tag="ours")
    assert bench.labels() == ["200", "200"]
    assert bench.told == ["INVITE", "ACK", "ACK"]
    bench.advance(31.9)
    assert len(bench.layer) == 1
    bench.advance(0.1)  # timer L
    assert len(bench.layer) == 0


def test_the_ack_to_a_2xx_has_a_branch_of_its_own_and_reaches_the_user__rfc3261_13_2_2_4() -> None:
    bench = Bench()
    bench.gets("ACK", branch="z9hG4bK-another", to_tag="ours")
    assert bench.told == ["ACK"]
    assert len(bench.layer) == 0


def test_another_request_that_is_repeated_hears_the_same_answer_for_64_t1__rfc3261_17_2_2() -> None:
    bench = Bench()
    bench.gets("BYE", to_tag="ours")
    bench.gets("BYE", to_tag="ours")
    bench.answers(200)
    bench.gets("BYE", to_tag="ours")
    bench.advance(31.9)
    bench.gets("BYE", to_tag="ours")
    assert bench.labels() == ["200", "200", "200"]
    bench.advance(0.1)  # timer J
    assert (bench.told, len(bench.layer)) == (["BYE"], 0)


@pytest.mark.parametrize("status", [200, 486])
def test_another_request_may_be_answered_provisionally_first__rfc3261_17_2_2(status: int) -> None:
    bench = Bench()
    bench.gets("OPTIONS")
    bench.answers(100)
    bench.gets("OPTIONS")
    bench.answers(101)
    bench.answers(status)
    bench.gets("OPTIONS")
    assert bench.labels() == ["100", "100", "101", str(status), str(status)]
    bench.advance(32)  # timer J
    assert len(bench.layer) == 0


@pytest.mark.parametrize("status", [100, 200])
def test_a_response_to_another_request_that_cannot_be_sent_ends_it_and_is_told__rfc3261_17_2_4(
    status: int,
) -> None:
    bench = Bench()
    bench.gets("OPTIONS")
    bench.served[-1].user = bench
    bench.answers(status)
    bench.layer.transport_failed(bench.served[-1].flow, 0.0)
    assert bench.told == ["OPTIONS", "transport"]
    assert len(bench.layer) == 0


def test_over_a_stream_timer_j_is_zero__rfc3261_17_2_2() -> None:
    bench = Bench(TCP)
    bench.gets("BYE", to_tag="ours")
    bench.answers(200)
    assert len(bench.layer) == 0


def test_answering_twice_is_our_own_bug() -> None:
    bench = Bench()
    bench.gets("OPTIONS")
    bench.answers(200)
    with pytest.raises(LocalSipError):
        bench.answers(486)


def test_an_answer_that_cannot_be_printed_changes_nothing() -> None:
    bench = Bench()
    bench.gets("INVITE")
    broken = Response(200, "two\r\nlines", Headers(bench.served[-1].request.headers.items()))
    with pytest.raises(LocalSipError):
        bench.layer.respond(bench.served[-1], broken, 0.0)
    bench.answers(500)
    assert bench.labels() == ["500"]


def test_a_transport_error_is_told_only_by_those_who_have_a_user() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.served[-1].user = bench
    bench.layer.transport_failed(bench.served[-1].flow, 0.0)
    assert bench.told == ["INVITE", "transport"]
    bench.answers(500)
    bench.layer.transport_failed(bench.served[-1].flow, 0.0)
    assert bench.told == ["INVITE", "transport"]
