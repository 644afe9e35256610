"""Figures of a stream as it arrived, for the E-model (`rtp.e_model`) and for the report."""

from collections.abc import Sequence
from math import ceil, inf


def burst_ratio(arrived: Sequence[bool]) -> float:
    """How much longer the runs of loss are than chance would make them (G.107 clause 3.5); at least 1."""
    lost = arrived.count(False)
    if not 0 < lost < len(arrived):
        return 1.0
    runs = sum(1 for before, now in zip([True, *arrived], arrived, strict=False) if before and not now)
    return max(1.0, lost / runs * (1 - lost / len(arrived)))


def percentile(figures: Sequence[float], share: float) -> float:
    """The figure that such a share (0 to 1) does not exceed; nearest rank. Infinite when there is none."""
    if not figures:
        return inf
    return sorted(figures)[max(0, ceil(share * len(figures)) - 1)]
