"""`make bench`: what a call costs and what audio costs, as tables or as JSON.

    make bench ARGS="--rate 200 --seconds 10 --media-calls 50,250,500 --json"

What is measured has a core of its own, SIPp and the load generator have another one. As root it all happens in a
network of its own, where no capture and no filter of this machine takes part. Nothing is asserted: machines differ,
and on a shared one a difference below 15 % is none.
"""

import argparse
import asyncio
import fcntl
import json
import os
import platform
import shutil
import socket
import struct
import sys
from dataclasses import asdict
from typing import Any, Final

from tests.bench.accounting import Cores, allow_many_sockets
from tests.bench.measures import CallCost, measure_calls
from tests.bench.media import Goal, Media, Plan, goals, measure_media
from tests.bench.rtpengine import is_installed
from tests.bench.runs import Run
from tests.bench.sealing import SUITE

ALONE: Final = "BENCH_ALONE"


def main() -> None:
    """Measure, and print."""
    _be_alone()
    wanted = _arguments()
    cores = Cores.mine()
    allow_many_sockets()
    calls = None
    if shutil.which("sipp"):
        calls = measure_calls(cores, wanted.rate, wanted.seconds)
    plan = Plan(
        tuple(wanted.media_calls), tuple(wanted.media_steps), wanted.media_seconds, wanted.media_repeats,
        wanted.media_delay_calls, wanted.media_open_calls, wanted.media_tries, not wanted.no_peer,
        wanted.media_srtp_calls,
    )  # fmt: skip
    media = asyncio.run(measure_media(cores, plan, _say))
    if wanted.json:
        text = json.dumps(_as_json(cores, calls, media, plan), indent=2)
    else:
        text = "\n".join(_as_text(cores, calls, media, plan))
    sys.stdout.write(text + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _be_alone() -> None:
    """Begin again in a network namespace of our own, if we may."""
    unshare = shutil.which("unshare")
    if ALONE in os.environ:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:  # ip link set lo up
            fcntl.ioctl(sock, 0x8914, struct.pack("16sh", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
    elif unshare and os.geteuid() == 0:
        again = [unshare, "--net", sys.executable, "-m", "tests.bench", *sys.argv[1:]]
        os.execve(unshare, again, os.environ | {ALONE: "1"})


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What the daemon costs.")
    plan = Plan()
    parser.add_argument("--rate", type=int, default=100, help="calls begun in a second (100)")
    parser.add_argument("--seconds", type=int, default=15, help="how long calls are placed (15)")
    parser.add_argument(
        "--media-calls", type=_numbers, default=plan.calls, metavar="N,N,…", help="calls that talk at a time"
    )
    parser.add_argument(
        "--media-steps", type=_numbers, default=plan.steps, metavar="N,N,…", help="where the most is sought"
    )
    parser.add_argument("--media-seconds", type=float, default=plan.seconds, help="how long they talk (4)")
    parser.add_argument("--media-repeats", type=int, default=plan.repeats, help="medians of so many runs (3)")
    parser.add_argument("--media-delay-calls", type=int, default=plan.delay_calls, help="calls by SIP (500)")
    parser.add_argument(
        "--media-open-calls", type=int, default=plan.open_calls, help="calls at a time (2000)"
    )
    parser.add_argument("--media-srtp-calls", type=int, default=plan.srtp_calls, help="with SRTP (100)")
    parser.add_argument(
        "--media-tries", type=int, default=plan.tries, help="for a run that was disturbed (3)"
    )
    parser.add_argument("--no-peer", action="store_true", help="leave rtpengine out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _as_json(cores: Cores, calls: CallCost | None, media: Media, plan: Plan) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cores": asdict(cores),
        "calls": asdict(calls) if calls else None,
        "media": [
            {"kind": kind} | asdict(one) for (kind, _, _), runs in media.ladder.items() for one in runs
        ],
        "srtp": [asdict(one) for one in media.sealed],
        "capacity": [
            {"kind": kind, "carrier": who, "calls": most} for (kind, who), most in media.capacity.items()
        ],
        "churn": asdict(media.churn) if media.churn else None,
        "goals": [asdict(goal) for goal in goals(media, plan)],
    }


def _as_text(cores: Cores, calls: CallCost | None, media: Media, plan: Plan) -> list[str]:
    where = (
        "one core for all, so worth little"
        if cores.shared
        else f"what is measured alone on core {cores.daemon}"
    )
    lines = [f"Python {platform.python_version()}, Linux {platform.release()}, {where}", ""]
    if calls is None:
        lines.append("CPU per call: SIPp is not installed (Debian: sip-tester)")
    else:
        lines += ["CPU per call: INVITE, 200, ACK, BYE on both legs, SIPp on both sides"]
        lines += columns([CALL_COLUMNS, _call_row(calls)])
    if plan.with_peer and not is_installed():
        lines += [
            "",
            "rtpengine is not installed (Debian: rtpengine-daemon), so there is no peer to compare with",
        ]
    for kind in ("transcoding", "relay"):
        lines += ["", f"{kind}: medians of {plan.repeats} runs, every octet checked"]
        rows = [_media_row(runs) for (one, _, _), runs in media.ladder.items() if one == kind]
        lines += columns([MEDIA_COLUMNS, *rows])
    lines += ["", f"transcoding with SRTP on both sides, {SUITE}: likewise"]
    lines += columns([MEDIA_COLUMNS, _media_row(media.sealed)])
    lines += [
        "",
        "goals",
        *columns([("goal", "wanted", "measured", ""), *map(_goal_row, goals(media, plan))]),
    ]
    return lines


MEDIA_COLUMNS = (
    *(
        "carrier",
        "calls",
        "packets/s",
        "CPU/packet",
        "of a core",
        "delay p50",
        "p99",
        "packets",
        "lost",
        "wrong",
    ),
    *("memory/call", "generator late"),
)


def _media_row(runs: list[Run]) -> tuple[str, ...]:
    runs = sorted(runs, key=lambda one: one.cpu_us)
    one = runs[len(runs) // 2]
    return (
        one.carrier,
        str(one.calls),
        str(one.calls * 100),
        f"{one.cpu_us:.2f} µs",
        f"{one.share:.0%}",
        f"{one.p50_ms:.2f} ms",
        f"{one.p99_ms:.2f} ms",
        str(sum(each.packets for each in runs)),
        str(sum(each.lost for each in runs)),
        str(sum(each.wrong for each in runs)),
        f"{max(each.memory_kb for each in runs):.1f} kB",
        f"{max(each.late_max_ms for each in runs):.1f} ms",
    )


def _goal_row(goal: Goal) -> tuple[str, ...]:
    reached = {True: "reached", False: "not reached", None: ""}[goal.reached]
    return goal.what, goal.wanted, goal.figure, reached


CALL_COLUMNS = ("calls/s", "calls", "repeated", "signalling", "media ports")


def _call_row(cost: CallCost) -> tuple[str, ...]:
    counts = (cost.rate, cost.calls, cost.retransmissions)
    return (*map(str, counts), f"{cost.signalling_ms:.3f} ms", f"{cost.media_ms:.3f} ms")


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of equal length as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


if __name__ == "__main__":
    main()
