"""Sound for what was lost: it goes on from what was heard, fades, and never raises whatever it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation_codecs.concealment import HISTORY, LONGEST, concealed, period_of
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.tones import mixed, sine

LAWS = pytest.mark.parametrize("law", list(Law))


@pytest.mark.parametrize("pitch_hz", [70, 80, 100, 125, 160, 199])
def test_the_period_of_a_voice_is_found__g711_i_2_3(pitch_hz: int) -> None:
    voice = mixed((pitch_hz, 2 * pitch_hz, 3 * pitch_hz), -20, 0.1)
    assert period_of(voice[:HISTORY]) == pytest.approx(8000 / pitch_hz, abs=1)


@LAWS
@pytest.mark.parametrize("hz", [100, 200, 400, 440, 1000])
def test_what_is_periodic_goes_on_without_a_step(law: Law, hz: float) -> None:
    tone = encode(law, sine(hz, -10, 0.1))
    whole = decode(law, tone).astype(int)
    made = decode(law, concealed(law, tone[:400], 80)).astype(int)
    step = np.abs(np.diff(whole)).max()
    assert abs(made[0] - whole[399]) <= step * 1.2
    assert np.abs(made - whole[400:480]).max() <= max(512, 0.3 * np.abs(whole).max())


@LAWS
def test_it_fades_to_silence_in_60_ms__g711_i_2_5(law: Law) -> None:
    made = concealed(law, encode(law, sine(100, -10, 0.05)), 800)
    assert len(made) == 800
    loudness = [np.abs(decode(law, made[at : at + 80]).astype(int)).max() for at in range(0, LONGEST, 80)]
    assert loudness == sorted(loudness, reverse=True)
    assert loudness[0] > 5 * loudness[-1]
    assert set(made[LONGEST:]) == {SILENCE[law]}


@LAWS
@pytest.mark.parametrize("heard", [0, 1, 80, 159])
def test_of_too_little_nothing_is_made(law: Law, heard: int) -> None:
    assert concealed(law, b"\x10" * heard, 160) == bytes((SILENCE[law],)) * 160


@given(st.sampled_from(Law), st.binary(max_size=500), st.integers(0, 1000))
def test_whatever_was_heard_as_much_is_made_as_was_asked_for(law: Law, heard: bytes, samples: int) -> None:
    assert len(concealed(law, heard, samples)) == samples
