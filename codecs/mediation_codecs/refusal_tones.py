"""What a caller hears whose call is refused, by country: busy, congestion, number unobtainable (ITU-T E.180).

The frequencies and cadences are those of E.180 supplement 2, and of the national plans where it refers to them. A tone
is a chain of pieces, one after the other and then from the beginning. Where a plan has no tone of its own for a number
that nobody has, it is the special information tone of E.180 clause 7: three rising notes and a pause. Countries whose
tones could not be compared with a second source are not here.
"""

from enum import StrEnum
from typing import Final

from mediation_codecs.cadence import Cadence, of_one, of_two

Chain = tuple[Cadence, ...]
"""Pieces, one after the other."""


class RefusalTone(StrEnum):
    """What the tone says."""

    BUSY = "busy"
    """The called party speaks with somebody."""
    CONGESTION = "congestion"
    """There is no way through."""
    UNOBTAINABLE = "unobtainable"
    """Nobody has the number."""


_PRECISE: Final = -24.0
"""Of each of two in the North American plan."""


def _low(on_s: float, off_s: float) -> Chain:
    """The pair of the North American plan."""
    return (of_two(480, 620, on_s, off_s, level_dbm0=_PRECISE),)


def _even(frequency_hz: float, part_s: float) -> Chain:
    """As long on as off."""
    return (of_one(frequency_hz, part_s, part_s),)


def _information(*frequencies_hz: float, note_s: float = 0.33, pause_s: float = 1.0) -> Chain:
    *first, last = frequencies_hz
    return (*(of_one(each, note_s, 0.0) for each in first), of_one(last, note_s, pause_s))


_SPECIAL: Final = _information(950, 1400, 1800)

_BRITISH: Final = (
    _even(400, 0.375),
    (of_one(400, 0.4, 0.35, 0.225, 0.525),),
    (of_one(400, 1.0),),
)

_TONES: Final[dict[str, tuple[Chain, Chain, Chain]]] = {
    "at": (_even(420, 0.4), _even(420, 0.2), _information(950, 1450, 1850)),
    "au": (_even(425, 0.375), _even(425, 0.375), (of_one(425, 2.5, 0.5),)),
    "be": (_even(425, 0.5), _even(425, 0.167), _information(900, 1400, 1800)),
    "br": (_even(425, 0.25), (of_one(425, 0.25, 0.25, 0.75, 0.25),), _SPECIAL),
    "ca": (_low(0.5, 0.5), _low(0.25, 0.25), _SPECIAL),
    "ch": (_even(425, 0.5), _even(425, 0.2), _SPECIAL),
    "cl": (_even(400, 0.5), _even(400, 0.2), _SPECIAL),
    "cn": (_even(450, 0.35), _even(450, 0.7), (of_one(450, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4),)),
    "cz": (_even(425, 0.33), _even(425, 0.165), _SPECIAL),
    "de": (_even(425, 0.48), _even(425, 0.24), _SPECIAL),
    "dk": (_even(425, 0.5), _even(425, 0.2), _SPECIAL),
    "es": (_even(425, 0.2), (of_one(425, 0.2, 0.2, 0.2, 0.2, 0.2, 0.6),), _SPECIAL),
    "fi": (_even(425, 0.3), _even(425, 0.2), _SPECIAL),
    "fr": (_even(440, 0.5), _even(440, 0.25), _SPECIAL),
    "gb": _BRITISH,
    "gr": (_even(425, 0.3), _even(425, 0.2), _SPECIAL),
    "hu": (_even(425, 0.3), _even(425, 0.3), _SPECIAL),
    "ie": _BRITISH,
    "il": (_even(414, 0.5), _even(414, 0.25), _information(1000, 1400, 1800)),
    "in": (_even(400, 0.75), _even(400, 0.25), _SPECIAL),
    "it": (_even(425, 0.5), _even(425, 0.2), _SPECIAL),
    "jp": (_even(400, 0.5), _even(400, 0.5), _SPECIAL),
    "lt": (_even(425, 0.35), _even(425, 0.2), _SPECIAL),
    "mx": (_even(425, 0.25), _even(425, 0.25), _SPECIAL),
    "nl": (_even(425, 0.5), _even(425, 0.25), _SPECIAL),
    "no": (_even(425, 0.5), _even(425, 0.2), _SPECIAL),
    "nz": (_even(400, 0.5), _even(400, 0.25), (of_one(400, 0.075, 0.1, 0.075, 0.1, 0.075, 0.1, 0.075, 0.4),)),
    "ph": (_low(0.5, 0.5), _low(0.25, 0.25), _SPECIAL),
    "pl": (_even(425, 0.5), _even(425, 0.5), _SPECIAL),
    "pt": (_even(425, 0.5), _even(425, 0.2), _SPECIAL),
    "ru": (_even(425, 0.35), _even(425, 0.175), _SPECIAL),
    "se": (_even(425, 0.25), (of_one(425, 0.25, 0.75),), _information(950, 1400, 1800, pause_s=2.0)),
    "sg": (_even(425, 0.75), _even(425, 0.25), (of_one(425, 2.5, 0.5),)),
    "tw": (_low(0.5, 0.5), _low(0.25, 0.25), _SPECIAL),
    "us": (_low(0.5, 0.5), _low(0.25, 0.25), _SPECIAL),
    "za": (_even(400, 0.5), _even(400, 0.25), _SPECIAL),
}

COUNTRIES: Final = tuple(_TONES)
"""Whose tones are known, by two letters (ISO 3166-1), small."""


def refusal_tone(kind: RefusalTone, country: str) -> Chain:
    """The tone of a country. KeyError: it is not known."""
    return dict(zip(RefusalTone, _TONES[country], strict=True))[kind]
