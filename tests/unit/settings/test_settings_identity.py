"""Identity and header rules in a configuration: whole, with defaults that tell no more than is asked, and checked."""

import pytest

from mediation.settings.header_names import OWNED, why_owned
from mediation.settings.identity import (
    FromPolicy,
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    History,
    InternalIdentity,
    SendIdentity,
    TrunkIdentity,
)
from mediation.settings.read import SettingsError, inspect, read
from mediation.sip.headers import COMPACT_FORMS

INTERNAL = """\
[internal]
listen = ["udp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
"""
GATEWAY = """\
[gateway]
listen = ["udp:127.0.0.11"]
"""
TRUNK = """\
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""
IDENTITY = """\
[trunk.identity]
trust = false
reveal = true
send = "both"
from = "number"
number = "+493012345670"
history = "diversion"
reason_in_responses = false
keep_pai_on_anonymous_forward = true
accept_peer_pai_on_forward = true
"""
HEADER = """\
[[trunk.header]]
name = "X-Customer"
direction = "to-peer"
action = "set"
value = "4711"
"""


def told(*parts: str) -> list[str]:
    try:
        return [str(problem) for problem in inspect("".join(parts), "m").warnings]
    except SettingsError as error:
        return [str(problem) for problem in error.problems]


def only(*parts: str) -> str:
    (problem,) = told(INTERNAL, GATEWAY, TRUNK, *parts)
    return problem


def test_an_itsp_is_believed_and_told_no_more_than_from_unless_it_is_said() -> None:
    settings = read(INTERNAL + GATEWAY + TRUNK, "m")
    assert settings.trunk("north").identity == TrunkIdentity(
        trust=True, reveal=False, send=SendIdentity.OFF, from_=FromPolicy.AS_IS, number="", history=History.OFF,
        reason_in_responses=True, keep_pai_on_anonymous_forward=False, accept_peer_pai_on_forward=False,
    )  # fmt: skip
    assert settings.internal.identity == InternalIdentity(
        trust=True, reveal=True, send=SendIdentity.PAI, history=History.BOTH
    )
    assert settings.trunk("north").headers == settings.internal.headers == ()


def test_everything_can_be_said_of_a_trunk_and_of_the_front_ends() -> None:
    second = HEADER.replace("X-Customer", "Alert-Info").replace("set", "drop").replace('value = "4711"\n', "")
    within = '[internal.identity]\nsend = "off"\n' + HEADER.replace("trunk", "internal").replace(
        "to-peer", "from-peer"
    )
    settings = read(INTERNAL + within + GATEWAY + TRUNK + IDENTITY + HEADER + second, "m")
    assert settings.trunk("north").identity == TrunkIdentity(
        trust=False, reveal=True, send=SendIdentity.BOTH, from_=FromPolicy.NUMBER, number="+493012345670",
        history=History.DIVERSION, reason_in_responses=False, keep_pai_on_anonymous_forward=True,
        accept_peer_pai_on_forward=True,
    )  # fmt: skip
    assert settings.trunk("north").headers == (
        HeaderRule(
            name="X-Customer", direction=HeaderDirection.TO_PEER, action=HeaderAction.SET, value="4711"
        ),
        HeaderRule(name="Alert-Info", direction=HeaderDirection.TO_PEER, action=HeaderAction.DROP),
    )
    assert settings.internal.identity == InternalIdentity(send=SendIdentity.OFF)
    screening = TRUNK + '[trunk.identity]\nown_numbers = "^4930"\nnumber = "4930"\n'
    assert read(INTERNAL + GATEWAY + screening, "m").trunk("north").identity.own_numbers == "^4930"
    assert settings.internal.headers[0].direction is HeaderDirection.FROM_PEER


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('send = "yes"', "m:10:8: trunk.north.identity.send: \"yes\" is not known here; choose from"),
        ('from = "number"', "m:10:8: trunk.north.identity.from: there is no number to stand in From; add number"),
        ('number = "+4930"', 'nobody looks at number; add from = "number", or remove it'),
        ('own_numbers = "^\\\\+49"', "identity.own_numbers: there is no number to stand in From; add number"),
        ('own_numbers = "("\nnumber = "1"', "identity.own_numbers: the pattern is not valid"),
        ('number = "+49 30"', '"+49 30" cannot be the user of a SIP URI; write a number'),
        ('number = "a@b"', '"a@b" cannot be the user of a SIP URI'),
        ("accept_peer_pai_on_forward = true", 'so that nothing can be kept; add send = "pai"'),
        ('keep_pai_on_anonymous_forward = true\nsend = "pai"', "are not revealed to this trunk; add reveal = true"),
        ('keep_pai_on_anonymous_forward = true\nreveal = true', 'add send = "pai"'),
        ("pai = true", 'there is no setting "pai" in [trunk.identity]'),
    ],
)  # fmt: skip
def test_a_quarrel_about_identity_is_told_with_its_remedy(lines: str, expected: str) -> None:
    assert expected in only(f"[trunk.identity]\n{lines}\n")


def test_only_a_trunk_has_calls_that_go_out_again() -> None:
    (problem,) = told(INTERNAL, "[internal.identity]\nkeep_pai_on_anonymous_forward = true\n", GATEWAY, TRUNK)
    assert "it belongs in [trunk.identity]" in problem


@pytest.mark.parametrize(
    "name", [*OWNED, "Content-Type", "content-foo", "f", "i", "L", "v", "M", "T", "b", "VIA"]
)
def test_no_rule_can_name_a_header_that_we_write_ourselves(name: str) -> None:
    problem = only(HEADER.replace("X-Customer", name))
    assert problem.startswith(f"m:10:8: trunk.north.header.0.name: no rule can touch {name}: ")
    assert (why_owned(name) or "") in problem
    assert problem.endswith("; remove the rule")


def test_every_compact_form_is_the_long_one_to_a_rule__rfc3261_7_3_3() -> None:
    assert all(
        (why_owned(short) is None) == (why_owned(long) is None) for short, long in COMPACT_FORMS.items()
    )


@pytest.mark.parametrize("name", ["", "X Foo", "X-Foo:", "X\\r\\nVia", "X-ü", "x" * 61])
def test_a_rule_names_a_header(name: str) -> None:
    assert "this is no header name" in only(HEADER.replace("X-Customer", name))


@pytest.mark.parametrize(
    "value", ["a\\r\\nVia: b", "a\\nb", "\\u0000", "a\\u001bb", "a\\u007f", "a\\u0085b", "\\u2028", "a\\tb"]
)
def test_no_value_can_become_a_second_header(value: str) -> None:
    assert "no control characters and no line breaks" in only(HEADER.replace("4711", value))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('"4711"', '" 4711"'), "blanks at the ends mean nothing"),
        (('"4711"', f'"{"x" * 401}"'), "the header would have 401 characters; shorten it to 400 or fewer"),
        (('value = "4711"\n', ""), 'there is no value to set; add value = "TEXT"'),
        (('"set"', '"pass"'), '"pass" takes no value; write action = "set", or remove it'),
        (('"set"', '"drop"'), '"drop" takes no value'),
        (('"set"', '"replace"'), '"replace" is not known here; choose from "pass", "drop", "set"'),
        (('"to-peer"', '"to-trunk"'), 'choose from "from-peer", "to-peer"'),
        (('direction = "to-peer"\n', ""), 'is missing; add direction = "to-peer"'),
        (("[[trunk.header]]", "[trunk.header]"), "write [[trunk.header]]"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_told(change: tuple[str, str], expected: str) -> None:
    assert expected in only(HEADER.replace(*change))
