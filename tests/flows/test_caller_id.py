"""Callers that are not to be shown: refused or nobody by the trunk's screening, hidden or another by the route."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.settings.identity import FromPolicy, HeaderDirection, SendIdentity, TrunkIdentity
from mediation.settings.numbers import NumberParty, NumberRule
from mediation.settings.peer_terms import RedirectMode, Redirects, Transfers, TransferTo
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.screening import Anonymous, Screen, Screening
from mediation.settings.trunks import Trunk
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.peers import Peer
from tests.flows.scenery import OTHER_FRONT_END, OTHER_SBC, OUTSIDE, SBC, settings, trunk

OURS, STRANGER, MAIN = "+493012345611", "+4989111222", "+493012345600"
OWN = "^\\+4930123456[0-9]{2}$"
ABROAD = "+14255551234"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def screened(screening: Screening, identity: TrunkIdentity | None = None, **terms: Any) -> Trunk:
    return trunk(screening=screening, identity=identity or TrunkIdentity(own_numbers=OWN), **terms)


def asserted(number: str, host: str = "pbx.corp.example") -> str:
    return f"P-Asserted-Identity: <sip:{number}@{host}>\r\n"


def calls_out(make: Make, *trunks: Trunk, routes: tuple[Route, ...] = ()) -> Pair:
    return outbound(make(settings(*trunks, routes=routes)))


def calls_in(make: Make, screening: Screening, **terms: Any) -> Pair:
    return inbound(make(settings(screened(screening, **terms))))


# to a trunk

REFUSES = Screening(foreign_out=Screen.REFUSE)


def test_a_caller_who_is_none_of_ours_is_refused_and_the_record_says_why(make: Make) -> None:
    call = calls_out(make, screened(REFUSES))
    call.caller.invites(ABROAD, calling=STRANGER)
    assert call.caller.heard() == ["100", "403"]
    assert call.caller.response(403).headers.get("Reason") == 'Q.850;cause=21;text="caller-not-ours"'
    assert call.callee.heard() == []
    assert (call.record.cause.reason, call.record.cause.status) == ("caller-not-ours", 403)
    assert (call.record.calling_number, call.record.attempts) == (STRANGER, ())


def test_a_caller_who_is_ours_passes_a_trunk_that_refuses_others(make: Make) -> None:
    call = calls_out(make, screened(REFUSES))
    call.caller.invites(ABROAD, calling=OURS)
    assert OURS in str(call.callee.request("INVITE").from_)
    call.callee.says(486)


def test_a_trunk_that_refuses_a_caller_leaves_the_call_to_the_next_one(make: Make) -> None:
    call = calls_out(make, screened(REFUSES), trunk("itsp-b", OTHER_SBC))
    other = Peer(call.world, Side.GATEWAY, OTHER_SBC)
    call.caller.invites(ABROAD, calling=STRANGER)
    assert other.heard() == ["INVITE"]
    assert call.callee.heard() == []
    other.says(486)


def test_what_is_asserted_counts_where_it_is_told(make: Make) -> None:
    for send, status in ((SendIdentity.OFF, "INVITE"), (SendIdentity.PAI, "")):
        call = calls_out(make, screened(REFUSES, TrunkIdentity(own_numbers=OWN, send=send)))
        call.caller.invites(ABROAD, calling=OURS, headers=asserted(STRANGER))
        assert call.callee.heard() == ([status] if status else [])
        if status:
            call.callee.says(486)


def test_a_trunk_that_passes_shows_whoever_calls(make: Make) -> None:
    identity = TrunkIdentity(own_numbers=OWN, send=SendIdentity.PAI)
    call = calls_out(make, screened(Screening(foreign_out=Screen.PASS), identity))
    call.caller.invites(ABROAD, calling=STRANGER, headers=asserted(STRANGER))
    invite = call.callee.request("INVITE")
    assert STRANGER in str(invite.from_)
    assert STRANGER in str(invite.headers.get("P-Asserted-Identity"))
    call.callee.says(486)


@pytest.mark.parametrize("number", ["", MAIN])
def test_a_call_for_help_is_never_refused_for_its_caller(make: Make, number: str) -> None:
    identity = TrunkIdentity(own_numbers=OWN, number=number)
    strict = Screening(foreign_out=Screen.REFUSE, anonymous_out=Anonymous.REFUSE)
    call = calls_out(make, screened(strict, identity), routes=(Route(trunks=("itsp-a",), emergency=True),))
    call.caller.invites("112", calling=STRANGER)
    assert (number or STRANGER) in str(call.callee.request("INVITE").from_)
    call.callee.says(486)
    call.caller.invites("112", from_=ANONYMOUS)
    assert call.callee.heard()[-1] == "INVITE"
    call.callee.says(486)


@pytest.mark.parametrize("headers", ["", "Privacy: id\r\n"])
def test_callers_who_want_to_be_hidden_have_a_rule_of_their_own__rfc5079_4(make: Make, headers: str) -> None:
    call = calls_out(make, screened(Screening(anonymous_out=Anonymous.REFUSE)))
    call.caller.invites(ABROAD, from_="" if headers else ANONYMOUS, headers=headers)
    assert call.caller.heard() == ["100", "433"]
    assert call.caller.response(433).reason == "Anonymity Disallowed"
    assert call.record.cause.reason == "anonymity-disallowed"
    again = calls_out(make, screened(REFUSES))  # nobody is shown, so that nobody is foreign
    again.caller.invites(ABROAD, from_="" if headers else ANONYMOUS, headers=headers)
    assert again.callee.heard() == ["INVITE"]
    again.callee.says(486)


def test_a_transfer_calls_nobody_who_would_refuse_its_caller(make: Make) -> None:
    inside = Transfers(to=TransferTo.ROUTES)
    world = make(settings(screened(REFUSES), trunk("itsp-b", OTHER_SBC), transfer=inside, routes=(
        Route(match="^\\+1", trunks=("itsp-b",)), Route(trunks=("itsp-a",)),
    )))  # fmt: skip
    call = outbound(world, sbc=OTHER_SBC)
    call.caller.invites(ABROAD)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.refers("sip:+4989999@pbx.corp.example")
    assert "603 REFER" in call.caller.heard()
    call.ends()


def test_a_redirection_leads_to_nobody_who_would_refuse_the_caller(make: Make) -> None:
    follows = Redirects(mode=RedirectMode.FOLLOW)
    world = make(settings(trunk("itsp-b", OTHER_SBC, redirect=follows), screened(REFUSES), routes=(
        Route(match="^\\+1", trunks=("itsp-b",)), Route(trunks=("itsp-a",)),
    )))  # fmt: skip
    call = outbound(world)
    other = Peer(world, Side.GATEWAY, OTHER_SBC)
    for caller, heard in ((STRANGER, []), (OURS, ["INVITE"])):
        call.caller.invites(ABROAD, calling=caller)
        other.says(302, headers="Contact: <tel:+4989999>\r\n")
        assert call.callee.heard() == heard
    call.callee.says(486)


# from a trunk


@pytest.mark.parametrize(
    ("screening", "calling", "reason"),
    [
        (Screening(forbidden=OWN), OURS, "caller-forbidden"),
        (Screening(malformed_in=Screen.REFUSE), "030123", "caller-malformed"),
        (Screening(malformed_in=Screen.REFUSE), "unknown", "caller-malformed"),
        (Screening(malformed_in=Screen.REFUSE), "+4930123456789012", "caller-malformed"),
    ],
)
def test_a_number_that_an_itsp_must_not_bring_is_refused(
    make: Make, screening: Screening, calling: str, reason: str
) -> None:
    call = calls_in(make, screening)
    call.caller.invites(calling=calling)
    assert call.caller.heard() == ["100", "403"]
    assert f'text="{reason}"' in str(call.caller.response(403).headers.get("Reason"))
    assert call.callee.heard() == []
    assert (call.record.cause.reason, call.record.calling_number) == (reason, calling)


def test_a_number_of_ours_that_is_only_asserted_is_as_bad(make: Make) -> None:
    call = calls_in(make, Screening(forbidden=OWN))
    call.caller.invites(calling=STRANGER, headers=asserted(OURS, "itsp.example"))
    assert call.caller.heard() == ["100", "403"]


def test_a_number_is_looked_at_as_the_rules_of_the_trunk_have_made_it(make: Make) -> None:
    national = NumberRule(
        party=NumberParty.CALLING, direction=HeaderDirection.FROM_PEER, match="^0([1-9].*)$", replace="+49$1"
    )
    strict = Screening(forbidden=OWN, malformed_in=Screen.REFUSE)
    call = calls_in(make, strict, numbers=(national,))
    call.caller.invites(calling="03012345611")
    assert call.caller.heard() == ["100", "403"]
    call.caller.invites(calling="089111222")
    assert STRANGER in str(call.callee.request("INVITE").from_)
    call.callee.says(486)


@pytest.mark.parametrize("calling", [OURS, "4711"])
def test_a_caller_who_is_not_believed_is_nobody_in_every_header(make: Make, calling: str) -> None:
    """By the judge's eyes as well: the other side has no octet of the number."""
    shows_nobody = Screening(forbidden=OWN, forbidden_in=Screen.REPLACE, malformed_in=Screen.REPLACE)
    call = calls_in(make, shows_nobody)
    call.caller.invites(
        calling=calling,
        headers=asserted(calling, "itsp.example") + f"Remote-Party-ID: <sip:{calling}@itsp.example>\r\n",
    )
    invite = call.callee.request("INVITE")
    assert str(invite.from_).startswith(ANONYMOUS)
    assert calling.encode() not in bytes(invite)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.ends()
    assert call.record.calling_number == calling


