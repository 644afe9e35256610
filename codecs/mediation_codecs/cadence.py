"""What a call progress tone is made of, as plain numbers: settings know the countries without the arithmetic.

Levels are the nominal one of ITU-T E.180 clause 3.1, -10 dBm0 for the whole tone, but where a national plan says
another.
"""

from dataclasses import dataclass
from typing import Final

_ONE: Final = -10.0
_PAIR: Final = -13.0
"""Of each of two, so that both together have the nominal level."""
_MODULATED: Final = -11.8
"""Of a carrier that is modulated by all of itself: with both sidebands it has the nominal level."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """A call progress tone (ITU-T E.180)."""

    frequencies_hz: tuple[float, ...]
    """Sounding together."""
    pattern_s: tuple[float, ...]
    """On, off, on, off …, then from the beginning; one value only: without a pause."""
    level_dbm0: float = -15.0
    """Of each frequency."""
    modulated_hz: float = 0.0
    """All of it swells and fades so many times a second, from nothing to twice as much; 0: it is steady."""


def of_one(frequency_hz: float, *pattern_s: float) -> Cadence:
    """A tone of one frequency."""
    return Cadence((frequency_hz,), pattern_s, _ONE)


def of_two(low_hz: float, high_hz: float, *pattern_s: float, level_dbm0: float = _PAIR) -> Cadence:
    """A tone of two frequencies that sound together, each of this level."""
    return Cadence((low_hz, high_hz), pattern_s, level_dbm0)


def beating(carrier_hz: float, by_hz: float, *pattern_s: float) -> Cadence:
    """A carrier that swells and fades."""
    return Cadence((carrier_hz,), pattern_s, _MODULATED, modulated_hz=by_hz)
