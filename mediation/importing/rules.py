"""Translation rules as ours: each is tried as the settings will try it; what cannot be had is told with a remedy."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mediation.importing.exported import Exported, Value, Wrapped, as_text
from mediation.importing.parameters import RESPONSE_RULE
from mediation.importing.telling import Told
from mediation.settings.numbers import NumberParty
from mediation.settings.patterns import compile_pattern
from mediation.settings.replacement import check_replacement, parse_replacement
from mediation.settings.words import UnfitError, check_rule_match

_NAMED_GROUP: Final = re.compile(r"(?<!\\)\(\?P?<(?![=!])")
_PLAIN_GROUP: Final = re.compile(r"(?<!\\)\((?!\?)")
_POSIX_CLASS: Final = re.compile(r"(?<!\\)\[[^\]]*\[:")
_NUMBERED_GROUP: Final = re.compile(r"(?<!\\)\(\?P?<[0-9]+>")
_WORDS_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class NumberRuleDraft:
    """A rule about numbers, or why there is none."""

    party: NumberParty
    match: str
    replace: str
    description: str
    lost: str = ""
    """The reason; empty: it is good."""


@dataclass(frozen=True, slots=True)
class ResponseRuleDraft:
    """A rule about responses, or why there is none."""

    status: int
    cause: int
    becomes: int
    name: str
    lost: str = ""


def in_order(rules: Iterable[Value]) -> list[Exported]:
    """The rules by their priority, as far as they have one; else as they stand."""
    found = [rule for rule in rules if isinstance(rule, Exported)]
    ranks = [rule.text("Priority").strip() for rule in found]
    if not all(rank.isascii() and rank.isdigit() and len(rank) < 10 for rank in ranks):
        return found
    return [rule for _, rule in sorted(zip(map(int, ranks), found, strict=True), key=lambda pair: pair[0])]


def name_of(rule: Exported) -> str:
    """What a rule is called: its Name, or the end of its Identity."""
    return rule.text("Name").strip() or rule.text("Identity").rpartition("/")[2].strip()


def number_rules(
    rules: Iterable[Value], party: NumberParty, subject: str, place: str, told: Told
) -> Iterator[NumberRuleDraft]:
    """Return the rules of a list in their order; those that cannot be had, too, with the reason."""
    for rule in in_order(rules):
        name = name_of(rule)
        words = f"{name}: {rule.text('Description').strip()}".strip(": ")
        match, replace = rule.text("Pattern"), rule.text("Translation")
        about = f'{subject}: rule "{name or match}"'[: len(subject) + _WORDS_SHOWN]
        reason = remedy = ""
        try:
            check_number_rule(match, replace)
        except UnfitError as error:
            reason, remedy = error.message, error.remedy
            told.lost(
                place,
                about,
                f"'{match[:_WORDS_SHOWN]}': {reason}",
                f"{remedy}; later rules see its numbers now",
            )
        if any(isinstance(rule.get(key), Wrapped) for key in ("Pattern", "Translation")):
            told.note(
                place, about, "its text was broken over lines", "look whether a blank was lost at the break"
            )
        yield NumberRuleDraft(party, match, replace, words, reason)


def check_number_rule(match: str, replace: str) -> None:
    """Accept a pattern and a replacement that the settings take and that mean the same there. UnfitError otherwise."""
    check_rule_match(match)
    check_pattern(match)
    check_replacement(replace)
    groups = list(parse_replacement(replace).groups)
    pattern = compile_pattern(match)
    for group in groups:
        if not pattern.has(group.name):
            raise UnfitError(
                f"{group} names a group that the pattern has not", "put ( and ) around what is to be kept"
            )
    if any(group.name for group in groups if isinstance(group.name, int)) and _is_mixed(match):
        message = ".NET counts groups without a name first, RE2 counts all of them in their order"
        raise UnfitError(message, "name every group, or none")


def check_pattern(match: str) -> None:
    """Refuse what both .NET and RE2 take, and each in its own way. UnfitError."""
    if not match.isprintable():
        raise UnfitError("the pattern has characters in it that cannot be seen", "write it by hand")
    if _POSIX_CLASS.search(match) is not None:
        message = "[: begins a class by name in RE2, and is two characters of the class in .NET"
        raise UnfitError(message, "write [0-9] for [[:digit:]], or the colon first")
    if _NUMBERED_GROUP.search(match) is not None:
        raise UnfitError(
            "a group that is given a number has a name in RE2, and no number", "write ( and ) alone"
        )


def _is_mixed(match: str) -> bool:
    return _NAMED_GROUP.search(match) is not None and _PLAIN_GROUP.search(match) is not None


def response_rules(
    rules: Iterable[Value], subject: str, place: str, told: Told
) -> Iterator[ResponseRuleDraft]:
    """Return the rules of a list in their order; those that cannot be had, too, with the reason."""
    for rule in in_order(rules):
        name = name_of(rule)
        about = f'{subject}: rule "{name}"'[: len(subject) + _WORDS_SHOWN]
        status = cause = becomes = 0
        reason = remedy = ""
        try:
            status = _number(rule, "ReceivedResponseCode", 400, 699)
            cause = _number(rule, "ReceivedISUPCauseValue", 1, 127)
            becomes = _number(rule, "TranslatedResponseCode", 400, 699)
            if status == 0 and cause == -1:
                raise UnfitError("it would turn every failure into the same one", "say a code or a cause")
        except UnfitError as error:
            reason, remedy = error.message, error.remedy
            told.lost(place, about, reason, remedy)
        yield ResponseRuleDraft(status, cause, becomes, name, reason)


def _number(rule: Exported, name: str, low: int, high: int) -> int:
    parameter = RESPONSE_RULE.parameter(name)
    default = parameter.default if parameter is not None else ""
    text = as_text(rule.get(name)).strip() or default
    if text == default and text:
        return int(text)
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise UnfitError(f'{name} is "{text[:40]}"', f"give a number from {low} to {high}")
    if not low <= int(text) <= high:
        raise UnfitError(
            f"{name} is {int(text)}, and no number from {low} to {high}", "look at what the peer sends"
        )
    return int(text)
