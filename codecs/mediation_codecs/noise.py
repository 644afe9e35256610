"""Comfort noise as sound (RFC 3389): white, of a level, in either law.

The spectrum that a description may tell beside the level is not followed: G.711 has no model for it of its own, and
most equipment sends the level alone.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from mediation_codecs.g711 import encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import clipped, peak_of

OVERLOAD_DBM0: Final = 6.18
"""0 dBov: a square wave as loud as the law can say (RFC 3389 section 3)."""

QUIETEST: Final = 127
"""The level has seven bits."""

PERIOD: Final = 16_384
"""Samples after which the same noise comes again: two seconds, longer than any ear remembers noise."""

LEVELS_KEPT: Final = 32
"""Levels whose noise is kept: 16 kB each."""

_WHITE: Final = np.random.default_rng(3389).standard_normal(PERIOD)


def noise(law: Law, level: int, first: int, count: int) -> bytes:
    """So many octets from the one numbered `first` on; `level` is 0 to 127, in dBov after dropping the sign."""
    whole = _noise(law, min(max(level, 0), QUIETEST))
    begin = first % PERIOD
    octets = whole[begin : begin + count]
    while len(octets) < count:
        octets += whole[: count - len(octets)]
    return octets


@lru_cache(maxsize=LEVELS_KEPT)
def _noise(law: Law, level: int) -> bytes:
    effective = peak_of(OVERLOAD_DBM0 - level) / np.sqrt(2)
    return encode(law, clipped(_WHITE * effective))
