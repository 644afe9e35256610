"""An INVITE without an offer: ours goes in the 200, the answer comes in the ACK (RFC 3261 section 13.2.1)."""

import pytest

from mediation.sdp.description import SessionDescription
from tests.flows.pair import Pair


def answers(call: Pair) -> SessionDescription:
    """The caller invites without an offer, the callee answers; returns our offer to the caller."""
    call.caller.invites(sdp=b"")
    call.callee.says(180)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["100", "180", "200"]
    return SessionDescription.parse(call.caller.response(200).body)


def test_the_callee_gets_an_offer_of_ours_all_the_same(call: Pair) -> None:
    call.caller.invites(sdp=b"")
    assert SessionDescription.parse(call.callee.request("INVITE").body).media[0].port
    call.callee.says(486)


def test_the_200_holds_our_offer_and_the_ack_brings_the_answer(call: Pair) -> None:
    offer = answers(call)
    assert offer.media[0].port
    assert call.media.plans == []
    call.caller.acks(call.caller.sdp())
    assert call.media.plan.caller.remote == (call.caller.flow.remote[0], 4000)
    call.ends()


def test_early_media_is_impossible_so_ringing_is_plain(call: Pair) -> None:
    call.caller.invites(sdp=b"")
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.heard() == ["100", "183"]
    assert call.caller.response(183).body == b""
    assert call.media.plans == []
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(call.caller.sdp())
    assert len(call.media.plans) == 1
    call.caller.hangs_up()


@pytest.mark.parametrize("answer", [b"", b"rubbish"])
def test_an_ack_without_an_answer_hangs_up_both(call: Pair, answer: bytes) -> None:
    answers(call)
    call.caller.acks(answer)
    assert call.caller.heard() == ["BYE"]
    assert call.callee.heard() == ["INVITE", "ACK", "BYE"]
    assert call.record.cause.reason == "no-sdp-in-ack"


def test_an_answer_that_shares_no_codec_hangs_up_both(call: Pair) -> None:
    answers(call)
    call.caller.acks(call.caller.sdp("G722"))
    assert call.caller.heard() == ["BYE"]
    assert call.callee.heard()[-1] == "BYE"


def test_without_ack_both_legs_end__rfc3261_13_3_1_4(call: Pair) -> None:
    answers(call)
    call.advance(32.1)
    assert call.caller.heard()[-1] == "BYE"
    assert call.callee.heard()[-1] == "BYE"
    assert call.record.cause.reason == "no-ack"


def test_a_caller_may_hang_up_before_its_answer(call: Pair) -> None:
    answers(call)
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE"]
    assert call.callee.heard()[-1] == "BYE"
    assert call.media.plans == []


def test_a_callee_that_hangs_up_before_the_answer_ends_both(call: Pair) -> None:
    answers(call)
    call.callee.hangs_up()
    call.caller.acks(call.caller.sdp())
    assert call.caller.heard() == ["BYE"]
    assert call.over


def test_a_callee_that_moves_before_the_answer_is_followed_when_it_comes(call: Pair) -> None:
    answers(call)
    call.callee.line.sequence = 200
    call.callee.reinvites(call.callee.sdp(port=4700, version=2))
    call.callee.acks()
    assert call.media.plans == []
    call.caller.acks(call.caller.sdp())
    assert call.media.plan.callee.remote[1] == 4700
    call.ends()
