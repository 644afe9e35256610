"""Whatever a peer writes about who calls, the outcome is lines that can be sent, or RemoteSipError of a parser."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.callers import refusal_by, welcome
from mediation.b2bua.causes import location_of, q850_of
from mediation.b2bua.diversion import Diversion, HistoryEntry, diversions_of, entries_of
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.passage import ANONYMOUS, Passage, is_clean
from mediation.b2bua.policy import CROSSES, crossing_response, invited
from mediation.b2bua.privacy import Privacy
from mediation.routing.caller_id import OWN_CALLER_ID, CallerId
from mediation.settings.identity import FromPolicy, History, SendIdentity, TrunkIdentity
from mediation.settings.screening import Anonymous, Screen, Screening
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from tests.unit.b2bua.crossings import CALLER, gateway, inward, out

NAMES = [
    "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Privacy", "Diversion", "History-Info",
    "Referred-By", "Reason", *CROSSES,
]  # fmt: skip
PIECES = [
    "<", ">", ";", ",", '"', "\\", "=", ":", "@", "?", "&", "%", "%3B", "%00", "\x00", "\x7f", "\t", " ", "sip:",
    "tel:",
    "urn:x", "+1555", "a@b", "[::1]", "index=1", ".1", "mp=1", "cause=302", "Privacy=history", "privacy=full",
    "Reason=SIP%3Bcause%3D486", "reason=", "counter=", "99999999999999", "id", "none", "critical", "anonymous.invalid",
    "unknown.invalid", "Q.850;cause=", "17", "location=LN", "\udcff", "\u00b2", "\u2028",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join)
VALUES = TEXT.map(lambda text: text.replace("\r", "").replace("\n", "").strip(" \t"))
LINES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6)
TRUNKS = st.builds(
    TrunkIdentity,
    trust=st.booleans(),
    reveal=st.booleans(),
    send=st.sampled_from(SendIdentity),
    from_=st.sampled_from(FromPolicy),
    number=st.just("+4930"),
    history=st.sampled_from(History),
    keep_pai_on_anonymous_forward=st.booleans(),
    accept_peer_pai_on_forward=st.booleans(),
    own_numbers=st.sampled_from(("", "^\\+1")),
)
SCREENINGS = st.builds(
    Screening,
    foreign_out=st.sampled_from(Screen),
    anonymous_out=st.sampled_from(Anonymous),
    forbidden=st.sampled_from(("", "^\\+1")),
    forbidden_in=st.sampled_from(Screen),
    malformed_in=st.sampled_from(Screen),
    anonymous_in=st.sampled_from(Anonymous),
)
SHOWN = st.sampled_from((OWN_CALLER_ID, CallerId("+4930123"), CallerId(hidden=True)))


@given(LINES, TRUNKS, st.booleans())
def test_an_invite_of_any_identity_becomes_one_that_can_be_sent(
    lines: list[tuple[str, str]], trunk: TrunkIdentity, outbound: bool
) -> None:
    request = Request("INVITE", "sip:+4930@x", Headers([("From", CALLER), *lines]))
    from_, made = invited(request, out(trunk) if outbound else inward(trunk))
    assert bytes(Request("INVITE", "sip:x", Headers([("From", from_), *made])))
    assert all(is_clean(value) for _, value in made)
    assert len(made) <= 120


@given(LINES, VALUES, TRUNKS, SCREENINGS, SHOWN)
def test_any_caller_is_shown_or_refused_and_who_is_hidden_by_the_route_has_no_octet_in_it(
    lines: list[tuple[str, str]], from_: str, trunk: TrunkIdentity, screening: Screening, shown: CallerId
) -> None:
    source = replace(gateway(trunk), screening=screening)
    terms = replace(gateway(replace(trunk, reveal=False)), screening=screening)
    request = Request("INVITE", "sip:+4930@x", Headers([("From", f"{from_}{CALLER}"), *lines]))
    try:
        assert request.from_
    except RemoteSipError:
        return  # it ends earlier, with 400
    welcomed = welcome(Invitation(request, source), ())
    assert welcomed.refusal is None or welcomed.refusal.status in (403, 433)
    asked = welcomed.invitation
    refusal = refusal_by(terms, asked, shown)
    assert refusal is None or refusal.status in (403, 433)
    said, made = invited(asked.request, Passage(source, terms, "us.example", shown), asked.secrets)
    assert bytes(Request("INVITE", "sip:x", Headers([("From", said), *made])))
    if shown.hidden:
        assert said == ANONYMOUS
        assert not any("5550100" in value for _, value in made)


@given(LINES, TRUNKS, st.integers(101, 699), st.booleans())
def test_a_response_of_any_identity_becomes_one_that_can_be_sent(
    lines: list[tuple[str, str]], trunk: TrunkIdentity, status: int, outbound: bool
) -> None:
    response = Response(status, "", Headers(lines))
    made = crossing_response(status, response.headers, out(trunk) if outbound else inward(trunk))
    assert bytes(Response(status, "", Headers(made)))
    assert all(is_clean(value) for _, value in made)
    cause = q850_of(response)
    assert cause is None or cause in range(128)
    assert location_of(response) == location_of(response).upper()


@given(TEXT)
def test_a_parser_has_one_way_to_refuse_and_prints_what_it_has_read(text: str) -> None:
    parsers: list[Callable[[str], object]] = [Diversion.parse, HistoryEntry.parse, Privacy.parse]
    for parse in parsers:
        with suppress(RemoteSipError):
            assert parse(str(parse(text))) == parse(text)


@given(st.lists(TEXT, max_size=6), st.lists(TEXT, max_size=6))
def test_one_header_can_always_be_made_of_the_other(diverted: list[str], past: list[str]) -> None:
    diversions, entries = [], []
    for text in diverted:
        with suppress(RemoteSipError):
            diversions.append(Diversion.parse(f"<sip:{text}@x>;reason=user-busy;{text}"))
    for text in past:
        with suppress(RemoteSipError):
            entries.append(HistoryEntry.parse(f"<tel:{text}>;index=1;{text}"))
    assert len(diversions_of(tuple(entries))) <= len(entries)
    for entry in entries_of(tuple(diversions), "sip:x"):
        assert HistoryEntry.parse(str(entry)) == entry
