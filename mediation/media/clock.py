"""The clock of a media worker: whole numbers, 8,000 a second, which are the timestamp units of all that it carries."""

from typing import Final

CLOCK_HZ: Final = 8000
"""The timestamp units of G.711 and telephone-event in a second."""

UNITS_PER_MS: Final = CLOCK_HZ // 1000

NEVER: Final = 1 << 62
"""A moment that does not come."""