def test_who_is_nobody_stays_so_when_the_call_is_transferred(make: Make) -> None:
    call = calls_in(make, Screening(forbidden=OWN, forbidden_in=Screen.REPLACE))
    other = Peer(call.world, Side.FRONT_END, OTHER_FRONT_END)
    call.caller.invites(calling=OURS, headers=asserted(OURS, "itsp.example"))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.callee.heard()
    call.callee.refers("sip:+4930999@pbx.corp.example")
    invite = call.callee.request("INVITE")
    assert OURS.encode() not in bytes(invite)
    del other
    call.callee.says(486)
    call.ends()


@pytest.mark.parametrize("screen", [Screen.REPLACE, Screen.REFUSE])
def test_who_takes_another_ones_place_is_not_told_of_by_a_number_that_must_not_be_shown__rfc3891(
    make: Make, screen: Screen
) -> None:
    call = calls_in(make, Screening(forbidden=OWN, forbidden_in=screen))
    first = call.caller.invites(calling=STRANGER)
    call.callee.says(200, sdp=call.callee.sdp(), headers="Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n")
    call.caller.acks()
    call.callee.heard()
    replaces = f"Replaces: {call.caller.ids(first)}\r\nRequire: replaces\r\n"
    call.caller.invites(calling=OURS, headers=replaces + asserted(OURS, "itsp.example"))
    call.caller.acks()
    assert call.callee.heard() == []
    call.caller.hangs_up()


