"""Sound for G.711 that was lost, after ITU-T G.711 appendix I: what was heard last goes on, and fades.

The last period of the voice is repeated, which joins what came before without a step: for the first 10 ms as loud as
it was, then softer by a fifth each 10 ms, so that after 60 ms there is silence. What follows is left as it came.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mediation_codecs.g711 import Samples, decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import clipped

HISTORY: Final = 390
"""Samples that are looked back at: three of the longest periods, and some (clause I.2.2)."""

LONGEST: Final = 480
"""Samples that are made; there is silence after that."""

_SHORTEST_PERIOD: Final = 40
"""200 Hz; a higher voice is found by two of its periods, or more (clause I.2.3)."""
_LONGEST_PERIOD: Final = 120
"""66 Hz."""
_COMPARED: Final = 160

_FULL: Final = 80


def concealed(law: Law, heard: bytes, samples: int) -> bytes:
    """So many samples that go on from what was heard last; HISTORY octets of that are enough, and few are silence."""
    made = b""
    period = period_of(decode(law, heard[-HISTORY:]))
    if period:
        cycle = decode(law, heard[-period:]).astype(np.float64)
        count = min(samples, LONGEST)
        made = encode(law, clipped(np.resize(cycle, count) * loudness(np.arange(count), 1)))
    return made.ljust(samples, bytes((SILENCE[law],)))


def loudness(place: NDArray[np.int_], times: int) -> NDArray[np.float64]:
    """How loud what is made still is at each place, with so many `times` 8,000 samples a second."""
    full, longest = _FULL * times, LONGEST * times
    return np.clip(1 - (place - full) / (longest - full), 0.0, 1.0)


def period_of(heard: Samples, times: int = 1) -> int:
    """The period of a voice, as the shift at which it is most like itself; 0: too little was heard."""
    shortest, longest = _SHORTEST_PERIOD * times, _LONGEST_PERIOD * times
    compared = min(_COMPARED * times, heard.size - longest)
    if compared < shortest:
        return 0
    wide = heard.astype(np.float64)
    last = wide[-compared:]
    shifts = range(shortest, longest + 1)
    windows = np.lib.stride_tricks.sliding_window_view(wide, compared)
    before = windows[[heard.size - compared - shift for shift in shifts]]
    powers = np.sqrt(np.maximum((before * before).sum(axis=1), 1.0))
    return int(np.argmax(before @ last / powers)) + shortest
