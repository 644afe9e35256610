"""What a tunnel makes of an IP packet: octets in, octets out, each figure with its source.

Voice is many small packets, so that a tunnel costs it more than anything else on the same line. Outer addresses are
of the family that the caller names; no tunnel here fragments, since no voice packet comes near a path's limit.
"""

from enum import StrEnum
from typing import Final

IPV4_OCTETS: Final = 20
"""Header without options (RFC 791 section 3.1)."""
IPV6_OCTETS: Final = 40
"""Header without extensions (RFC 8200 section 3)."""
UDP_OCTETS: Final = 8
"""RFC 768."""

_ESP_HEADER: Final = 8
"""SPI and sequence number (RFC 4303 section 2)."""
_ESP_TRAILER: Final = 2
"""Pad length and next header (RFC 4303 sections 2.5 and 2.6)."""
_WIREGUARD_HEADER: Final = 16
"""Type with three reserved octets, receiver index, counter of eight octets (WireGuard's paper, section 5.4.6)."""
_POLY1305_TAG: Final = 16
"""RFC 8439 section 2.5."""
_OPENVPN_HEADER: Final = 4
"""Opcode with key id, and peer id: P_DATA_V2 of OpenVPN's wire protocol."""
_OPENVPN_PACKET_ID: Final = 4
_GCM_TAG: Final = 16


class Vpn(StrEnum):
    """Tunnels that a trunk or a link may run through."""

    NONE = "none"
    ESP = "esp"
    """IPsec ESP in tunnel mode with AES-GCM and its tag of 16 octets (RFC 4303, RFC 4106)."""
    ESP_CBC = "esp-cbc"
    """The same with AES-CBC and HMAC-SHA-256-128 (RFC 3602, RFC 4868)."""
    ESP_NAT = "esp-nat"
    """AES-GCM within UDP, as it crosses a NAT (RFC 3948)."""
    WIREGUARD = "wireguard"
    """ChaCha20-Poly1305 over UDP."""
    OPENVPN = "openvpn"
    """Over UDP with AES-GCM, layer 3 (`tun`), without compression."""


def tunnelled_octets(inner: int, vpn: Vpn, *, ipv6: bool) -> int:
    """Octets of the outer IP packet that carries an inner one; `ipv6` is about the outer header."""
    outer = IPV6_OCTETS if ipv6 else IPV4_OCTETS
    match vpn:
        case Vpn.NONE:
            return inner
        case Vpn.ESP:
            return outer + _esp(inner, vector=8, block=4, check=16)
        case Vpn.ESP_CBC:
            return outer + _esp(inner, vector=16, block=16, check=16)
        case Vpn.ESP_NAT:
            return outer + UDP_OCTETS + _esp(inner, vector=8, block=4, check=16)
        case Vpn.WIREGUARD:
            # the plain packet is padded to a multiple of 16 (WireGuard's paper, section 5.4.6)
            return outer + UDP_OCTETS + _WIREGUARD_HEADER + _padded(inner, 16) + _POLY1305_TAG
        case Vpn.OPENVPN:
            return outer + UDP_OCTETS + _OPENVPN_HEADER + _OPENVPN_PACKET_ID + _GCM_TAG + inner


def _esp(inner: int, *, vector: int, block: int, check: int) -> int:
    """ESP around a whole packet: the padding ends its trailer on a block, or on four octets (section 2.4)."""
    return _ESP_HEADER + vector + _padded(inner + _ESP_TRAILER, block) + check


def _padded(octets: int, block: int) -> int:
    return -(-octets // block) * block
