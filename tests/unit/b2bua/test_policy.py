"""What crosses, as data; what callers and called are called on the other side."""

import pytest

from mediation.b2bua.identity import calling_identity
from mediation.b2bua.passage import Passage
from mediation.b2bua.policy import CROSSES, STAYS, On, To, called_uri
from mediation.settings.header_names import why_owned
from mediation.settings.identity import (
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    InternalIdentity,
    TrunkIdentity,
)
from mediation.settings.peers import Side
from mediation.sip.headers import NameAddress, header_key
from mediation.sip.uri import SipUri, parse_uri
from tests.unit.b2bua.crossings import US, front_end, gateway, invite, inward, out, told, told_back

SESSION = "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2"
SHAPED = {
    "Session-ID": SESSION,
    "P-Early-Media": "supported",
    "Call-Info": "<https://cards.example/ann>;purpose=card",
}
"""Values of headers that cross in one shape only."""
FULL = TrunkIdentity(reveal=True)


def value_of(name: str) -> str:
    return SHAPED.get(name, f"value of {name}")


def rule(name: str, direction: str, action: str, value: str = "") -> HeaderRule:
    return HeaderRule(
        name=name, direction=HeaderDirection(direction), action=HeaderAction(action), value=value
    )


def test_nothing_that_makes_a_message_work_or_says_who_calls_crosses_by_the_table() -> None:
    assert [name for name in CROSSES if why_owned(name)] == []


def test_every_header_that_crosses_and_every_one_that_stays_has_its_reason_and_no_more_than_one() -> None:
    assert all(row.reason and row.on for row in CROSSES.values())
    assert all(STAYS.values())
    assert not {header_key(name) for name in CROSSES} & {header_key(name) for name in STAYS}


@pytest.mark.parametrize("name", CROSSES)
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("trusted", [True, False])
def test_each_header_crosses_in_its_direction_only(name: str, side: Side, trusted: bool) -> None:
    row = CROSSES[name]
    peers = TrunkIdentity(trust=trusted, reveal=trusted)
    passage = inward(peers) if side is Side.FRONT_END else out(peers)
    way = row.to is To.BOTH or (row.to is To.FRONT_END) == (side is Side.FRONT_END)
    expected = way and On.INVITE in row.on and (trusted or not row.within_trust)
    assert told(passage, (name, value_of(name))).get(name) == ([value_of(name)] if expected else None)


@pytest.mark.parametrize(
    ("status", "on"),
    [(180, On.RINGING), (181, On.PROGRESS), (183, On.PROGRESS), (200, On.ANSWER), (302, On.FAILURE),
     (486, On.FAILURE), (603, On.FAILURE)],
)  # fmt: skip
def test_each_header_crosses_on_its_messages_only(status: int, on: On) -> None:
    came = [(name, value_of(name)) for name in (*CROSSES, *STAYS)]
    expected = {name: [value_of(name)] for name, row in CROSSES.items() if on in row.on}
    assert told_back(inward(), status, *came) == expected


@pytest.mark.parametrize(
    "line", [("Warning", "399 host x"), ("Retry-After", "5"), ("Reason", "Q.850;cause=17"), ("Server", "x"),
             ("Error-Info", "<sip:x>"), ("Contact", "<sip:x>"), ("X-Own", "x"), ("Diversion", "<tel:+1>")],
)  # fmt: skip
@pytest.mark.parametrize("status", [180, 200, 486, 503])
def test_nothing_else_of_a_response_crosses(line: tuple[str, str], status: int) -> None:
    assert told_back(inward(), status, line) == {}
    assert told_back(out(), status, line) == {}


@pytest.mark.parametrize("value", ["blue", "AB30317f1a784dc48ff824d0d3715d86", SESSION + ";x=y", ""])
def test_a_session_id_is_a_uuid_and_can_carry_nothing_else__rfc7989_5(value: str) -> None:
    assert "Session-ID" not in told(out(), ("Session-ID", value))
    assert told(out(), ("Session-ID", SESSION))["Session-ID"] == [SESSION]


@pytest.mark.parametrize(
    "value",
    [
        '<sip:10.9.9.9:5060>;method="NOTIFY;Event=telephone-event;Duration=500"',
        "<urn:x-cisco-remotecc:callinfo>; security= Unknown; gci= 2-93312",
        "<sip:as.far.example>;appearance-index=1",
        "<https://cards.example/ann>;purpose=card, <sip:as.far.example>;appearance-index=1",
        "<cid:card@far.example>;purpose=card",
        "",
    ],
)
def test_what_vendors_say_of_shared_lines_and_devices_stays_on_its_side(value: str) -> None:
    assert "Call-Info" not in told(inward(), ("Call-Info", value))


def test_a_header_in_compact_form_crosses_under_its_long_name__rfc3261_7_3_3() -> None:
    assert told(out(), ("s", "one"))["Subject"] == ["one"]
    assert told(out(), ("y", "sig;info=<https://cert.example/x>"))["Identity"]


def test_an_identity_crosses_octet_for_octet__rfc8224_4() -> None:
    passport = (
        "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2ln;info=<https://cert.example/c.pem>;alg=ES256;ppt=shaken"
    )
    assert told(out(), ("Identity", passport))["Identity"] == [passport]
    assert told(inward(), ("Identity", passport))["Identity"] == [passport]


# the operator's rules


