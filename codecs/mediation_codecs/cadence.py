"""What a call progress tone is made of, as plain numbers: settings know the countries without the arithmetic."""

from dataclasses import dataclass


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
