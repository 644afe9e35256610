"""Small texts of a plan with a spelling of their own; a check returns or says what is wrong."""

import re
from typing import Final

from mediation.settings.words import UnfitError

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{1,14}")
_SEPARATORS: Final = re.compile(r"[ ()./-]")


def check_country(text: str) -> None:
    """Two capital letters, as ISO 3166-1 spells countries."""
    if _COUNTRY.fullmatch(text) is None:
        upper = text.upper()
        right = f'write "{upper}"' if _COUNTRY.fullmatch(upper) else 'write its two letters: "AT"'
        raise UnfitError(f'"{text}" is no country', right)


def check_currency(text: str) -> None:
    """Three capital letters, as ISO 4217 spells currencies."""
    if _CURRENCY.fullmatch(text) is None:
        raise UnfitError(f'"{text}" is no currency', 'write its three letters: "EUR"')


def check_number(text: str) -> None:
    """A number of the world (ITU-T E.164): a plus sign and at most 15 digits."""
    if _NUMBER.fullmatch(text) is None:
        bare = _SEPARATORS.sub("", text)
        right = f'write "{bare}"' if _NUMBER.fullmatch(bare) else 'write it whole: "+43155510000"'
        raise UnfitError(f'"{text}" is no number of the world (E.164)', right)