def test_a_call_for_help_that_goes_through_us_is_not_refused_either(make: Make) -> None:
    strict = Screening(forbidden=OWN, malformed_in=Screen.REFUSE, anonymous_in=Anonymous.REFUSE)
    through = Route(trunks=("itsp-b",), emergency=True, usages=("transit",))
    world = make(
        settings(screened(strict, usages=("transit",)), trunk("itsp-b", OTHER_SBC), routes=(through,))
    )
    call = Pair(world, Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC))
    for from_ in (f"<sip:{OURS}@itsp.example>", ANONYMOUS):
        call.caller.invites("112", from_=from_)
        assert call.callee.heard() == ["INVITE"]
        call.callee.says(486)
        call.callee.heard()


@pytest.mark.parametrize(
    ("from_", "headers"),
    [
        (ANONYMOUS, ""),
        ("<sip:itsp.example>", ""),
        (f"<sip:{STRANGER}@itsp.example>", "Privacy: id\r\n"),
        (f"<sip:{STRANGER}@itsp.example>", f"Remote-Party-ID: <sip:{STRANGER}@i.example>;privacy=full\r\n"),
    ],
)
def test_callers_from_outside_who_show_no_number_are_refused__rfc5079_4(
    make: Make, from_: str, headers: str
) -> None:
    call = calls_in(make, Screening(anonymous_in=Anonymous.REFUSE))
    call.caller.invites(from_=from_, headers=headers)
    assert call.caller.heard() == ["100", "433"]
    assert call.caller.response(433).headers.get("Reason") == 'Q.850;cause=24;text="anonymity-disallowed"'


