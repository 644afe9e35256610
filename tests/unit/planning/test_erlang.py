"""Erlang B against published tables, against the formula as it is written, and by its nature."""

from fractions import Fraction
from math import exp, factorial, lgamma, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.planning.erlang import MAX_CHANNELS, blocking, channels_for, offered_erlang

CHANNELS = (2, 4, 5, 10, 20, 24, 40, 70, 100)
PUBLISHED = {
    # Rappaport, Wireless Communications, table 3.4: capacity of an Erlang B system
    0.01: (0.153, 0.869, 1.36, 4.46, 12.0, 15.3, 29.0, 56.1, 84.1),
    0.005: (0.105, 0.701, 1.13, 3.96, 11.1, 14.2, 27.3, 53.7, 80.9),
    0.002: (0.065, 0.535, 0.900, 3.43, 10.1, 13.0, 25.7, 51.0, 77.4),
    0.001: (0.046, 0.439, 0.762, 3.09, 9.41, 12.2, 24.5, 49.2, 75.2),
}
CARRIER_GRADE = {
    # Collins, Carrier Grade Voice over IP, appendix A: channels to Erlang at 0.01, 0.1, 1, 2, 3, 5 %
    4: (0.2, 0.4, 0.9, 1.1, 1.3, 1.5),
    6: (0.7, 1.1, 1.9, 2.3, 2.5, 3.0),
    8: (1.4, 2.1, 3.1, 3.6, 4.0, 4.5),
    9: (1.8, 2.6, 3.8, 4.3, 4.7, 5.4),
}

SLOWLY = settings(max_examples=60)
TRAFFIC = st.floats(min_value=0.001, max_value=2000)
TARGET = st.floats(min_value=0.0001, max_value=0.5)


@pytest.mark.parametrize("target", PUBLISHED)
def test_the_published_table_of_offered_traffic(target: float) -> None:
    for channels, erlang in zip(CHANNELS, PUBLISHED[target], strict=True):
        assert offered_erlang(channels, target) == pytest.approx(erlang, rel=0.012, abs=0.0006)
        assert channels_for(0.985 * erlang, target) <= channels < channels_for(1.03 * erlang + 0.002, target)


@pytest.mark.parametrize("channels", CARRIER_GRADE)
def test_the_table_for_small_groups(channels: int) -> None:
    targets = (0.0001, 0.001, 0.01, 0.02, 0.03, 0.05)
    assert [round(offered_erlang(channels, target), 1) for target in targets] == list(CARRIER_GRADE[channels])


@pytest.mark.parametrize(("erlang", "channels"), [(1, 1), (3, 7), (20, 30), (100, 117), (150, 170)])
def test_it_is_the_formula_of_1917_in_exact_fractions(erlang: int, channels: int) -> None:
    terms = [Fraction(erlang**count, factorial(count)) for count in range(channels + 1)]
    assert blocking(erlang, channels) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-12)


@pytest.mark.parametrize(
    ("erlang", "channels"), [(9800.0, 9900), (50_000.0, 50_200), (10_000.0, 12_000), (99_000.0, 98_000)]
)
def test_tens_of_thousands_of_channels_are_as_sound_as_one(erlang: float, channels: int) -> None:
    # the formula by logarithms: terms relative to the last one, smallest first
    last = channels * log(erlang) - lgamma(channels + 1)
    terms = (exp(count * log(erlang) - lgamma(count + 1) - last) for count in range(channels + 1))
    assert blocking(erlang, channels) == pytest.approx(1 / sum(sorted(terms)), rel=1e-6)
    assert 0 < channels_for(erlang, 0.01) < 1.01 * erlang


def test_no_traffic_needs_no_channel_and_no_channel_carries_no_traffic() -> None:
    assert channels_for(0.0, 0.01) == 0
    assert blocking(0.0, 5) == 0.0
    assert blocking(3.0, 0) == 1.0
    assert offered_erlang(0, 0.01) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("erlang", "target"), [(-1.0, 0.01), (1.0, 0.0), (1.0, 1.0), (3.0 * MAX_CHANNELS, 0.01)]
)
def test_what_has_no_answer_is_an_error(erlang: float, target: float) -> None:
    with pytest.raises(ValueError, match="Erlang"):
        channels_for(erlang, target)


@SLOWLY
@given(TRAFFIC, TARGET)
def test_the_fewest_channels_meet_the_target_and_one_less_does_not(erlang: float, target: float) -> None:
    channels = channels_for(erlang, target)
    assert blocking(erlang, channels) <= target
    assert channels == 0 or blocking(erlang, channels - 1) > target


@SLOWLY
@given(TRAFFIC, st.integers(min_value=0, max_value=2500))
def test_another_channel_never_blocks_more(erlang: float, channels: int) -> None:
    assert 0 <= blocking(erlang, channels + 1) <= blocking(erlang, channels) <= 1


@SLOWLY
@given(TRAFFIC, st.floats(min_value=0, max_value=500), st.integers(min_value=1, max_value=2500))
def test_more_traffic_never_blocks_less(erlang: float, more: float, channels: int) -> None:
    assert blocking(erlang, channels) <= blocking(erlang + more, channels) * (1 + 1e-12)


@SLOWLY
@given(TRAFFIC, TRAFFIC, TARGET)
def test_two_traffics_together_need_no_more_channels_than_apart(
    one: float, other: float, target: float
) -> None:
    assert channels_for(one + other, target) <= channels_for(one, target) + channels_for(other, target)


@SLOWLY
@given(st.integers(min_value=1, max_value=400), TARGET)
def test_the_traffic_that_channels_carry_needs_those_channels(channels: int, target: float) -> None:
    assert channels_for(offered_erlang(channels, target) * (1 - 1e-9), target) == channels
