"""The VoIP metrics block of RTCP-XR, written, read, and mangled."""

from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.voip_metrics import VoipMetrics, extended_report, find_metrics

OURS, THEIRS = 0xA0B0C0D0, 0x01020304
METRICS = VoipMetrics(
    ssrc=OURS,
    loss_rate=5 / 256,
    discard_rate=1 / 256,
    burst_density=128 / 256,
    gap_density=2 / 256,
    burst_ms=120,
    gap_ms=4000,
    round_trip_ms=85,
    end_system_ms=60,
    signal_dbm0=-19,
    noise_dbm0=-70,
    echo_loss_db=55,
    r_factor=89,
    external_r_factor=None,
    mos_lq=4.3,
    mos_cq=4.1,
    buffer_ms=60,
    buffer_max_ms=120,
    buffer_limit_ms=200,
)
BLOCK = bytes.fromhex(
    "07000008 a0b0c0d0 05018002 00780fa0 0055003c edba3710 597f2b29 c000003c 007800c8".replace(" ", "")
)


def test_the_block_is_as_the_figure_has_it__rfc3611_4_7() -> None:
    assert bytes(METRICS) == BLOCK
    assert VoipMetrics.parse(BLOCK) == METRICS


def test_the_report_is_a_packet_of_type_207_with_the_senders_ssrc__rfc3611_2() -> None:
    assert extended_report(THEIRS, METRICS) == bytes.fromhex("80cf000a 01020304".replace(" ", "")) + BLOCK


def test_what_is_not_known_is_127__rfc3611_4_7() -> None:
    octets = bytes(VoipMetrics(ssrc=OURS))
    assert octets[20:23] + octets[24:28] == bytes([127] * 7)
    read = VoipMetrics.parse(octets)
    assert read == VoipMetrics(ssrc=OURS)


def test_values_beyond_their_fields_are_held_at_the_end() -> None:
    wild = VoipMetrics(
        OURS, 1.0, -0.5, burst_ms=1 << 20, r_factor=127, mos_lq=7.0, mos_cq=0.1, signal_dbm0=-400
    )
    read = VoipMetrics.parse(bytes(wild))
    assert read is not None
    assert (read.loss_rate, read.discard_rate, read.burst_ms) == (255 / 256, 0, 65535)
    assert (read.r_factor, read.mos_lq, read.mos_cq, read.signal_dbm0) == (None, 5.0, 1.0, -128)


def test_scores_off_the_scale_are_not_believed() -> None:
    octets = bytearray(BLOCK)
    octets[24:28] = bytes([101, 255, 9, 51])
    read = VoipMetrics.parse(bytes(octets))
    assert read is not None
    assert (read.r_factor, read.external_r_factor, read.mos_lq, read.mos_cq) == (None, None, None, None)


def test_metrics_are_found_behind_other_packets_and_blocks_and_by_our_ssrc() -> None:
    other = bytes(VoipMetrics(ssrc=THEIRS, r_factor=1))
    receipt = bytes.fromhex("04000002 0000000000000001".replace(" ", ""))  # receiver reference time, 4.4
    blocks = receipt + other + BLOCK
    octets = bytes.fromhex("80c90001 01020304".replace(" ", ""))
    octets += bytes([0x80, 207]) + (1 + len(blocks) // 4).to_bytes(2) + THEIRS.to_bytes(4) + blocks
    assert find_metrics(octets, OURS) == METRICS
    assert find_metrics(octets, 5) is None


def test_a_block_that_is_too_short_takes_nothing_from_the_one_before_it() -> None:
    blocks = BLOCK + bytes.fromhex("07000001 a0b0c0d0".replace(" ", "")) + bytes.fromhex("0700ffff")
    octets = bytes([0x80, 207]) + (1 + len(blocks) // 4).to_bytes(2) + THEIRS.to_bytes(4) + blocks
    assert find_metrics(octets, OURS) == METRICS


@given(st.binary(max_size=200), st.integers(0, 44), st.integers(0, 255))
def test_malformed_extended_reports_never_harm(noise: bytes, place: int, octet: int) -> None:
    report = bytearray(extended_report(THEIRS, METRICS))
    report[min(place, len(report) - 1)] = octet
    for octets in (noise, bytes(report), bytes(report[:place]), bytes(report) + noise):
        found = find_metrics(octets, OURS)
        assert found is None or found.ssrc == OURS
