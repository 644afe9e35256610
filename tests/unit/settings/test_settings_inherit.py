"""What trunks take over: default, site, trunk, field by field."""

import pytest

from mediation.settings.model import Settings
from mediation.settings.peer_terms import Reliability
from mediation.settings.read import SettingsError, inspect
from mediation.sip.session_timer import TimerMode
from mediation_codecs.codec import Codec
from tests.unit.settings.test_settings_rules import GATEWAY, INTERNAL, SOUTH, TRUNK, only, told

DEFAULTS = """\
[trunk_defaults]
max_calls = 10
codecs = ["PCMA"]
[trunk_defaults.session_timer]
mode = "offer"
expires_s = 3600
[trunk_defaults.early_media]
reliable = "off"
"""
BERLIN = """\
[[site]]
name = "berlin"
[site.trunk_defaults]
max_calls = 20
[site.trunk_defaults.session_timer]
expires_s = 900
"""
AT_BERLIN = TRUNK + 'site = "berlin"\n'


def read(*parts: str) -> Settings:
    return inspect("".join((INTERNAL, GATEWAY, *parts)), "m").settings


def test_a_trunk_takes_over_from_its_site_and_then_from_what_is_said_for_all_field_by_field() -> None:
    settings = read(AT_BERLIN, "[trunk.session_timer]\nmin_se_s = 120\n", SOUTH, BERLIN, DEFAULTS)
    north, south = settings.trunks
    assert (north.max_calls, south.max_calls) == (20, 10)
    assert north.codecs == south.codecs == (Codec.PCMA,)
    assert (north.session_timer.mode, north.session_timer.expires_s) == (TimerMode.OFFER, 900)
    assert (north.session_timer.min_se_s, south.session_timer.expires_s) == (120, 3600)
    assert north.early_media.reliable is south.early_media.reliable is Reliability.OFF


def test_what_a_trunk_says_itself_stands_even_where_it_is_the_usual_value() -> None:
    (north,) = read(AT_BERLIN, "max_calls = 0\n", BERLIN, DEFAULTS).trunks
    assert north.max_calls == 0


def test_a_list_is_taken_over_as_a_whole() -> None:
    rules = '[[trunk_defaults.header]]\nname = "X-One"\ndirection = "to-peer"\naction = "drop"\n'
    own = rules.replace("trunk_defaults", "trunk").replace("X-One", "X-Two")
    north, south = read(TRUNK, own, SOUTH, rules).trunks
    assert [rule.name for rule in north.headers] == ["X-Two"]
    assert [rule.name for rule in south.headers] == ["X-One"]


@pytest.mark.parametrize(
    "key", ['name = "x"', 'targets = ["sip:127.0.0.9"]', "trusted = []", 'site = "berlin"']
)
def test_who_a_trunk_is_cannot_be_taken_over(key: str) -> None:
    assert f'there is no setting "{key.split()[0]}" in [trunk_defaults]' in only(
        INTERNAL, GATEWAY, TRUNK, f"[trunk_defaults]\n{key}\n"
    )


def test_a_fault_is_told_once_and_where_it_stands() -> None:
    wrong = '[trunk_defaults]\nptime_ms = 25\nusername = "u"\n'
    lines = told(INTERNAL, GATEWAY, TRUNK, SOUTH, wrong)
    assert [line.split(": ")[:2] for line in lines] == [
        ["m:13:12", "trunk_defaults.ptime_ms"],
        ["m:14:12", "trunk_defaults.username"],
    ]


def test_a_rule_does_not_speak_of_what_was_wrong_where_it_would_have_come_from() -> None:
    wrong = '[trunk_defaults]\nusername = "u"\npassword = "hunter2"\n'
    assert "password" in only(INTERNAL, GATEWAY, TRUNK, SOUTH, wrong).split(": ")[1]


