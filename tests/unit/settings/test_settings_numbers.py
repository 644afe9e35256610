"""Rules for numbers in the file: what is taken as it is, and what is refused with its remedy."""

import pytest

from mediation.settings.numbers import Example, parse_example
from mediation.settings.read import SettingsError, inspect

BASE = """\
[internal]
listen = ["udp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
[gateway]
listen = ["udp:127.0.0.11"]
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""
RULE = '[[trunk.number]]\nparty = "called"\ndirection = "to-peer"\n'


def told(*parts: str) -> list[str]:
    try:
        return [str(problem) for problem in inspect(BASE + "".join(parts), "m").warnings]
    except SettingsError as error:
        return [str(problem) for problem in error.problems]


def only(*parts: str) -> str:
    (problem,) = told(*parts)
    return problem


def test_the_rules_of_lync_are_taken_as_they_are() -> None:
    lync = "match = '^\\+(\\d*)$'\nreplace = '$1'\ndescription = \"Lync\"\n"
    text = BASE + RULE + lync + 'examples = ["+14255551010 -> 14255551010", "911 -> 911"]\n'
    (rule,) = inspect(text, "m").settings.trunks[0].numbers
    assert (rule.match, rule.replace, rule.description) == ("^\\+(\\d*)$", "$1", "Lync")
    assert rule.examples == (Example("+14255551010", "14255551010"), Example("911", "911"))


def test_there_are_none_unless_somebody_writes_them() -> None:
    (trunk,) = inspect(BASE, "m").settings.trunks
    assert (trunk.numbers, trunk.strip_plus) == ((), False)


@pytest.mark.parametrize(
    ("match", "remedy"),
    [
        (
            "^(?=0)0",
            "look-around is not available (RE2 syntax); write several rules, the first that matches wins",
        ),
        (
            "(?<!0)1",
            "look-around is not available (RE2 syntax); write several rules, the first that matches wins",
        ),
        (
            r"(\d)\1",
            "a pattern cannot refer to what it has found (RE2 syntax); write several rules, or the digits",
        ),
        ("(?>0+)", "RE2 never goes back, so that nothing need be atomic or possessive: write (?:…), + or *"),
        ("0++", "RE2 never goes back, so that nothing need be atomic or possessive: write (?:…), + or *"),
        (
            "(?(1)a|b)",
            "conditions are not available (RE2 syntax); write several rules, the first that matches wins",
        ),
        (r"1\Z", "write $ for the end and ^ for the beginning"),
        ("[0-9-[5]]", "write the characters that are left: [0-46-9] for [0-9-[5]]"),
        ("", "write '^.*$' if that is meant"),
        ("+49", r"a plus sign of the number is written \+: '^\+49'"),
    ],
)
def test_what_re2_cannot_do_is_told_with_what_to_do_instead(match: str, remedy: str) -> None:
    problem = only(RULE, f"match = '{match}'\nreplace = '1'\n")
    assert problem.startswith("m:12:9: trunk.north.number.0.match: ")
    assert problem.endswith(f"; {remedy}")


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        ("$2", ("$2 names a group that match has not (see trunk.north.number.0.match at 12:9); match has 1 group: "
         "put ( and ) around what is to be kept")),
        ("${x}", ("${x} names a group that match has not (see trunk.north.number.0.match at 12:9); match has 1 group: "
         "put ( and ) around what is to be kept")),
        ("$10", "$10 can be read as group 10 or as group 1 with digits behind it; write ${1}0 or ${10}"),
        ("$x", '"$x" names no group; write $1, or ${1} where a digit follows'),
        ("0 0", '" " cannot stand in a number; use digits, letters, + * # . _ - and groups such as $1'),
        ("1" * 129, "the replacement has 129 characters; shorten it to 128 or fewer"),
    ],
)  # fmt: skip
def test_a_replacement_that_cannot_be_made_is_told(becomes: str, said: str) -> None:
    problem = only(RULE, f"match = '^(1)'\nreplace = '{becomes}'\n")
    assert problem == f"m:13:11: trunk.north.number.0.replace: {said}"


def test_an_example_that_does_not_come_out_names_the_rule_that_decides() -> None:
    first = RULE + "match = '^\\+'\nreplace = '00'\n"
    second = RULE + "match = '^\\+49'\nreplace = '0'\nexamples = [\"+4930 -> 030\", \"1 -> 2\"]\n"
    assert told(first, second) == [
        (
            "m:19:13: trunk.north.number.1.examples.0: +4930 becomes 004930, and not 030"
            " (see trunk.north.number.0.match at 12:9); rule 0 decides: see its match"
        ),
        "m:19:29: trunk.north.number.1.examples.1: 1 becomes 1, and not 2; no rule matches it",
    ]


def test_an_example_is_of_its_own_kind_and_way_and_of_strip_plus() -> None:
    other = '[[trunk.number]]\nparty = "calling"\ndirection = "to-peer"\nmatch = "4"\nreplace = "5"\n'
    rule = RULE + "match = '^00'\nreplace = '+'\nexamples = [\"004930 -> 4930\", \"+49 -> 49\"]\n"
    assert told("strip_plus = true\n", other, rule) == []


@pytest.mark.parametrize("text", ["1", "1 ->", "-> 1", "1 2 -> 3", ""])
def test_an_example_is_a_pair(text: str) -> None:
    assert only(RULE, f"match = '1'\nreplace = '2'\nexamples = [\"{text}\"]\n").endswith(
        ': write "+14255551010 -> 14255551010": before and after'.removeprefix(": ")
    )


def test_an_example_prints_as_it_is_read() -> None:
    assert str(parse_example("+1->2")) == "+1 -> 2"
    assert parse_example(str(Example("+1", "2"))) == Example("+1", "2")


def test_a_weight_is_for_each_trunk() -> None:
    route = '[[route]]\ntrunks = ["north"]\n'
    assert told(route, "weights = [5]\n") == []
    assert only(route, "weights = [5, 6]\n") == (
        "m:11:11: route.0.weights: the weights are 2, and the trunks 1 (see route.0.trunks at 10:10); "
        "write one for each trunk, or []"
    )


def test_a_route_that_is_asked_earlier_by_its_priority_makes_others_useless() -> None:
    every, some = '[[route]]\ntrunks = ["north"]\n', '[[route]]\nmatch = "^44"\ntrunks = ["north"]\n'
    assert told(every, "priority = 5\n", some) == []
    assert "no number comes as far as this route" in only(some, "priority = 5\n", every)
