"""Numbers as they stand in URIs (RFC 3261 section 19.1.6, RFC 3966)."""

import re
from typing import Final

from mediation.sip.uri import OpaqueUri, SipUri

_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")
_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")
"""They mean nothing in a telephone number (RFC 3966 section 5.1.1)."""


def number_of(uri: SipUri | OpaqueUri) -> str:
    """The number or name that a URI calls, without its parameters; empty when it names nobody."""
    if isinstance(uri, SipUri):
        user = (uri.user_unescaped or "").partition(";")[0].partition(":")[0]
        # A user part that looks like a number may be written as tel: writes it
        return user.translate(_VISUAL_SEPARATORS) if is_number(user) else user
    if uri.scheme == "tel":
        return uri.rest.partition(";")[0].translate(_VISUAL_SEPARATORS)
    return ""


def is_e164(number: str) -> bool:
    """ITU-T E.164: a plus sign, a country code that does not begin with 0, fifteen digits at most."""
    return _E164.fullmatch(number) is not None


def is_number(user: str) -> bool:
    """Whether this is digits with visual separators, a leading plus allowed."""
    digits = user.removeprefix("+").translate(_VISUAL_SEPARATORS)
    return digits.isascii() and digits.isdigit()
