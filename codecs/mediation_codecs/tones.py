"""Signals a telephone network makes: reference tone, DTMF, call progress. All at 8,000 samples a second."""

from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.cadence import Cadence
from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import FULL_SCALE_DBM0, RATE_HZ, clipped, peak_of
from mediation_codecs.refusal_tones import Chain

REFERENCE_HZ: Final = 1020.0
"""The measuring tone of ITU-T O.6: no whole part of the sampling rate, so that it meets many codes. The
American one is 1,004 Hz."""

DTMF_HZ: Final[dict[str, tuple[int, int]]] = {
    digit: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for digit, high in zip(row, (1209, 1336, 1477, 1633), strict=True)
}
"""The two frequencies of each key (ITU-T Q.23)."""


RAMP_S: Final = 0.002
"""Each sounding part begins and ends within so long, not at once: that would be a click."""


def sine(frequency_hz: float, level_dbm0: float, duration_s: float) -> Samples:
    """A tone that begins at zero. Raises ValueError for a level that int16 cannot hold."""
    return mixed((frequency_hz,), level_dbm0, duration_s)


def mixed(frequencies_hz: tuple[float, ...], level_dbm0: float, duration_s: float) -> Samples:
    """Several tones of this level each. Raises ValueError where their peaks together exceed int16."""
    if peak_of(level_dbm0) * len(frequencies_hz) > peak_of(FULL_SCALE_DBM0):
        raise ValueError(f"{len(frequencies_hz)} tones of {level_dbm0} dBm0 do not fit")
    return clipped(_wave(frequencies_hz, level_dbm0, duration_s))


def dtmf(digit: str, duration_s: float = 0.1, level_dbm0: float = -9.0) -> Samples:
    """One key's two tones; the low one 2 dB softer, as telephones send it (ETSI ES 201 235-2).

    Raises ValueError for a key that there is not, and for levels that do not fit.
    """
    if digit not in DTMF_HZ:
        raise ValueError(f"no such key: {digit!r}")
    if level_dbm0 > FULL_SCALE_DBM0 - 6.03:
        raise ValueError(f"two tones of {level_dbm0} dBm0 do not fit")
    low, high = DTMF_HZ[digit]
    return clipped(_wave((low,), level_dbm0 - 2, duration_s) + _wave((high,), level_dbm0, duration_s))


def progress(cadence: Cadence, duration_s: float) -> Samples:
    """So much of a call progress tone, from the beginning of its cadence."""
    wave = _wave(cadence.frequencies_hz, cadence.level_dbm0, duration_s)
    if cadence.modulated_hz:
        wave *= 1 - np.cos(2 * np.pi * cadence.modulated_hz * np.arange(wave.size) / RATE_HZ)
    if len(cadence.pattern_s) == 1:
        return clipped(wave)
    at = np.arange(wave.size) % _samples(sum(cadence.pattern_s))
    edges = np.cumsum([0, *(_samples(part) for part in cadence.pattern_s)])
    part = np.searchsorted(edges, at, side="right") - 1
    to_the_edge = np.minimum(at - edges[part], edges[part + 1] - 1 - at)
    return clipped(wave * (part % 2 == 0) * np.minimum(to_the_edge / _samples(RAMP_S), 1.0))


def chained(chain: Chain) -> Samples:
    """Each piece of a tone once."""
    return np.concatenate([progress(piece, sum(piece.pattern_s)) for piece in chain])


def _wave(frequencies_hz: tuple[float, ...], level_dbm0: float, duration_s: float) -> npt.NDArray[np.float64]:
    at_s = np.arange(_samples(duration_s)) / RATE_HZ
    wave = np.zeros(at_s.size)
    for frequency_hz in frequencies_hz:
        wave += peak_of(level_dbm0) * np.sin(2 * np.pi * frequency_hz * at_s)
    return wave


def _samples(duration_s: float) -> int:
    return round(duration_s * RATE_HZ)
