"""Flow 11: hold and resume, passed on or met on one side (RFC 3264 sections 6.1 and 8.4, RFC 6337 section 5)."""

from collections.abc import Callable

import pytest

from mediation.settings.peer_terms import MidCall, Relay
from mediation.sip.message import Message
from tests.flows.midcall import ANSWERS, SIDES, across, described, direction, sides, stream, version
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import settings, trunk

LOCAL = MidCall(hold=Relay.LOCAL)

SPELLINGS = pytest.mark.parametrize(
    ("spelling", "means"),
    [("sendonly", "sendonly"), ("recvonly", "recvonly"), ("inactive", "inactive"), ("zeros", "sendonly"),
     ("zeros inactive", "inactive"), ("zeros sendonly", "sendonly")],
)  # fmt: skip
"""How phones say it, and what they mean: an address of zeros asks to be sent nothing (RFC 3264 section 8.4)."""


def hold(peer: Peer, spelling: str, number: int = 2) -> bytes:
    """A description that holds; `zeros` is the old way, with the port kept."""
    said = spelling.removeprefix("zeros").strip() or "sendrecv"
    return peer.sdp(host="0.0.0.0" if "zeros" in spelling else "", direction=said, version=number)


def passes(one: Peer, other: Peer, offer: bytes, answer: str, number: int = 2) -> None:
    """One asks, the other is asked and agrees, both acknowledge."""
    one.reinvites(offer)
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=other.sdp(direction=answer, version=number))
    assert other.heard() == ["ACK"]
    assert one.heard() == ["100", "200"]
    one.acks()


@SIDES
@SPELLINGS
def test_hold_and_resumption_are_passed_on_in_words_of_ours__rfc3264_8_4(
    call: Pair, by: str, spelling: str, means: str
) -> None:
    one, other = sides(call, by)
    before = call.media.plan
    passes(one, other, hold(one, spelling), ANSWERS[means])
    assert direction(other.request("INVITE")) == means
    assert direction(one.response(200)) == ANSWERS[means]
    assert described(other.request("INVITE")).media[0].port
    assert (stream(call, by).sends, stream(call, by).takes) == (means == "sendonly", means == "recvonly")
    far = stream(call, across(by))
    assert (far.sends, far.takes) == (means == "recvonly", means == "sendonly")
    passes(one, other, one.sdp(version=3), "sendrecv", 3)
    assert direction(other.request("INVITE")) == direction(one.response(200)) == "sendrecv"
    assert call.media.plan == before
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
@SIDES
@SPELLINGS
def test_hold_and_resumption_are_met_on_one_side_where_the_terms_say_so(
    make: Make, way: str, by: str, spelling: str, means: str
) -> None:
    call = WAYS[way](make(settings(trunk(mid_call=LOCAL), mid_call=LOCAL)))
    answer = is_met_here(call, by, lambda one: hold(one, spelling), means)
    assert direction(answer) == ANSWERS[means]


def is_met_here(call: Pair, by: str, offer: Callable[[Peer], bytes], means: str) -> Message:
    """One holds by this offer and resumes, and the other side hears nothing of it. Returns the answer to the hold."""
    one, other = sides(call, by)
    before, far = call.media.plan, stream(call, across(by))
    one.reinvites(offer(one))
    one.acks()
    answer = one.response(200)
    assert (stream(call, by).sends, stream(call, by).takes) == (means == "sendonly", means == "recvonly")
    assert stream(call, across(by)) == far
    one.reinvites(one.sdp(version=3))
    one.acks()
    assert one.heard() == ["200", "200"]
    assert other.heard() == []
    assert call.media.plan == before
    call.ends()
    return answer


