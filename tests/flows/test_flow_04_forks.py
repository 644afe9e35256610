"""Flow 4: several parties answer one INVITE: early dialogs and repeated 2xx by forking (RFC 3261 section 13.2.2.4)."""

import pytest

from mediation.settings.peer_terms import EarlyMedia, Follow
from mediation.sip.message import Request
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.scenery import SBC, settings, trunk


def requests(call: Pair, method: str) -> list[Request]:
    """All requests of a method that the callee's side has heard."""
    return [
        message
        for _, message in call.callee.received
        if isinstance(message, Request) and message.method == method
    ]


def test_every_party_rings_with_a_tag_of_its_own__rfc3261_12_1_1(call: Pair) -> None:
    call.dials()
    tags = []
    for party in ("fork-a", "fork-b", "fork-a"):
        call.callee.says(180, tag=party)
        tags.append(call.caller.response(180).to.tag)
    assert call.caller.heard() == ["180", "180", "180"]
    assert tags[0] == tags[2] != tags[1]
    call.callee.says(486)


def test_who_takes_one_early_dialog_hears_all_parties_with_one_tag(make: Make) -> None:
    one = EarlyMedia(max_early_dialogs=1)
    for way in WAYS.values():
        call = way(make(settings(trunk(early_media=one), early_media=one)))
        call.dials()
        call.callee.says(180, tag="fork-a")
        first = call.caller.response(180).to.tag
        call.callee.says(180, tag="fork-b")
        assert call.caller.heard() == ["180", "180"]
        assert call.caller.response(180).to.tag == first
        call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
        assert call.caller.response(200).to.tag == first
        call.caller.acks()
        call.caller.hangs_up()


def test_parties_above_the_limit_are_folded_onto_the_last_one(make: Make) -> None:
    two = EarlyMedia(max_early_dialogs=2)
    call = outbound(make(settings(early_media=two)))
    call.dials()
    tags = []
    for party in ("fork-a", "fork-b", "fork-c", "fork-d", "fork-a"):
        call.callee.says(180, tag=party)
        tags.append(call.caller.response(180).to.tag)
    assert tags[1] == tags[2] == tags[3] != tags[0] == tags[4]
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-d")
    assert call.caller.response(200).to.tag == tags[1]
    call.caller.acks()
    call.caller.hangs_up()


def test_the_answer_confirms_the_early_dialog_of_its_party_and_no_other(call: Pair) -> None:
    call.dials()
    call.callee.says(180, tag="fork-a")
    other = call.caller.response(180).to.tag
    call.callee.says(180, tag="fork-b")
    winner = call.caller.response(180).to.tag
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.caller.response(200).to.tag == winner
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.caller.asks("BYE", within=True, to_tag=other)
    assert call.caller.heard() == ["481 BYE"]
    call.ends()


def test_an_answer_of_a_party_that_never_rang_has_a_tag_of_its_own(call: Pair) -> None:
    call.dials()
    call.callee.says(180, tag="fork-a")
    rang = call.caller.response(180).to.tag
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.caller.response(200).to.tag != rang
    call.caller.acks()
    call.caller.hangs_up()


@pytest.mark.parametrize(("follow", "heard"), [("last", 4200), ("first", 4100), ("media", 4200)])
def test_early_media_is_that_of_the_party_that_the_settings_follow__rfc3960_3_1(
    make: Make, follow: str, heard: int
) -> None:
    call = outbound(make(settings(trunk(early_media=EarlyMedia(follow=Follow(follow))))))
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-a")
    call.callee.says(183, sdp=call.callee.sdp(port=4200), tag="fork-b")
    stream = call.media.plan.callee
    assert stream.remote[1] == heard
    others = ((SBC, 4100),) if follow == "media" else ()
    assert stream.alternatives == others
    call.callee.says(200, sdp=call.callee.sdp(port=4100), tag="fork-a")
    assert (call.media.plan.callee.remote[1], call.media.plan.callee.alternatives) == (4100, ())
    call.caller.acks()
    call.caller.hangs_up()


