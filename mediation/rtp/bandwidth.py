"""Bandwidth of calls: the published formula, and what really goes over the wire.

The formula of the planning guides is calls x (64 kbps + header), for G.711. Its header of 20 octets is the IPv4 header
alone: UDP, RTP, encryption and the link are left out, so that a line bought by it is too thin. Both figures are made
here, for one direction; a call needs as much the other way at the same time. Whoever plans or admits calls asks here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mediation.rtp.tunnels import IPV4_OCTETS, IPV6_OCTETS, UDP_OCTETS, Vpn, tunnelled_octets
from mediation_codecs.codec import Codec

CODEC_KBPS: Final = {Codec.PCMU: 64, Codec.PCMA: 64, Codec.G722: 64, Codec.OPUS: 32}
"""G.711 has 8000 samples of one octet a second, G.722 as many octets; of Opus we send and ask for no more."""
NAMES: Final = {Codec.PCMU: "G.711", Codec.PCMA: "G.711", Codec.G722: "G.722", Codec.OPUS: "Opus"}
FORMULA_HEADER_OCTETS: Final = 20
"""The published formula: "header size is 20 bytes maximum"."""
RTP_OCTETS: Final = 12
"""The fixed header, without contributing sources (RFC 3550 section 5.1)."""
RTCP_SHARE: Final = 0.05
"""What RTCP may take of a session's bandwidth (RFC 3550 section 6.2)."""
ETHERNET_OCTETS: Final = 18
"""Two addresses, type, and frame check sequence (IEEE 802.3)."""
VLAN_OCTETS: Final = 4
"""The tag of IEEE 802.1Q."""
LINE_OCTETS: Final = 20
"""Preamble and start of frame, eight octets, and the gap before the next frame, twelve (IEEE 802.3)."""


class Srtp(StrEnum):
    """How audio is encrypted; no master key identifier is sent (RFC 3711 section 3.1)."""

    OFF = "off"
    AES_80 = "aes-80"
    """AES_CM_128_HMAC_SHA1_80 (RFC 4568 section 6.2)."""
    AES_32 = "aes-32"
    """AES_CM_128_HMAC_SHA1_32."""
    GCM = "gcm"
    """AEAD_AES_128_GCM or AEAD_AES_256_GCM (RFC 7714)."""


TAG_OCTETS: Final = {Srtp.OFF: 0, Srtp.AES_80: 10, Srtp.AES_32: 4, Srtp.GCM: 16}
"""What each adds to an RTP packet."""


class Layer(StrEnum):
    """Up to where octets are counted: what a provider sells is one of these."""

    IP = "ip"
    ETHERNET = "ethernet"
    """Frames with their check sequence."""
    LINE = "line"
    """Frames with preamble and gap: what a line of so many megabits really has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """How audio is put into packets on one stretch of its way."""

    codec: Codec = Codec.PCMU
    ptime_ms: int = 20
    ipv6: bool = False
    """Of both headers, where there is a tunnel."""
    srtp: Srtp = Srtp.OFF
    vpn: Vpn = Vpn.NONE
    layer: Layer = Layer.ETHERNET
    vlan: bool = False
    """Only where the layer has frames."""
    rtcp: bool = False
    """Whether the share of RTCP is added, as its ceiling."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a packet is after one more coat."""

    name: str
    octets: int
    """Of the packet so far."""
    kbps: float
    """One call, one direction."""


def formula_kbps(calls: float, *, ptime_ms: int = 20, codec: Codec = Codec.PCMU) -> float:
    """Peak bandwidth by the published formula, its header read literally: once on every packet."""
    return calls * (CODEC_KBPS[codec] + _kbps(FORMULA_HEADER_OCTETS, ptime_ms))


def wire_kbps(calls: float, packets: Packets) -> float:
    """Bandwidth that so many calls take, one direction, by the octets that they are made of."""
    *_, last = steps(packets)
    return calls * last.kbps


def steps(packets: Packets) -> Iterator[Step]:
    """Return how one call's figure comes about, from the payload outward."""
    ptime_ms = packets.ptime_ms
    octets = CODEC_KBPS[packets.codec] * ptime_ms // 8
    yield Step(f"{NAMES[packets.codec]} payload", octets, _kbps(octets, ptime_ms))
    octets += RTP_OCTETS + UDP_OCTETS + (IPV6_OCTETS if packets.ipv6 else IPV4_OCTETS)
    yield Step(f"RTP, UDP, {'IPv6' if packets.ipv6 else 'IPv4'}", octets, _kbps(octets, ptime_ms))
    if packets.srtp is not Srtp.OFF:
        octets += TAG_OCTETS[packets.srtp]
        yield Step(f"SRTP, {packets.srtp}", octets, _kbps(octets, ptime_ms))
    if packets.vpn is not Vpn.NONE:
        octets = tunnelled_octets(octets, packets.vpn, ipv6=packets.ipv6)
        yield Step(f"VPN, {packets.vpn}", octets, _kbps(octets, ptime_ms))
    if packets.layer is not Layer.IP:
        octets += ETHERNET_OCTETS + (VLAN_OCTETS if packets.vlan else 0)
        name = "Ethernet frame, 802.1Q" if packets.vlan else "Ethernet frame"
        yield Step(name, octets, _kbps(octets, ptime_ms))
    if packets.layer is Layer.LINE:
        octets += LINE_OCTETS
        yield Step("preamble and gap", octets, _kbps(octets, ptime_ms))
    if packets.rtcp:
        yield Step("RTCP, at most", octets, _kbps(octets, ptime_ms) * (1 + RTCP_SHARE))


def calls_within(kbps: float, packets: Packets) -> int:
    """How many calls a line of this bandwidth carries, one direction of each."""
    each = wire_kbps(1, packets)
    calls = int(kbps / each)
    # division of floats may fall short of a whole number that was made by multiplication
    return calls + 1 if wire_kbps(calls + 1, packets) <= kbps else calls


def _kbps(octets: int, ptime_ms: int) -> float:
    """Octets on each packet, as bandwidth: bits in a millisecond are kilobits in a second."""
    return octets * 8 / ptime_ms
