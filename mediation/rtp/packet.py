"""The RTP packet (RFC 3550 section 5.1): header read in place, payload never copied to look at it."""

import struct
from typing import Final

HEADER_OCTETS: Final = 12
"""The fixed header. No packet that we send has more: CSRCs and extensions end at the relay."""

HEADER: Final = struct.Struct("!BBHII")
"""Version, padding, extension and CSRC count · marker and payload type · sequence · timestamp · SSRC."""

PLAIN: Final = 0x80
"""The first octet of a version 2 packet with neither padding, extension nor CSRC: nearly all there are."""

Header = tuple[int, bool, int, int, int, int, int]
"""(payload type, marker, sequence, timestamp, SSRC, start of the payload, end of the payload)."""

Octets = bytes | bytearray | memoryview


class RtpError(Exception):
    """The octets are no RTP packet. Untrusted octets raise this and nothing else."""


def read_header(packet: Octets) -> Header:
    """The fields of a packet and where its payload lies: `packet[start:end]`, without padding.

    A plain tuple, for the hot path. Raises RtpError unless the packet passes the checks of RFC 3550 appendix
    A.1 that need no state: version, room for CSRCs and extension, padding that leaves the header whole.
    """
    try:
        first, second, sequence, timestamp, ssrc = _unpack(packet)
    except struct.error:
        raise RtpError(f"{len(packet)} octets are shorter than a header") from None
    if first == PLAIN:
        return second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, HEADER_OCTETS, len(packet)
    start, end = _payload_bounds(packet, first)
    return second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, start, end


def build(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool = False
) -> bytes:
    """A packet with the plain header. Numbers beyond their fields are a bug of the caller: struct.error."""
    return _pack(PLAIN, payload_type | 0x80 if marker else payload_type, sequence, timestamp, ssrc) + payload


_unpack = HEADER.unpack_from
_pack = HEADER.pack


def _payload_bounds(packet: Octets, first: int) -> tuple[int, int]:
    """Start and end of the payload of a packet that is not plain."""
    if first >> 6 != 2:
        raise RtpError(f"version {first >> 6}")
    start = HEADER_OCTETS + 4 * (first & 0x0F)
    end = len(packet)
    if (
        first & 0x10
    ):  # section 5.3.1: 16 bits of its own, then the length in words, which does not count this one
        if start + 4 > end:
            raise RtpError("the header extension is cut off")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    if start > end:
        raise RtpError("the CSRC list or the header extension is cut off")
    if first & 0x20:
        padding = packet[-1]
        if padding == 0 or start + padding > end:
            raise RtpError(f"{padding} octets of padding in {end - start}")
        end -= padding
    return start, end
