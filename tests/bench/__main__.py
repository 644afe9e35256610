"""`make bench`: what a call costs and what a packet costs, as a table or as JSON.

    make bench ARGS="--rate 200 --seconds 10 --media-calls 50,250,500 --json"

The daemon has a core of its own, SIPp and the generator have another one. Nothing is asserted: machines differ, and
on a shared one a difference below 15 % is none.
"""

import argparse
import json
import platform
import shutil
import sys
from dataclasses import asdict
from typing import Any

from tests.bench.accounting import Cores, allow_many_sockets
from tests.bench.measures import CallCost, PacketCost, measure_calls, measure_packets


def main() -> None:
    """Measure, and print."""
    wanted = _arguments()
    cores = Cores.mine()
    allow_many_sockets()
    calls = packets = None
    if shutil.which("sipp"):
        calls = measure_calls(cores, wanted.rate, wanted.seconds)
    packets = [measure_packets(cores, number, wanted.media_seconds) for number in wanted.media_calls]
    if wanted.json:
        text = json.dumps(_as_json(cores, calls, packets), indent=2)
    else:
        text = "\n".join(_as_text(cores, calls, packets))
    sys.stdout.write(text + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What the daemon costs.")
    parser.add_argument("--rate", type=int, default=100, help="calls begun in a second (100)")
    parser.add_argument("--seconds", type=int, default=15, help="how long calls are placed (15)")
    parser.add_argument(
        "--media-calls",
        type=lambda text: [int(number) for number in text.split(",")],
        default=[50, 250],
        metavar="N,N,…",
        help="calls that talk at a time, one measurement for each (50,250)",
    )
    parser.add_argument("--media-seconds", type=float, default=10.0, help="how long they talk (10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _as_json(cores: Cores, calls: CallCost | None, packets: list[PacketCost]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cores": asdict(cores),
        "calls": asdict(calls) if calls else None,
        "packets": [asdict(one) for one in packets],
    }


def _as_text(cores: Cores, calls: CallCost | None, packets: list[PacketCost]) -> list[str]:
    where = (
        "one core for all, so worth little" if cores.shared else f"the daemon alone on core {cores.daemon}"
    )
    lines = [f"Python {platform.python_version()}, Linux {platform.release()}, {where}", ""]
    if calls is None:
        lines.append("CPU per call: SIPp is not installed (Debian: sip-tester)")
    else:
        lines += ["CPU per call: INVITE, 200, ACK, BYE on both legs, SIPp on both sides"]
        lines += columns([CALL_COLUMNS, _call_row(calls)])
    lines += ["", "CPU per RTP packet: A-law <-> µ-law, every payload checked"]
    return lines + columns([PACKET_COLUMNS, *map(_packet_row, packets)])


CALL_COLUMNS = ("calls/s", "calls", "repeated", "signalling", "media ports")
PACKET_COLUMNS = (
    *("calls", "packets/s", "media", "signalling", "delay p50", "p99", "without us"),
    *("packets", "lost", "wrong", "memory/call"),
)


def _call_row(cost: CallCost) -> tuple[str, ...]:
    counts = (cost.rate, cost.calls, cost.retransmissions)
    return (*map(str, counts), f"{cost.signalling_ms:.3f} ms", f"{cost.media_ms:.3f} ms")


def _packet_row(cost: PacketCost) -> tuple[str, ...]:
    delays = (cost.delay_p50_ms, cost.delay_p99_ms, cost.bare_delay_p50_ms)
    return (
        str(cost.calls),
        str(cost.calls * 100),
        f"{cost.media_us:.2f} µs",
        f"{cost.signalling_us:.2f} µs",
        *(f"{delay:.2f} ms" for delay in delays),
        *map(str, (cost.packets, cost.lost, cost.wrong)),
        f"{cost.memory_kb:.1f} kB",
    )


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of equal length as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


if __name__ == "__main__":
    main()
