"""DTMF as sound (ITU-T Q.23): one key's two tones, made piece by piece."""

from typing import Final

import numpy as np

from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ, clipped, peak_of
from mediation_codecs.tones import DTMF_HZ

LOUDEST, SOFTEST = 3, 20
"""In dBm0 after dropping the sign: what every receiver takes, with both tones together (ITU-T Q.24)."""

TWIST_DB: Final = 2.0
"""So much softer is the low tone, which lines attenuate less (ETSI ES 201 235-2)."""

_HIGH_DB: Final = -10 * float(np.log10(1 + 10 ** (-TWIST_DB / 10)))
"""The high tone, below both together."""


def key_tone(key: str, first: int, count: int, volume: int) -> Samples:
    """So many samples of a key's sound, from the one numbered `first` on: pieces join without a click.

    `volume` is the level of both tones together, in dBm0 after dropping the sign, as telephone-events tell it (RFC
    4733 section 2.3.5); what a receiver might not take is brought to where it does.
    """
    low_hz, high_hz = DTMF_HZ[key]
    level = _HIGH_DB - min(max(volume, LOUDEST), SOFTEST)
    turns = 2 * np.pi / RATE_HZ * np.arange(first, first + count)
    low = peak_of(level - TWIST_DB) * np.sin(low_hz * turns)
    return clipped(low + peak_of(level) * np.sin(high_hz * turns))
