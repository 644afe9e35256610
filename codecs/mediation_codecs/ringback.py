"""What a caller hears while it rings, by country: the frequencies and cadences of ITU-T E.180 supplement 2.

Where a country's list has several, it is the one of its larger network. Levels are the nominal one of E.180 clause
3.1, -10 dBm0 for the whole tone, but where a national plan says another.
"""

from typing import Final

from mediation_codecs.cadence import Cadence

_PAIR: Final = -13.0
"""Of each of two, so that both together have the nominal level."""
_MODULATED: Final = -11.8
"""Of a carrier that is modulated by all of itself: with both sidebands it has the nominal level."""
_PRECISE: Final = -19.0
"""Of each of two in the North American plan."""


def _one(frequency_hz: float, *pattern_s: float) -> Cadence:
    return Cadence((frequency_hz,), pattern_s, -10.0)


def _two(low_hz: float, high_hz: float, *pattern_s: float, level_dbm0: float = _PAIR) -> Cadence:
    return Cadence((low_hz, high_hz), pattern_s, level_dbm0)


def _beating(carrier_hz: float, by_hz: float, *pattern_s: float) -> Cadence:
    return Cadence((carrier_hz,), pattern_s, _MODULATED, modulated_hz=by_hz)


_DOUBLE: Final = (0.4, 0.2, 0.4, 2.0)
"""The British way: two short ones, and a pause."""

RINGBACK: Final[dict[str, Cadence]] = {
    "ae": _two(400, 450, *_DOUBLE),
    "ar": _one(425, 1.0, 4.0),
    "at": _one(420, 1.0, 5.0),
    "au": _two(413, 438, *_DOUBLE),
    "be": _one(425, 1.0, 3.0),
    "bg": _one(425, 1.0, 4.0),
    "br": _one(425, 1.0, 4.0),
    "ca": _two(440, 480, 2.0, 4.0, level_dbm0=_PRECISE),
    "ch": _one(425, 1.0, 4.0),
    "cl": _one(400, 1.0, 3.0),
    "cn": _one(450, 1.0, 4.0),
    "cz": _one(425, 1.0, 4.0),
    "de": _one(425, 1.0, 4.0),
    "dk": _one(425, 1.0, 4.0),
    "ee": _one(425, 1.0, 4.0),
    "es": _one(425, 1.5, 3.0),
    "fi": _one(425, 1.0, 4.0),
    "fr": _one(440, 1.5, 3.5),
    "gb": _two(400, 450, *_DOUBLE),
    "gr": _one(425, 1.0, 4.0),
    "hk": _two(440, 480, 0.4, 0.2, 0.4, 3.0),
    "hr": _one(425, 1.0, 4.0),
    "hu": _one(425, 1.25, 3.75),
    "ie": _two(400, 450, *_DOUBLE),
    "il": _one(400, 1.0, 3.0),
    "in": _beating(400, 25, *_DOUBLE),
    "it": _one(425, 1.0, 4.0),
    "jp": _beating(400, 16, 1.0, 2.0),
    "kr": _two(440, 480, 1.0, 2.0),
    "lt": _one(425, 1.0, 4.0),
    "lu": _one(425, 1.0, 4.0),
    "lv": _one(425, 1.0, 4.0),
    "mx": _one(425, 1.0, 4.0),
    "my": _one(425, *_DOUBLE),
    "nl": _one(425, 1.0, 4.0),
    "no": _one(425, 1.0, 4.0),
    "nz": _two(400, 450, *_DOUBLE),
    "ph": _two(425, 480, 1.0, 4.0),
    "pl": _one(425, 1.0, 4.0),
    "pt": _one(425, 1.0, 5.0),
    "ro": _one(425, 1.0, 4.0),
    "rs": _one(425, 1.0, 4.0),
    "ru": _one(425, 1.0, 4.0),
    "se": _one(425, 1.0, 5.0),
    "sg": _beating(425, 24, *_DOUBLE),
    "si": _one(425, 1.0, 4.0),
    "sk": _one(425, 1.0, 4.0),
    "tr": _one(450, 2.0, 4.0),
    "tw": _two(440, 480, 1.0, 2.0),
    "ua": _one(425, 1.0, 4.0),
    "us": _two(440, 480, 2.0, 4.0, level_dbm0=_PRECISE),
    "za": _beating(400, 33, *_DOUBLE),
}
"""By the country's two letters (ISO 3166-1), small."""
