"""What `mediation bandwidth` tells: both figures side by side, and how the one of the wire comes about."""

from collections.abc import Mapping

from mediation.planning.text import table
from mediation.rtp.bandwidth import CODEC_KBPS, NAMES, Packets, formula_kbps, steps, wire_kbps


def bandwidth_text(calls: int, packets: Packets) -> str:
    """Both figures, and how the wire's comes about."""
    codec = packets.codec
    formula = formula_kbps(1, ptime_ms=packets.ptime_ms, codec=codec)
    rows = [
        (step.name, str(step.octets), f"{step.kbps:.2f}", f"{step.kbps * calls:,.1f}")
        for step in steps(packets)
    ]
    wire = list(steps(packets))[-1].kbps
    payload = CODEC_KBPS[codec]
    lines = [
        f"{calls:,} calls of {NAMES[codec]} at {packets.ptime_ms} ms, one direction; the other takes as much",
        "",
        f"  published formula  {formula * calls:>14,.1f} kbps   calls x ({payload} kbps + 20 octets a packet)",
        f"  on the wire        {wire * calls:>14,.1f} kbps   {100 * (wire / formula - 1):.0f} % more",
        "",
    ]
    head = ("counted so far", ">octets", ">kbps a call", f">kbps for {calls:,}")
    return "\n".join([*lines, *(f"  {line}" for line in table(head, rows))])


def bandwidth_mapping(calls: int, packets: Packets) -> Mapping[str, object]:
    """The same for a machine to read; all figures are of one direction."""
    return {
        "schema": 1,
        "calls": calls,
        "codec": str(packets.codec),
        "formula_kbps": round(formula_kbps(calls, ptime_ms=packets.ptime_ms, codec=packets.codec), 3),
        "wire_kbps": round(wire_kbps(calls, packets), 3),
        "steps": [
            {"name": step.name, "octets": step.octets, "kbps_per_call": round(step.kbps, 3)}
            for step in steps(packets)
        ],
    }