def test_a_rule_passes_what_would_stay__octet_for_octet() -> None:
    passing = rule("X-Foo", "to-peer", "pass")
    assert told(out(None, passing), ("x-foo", "one,  two"), ("X-Foo", "three"))["X-Foo"] == [
        "one,  two",
        "three",
    ]
    assert "X-Foo" not in told(inward(None, passing), ("X-Foo", "one"))  # that is the other direction
    assert told_back(Passage(front_end(), gateway(None, passing), US), 200, ("X-Foo", "one"))


def test_a_rule_drops_what_would_cross() -> None:
    assert "Subject" not in told(out(None, rule("subject", "to-peer", "drop")), ("Subject", "one"))
    assert "Subject" not in told(out(None, rule("s", "to-peer", "drop")), ("Subject", "one"))
    assert "Subject" not in told(inward(None, rule("Subject", "from-peer", "drop")), ("Subject", "one"))


def test_a_rule_sets_one_line_whether_the_header_came_or_not() -> None:
    setting = rule("X-Foo", "to-peer", "set", "ours")
    assert told(out(None, setting))["X-Foo"] == ["ours"]
    assert told(out(None, setting), ("X-Foo", "one"), ("X-Foo", "two"))["X-Foo"] == ["ours"]


def test_the_last_rule_that_speaks_decides_and_the_receiver_speaks_last() -> None:
    passage = Passage(
        front_end(None, rule("X-A", "from-peer", "pass"), rule("X-B", "from-peer", "set", "theirs")),
        gateway(None, rule("X-A", "to-peer", "drop"), rule("X-B", "to-peer", "set", "ours")),
        US,
    )
    assert told(passage, ("X-A", "one"), ("X-B", "two")) == {"From": ['"Ann" <sip:+15550100@us.example:5060>'],
                                                             "X-B": ["ours"]}  # fmt: skip
    two = out(None, rule("X-A", "to-peer", "drop"), rule("X-A", "to-peer", "pass"))
    assert told(two, ("X-A", "one"))["X-A"] == ["one"]


@pytest.mark.parametrize("octet", ["\x00", "\x07", "\x1b", "\x7f", "\r", "\n"])
def test_a_value_with_control_characters_never_crosses(octet: str) -> None:
    value = f"one{octet}two"
    passing = rule("X-Foo", "to-peer", "pass")
    lines = told(
        out(TrunkIdentity(reveal=True), passing),
        ("X-Foo", value),
        ("Subject", value),
        ("P-Asserted-Identity", f'"{value}" <sip:+15550100@far.example>'),
        from_=f'"{value}" <sip:+15550100@far.example>',
    )
    assert not any(octet in value for values in lines.values() for value in values)
    assert told_back(inward(), 200, ("User-to-User", value)) == {}


# addresses


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("<sip:+4930@far.example;user=phone>;tag=x", "<sip:+4930@us>"),
        ('"A, B" <sip:+4930@far.example>', '"A, B" <sip:+4930@us>'),
        ("Bob <sips:bob:secret@far.example>", "Bob <sip:bob@us>"),
        ("<sip:far.example>", "<sip:us>"),
        ("<tel:+4930;phone-context=x>", "<sip:+4930@us>"),
        ("<sip:+4930;tgrp=x;trunk-context=far.example@far.example>", "<sip:+4930@us>"),
        ("<urn:service:sos>", "<sip:us>"),
        ("<sip:anonymous@Anonymous.Invalid>", "<sip:anonymous@Anonymous.Invalid>"),
    ],
)
def test_the_caller_keeps_name_and_number_and_leaves_its_host_behind(came: str, goes: str) -> None:
    assert calling_identity(NameAddress.parse(came), "us") == goes
    NameAddress.parse(goes)


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("sip:+4930@us.example:5070;transport=tcp", "sip:+4930@target:5060"),
        ("sip:+4930@us.example;user=phone;x=y", "sip:+4930@target:5060;user=phone"),
        ("sip:+4930@us.example;user=PHONE", "sip:+4930@target:5060;user=phone"),
        ("sip:+4930:secret@us.example", "sip:+4930@target:5060"),
        ("tel:+49-30;ext=5;phone-context=us.example", "sip:+49-30;ext=5@target:5060;user=phone"),
        ("tel:a@b?c", "sip:a%40b@target:5060;user=phone"),
        ("sip:+4930;npdi;rn=+4931;tgrp=x@us.example", "sip:+4930;npdi;rn=+4931@target:5060"),
        ("sip:*21%23;phone-context=us.example@us.example;user=phone", "sip:*21%23@target:5060;user=phone"),
        ("sip:alice;day=tuesday@us.example", "sip:alice;day=tuesday@target:5060"),
        ("sip:+4930%20x@us.example", "sip:+4930%20x@target:5060"),
    ],
)
def test_the_called_number_stands_at_the_target_and_brings_nothing_along(came: str, goes: str) -> None:
    made = called_uri(invite(uri=came), "target:5060")
    assert made == goes
    assert isinstance(parse_uri(made), SipUri)


def test_the_transport_stands_before_what_the_number_brings() -> None:
    made = called_uri(invite(uri="tel:+4930"), "target", ";transport=tcp")
    assert made == "sip:+4930@target;transport=tcp;user=phone"


def test_the_front_ends_are_told_more_than_a_trunk_unless_it_is_said() -> None:
    assert InternalIdentity().reveal
    assert not TrunkIdentity().reveal
    assert FULL.reveal
