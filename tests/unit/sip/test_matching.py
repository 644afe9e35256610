"""Whose a request is and where its answer goes (RFC 3261 sections 8.2.2.2, 17.2.3 and 18.2.2)."""

from dataclasses import replace

import pytest

from mediation.sip.flow import Flow, Transport
from mediation.sip.message import Request
from tests.unit.sip.bench import TCP, THEM, UDP, US, Bench, message, parse


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


def test_a_request_of_ours_that_has_come_back_is_known_by_its_via__rfc3261_16_3() -> None:
    bench = Bench()
    sent = bench.begins("INVITE").request
    ours = f"Via: {sent.top_via}\r\n"
    for extra, method, back in (
        (ours, "INVITE", True),
        (f"Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK-third\r\n{ours}", "INVITE", True),
        (ours, "OPTIONS", False),
        ("Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK-third\r\n", "INVITE", False),
        ("Via: SIP/2.0/UDP 192.0.2.77\r\n", "INVITE", False),
        ("", "INVITE", False),
    ):
        request = parse(message(f"{method} sip:b SIP/2.0", method, "z9hG4bK-theirs", extra=extra))
        assert isinstance(request, Request)
        returned = bench.layer.returned(request)
        assert (returned is not None) is back
        assert returned is None or returned.request == sent


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