@SIDES
def test_audio_that_is_switched_off_is_a_hold_until_it_comes_back__rfc3264_8_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    before = call.media.plan
    passes(one, other, one.sdp(port=0, version=2), "inactive")
    assert direction(other.request("INVITE")) == "inactive"
    assert described(other.request("INVITE")).media[0].port
    assert described(one.response(200)).media[0].port == 0
    near, far = stream(call, by), stream(call, across(by))
    assert (near.sends, near.takes, far.sends, far.takes) == (False, False, False, False)
    passes(one, other, one.sdp(version=3), "sendrecv", 3)
    assert direction(other.request("INVITE")) == direction(one.response(200)) == "sendrecv"
    assert call.media.plan == before
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
@SIDES
def test_audio_that_is_switched_off_is_met_on_one_side_where_the_terms_say_so__rfc3264_8_2(
    make: Make, way: str, by: str
) -> None:
    call = WAYS[way](make(settings(trunk(mid_call=LOCAL), mid_call=LOCAL)))
    answer = is_met_here(call, by, lambda one: one.sdp(port=0, version=2), "inactive")
    assert described(answer).media[0].port == 0


@SIDES
def test_a_party_that_has_switched_its_audio_off_may_be_asked_again__rfc3264_8_3(call: Pair, by: str) -> None:
    """The other party moves meanwhile: whoever holds is offered audio, and answers with port 0 again."""
    one, other = sides(call, by)
    passes(one, other, one.sdp(port=0, version=2), "inactive")
    one.heard(), other.heard()
    other.reinvites(other.sdp(port=4100, direction="inactive", version=3))
    assert one.heard() == ["INVITE"]
    assert described(one.request("INVITE")).media[0].port
    one.says(200, sdp=one.sdp(port=0, version=3))
    assert (one.heard(), other.heard()) == (["ACK"], ["100", "200"])
    assert direction(other.response(200)) == "inactive"
    other.acks()
    passes(one, other, one.sdp(version=4), "sendrecv", 4)
    assert (stream(call, by).sends, stream(call, by).takes) == (True, True)
    call.ends()


@SIDES
def test_a_direction_for_the_whole_session_is_one_for_its_audio__rfc8866_6_7(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    offer = (
        one.sdp(version=2).replace(b"a=sendrecv\r\n", b"").replace(b"t=0 0\r\n", b"t=0 0\r\na=inactive\r\n")
    )
    passes(one, other, offer, "inactive")
    assert direction(other.request("INVITE")) == direction(one.response(200)) == "inactive"
    call.ends()


@SIDES
def test_both_hold_and_the_resumption_of_one_leaves_the_other_s_hold__rfc6337_5_3(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "recvonly")
    passes(other, one, hold(other, "sendonly", 3), "inactive", 3)
    assert direction(one.request("INVITE")) == "sendonly"
    assert direction(other.response(200)) == "inactive"
    near, far = stream(call, by), stream(call, across(by))
    assert (near.sends, near.takes, far.sends, far.takes) == (False,) * 4
    passes(one, other, one.sdp(version=4), "sendonly", 4)
    assert direction(one.response(200)) == "sendonly"
    assert (stream(call, by).takes, stream(call, across(by)).takes) == (True, False)
    passes(other, one, other.sdp(version=5), "sendrecv", 5)
    near, far = stream(call, by), stream(call, across(by))
    assert (near.sends, near.takes, far.sends, far.takes) == (True,) * 4
    call.ends()


@SIDES
def test_the_second_of_two_holds_may_be_inactive_and_its_resumption_is_not_heard__rfc6337_5_3(
    call: Pair, by: str
) -> None:
    """A party that is held already may say `inactive`: who is on hold hears nothing from it either way."""
    one, other = sides(call, by)
    passes(one, other, hold(one, "inactive"), "inactive")
    other.reinvites(hold(other, "inactive", 3))
    if one.heard() == ["INVITE"]:
        one.says(200, sdp=one.sdp(direction="inactive", version=3))
    other.acks()
    assert other.heard()[-1] == "200"
    one.heard()
    one.reinvites(one.sdp(version=4))
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=other.sdp(direction="inactive", version=4))
    assert direction(one.response(200)) == "inactive"
    one.acks()
    assert not stream(call, across(by)).takes
    call.ends()


