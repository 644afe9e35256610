"""Captures of IP packets without a link layer, as Wireshark reads them (draft-ietf-opsawg-pcap, LINKTYPE_RAW)."""

from functools import lru_cache
from ipaddress import ip_address
from struct import Struct, unpack
from typing import Final

from mediation.media.tape import Flow

_LINKTYPE_RAW: Final = 101
FILE_HEADER: Final = Struct("=IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 65_535, _LINKTYPE_RAW)
"""What a file begins with."""

_RECORD: Final = Struct("=IIII")
_UDP: Final = Struct("!HHHH")
_IPV4: Final = Struct("!BBHHHBBH4s4s")
_IPV6: Final = Struct("!IHBB16s16s")
_UDP_NUMBER: Final = 17
_HOPS: Final = 64
_ANYWHERE: Final = {4: "0.0.0.0", 6: "::"}


def record(flow: Flow, unix_us: int, payload: bytes) -> bytes:
    """One datagram as a record of a file."""
    packet = _datagram(flow, payload)
    return _RECORD.pack(unix_us // 1_000_000, unix_us % 1_000_000, len(packet), len(packet)) + packet


def _datagram(flow: Flow, payload: bytes) -> bytes:
    source, target = flow
    ends = _ends(source[0], target[0])
    length = _UDP.size + len(payload)
    if len(ends[0]) == 4:  # its UDP may go without a checksum (RFC 768)
        fields = 0x45, 0, _IPV4.size + length, 0, 0x4000, _HOPS, _UDP_NUMBER
        checksum = _checksum(_IPV4.pack(*fields, 0, *ends))
        return _IPV4.pack(*fields, checksum, *ends) + _UDP.pack(source[1], target[1], length, 0) + payload
    udp = _UDP.pack(source[1], target[1], length, 0)
    pseudo = b"".join((*ends, length.to_bytes(4), _UDP_NUMBER.to_bytes(4), udp, payload))
    checked = _UDP.pack(source[1], target[1], length, _checksum(pseudo) or 0xFFFF)
    return _IPV6.pack(6 << 28, length, _UDP_NUMBER, _HOPS, *ends) + checked + payload


@lru_cache(maxsize=1024)
def _ends(source: str, target: str) -> tuple[bytes, bytes]:
    """Both addresses. Where it is not known from where a datagram came, it is of the right family all the same."""
    to = ip_address(target)
    come = ip_address(source)
    return (come if come.version == to.version else ip_address(_ANYWHERE[to.version])).packed, to.packed


def _checksum(octets: bytes) -> int:
    """RFC 1071."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
