"""What is played where a packet is missing: the last sound once more, and softer, and then nothing.

A voice repeats itself every few milliseconds. Its last period is found in what was heard, and goes on, faded out over
60 ms, as ITU-T G.711 appendix I has it in principle; for more than that nobody can guess what was said. What comes
after the gap is blended in.
"""

from typing import Final

import numpy as np

from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import clipped

FADE_MS: Final = 60
"""From full loudness to silence."""
BLEND_MS: Final = 4
"""In which what comes after a gap takes over."""
_SHORTEST_MS: Final = 2.5
_LONGEST_MS: Final = 15
"""Periods of voices: 66 to 400 Hz (ITU-T G.711 appendix I, section I.2.1)."""
_COMPARED_MS: Final = 15


class Concealer:
    """Of one stream of samples."""

    __slots__ = ("_blend", "_faded", "_kept", "_period", "_rate_hz", "_whole")

    def __init__(self, rate_hz: int) -> None:
        per_ms = rate_hz / 1000
        self._rate_hz = rate_hz
        self._kept = np.zeros(round((_LONGEST_MS + _COMPARED_MS) * per_ms), np.int16)
        self._blend = round(BLEND_MS * per_ms)
        self._whole = round(FADE_MS * per_ms)
        self._faded = 0
        """Samples that were made since something was heard."""
        self._period = self._kept[:1]

    def heard(self, samples: Samples) -> Samples:
        """The same, once it is joined to what was made before it."""
        if self._faded and samples.size >= self._blend:
            ramp = np.linspace(0.0, 1.0, self._blend)
            made = self._made(self._blend)
            samples = samples.copy()
            samples[: self._blend] = clipped(samples[: self._blend] * ramp + made * (1 - ramp))
        self._faded = 0
        self._keep(samples)
        return samples

    def made(self, count: int) -> Samples:
        """So many samples in the place of what is missing."""
        if not self._faded:
            self._period = self._last_period()
        samples = self._made(count)
        self._faded += count
        return samples

    def _made(self, count: int) -> Samples:
        place = np.arange(self._faded, self._faded + count)
        loudness = np.maximum(0.0, 1.0 - place / self._whole)
        return clipped(self._period[place % self._period.size].astype(np.float64) * loudness)

    def _keep(self, samples: Samples) -> None:
        size = self._kept.size
        self._kept = np.concatenate((self._kept, samples))[-size:]

    def _last_period(self) -> Samples:
        """The stretch at the end that looks most like the one before it."""
        per_ms = self._rate_hz / 1000
        shortest, longest = round(_SHORTEST_MS * per_ms), round(_LONGEST_MS * per_ms)
        compared = self._kept.size - longest
        wide = self._kept.astype(np.float64)
        end = wide[-compared:]
        likeness = np.correlate(wide[: wide.size - shortest], end, "valid")
        squares = np.concatenate(([0.0], np.cumsum(wide * wide)))
        power = squares[compared : compared + likeness.size] - squares[: likeness.size]
        best = int(np.argmax(likeness / np.sqrt(power + 1.0)))
        return self._kept[-(longest - best) :]
