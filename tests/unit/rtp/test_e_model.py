"""The E-model, held against the numbers of ITU-T G.107, G.109, G.113 and G.114."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.e_model import (
    CODECS,
    WITHOUT_CONCEALMENT,
    delay_impairment,
    equipment_impairment,
    mos,
    r_factor,
)
from mediation.rtp.quality import rate

G711 = CODECS["PCMU"]


def test_with_all_default_values_r_is_93_2__g107_7_7() -> None:
    assert round(r_factor(G711), 1) == 93.2
    assert round(mos(r_factor(G711)), 2) == 4.41


@pytest.mark.parametrize(("rating", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_the_limits_of_satisfaction__g107_table_b_1(rating: float, score: float) -> None:
    assert mos(rating) == pytest.approx(score, abs=0.0071)  # the table is rounded up


def test_the_ends_of_the_scale__g107_annex_b() -> None:
    assert [mos(rating) for rating in (-5, 0, 3, 6.5, 100, 120)] == [1, 1, 1, 1, 4.5, 4.5]


@pytest.mark.parametrize(
    ("percent", "concealed", "plain"),
    [(0, 0, 0), (1, 3.64, 17.92), (2, 7.01, 30.16), (5, 15.78, 51.08), (25.1, 47.5, 81.11)],
)
def test_random_loss_takes_away_by_its_bpl__g113_table_i_4(
    percent: float, concealed: float, plain: float
) -> None:
    """Ie-eff = 95 Ppl / (Ppl + Bpl), with 25.1 and 4.3: half of the 95 is gone where Ppl is Bpl."""
    assert equipment_impairment(G711, percent / 100) == pytest.approx(concealed, abs=0.01)
    assert equipment_impairment(WITHOUT_CONCEALMENT, percent / 100) == pytest.approx(plain, abs=0.01)


def test_loss_in_bursts_is_worse_than_as_much_by_chance__g107_7_5() -> None:
    by_chance, in_bursts = equipment_impairment(G711, 0.02), equipment_impairment(G711, 0.02, 2.0)
    assert in_bursts == pytest.approx(95 * 2 / (2 / 2 + 25.1))
    assert in_bursts > by_chance == equipment_impairment(G711, 0.02, 0.5)


@pytest.mark.parametrize(
    ("delay_ms", "impairment"),
    [(0, 0), (100, 0), (150, 0.2), (200, 3.0), (250, 8.9), (300, 14.8), (400, 24.1)],
)
def test_delay_without_echo_counts_from_100_ms_on__g107_7_4(delay_ms: float, impairment: float) -> None:
    assert delay_impairment(delay_ms) == pytest.approx(impairment, abs=0.05)


@pytest.mark.parametrize(
    ("delay_ms", "rating"), [(50, 92.0), (100, 90.8), (150, 89.6), (200, 85.9), (250, 79.2), (300, 72.5)]
)
def test_delay_with_the_echo_of_a_good_telephone__g114_figure_1(delay_ms: float, rating: float) -> None:
    """The curve of G.114, as Cole and Rosenbluth read it: Id = 0.024 d + 0.11 (d - 177.3) above 177.3 ms."""
    assert r_factor(G711, delay_ms=delay_ms) == pytest.approx(rating, abs=0.3)


@given(
    st.floats(0, 1),
    st.floats(0, 50, allow_nan=False),
    st.floats(-10, 1e9, allow_nan=False),
)
def test_whatever_is_measured_r_and_mos_stay_on_their_scales(
    loss: float, burst_ratio: float, delay_ms: float
) -> None:
    rating = r_factor(G711, loss=loss, burst_ratio=burst_ratio, delay_ms=delay_ms)
    assert 0 <= rating <= 100
    assert 1 <= mos(rating) <= 4.5


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1, 2000), st.floats(1, 2000))
def test_more_loss_and_more_delay_never_sound_better(
    loss: float, more: float, delay_ms: float, later_ms: float
) -> None:
    """From a millisecond on: an echo so early as that is sidetone, and a little of it is welcome."""
    low, high = sorted((loss, more))
    soon, late = sorted((delay_ms, later_ms))
    assert r_factor(G711, loss=low, delay_ms=soon) >= r_factor(G711, loss=high, delay_ms=late) - 1e-9


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_better_r_is_a_better_mos(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert mos(low) <= mos(high) + 1e-12


def test_more_than_all_or_less_than_nothing_cannot_be_lost() -> None:
    for loss in (-0.01, 1.01, float("nan")):
        with pytest.raises(ValueError, match="no share"):
            r_factor(G711, loss=loss)


def test_the_delay_of_a_leg_is_half_its_round_trip_a_packet_and_a_buffer() -> None:
    rating = rate("PCMA", loss=0.01, round_trip_ms=100, jitter_ms=30, packet_ms=20)
    assert rating is not None
    assert rating.r_factor == r_factor(G711, loss=0.01, delay_ms=50 + 20 + 60)
    assert rating.mos == mos(rating.r_factor)
    assert rating.mos_listening == mos(r_factor(G711, loss=0.01)) > rating.mos
    calm = rate("PCMA", loss=0, round_trip_ms=None, jitter_ms=None, packet_ms=20)
    assert calm is not None
    assert calm.r_factor == r_factor(G711, delay_ms=40)


def test_a_jitter_buffer_of_ours_costs_its_depth_and_spares_the_phone_s() -> None:
    ours = rate("PCMA", loss=0, round_trip_ms=100, jitter_ms=30, packet_ms=20, buffer_ms=80)
    assert ours is not None
    assert ours.r_factor == r_factor(CODECS["PCMA"], delay_ms=50 + 20 + 80 + 20)


def test_a_codec_that_nothing_is_known_of_is_not_rated() -> None:
    assert rate("L16", loss=0, round_trip_ms=None, jitter_ms=None, packet_ms=20) is None