@pytest.mark.parametrize(("trust", "told"), [(True, ["INVITE"]), (False, [])])
def test_who_helps_may_call_back_without_a_number__rfc7090_5(
    make: Make, trust: bool, told: list[str]
) -> None:
    call = calls_in(make, Screening(anonymous_in=Anonymous.REFUSE), identity=TrunkIdentity(trust=trust))
    call.caller.invites(from_=ANONYMOUS, headers="Priority: psap-callback\r\n")
    assert call.callee.heard() == told
    if told:
        call.callee.says(486)


def test_a_message_is_no_way_round_it(make: Make) -> None:
    call = calls_in(make, Screening(malformed_in=Screen.REFUSE))
    call.caller.asks("MESSAGE", headers="Content-Type: text/plain\r\n", body=b"hello")  # from "ping"
    assert call.caller.heard() == ["403 MESSAGE"]
    assert call.callee.heard() == []


# by the route


def shows(identity: TrunkIdentity, *, number: str = "", hides: bool = False, **terms: Any) -> Any:
    route = Route(trunks=("itsp-a",), caller_number=number, hide_caller=hides)
    return replace(trunk(**terms), identity=identity), (route,)


@pytest.mark.parametrize(
    "policy", [FromPolicy.AS_IS, FromPolicy.PAI, FromPolicy.NUMBER, FromPolicy.ANONYMOUS]
)
def test_a_route_shows_another_number_and_what_is_asserted_stays(make: Make, policy: FromPolicy) -> None:
    identity = TrunkIdentity(send=SendIdentity.PAI, from_=policy, number="+4930777")
    one, routes = shows(identity, number=MAIN)
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=OURS, headers=asserted(OURS))
    invite = call.callee.request("INVITE")
    assert str(invite.from_).startswith(f"<sip:{MAIN}@{OUTSIDE}:5060>")
    assert invite.headers.get_all("P-Asserted-Identity") == (f"<sip:{OURS}@{OUTSIDE}:5060>",)
    assert not invite.headers.has("Privacy")
    call.callee.says(486)
    assert call.record.attempts[0].calling == MAIN


def test_the_number_of_a_route_is_written_as_the_trunk_writes_numbers(make: Make) -> None:
    national = NumberRule(
        party=NumberParty.CALLING, direction=HeaderDirection.TO_PEER, match="^\\+49(.*)$", replace="0$1"
    )
    one, routes = shows(TrunkIdentity(), number=MAIN, numbers=(national,))
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=OURS)
    assert str(call.callee.request("INVITE").from_).startswith(f"<sip:0{MAIN[3:]}@{OUTSIDE}:5060>")
    call.callee.says(486)


def test_the_number_of_a_route_stands_in_for_callers_who_are_none_of_ours(make: Make) -> None:
    identity = TrunkIdentity(own_numbers=OWN, send=SendIdentity.PAI)
    one, routes = shows(identity, number=MAIN, screening=REFUSES)
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=STRANGER, headers=asserted(STRANGER))
    invite = call.callee.request("INVITE")
    assert STRANGER.encode() not in bytes(invite)
    assert invite.headers.get_all("P-Asserted-Identity") == (f"<sip:{MAIN}@{OUTSIDE}:5060>",)
    call.callee.says(486)


