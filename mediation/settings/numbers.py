"""How one trunk writes numbers: the settings of its translation rules."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.identity import HeaderDirection
from mediation.settings.replacement import check_replacement
from mediation.settings.story import setting, story
from mediation.settings.words import UnfitError, check_rule_match

MOST_CHARACTERS = 128
"""Of a number. What is longer is none, and no rule is asked about it; nor does a rule make one."""

_ARROW = "->"


class NumberParty(StrEnum):
    """Whose number it is."""

    CALLED = "called"
    CALLING = "calling"


@dataclass(frozen=True, slots=True)
class Example:
    """A number, and what it must become."""

    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} {_ARROW} {self.after}"


def parse_example(text: str) -> Example:
    """Read `+4930123 -> 030123`. UnfitError otherwise."""
    before, arrow, after = (part.strip() for part in text.partition(_ARROW))
    if not arrow or not before or not after or " " in before or " " in after:
        raise UnfitError(
            f'"{text}" is no pair of numbers', f'write "+14255551010 {_ARROW} 14255551010": before and after'
        )
    return Example(before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule:
    """One rule: where its pattern is found, what was found is replaced, and no later rule is asked."""

    party: NumberParty = field(
        metadata=story(
            "called: the number that is called. calling: whoever calls, answers or has sent the call on (From, "
            "P-Asserted-Identity, Remote-Party-ID, Diversion, History-Info, Referred-By).",
            example='"called"',
        )
    )
    direction: HeaderDirection = field(
        metadata=story(
            "from-peer: of numbers as it writes them, before routes and front ends see them; to-peer: of ours, as they "
            "leave.",
            example='"to-peer"',
        )
    )
    match: str = field(
        metadata=story(
            "RE2 pattern, searched for in the number: anchor it with ^ and $. Parameters are no part of the number.",
            check=check_rule_match,
            example="'^\\+(\\d*)$'",
        )
    )
    replace: str = field(
        metadata=story(
            "What stands in the place of what was found, with groups as $1 or \\1, ${1} before a digit. A rule that "
            "makes nothing of a number leaves it as it is.",
            check=check_replacement,
            example="'$1'",
        )
    )
    description: str = setting("", doc="For people.", example='"without the plus sign"')
    examples: tuple[Example, ...] = setting(
        (),
        doc="Numbers before and after, by all rules of this trunk together; mediation check-config tries them.",
        example='["+14255551010 -> 14255551010"]',
    )


NUMBER_DOC = (
    "How this ITSP writes numbers, where that differs from ours: rules are asked in the order of the file, and the "
    "first that matches decides. What is anonymous stays so."
)
STRIP_PLUS_DOC = "Numbers leave without their leading +, after the rules of [[trunk.number]]."
