"""Our RTCP as tshark reads it: whole, by the book, and with the figures that we meant."""

import subprocess
from pathlib import Path

import pytest

from mediation.media.rtcp import SenderFigures, build
from mediation.rtp.reception import ReportBlock
from mediation.rtp.voip_metrics import VoipMetrics

PATIENCE_S = 60
PORT = 40_001
CNAME = "0123456789abcdef01234567"
OURS, THEIRS = 0x01020304, 0xA0B0C0D0
IPV4 = 228
"""The link type of packets that begin with an IPv4 header."""

METRICS = VoipMetrics(
    THEIRS, 6 / 256, 0.0, 128 / 256, 2 / 256, burst_ms=120, gap_ms=4000, round_trip_ms=85, r_factor=89,
    mos_lq=4.3, mos_cq=4.1,
)  # fmt: skip


def captured(file: Path, datagrams: list[bytes]) -> Path:
    """A capture of these between two hosts."""
    octets = bytes.fromhex("a1b2c3d4 00020004 00000000 00000000 0000ffff") + IPV4.to_bytes(4)
    for datagram in datagrams:
        udp = PORT.to_bytes(2) * 2 + (8 + len(datagram)).to_bytes(2) + bytes(2) + datagram
        ip = b"\x45\0" + (20 + len(udp)).to_bytes(2) + bytes.fromhex("00000000 40110000 c0000201 c0000202")
        octets += bytes(8) + (len(ip) + len(udp)).to_bytes(4) * 2 + ip + udp
    file.write_bytes(octets)
    return file


def read(file: Path, *fields: str) -> list[list[str]]:
    """These fields of each packet, as tshark understands it."""
    command = ["tshark", "-r", str(file), "-d", f"udp.port=={PORT},rtcp", "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    ran = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=True)
    return [line.split("\t") for line in ran.stdout.decode().splitlines()]


@pytest.mark.interop("tshark")
def test_our_reports_are_read_as_they_were_meant__rfc3550_6_4__rfc3611_4_7(tmp_path: Path) -> None:
    figures = SenderFigures(160_000, 1000, 160_000)
    block = ReportBlock(THEIRS, 64, 12, 0x1FFFF, 24)
    datagrams = [
        build(
            OURS, CNAME, ntp=1 << 40, sender=figures, block=block, last_report=9, delay=10, metrics=METRICS
        ),
        build(OURS, CNAME, ntp=0, sender=None, block=None, leaving=True),
        build(OURS, CNAME, ntp=0, sender=None, block=block, metrics=VoipMetrics(THEIRS), leaving=True),
    ]
    file = captured(tmp_path / "rtcp.pcap", datagrams)
    head = read(
        file,
        "rtcp.pt",
        "rtcp.length_check",
        "rtcp.sender.packetcount",
        "rtcp.ssrc.fraction",
        "rtcp.ssrc.cum_nr",
        "rtcp.ssrc.jitter",
        "_ws.malformed",
    )
    assert head == [
        ["200,202,207", "1", "1000", "64,6", "12", "24", ""],
        ["201,202,203", "1", "", "", "", "", ""],
        ["201,202,207,203", "1", "", "64,0", "12", "24", ""],
    ]
    names = (
        "burstdensity",
        "gapdensity",
        "burstduration",
        "gapduration",
        "rtdelay",
        "rfactor",
        "moslq",
        "moscq",
        "signallevel",
    )
    whole = read(file, "rtcp.xr.bt", *(f"rtcp.xr.voipmetrics.{name}" for name in names))
    assert whole[0] == ["7", "128", "2", "120", "4000", "85", "89", "4.3", "4.1", "127"]
    assert whole[1] == [""] * 10
    assert whole[2] == ["7", "0", "0", "0", "0", "0", "127", "127", "127", "127"]
