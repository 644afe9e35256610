"""Callers whose number must not be shown: what becomes of their calls, to a trunk and from it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.settings.story import setting, story
from mediation.settings.words import check_match


class Screen(StrEnum):
    """What becomes of a call whose caller has a number that must not be shown."""

    PASS = "pass"  # noqa: S105 -- no password
    REPLACE = "replace"
    REFUSE = "refuse"


class Anonymous(StrEnum):
    """What becomes of a call whose caller is not known, or wants not to be."""

    PASS = "pass"  # noqa: S105 -- no password
    REFUSE = "refuse"


SCREENING_DOC: Final = (
    "Callers that are not to be shown. No call for help is ever refused by it, nor is a call back of those who help "
    "(RFC 7090)."
)
_FOREIGN_DOC: Final = (
    "A call to it from a number that identity.own_numbers has not: identity.number stands in (replace), another trunk "
    "is tried and after the last one the answer is 403 (refuse), or the number is shown all the same (pass)."
)
_FORBIDDEN_DOC: Final = (
    "RE2 pattern of numbers that nobody who calls from it can have, such as our own: anchor it with ^ and $. "
    "Empty: there are none."
)
_FORBIDDEN_IN_DOC: Final = (
    "A call from it that bears one: 403 (refuse), the caller is nobody (replace), or pass."
)
_MALFORMED_DOC: Final = (
    "A call from it whose number is not E.164, with its plus sign, once the rules of [[trunk.number]] are through: "
    "the same."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The rules of one trunk."""

    foreign_out: Screen = field(default=Screen.REPLACE, metadata=story(_FOREIGN_DOC))
    anonymous_out: Anonymous = field(
        default=Anonymous.PASS,
        metadata=story(
            "A call to it whose caller wants to be hidden: refuse tries another trunk, and after the last one answers "
            "433 (RFC 5079)."
        ),
    )
    forbidden: str = setting("", doc=_FORBIDDEN_DOC, check=check_match, example="'^\\+49301234567[0-9]$'")
    forbidden_in: Screen = field(default=Screen.REFUSE, metadata=story(_FORBIDDEN_IN_DOC))
    malformed_in: Screen = field(default=Screen.PASS, metadata=story(_MALFORMED_DOC))
    anonymous_in: Anonymous = field(
        default=Anonymous.PASS,
        metadata=story(
            "A call from it whose caller is hidden, or has no number: refuse answers 433 (RFC 5079)."
        ),
    )


USUAL_SCREENING: Final = Screening()
