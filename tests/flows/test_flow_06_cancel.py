"""Flow 6: CANCEL and its races (RFC 3261 section 9, RFC 5407 section 3.1)."""

from tests.flows.pair import Pair


def test_a_caller_who_gives_up_ends_both_legs__rfc3665_3_8(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    assert call.caller.heard() == ["200 CANCEL", "487"]
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    assert call.callee.heard() == ["ACK"]
    assert call.over
    assert (call.record.cause.reason, call.record.hung_up_by) == ("cancelled", "caller")


def test_the_cancel_names_the_invite_by_its_branch__rfc3261_9_1(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    invite, cancel = call.callee.request("INVITE"), call.callee.request("CANCEL")
    assert cancel.top_via == invite.top_via
    assert len(cancel.vias) == 1
    assert cancel.request_uri == invite.request_uri
    assert (cancel.to, cancel.from_, cancel.call_id) == (invite.to, invite.from_, invite.call_id)
    assert cancel.cseq.number == invite.cseq.number
    call.callee.says(487)


def test_both_answers_to_the_caller_have_one_tag__rfc3261_9_2(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    answers = [call.caller.response(status).to.tag for status in (180, 200, 487)]
    assert len(set(answers)) == 1
    call.callee.says(487)


def test_the_reason_of_a_cancel_crosses__rfc3326(call: Pair) -> None:
    call.rings()
    call.caller.cancels(headers='Reason: Q.850;cause=102;text="gone"\r\n')
    assert call.callee.request("CANCEL").headers.get("Reason") == 'Q.850;cause=102;text="cancelled"'
    call.callee.says(487)


def test_that_the_call_was_taken_elsewhere_crosses_so_that_nobody_has_missed_it__rfc3326(call: Pair) -> None:
    call.rings()
    call.caller.cancels(headers='Reason: SIP;cause=200;text="Call completed elsewhere"\r\n')
    reasons = call.callee.request("CANCEL").headers.get_all("Reason")
    assert any(reason.startswith("SIP;cause=200;") for reason in reasons)
    call.callee.says(487)


def test_a_cancel_waits_for_the_first_provisional_response__rfc3261_9_1(call: Pair) -> None:
    call.caller.invites()
    call.callee.heard()
    call.caller.cancels()
    assert call.caller.heard() == ["100", "200 CANCEL", "487"]
    assert call.callee.heard() == []
    call.callee.says(100)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.callee.heard() == ["ACK"]


def test_a_cancel_that_had_to_wait_is_watched_too__rfc3261_9_1(call: Pair) -> None:
    call.caller.invites()
    call.caller.cancels()
    call.callee.says(100)
    call.advance(31.9)
    assert not call.over
    call.advance(0.1)
    assert call.over


def test_an_invite_that_is_never_answered_is_not_cancelled_either__rfc3261_9_1(call: Pair) -> None:
    call.caller.invites()
    call.caller.cancels()
    call.advance(31.9)
    assert set(call.callee.heard()) == {"INVITE"}
    assert not call.over
    call.advance(0.1)
    assert call.over
    assert call.callee.heard() == []


def test_a_failure_that_comes_while_the_cancel_still_waits_ends_it(call: Pair) -> None:
    call.caller.invites()
    call.caller.cancels()
    call.callee.says(486)
    assert call.callee.heard() == ["INVITE", "ACK"]
    assert call.over


def test_an_answer_that_comes_while_the_cancel_still_waits_is_acked_and_ended(call: Pair) -> None:
    call.caller.invites()
    call.caller.cancels()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["INVITE", "ACK", "BYE"]
    assert call.caller.heard() == ["100", "200 CANCEL", "487"]


def test_an_answer_that_crosses_our_cancel_is_acked_and_ended_never_bridged__rfc5407_3_1_2(
    call: Pair,
) -> None:
    call.rings()
    call.caller.cancels()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["CANCEL", "ACK", "BYE"]
    assert call.caller.heard() == ["200 CANCEL", "487"]
    assert call.over
    assert call.media.plans == []


def test_an_answer_that_crosses_our_cancel_ends_the_wait_for_the_cancel(call: Pair) -> None:
    call.callee.answers_bye = False
    call.rings()
    call.caller.cancels()
    call.advance(20)
    call.callee.says(200, sdp=call.callee.sdp())
    call.advance(20)
    assert not call.over
    call.callee.says(200, to="BYE")
    assert call.over


def test_a_cancel_that_crosses_our_answer_has_no_effect__rfc3261_9_2(call: Pair) -> None:
    call.answers()
    call.caller.cancels()
    assert call.caller.heard() == ["200 CANCEL"]
    assert call.callee.heard() == []
    call.caller.acks()
    call.ends()
    assert call.record.cause.reason == "normal-clearing"


def test_a_cancel_that_crosses_a_failure_has_no_effect__rfc3261_9_2(call: Pair) -> None:
    call.dials()
    call.caller.acks_failures = False
    call.callee.says(486)
    call.caller.cancels()
    assert call.caller.heard() == ["486", "200 CANCEL"]
    assert call.record.cause.reason == "busy"


def test_a_callee_that_never_answers_the_cancel_is_given_up__rfc3261_9_1(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    call.advance(31.9)
    assert not call.over
    call.advance(0.2)
    assert call.over
    call.callee.heard()
    call.callee.says(487)
    assert call.callee.heard() == []


def test_a_callee_that_answers_the_cancel_but_not_the_invite_is_given_up(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    call.callee.says(200, to="CANCEL")
    call.advance(32)
    assert call.over


def test_a_cancel_for_an_unknown_transaction_is_481__rfc3261_9_2(call: Pair) -> None:
    call.rings()
    call.caller.cancels(branch="z9hG4bK-of-another-call")
    assert call.caller.heard() == ["481 CANCEL"]
    assert call.callee.heard() == []
    call.callee.says(486)


def test_a_cancel_that_is_repeated_is_answered_again__rfc3261_17_2_2(call: Pair) -> None:
    call.rings()
    call.caller.acks_failures = False
    call.caller.cancels()
    call.caller.repeats()
    assert call.caller.heard() == ["200 CANCEL", "487", "200 CANCEL"]
    call.callee.says(487)
    assert call.callee.heard() == ["CANCEL", "ACK"]


def test_a_caller_may_end_the_early_dialog_by_bye__rfc5407_3_1_3(call: Pair) -> None:
    call.rings()
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE", "487"]
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.record.hung_up_by == "caller"


def test_a_bye_of_the_early_dialog_that_crosses_the_answer_ends_both_legs__rfc5407_3_1_3(call: Pair) -> None:
    call.rings()
    call.caller.hangs_up()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["200 BYE", "487"]
    assert call.callee.heard() == ["CANCEL", "ACK", "BYE"]


def test_a_callee_that_ends_the_early_dialog_by_bye_is_taken_at_its_word(call: Pair) -> None:
    call.rings()
    call.callee.hangs_up()
    assert call.callee.heard() == ["200 BYE", "CANCEL"]
    assert call.caller.heard() == ["480"]
    call.callee.says(487)
    assert call.record.hung_up_by == "callee"


def test_a_callee_that_ended_by_bye_and_never_answers_its_cancel_is_given_up(call: Pair) -> None:
    call.rings()
    call.callee.hangs_up()
    call.advance(32)
    assert call.over


def test_what_a_callee_asks_while_it_is_cancelled_is_answered(call: Pair) -> None:
    call.rings()
    call.caller.cancels()
    call.callee.reinvites()
    call.callee.hangs_up()
    assert call.callee.heard() == ["CANCEL", "481", "200 BYE"]
    call.callee.says(487)
    assert call.over


def test_a_caller_may_cancel_while_media_is_being_opened(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    call.caller.cancels()
    assert call.caller.heard() == ["100", "200 CANCEL", "487"]
    assert call.callee.heard() == []
    assert call.over


def test_ports_that_come_after_the_caller_has_left_are_not_used(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    opened = call.media.opened(call.world.call_id)
    call.caller.cancels()
    call.world.media_says(opened)
    assert call.callee.heard() == []


def test_a_caller_whose_transport_fails_has_cancelled(call: Pair) -> None:
    call.rings()
    call.caller.dead = True
    call.callee.says(183)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.record.hung_up_by == "caller"
