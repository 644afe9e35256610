"""Listeners, targets and networks, as an operator may spell them."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.settings.addresses import covers, parse_listener, parse_network, parse_target, spelled
from mediation.settings.places import Listener, NamedTarget, Target
from mediation.settings.words import UnfitError
from mediation.sip.flow import Transport
from mediation.sip.locating import Sought


def single(address: IPv4Address | IPv6Address) -> bool:
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return not (address.is_unspecified or address.is_multicast or mapped or int(address) == 2**32 - 1)


hosts = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(single).map(str)
ports = st.integers(1, 65535)
transports = st.sampled_from(Transport)


@given(transports, hosts, ports)
def test_a_listener_is_read_as_it_is_printed(transport: Transport, host: str, port: int) -> None:
    listener = Listener(transport, host, port)
    assert parse_listener(str(listener)) == listener


names = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,8}){0,3}", fullmatch=True)


@given(transports, hosts, ports, st.data())
def test_a_listener_with_names_is_read_as_it_is_printed(
    transport: Transport, host: str, port: int, data: st.DataObject
) -> None:
    kin = hosts.filter(lambda other: (":" in other) == (":" in host))
    advertised = data.draw(st.one_of(st.just(""), names, kin))
    listener = Listener(
        transport,
        host,
        port,
        advertised,
        data.draw(st.one_of(st.just(0), ports)) if advertised else 0,
        data.draw(st.one_of(st.just(""), kin)),
    )
    assert parse_listener(str(listener)) == listener


@given(transports, hosts, ports)
def test_a_target_is_read_as_it_is_printed(transport: Transport, host: str, port: int) -> None:
    where = f"[{host}]" if ":" in host else host
    target = Target(f"sip:{where}:{port};transport={transport}", host, port, transport)
    assert parse_target(str(target)) == target
    assert spelled(target) == f"{transport}:{where}:{port}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("udp:192.0.2.1:5060", Listener(Transport.UDP, "192.0.2.1", 5060)),
        ("tcp:192.0.2.1", Listener(Transport.TCP, "192.0.2.1", 5060)),
        ("UDP:192.0.2.1:65535", Listener(Transport.UDP, "192.0.2.1", 65535)),
        ("udp:[2001:db8::1]:5070", Listener(Transport.UDP, "2001:db8::1", 5070)),
        ("udp:[2001:DB8:0:0::1]", Listener(Transport.UDP, "2001:db8::1", 5060)),
        ("tls:192.0.2.1", Listener(Transport.TLS, "192.0.2.1", 5061)),
        ("TLS:[2001:db8::1]", Listener(Transport.TLS, "2001:db8::1", 5061)),
        ("tls:192.0.2.1:5060", Listener(Transport.TLS, "192.0.2.1", 5060)),
    ],
)
def test_a_listener_has_a_transport_an_address_and_port_5060_or_5061_unless_given(
    text: str, expected: Listener
) -> None:
    assert parse_listener(text) == expected


@pytest.mark.parametrize(
    ("words", "advertised", "audio"),
    [
        ("", ("10.0.0.5", 5060), "10.0.0.5"),
        (" as 192.0.2.5", ("192.0.2.5", 5060), "192.0.2.5"),
        (" as 192.0.2.5:15060", ("192.0.2.5", 15060), "192.0.2.5"),
        (" as sbc.example.com", ("sbc.example.com", 5060), "10.0.0.5"),
        ("  as  sbc.example.com:5062  audio 192.0.2.5", ("sbc.example.com", 5062), "192.0.2.5"),
        (" audio 192.0.2.5", ("10.0.0.5", 5060), "192.0.2.5"),
        (" audio 192.0.2.5 as 192.0.2.6", ("192.0.2.6", 5060), "192.0.2.5"),
    ],
)
def test_a_listener_is_called_by_its_address_unless_another_name_stands_behind_it(
    words: str, advertised: tuple[str, int], audio: str
) -> None:
    listener = parse_listener(f"udp:10.0.0.5{words}")
    assert (listener.socket, listener.endpoint) == ("udp:10.0.0.5:5060", ("10.0.0.5", 5060))
    assert (listener.advertised, listener.audio_host) == (advertised, audio)


def test_a_listener_may_be_bound_to_an_interface() -> None:
    listener = parse_listener("udp:10.8.0.2 as sbc.example.com on wg0")
    assert (listener.device, listener.socket) == ("wg0", "udp:10.8.0.2:5060")
    assert str(listener) == "udp:10.8.0.2:5060 as sbc.example.com on wg0"


def test_names_of_an_ipv6_listener_are_spelled_as_ever() -> None:
    listener = parse_listener("tls:[fd00::5] as [2001:db8::5]:5062 audio 2001:DB8::6")
    assert (listener.advertised, listener.audio_host) == (("2001:db8::5", 5062), "2001:db8::6")
    assert str(listener) == "tls:[fd00::5]:5061 as [2001:db8::5]:5062 audio 2001:db8::6"
    assert parse_listener("tls:[fd00::5] as [2001:db8::5]").advertised == ("2001:db8::5", 5061)


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        ("as", '"as" is not expected', "as NAME audio ADDRESS"),
        ("is sbc.example.com", '"is" is not expected', "as NAME audio ADDRESS"),
        ("as a.example as b.example", '"as" is not expected', "as NAME"),
        ("audio 192.0.2.5 audio 192.0.2.6", '"audio" is not expected', "as NAME"),
        ("as sbc.example.com:0", '"0" is no port', "1 to 65535"),
        ("as sbc..example", "no IP address", "192.0.2.1"),
        ("as 0.0.0.0", "nobody's address", "reach us by"),
        ("as 224.0.0.1", "address of many", "one machine"),
        ("as [2001:db8::5]", "is IPv6, and the listener is IPv4", "other kind"),
        ("as 2001:db8::5", "stands in brackets", "[2001:db8::5]"),
        (f"as {'a' * 254}", "254 characters", "253"),
        ("audio sbc.example.com", "is a host name", "IP address"),
        ("audio 2001:db8::5", "is IPv6, and the listener is IPv4", "other kind"),
        ("audio 0.0.0.0", "nobody's address", "reach us by"),
        ("on wg0 on wg1", '"on" is not expected', "on INTERFACE"),
        ("on", '"on" is not expected', "on INTERFACE"),
        ("on a/b", "is no name of a network interface", "ip link"),
        ("on sixteen-letters1", "is no name of a network interface", "ip link"),
    ],
)
def test_a_name_that_cannot_be_says_why_and_what_helps(words: str, message: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_listener(f"udp:10.0.0.5 {words}")
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "host", "port", "transport"),
    [
        ("sip:192.0.2.9", "192.0.2.9", 5060, Transport.UDP),
        ("sip:192.0.2.9:5070", "192.0.2.9", 5070, Transport.UDP),
        ("sip:192.0.2.9;transport=tcp", "192.0.2.9", 5060, Transport.TCP),
        ("SIP:192.0.2.9;Transport=TCP", "192.0.2.9", 5060, Transport.TCP),
        ("sip:[2001:db8::9]:5070;transport=udp", "2001:db8::9", 5070, Transport.UDP),
        ("sip:192.0.2.9;transport=tls", "192.0.2.9", 5061, Transport.TLS),
        ("sip:192.0.2.9:5060;transport=TLS", "192.0.2.9", 5060, Transport.TLS),
    ],
)
def test_a_target_goes_by_udp_to_port_5060_and_tls_to_5061_unless_it_says_otherwise__rfc3261_19_1_2(
    text: str, host: str, port: int, transport: Transport
) -> None:
    assert parse_target(text) == Target(text, host, port, transport)


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("udp:0.0.0.0:5060", "every address", "Via, Contact and SDP"),
        ("udp:[::]:5060", "every address", "name one address"),
        ("udp:sip.example.com:5060", "host name", "names are taken for targets alone"),
        ("wss:192.0.2.1:5061", '"wss"', "udp, tcp or tls"),
        ("sips:192.0.2.1:5061", "begins a URI", "tls:ADDRESS:PORT"),
        ("192.0.2.1:5060", "does not begin", "udp:ADDRESS:PORT"),
        ("udp", "does not begin", "udp:ADDRESS:PORT"),
        ("sip:192.0.2.1", "no SIP URI", "udp:ADDRESS:PORT"),
        ("udp::5060", "address is missing", "udp:ADDRESS:PORT"),
        ("udp:192.0.2.1:", '"" is no port', "1 to 65535"),
        ("udp:192.0.2.1:0", '"0" is no port', "1 to 65535"),
        ("udp:192.0.2.1:65536", "no port", "1 to 65535"),
        ("udp:192.0.2.1:5_0", "no port", "1 to 65535"),
        ("udp:192.0.2.1:٥٠٦٠", "no port", "1 to 65535"),
        ("udp:192.0.2.01:5060", "no IP address", "192.0.2.1"),
        ("udp:192.0.2.300", "no IP address", "192.0.2.1"),
        ("udp:2001:db8::1:5060", "stands in brackets", "[2001:db8::1]:5060"),
        ("udp:2001:db8::1", "stands in brackets", "[2001:db8::1]"),
        ("udp:a:b:c", "stands in brackets", "[2001:db8::1]:5060"),
        ("udp:[2001:db8::1:5060", "not closed", "udp:ADDRESS:PORT"),
        ("udp:[2001:db8::1]5060", '"5060" follows', "udp:ADDRESS:PORT"),
        ("udp:[fe80::1%eth0]:5060", "zone", "link-local"),
        ("udp:[::ffff:192.0.2.1]:5060", "in disguise", "192.0.2.1"),
        ("udp:224.0.0.1:5060", "address of many", "one machine"),
        ("udp:255.255.255.255:5060", "address of many", "one machine"),
        ("", "does not begin", "udp:ADDRESS:PORT"),
    ],
)
def test_a_listener_that_cannot_be_says_why_and_what_helps(text: str, message: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_listener(text)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("sips:192.0.2.9;transport=tcp", "never spoken over tcp", 'write "sip:"'),
        ("sip:192.0.2.9;transport=ws", '"ws"', "udp, tcp or tls"),
        ("sip:192.0.2.9;transport=sctp", '"sctp" is no transport', ";transport=tcp"),
        ("sip:192.0.2.9;transport=udp;transport=tcp", "given twice", "sip:ADDRESS:PORT"),
        ("sip:192.0.2.9;lr", '";lr" means nothing', "sip:ADDRESS:PORT"),
        ("sip:192.0.2.9?Subject=x", "no headers", "leave out"),
        ("sip:user@192.0.2.9", 'not a user ("user")', "sip:ADDRESS:PORT"),
        ("udp:192.0.2.9:5060", "is a SIP URI", "sip:ADDRESS:PORT"),
        ("192.0.2.9", "does not begin with sip:", "sip:ADDRESS:PORT"),
        ("sip:sbc.example.com:0", '"0" is no port', "1 to 65535"),
        (f"sip:{'x' * 64}.example.com", "more than 63", "253"),
        (f"sip:{'x.' * 130}com", "263 characters", "253"),
        ("sip:0.0.0.0", "nobody's address", "address of the server"),
        ("sip:239.1.2.3", "address of many", "one machine"),
        ("tel:+442071838750", "does not begin with sip:", "sip:ADDRESS:PORT"),
    ],
)
def test_a_target_that_cannot_be_says_why_and_what_helps(text: str, message: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_target(text)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1"])
def test_a_network_is_an_address_or_a_prefix(text: str) -> None:
    assert parse_network(text) == ip_network(text)


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("192.0.2.1/24", "not the first address", '"192.0.2.0/24" for the network or "192.0.2.1"'),
        ("192.0.2.0/33", "no prefix length", "0 to 32"),
        ("192.0.2.0/255.255.255.0", "no prefix length", "/24"),
        ("192.0.2.0/", "no prefix length", "/24"),
        ("2001:db8::/129", "no prefix length", "0 to 128"),
        ("[2001:db8::1]", "no brackets", '"2001:db8::1"'),
        ("192.0.2.1:5060", "port", "address alone"),
        ("udp:192.0.2.1", "port or a transport", "address alone"),
        ("pbx.example.com", "host name", "IP address"),
        ("everybody!", "no IP address", "192.0.2.1"),
    ],
)
def test_a_network_that_cannot_be_says_why_and_what_helps(text: str, message: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_network(text)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@given(st.text(max_size=60))
def test_no_text_makes_a_parser_fail_in_another_way(text: str) -> None:
    for parse in (parse_listener, parse_target, parse_network):
        for prefix in ("", "udp:", "sip:", "sip:[", "10.0.0.0/"):
            try:
                parse(prefix + text)
            except UnfitError as error:
                assert all(error.as_context().values())  # noqa: PT017  # either outcome is right


@pytest.mark.parametrize(
    ("text", "sought", "place", "parameter"),
    [
        ("sip:SBC.example.com", Sought("sbc.example.com"), "sbc.example.com", ""),
        ("sip:sbc.example.com.", Sought("sbc.example.com"), "sbc.example.com", ""),
        ("sip:sbc:5070", Sought("sbc", 5070), "sbc:5070", ""),
        (
            "sip:example.com;transport=TCP",
            Sought("example.com", None, Transport.TCP),
            "example.com",
            ";transport=tcp",
        ),
        ("sips:example.com", Sought("example.com", secure=True), "example.com", ";transport=tls"),
        (
            "sips:example.com:5071;transport=tls",
            Sought("example.com", 5071, Transport.TLS, secure=True),
            "example.com:5071",
            ";transport=tls",
        ),
    ],
)
def test_a_target_may_have_a_name_which_stands_in_its_request_uris(
    text: str, sought: Sought, place: str, parameter: str
) -> None:
    named = parse_target(text)
    assert isinstance(named, NamedTarget)
    assert (named.sought, named.place, named.parameter, str(named)) == (sought, place, parameter, text)
    target = named.at(Transport.TLS, "192.0.2.1", 5099)
    assert (target.place, target.parameter, target.name) == (place, parameter, sought.name)
    assert (target.endpoint, target.socket) == (("192.0.2.1", 5099), "tls:192.0.2.1:5099")


def test_sips_with_an_address_means_tls_as_far_as_there() -> None:
    assert parse_target("sips:192.0.2.9") == Target("sips:192.0.2.9", "192.0.2.9", 5061, Transport.TLS)


def test_a_peer_and_a_listener_have_an_endpoint() -> None:
    assert parse_listener("udp:[2001:db8::1]").endpoint == ("2001:db8::1", 5060)
    assert Target("sip:192.0.2.9:5070", "192.0.2.9", 5070, Transport.UDP).endpoint == ("192.0.2.9", 5070)


def test_networks_of_two_families_never_meet() -> None:
    everything4, everything6 = ip_network("0.0.0.0/0"), ip_network("::/0")
    assert not covers(everything4, everything6)
    assert covers(everything4, ip_network("192.0.2.0/24"))
    assert covers(ip_network("192.0.2.0/24"), everything4)
    assert not covers(ip_network("192.0.2.0/25"), ip_network("192.0.2.128/25"))
    assert covers(everything6, ip_network("2001:db8::1"))


pieces = st.sampled_from(
    [
        "udp:",
        "tls:",
        "192.0.2.1",
        "[",
        "]",
        "::1",
        ":5061",
        " ",
        "as",
        "audio",
        "\t",
        "%",
        "sbc.example",
        "\0",
        ":",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join)))
def test_whatever_the_file_says_is_a_listener_or_unfit(text: str) -> None:
    try:
        listener = parse_listener(text)
    except UnfitError:
        return
    assert parse_listener(str(listener)) == listener