@SIDES
def test_a_hold_that_brings_another_place_is_resumed_there(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    passes(one, other, one.sdp(direction="sendonly", port=4998, version=2), "recvonly")
    passes(one, other, one.sdp(port=4998, version=3), "sendrecv", 3)
    assert (stream(call, by).remote[1], stream(call, by).takes) == (4998, True)
    call.ends()


@SIDES
@pytest.mark.parametrize(
    ("said", "heard"), [(488, 488), (606, 606), (403, 403), (500, 500), (603, 603), (415, 488), (401, 403)]
)
def test_a_hold_that_the_other_side_refuses_is_refused_and_nothing_has_changed__rfc3261_14_1(
    call: Pair, by: str, said: int, heard: int
) -> None:
    one, other = sides(call, by)
    before = call.media.plan
    one.reinvites(hold(one, "sendonly"))
    other.says(said)
    assert other.heard() == ["INVITE", "ACK"]
    assert one.heard() == ["100", str(heard)]
    assert call.media.plan == before
    assert len(call.media.plans) == 1
    call.advance(10)
    assert other.heard() == []
    passes(one, other, hold(one, "sendonly", 3), "recvonly", 3)
    call.ends()


@SIDES
@pytest.mark.parametrize("said", [408, 481])
def test_a_hold_that_meets_a_dialog_that_is_gone_ends_the_call__rfc3261_12_2_1_2(
    call: Pair, by: str, said: int
) -> None:
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    other.says(said)
    assert other.heard() == ["INVITE", "ACK", "BYE"]
    assert one.heard() == ["100", "487", "BYE"]
    assert call.record.cause.reason == "dialog-lost"


@SIDES
def test_a_hold_that_nobody_answers_ends_the_call__rfc3261_12_2_1_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    call.advance(32.1)
    assert one.heard() == ["100", "487", "BYE"]
    assert other.heard() == ["INVITE"] * 7 + ["BYE"]
    assert call.over


@SIDES
@pytest.mark.parametrize("who", ["asker", "asked"])
def test_a_hold_that_is_being_considered_when_the_call_ends_leaves_nothing(
    call: Pair, by: str, who: str
) -> None:
    """The asked side says 100 and then nothing: what we wait for is over with the call."""
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    other.says(100)
    (one if who == "asker" else other).hangs_up()
    assert one.heard() == (["100", "487", "200 BYE"] if who == "asker" else ["100", "487", "BYE"])
    call.advance(100)
    assert call.world.idle


@SIDES
def test_a_hold_that_is_being_considered_for_ever_is_taken_back_and_ends_the_call__rfc3261_9_1(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    other.says(100)
    call.advance(32.1)
    assert other.heard() == ["INVITE", "CANCEL", "BYE"]
    assert one.heard() == ["100", "487", "BYE"]
    call.advance(100)
    assert call.world.idle


@SIDES
@pytest.mark.parametrize("late", [200, 487])
def test_what_comes_of_a_hold_after_the_call_has_ended_is_acknowledged__rfc5407_3_2_3(
    call: Pair, by: str, late: int
) -> None:
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    other.says(180)
    one.hangs_up()
    other.says(late, sdp=other.sdp(direction="recvonly", version=2) if late == 200 else b"")
    assert other.heard()[-1] == "ACK"
    assert call.over


@SIDES
def test_a_hold_that_is_taken_back_is_487_and_what_the_other_side_did_is_undone__rfc3261_9_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(hold(one, "sendonly"))
    other.says(100)
    one.cancels()
    assert one.heard() == ["100", "200 CANCEL", "487"]
    other.heard()
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    assert other.heard() == ["ACK", "INVITE"]
    assert direction(other.request("INVITE")) == "sendrecv"
    other.says(200, sdp=other.sdp(version=3))
    assert stream(call, across(by)).takes
    call.ends()


def test_a_callee_that_holds_before_the_ack_of_the_caller_is_491_until_it_comes__rfc5407_3_1_4(
    call: Pair,
) -> None:
    call.answers()
    call.callee.reinvites(hold(call.callee, "sendonly"))
    assert call.callee.heard() == ["491"]
    assert call.caller.heard() == []
    call.caller.acks()
    passes(call.callee, call.caller, hold(call.callee, "sendonly", 3), "recvonly", 3)
    call.ends()


def test_a_caller_that_holds_before_its_ack_is_491_and_holds_behind_it__rfc5407_3_1_4(call: Pair) -> None:
    call.answers()
    first = call.caller.line.sequence
    call.caller.reinvites(hold(call.caller, "sendonly"))
    assert call.caller.heard() == ["491"]
    assert call.callee.heard() == []
    call.caller.acks(sequence=first)
    passes(call.caller, call.callee, hold(call.caller, "sendonly", 3), "recvonly", 3)
    call.ends()


def test_a_callee_may_hold_while_it_rings_by_update_and_the_caller_hears_of_it_behind_the_200__rfc3311_5_1(
    call: Pair,
) -> None:
    """The 200 repeats what the 183 has said (RFC 3261 section 13.2.1); what is new since comes by INVITE."""
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers="Require: 100rel\r\nRSeq: 1\r\n")
    call.callee.heard()
    call.callee.says(200, to="PRACK")
    call.callee.updates(hold(call.callee, "sendonly"))
    assert call.callee.heard() == ["200 UPDATE"]
    assert direction(call.callee.response(200)) == "recvonly"
    assert not call.media.plan.callee.takes
    call.callee.says(200)
    assert call.callee.heard() == ["ACK"]
    call.caller.acks()
    assert direction(call.caller.response(200)) == "sendrecv"
    call.caller.heard()
    call.advance(2.0)
    assert set(call.caller.heard()) == {"INVITE"}
    assert direction(call.caller.request("INVITE")) == "sendonly"
    call.caller.says(200, sdp=call.caller.sdp(direction="recvonly", version=2))
    assert not call.media.plan.callee.takes
    call.ends()


@SIDES
def test_what_is_said_again_without_a_change_is_neither_passed_on_nor_touches_media__rfc3264_8(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "recvonly")
    plans, answer = len(call.media.plans), one.response(200)
    one.reinvites(hold(one, "sendonly"))
    assert one.heard() == ["200"]
    one.acks()
    assert one.response(200).body == answer.body
    assert other.heard() == []
    assert len(call.media.plans) == plans
    call.ends()


@SIDES
def test_our_versions_go_up_with_what_we_say_and_by_one__rfc3264_8(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "recvonly")
    asked, answered = version(other.request("INVITE")), version(one.response(200))
    passes(one, other, one.sdp(version=3), "sendrecv", 3)
    assert version(other.request("INVITE")) == asked + 1
    assert version(one.response(200)) == answered + 1
    one.reinvites(hold(one, "sendonly", 4))
    other.says(488)
    refused = version(other.request("INVITE"))
    assert refused == asked + 2
    one.heard(), other.heard()
    passes(one, other, hold(one, "inactive", 5), "inactive", 5)
    assert version(other.request("INVITE")) == refused + 1  # what was refused keeps its number
    call.ends()


@SIDES
def test_a_party_that_answers_a_hold_as_if_it_were_none_is_held_all_the_same(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "sendrecv")
    assert direction(one.response(200)) == "recvonly"
    assert not stream(call, across(by)).sends
    passes(one, other, one.sdp(version=3), "sendrecv", 3)
    assert direction(one.response(200)) == "sendrecv"
    call.ends()


@SIDES
def test_an_update_holds_as_well_as_an_invite__rfc3311_5_1(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.updates(hold(one, "sendonly"))
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    assert one.heard() == ["200 UPDATE"]
    assert direction(one.response(200)) == "recvonly"
    assert not stream(call, by).takes
    call.ends()
