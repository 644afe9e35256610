"""Runs of loss, and figures of many."""

import math

import pytest

from mediation.lab.quality import burst_ratio, percentile


def test_bursts_are_told_from_chance() -> None:
    alone = [index % 10 != 0 for index in range(100)]
    together = [index >= 10 for index in range(100)]
    assert burst_ratio(alone) == 1.0
    assert burst_ratio(together) == pytest.approx(9.0)
    assert burst_ratio([True] * 5) == burst_ratio([False] * 5) == burst_ratio([]) == 1.0


def test_a_percentile_is_a_figure_that_was_measured() -> None:
    figures = [float(figure) for figure in range(100, 0, -1)]
    assert (percentile(figures, 0.5), percentile(figures, 0.99), percentile(figures, 1.0)) == (50, 99, 100)
    assert percentile([7.0], 0.0) == 7.0
    assert math.isinf(percentile([], 0.5))
