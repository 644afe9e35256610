"""Network tones, heard again by their spectrum."""

import numpy as np
import pytest

from mediation_codecs.pcm import RATE_HZ, level_at_dbm0, level_dbm0
from mediation_codecs.tones import BUSY, DTMF_HZ, RINGBACK, Cadence, dtmf, progress, sine


def test_a_key_is_two_tones_and_the_high_one_is_2_db_louder__q23() -> None:
    assert set(DTMF_HZ) == set("0123456789*#ABCD")
    for key, (low, high) in DTMF_HZ.items():
        tone = dtmf(key, 0.1, level_dbm0=-9)
        assert level_at_dbm0(tone, low) == pytest.approx(-11, abs=0.1)
        assert level_at_dbm0(tone, high) == pytest.approx(-9, abs=0.1)
        others = {hz for pair in DTMF_HZ.values() for hz in pair} - {low, high}
        assert all(level_at_dbm0(tone, hz) < -40 for hz in others)


def test_5_is_770_and_1336_hz__q23() -> None:
    assert DTMF_HZ["5"] == (770, 1336)
    assert DTMF_HZ["#"] == (941, 1477)


@pytest.mark.parametrize("key", ["", "E", "12", "٣"])
def test_a_key_that_there_is_not_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no such key"):
        dtmf(key)


def test_keys_too_loud_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        dtmf("1", level_dbm0=0)


@pytest.mark.parametrize("tones", [RINGBACK, BUSY])
def test_every_cadence_sounds_and_pauses_as_it_says(tones: dict[str, Cadence]) -> None:
    for cadence in tones.values():
        tone = progress(cadence, 2 * sum(cadence.pattern_s))
        at = 0
        for place, part_s in enumerate(cadence.pattern_s * 2):
            part = tone[at : at + round(part_s * RATE_HZ)]
            if place % 2:
                assert not part.any()
            else:
                for frequency_hz in cadence.frequencies_hz:
                    assert level_at_dbm0(part, frequency_hz) == pytest.approx(cadence.level_dbm0, abs=0.2)
            at += part.size


def test_a_cadence_of_one_value_never_pauses() -> None:
    tone = progress(Cadence((425.0,), (0.5,)), 3.0)
    assert all(level_dbm0(part) == pytest.approx(-15, abs=0.1) for part in np.split(tone, 6))


def test_a_tone_lasts_as_long_as_asked_and_begins_at_zero() -> None:
    tone = sine(1020, -10, 0.25)
    assert (tone.size, int(tone[0])) == (2000, 0)
