"""From one rate to another: what is heard stays, what cannot be there goes, and blocks have no seams."""

import numpy as np
import pytest

from mediation_codecs.g711 import Samples
from mediation_codecs.resampling import Decimator, Doubler


def tone(frequency_hz: float, rate: int, peak: float = 8000.0) -> Samples:
    turns = 2 * np.pi * frequency_hz * np.arange(rate // 2) / rate
    return np.asarray(np.rint(peak * np.sin(turns)), np.int16)


def in_blocks(change: Decimator | Doubler, samples: Samples, size: int) -> Samples:
    return np.concatenate([change(samples[at : at + size]) for at in range(0, samples.size, size)])


def level_db(samples: Samples, peak: float = 8000.0) -> float:
    settled = samples[samples.size // 4 :].astype(np.float64)
    return float(20 * np.log10(np.sqrt(2 * np.mean(settled**2)) / peak + 1e-9))


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("share", [0.05, 0.25, 0.7])
def test_what_the_slower_rate_can_have_stays_as_loud_as_it_was(factor: int, share: float) -> None:
    samples = tone(share * 24_000 / factor, 48_000)
    assert level_db(in_blocks(Decimator(factor), samples, 960)) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("share", [1.1, 1.5, 1.9])
def test_what_it_cannot_have_is_not_folded_back(factor: int, share: float) -> None:
    samples = tone(min(share * 24_000 / factor, 23_500), 48_000)
    assert level_db(in_blocks(Decimator(factor), samples, 960)) < -50


@pytest.mark.parametrize("frequency_hz", [300, 1000, 3000])
def test_twice_the_rate_has_the_tone_and_no_image_of_it(frequency_hz: float) -> None:
    doubled = in_blocks(Doubler(), tone(frequency_hz, 8_000), 160)
    assert doubled.size == 8_000
    power = np.abs(np.fft.rfft(doubled[4_000:] * np.hanning(4_000))) ** 2
    at = round(frequency_hz / 4)
    assert power[at - 3 : at + 4].sum() / power.sum() > 0.999999
    assert level_db(doubled) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("make", [lambda: Decimator(2), lambda: Decimator(3), Doubler])
@pytest.mark.parametrize("size", [6, 60, 1920])
def test_blocks_of_any_size_sound_alike(make: type[Doubler], size: int) -> None:
    samples = np.random.default_rng(5).integers(-20_000, 20_000, 1920).astype(np.int16)
    assert np.array_equal(in_blocks(make(), samples, size), make()(samples))


def test_what_would_not_fit_is_held_at_the_ends() -> None:
    square = np.where(np.arange(960) // 48 % 2, 32_767, -32_768).astype(np.int16)
    assert np.abs(Decimator(3)(square).astype(int)).max() <= 32_768
