"""Who calls and who answers: believed or not, told or hidden (RFC 3323, RFC 3325, RFC 5876)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.passage import ANONYMOUS, at_our_host, mentions, secrets_of
from mediation.b2bua.privacy import Privacy
from mediation.settings.identity import (
    FromPolicy,
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    History,
    SendIdentity,
    TrunkIdentity,
)
from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import is_token
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.uri import parse_uri
from tests.unit.b2bua.crossings import CALLER, inward, out, told, told_back

PAI, PPI, RPID = "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"
TOLD = TrunkIdentity(send=SendIdentity.PAI)
REVEALED = TrunkIdentity(send=SendIdentity.BOTH, reveal=True, history=History.BOTH)
UNTRUSTED = TrunkIdentity(trust=False)
AT_US = "us.example:5060"


def test_an_asserted_identity_is_told_where_it_is_wanted_with_our_host__rfc3325_5() -> None:
    came = (PAI, '"Ann" <sip:+15550100@pbx.corp.example:5070;user=phone;x=y>, <tel:+15550100>')
    assert PAI not in told(out(), came)
    assert told(out(TOLD), came)[PAI] == [f'"Ann" <sip:+15550100@{AT_US};user=phone>', "<tel:+15550100>"]
    assert told(inward(), came)[PAI] == [f'"Ann" <sip:+15550100@{AT_US};user=phone>', "<tel:+15550100>"]


def test_an_identity_asserted_by_somebody_who_is_not_trusted_is_dropped__rfc3325_5() -> None:
    for name in (PAI, PPI, RPID):
        assert told(inward(UNTRUSTED), (name, "<sip:+15550100@far.example>")).keys() == {"From"}


def test_of_many_asserted_identities_one_of_each_scheme_is_taken__rfc5876_4_5() -> None:
    lines = told(inward(), (PAI, "<sip:a@x>, <sip:b@x>"), (PAI, "<mailto:c@x>, <tel:+1>"), (PAI, "<tel:+2>"))
    assert lines[PAI] == [f"<sip:a@{AT_US}>", "<tel:+1>"]


@pytest.mark.parametrize("value", ["", "<", "<sip:>", "x y z", '"', "<sip:a@b>, <", ",,,"])
def test_an_identity_that_cannot_be_read_is_not_there(value: str) -> None:
    assert told(inward(), (PAI, value)).keys() == {"From"}


def test_a_preferred_identity_becomes_an_asserted_one_and_is_never_relayed__rfc3325_9_2() -> None:
    came = (PPI, "<sip:+15550111@far.example>")
    assert told(out(TOLD), came)[PAI] == [f"<sip:+15550111@{AT_US}>"]
    for passage in (out(), out(TOLD), out(REVEALED), inward(), inward(UNTRUSTED)):
        assert PPI not in told(passage, came)
    both = told(out(TOLD), came, (PAI, "<sip:+15550100@far.example>"))
    assert both[PAI] == [f"<sip:+15550100@{AT_US}>"]


def test_remote_party_id_is_read_and_written_where_it_is_wanted() -> None:
    came = (RPID, '"Ann" <sip:+15550100@far.example>;party=calling;screen=yes;privacy=off')
    assert told(inward(), came)[PAI] == [f'"Ann" <sip:+15550100@{AT_US}>']
    wanted = told(out(TrunkIdentity(send=SendIdentity.RPID)), came)
    assert wanted[RPID] == [f'"Ann" <sip:+15550100@{AT_US}>;party=calling;screen=yes;privacy=off']
    assert PAI not in wanted
    assert PAI not in told(inward(), (RPID, "<sip:+1@x>;party=called"))
    assert told(out(REVEALED), (RPID, "<sip:+1555@x>;privacy=full"))[RPID][0].endswith("privacy=full")


# From


def test_from_says_what_the_trunk_wants() -> None:
    came = (PAI, '"Company" <sip:+15550999@far.example>')
    said = {
        policy: told(out(TrunkIdentity(from_=policy, number="+49305550")), came)["From"]
        for policy in FromPolicy
    }
    assert said == {
        FromPolicy.AS_IS: [f'"Ann" <sip:+15550100@{AT_US}>'],
        FromPolicy.ANONYMOUS: ['"Anonymous" <sip:anonymous@anonymous.invalid>'],
        FromPolicy.NUMBER: [f"<sip:+49305550@{AT_US}>"],
        FromPolicy.PAI: [f'"Company" <sip:+15550999@{AT_US}>'],
    }


def test_from_as_it_is_where_nothing_is_asserted() -> None:
    assert told(out(TrunkIdentity(from_=FromPolicy.PAI)))["From"] == [f'"Ann" <sip:+15550100@{AT_US}>']


def test_an_anonymous_from_does_not_show_what_is_asserted_to_those_who_are_trusted() -> None:
    identity = TrunkIdentity(from_=FromPolicy.PAI, reveal=True, send=SendIdentity.PAI)
    lines = told(out(identity), (PAI, "<tel:+15550100>"), ("Privacy", "id"), from_=ANONYMOUS)
    assert lines == {"From": ['"Anonymous" <sip:anonymous@anonymous.invalid>'], PAI: ["<tel:+15550100>"],
                     "Privacy": ["id"]}  # fmt: skip


# privacy

NUMBER = "+493012345678"
RICH = [
    (PAI, f'"Secret Person" <sip:{NUMBER}@pbx.corp.example;user=phone>, <tel:+49-30-1234-5678>'),
    (PPI, f"<sip:{NUMBER}@pbx.corp.example>"),
    (RPID, f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>;party=calling;privacy=off'),
    ("Diversion", "<sip:+4989777000@pbx.corp.example>;reason=user-busy;privacy=off"),
    ("Diversion", f"<sip:{NUMBER}@pbx.corp.example>;reason=unconditional"),
    ("History-Info", f"<sip:{NUMBER}@pbx.corp.example>;index=1, <sip:+4989777000@pbx;cause=302>;index=1.1"),
    ("Call-Info", f"<http://pbx.corp.example/{NUMBER}.png>;purpose=icon"),
    ("Referred-By", f"<sip:{NUMBER}@pbx.corp.example>"),
    ("Subject", "call 030 1234 5678 back"),
    ("Identity", "eyJ-SIGNED-NUMBER.c2ln;info=<https://pbx/x>"),
    ("User-to-User", "30123456 78;encoding=ascii"),
    ("X-Caller", "0049 (30) 1234-5678"),
    ("X-Escaped", "%2B4930%31%32345678"),
    ("Priority", "urgent"),
]
PASSED = tuple(
    HeaderRule(name=name, direction=HeaderDirection.TO_PEER, action=HeaderAction.PASS)
    for name in ("X-Caller", "X-Escaped", "Call-Info", "User-to-User", "Subject")
)
WISHES = [
    ([("Privacy", "id")], f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>'),
    ([("Privacy", "user;id")], f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>'),
    ([("Privacy", "user, critical")], f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>'),
    ([("Privacy", "critical;brand-new")], f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>'),
    ([("Privacy", ";;;")], f'"Secret Person" <sip:{NUMBER}@pbx.corp.example>'),
    ([("Privacy", "id")], ANONYMOUS),
    ([], ANONYMOUS),
    ([], '"Anonymous" <sip:anonymous@pbx.corp.example>'),
    ([(RPID, f"<sip:{NUMBER}@pbx.corp.example>;privacy=full")], f"<sip:{NUMBER}@pbx.corp.example>"),
]


@pytest.mark.parametrize(("wish", "from_"), WISHES)
@pytest.mark.parametrize("from_policy", list(FromPolicy))
def test_no_octet_of_a_hidden_caller_reaches_a_trunk_that_is_not_trusted__rfc3325_9_3(
    wish: list[tuple[str, str]], from_: str, from_policy: FromPolicy
) -> None:
    identity = TrunkIdentity(send=SendIdentity.BOTH, history=History.BOTH, from_=from_policy, number="+4930")
    lines = told(out(identity, *PASSED), *wish, *RICH, from_=from_)
    octets = "\r\n".join(value for values in lines.values() for value in values)
    digits = "".join(character for character in octets if character.isdigit())
    assert "12345678" not in digits
    for secret in ("Secret", "Person", "SIGNED", "%31", "pbx", "corp"):
        assert secret not in octets
    assert lines["From"] == [ANONYMOUS]
    assert lines["Priority"] == ["urgent"]
    assert any(
        "+4989777000" in value for value in lines["Diversion"]
    )  # who forwarded it has asked for nothing
    assert PAI not in lines
    assert RPID not in lines


def test_a_trunk_of_our_trust_domain_is_told_the_number_and_the_wish__rfc3325_7() -> None:
    lines = told(out(REVEALED), (PAI, f"<tel:{NUMBER}>"), ("Privacy", "id;critical"), from_=ANONYMOUS)
    assert lines[PAI] == [f"<tel:{NUMBER}>"]
    assert lines["Privacy"] == ["id;critical"]
    assert lines["From"] == [ANONYMOUS]


def test_who_shows_nothing_but_an_anonymous_from_is_hidden_by_word_too__rfc3325_7() -> None:
    assert told(out(REVEALED), (PAI, "<tel:+1555>"), from_=ANONYMOUS)["Privacy"] == ["id"]
    assert "Privacy" not in told(out(REVEALED), (PAI, "<tel:+1555>"))


def test_privacy_none_is_no_wish_whatever_from_says__rfc3323_4_2() -> None:
    lines = told(out(TOLD), (PAI, "<tel:+1555>"), ("Privacy", "none"), from_=ANONYMOUS)
    assert lines[PAI] == ["<tel:+1555>"]
    assert lines["Privacy"] == ["none"]


def test_header_privacy_keeps_what_could_tell_and_leaves_the_name__rfc3323_4_2() -> None:
    lines = told(out(TOLD), ("Privacy", "header"), ("Subject", "salary"), ("Priority", "urgent"))
    assert lines["From"] == [f'"Ann" <sip:+15550100@{AT_US}>']
    assert "Subject" not in lines
    assert "Priority" in lines


# calls that are forwarded out again

FORWARDED = ("Diversion", "<sip:+4989777000@pbx.corp.example>;reason=unconditional")


@pytest.mark.parametrize(
    ("identity", "privacy", "asserted"),
    [
        (TrunkIdentity(send=SendIdentity.PAI), [], [f"<sip:+4989777000@{AT_US}>"]),
        (TrunkIdentity(send=SendIdentity.PAI, accept_peer_pai_on_forward=True), [], ["<tel:+1555>"]),
        (TrunkIdentity(send=SendIdentity.PAI, reveal=True), ["id"], [f"<sip:+4989777000@{AT_US}>"]),
        (
            TrunkIdentity(send=SendIdentity.PAI, reveal=True, keep_pai_on_anonymous_forward=True),
            ["id"],
            ["<tel:+1555>"],
        ),
        (TrunkIdentity(send=SendIdentity.PAI, accept_peer_pai_on_forward=True, reveal=True), ["id"],
         [f"<sip:+4989777000@{AT_US}>"]),
        (TrunkIdentity(send=SendIdentity.PAI, keep_pai_on_anonymous_forward=True), ["id"], None),
    ],
)  # fmt: skip
def test_a_forwarded_call_asserts_who_forwarded_it_unless_the_trunk_takes_the_caller(
    identity: TrunkIdentity, privacy: list[str], asserted: list[str] | None
) -> None:
    wishes = [("Privacy", value) for value in privacy]
    assert told(out(identity), (PAI, "<tel:+1555>"), FORWARDED, *wishes).get(PAI) == asserted


def test_a_forwarder_who_does_not_want_to_be_named_is_not_asserted() -> None:
    private = (FORWARDED[0], f"{FORWARDED[1]};privacy=full")
    assert PAI not in told(out(TOLD), (PAI, "<tel:+1555>"), private)


# numbers that are not ours

OWN = TrunkIdentity(send=SendIdentity.PAI, own_numbers="^\\+4930[0-9]+$", number="+49305550")


@pytest.mark.parametrize(
    ("calling", "asserted", "from_", "told_on"),
    [
        ("+49301", ["<tel:+49301>"], "+49301", ["<tel:+49301>"]),
        ("+1555", ["<tel:+49301>"], "+49305550", ["<tel:+49301>"]),
        ("+49-30-1", ["<tel:+1555>"], "+49-30-1", [f"<sip:+49305550@{AT_US}>"]),
        ("alice", ["<sip:alice@x>", "<tel:+49-30-1>"], "+49305550", ["<tel:+49-30-1>"]),
        ("+49301", [], "+49301", None),
    ],
)
def test_a_number_that_is_not_ours_calls_under_the_one_that_is(
    calling: str, asserted: list[str], from_: str, told_on: list[str] | None
) -> None:
    lines = told(out(OWN), *((PAI, each) for each in asserted), from_=f"<sip:{calling}@far.example>")
    assert lines["From"] == [f"<sip:{from_}@{AT_US}>"]
    assert lines.get(PAI) == told_on


def test_a_forwarded_call_may_show_a_number_that_is_not_ours_where_the_trunk_takes_it() -> None:
    taken = replace(OWN, accept_peer_pai_on_forward=True)
    assert told(out(taken), (PAI, "<tel:+1555>"), FORWARDED)[PAI] == ["<tel:+1555>"]
    assert told(out(taken), FORWARDED)["From"] == [f'"Ann" <sip:+15550100@{AT_US}>']
    assert told(out(OWN), (PAI, "<tel:+1555>"), FORWARDED)[PAI] == [f"<sip:+49305550@{AT_US}>"]


def test_who_is_anonymous_is_not_made_somebody_by_the_numbers_that_may_call() -> None:
    assert told(out(OWN), from_=ANONYMOUS)["From"] == [ANONYMOUS]
    assert told(out(replace(OWN, reveal=True)), from_=ANONYMOUS)["From"] == [ANONYMOUS]


def test_a_session_id_is_kept_of_a_hidden_caller_although_his_number_could_be_found_in_it__rfc7989_5() -> (
    None
):
    session = "ab30317f1a784dc48ff824d0d3715d86"
    lines = told(out(), ("Session-ID", session), ("Privacy", "id"), from_="<sip:303@far.example>")
    assert lines["Session-ID"] == [session]


# who answers


@pytest.mark.parametrize("status", [180, 183, 200])
def test_who_answers_is_told_by_the_same_rules__rfc3325_9_1(status: int) -> None:
    came = (PAI, '"Bob" <sip:+4930@far.example>')
    assert told_back(inward(), status, came)[PAI] == [f'"Bob" <sip:+4930@{AT_US}>']
    assert told_back(out(), status, came) == {}
    assert told_back(out(TOLD), status, came, ("Privacy", "id")) == {"Privacy": ["id"]}
    assert told_back(inward(UNTRUSTED), status, came) == {}
    assert told_back(inward(), 486, came) == {}


def test_remote_party_id_of_a_response_is_the_called_party() -> None:
    identity = TrunkIdentity(send=SendIdentity.RPID)
    lines = told_back(out(identity), 200, (RPID, "<sip:+4930@x>;party=called"))
    assert lines[RPID] == [f"<sip:+4930@{AT_US}>;party=called;screen=yes;privacy=off"]
    assert told_back(out(identity), 200, (RPID, "<sip:+4930@x>;party=calling")) == {}


# values


@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", min_size=1), min_size=1, max_size=16))
def test_a_wish_that_is_printed_can_be_read_again(values: list[str]) -> None:
    wish = Privacy(tuple(values))
    assert Privacy.parse(str(wish)) == wish


@pytest.mark.parametrize("text", ["", ";", "id;", "id user", 'id;"x"', ";".join(["id"] * 17)])
def test_a_wish_that_makes_no_sense_is_an_error_and_counts_as_a_wish(text: str) -> None:
    with pytest.raises(RemoteSipError):
        Privacy.parse(text)
    assert Privacy.of(Headers([("Privacy", text)])).hides_identity


def test_a_wish_may_stand_on_many_lines_and_in_any_case__rfc3323_4_2() -> None:
    wish = Privacy.of(Headers([("Privacy", "HEADER ; Session"), ("privacy", "Id")]))
    assert wish.values == ("header", "session", "id")
    assert all(map(is_token, wish.values))
    assert wish.hides_history
    assert Privacy.of(Headers()) == Privacy()


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("sip:+4930:pw@[2001:db8::1]:5070;transport=tls;user=phone?Subject=x", "sip:+4930@us;user=phone"),
        ("sips:alice@far.example", "sip:alice@us"),
        ("sip:far.example", "sip:us"),
        ("sip:+4930;tgrp=x;trunk-context=far.example@far.example", "sip:+4930@us"),
        ("tel:+4930;ext=5", "tel:+4930;ext=5"),
        ("tel:30;phone-context=far.example;EXT=5;tgrp=x;trunk-context=far.example", "tel:30;EXT=5"),
        ("tel:30;phone-context=+49", "tel:30;phone-context=+49"),
        ("urn:service:sos", "urn:service:sos"),
        ("sip:unknown@unknown.invalid", "sip:unknown@unknown.invalid"),
        ("http://far.example/x", None),
        (
            "sip:+4930;ext=5;tgrp=tg;trunk-context=corp.example;cpc=payphone@far",
            "sip:+4930;ext=5;cpc=payphone@us",
        ),
        ("sip:7042;phone-context=corp.example@far", "sip:7042@us"),
        ("sip:7042;phone-context=+4930@far", "sip:7042;phone-context=+4930@us"),
        ("tel:+4930;npdi;rn=+49199;trunk-context=corp.example?x=y", "tel:+4930;npdi;rn=+49199"),
    ],
)
def test_a_uri_keeps_its_number_and_takes_our_host(uri: str, ours: str | None) -> None:
    assert at_our_host(parse_uri(uri), "us") == ours


def test_a_number_is_found_in_whatever_way_it_is_written() -> None:
    secrets = secrets_of([NameAddress.parse(CALLER)])
    for text in ("tel:+1-555-0100", "1 (555) 0100", "%35%35%350100", "sip:15550100@x", "ANN"):
        assert mentions(text, secrets)
    assert not mentions("+15550101", secrets)
    assert not mentions("+15550100", secrets_of([]))