def test_a_quarrel_of_two_settings_names_the_place_of_each() -> None:
    (line,) = told(
        INTERNAL, GATEWAY, TRUNK, "[trunk.identity]\nkeep_pai_on_anonymous_forward = true\n",
        '[trunk_defaults.identity]\nsend = "off"\nreveal = true\n',
    )  # fmt: skip
    assert line.startswith("m:10:33: trunk.north.identity.keep_pai_on_anonymous_forward: nothing is asserted")
    assert "(see trunk_defaults.identity.send at 12:8)" in line


def test_the_origin_of_each_value_is_known() -> None:
    reading = inspect(INTERNAL + GATEWAY + AT_BERLIN + BERLIN + DEFAULTS, "m")
    origins = reading.given.origins
    assert origins["trunk", 0, "max_calls"] == ("site", 0, "trunk_defaults", "max_calls")
    assert origins["trunk", 0, "session_timer", "mode"] == ("trunk_defaults", "session_timer", "mode")
    assert ("trunk", 0, "name") not in origins


# Sites


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ('[[site]]\nname = "berlin"\n[[site]]\nname = "berlin"\n', 'another site is called "berlin" already'),
        ('[[site]]\nname = "berlin"\ncountry = "de"\n', '"de" is no country; write two capital letters'),
        ('[[site]]\nname = "berlin"\nnumbers = ["030x"]\n', '"030x" begins no number'),
        (
            '[[site]]\nname = "a"\nnumbers = ["+4930"]\n[[site]]\nname = "b"\nnumbers = ["+4930"]\n',
            "+4930 is given twice",
        ),
    ],
)
def test_a_site_is_known_by_its_name_its_country_and_its_numbers(given: str, fault: str) -> None:
    assert fault in only(INTERNAL, GATEWAY, TRUNK, given)


def test_a_trunk_stands_at_a_site_that_there_is() -> None:
    wrong = AT_BERLIN.replace("berlin", "belin")
    assert 'there is no site "belin"; did you mean "berlin"?' in only(INTERNAL, GATEWAY, wrong, BERLIN)
    assert 'there is no site "belin"; add a [[site]]' in only(INTERNAL, GATEWAY, wrong)


BOUND = '[[site]]\nname = "berlin"\ncountry = "DE"\nnumbers = ["+49"]\nbound = true\n'


def test_a_bound_site_needs_a_country_calls_and_a_trunk() -> None:
    for gone, fault in (
        ('country = "DE"\n', "the site is bound to a country that is not named"),
        ('numbers = ["+49"]\n', "no call belongs to this site"),
    ):
        assert fault in only(INTERNAL, GATEWAY, AT_BERLIN, BOUND.replace(gone, ""))
    assert "no trunk stands at a site in DE" in only(INTERNAL, GATEWAY, TRUNK, BOUND)
    assert told(INTERNAL, GATEWAY, AT_BERLIN, BOUND) == []


def test_a_route_without_a_trunk_in_the_country_of_a_bound_site_is_told_before_a_call_is_refused() -> None:
    paris = '[[site]]\nname = "paris"\ncountry = "FR"\n'
    routes = '[[route]]\nmatch = "^\\\\+33"\ntrunks = ["south"]\n[[route]]\ntrunks = ["south", "north"]\n'
    line = only(INTERNAL, GATEWAY, AT_BERLIN, SOUTH + 'site = "paris"\n', BOUND, paris, routes)
    assert (
        "route.0.trunks: none of these trunks is in DE: calls of a site that is bound to it are refused"
        in line
    )
    assert "(see site.berlin.bound at" in line
    assert line.endswith("; add one of north")


@pytest.mark.parametrize(
    "text", ["trunk_defaults = 3\n", "site = 3\n", "[trunk_defaults]\nmax_calls = 'x'\n"]
)
def test_what_is_no_table_and_no_number_is_told_like_anywhere_else(text: str) -> None:
    with pytest.raises(SettingsError):
        inspect(text + INTERNAL + GATEWAY + TRUNK, "m")