def test_the_first_answer_wins_whatever_rang_before(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-a")
    call.callee.says(183, sdp=call.callee.sdp(port=4200), tag="fork-b")
    call.callee.says(200, sdp=call.callee.sdp(port=4300), tag="fork-c")
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4300
    assert call.callee.request("ACK").to.tag == "fork-c"
    call.caller.hangs_up()
    assert call.callee.request("BYE").to.tag == "fork-c"


def test_a_second_answer_is_acked_and_ended_and_the_call_goes_on(call: Pair) -> None:
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-a")
    call.callee.says(200, sdp=call.callee.sdp(port=4200), tag="fork-b")
    assert call.callee.heard() == ["ACK", "ACK", "BYE"]
    assert [ack.to.tag for ack in requests(call, "ACK")] == ["fork-a", "fork-b"]
    assert call.callee.request("BYE").to.tag == "fork-b"
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4000
    call.ends()


def test_a_second_answer_that_is_repeated_is_acked_again_and_ended_once(call: Pair) -> None:
    call.connects()
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.callee.heard() == ["ACK", "BYE", "ACK"]
    call.ends()


def test_a_second_answer_after_the_end_is_acked_and_ended(call: Pair) -> None:
    call.connects()
    call.ends()
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.callee.heard() == ["ACK", "BYE"]


def test_two_answers_that_cross_our_cancel_are_both_acked_and_ended(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-a")
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    assert call.callee.heard() == ["CANCEL", "ACK", "BYE", "ACK", "BYE"]


def test_one_cancel_ends_all_early_dialogs(call: Pair) -> None:
    call.dials()
    call.callee.says(180, tag="fork-a")
    call.callee.says(180, tag="fork-b")
    call.caller.cancels()
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.over


def test_a_party_that_lost_the_race_cannot_end_the_call(call: Pair) -> None:
    call.dials()
    call.callee.says(180, tag="fork-a")
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.callee.hangs_up(tag="fork-a")
    assert call.callee.heard() == ["481 BYE"]
    assert call.caller.heard() == []
    call.callee.line.local = call.callee.line.local.partition(";tag=")[0] + ";tag=fork-b"
    call.ends()


def test_each_200_without_a_description_takes_the_early_one_of_its_own_dialog(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-a")
    call.callee.says(183, sdp=call.callee.sdp(port=4200), tag="fork-b")
    call.callee.says(200, tag="fork-a")
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4100
    call.caller.hangs_up()


def test_the_ringing_of_a_party_that_lost_is_not_passed_on(call: Pair) -> None:
    call.dials()
    call.callee.says(180, tag="fork-a")
    call.callee.says(200, sdp=call.callee.sdp(), tag="fork-b")
    call.caller.acks()
    call.caller.heard()
    call.callee.says(180, tag="fork-a")
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-c")
    assert call.caller.heard() == []
    assert call.media.plan.callee.remote[1] == 4000
    call.callee.line.local = call.callee.line.local.partition(";tag=")[0] + ";tag=fork-b"
    call.ends()


def test_a_failure_ends_all_early_dialogs__rfc3261_13_2_2_3(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), tag="fork-a")
    call.callee.says(180, tag="fork-b")
    call.callee.says(603, tag="fork-b")
    assert call.caller.heard() == ["183", "180", "603"]
    assert call.over


def test_a_199_tells_of_one_early_dialog_and_the_others_go_on__rfc6228_4(call: Pair) -> None:
    """It is passed on with the tag of its party; nobody hears ringing in it, and nothing of media changes."""
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-a")
    ended = call.caller.response(183).to.tag
    call.callee.says(183, sdp=call.callee.sdp(port=4200), tag="fork-b")
    call.caller.heard()
    call.callee.says(199, tag="fork-a")
    assert [(message.status, message.to.tag) for message in (call.caller.response(199),)] == [(199, ended)]
    assert call.media.plan.callee.remote[1] == 4200
    call.callee.says(200, sdp=call.callee.sdp(port=4200), tag="fork-b")
    call.caller.acks()
    call.caller.hangs_up()


def test_a_fork_without_media_of_its_own_does_not_take_the_early_media_of_another(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4100), tag="fork-a")
    call.callee.says(180, tag="fork-b")
    assert call.media.plan.callee.remote[1] == 4100
    call.callee.says(486)


def test_three_answers_by_forking_are_acked_and_all_but_the_first_are_ended__rfc3261_13_2_2_4(
    call: Pair,
) -> None:
    call.dials()
    for number, party in enumerate(("fork-a", "fork-b", "fork-c")):
        call.callee.says(200, sdp=call.callee.sdp(port=4100 + 100 * number), tag=party)
    assert call.callee.heard() == ["ACK", "ACK", "BYE", "ACK", "BYE"]
    assert [bye.to.tag for bye in requests(call, "BYE")] == ["fork-b", "fork-c"]
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4100
    call.ends()
