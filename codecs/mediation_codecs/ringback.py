"""What a caller hears while it rings, by country: the frequencies and cadences of ITU-T E.180 supplement 2.

Where a country's list has several, it is the one of its larger network.
"""

from typing import Final

from mediation_codecs.cadence import Cadence, beating, of_one, of_two

_PRECISE: Final = -19.0
"""Of each of two in the North American plan."""


_DOUBLE: Final = (0.4, 0.2, 0.4, 2.0)
"""The British way: two short ones, and a pause."""

RINGBACK: Final[dict[str, Cadence]] = {
    "ae": of_two(400, 450, *_DOUBLE),
    "ar": of_one(425, 1.0, 4.0),
    "at": of_one(420, 1.0, 5.0),
    "au": of_two(413, 438, *_DOUBLE),
    "be": of_one(425, 1.0, 3.0),
    "bg": of_one(425, 1.0, 4.0),
    "br": of_one(425, 1.0, 4.0),
    "ca": of_two(440, 480, 2.0, 4.0, level_dbm0=_PRECISE),
    "ch": of_one(425, 1.0, 4.0),
    "cl": of_one(400, 1.0, 3.0),
    "cn": of_one(450, 1.0, 4.0),
    "cz": of_one(425, 1.0, 4.0),
    "de": of_one(425, 1.0, 4.0),
    "dk": of_one(425, 1.0, 4.0),
    "ee": of_one(425, 1.0, 4.0),
    "es": of_one(425, 1.5, 3.0),
    "fi": of_one(425, 1.0, 4.0),
    "fr": of_one(440, 1.5, 3.5),
    "gb": of_two(400, 450, *_DOUBLE),
    "gr": of_one(425, 1.0, 4.0),
    "hk": of_two(440, 480, 0.4, 0.2, 0.4, 3.0),
    "hr": of_one(425, 1.0, 4.0),
    "hu": of_one(425, 1.25, 3.75),
    "ie": of_two(400, 450, *_DOUBLE),
    "il": of_one(400, 1.0, 3.0),
    "in": beating(400, 25, *_DOUBLE),
    "it": of_one(425, 1.0, 4.0),
    "jp": beating(400, 16, 1.0, 2.0),
    "kr": of_two(440, 480, 1.0, 2.0),
    "lt": of_one(425, 1.0, 4.0),
    "lu": of_one(425, 1.0, 4.0),
    "lv": of_one(425, 1.0, 4.0),
    "mx": of_one(425, 1.0, 4.0),
    "my": of_one(425, *_DOUBLE),
    "nl": of_one(425, 1.0, 4.0),
    "no": of_one(425, 1.0, 4.0),
    "nz": of_two(400, 450, *_DOUBLE),
    "ph": of_two(425, 480, 1.0, 4.0),
    "pl": of_one(425, 1.0, 4.0),
    "pt": of_one(425, 1.0, 5.0),
    "ro": of_one(425, 1.0, 4.0),
    "rs": of_one(425, 1.0, 4.0),
    "ru": of_one(425, 1.0, 4.0),
    "se": of_one(425, 1.0, 5.0),
    "sg": beating(425, 24, *_DOUBLE),
    "si": of_one(425, 1.0, 4.0),
    "sk": of_one(425, 1.0, 4.0),
    "tr": of_one(450, 2.0, 4.0),
    "tw": of_two(440, 480, 1.0, 2.0),
    "ua": of_one(425, 1.0, 4.0),
    "us": of_two(440, 480, 2.0, 4.0, level_dbm0=_PRECISE),
    "za": beating(400, 33, *_DOUBLE),
}
"""By the country's two letters (ISO 3166-1), small."""
