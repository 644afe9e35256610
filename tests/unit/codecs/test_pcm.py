"""Levels and frequencies of linear PCM."""

import math

import numpy as np
import pytest

from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import FULL_SCALE_DBM0, clipped, dominant_hz, gain, level_at_dbm0, level_dbm0
from mediation_codecs.tones import mixed, sine

SILENT = np.zeros(800, np.int16)


@pytest.mark.parametrize(
    ("law", "period", "within_db"),
    [
        (Law.PCMA, "34 21 21 34 b4 a1 a1 b4", 0.01),  # table 5
        (Law.PCMU, "1e 0b 0b 1e 9e 8b 8b 9e", 0.08),  # table 6, read against A-law's reference
    ],
)
def test_the_sequences_for_0_dbm0_measure_0_dbm0__g711_5(law: Law, period: str, within_db: float) -> None:
    tone = decode(law, bytes.fromhex(period) * 100)
    assert level_dbm0(tone) == pytest.approx(0, abs=within_db)
    assert level_at_dbm0(tone, 1000) == pytest.approx(0, abs=within_db)
    assert dominant_hz(tone) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("level", [FULL_SCALE_DBM0, 0.0, -10.0, -30.0])
def test_a_sine_measures_the_level_it_was_made_with(level: float) -> None:
    assert level_dbm0(sine(1020, level, 1.0)) == pytest.approx(level, abs=0.02)
    assert level_at_dbm0(sine(1020, level, 0.1), 1020) == pytest.approx(level, abs=0.02)


def test_companding_hardly_changes_a_level() -> None:
    for law in Law:
        assert level_dbm0(decode(law, encode(law, sine(1020, -20, 0.5)))) == pytest.approx(-20, abs=0.1)


def test_silence_has_no_level_and_no_frequency() -> None:
    for nothing in (SILENT, SILENT[:0]):
        assert level_dbm0(nothing) == -math.inf
        assert level_at_dbm0(nothing, 1000) == -math.inf
        assert dominant_hz(nothing) == 0.0


def test_one_tone_is_found_beside_a_louder_one() -> None:
    both = clipped(sine(440, -3, 0.2).astype(float) + sine(1000, -30, 0.2))
    assert level_at_dbm0(both, 1000) == pytest.approx(-30, abs=0.2)
    assert level_at_dbm0(both, 700) < -60
    assert dominant_hz(both) == pytest.approx(440, abs=0.5)


def test_the_dominant_frequency_is_found_between_the_lines_of_the_transform() -> None:
    assert dominant_hz(sine(1003.7, -10, 0.1)) == pytest.approx(1003.7, abs=0.3)


def test_gain_moves_the_level_and_clips_what_does_not_fit() -> None:
    tone = sine(1020, -20, 0.5)
    assert level_dbm0(gain(tone, 6)) == pytest.approx(-14, abs=0.02)
    assert level_dbm0(gain(tone, -6)) == pytest.approx(-26, abs=0.02)
    assert (gain(tone, 60).min(), gain(tone, 60).max()) == (-32768, 32767)


def test_tones_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        sine(1000, 3.5, 0.1)
    with pytest.raises(ValueError, match="2 tones"):
        mixed((440, 480), 0, 0.1)
