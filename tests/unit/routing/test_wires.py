"""Whose settings hold for a wire, and what we are called at our end of it."""

from dataclasses import replace

import pytest

from mediation.routing.directory import Directory
from mediation.routing.wires import Wire, Wires
from mediation.settings.model import Settings
from mediation.settings.peers import LargeRequests
from mediation.settings.read import read
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.locating import Service
from mediation.sip.names import Name

INSIDE, OUTSIDE = ("10.0.0.10", 5060), ("198.51.100.10", 5060)
TEXT = """
[internal]
listen = ["udp:10.0.0.10", "tcp:10.0.0.10"]
targets = ["sip:10.0.0.20"]
trusted = ["10.0.0.0/24"]
keepalive_s = 25
tcp_idle_s = 60

[gateway]
listen = ["udp:198.51.100.9", "udp:198.51.100.10", "tcp:198.51.100.9 as sbc.example.com",
          "tcp:198.51.100.10:5062", "tls:198.51.100.10", "udp:[2001:db8::10]"]
[gateway.tls]
certificate = "c"
private_key = "k"

[[trunk]]
name = "east"
targets = ["sip:198.51.100.30", "sip:198.51.100.31;transport=tls", "sip:[2001:db8::30]"]
trusted = ["198.51.100.128/25"]
large_requests = "udp"
keepalive_s = 30

[[trunk]]
name = "west"
targets = ["sip:198.51.100.30:5070", "sip:198.51.100.40:5060;transport=tcp"]
trusted = []
reuse_connections = true
"""


def test_what_names_stand_for_is_kept_alive_and_has_the_wire_of_its_trunk() -> None:
    named = read(
        TEXT.replace("sip:198.51.100.30:5070", "sip:west.example").replace(
            "reuse_connections = true", "reuse_connections = true\nkeepalive_s = 99"
        ),
        "m",
    )
    directory = Directory(named)
    wires = Wires(named, directory)
    there = ("198.51.100.77", 5062)
    assert there not in [flow.remote for flow, _ in wires.kept_alive()]
    [west] = directory.names("west")
    directory.learn("west", west, (Service(0, 0, Transport.UDP, there[1], (there[0],)),))
    assert [every_s for flow, every_s in wires.kept_alive() if flow.remote == there] == [99.0]
    assert wires.of(udp(there)).reuses
    directory.learn("west", west, (Service(0, 0, Transport.UDP, there[1], ("198.51.100.78",)),))
    assert there not in [flow.remote for flow, _ in wires.kept_alive()]
    assert wires.of(udp(there)).reuses, "its calls may be up"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return read(TEXT, "m")


@pytest.fixture(scope="module")
def wires(settings: Settings) -> Wires:
    return Wires(settings)


def udp(remote: Endpoint, local: Endpoint = OUTSIDE) -> Flow:
    return Flow(Transport.UDP, local, remote)


@pytest.mark.parametrize(
    ("remote", "reuses"),
    [
        (("198.51.100.30", 5060), False),
        (("198.51.100.30", 5070), True),
        (("198.51.100.30", 40000), False),
        (("198.51.100.200", 40000), False),
        (("198.51.100.40", 40000), True),
    ],
)
def test_the_very_target_decides_then_the_address_then_the_network(
    wires: Wires, remote: Endpoint, reuses: bool
) -> None:
    wire = wires.of(udp(remote))
    assert wire.reuses is reuses
    assert wire.large is (LargeRequests.TCP if reuses else LargeRequests.UDP)
    assert wire.idle_s == 900


def test_the_front_ends_have_one_rule_and_their_own_idle_time(wires: Wires) -> None:
    assert wires.of(udp(("10.0.0.99", 5060), INSIDE)) == Wire(60.0, 25.0)


def test_a_peer_of_no_trunk_has_the_usual_wire(wires: Wires) -> None:
    assert wires.of(udp(("203.0.113.1", 5060))) == Wire()


def test_a_stream_is_taken_from_the_same_address_where_there_is_one(wires: Wires, settings: Settings) -> None:
    flow = udp(("198.51.100.30", 5070))
    stream = wires.stream(flow)
    assert stream == Flow(Transport.TCP, ("198.51.100.10", 5062), flow.remote)
    gone = replace(settings.gateway, listen=settings.gateway.listen[:3])
    other = Wires(replace(settings, gateway=gone)).stream(flow)
    assert other == Flow(Transport.TCP, ("198.51.100.9", 5060), flow.remote)


def test_there_is_no_stream_of_another_family_and_none_where_the_peer_wants_none(wires: Wires) -> None:
    six = Flow(Transport.UDP, ("2001:db8::10", 5060), ("2001:db8::99", 5060))
    assert wires.stream(six) == "there is no tcp: listener"
    assert wires.stream(udp(("198.51.100.30", 5060))) == 'large_requests is "udp"'


def test_each_udp_target_that_wants_it_is_kept_alive_once_by_the_listener_that_calls_it(wires: Wires) -> None:
    assert list(wires.kept_alive()) == [
        (udp(("10.0.0.20", 5060), INSIDE), 25.0),
        (udp(("198.51.100.30", 5060), ("198.51.100.9", 5060)), 30.0),
        (Flow(Transport.UDP, ("2001:db8::10", 5060), ("2001:db8::30", 5060)), 30.0),
    ]


def test_names_are_those_of_the_listeners(wires: Wires) -> None:
    names = wires.names()
    named = Flow(Transport.TCP, ("198.51.100.9", 5060), ("198.51.100.40", 5060))
    assert names.of(named) == Name("sbc.example.com", 5060, "198.51.100.9")
    tls = Flow(Transport.TLS, ("198.51.100.10", 5061), ("198.51.100.40", 5061))
    assert names.via(tls, "z9hG4bK1").endswith(";alias")
    assert names.via(replace(tls, remote=("198.51.100.31", 5061)), "z9hG4bK1").endswith(";rport")
