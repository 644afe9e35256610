"""How a call would be judged by ear: the E-model (ITU-T G.107) reduced to delay and loss."""

from collections.abc import Sequence
from math import ceil, inf
from typing import Final

R0: Final = 93.2
"""The rating of a perfect G.711 connection: G.107 with all its default values."""
EQUIPMENT_IMPAIRMENT: Final = 0.0
"""Ie of G.711 (ITU-T G.113 appendix I)."""
LOSS_ROBUSTNESS: Final = 4.3
"""Bpl of G.711 without concealment (ITU-T G.113 appendix I): what is lost is heard as a gap."""


def rating(*, delay_ms: float, loss: float, burst_ratio: float = 1.0) -> float:
    """The R factor for a one-way delay from mouth to ear and a share of lost packets from 0 to 1.

    Delay by the usual two straight lines along G.107's curve, loss by its effective equipment impairment.
    """
    delay_impairment = 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - 177.3)
    percent = 100 * loss
    loss_impairment = (95 - EQUIPMENT_IMPAIRMENT) * percent / (percent / burst_ratio + LOSS_ROBUSTNESS)
    return R0 - delay_impairment - EQUIPMENT_IMPAIRMENT - loss_impairment


def mos(r_factor: float) -> float:
    """The mean opinion score of an R factor, 1 to 4.5 (G.107 annex B)."""
    if r_factor <= 0:
        return 1.0
    if r_factor >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r_factor + r_factor * (r_factor - 60) * (100 - r_factor) * 7e-6)


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
