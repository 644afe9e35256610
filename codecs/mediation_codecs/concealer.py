"""The sound of a stream where a packet of it is missing, packet by packet, and what comes after it joined to that.

As `concealment` has it, at the stream's own rate. What follows a gap takes over within 4 ms, so that nothing clicks.
"""

from typing import Final

import numpy as np

from mediation_codecs.concealment import HISTORY, loudness, period_of
from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ, clipped

BLEND: Final = 32
"""Samples, at 8,000 a second, in which what comes after a gap takes over."""


class Concealer:
    """Of one stream of samples, of 8,000 a second or a multiple of that."""

    __slots__ = ("_blend", "_heard", "_made_so_far", "_period", "_times")

    def __init__(self, rate_hz: int) -> None:
        self._times = rate_hz // RATE_HZ
        self._blend = BLEND * self._times
        self._heard = np.zeros(HISTORY * self._times, np.int16)
        self._made_so_far = 0
        """Samples, since something was heard."""
        self._period = self._heard[:1]

    def heard(self, samples: Samples) -> Samples:
        """The same, once it is joined to what was made before it."""
        if self._made_so_far and samples.size >= self._blend:
            ramp = np.linspace(0.0, 1.0, self._blend)
            made = self._made(self._blend)
            samples = samples.copy()
            samples[: self._blend] = clipped(samples[: self._blend] * ramp + made * (1 - ramp))
        self._made_so_far = 0
        self._heard = np.concatenate((self._heard, samples))[-self._heard.size :]
        return samples

    def made(self, count: int) -> Samples:
        """So many samples in the place of what is missing."""
        if not self._made_so_far:
            self._period = self._heard[-period_of(self._heard, self._times) :]
        samples = self._made(count)
        self._made_so_far += count
        return samples

    def _made(self, count: int) -> Samples:
        place = np.arange(self._made_so_far, self._made_so_far + count)
        return clipped(self._period[place % self._period.size] * loudness(place, self._times))
