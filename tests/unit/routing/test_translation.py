"""Translation of numbers: ordered rules, numbers in URIs, and what no rule can break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.routing.numbers import number_of
from mediation.routing.translation import NumberPlan, translated
from mediation.settings.identity import HeaderDirection
from mediation.settings.numbers import MOST_CHARACTERS, NumberParty, NumberRule
from mediation.settings.patterns import PatternError
from mediation.settings.translation import Translation
from mediation.settings.words import UnfitError
from mediation.sip.errors import RemoteSipError
from mediation.sip.uri import OpaqueUri, SipUri, Uri, parse_uri
from tests.flows.scenery import trunk


def rule(match: str, becomes: str, **more: str) -> NumberRule:
    return NumberRule(
        party=NumberParty(more.get("party", "called")),
        direction=HeaderDirection(more.get("direction", "to-peer")),
        match=match,
        replace=becomes,
    )


def made(number: str, *rules: tuple[str, str], strips_plus: bool = False) -> str:
    return Translation.of((rule(*each) for each in rules), strips_plus=strips_plus).of_number(number).after


@pytest.mark.parametrize(
    ("match", "becomes", "before", "after"),
    [
        (r"^\+(\d*)$", "$1", "+14255551010", "14255551010"),  # what Lync has where nothing is said
        (r"^\+(1\d{10})$", "$1", "+14255551010", "14255551010"),
        (r"^\+(\d{9}\d+)$", "011$1", "+442071838750", "011442071838750"),
        (r"^(\d{11})$", "+$1", "14255551010", "+14255551010"),
        (r"^\+(\d*)$", r"\1", "+1425", "1425"),
        (r"^0(\d+)$", "+49${1}0", "030", "+49300"),
        (r"^\+(?<country>49)(?P<rest>\d+)$", "00${country}${rest}", "+4930", "004930"),
        (r"^00", "+", "004930", "+4930"),
        (r"30", "$&1", "+493030", "+4930130"),
        (r"^(1)?(2)$", "$1$2", "2", "2"),
        (r"^\+33", "", "+3312", "12"),
    ],
)
def test_what_was_found_is_replaced_with_its_groups(
    match: str, becomes: str, before: str, after: str
) -> None:
    assert made(before, (match, becomes)) == after


def test_the_first_rule_that_matches_decides_and_all_that_were_asked_are_told() -> None:
    rules = [rule("^9", "1"), rule("^4", "2"), rule("^4", "3")]
    outcome = Translation.of(rules).of_number("45")
    assert outcome.after == "25"
    assert [(step.rule, step.made) for step in outcome.steps] == [(rules[0], None), (rules[1], "25")]


def test_a_plus_is_stripped_behind_the_rules_whether_one_matches_or_none() -> None:
    assert made("+49", strips_plus=True) == "49"
    assert made("0049", ("^00", "+"), strips_plus=True) == "49"
    assert Translation.of([], strips_plus=True).of_number("49").stripped is False


@pytest.mark.parametrize(("number", "becomes"), [("+49", ""), ("+49", "+"), ("1" * 100, "$0$0")])
def test_a_number_of_which_nothing_or_too_much_is_made_stays_as_it_is(number: str, becomes: str) -> None:
    outcome = Translation.of([rule("^.*$", becomes)]).of_number(number)
    assert (outcome.after, outcome.refused) == (number, True)


def test_what_is_longer_than_any_number_is_asked_of_no_rule() -> None:
    number = "1" * (MOST_CHARACTERS + 1)
    outcome = Translation.of([rule("1", "2")]).of_number(number)
    assert (outcome.after, outcome.steps) == (number, ())


@pytest.mark.parametrize(
    ("uri", "after"),
    [
        ("sip:+4930-12@x;user=phone", "sip:03012@x;user=phone"),
        ("sip:+4930;ext=5@x", "sip:030;ext=5@x"),
        ("sip:+4930:secret@x", "sip:030:secret@x"),
        ("sip:%2B4930@x", "sip:030@x"),
        ("sip:+33-1@x", "sip:+33-1@x"),
        ("sip:x", "sip:x"),
        ("tel:+4930;ext=5", "sip:030;ext=5@localhost;user=phone"),
        ("tel:911;phone-context=+49", "tel:+49911"),
        ("urn:service:sos", "urn:service:sos"),
    ],
)
def test_only_the_number_of_a_uri_changes__rfc3966_3(uri: str, after: str) -> None:
    translation = Translation.of([rule(r"^\+49", "0"), rule("^911$", "+49911")])
    assert str(translated(parse_uri(uri), translation)) == after


def test_a_trunk_has_four_translations_and_strips_the_plus_of_what_leaves() -> None:
    rules = [
        rule("^1$", f"{party[-1]}{way[0]}", party=party, direction=way)
        for party in ("called", "calling")
        for way in ("from-peer", "to-peer")
    ]
    plan = NumberPlan.of(trunk(numbers=tuple(rules), strip_plus=True))
    ways = plan.called_in, plan.calling_in, plan.called_out, plan.calling_out
    assert [way.of_number("1").after for way in ways] == ["df", "gf", "dt", "gt"]
    assert [way.of_number("+2").after for way in ways] == ["+2", "+2", "2", "2"]


PATTERNS = st.sampled_from(
    ["^", "$", ".*", "^.*$", "(.)(.)?", r"\+", r"^\+(\d*)$", "(a*)*", "[^0-9]", "^(.{1,64})$", r"(\d+)(.*)"]
)
REPLACEMENTS = st.text("$\\{}0123456789+*#abc&._-", max_size=12)
RULES = st.lists(st.tuples(PATTERNS, REPLACEMENTS), max_size=4)


def translation_of(rules: list[tuple[str, str]], *, strips_plus: bool) -> Translation | None:
    """None: the settings would refuse one of these."""
    try:
        translation = Translation.of((rule(*each) for each in rules), strips_plus=strips_plus)
    except (PatternError, UnfitError):
        return None
    known = all(pattern.has(group.name) for _, pattern, parts in translation.rules for group in parts.groups)
    return translation if known else None


def uris(text: str) -> list[Uri]:
    found: list[Uri] = []
    for whole in (f"sip:{text}@x;user=phone", f"tel:{text}"):
        try:
            found.append(parse_uri(whole))
        except RemoteSipError:
            continue
    return found


@given(RULES, st.booleans(), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40) | st.from_regex(
    r"\A\+?[0-9.()-]{1,20}(;ext=[0-9]+)?\Z"))  # fmt: skip
def test_whatever_a_rule_makes_is_a_uri_that_can_be_sent_and_read(
    rules: list[tuple[str, str]], strips_plus: bool, text: str
) -> None:
    translation = translation_of(rules, strips_plus=strips_plus)
    if translation is None:
        return
    for uri in uris(text):
        after = translated(uri, translation)
        assert parse_uri(str(after)) == after
        number = number_of(after)
        assert isinstance(after, SipUri | OpaqueUri)
        assert bool(number) == bool(number_of(uri))
        if isinstance(after, OpaqueUri) and after != uri:
            assert number.startswith("+")


@given(RULES, st.booleans(), st.binary(max_size=200))
def test_no_number_makes_a_translation_raise(
    rules: list[tuple[str, str]], strips_plus: bool, octets: bytes
) -> None:
    translation = translation_of(rules, strips_plus=strips_plus)
    if translation is not None:
        number = octets.decode("utf-8", "surrogateescape")
        outcome = translation.of_number(number)
        assert outcome.after or not number
