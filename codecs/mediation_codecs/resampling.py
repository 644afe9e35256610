"""From one number of samples a second to another, block by block: windowed-sinc filters in NumPy.

Blocks follow each other without a seam. A filter has linear phase, and delays by half its length: 1.5 ms for
`Decimator`, as much again for `Doubler`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import clipped

_ZERO_CROSSINGS: Final = 12
"""On each side of the filter, in samples of the slower rate: 24 of them in all."""
_EDGE: Final = 0.92
"""Where the filter is at half its height, as a share of half the slower rate: 3.68 kHz of a telephone's 4."""
_KAISER_BETA: Final = 6.0
"""Sidelobes 60 dB down, which is below what G.711 itself adds."""


Signal = NDArray[np.float64]


def _low_pass(factor: int) -> Signal:
    """A filter for the faster rate, with a gain of 1."""
    half = _ZERO_CROSSINGS * factor
    place = np.arange(-half, half + 1) * (_EDGE / factor)
    filter_: Signal = np.sinc(place) * np.kaiser(place.size, _KAISER_BETA)
    whole: Signal = filter_ / filter_.sum()
    return whole


class Decimator:
    """To a rate that is a whole number of times slower."""

    __slots__ = ("_before", "_factor", "_filter")

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._filter = _low_pass(factor)
        self._before: Signal = np.zeros(self._filter.size - 1)

    def __call__(self, samples: Samples) -> Samples:
        """The next block; its length is a multiple of the factor."""
        block: Signal = np.concatenate((self._before, samples.astype(np.float64)))
        self._before = block[block.size - self._before.size :]
        return clipped(np.convolve(block, self._filter, "valid")[:: self._factor])


class Doubler:
    """To twice the rate."""

    __slots__ = ("_before", "_even", "_odd")

    def __init__(self) -> None:
        filter_ = 2 * _low_pass(2)  # every other sample that it sees is none
        self._even, self._odd = filter_[::2], filter_[1::2]
        self._before: Signal = np.zeros(self._even.size - 1)

    def __call__(self, samples: Samples) -> Samples:
        """The next block."""
        block: Signal = np.concatenate((self._before, samples.astype(np.float64)))
        self._before = block[block.size - self._before.size :]
        doubled = np.empty(2 * samples.size)
        doubled[::2] = np.convolve(block, self._even, "valid")
        doubled[1::2] = np.convolve(block[1:], self._odd, "valid")
        return clipped(doubled)
