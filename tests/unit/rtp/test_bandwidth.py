"""Bandwidth by the published formula and by the wire."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.bandwidth import Layer, Packets, Srtp, calls_within, formula_kbps, steps, wire_kbps
from mediation.rtp.tunnels import Vpn, tunnelled_octets
from mediation_codecs.codec import Codec

IP = Packets(layer=Layer.IP)
COLUMNS = (
    IP,
    replace(IP, ipv6=True),
    replace(IP, srtp=Srtp.AES_80),
    Packets(),
    Packets(srtp=Srtp.AES_80),
    Packets(layer=Layer.LINE),
)

PACKETS = st.builds(
    Packets,
    codec=st.sampled_from(Codec),
    ptime_ms=st.sampled_from([10, 20, 30, 40, 50, 60]),
    ipv6=st.booleans(),
    srtp=st.sampled_from(Srtp),
    vpn=st.sampled_from(Vpn),
    layer=st.sampled_from(Layer),
    vlan=st.booleans(),
    rtcp=st.booleans(),
)


@pytest.mark.parametrize(
    ("ptime_ms", "formula", "wire"),
    [
        (10, 80.0, (96.0, 112.0, 104.0, 110.4, 118.4, 126.4)),
        (20, 72.0, (80.0, 88.0, 84.0, 87.2, 91.2, 95.2)),
        (30, 69.33, (74.67, 80.0, 77.33, 79.47, 82.13, 84.8)),
        (40, 68.0, (72.0, 76.0, 74.0, 75.6, 77.6, 79.6)),
    ],
)
def test_the_table_of_the_planning_guide(ptime_ms: int, formula: float, wire: tuple[float, ...]) -> None:
    assert formula_kbps(1, ptime_ms=ptime_ms) == pytest.approx(formula, abs=0.005)
    assert [wire_kbps(1, replace(column, ptime_ms=ptime_ms)) for column in COLUMNS] == pytest.approx(
        wire, abs=0.005
    )


def test_the_published_formula_is_below_a_bare_ip_packet() -> None:
    assert formula_kbps(100) == 7200
    assert wire_kbps(100, IP) == 8000


@pytest.mark.parametrize(
    ("vpn", "ipv4", "ipv6"),
    [
        (Vpn.NONE, 200, 200),
        # outer header, SPI and sequence, vector, 200 + 2 padded to 204, ICV
        (Vpn.ESP, 20 + 8 + 8 + 204 + 16, 40 + 8 + 8 + 204 + 16),
        # 202 padded to 208, a multiple of the cipher's block
        (Vpn.ESP_CBC, 20 + 8 + 16 + 208 + 16, 40 + 8 + 16 + 208 + 16),
        (Vpn.ESP_NAT, 20 + 8 + 8 + 8 + 204 + 16, 40 + 8 + 8 + 8 + 204 + 16),
        # 200 padded to 208
        (Vpn.WIREGUARD, 20 + 8 + 16 + 208 + 16, 40 + 8 + 16 + 208 + 16),
        (Vpn.OPENVPN, 20 + 8 + 4 + 4 + 16 + 200, 40 + 8 + 4 + 4 + 16 + 200),
    ],
)
def test_a_packet_of_20_ms_in_each_tunnel(vpn: Vpn, ipv4: int, ipv6: int) -> None:
    assert tunnelled_octets(200, vpn, ipv6=False) == ipv4
    assert tunnelled_octets(200, vpn, ipv6=True) == ipv6


def test_esp_padding_ends_on_four_octets__rfc4303_2_4() -> None:
    assert [tunnelled_octets(inner, Vpn.ESP, ipv6=False) - 52 for inner in range(198, 203)] == [
        200,
        204,
        204,
        204,
        204,
    ]


def test_the_steps_tell_how_the_figure_comes_about() -> None:
    packets = Packets(srtp=Srtp.AES_80, vpn=Vpn.ESP, layer=Layer.LINE, vlan=True, rtcp=True)
    assert [(step.name, step.octets, round(step.kbps, 2)) for step in steps(packets)] == [
        ("G.711 payload", 160, 64.0),
        ("RTP, UDP, IPv4", 200, 80.0),
        ("SRTP, aes-80", 210, 84.0),
        ("VPN, esp", 264, 105.6),
        ("Ethernet frame, 802.1Q", 286, 114.4),
        ("preamble and gap", 306, 122.4),
        ("RTCP, at most", 306, 128.52),
    ]


@given(PACKETS)
def test_each_step_costs_something_and_the_last_one_is_the_figure(packets: Packets) -> None:
    taken = list(steps(packets))
    assert all(before.kbps < after.kbps for before, after in pairwise(taken))
    assert taken[-1].kbps == wire_kbps(1, packets)


@given(PACKETS, st.integers(min_value=0, max_value=100_000))
def test_the_wire_is_never_below_the_formula_and_grows_with_the_calls(packets: Packets, calls: int) -> None:
    formula = formula_kbps(calls, ptime_ms=packets.ptime_ms, codec=packets.codec)
    assert wire_kbps(calls, packets) >= formula
    assert wire_kbps(calls + 1, packets) > wire_kbps(calls, packets)


@given(PACKETS)
def test_longer_packets_cost_less(packets: Packets) -> None:
    times = [wire_kbps(1, replace(packets, ptime_ms=ptime_ms)) for ptime_ms in (10, 20, 30, 40, 50, 60)]
    assert times == sorted(times, reverse=True)


@given(PACKETS, st.integers(min_value=0, max_value=100_000))
def test_a_line_made_for_so_many_calls_carries_them_and_no_more(packets: Packets, calls: int) -> None:
    assert calls_within(wire_kbps(calls, packets), packets) == calls
    assert calls_within(wire_kbps(calls + 0.5, packets), packets) == calls


@given(st.integers(min_value=40, max_value=1200), st.sampled_from(Vpn), st.booleans())
def test_a_tunnel_never_makes_a_larger_packet_smaller(inner: int, vpn: Vpn, ipv6: bool) -> None:
    assert inner <= tunnelled_octets(inner, vpn, ipv6=ipv6) <= tunnelled_octets(inner + 1, vpn, ipv6=ipv6)


INNER = (130, 199, 200, 201, 202, 210, 216, 280, 360, 520)
CAPTURED = {
    # octets of the outer IPv4 packet, captured between two network namespaces
    Vpn.ESP_NAT: (192, 264, 264, 264, 264, 272, 280, 344, 424, 584),  # strongSwan 5.9.8, AES-GCM in UDP
    Vpn.WIREGUARD: (204, 268, 268, 268, 268, 284, 284, 348, 428, 588),  # wireguard-go 2022-03-16
    Vpn.OPENVPN: (182, 251, 252, 253, 254, 262, 268, 332, 412, 572),  # OpenVPN 2.6.14, AES-256-GCM
}
CBC_IN_UDP = (212, 276, 276, 276, 276, 292, 292, 356, 436, 596)
"""strongSwan 5.9.8, AES-CBC and HMAC-SHA-256-128, which spoke through UDP as well."""


@pytest.mark.parametrize("vpn", CAPTURED)
def test_what_real_tunnels_were_seen_to_send(vpn: Vpn) -> None:
    assert tuple(tunnelled_octets(inner, vpn, ipv6=False) for inner in INNER) == CAPTURED[vpn]


def test_esp_without_udp_is_eight_octets_shorter_than_what_was_seen__rfc3948_2_1() -> None:
    cbc = [tunnelled_octets(inner, Vpn.ESP_CBC, ipv6=False) for inner in INNER]
    assert [octets + 8 for octets in cbc] == list(CBC_IN_UDP)
    bare = [tunnelled_octets(inner, Vpn.ESP, ipv6=False) for inner in INNER]
    assert [octets + 8 for octets in bare] == list(CAPTURED[Vpn.ESP_NAT])


@pytest.mark.parametrize(
    ("codec", "name", "octets", "formula", "wire"),
    [
        (Codec.PCMA, "G.711 payload", 160, 72.0, 87.2),
        (Codec.G722, "G.722 payload", 160, 72.0, 87.2),
        (Codec.OPUS, "Opus payload", 80, 40.0, 55.2),
    ],
)
def test_each_codec_has_its_own_payload(
    codec: Codec, name: str, octets: int, formula: float, wire: float
) -> None:
    first = next(iter(steps(Packets(codec=codec))))
    assert (first.name, first.octets) == (name, octets)
    assert formula_kbps(1, codec=codec) == formula
    assert wire_kbps(1, Packets(codec=codec)) == pytest.approx(wire)
