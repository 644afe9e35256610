"""The clock of a media worker: whole numbers, 8,000 a second, which are the timestamp units of all that it carries."""

from typing import Final

UNITS_PER_MS: Final = 8

NEVER: Final = 1 << 62
"""A moment that does not come."""
