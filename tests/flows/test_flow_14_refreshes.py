"""Flow 14: session timers: refreshes of ours and of theirs, and what comes when there are none (RFC 4028)."""

import pytest

from mediation.settings.peer_terms import MidCall, Relay
from mediation.settings.peers import Side
from mediation.sip.flow import Transport
from mediation.sip.session_timer import TimerMode
from tests.flows.midcall import ANSWERS, SIDES, across, direction, stream, version
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, SBC, settings, trunk
from tests.flows.test_lost_connections import lose
from tests.flows.timed import KNOWS, TAKES_UPDATE, methods, talks, they_refresh, timed, ways, we_refresh

# refreshes of ours


@SIDES
@methods
def test_we_refresh_at_half_of_the_interval_and_change_nothing__rfc4028_7_4(
    call: Pair, by: str, method: str
) -> None:
    one, other = we_refresh(call, by, method=method)
    described = one.response(200).body if by == "caller" else one.request("INVITE").body
    for _ in range(3):
        call.advance(299.9)
        assert one.heard() == []
        call.advance(0.2)
        assert one.heard() == [method]
        refresh = one.request(method)
        assert refresh.headers.get("Session-Expires") == "600;refresher=uac"
        assert refresh.contact is not None
        assert refresh.body == (described if method == "INVITE" else b"")
        answer = one.sdp() if method == "INVITE" else b""
        one.says(200, to=method, sdp=answer, headers="Session-Expires: 600;refresher=uac\r\n")
        assert one.heard() == (["ACK"] if method == "INVITE" else [])
    assert other.heard() == []
    assert len(call.media.plans) == 1
    call.ends()


@SIDES
@pytest.mark.parametrize("status", [405, 501, 488, 500])
def test_a_refused_update_is_followed_by_an_invite__rfc4028_10(call: Pair, by: str, status: int) -> None:
    one, other = we_refresh(call, by)
    call.advance(300)
    one.says(status, to="UPDATE")
    assert one.heard() == ["UPDATE", "INVITE"]
    one.says(200, sdp=one.sdp(), headers="Session-Expires: 600;refresher=uac\r\n")
    assert one.heard() == ["ACK"]
    call.advance(300)
    assert one.heard() == (["INVITE"] if status in (405, 501) else ["UPDATE"])
    one.says(200, to=one.received[-1][1].cseq.method, sdp=one.sdp())
    assert other.heard() == []
    call.ends()


@SIDES
@methods
@pytest.mark.parametrize("status", [408, 481])
def test_a_refresh_that_meets_a_dialog_that_is_gone_ends_both_legs_with_a_reason__rfc4028_10(
    call: Pair, by: str, method: str, status: int
) -> None:
    one, other = we_refresh(call, by, method=method)
    call.advance(300)
    one.says(status, to=method)
    assert one.heard()[-1] == "BYE"
    assert other.heard() == ["BYE"]
    assert other.request("BYE").headers.has("Reason")
    assert call.record.cause.reason == "dialog-lost"


@SIDES
@methods
def test_a_refresh_that_nobody_answers_ends_both_legs__rfc4028_10(call: Pair, by: str, method: str) -> None:
    one, other = we_refresh(call, by, method=method)
    call.advance(332.1)
    assert one.heard()[-1] == "BYE"
    assert other.heard() == ["BYE"]
    assert call.over


@SIDES
@methods
def test_a_refresh_that_met_theirs_is_tried_again__rfc3261_14_1(call: Pair, by: str, method: str) -> None:
    one, other = we_refresh(call, by, method=method)
    call.advance(300)
    one.says(491, to=method)
    one.heard()
    call.advance(4.01)
    assert set(one.heard()) == {method}
    answer = one.sdp() if method == "INVITE" else b""
    one.says(200, to=method, sdp=answer, headers="Session-Expires: 600;refresher=uac\r\n")
    call.advance(290)
    assert other.heard() == []
    call.ends()


@SIDES
def test_a_refresh_that_fails_otherwise_leaves_the_session_to_its_expiration__rfc4028_10(
    call: Pair, by: str
) -> None:
    one, other = we_refresh(call, by, method="INVITE")
    call.advance(300)
    one.says(500)
    assert one.heard() == ["INVITE", "ACK"]
    call.advance(267.9)
    assert other.heard() == []
    call.advance(0.2)
    assert one.heard() == other.heard() == ["BYE"]
    assert call.record.cause.reason == "session-expired"


@SIDES
@methods
def test_a_refresh_does_not_end_a_hold(call: Pair, by: str, method: str) -> None:
    one, other = we_refresh(call, by, method=method)
    other.reinvites(other.sdp(direction="sendonly", version=2))
    timer = "Session-Expires: 600;refresher=uac\r\n"
    one.says(200, sdp=one.sdp(direction="recvonly", version=2), headers=timer)
    other.acks()
    held, plans = call.media.plan, len(call.media.plans)
    said = version(one.request("INVITE"))
    one.heard(), other.heard()
    call.advance(300)
    assert one.heard() == [method]
    if method == "INVITE":
        assert direction(one.request("INVITE")) == "sendonly"
        assert version(one.request("INVITE")) == said
    answer = one.sdp(direction="recvonly", version=2) if method == "INVITE" else b""
    one.says(200, to=method, sdp=answer, headers="Session-Expires: 600;refresher=uac\r\n")
    assert other.heard() == []
    assert (call.media.plan, len(call.media.plans)) == (held, plans)
    call.ends()


