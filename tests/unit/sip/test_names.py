"""What we are called: addresses where nothing else is said, names for signalling, an address for audio."""

import pytest

from mediation.sip.flow import Flow, Transport
from mediation.sip.headers import NameAddress, Via
from mediation.sip.names import Name, Names
from mediation.sip.uri import SipUri

US, SIX, THEM = ("192.0.2.1", 5060), ("2001:db8::1", 5070), ("192.0.2.9", 5060)
UDP, TLS = Flow(Transport.UDP, US, THEM), Flow(Transport.TLS, US, THEM)
NAMES = Names(
    {
        (Transport.UDP, US): Name("198.51.100.7", 15060, "198.51.100.7"),
        (Transport.TLS, US): Name("sbc.example.com", 5061, "198.51.100.7"),
    },
    lambda flow: flow.remote == THEM,
)


def test_a_listener_that_nobody_has_named_is_called_by_its_address() -> None:
    tcp = Flow(Transport.TCP, US, THEM)
    assert NAMES.of(tcp) == Name("192.0.2.1", 5060, "192.0.2.1")
    assert NAMES.contact(tcp) == "<sip:192.0.2.1:5060;transport=tcp>"
    assert NAMES.via(tcp, "z9hG4bK1") == "SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1;rport"
    assert Names().host_and_port(Flow(Transport.UDP, SIX, SIX)) == "[2001:db8::1]:5070"


def test_each_listener_has_names_of_its_own_though_the_address_is_one() -> None:
    assert NAMES.contact(UDP) == "<sip:198.51.100.7:15060>"
    assert NAMES.contact(TLS) == "<sip:sbc.example.com:5061;transport=tls>"
    assert NAMES.of(TLS).audio_host == "198.51.100.7"


@pytest.mark.parametrize("flow", [UDP, TLS, Flow(Transport.TCP, SIX, SIX)])
def test_what_is_printed_can_be_read(flow: Flow) -> None:
    via, contact = Via.parse(NAMES.via(flow, "z9hG4bK1")), NameAddress.parse(NAMES.contact(flow))
    name = NAMES.of(flow)
    assert (via.sent_by, via.branch, via.has_rport) == ((name.host, name.port), "z9hG4bK1", True)
    assert isinstance(contact.uri, SipUri)
    assert (contact.uri.host, contact.uri.port) == (name.host, name.port)


def test_only_over_tls_and_only_to_a_peer_that_may_is_reuse_asked_for__rfc5923_5() -> None:
    assert Via.parse(NAMES.via(TLS, "z9hG4bK1")).parameters.has("alias")
    for flow in (UDP, Flow(Transport.TCP, US, THEM), Flow(Transport.TLS, US, SIX)):
        assert not Via.parse(NAMES.via(flow, "z9hG4bK1")).parameters.has("alias")
