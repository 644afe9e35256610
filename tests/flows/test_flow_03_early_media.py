"""Flow 3: early media and ringing (RFC 3960, RFC 3665 section 3.5)."""

import pytest

from mediation.b2bua.media_facts import MediaSilent
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.settings.peer_terms import EarlyMedia
from mediation.settings.peers import Side
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.scenery import OTHER_FRONT_END, OTHER_SBC, settings, trunk


def early(call: Pair) -> None:
    """The callee describes early media in a 183."""
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.heard() == ["183"]


def streams(call: Pair) -> set[tuple[Stream, Stream]]:
    """What was ever agreed, both sides; how much silence means the end differs before and after the answer."""
    return {(plan.caller, plan.callee) for plan in call.media.plans if isinstance(plan, MediaPlan)}


def test_a_183_with_a_description_reaches_the_caller_and_opens_the_path_both_ways(call: Pair) -> None:
    early(call)
    assert call.caller.response(183).body
    caller, callee = call.media.plan.caller, call.media.plan.callee
    assert (caller.sends, caller.takes, callee.sends, callee.takes) == (True,) * 4
    call.callee.says(486)


def test_the_200_does_not_move_what_the_183_has_described__rfc3261_13_2_1(call: Pair) -> None:
    early(call)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.response(200).body == call.caller.response(183).body
    assert len(streams(call)) == 1
    call.caller.acks()
    call.caller.hangs_up()


def test_a_200_without_a_description_goes_on_with_that_of_the_183(call: Pair) -> None:
    early(call)
    call.callee.says(200)
    assert call.caller.response(200).body == call.caller.response(183).body
    assert len(streams(call)) == 1
    call.caller.acks()
    call.caller.hangs_up()


def test_a_200_that_describes_another_place_than_the_183_is_followed_at_once(call: Pair) -> None:
    early(call)
    call.callee.says(200, sdp=call.callee.sdp(port=4600))
    assert call.media.plan.callee.remote[1] == 4600
    assert call.caller.response(200).body == call.caller.response(183).body
    call.caller.acks()
    call.caller.hangs_up()


def test_the_law_of_the_callee_may_change_with_its_answer(make: Make) -> None:
    call = outbound(make(settings(trunk(codecs=(Codec.PCMA, Codec.PCMU)))))
    early(call)
    call.callee.says(200, sdp=call.callee.sdp("PCMU"))
    call.caller.acks()
    early_plan, plan = call.media.plans
    assert early_plan.callee.law is Law.PCMA
    assert plan.callee.law is plan.caller.law is Law.PCMU
    call.caller.hangs_up()


def test_ringing_after_early_media_is_relayed_and_changes_nothing(call: Pair) -> None:
    early(call)
    call.callee.says(180)
    assert call.caller.heard() == ["180"]
    assert call.caller.response(180).body in (b"", call.caller.response(183).body)
    assert len(call.media.plans) == 1
    call.callee.says(486)


def test_a_183_without_a_description_is_relayed_without(call: Pair) -> None:
    call.dials()
    call.callee.says(183)
    assert call.caller.heard() == ["183"]
    assert call.caller.response(183).body == b""
    assert call.media.plans == []
    call.callee.says(486)


def test_early_media_that_nobody_can_use_is_only_ringing(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp("G722"))
    call.callee.says(183, sdp=b"rubbish")
    assert call.caller.heard() == ["183", "183"]
    assert call.media.plans == []
    call.callee.says(486)


@pytest.mark.parametrize("status", [404, 408, 480, 500, 503, 504])
@pytest.mark.parametrize("way", list(WAYS))
def test_the_caller_hears_an_announcement_out_without_failover(make: Make, way: str, status: int) -> None:
    others = (trunk("itsp-a", "198.51.100.30", OTHER_SBC),)
    call = WAYS[way](make(settings(*others, front_ends=("10.1.1.20", OTHER_FRONT_END))))
    early(call)
    call.advance(20)
    call.callee.says(status)
    assert len(call.caller.heard()) == 1
    assert call.world.astray == []
    assert [attempt.target for attempt in call.record.attempts] == [call.record.attempts[0].target]


@pytest.mark.parametrize("way", list(WAYS))
def test_a_183_without_a_description_is_kept_from_who_does_not_want_it(make: Make, way: str) -> None:
    quiet = EarlyMedia(bare_183=False)
    call = WAYS[way](make(settings(trunk(early_media=quiet), early_media=quiet)))
    call.dials()
    call.callee.says(183)
    assert call.caller.heard() == []
    call.callee.says(183, sdp=call.callee.sdp())
    call.callee.says(180)
    assert call.caller.heard() == ["183", "180"]
    call.callee.says(486)


def test_early_media_that_is_silent_lets_the_phone_ring_by_itself__rfc3960_3_2(call: Pair) -> None:
    early(call)
    call.world.media_says(MediaSilent(call.world.call_id, caller=False))
    assert call.caller.heard() == ["180"]
    assert call.caller.response(180).body in (b"", call.caller.response(183).body)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.ends()


def test_early_media_that_is_silent_is_no_news_where_the_callee_has_rung(call: Pair) -> None:
    early(call)
    call.callee.says(180)
    call.caller.heard()
    call.world.media_says(MediaSilent(call.world.call_id, caller=False))
    assert call.caller.heard() == []
    call.callee.says(486)


def test_a_caller_that_is_silent_before_the_answer_is_no_reason_to_do_anything(call: Pair) -> None:
    early(call)
    call.world.media_says(MediaSilent(call.world.call_id, caller=True))
    assert (call.caller.heard(), call.callee.heard()) == ([], [])
    call.callee.says(486)


def test_digits_are_understood_before_the_answer__rfc4733_2_5_1(call: Pair) -> None:
    call.caller.invites(sdp=call.caller.sdp(f"{call.caller.codecs} telephone-event"))
    call.callee.says(183, sdp=call.callee.sdp(f"{call.callee.codecs} telephone-event"))
    assert call.media.plan.caller.event_payload_type == call.media.plan.callee.event_payload_type == 101
    call.callee.says(486)


def test_a_second_183_that_describes_another_place_is_followed_at_once(call: Pair) -> None:
    early(call)
    call.callee.says(183, sdp=call.callee.sdp(port=4300))
    assert call.media.plan.callee.remote[1] == 4300
    assert call.caller.response(183).body, "the description of the caller's own early dialog stays"
    call.callee.says(486)


def test_who_may_be_heard_before_the_answer_is_told_inside_the_domain__rfc5009_8(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers="P-Early-Media: sendonly\r\n")
    inside = call.caller.side is Side.FRONT_END
    said = call.caller.response(183).headers.get("P-Early-Media")
    assert said == ("sendonly" if inside else None)
    call.callee.says(486)


def test_a_caller_that_offers_to_listen_only_is_not_listened_to(call: Pair) -> None:
    call.caller.invites(sdp=call.caller.sdp(direction="recvonly"))
    call.callee.says(183, sdp=call.callee.sdp())
    stream: Stream = call.media.plan.caller
    assert (stream.sends, stream.takes) == (False, True)
    call.callee.says(486)


def test_the_time_of_ringing_is_that_of_the_first_real_ringing(call: Pair) -> None:
    early(call)
    call.advance(3)
    call.callee.says(180)
    call.advance(1)
    call.callee.says(180)
    call.callee.says(486)
    assert call.record.ringing == 1003
