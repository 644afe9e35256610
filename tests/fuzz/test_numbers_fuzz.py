"""Whatever a peer calls and whatever it says of itself: with rules for numbers, what leaves can be sent and read."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.numbering import inside
from mediation.b2bua.passage import Passage, is_clean
from mediation.b2bua.policy import called_uri, crossing_response, introduction_lines, invited
from mediation.routing.translation import NumberPlan
from mediation.settings.identity import TrunkIdentity
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.message import Request
from mediation.sip.uri import parse_uri
from tests.flows.scenery import trunk
from tests.flows.test_numbers import NATIONAL, called, calling
from tests.fuzz.test_identity_fuzz import LINES, TEXT, TRUNKS
from tests.unit.b2bua.crossings import US, front_end, gateway

ODD = (
    called("to-peer", "(.)", "#$1$1"),
    called("from-peer", "^.*$", "$0+"),
    calling("to-peer", "[0-9]+", ""),
    calling("from-peer", "", "*"),
)
BOTH = (*NATIONAL, *ODD)
TRUNKS_WITH_RULES = [
    trunk(numbers=rules, strip_plus=strips) for rules in (NATIONAL, ODD, BOTH) for strips in (True, False)
]
PLANS = [NumberPlan.of(each) for each in TRUNKS_WITH_RULES]
USERS = TEXT | st.from_regex(r"\A\+?[0-9.-]{1,20}(;[a-z-]{1,8}=[+a-z0-9.]{0,8}){0,2}\Z")
SCHEMES = st.sampled_from(["sip:{}@x;user=phone", "sip:{}@x", "tel:{}", "sips:{}@x"])


@given(LINES, TRUNKS, st.sampled_from(PLANS), USERS, SCHEMES, USERS, SCHEMES, st.booleans())
def test_an_invite_with_any_numbers_becomes_one_that_can_be_sent(
    lines: list[tuple[str, str]],
    identity: TrunkIdentity,
    plan: NumberPlan,
    who: str,
    by: str,
    whom: str,
    scheme: str,
    outbound: bool,
) -> None:
    outside = replace(gateway(identity), numbers=plan)
    source, destination = (front_end(), outside) if outbound else (outside, front_end())
    passage = Passage(source, destination, US)
    try:
        caller = NameAddress.parse(f"<{by.format(who)}>")
        request = Request("INVITE", scheme.format(whom), Headers([("From", str(caller)), *lines]))
        assert request.uri
    except RemoteSipError:
        return
    ours = inside(request, source)
    from_, made = invited(ours.request, passage, ours.secrets)
    uri = called_uri(ours.request, "target:5060", numbers=destination.numbers)
    assert parse_uri(uri)
    assert NameAddress.parse(from_)
    assert bytes(Request("INVITE", uri, Headers([("From", from_), *made])))
    for name, value in made:
        if name in ("P-Asserted-Identity", "Diversion", "Referred-By"):
            assert NameAddress.parse(value)
    assert all(is_clean(value) for _, value in introduction_lines(Headers(lines), passage, caller))
    crossing_response(200, Headers(lines), passage)
