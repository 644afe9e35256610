"""The RTP header, whole and broken (RFC 3550 section 5.1 and appendix A.1)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.packet import RtpError, build, read_header

AUDIO = bytes(range(160))
PLAIN = build(8, 0x1234, 0xDEADBEEF, 0xCAFEBABE, AUDIO)


def payload_of(packet: bytes) -> bytes:
    *_, start, end = read_header(packet)
    return packet[start:end]


@given(
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=200),
)
def test_what_is_built_is_read_again(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> None:
    packet = build(payload_type, sequence, timestamp, ssrc, payload, marker=marker)
    header = read_header(packet)
    assert header == (payload_type, marker, sequence, timestamp, ssrc, 12, len(packet))
    assert payload_of(packet) == payload


def test_the_octets_stand_where_the_rfc_has_them__rfc3550_5_1() -> None:
    assert PLAIN[:12].hex(" ") == "80 08 12 34 de ad be ef ca fe ba be"
    assert build(0, 1, 2, 3, b"", marker=True)[1] == 0x80


def test_numbers_too_large_for_their_fields_are_our_own_bug() -> None:
    with pytest.raises(struct.error):
        build(8, 0x10000, 0, 0, b"")


def test_csrcs_are_stepped_over() -> None:
    packet = bytes([0x82]) + PLAIN[1:12] + bytes(8) + AUDIO
    assert payload_of(packet) == AUDIO


def test_a_header_extension_is_stepped_over__rfc3550_5_3_1() -> None:
    packet = bytes([0x91]) + PLAIN[1:12] + bytes(4) + b"\xbe\xde\x00\x02" + bytes(8) + AUDIO
    assert payload_of(packet) == AUDIO


def test_padding_is_not_payload() -> None:
    assert payload_of(bytes([0xA0]) + PLAIN[1:] + b"\0\0\0\4") == AUDIO


def test_a_packet_may_hold_nothing_but_padding() -> None:
    assert payload_of(bytes([0xA0]) + PLAIN[1:12] + b"\0\0\0\4") == b""


@pytest.mark.parametrize(
    ("packet", "complaint"),
    [
        (b"", "shorter"),
        (PLAIN[:11], "shorter"),
        (bytes([0x00]) + PLAIN[1:], "version 0"),
        (bytes([0x40]) + PLAIN[1:], "version 1"),
        (bytes([0xC0]) + PLAIN[1:], "version 3"),
        (bytes([0x8F]) + PLAIN[1:60], "cut off"),
        (bytes([0x90]) + PLAIN[1:14], "cut off"),
        (bytes([0x90]) + PLAIN[1:12] + b"\0\0\0\2" + bytes(7), "cut off"),
        (bytes([0x90]) + PLAIN[1:12] + b"\0\0\xff\xff" + bytes(99), "cut off"),
        (bytes([0xA0]) + PLAIN[1:] + b"\0", "padding"),
        (bytes([0xA0]) + PLAIN[1:] + b"\xff", "padding"),
        (bytes([0xA0]) + PLAIN[1:] + b"\xaa", "padding"),
        (bytes([0xA0]) + PLAIN[1:12], "padding"),
    ],
)
def test_a_broken_packet_is_refused(packet: bytes, complaint: str) -> None:
    with pytest.raises(RtpError, match=complaint):
        read_header(packet)


@given(packet=st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: b"\xb3" + rest))
def test_whatever_octets_come_the_payload_lies_inside_or_rtp_error_is_raised(packet: bytes) -> None:
    try:
        payload_type, _, sequence, timestamp, ssrc, start, end = read_header(packet)
    except RtpError:
        return
    assert 12 <= start <= end <= len(packet)
    assert (payload_type, sequence) == (packet[1] & 0x7F, int.from_bytes(packet[2:4], "big"))
    assert (timestamp, ssrc) == (int.from_bytes(packet[4:8], "big"), int.from_bytes(packet[8:12], "big"))


def test_a_packet_is_read_from_a_buffer_without_being_copied() -> None:
    assert read_header(bytearray(PLAIN)) == read_header(PLAIN)
    assert read_header(memoryview(PLAIN)) == read_header(PLAIN)
