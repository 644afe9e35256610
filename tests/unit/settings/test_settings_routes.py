"""Routes as the file has them: usages that lead somewhere, hours and costs, and routes that nothing comes to."""

import pytest

from mediation.settings.read import inspect
from tests.unit.settings.test_settings_rules import GATEWAY, INTERNAL, SOUTH, TRUNK, only, told

ROUTE = '[[route]]\ntrunks = ["north"]\n'


def test_a_route_has_beginnings_hours_cost_and_usages() -> None:
    text = (
        f'{INTERNAL}{GATEWAY}{TRUNK}usages = ["transit"]\n{ROUTE}prefixes = ["+4930"]\ncost = 0.012\n'
        'usages = ["transit"]\nhours = ["mon-fri 08:00-18:00"]\ntime_zone = "Europe/Berlin"\nemergency = true\n'
    )
    (route,) = inspect(text, "m").settings.routes
    assert (route.prefixes, route.cost, route.usages) == (("+4930",), 0.012, ("transit",))
    assert (str(route.hours[0]), route.time_zone, route.emergency) == (
        "mon-fri 08:00-18:00",
        "Europe/Berlin",
        True,
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('hours = ["8-18"]', '"8-18" are no hours; write "mon-fri 08:00-18:00"'),
        ('time_zone = "Berlin"', '"Berlin" is no time zone; write it as "Europe/Berlin"'),
        ('prefixes = ["^49"]', '"^49" begins no number'),
        ("cost = -1.0", "-1.0 is below 0"),
    ],
)
def test_what_a_route_cannot_have_is_told(line: str, said: str) -> None:
    assert said in only(INTERNAL, GATEWAY, TRUNK, ROUTE, line + "\n")


@pytest.mark.parametrize(
    "holder", [TRUNK + 'usages = ["transi"]\n', TRUNK + '[[site]]\nname = "x"\nusages = ["transi"]\n']
)
def test_a_usage_that_no_route_has_is_a_slip(holder: str) -> None:
    (line,) = told(INTERNAL, GATEWAY, holder, ROUTE, 'usages = ["transit"]\n')
    assert 'no route has the usage "transi"; did you mean "transit"?' in line
    (line,) = told(INTERNAL, GATEWAY, holder, ROUTE)
    assert line.endswith("add usages to a [[route]]")


@pytest.mark.parametrize(
    "narrow", ['prefixes = ["+49"]', 'usages = ["a"]', 'hours = ["08:00-18:00"]', "then_next = true"]
)
def test_a_route_that_lets_numbers_go_on_hides_no_other(narrow: str) -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, SOUTH, ROUTE, narrow + "\n", ROUTE.replace("north", "south")) == []


def test_a_route_for_usages_is_not_hidden_by_one_that_those_may_not_use() -> None:
    transit = ROUTE.replace("north", "south") + 'usages = ["transit"]\n'
    assert told(INTERNAL, GATEWAY, TRUNK, 'usages = ["transit"]\n', SOUTH, ROUTE, transit) == []


def test_a_cheaper_route_and_one_with_beginnings_are_asked_before_the_one_above_them() -> None:
    south = ROUTE.replace("north", "south")
    assert (
        told(INTERNAL, GATEWAY, TRUNK, SOUTH, ROUTE, "cost = 2.0\n", south, "cost = 1.0\nprefixes = ['+4']\n")
        == []
    )
    (line,) = told(INTERNAL, GATEWAY, TRUNK, SOUTH, ROUTE, south, "cost = 1.0\n")
    assert "no number comes as far as this route" in line
