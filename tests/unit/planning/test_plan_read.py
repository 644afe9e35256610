"""A plan is read whole, or everything that is wrong with it is told at once."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mediation.planning.read import inspect_plan_file
from mediation.planning.schema import printed_schema
from mediation.settings.problems import SettingsError
from tests.unit.planning.plans import EXAMPLE, link, problems, site, trunk

TWICE = "these numbers stand there twice"
TUNNEL = 'the Internet carries calls through a VPN only; add vpn = "esp", or "wireguard", "openvpn"'
GOOD = site("vienna") + trunk("alpha", "vienna")


def test_the_example_is_good_and_nothing_about_it_is_odd() -> None:
    reading = inspect_plan_file(EXAMPLE)
    assert reading.warnings == ()
    assert [each.name for each in reading.plan.sites if each.central] == ["vienna", "munich"]


def test_every_fault_is_told_at_once_with_its_place_and_a_remedy(tmp_path: Path) -> None:
    text = """\
[plan]
blocking_percent = 0
currency = "Euro"

[[site]]
name = "Vienna"
country = "Austria"
usres = 100
erlang_per_user = "0.1"

[[site]]
name = "graz"
country = "AT"
users = 10
erlang_per_user = 0.1
dids = ["+43155510000-+43155519999", "+43155519000"]

[[link]]
sites = ["graz"]
connection = "MPLS"

[[trunk]]
name = "alpha"
country = "AT"
connection = "internet"
price = inf
"""
    assert problems(tmp_path, text) == [
        "2:20: plan.blocking_percent: 0 is below 0.001; give a number from 0.001 to 50.0",
        '3:12: plan.currency: "Euro" is no currency; write its three letters: "EUR"',
        '6:8: site.Vienna.name: "Vienna" cannot be a name; use small letters, digits and single hyphens: "vienna"',
        '7:11: site.Vienna.country: "Austria" is no country; write its two letters: "AT"',
        '8:1: site.Vienna.usres: there is no setting "usres" in [[site]]; did you mean "users"?',
        '9:19: site.Vienna.erlang_per_user: must be a number, and this is the text "0.1"; write 0.1 without quotes',
        f"16:38: site.graz.dids.1: {TWICE} (see site.graz.dids.0 at 16:9); give each to one site",
        '19:9: link.0.sites: must have exactly 2 items; for example ["graz", "vienna"]',
        '20:14: link.0.connection: "MPLS" is not known here; write "mpls"',
        f"25:14: trunk.alpha.connection: {TUNNEL}",
        "26:9: trunk.alpha.price: inf is no amount of anything; give a number from 0.0 to 1000000000.0",
    ]


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ((GOOD, site("vienna")), 'site.vienna.name: another site is called "vienna" already'),
        ((GOOD, trunk("alpha", "vienna")), 'trunk.alpha.name: another trunk is called "alpha" already'),
        ((GOOD, trunk("beta", "wien")), 'trunk.beta.sites.0: there is no site "wien"; '),
        (
            (GOOD, trunk("beta", "viena")),
            'trunk.beta.sites.0: there is no site "viena"; did you mean "vienna"?',
        ),
        ((GOOD, trunk("beta", "vienna vienna")), "trunk.beta.sites.1: vienna stands in this list twice"),
        ((GOOD, link("vienna", "vienna")), "link.0.sites: a link joins two sites"),
        (
            (GOOD, site("graz"), link("vienna", "graz"), link("graz", "vienna")),
            "link.1.sites: another link joins",
        ),
        (
            (GOOD, site("graz"), link("vienna", "graz", 'connection = "internet"')),
            "link.0.connection: the Internet carries calls through a VPN only",
        ),
        (
            (site("vienna", users=0), trunk("alpha", "*")),
            "site.vienna.erlang_per_user: traffic of users, and there",
        ),
        (
            ('[[site]]\nname = "vienna"\ncountry = "AT"', trunk("alpha", "*")),
            "site.vienna: nothing tells its traffic; add erlang_per_user and users, or records to [plan]",
        ),
        (
            (GOOD, '[[site.busiest]]\nnumber = "+43155510000"\npercent = 3\n'),
            "site.vienna.busiest.0.number: +43155510000 is none of its numbers; add it to dids",
        ),
        ((GOOD, '[[locality]]\ncountry = "IN"'), "warning: locality.0.country: no site is in IN"),
        (
            (GOOD, '[[locality]]\ncountry = "AT"\n[[locality]]\ncountry = "AT"'),
            "locality.1.country: AT stands there",
        ),
        ((GOOD, trunk("beta", "*", country="CH")), "warning: trunk.beta.country: no site is in CH"),
        (
            ('[plan]\nrecords = ["none.jsonl"]', GOOD),
            "plan.records.0: it cannot be read: no such file or directory",
        ),
        (("[[plan]]", GOOD), "plan"),
        (
            (site("vienna", users=10_000_000), trunk("alpha", "*")),
            "site.vienna.users: all sites so far have 1,000,000 Erlang, and nobody has more than 200,000",
        ),
        ((site("vienna"),), "[[trunk]] is missing"),
        ((GOOD, "x = ="), "a value is missing"),
    ],
)
def test_what_one_value_alone_cannot_know(tmp_path: Path, parts: tuple[str, ...], fault: str) -> None:
    told = problems(tmp_path, *parts)
    assert any(fault in each for each in told), told


def test_shares_of_busy_numbers_are_of_its_own_numbers_and_below_100(tmp_path: Path) -> None:
    busy = '[[site.busiest]]\nnumber = "{}"\npercent = {}\n'
    own = site("vienna", more='dids = ["+43155510000-+43155519999"]')
    told = problems(
        tmp_path,
        own,
        busy.format("+43155510000", "70"),
        busy.format("+43255510000", "31.5"),
        trunk("alpha", "vienna"),
    )
    assert [each.partition("site.vienna.")[2] for each in told] == [
        "busiest.1.number: +43255510000 is none of its numbers; add it to dids",
        "busiest.1.percent: these shares are no part of 100 %; give each its percent of all calls",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        inspect_plan_file(tmp_path / "none.toml")
    assert "there is no such file; give the path of the plan with mediation plan FILE" in str(caught.value)


def test_whole_numbers_are_good_where_fractions_are(tmp_path: Path) -> None:
    assert problems(tmp_path, "[plan]\nblocking_percent = 2\n", GOOD) == []


def test_the_schema_is_printed_from_the_model_and_takes_the_example(tmp_path: Path) -> None:
    path = EXAMPLE.with_name("plan.schema.json")
    assert path.read_text(encoding="utf-8") == printed_schema()
    shown = tmp_path / "plan.json"
    shown.write_text(json.dumps(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))), encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(path), str(shown)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
