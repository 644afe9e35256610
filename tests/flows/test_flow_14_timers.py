"""Flow 14: session timers of each leg by itself: what is agreed, and what is too brief (RFC 4028)."""

import pytest

from mediation.sip.session_timer import Preference, TimerMode
from tests.flows.midcall import SIDES
from tests.flows.pair import Make, Pair
from tests.flows.timed import (
    KNOWS,
    TAKES_UPDATE,
    methods,
    talks,
    timed,
    ways,
    we_refresh,
)

# what is agreed


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("600;refresher=uac", "600;refresher=uac"),
        ("600;refresher=uas", "600;refresher=uas"),
        ("600", "600;refresher=uac"),
    ],
)
def test_a_caller_that_asks_for_a_timer_gets_one_and_the_callee_none__rfc4028_9(
    call: Pair, asked: str, answered: str
) -> None:
    call.caller.invites(headers=f"{KNOWS}Session-Expires: {asked}\r\n")
    assert not call.callee.request("INVITE").headers.has("Session-Expires")
    call.callee.says(200, sdp=call.callee.sdp())
    accepted = call.caller.response(200)
    assert accepted.headers.get("Session-Expires") == answered
    assert "timer" in accepted.require
    call.caller.acks()
    call.ends()


def test_a_caller_that_knows_no_timer_but_names_a_refresher_is_refreshed_by_us__rfc4028_9(call: Pair) -> None:
    """Table 2 of the RFC has no such row: what a broken peer asks for and cannot do is ours to do."""
    talks(call, caller=f"{TAKES_UPDATE}Session-Expires: 600;refresher=uac\r\n")
    accepted = call.caller.response(200)
    assert accepted.headers.get("Session-Expires") == "600;refresher=uas"
    assert "timer" not in accepted.require
    call.advance(300)
    assert call.caller.heard() == ["UPDATE"]
    call.caller.says(200, to="UPDATE")
    call.ends()


@ways
def test_where_the_terms_say_so_we_ask_for_one__rfc4028_7_1(make: Make, way: str) -> None:
    call = timed(make, way, mode=TimerMode.OFFER, expires_s=900, refresher=Preference.US)
    call.caller.invites()
    invite = call.callee.request("INVITE")
    assert invite.headers.get("Session-Expires") == "900;refresher=uac"
    assert "timer" in invite.supported
    call.callee.says(200, sdp=call.callee.sdp(), headers="Session-Expires: 900;refresher=uac\r\n")
    call.caller.acks()
    call.ends()


@ways
def test_each_leg_has_an_interval_and_a_refresher_of_its_own(make: Make, way: str) -> None:
    call = timed(make, way, mode=TimerMode.OFFER, expires_s=900)
    talks(
        call,
        caller=f"{KNOWS}{TAKES_UPDATE}Session-Expires: 200;refresher=uas\r\n",
        callee=f"{TAKES_UPDATE}Require: timer\r\nSession-Expires: 700;refresher=uac\r\n",
    )
    for _ in range(3):
        call.advance(100)
        assert call.caller.heard() == ["UPDATE"]
        call.caller.says(200, to="UPDATE", headers="Session-Expires: 200;refresher=uac\r\n")
        assert call.callee.heard() == []
    call.advance(50)
    assert (call.caller.heard(), call.callee.heard()) == ([], ["UPDATE"])
    call.callee.says(200, to="UPDATE", headers="Session-Expires: 700;refresher=uac\r\n")
    call.ends()


# too brief


@ways
def test_an_interval_below_our_minimum_is_422_with_it_before_anybody_is_called__rfc4028_8(
    make: Make, way: str
) -> None:
    call = timed(make, way, min_se_s=300)
    call.caller.invites(headers=f"{KNOWS}Session-Expires: 120\r\n")
    assert call.caller.heard() == ["100", "422"]
    assert call.caller.response(422).headers.get("Min-SE") == "300"
    assert call.callee.heard() == []


@ways
@SIDES
@methods
def test_an_interval_that_is_too_brief_within_the_call_is_422_and_the_call_goes_on__rfc4028_8(
    make: Make, way: str, by: str, method: str
) -> None:
    call = timed(make, way, min_se_s=300)
    talks(call)
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    headers = f"{KNOWS}Session-Expires: 120\r\n"
    if method == "INVITE":
        one.reinvites(headers=headers)
    else:
        one.updates(headers=headers)
    assert one.heard() == ["422" if method == "INVITE" else "422 UPDATE"]
    assert one.response(422).headers.get("Min-SE") == "300"
    assert other.heard() == []
    call.ends()


@ways
def test_a_422_is_answered_by_a_longer_interval_and_the_caller_hears_nothing__rfc4028_7_3(
    make: Make, way: str
) -> None:
    call = timed(make, way, mode=TimerMode.OFFER, expires_s=600)
    call.caller.invites()
    first = call.callee.request("INVITE")
    call.callee.says(422, headers="Min-SE: 1200\r\n")
    second = call.callee.request("INVITE")
    assert call.callee.heard() == ["INVITE", "ACK", "INVITE"]
    assert (second.headers.get("Session-Expires") or "").startswith("1200")
    assert second.headers.get("Min-SE") == "1200"
    assert second.cseq.number == first.cseq.number + 1
    assert (second.call_id, second.from_) == (first.call_id, first.from_)
    assert second.body == first.body
    call.callee.says(200, sdp=call.callee.sdp(), headers="Session-Expires: 1200;refresher=uac\r\n")
    assert call.caller.heard() == ["100", "200"]
    call.caller.acks()
    call.ends()


@ways
@pytest.mark.parametrize("minimum", ["", "Min-SE: 600\r\n", "Min-SE: 99999999\r\n", "Min-SE: soon\r\n"])
def test_a_422_that_leads_nowhere_fails_the_call__rfc4028_7_3(make: Make, way: str, minimum: str) -> None:
    call = timed(make, way, mode=TimerMode.OFFER, expires_s=600)
    call.caller.invites()
    call.callee.says(422, headers=minimum)
    assert call.callee.heard() == ["INVITE", "ACK"]
    assert call.caller.heard()[-1][0] in "45"


@SIDES
@methods
def test_a_refresh_that_is_422_is_asked_for_again_with_a_longer_interval__rfc4028_7_4(
    call: Pair, by: str, method: str
) -> None:
    one, other = we_refresh(call, by, method=method)
    call.advance(300)
    first = one.request(method)
    one.says(422, to=method, headers="Min-SE: 1000\r\n")
    again = one.request(method)
    assert (again.headers.get("Session-Expires") or "").startswith("1000")
    assert again.cseq.number == first.cseq.number + 1
    assert again.body == first.body
    answer = one.sdp() if method == "INVITE" else b""
    one.says(200, to=method, sdp=answer, headers="Session-Expires: 1000;refresher=uac\r\n")
    call.advance(499)
    assert other.heard() == []
    call.ends()
