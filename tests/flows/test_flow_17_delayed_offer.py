"""Flow 17: an INVITE without an offer: ours goes in the 200, the answer comes in the ACK (RFC 3261 section 13.2.1)."""

import pytest

from mediation.sdp.description import SessionDescription
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.midcall import SIDES, across, described, direction, sides, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk


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


@pytest.mark.parametrize("way", list(WAYS))
def test_our_offer_is_all_that_we_can_and_a_law_that_the_callee_lacks_is_translated(
    make: Make, way: str
) -> None:
    both = (Codec.PCMA, Codec.PCMU)
    call = WAYS[way](make(settings(trunk(codecs=both), codecs=both)))
    call.caller.invites(sdp=b"")
    call.callee.says(200, sdp=call.callee.sdp("PCMA"))
    offer = described(call.caller.response(200)).media[0]
    assert {"0", "8", "101"} <= set(offer.formats)
    call.caller.acks(call.caller.sdp("PCMU"))
    plan = call.media.plan
    assert (plan.caller.law, plan.callee.law) == (Law.PCMU, Law.PCMA)
    call.ends()


def test_a_200_whose_ack_was_lost_offers_the_same_again(call: Pair) -> None:
    answers(call)
    first = call.caller.response(200)
    call.advance(0.5)
    assert call.caller.response(200) == first
    assert call.caller.heard() == ["200"]
    call.caller.acks(call.caller.sdp())
    call.caller.acks(call.caller.sdp(port=4900))
    assert call.media.plan.caller.remote[1] == 4000, "the ACK that comes again brings nothing new"
    call.ends()


def test_a_caller_that_answers_with_a_hold_is_on_hold(call: Pair) -> None:
    answers(call)
    call.callee.heard()
    call.caller.acks(call.caller.sdp(direction="sendonly"))
    assert not call.media.plan.caller.takes
    assert call.callee.heard() == ["INVITE"], "which the callee is told"
    assert direction(call.callee.request("INVITE")) == "sendonly"
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly", version=2))
    call.ends()


def test_two_forks_answer_and_the_caller_gets_one_offer(call: Pair) -> None:
    call.caller.invites(sdp=b"")
    call.callee.says(180, tag="fork-a")
    call.callee.says(180, tag="fork-b")
    call.callee.says(200, sdp=call.callee.sdp(port=4200), tag="fork-b")
    tags = {message.to.tag for _, message in call.caller.received if message.to.tag}
    assert len(tags) == 1
    call.caller.acks(call.caller.sdp())
    assert call.media.plan.callee.remote[1] == 4200
    call.caller.hangs_up()


@pytest.mark.parametrize(("status", "told"), [(488, 488), (415, 488), (606, 606)])
def test_a_callee_that_refuses_is_not_offered_anything_else(call: Pair, status: int, told: int) -> None:
    call.caller.invites(sdp=b"")
    call.callee.says(status)
    assert call.callee.heard() == ["INVITE", "ACK"]
    assert call.caller.heard() == ["100", str(told)]


# the same within the call


@SIDES
def test_a_later_invite_without_an_offer_gets_all_that_we_can__rfc3261_14_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(b"")
    offer = described(one.response(200)).media[0]
    assert "101" in offer.formats
    assert offer.port
    assert direction(one.response(200)) == "sendrecv"
    one.acks(one.sdp(version=2))
    assert other.heard() == []
    call.ends()


@SIDES
def test_who_is_held_and_makes_no_offer_is_offered_the_hold(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    other.heard()
    other.reinvites(b"")
    assert other.heard() == ["200"]
    assert direction(other.response(200)) == "sendonly"
    other.acks(other.sdp(direction="recvonly", version=2))
    assert not stream(call, by).takes
    call.ends()


@SIDES
def test_who_holds_and_makes_no_offer_may_resume_with_its_answer__rfc6337_5_3(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    one.heard(), other.heard()
    one.reinvites(b"")
    assert direction(one.response(200)) == "sendrecv"
    one.acks(one.sdp(version=3))
    assert other.heard() == ["INVITE"]
    assert direction(other.request("INVITE")) == "sendrecv"
    other.says(200, sdp=other.sdp(version=3))
    assert (stream(call, by).takes, stream(call, across(by)).takes) == (True, True)
    call.ends()


@SIDES
def test_who_makes_no_offer_and_answers_with_a_hold_holds(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(b"")
    one.acks(one.sdp(direction="sendonly", version=2))
    assert other.heard() == ["INVITE"]
    assert direction(other.request("INVITE")) == "sendonly"
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    assert not stream(call, by).takes
    call.ends()


@SIDES
def test_a_later_invite_without_an_offer_whose_ack_never_comes_ends_the_call(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(b"")
    call.advance(32.1)
    assert one.heard()[-1] == "BYE"
    assert other.heard() == ["BYE"]
    assert call.record.cause.reason == "no-ack"


@SIDES
def test_a_later_invite_without_an_offer_meets_ours_and_is_491(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    other.reinvites(b"")
    assert other.heard() == ["INVITE", "491"]
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    call.ends()
