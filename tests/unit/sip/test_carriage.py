"""Large requests: by a stream where there is one, by a datagram where nobody takes the stream (RFC 3261 18.1.1)."""

from dataclasses import replace

import pytest

from mediation.sip.carriage import LONGEST_OVER_UDP, Carriage, StaysOnUdp
from mediation.sip.flow import Flow, Transport
from mediation.sip.message import Request
from mediation.sip.names import Name, Names
from mediation.sip.transaction_row import Transaction
from tests.unit.sip.bench import TCP, UDP, US, Bench, message, parse

STREAM = replace(TCP, connection=None)
NAMES = Names({(Transport.TCP, US): Name("tcp.example.com", 5062, US[0])})


class Large(Bench):
    """A bench whose layer counts octets; `stream` is where large requests may go, or why they may not."""

    def __init__(self, stream: Flow | str = STREAM) -> None:
        super().__init__()
        self.stays: list[StaysOnUdp] = []
        self.layer._carriage = Carriage(NAMES, lambda flow: stream, self.stays.append)

    def sends(self, method: str = "INVITE", *, octets: int = LONGEST_OVER_UDP + 1) -> Transaction:
        """A request of ours of exactly so many octets."""
        return self.layer.send_request(large(method, octets), UDP, self, self.now)

    def transports(self) -> list[Transport]:
        """By what each message went."""
        return [transmit.flow.transport for _, transmit in self.sent]


def large(method: str, octets: int, host: str = US[0]) -> Request:
    start = f"{method} sip:them@192.0.2.9 SIP/2.0"
    text = message(start, method, "z9hG4bK-ours", host=host).replace(
        "<sip:a@192.0.2.9>", "<sip:192.0.2.1:5060>;x"
    )
    request = parse(text)
    missing = octets - len(bytes(request)) - len("X: \r\n")
    made = parse(text[:-2] + f"X: {'x' * missing}\r\n\r\n")
    assert isinstance(made, Request)
    assert len(bytes(made)) == octets
    return made


def test_1300_octets_stay_and_one_more_goes_by_tcp__rfc3261_18_1_1() -> None:
    bench = Large()
    assert bench.sends(octets=LONGEST_OVER_UDP).flow == UDP
    assert bench.sends().flow == STREAM
    assert bench.transports() == [Transport.UDP, Transport.TCP]
    assert bench.stays == []


def test_via_and_contact_say_how_it_is_really_sent() -> None:
    bench = Large()
    transaction = bench.sends()
    [sent] = bench.messages()
    assert isinstance(sent, Request)
    assert sent == parse(bytes(transaction.request))
    assert sent.headers.get("Via") == "SIP/2.0/TCP tcp.example.com:5062;branch=z9hG4bK-ours;rport"
    assert sent.headers.get("Contact") == "<sip:tcp.example.com:5062;transport=tcp>;x"
    before, changed = large("INVITE", LONGEST_OVER_UDP + 1), ("Via", "Contact", "Content-Length")
    assert sent.headers.without(*changed) == before.headers.without(*changed)
    assert (sent.request_uri, sent.body) == (before.request_uri, before.body)


def test_over_tcp_nothing_is_repeated__rfc3261_17_1_1_2() -> None:
    bench = Large()
    bench.sends()
    bench.advance(31)
    assert bench.labels() == ["INVITE"]
    bench.advance(1)
    assert bench.told == ["timeout"]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_where_tcp_is_refused_the_same_request_goes_by_udp_and_is_repeated__rfc3261_18_1_1(
    method: str,
) -> None:
    bench = Large()
    transaction = bench.sends(method)
    bench.advance(2)
    bench.layer.transport_failed(STREAM, bench.now)
    assert bench.transports() == [Transport.TCP, Transport.UDP]
    assert bench.sent[1][1].octets == bytes(large(method, LONGEST_OVER_UDP + 1))
    assert (transaction.flow, transaction.request) == (UDP, large(method, LONGEST_OVER_UDP + 1))
    bench.advance(1.5)
    assert bench.times() == [0, 2, 2.5, 3.5]
    assert [(each.method, each.octets, each.why) for each in bench.stays] == [
        (method, LONGEST_OVER_UDP + 1, "TCP is refused")
    ]
    bench.hears(200, method)
    assert bench.told == ["200"]


def test_the_whole_patience_is_for_both_ways_together__rfc3261_17_1_1_2() -> None:
    bench = Large()
    bench.sends()
    bench.advance(5)
    bench.layer.transport_failed(STREAM, bench.now)
    bench.advance(26.9)
    assert bench.told == []
    bench.advance(0.1)
    assert bench.told == ["timeout"]


def test_what_udp_cannot_send_either_has_failed() -> None:
    bench = Large()
    bench.sends()
    bench.layer.transport_failed(STREAM, bench.now)
    bench.layer.transport_failed(UDP, bench.now)
    assert bench.told == ["transport"]
    assert len(bench.layer) == 0


def test_what_was_answered_once_is_not_sent_another_way() -> None:
    bench = Large()
    bench.sends()
    bench.hears(180, "INVITE")
    bench.layer.transport_failed(STREAM, bench.now)
    assert bench.labels() == ["INVITE"]
    assert bench.told == ["180"]
    bench.hears(200, "INVITE")


def test_the_ack_to_a_failure_goes_the_way_of_its_invite__rfc3261_17_1_1_3() -> None:
    for refused, transport in ((False, Transport.TCP), (True, Transport.UDP)):
        bench = Large()
        bench.sends()
        if refused:
            bench.layer.transport_failed(STREAM, bench.now)
        bench.hears(486, "INVITE")
        ack = bench.messages()[-1]
        assert bench.labels()[-1] == "ACK"
        assert ack.top_via.transport == transport.upper()


def test_a_cancel_is_never_moved__rfc3261_9_1() -> None:
    bench = Large()
    assert bench.sends("CANCEL").flow == UDP
    assert bench.stays == []


def test_without_a_stream_it_is_a_datagram_and_that_is_told() -> None:
    bench = Large("there is no tcp: listener")
    assert bench.sends(octets=2000).flow == UDP
    assert bench.stays == [StaysOnUdp(UDP, "INVITE", 2000, "there is no tcp: listener")]
    bench.layer.transport_failed(UDP, bench.now)
    assert bench.told == ["transport"]


def test_what_goes_by_tcp_anyway_is_not_counted() -> None:
    bench = Large("never asked")
    transaction = bench.layer.send_request(large("INVITE", 5000), TCP, bench, bench.now)
    assert transaction.flow == TCP
    assert bench.stays == []
