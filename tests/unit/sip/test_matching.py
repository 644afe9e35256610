"""Transactions in time: what is sent when, what the user is told, and whose a message is (RFC 3261 section 17)."""

from dataclasses import replace

import pytest

from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow, Transport
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from tests.unit.sip.bench import TCP, THEM, UDP, US, Bench

BOTH = pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
OVER_INVITE = [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
OVER_OTHERS = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


# client transactions


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
    bench.hears(200, "OPTIONS", branch="z9hG4bK-c")
    bench.layer.transport_failed(Flow(Transport.UDP, US, ("192.0.2.77", 5060)), 0.0)
    assert bench.told == ["200"]
    bench.layer.transport_failed(bench.flow, 0.0)
    assert bench.told == ["200", "transport", "transport"]
    assert len(bench.layer) == 1


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


# server transactions


def test_an_invite_that_is_repeated_hears_the_latest_response__rfc3261_17_2_1() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.gets("INVITE")
    assert bench.labels() == []
    bench.answers(180)
    bench.gets("INVITE")
    assert bench.labels() == ["180", "180"]
    assert bench.told == ["INVITE"]


def test_timer_g_doubles_up_to_t2_and_timer_h_ends_it__rfc3261_17_2_1() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.answers(486)
    bench.advance(60)
    assert bench.times() == OVER_OTHERS
    assert len(bench.layer) == 0


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


# whose a request is


def test_branch_sent_by_and_method_tell_requests_apart__rfc3261_17_2_3() -> None:
    bench = Bench()
    bench.gets("OPTIONS", sequence=1)
    bench.gets("OPTIONS", via="SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-theirs", sequence=2)
    bench.gets("MESSAGE", sequence=3)
    bench.gets("OPTIONS", via="SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-theirs", sequence=1)
    assert bench.told == ["OPTIONS", "OPTIONS", "MESSAGE"]


def test_a_cancel_finds_the_invite_of_its_branch__rfc3261_9_2() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.gets("CANCEL")
    bench.gets("CANCEL", branch="z9hG4bK-unknown")
    assert bench.told == ["INVITE", "CANCEL of INVITE", "CANCEL of None"]


def test_the_same_request_by_another_path_is_482__rfc3261_8_2_2_2() -> None:
    bench = Bench()
    bench.gets("INVITE")
    bench.gets("INVITE", branch="z9hG4bK-other-path")
    assert (bench.told, bench.labels()) == (["INVITE"], ["482"])


def test_a_request_within_a_dialog_is_never_merged__rfc3261_8_2_2_2() -> None:
    bench = Bench()
    bench.gets("BYE", to_tag="ours")
    bench.gets("BYE", to_tag="ours", branch="z9hG4bK-again")
    assert bench.told == ["BYE", "BYE"]


def test_once_the_transaction_is_over_the_same_ids_are_a_new_request() -> None:
    bench = Bench()
    bench.gets("OPTIONS")
    bench.answers(200)
    bench.advance(32)
    bench.gets("OPTIONS", branch="z9hG4bK-later")
    assert bench.told == ["OPTIONS", "OPTIONS"]


@pytest.mark.parametrize("via", ["SIP/2.0/UDP 192.0.2.9:5060", "SIP/2.0/UDP 192.0.2.9:5060;branch=1"])
def test_peers_of_rfc_2543_are_matched_by_what_their_requests_share__rfc3261_17_2_3(via: str) -> None:
    bench = Bench()
    bench.gets("INVITE", via=via)
    bench.gets("INVITE", via=via)
    bench.gets("CANCEL", via=via)
    bench.served.pop()
    bench.answers(487)
    bench.gets("ACK", via=via, to_tag="ours")
    assert bench.told == ["INVITE", "CANCEL of INVITE"]
    bench.advance(10)
    assert bench.labels() == ["487"]


def test_the_2xx_of_a_peer_of_rfc_2543_is_acked_too__rfc3261_17_2_3() -> None:
    via = "SIP/2.0/UDP 192.0.2.9:5060"
    bench = Bench()
    bench.gets("INVITE", via=via)
    bench.answers(200)
    bench.gets("ACK", via=via, to_tag="ours")
    assert bench.told == ["INVITE", "ACK"]


# where answers go


@pytest.mark.parametrize(
    ("flow", "via", "remote"),
    [
        (UDP, "SIP/2.0/UDP proxy.example:5080;branch=z9hG4bK1", (THEM[0], 5080)),
        (UDP, "SIP/2.0/UDP proxy.example;branch=z9hG4bK1", (THEM[0], 5060)),
        (UDP, "SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bK1;rport", THEM),
        (UDP, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;maddr=203.0.113.5", (THEM[0], 5060)),
        (UDP, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;received=203.0.113.5", (THEM[0], 5060)),
        (TCP, "SIP/2.0/TCP 10.0.0.1:5090;branch=z9hG4bK1;rport", (THEM[0], 5090)),
    ],
    ids=["sent-by", "default-port", "rport", "maddr-is-refused", "received-is-not-believed", "stream"],
)
def test_answers_go_where_the_request_came_from__rfc3261_18_2_2(
    flow: Flow, via: str, remote: tuple[str, int]
) -> None:
    bench = Bench(flow)
    bench.gets("OPTIONS", via=via)
    bench.answers(200)
    ((_, transmit),) = bench.sent
    assert transmit.flow == Flow(flow.transport, US, remote, flow.connection)


def test_a_user_that_breaks_leaves_no_transaction_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    bench = Bench(TCP)
    bench.begins("BYE", branch="z9hG4bK-answered")
    bench.begins("BYE", branch="z9hG4bK-silent")
    monkeypatch.setattr(bench, "response_received", broken)
    monkeypatch.setattr(bench, "request_failed", broken)
    with pytest.raises(ZeroDivisionError):
        bench.hears(200, "BYE", branch="z9hG4bK-answered")
    with pytest.raises(ZeroDivisionError):
        bench.advance(32)
    assert len(bench.layer) == 0


# connections


def test_a_lost_connection_is_heard_by_what_came_by_it_and_what_was_sent_where_it_led() -> None:
    bench = Bench(TCP)
    bench.gets("INVITE")
    bench.served[-1].user = bench
    bench.begins("BYE", branch="z9hG4bK-by-name")
    bench.flow = replace(TCP, connection=None)
    bench.begins("BYE", branch="z9hG4bK-by-address")
    bench.flow = replace(TCP, connection=8)
    bench.begins("BYE", branch="z9hG4bK-other")
    found = {t.request.top_via.branch for t in bench.layer.over(TCP)}
    assert found == {"z9hG4bK-theirs", "z9hG4bK-by-name", "z9hG4bK-by-address"}
    nobody = replace(TCP, remote=("", 0))
    assert len(bench.layer.over(nobody)) == 2, "by address no more, by name still"
    assert bench.layer.over(replace(TCP, transport=Transport.TLS)) == []


def test_port_5061_goes_without_saying_in_a_via_of_tls__rfc3261_18_2_2() -> None:
    bench = Bench(replace(TCP, transport=Transport.TLS))
    bench.gets("INVITE", via="SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK-theirs")
    assert bench.served[-1].flow.remote == ("192.0.2.9", 5061)
    bench.gets("INVITE", via="SIP/2.0/TLS 192.0.2.9:5061;branch=z9hG4bK-theirs")
    assert len(bench.served) == 1
