"""Early media and ringing (RFC 3960, RFC 3665 section 3.5)."""

from mediation.b2bua.plan import MediaPlan, Stream
from mediation_codecs.g711 import Law
from tests.flows.pair import Make, Pair, outbound
from tests.flows.scenery import OTHER_SBC, settings, trunk


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
    call = outbound(make(settings(trunk(codecs=(Law.PCMA, Law.PCMU)))))
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


def test_the_caller_hears_an_announcement_out_without_failover(make: Make) -> None:
    call = outbound(make(settings(trunk("itsp-a", "198.51.100.30", OTHER_SBC))))
    early(call)
    call.advance(20)
    call.callee.says(503)
    assert call.caller.heard() == ["503"]


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
