"""The E-model against its published points."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.lab.quality import burst_ratio, mos, percentile, rating


@pytest.mark.parametrize(
    ("r_factor", "score"),
    [(93.2, 4.41), (90, 4.34), (80, 4.02), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (100, 4.5)],
)
def test_a_rating_has_its_published_score__g107_annex_b(r_factor: float, score: float) -> None:
    assert mos(r_factor) == pytest.approx(score, abs=0.006)


def test_a_perfect_connection_has_the_default_rating() -> None:
    assert rating(delay_ms=0, loss=0) == 93.2


def test_one_percent_of_loss_without_concealment_costs_eighteen_points() -> None:
    assert rating(delay_ms=0, loss=0.01) == pytest.approx(93.2 - 95 / 5.3)


def test_delay_hurts_more_beyond_177_ms() -> None:
    assert rating(delay_ms=100, loss=0) == pytest.approx(90.8)
    assert rating(delay_ms=277.3, loss=0) == pytest.approx(93.2 - 6.6552 - 11)


@given(st.floats(0, 2000), st.floats(0, 1), st.floats(1, 20))
def test_more_delay_loss_or_bursts_never_sound_better(delay_ms: float, loss: float, bursts: float) -> None:
    score = mos(rating(delay_ms=delay_ms, loss=loss, burst_ratio=bursts))
    assert 1 <= score <= 4.5
    assert mos(rating(delay_ms=delay_ms + 10, loss=loss, burst_ratio=bursts)) <= score
    assert mos(rating(delay_ms=delay_ms, loss=min(1, loss + 0.01), burst_ratio=bursts)) <= score + 1e-9
    assert mos(rating(delay_ms=delay_ms, loss=loss, burst_ratio=bursts + 1)) <= score + 1e-9


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
