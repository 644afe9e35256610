"""Races that the explorer has found, each as its smallest ladder (RFC 5407, RFC 3261 sections 13 to 15)."""

import pytest

from tests.flows.pair import Pair
from tests.flows.peers import Peer

SIDES = pytest.mark.parametrize("by", ["caller", "callee"])


def talking(call: Pair, by: str) -> tuple[Peer, Peer]:
    """Who begins the race, and who does not; both have heard the call begin."""
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return one, other


@SIDES
def test_an_ack_that_comes_twice_takes_nothing_from_the_invite_after_it__rfc3261_13_3_1_4(
    call: Pair, by: str
) -> None:
    """Our 2xx was repeated, so its ACK is; the INVITE that waits for the other side meanwhile is another one."""
    one, other = talking(call, by)
    for version, (direction, answer) in enumerate([("sendonly", "recvonly"), ("sendrecv", "sendrecv")], 2):
        one.reinvites(one.sdp(version=version, direction=direction))
        assert other.heard() == ["INVITE"]
        if version == 3:
            one.acks(sequence=one.line.sequence - 1)
        other.says(200, sdp=other.sdp(version=version, direction=answer))
        assert one.heard() == ["100", "200"]
        one.acks()
        assert other.heard() == ["ACK"]
    call.ends()


@SIDES
def test_no_invite_of_ours_goes_out_before_the_ack_to_our_refusal_of_theirs__rfc3261_14_1(
    call: Pair, by: str
) -> None:
    one, other = talking(call, by)
    other.acks_failures = False
    one.reinvites(one.sdp(version=2, direction="sendonly"))
    other.heard()
    other.reinvites(other.sdp(version=2, direction="sendonly"))
    assert other.heard() == ["491"]
    other.says(491)
    assert other.heard() == ["ACK"]
    one.heard()
    one.reinvites(one.sdp(version=3, direction="sendonly"))
    assert one.heard() == ["491"]
    assert other.heard() == []
    call.ends()


def test_who_holds_before_the_answer_is_on_hold_behind_it__rfc3311_5_1(call: Pair) -> None:
    """The called side hears of it once it has answered: before, nothing of ours but its own INVITE is under way."""
    call.caller.invites(headers="Require: 100rel\r\n")
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.pracks()
    call.caller.asks("UPDATE", within=True, body=call.caller.sdp(direction="sendonly", version=2))
    assert call.caller.heard() == ["100", "183", "200 PRACK", "200 UPDATE"]
    call.callee.heard()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["ACK", "INVITE"]
    assert b"a=sendonly" in call.callee.request("INVITE").body
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly", version=2))
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.ends()


def test_behind_an_early_bye_a_200_that_was_lost_is_said_again_to_who_asks_again__rfc5407_3_1_1(
    call: Pair,
) -> None:
    """The BYE ends its repetition (RFC 5407 section 3.1.5); an INVITE that comes again is no second call."""
    call.rings()
    invite = call.caller.said
    call.callee.says(200, sdp=call.callee.sdp())
    answer = call.caller.response(200)
    assert call.caller.heard() == ["200"]
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE"]
    call.advance(5)
    assert call.caller.heard() == []
    call.caller.repeats_what_it_said(invite)
    assert call.caller.heard() == ["200"]
    assert call.caller.response(200) == answer
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.over


@SIDES
@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_behind_a_bye_the_answer_to_a_later_invite_is_said_again_to_who_asks_again__rfc5407_3_2_3(
    call: Pair, by: str, first: str
) -> None:
    one, other = talking(call, by)
    one.reinvites(one.sdp(version=2, direction="sendonly"))
    invite = one.said
    other.says(200, sdp=other.sdp(version=2, direction="recvonly"))
    answer = one.response(200)
    assert one.heard() == ["100", "200"]
    (one if first == "theirs" else other).hangs_up()
    assert one.heard() == (["200 BYE"] if first == "theirs" else ["BYE"])
    call.advance(5)
    assert one.heard() == []
    one.repeats_what_it_said(invite)
    assert one.heard() == ["200"]
    assert [message for _, message in one.received][-1] == answer


@SIDES
def test_behind_a_bye_an_invite_whose_answer_was_acknowledged_is_a_straggler__rfc6026_7_1(
    call: Pair, by: str
) -> None:
    one, other = talking(call, by)
    one.reinvites(one.sdp(version=2, direction="sendonly"))
    invite = one.said
    other.says(200, sdp=other.sdp(version=2, direction="recvonly"))
    one.acks()
    other.hangs_up()
    one.heard()
    one.repeats_what_it_said(invite)
    assert one.heard() == []


@SIDES
def test_behind_a_bye_a_late_ack_makes_the_invite_a_straggler__rfc5407_3_2_4(call: Pair, by: str) -> None:
    one, other = talking(call, by)
    one.reinvites(one.sdp(version=2, direction="sendonly"))
    invite = one.said
    other.says(200, sdp=other.sdp(version=2, direction="recvonly"))
    other.hangs_up()
    one.acks()
    one.heard()
    one.repeats_what_it_said(invite)
    assert one.heard() == []