def test_a_refresh_long_after_its_connection_has_gone_goes_to_the_contact__rfc3261_12_2_1_1(
    make: Make,
) -> None:
    world = make(settings())
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TLS, connection=7)
    call = Pair(world, front_end, Peer(world, Side.GATEWAY, SBC))
    we_refresh(call, "caller")
    lose(call.caller, 7, dead=False)
    del world._connections[7]
    call.advance(300)
    assert call.caller.heard() == ["UPDATE"], "by a new connection to the place that its Contact names"
    call.caller.says(200, to="UPDATE", headers="Session-Expires: 600;refresher=uac\r\n")
    call.ends()


# refreshes of theirs


@SIDES
@methods
def test_their_refresh_is_answered_here_and_starts_the_interval_anew__rfc4028_9(
    call: Pair, by: str, method: str
) -> None:
    one, other = they_refresh(call, by)
    plan = call.media.plan
    for _ in range(3):
        call.advance(500)
        headers = f"{KNOWS}Session-Expires: 600;refresher=uac\r\n"
        if method == "INVITE":
            one.reinvites(headers=headers)
            one.acks()
        else:
            one.updates(headers=headers)
        assert one.heard() == ["200" if method == "INVITE" else "200 UPDATE"]
        assert one.response(200).headers.get("Session-Expires") == "600;refresher=uac"
    assert other.heard() == []
    assert call.media.plan == plan
    assert len(call.media.plans) == 1
    call.ends()


@SIDES
@pytest.mark.parametrize(("interval", "ends_at"), [(600, 568.0), (93, 62.0)])
def test_without_a_refresh_of_theirs_both_legs_end_a_while_before_the_expiration__rfc4028_10(
    call: Pair, by: str, interval: int, ends_at: float
) -> None:
    """By the smaller of 32 seconds and a third of the interval."""
    one, other = they_refresh(call, by, interval)
    call.advance(ends_at - 0.1)
    assert one.heard() == other.heard() == []
    call.advance(0.2)
    assert one.heard() == other.heard() == ["BYE"]
    assert call.record.cause.reason == "session-expired"


@SIDES
def test_a_refresh_that_hands_the_work_to_us_is_followed_by_ours__rfc4028_7_4(call: Pair, by: str) -> None:
    one, _ = they_refresh(call, by)
    call.advance(200)
    one.updates(headers=f"{KNOWS}{TAKES_UPDATE}Session-Expires: 300;refresher=uas\r\n")
    assert one.response(200).headers.get("Session-Expires") == "300;refresher=uas"
    one.heard()
    call.advance(150)
    assert one.heard() == ["UPDATE"]
    one.says(200, to="UPDATE", headers="Session-Expires: 300;refresher=uac\r\n")
    call.ends()


@SIDES
def test_a_refresh_of_theirs_that_meets_ours_is_answered_and_ours_goes_on__rfc3311_5_2(
    call: Pair, by: str
) -> None:
    one, _ = we_refresh(call, by)
    call.advance(300)
    one.updates(headers=f"{KNOWS}{TAKES_UPDATE}Session-Expires: 600;refresher=uas\r\n")
    assert one.heard() == ["UPDATE", "200 UPDATE"]
    one.says(200, to="UPDATE", headers="Session-Expires: 600;refresher=uac\r\n")
    call.advance(299)
    assert one.heard() == []
    call.ends()


@ways
def test_a_caller_without_timers_is_421_where_they_are_demanded__rfc3261_21_4_16(
    make: Make, way: str
) -> None:
    call = timed(make, way, mode=TimerMode.REQUIRE)
    call.caller.invites()
    assert call.caller.heard() == ["100", "421"]
    assert call.caller.response(421).require == ("timer",)


@ways
def test_where_timers_are_off_the_peers_refreshes_are_answered_and_nothing_expires(
    make: Make, way: str
) -> None:
    call = timed(make, way, mode=TimerMode.OFF)
    talks(call, caller=f"{KNOWS}Session-Expires: 200;refresher=uac\r\n")
    assert not call.caller.response(200).headers.has("Session-Expires")
    call.caller.updates(headers=f"{KNOWS}Session-Expires: 200;refresher=uac\r\n")
    assert call.caller.heard() == ["200 UPDATE"]
    call.advance(5000)
    assert call.caller.heard() == call.callee.heard() == []
    call.ends()


@SIDES
def test_a_hold_of_theirs_that_crosses_our_refresh_is_passed_on_and_both_come_through(
    call: Pair, by: str
) -> None:
    one, other = we_refresh(call, by)
    call.advance(300)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=other.sdp(direction=ANSWERS["sendonly"], version=2))
    one.says(200, to="UPDATE", headers="Session-Expires: 600;refresher=uac\r\n")
    one.acks()
    assert not stream(call, by).takes
    assert not stream(call, across(by)).sends
    call.ends()


@ways
@SIDES
def test_a_hold_that_is_not_passed_on_is_no_news_to_a_refresh(make: Make, way: str, by: str) -> None:
    local = MidCall(hold=Relay.LOCAL)
    call = WAYS[way](make(settings(trunk(mid_call=local), mid_call=local)))
    one, other = we_refresh(call, by, method="INVITE")
    other.reinvites(other.sdp(direction="sendonly", version=2))
    other.acks()
    call.advance(300)
    assert one.heard() == ["INVITE"]
    assert direction(one.request("INVITE")) == "sendrecv"
    one.says(200, sdp=one.sdp(), headers="Session-Expires: 600;refresher=uac\r\n")
    assert not stream(call, across(by)).takes
    call.ends()
