"""Network tones, heard again by their spectrum."""

from collections.abc import Iterable

import numpy as np
import pytest

from mediation_codecs.cadence import Cadence
from mediation_codecs.pcm import RATE_HZ, level_at_dbm0, level_dbm0
from mediation_codecs.refusal_tones import COUNTRIES, RefusalTone, refusal_tone
from mediation_codecs.ringback import RINGBACK
from mediation_codecs.tones import DTMF_HZ, RAMP_S, chained, dtmf, progress, sine


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


PIECES = {
    piece: None for country in COUNTRIES for kind in RefusalTone for piece in refusal_tone(kind, country)
}


@pytest.mark.parametrize(
    "cadences", [RINGBACK.values(), [piece for piece in PIECES if len(piece.pattern_s) > 1]]
)
def test_every_cadence_sounds_and_pauses_as_it_says(cadences: Iterable[Cadence]) -> None:
    for cadence in cadences:
        tone = progress(cadence, 2 * sum(cadence.pattern_s))
        at = 0
        for place, part_s in enumerate(cadence.pattern_s * 2):
            part = tone[at : at + round(part_s * RATE_HZ)]
            if place % 2:
                assert not part.any()
            else:
                for frequency_hz in cadence.frequencies_hz:
                    assert level_at_dbm0(part, frequency_hz) == pytest.approx(cadence.level_dbm0, abs=0.1)
            at += part.size


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_tones_of_a_country_differ_and_follow_themselves_without_a_click(country: str) -> None:
    assert len(country) == 2
    assert country in RINGBACK
    for kind in RefusalTone:
        tone = chained(refusal_tone(kind, country)).astype(int)
        assert abs(tone[0] - tone[-1]) <= np.abs(np.diff(tone)).max(), (
            "no more than a step of the wave itself"
        )
    assert refusal_tone(RefusalTone.UNOBTAINABLE, country) != refusal_tone(RefusalTone.BUSY, country)


def test_the_special_information_tone_has_three_rising_notes_and_a_pause__e180_7() -> None:
    tone = chained(refusal_tone(RefusalTone.UNOBTAINABLE, "de"))
    for place, frequency_hz in enumerate((950, 1400, 1800)):
        note = tone[2640 * place : 2640 * (place + 1)]
        assert level_at_dbm0(note, frequency_hz) == pytest.approx(-10, abs=0.2)
    assert not tone[3 * 2640 :].any()
    assert tone.size == 3 * 2640 + 8000


@pytest.mark.parametrize("country", sorted(RINGBACK))
def test_a_cycle_of_ringing_can_follow_itself_without_a_click(country: str) -> None:
    cadence = RINGBACK[country]
    assert len(country) == 2
    assert len(cadence.pattern_s) % 2 == 0
    cycle = progress(cadence, sum(cadence.pattern_s)).astype(int)
    assert cycle.size == round(sum(cadence.pattern_s) * RATE_HZ)
    assert cycle[0] == cycle[-1] == 0
    steady = progress(Cadence(cadence.frequencies_hz, (1.0,), cadence.level_dbm0, cadence.modulated_hz), 1.0)
    ramp = np.abs(cycle).max() / (RAMP_S * RATE_HZ)
    assert np.abs(np.diff(cycle)).max() <= np.abs(np.diff(steady.astype(int))).max() + ramp


def test_ringing_has_the_nominal_level_where_no_national_plan_says_another__e180() -> None:
    for country, cadence in RINGBACK.items():
        whole = progress(
            Cadence(cadence.frequencies_hz, (1.0,), cadence.level_dbm0, cadence.modulated_hz), 1.0
        )
        nominal = -16 if country in ("us", "ca") else -10
        assert level_dbm0(whole) == pytest.approx(nominal, abs=0.1)


def test_modulated_ringing_has_both_its_sidebands() -> None:
    tone = progress(RINGBACK["in"], 0.4)
    for hz in (375, 425):
        assert level_at_dbm0(tone, hz) == pytest.approx(-11.8 - 6.02, abs=0.2)


def test_a_cadence_of_one_value_never_pauses() -> None:
    tone = progress(Cadence((425.0,), (0.5,)), 3.0)
    assert all(level_dbm0(part) == pytest.approx(-15, abs=0.1) for part in np.split(tone, 6))


def test_a_tone_lasts_as_long_as_asked_and_begins_at_zero() -> None:
    tone = sine(1020, -10, 0.25)
    assert (tone.size, int(tone[0])) == (2000, 0)