def test_whoever_wants_to_be_hidden_stays_so_on_a_route_with_a_number(make: Make) -> None:
    one, routes = shows(TrunkIdentity(), number=MAIN)
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=OURS, headers="Privacy: id\r\n")
    assert str(call.callee.request("INVITE").from_).startswith(ANONYMOUS)
    call.callee.says(486)


def test_a_route_hides_the_caller_from_a_trunk_that_hears_nobody_hidden__rfc3323_4(make: Make) -> None:
    one, routes = shows(TrunkIdentity(send=SendIdentity.PAI), hides=True)
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=OURS, headers=asserted(OURS) + "Privacy: none\r\n")
    invite = call.callee.request("INVITE")
    assert str(invite.from_).startswith(ANONYMOUS)
    assert invite.headers.get_all("Privacy") == ("id",)
    assert OURS.encode() not in bytes(invite)
    call.callee.says(486)


def test_an_itsp_of_our_trust_domain_hears_whom_the_route_hides__rfc3325_7(make: Make) -> None:
    one, routes = shows(TrunkIdentity(send=SendIdentity.PAI, reveal=True), hides=True)
    call = calls_out(make, one, routes=routes)
    call.caller.invites(ABROAD, calling=OURS, headers=asserted(OURS))
    invite = call.callee.request("INVITE")
    assert str(invite.from_).startswith(ANONYMOUS)
    assert invite.headers.get_all("Privacy") == ("id",)
    assert invite.headers.get_all("P-Asserted-Identity") == (f"<sip:{OURS}@{OUTSIDE}:5060>",)
    call.callee.says(486)


def test_whom_the_route_hides_is_hidden_when_another_one_takes_his_place(make: Make) -> None:
    one, routes = shows(TrunkIdentity(send=SendIdentity.PAI), hides=True)
    world = make(settings(one, routes=routes, front_ends=(OTHER_FRONT_END,)))
    call, other = outbound(world), Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.caller.invites(ABROAD, calling=OURS)
    call.callee.says(200, sdp=call.callee.sdp(), headers="Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n")
    call.caller.acks()
    call.callee.heard()
    call.caller.refers("sip:+493012345612@pbx.corp.example")
    other.says(200, sdp=other.sdp(), headers=asserted("+493012345612"))
    assert call.callee.heard() == []
    other.hangs_up()


def test_a_message_shows_whom_the_route_shows(make: Make) -> None:
    for hides, number, shown in ((True, "", ANONYMOUS), (False, MAIN, f"<sip:{MAIN}@{OUTSIDE}:5060>")):
        one, routes = shows(TrunkIdentity(), hides=hides, number=number)
        call = calls_out(make, one, routes=routes)
        call.caller.asks("MESSAGE", uri=f"sip:{ABROAD}@{call.caller.flow.local[0]}:5060")
        assert str(call.callee.request("MESSAGE").from_).startswith(shown)
        call.callee.says(200, to="MESSAGE")


def test_the_next_route_shows_what_it_says_itself(make: Make) -> None:
    world = make(settings(
        trunk("itsp-a", SBC), trunk("itsp-b", OTHER_SBC),
        routes=(
            Route(trunks=("itsp-a",), caller_number=MAIN, then_next=True),
            Route(trunks=("itsp-b",), hide_caller=True),
        ),
    ))  # fmt: skip
    call, other = outbound(world), Peer(world, Side.GATEWAY, OTHER_SBC)
    call.caller.invites(ABROAD, calling=OURS)
    assert MAIN in str(call.callee.request("INVITE").from_)
    call.callee.says(503)
    assert str(other.request("INVITE").from_).startswith(ANONYMOUS)
    other.says(486)
