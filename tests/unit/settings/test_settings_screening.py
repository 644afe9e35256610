"""Screening of callers in a configuration: what cannot stand together, and what refuses nobody."""

import pytest

from mediation.settings.read import SettingsError, inspect, read
from mediation.settings.screening import Anonymous, Screen, Screening

HEAD = """\
[internal]
listen = ["udp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
[gateway]
listen = ["udp:127.0.0.11"]
"""
TRUNK = """\
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""
OWN = '[trunk.identity]\nown_numbers = "^[+]4930"\n'


def told(*parts: str) -> list[str]:
    try:
        return [problem.message for problem in inspect("".join((HEAD, TRUNK, *parts)), "m").warnings]
    except SettingsError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]


def test_nothing_is_refused_unless_it_is_said() -> None:
    (trunk,) = read(HEAD + TRUNK, "m").trunks
    assert trunk.screening == Screening(
        foreign_out=Screen.REPLACE, anonymous_out=Anonymous.PASS, forbidden="", forbidden_in=Screen.REFUSE,
        malformed_in=Screen.PASS, anonymous_in=Anonymous.PASS,
    )  # fmt: skip


@pytest.mark.parametrize("foreign", ["refuse", "pass"])
def test_no_number_must_stand_in_where_none_does(foreign: str) -> None:
    assert told(OWN) == ["trunk.north.identity.own_numbers: there is no number to stand in From"]
    assert told(OWN, f'[trunk.screening]\nforeign_out = "{foreign}"\n') == []


def test_a_number_stands_in_for_who_calls_for_help_though_others_are_refused() -> None:
    number = OWN + 'number = "+4930"\n'
    assert told(number, '[trunk.screening]\nforeign_out = "refuse"\n') == []
    assert told(number, '[trunk.screening]\nforeign_out = "pass"\n') == [
        "trunk.north.identity.number: nobody looks at number"
    ]


def test_who_refuses_foreign_numbers_should_say_which_are_ours() -> None:
    assert told('[trunk.screening]\nforeign_out = "refuse"\n') == [
        "identity.own_numbers is empty, so that no number is foreign"
    ]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ('caller_number = "+493055"', []),
        ("hide_caller = true", []),
        ('caller_number = "+49 30"', ['route.0.caller_number: "+49 30" cannot be the user of a SIP URI']),
        (
            'caller_number = "+498955"',
            ['route.0.caller_number: "+498955" is none of the numbers that may be shown to trunk "north"'],
        ),
        (
            'caller_number = "+493055"\nhide_caller = true',
            ["route.0.hide_caller: a caller who is hidden has no number to show"],
        ),
        ("hide_caller = true\nemergency = true", ["route.0.hide_caller: who calls for help is not hidden"]),
    ],
)
def test_a_route_shows_what_its_trunks_take(route: str, expected: list[str]) -> None:
    own = OWN + 'number = "+4930"\n'
    assert told(own, f'[[route]]\ntrunks = ["north"]\n{route}\n') == expected


def test_who_passes_foreign_numbers_takes_whatever_a_route_shows() -> None:
    passes = OWN + '[trunk.screening]\nforeign_out = "pass"\n'
    assert told(passes, '[[route]]\ntrunks = ["north"]\ncaller_number = "+498955"\n') == []
