"""Flow 18: the end of a call, crossing and death (RFC 3261 section 15, RFC 5407 sections 3.1 and 3.2)."""

from collections.abc import Callable

import pytest

from mediation.b2bua.media_facts import Amiss, MediaAmiss, MediaLost, MediaSilent
from mediation.b2bua.outputs import Level
from mediation.settings.peers import Side
from mediation.settings.server import Media, Sip
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.scenery import settings
from tests.flows.world import World

Reach = Callable[[Pair], None]

REPEATED_AT = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""A 2xx from T1 to T2 for 64*T1 (RFC 3261 section 13.3.1.4)."""


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_either_side_may_hang_up__rfc3665_3_1(call: Pair, by: str) -> None:
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    one.hangs_up()
    assert one.heard() == ["200 BYE"]
    assert other.heard() == ["BYE"]
    assert call.over
    assert (call.record.hung_up_by, call.record.cause.reason) == (by, "normal-clearing")


@pytest.mark.parametrize("way", [outbound, inbound])
def test_a_call_that_is_up_for_too_long_is_ended_on_both_sides(
    make: Make, way: Callable[[World], Pair]
) -> None:
    call = way(make(settings(sip=Sip(max_duration_s=3600))))
    call.connects()
    call.caller.heard(), call.callee.heard()
    call.advance(3599)
    assert call.caller.heard() == call.callee.heard() == []
    call.advance(1)
    assert call.caller.heard() == call.callee.heard() == ["BYE"]
    assert call.callee.request("BYE").headers.get("Reason") == 'Q.850;cause=102;text="maximum-duration"'
    record = call.record
    assert (record.hung_up_by, record.cause.reason, str(record.cause.verdict)) == (
        "server", "maximum-duration", "success",
    )  # fmt: skip


def test_the_other_side_need_not_answer_before_the_bye_is_answered(call: Pair) -> None:
    call.connects()
    call.callee.answers_bye = False
    call.ends()
    assert not call.over


def test_the_reason_of_a_bye_crosses__rfc3326(call: Pair) -> None:
    call.connects()
    call.caller.hangs_up(headers='Reason: Q.850 ;cause=31;text="local"\r\n')
    assert call.callee.request("BYE").headers.get("Reason") == 'Q.850;cause=31;text="normal-clearing"'
    assert call.record.cause.q850 == 31


def test_a_bye_is_counted_within_its_dialog__rfc3261_12_2_1_1(call: Pair) -> None:
    call.connects()
    call.ends()
    invite, bye = call.callee.request("INVITE"), call.callee.request("BYE")
    assert bye.cseq.number == invite.cseq.number + 1
    assert (bye.call_id, bye.from_) == (invite.call_id, invite.from_)
    assert bye.to.tag is not None
    assert bye.request_uri == call.callee.contact


def test_byes_that_cross_are_both_answered__rfc5407_3_2_1(call: Pair) -> None:
    call.connects()
    call.callee.answers_bye = False
    call.caller.hangs_up()
    call.callee.heard()
    call.callee.hangs_up()
    assert call.callee.heard() == ["200 BYE"]
    call.callee.says(200, to="BYE")
    assert call.over


def test_a_bye_for_an_unknown_call_is_481__rfc3261_15_1_2(call: Pair) -> None:
    call.connects()
    call.ends()
    call.caller.hangs_up()
    call.callee.hangs_up()
    assert call.caller.heard() == ["481 BYE"]
    assert call.callee.heard() == ["481 BYE"]


def test_a_bye_that_is_repeated_is_answered_again__rfc3261_17_2_2(call: Pair) -> None:
    call.connects()
    call.ends()
    call.caller.repeats()
    assert call.caller.heard() == ["200 BYE"]


def test_a_bye_that_nobody_answers_is_repeated_and_then_everything_is_freed__rfc3261_17_1_2_2(
    call: Pair,
) -> None:
    call.connects()
    call.callee.answers_bye = False
    began = call.world.now - 1000
    call.caller.hangs_up()
    call.advance(31.9)
    assert not call.over
    call.advance(0.2)
    assert call.over
    assert [at - began for at in call.callee.times("BYE")] == REPEATED_AT


@pytest.mark.parametrize("status", [481, 408, 500, 401])
def test_a_bye_that_is_refused_ends_the_leg_all_the_same(call: Pair, status: int) -> None:
    call.connects()
    call.callee.answers_bye = False
    call.ends()
    call.callee.says(status, to="BYE")
    assert call.over


def test_a_bye_that_cannot_be_sent_ends_the_leg_all_the_same(call: Pair) -> None:
    call.connects()
    call.callee.dead = True
    call.caller.hangs_up()
    assert call.caller.heard()[-1:] == ["200 BYE"]
    assert call.over


def test_a_bye_before_the_ack_stops_the_repetition_of_the_answer__rfc5407_3_1_5(call: Pair) -> None:
    call.answers()
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE"]
    assert call.callee.heard() == ["BYE"]
    call.advance(40)
    assert call.caller.heard() == []
    call.caller.acks()
    assert call.over


def test_a_callee_that_hangs_up_before_the_callers_ack_waits_for_it__rfc3261_15(call: Pair) -> None:
    call.answers()
    call.callee.hangs_up()
    assert call.callee.heard() == ["200 BYE"]
    assert call.caller.heard() == []
    call.advance(0.5)
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    assert call.caller.heard() == ["BYE"]
    assert call.over


def test_an_answer_without_ack_is_repeated_for_32_s_then_both_legs_end__rfc3261_13_3_1_4(call: Pair) -> None:
    call.answers()
    call.advance(31.9)
    assert call.caller.times("200") == REPEATED_AT
    assert call.callee.heard() == []
    call.advance(0.2)
    assert call.caller.heard()[-1] == "BYE"
    assert call.callee.heard() == ["BYE"]
    assert call.record.cause.reason == "no-ack"


def test_a_caller_that_hangs_up_while_our_bye_waits_for_its_ack_is_answered(call: Pair) -> None:
    call.answers()
    call.callee.hangs_up()
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE"]
    call.advance(40)
    assert call.caller.heard() == []


def test_a_reinvite_while_our_bye_waits_for_the_ack_is_491(call: Pair) -> None:
    call.answers()
    first = call.caller.line.sequence
    call.callee.hangs_up()
    call.caller.reinvites()
    assert call.caller.heard() == ["491"]
    call.caller.acks(sequence=first)
    assert call.caller.heard() == ["BYE"]


def test_without_ack_a_callee_that_has_left_is_not_called_back(call: Pair) -> None:
    call.answers()
    call.callee.hangs_up()
    call.advance(33)
    assert call.callee.heard() == ["200 BYE"]
    assert call.caller.heard()[-1] == "BYE"
    assert call.record.hung_up_by == "callee"


def test_an_ack_that_is_repeated_changes_nothing(call: Pair) -> None:
    call.connects()
    call.caller.repeats()
    call.advance(10)
    assert call.caller.heard() == []
    call.ends()


def test_an_answer_that_is_repeated_is_acked_again__rfc3261_13_2_2_4(call: Pair) -> None:
    call.connects()
    ack = call.callee.request("ACK")
    call.callee.repeats()
    assert call.callee.heard() == ["ACK"]
    assert call.callee.request("ACK") == ack
    assert ack.top_via.branch != call.callee.request("INVITE").top_via.branch
    assert ack.cseq.number == call.callee.request("INVITE").cseq.number
    call.ends()


def test_an_answer_that_is_repeated_while_our_bye_is_under_way_is_acked(call: Pair) -> None:
    call.connects()
    call.callee.answers_bye = False
    call.ends()
    call.callee.says(200, sdp=call.callee.sdp())
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.callee.heard() == ["ACK", "ACK", "BYE"]
    call.callee.says(200, to="BYE")


def test_an_answer_that_is_repeated_after_the_end_is_still_acked__rfc6026_7_2(call: Pair) -> None:
    call.connects()
    call.ends()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["ACK"]


@pytest.mark.parametrize("party", ["caller", "callee"])
def test_dead_media_hangs_up_both_and_says_so_in_the_record(call: Pair, party: str) -> None:
    call.connects()
    call.caller.heard(), call.callee.heard()
    call.advance(100)
    call.world.media_says(MediaSilent(call.world.call_id, caller=party == "caller"))
    assert call.caller.heard() == call.callee.heard() == ["BYE"]
    assert call.record.cause.reason == "media-timeout"
    assert call.record.hung_up_by == "server"


@pytest.mark.parametrize("party", ["caller", "callee"])
@pytest.mark.parametrize("what", list(Amiss))
def test_who_is_not_heard_is_told_and_the_call_goes_on(call: Pair, party: str, what: Amiss) -> None:
    call.connects()
    for over in (False, True):
        call.world.media_says(MediaAmiss(call.world.call_id, party == "caller", what, over))
    told = [fact for fact in call.world.facts if fact.name.startswith("media.")]
    assert [fact.name for fact in told] == [f"media.{what}", f"media.{what}_ended"]
    levels = [Level.WARNING if what is Amiss.ONE_WAY else Level.INFO, Level.INFO]
    assert [fact.level for fact in told] == levels
    silent = call.caller if party == "caller" else call.callee
    trunk = None if silent.side is Side.FRONT_END else "itsp-a"
    for fact in told:
        assert (fact.fields["party"], fact.fields["side"]) == (party, str(silent.side))
        assert fact.fields["trunk"] == trunk
    call.ends()


def test_before_the_answer_and_after_the_end_nobody_is_missed(call: Pair) -> None:
    call.rings()
    call.callee.says(183, sdp=call.callee.sdp())
    call.world.media_says(MediaAmiss(call.world.call_id, True, Amiss.ONE_WAY, False))
    assert not any(plan.watched for plan in call.media.plans)
    call.caller.heard()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.media.plan.watched
    call.caller.acks()
    gone = call.world.call_id
    call.ends()
    call.world.media_says(MediaAmiss(gone, True, Amiss.ONE_WAY, False))
    assert not [fact for fact in call.world.facts if fact.name.startswith("media.")]


def test_audio_is_not_watched_where_the_settings_say_so(make: Make) -> None:
    call = outbound(make(settings(media=Media(watch_audio=False))))
    call.connects()
    assert not call.media.plan.watched
    call.ends()


def test_media_that_is_lost_hangs_up_both(call: Pair) -> None:
    call.connects()
    call.caller.heard(), call.callee.heard()
    call.media.open.clear()
    call.world.media_says(MediaLost(call.world.call_id, "worker died"))
    assert call.caller.heard() == call.callee.heard() == ["BYE"]
    assert call.record.cause.reason == "media-lost"


@pytest.mark.parametrize("reach", [Pair.dials, Pair.rings], ids=["dialling", "ringing"])
def test_media_that_is_lost_before_the_answer_ends_the_set_up(call: Pair, reach: Reach) -> None:
    reach(call)
    call.media.open.clear()
    call.world.media_says(MediaLost(call.world.call_id, "worker died"))
    assert call.caller.heard() == ["500"]
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)


def test_media_that_is_lost_before_it_was_opened_ends_the_set_up(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    call.media.open.clear()
    call.world.media_says(MediaLost(call.world.call_id, "worker died"))
    assert call.caller.heard() == ["100", "500"]
    assert call.callee.heard() == []


def test_media_of_a_call_that_is_gone_is_nobodys_news(call: Pair) -> None:
    call.connects()
    gone = call.world.call_id
    call.ends()
    call.world.media_says(MediaSilent(gone, caller=True))
    call.world.media_says(MediaLost(gone, "worker died"))
    assert len(call.world.records) == 1


def test_a_record_waits_for_the_figures_of_media(call: Pair) -> None:
    call.connects()
    call.ends()
    assert call.record.caller.media is not None
    assert call.record.caller.media.packets_received == 50


@pytest.mark.parametrize(
    ("reach", "caller", "callee"),
    [
        (Pair.dials, ["503"], ["CANCEL"]),
        (Pair.rings, ["503"], ["CANCEL"]),
        (Pair.connects, ["BYE"], ["BYE"]),
    ],
    ids=["dialling", "ringing", "talking"],
)
def test_when_the_server_stops_every_call_is_ended(
    call: Pair, reach: Reach, caller: list[str], callee: list[str]
) -> None:
    reach(call)
    call.caller.heard(), call.callee.heard()
    call.world.stop()
    assert call.caller.heard() == caller
    assert call.callee.heard() == callee
    if callee == ["CANCEL"]:
        call.callee.says(487)
    assert call.record.cause.reason == "shutdown"


def test_when_the_server_stops_while_media_is_being_opened_the_caller_hears_503(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    call.world.stop()
    assert call.caller.heard() == ["100", "503"]
    assert call.over


def test_when_the_server_stops_before_the_ack_the_bye_waits_for_it(call: Pair) -> None:
    call.answers()
    call.world.stop()
    assert call.callee.heard() == ["BYE"]
    assert call.caller.heard() == []
    call.caller.acks()
    assert call.caller.heard() == ["BYE"]


def test_a_server_that_stops_takes_no_calls_and_says_so_to_options(call: Pair) -> None:
    call.world.stop()
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.caller.response(503).retry_after
    call.caller.asks("OPTIONS")
    assert call.caller.heard() == ["503 OPTIONS"]
    assert call.callee.heard() == []


def test_a_server_that_must_go_writes_the_records_of_calls_that_did_not_end_in_time(call: Pair) -> None:
    call.connects()
    call.caller.answers_bye = call.callee.answers_bye = False
    call.world.stop()
    call.world.soon(lambda: call.world.engine.abort(call.world.now))
    assert call.record.cause.reason == "shutdown"


def test_the_other_calls_go_on_when_one_ends(world: World, call: Pair) -> None:
    call.connects()
    first, far = call.caller.line, call.callee.line
    call.connects()
    call.ends()
    call.caller.hangs_up(line=first)
    assert far.asked["BYE"]
    assert len(world.records) == 2
