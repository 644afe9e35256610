"""Linear PCM: how loud it is, at which frequency, and making it louder.

One reference for both laws: a sine whose peak is 32,768 is +3.14 dBm0, which is A-law's overload point (G.711
section 4). µ-law's, +3.17 dBm0, lies at a peak of 32,636 as everybody scales it: µ-law reads 0.07 dB low.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.g711 import Samples

RATE_HZ: Final = 8000
"""Samples a second, of everything here."""

FULL_SCALE_DBM0: Final = 3.14
"""The level of a sine that just fits into int16."""

_FULL_SCALE: Final = 32768.0


def peak_of(level_dbm0: float) -> float:
    """The peak of a sine of this level."""
    return float(_FULL_SCALE * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20))


def level_dbm0(samples: Samples) -> float:
    """The power of all that sounds, as the level of a sine of equal power; -inf for silence or no samples."""
    if samples.size == 0:
        return -np.inf
    wide = samples.astype(np.float64)
    return _level(float(np.sqrt(2 * np.mean(wide * wide))))


def level_at_dbm0(samples: Samples, frequency_hz: float) -> float:
    """The level of one frequency; -inf where there is none.

    Resolution is four periods of the stretch: in 0.1 s a tone 40 Hz away is no longer seen (Hann window).
    """
    if samples.size == 0:
        return -np.inf
    window = np.hanning(samples.size + 2)[1:-1]
    turns = np.exp(-2j * np.pi * frequency_hz / RATE_HZ * np.arange(samples.size))
    return _level(float(2 * np.abs(np.sum(samples * window * turns)) / np.sum(window)))


def dominant_hz(samples: Samples) -> float:
    """The frequency with most power, to a small part of 1/duration; 0.0 for silence or under 16 samples."""
    if samples.size < 16 or not samples.any():
        return 0.0
    wide = samples.astype(np.float64)
    power = np.abs(np.fft.rfft((wide - wide.mean()) * np.hanning(samples.size)))
    top = int(np.argmax(power[1:-1])) + 1
    below, at, above = np.log(np.maximum(power[top - 1 : top + 2], 1e-9))
    curve = below - 2 * at + above  # a parabola through the logarithms finds the top between two lines
    shift = 0.5 * (below - above) / curve if curve else 0.0
    return float((top + shift) * RATE_HZ / samples.size)


def gain(samples: Samples, gain_db: float) -> Samples:
    """Louder or, below 0 dB, softer; what would not fit is clipped."""
    return clipped(samples.astype(np.float64) * 10 ** (gain_db / 20))


def clipped(signal: npt.NDArray[np.float64]) -> Samples:
    """Rounded to int16, and held at its ends where the signal goes beyond them."""
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)


def _level(peak: float) -> float:
    return float(FULL_SCALE_DBM0 + 20 * np.log10(peak / _FULL_SCALE)) if peak > 0 else -np.inf
