"""Flow 1, a call from a front end through a trunk, and what every call has in common (RFC 3665 section 3)."""

import pytest

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia
from mediation.b2bua.outputs import Level
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.sdp.description import SessionDescription
from mediation.settings.routes import Route
from mediation.settings.server import Media, Sip
from mediation.sip.flow import Transmit
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.pair import Make, Pair, outbound
from tests.flows.scenery import FRONT_END, INSIDE, OUTSIDE, SBC, settings, trunk
from tests.flows.world import World


def test_a_call_rings_is_answered_and_ends__rfc3665_3_1(call: Pair) -> None:
    call.caller.invites()
    assert call.caller.heard() == ["100"]
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(100)
    assert call.caller.heard() == []
    call.callee.says(180)
    assert call.caller.heard() == ["180"]
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.caller.hangs_up()
    assert call.caller.heard() == ["200 BYE"]
    assert call.callee.heard() == ["BYE"]
    assert call.over


def test_media_are_told_before_the_parties_are__rfc3264_5_1(call: Pair) -> None:
    """Whoever has the answer may speak at once, and whoever has sent an offer is listened to."""
    told: list[str] = []

    def note(output: object) -> None:
        if isinstance(output, Transmit):
            told.append(output.octets[:7].decode())
        elif isinstance(output, ApplyMedia | CloseMedia):
            told.append(type(output).__name__)
        perform(output)

    perform, call.world._perform = call.world._perform, note  # type: ignore[method-assign]
    call.caller.invites()
    told.clear()
    call.callee.says(200, sdp=call.callee.sdp())
    assert told == ["ApplyMedia", "ACK sip", "SIP/2.0"]
    call.caller.acks()
    told.clear()
    call.caller.hangs_up()
    assert told[0] == "CloseMedia"
    call.callee.heard(), call.caller.heard()


def test_an_answer_without_any_ringing_is_acked_and_passed_on(call: Pair) -> None:
    call.caller.invites()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["INVITE", "ACK"]
    assert call.caller.heard() == ["100", "200"]
    call.caller.acks()
    call.ends()


def test_a_call_that_has_rung_and_was_answered_goes_on_for_hours(call: Pair) -> None:
    call.rings()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.advance(4 * 3600)
    assert call.caller.heard() == call.callee.heard() == []
    call.ends()


def test_the_record_tells_the_whole_call(out: Pair) -> None:
    out.dials()
    out.advance(2)
    out.callee.says(180)
    out.advance(3)
    out.callee.says(200, sdp=out.callee.sdp())
    out.caller.acks()
    out.advance(60)
    out.ends()
    record = out.record
    assert (record.ringing, record.answered, record.ended) == (1002, 1005, 1065)
    assert (record.calling_number, record.called_number) == ("+15550100", "+493012345678")
    assert (record.cause.reason, record.cause.status, record.cause.q850) == ("normal-clearing", 200, 16)
    assert record.hung_up_by == "caller"
    assert (record.caller.side, record.caller.codec) == ("front-end", "PCMU")
    assert record.callee is not None
    assert (record.callee.trunk, record.callee.codec) == ("itsp-a", "PCMA")
    assert record.callee.media is not None
    (attempt,) = record.attempts
    assert (attempt.target, attempt.cause, attempt.progressed) == (f"sip:{SBC}:5060", None, True)


def test_each_leg_gets_its_own_law_and_address__rfc3264_6(out: Pair) -> None:
    out.connects()
    offer = SessionDescription.parse(out.callee.request("INVITE").body)
    answer = SessionDescription.parse(out.caller.response(200).body)
    assert (offer.origin.address, offer.media[0].formats) == (OUTSIDE, ("8", "101"))
    assert (answer.origin.address, answer.media[0].formats) == (INSIDE, ("0",))
    assert out.media.plans == [
        MediaPlan(
            Stream(
                (FRONT_END, 4000), (FRONT_END, 4001), Law.PCMU, 0, None, 20, sends=True, takes=True, dscp=46
            ),
            Stream((SBC, 4000), (SBC, 4001), Law.PCMA, 8, None, 20, sends=True, takes=True, dscp=46),
            30.0,
            watched=True,
            hold_silence_s=1800.0,
            first_silence_s=30.0,
        )
    ]
    out.ends()


def test_equal_laws_are_preferred_to_transcoding(make: Make) -> None:
    both = (Codec.PCMU, Codec.PCMA)
    call = outbound(make(settings(trunk(codecs=both), codecs=both)))
    call.caller.invites(sdp=call.caller.sdp("PCMU PCMA"))
    call.callee.says(200, sdp=call.callee.sdp("PCMA"))
    call.caller.acks()
    assert call.media.plan.caller.law is call.media.plan.callee.law is Law.PCMA
    call.caller.hangs_up()


def test_digits_keep_each_legs_own_number__rfc4733_2_5_1(call: Pair) -> None:
    call.caller.invites(sdp=call.caller.sdp(f"{call.caller.codecs} telephone-event").replace(b"101", b"96"))
    call.callee.says(200, sdp=call.callee.sdp(f"{call.callee.codecs} telephone-event"))
    call.caller.acks()
    plan = call.media.plan
    assert (plan.caller.event_payload_type, plan.callee.event_payload_type) == (96, 101)
    call.caller.hangs_up()


@pytest.mark.parametrize("wanted_ms", [10, 30, 60])
def test_each_leg_gets_packets_of_the_length_it_wants(call: Pair, wanted_ms: int) -> None:
    call.caller.invites(sdp=call.caller.sdp(lines=f"a=ptime:{wanted_ms}\r\n"))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert (call.media.plan.caller.ptime_ms, call.media.plan.callee.ptime_ms) == (wanted_ms, 20)
    call.caller.hangs_up()


def test_the_contact_of_each_leg_is_ours__rfc3261_12_1(out: Pair) -> None:
    out.connects()
    assert str(out.caller.response(200).contact) == f"<sip:{INSIDE}:5060>"
    assert str(out.callee.request("INVITE").contact) == f"<sip:{OUTSIDE}:5060>"
    out.ends()


def test_every_answer_to_the_caller_has_one_tag__rfc3261_12_1(call: Pair) -> None:
    call.rings()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    ringing, answer = call.caller.response(180), call.caller.response(200)
    assert call.caller.response(100).to.tag is None
    assert ringing.to.tag is not None
    assert ringing.to.tag == answer.to.tag
    call.caller.hangs_up()


def test_no_route_is_404_and_costs_nothing(make: Make) -> None:
    call = outbound(make(settings(routes=(Route(match="^0", trunks=("itsp-a",)),))))
    call.caller.invites()
    assert call.caller.heard() == ["100", "404"]
    assert call.callee.heard() == []
    assert (call.record.cause.reason, call.record.attempts) == ("no-route", ())


def test_a_request_uri_that_names_nobody_has_no_route(out: Pair) -> None:
    out.caller.invites(uri=f"sip:{INSIDE}:5060")
    assert out.caller.heard() == ["100", "404"]


def test_all_trunks_full_is_503_with_retry_after(make: Make) -> None:
    call = outbound(make(settings(trunk(max_calls=1))))
    call.connects()
    first = call.caller.line
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.caller.response(503).retry_after
    assert call.callee.heard() == []
    call.caller.hangs_up(line=first)


def test_a_failure_reaches_the_caller_and_its_ack_stays_on_its_hop__rfc3261_17_1_1_3(call: Pair) -> None:
    call.dials()
    call.callee.says(486)
    assert call.caller.heard() == ["486"]
    assert call.callee.heard() == ["ACK"]
    invite, ack = call.callee.request("INVITE"), call.callee.request("ACK")
    assert ack.top_via.branch == invite.top_via.branch
    assert ack.to.tag == call.callee.line.local.partition(";tag=")[2]
    assert (call.record.cause.reason, call.record.hung_up_by) == ("busy", "callee")


@pytest.mark.parametrize(
    ("said", "heard"), [(404, 404), (484, 484), (603, 603), (302, 480), (407, 403), (487, 480), (488, 488)]
)
def test_what_the_callee_says_is_told_in_words_fit_for_a_caller(call: Pair, said: int, heard: int) -> None:
    call.dials()
    call.callee.says(said)
    assert call.caller.heard() == [str(heard)]


def test_the_reason_of_an_ending_crosses__rfc3326(call: Pair) -> None:
    call.dials()
    call.callee.says(404, headers="Reason: Q.850;cause=22\r\n")
    assert call.caller.response(404).headers.get("Reason") == 'Q.850;cause=22;text="unallocated-number"'


def test_an_answer_without_a_common_codec_is_acked_and_ended_and_the_caller_hears_488(call: Pair) -> None:
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp("G722"))
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.caller.heard() == ["488"]
    assert call.record.cause.reason == "no-common-codec"


def test_an_answer_without_sdp_takes_that_of_the_same_dialogs_183(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(port=4444))
    call.callee.says(200)
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["183", "200"]
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4444
    call.ends()


def test_an_answer_without_sdp_does_not_take_that_of_another_dialog(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), tag="another")
    call.callee.says(200)
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.caller.heard() == ["183", "502"]


def test_an_answer_without_any_sdp_is_acked_and_ended_and_the_caller_hears_502(call: Pair) -> None:
    call.dials()
    call.callee.says(200)
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.caller.heard() == ["502"]
    assert call.record.cause.reason == "no-answer-sdp"


def test_an_offer_without_a_common_codec_is_488_with_a_warning__rfc3261_21_4_26(call: Pair) -> None:
    call.caller.invites(sdp=call.caller.sdp("G722"))
    assert call.caller.heard() == ["100", "488"]
    assert (call.caller.response(488).headers.get("Warning") or "").startswith("305 ")
    assert call.callee.heard() == []


def test_an_offer_that_nobody_can_read_is_400(call: Pair) -> None:
    call.caller.invites(sdp=b"this is no description")
    assert call.caller.heard() == ["100", "400"]


def test_media_is_opened_between_the_two_interfaces(out: Pair) -> None:
    out.dials()
    (command,) = out.media.open.values()
    assert command.local_hosts == (INSIDE, OUTSIDE)
    out.callee.says(404)


def test_no_media_ports_is_503_before_anybody_is_called(call: Pair) -> None:
    call.media.refuses = True
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.caller.response(503).retry_after
    assert call.callee.heard() == []
    assert call.record.cause.reason == "no-media-ports"


def test_media_that_is_slow_to_open_only_delays_the_call(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    assert call.callee.heard() == []
    call.world.media_says(call.media.opened(call.world.call_id))
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(486)


def test_media_that_never_opens_ends_the_call_at_the_set_up_limit(call: Pair) -> None:
    call.media.slow = True
    call.caller.invites()
    call.advance(240)
    assert call.caller.heard() == ["100", "408"]
    assert call.callee.heard() == []


def test_a_callee_that_rings_for_ever_is_cancelled_at_the_ring_limit(make: Make) -> None:
    call = outbound(make(settings(sip=Sip(ring_limit_s=60))))
    call.rings()
    call.advance(59.9)
    assert call.caller.heard() == []
    call.advance(0.1)
    assert call.callee.heard() == ["CANCEL"]
    assert call.caller.heard() == ["480"]
    call.callee.says(487)
    assert call.record.cause.reason == "no-answer"


def test_the_whole_set_up_has_one_deadline(make: Make) -> None:
    call = outbound(make(settings(sip=Sip(ring_limit_s=60, setup_limit_s=60))))
    call.dials()
    call.advance(5)
    call.callee.says(180)
    call.advance(55)
    assert call.caller.heard() == ["180", "408"]
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.record.cause.reason == "setup-too-long"


def test_a_limit_on_all_calls_is_503_for_one_more(make: Make) -> None:
    call = outbound(make(settings(sip=Sip(max_calls=1))))
    call.connects()
    first = call.caller.line
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    call.caller.asks("OPTIONS")
    assert call.caller.heard() == ["503 OPTIONS"]
    call.caller.hangs_up(line=first)


def test_silence_is_asked_for_as_configured(make: Make) -> None:
    call = outbound(make(settings(media=Media(silence_s=7))))
    call.connects()
    assert call.media.plan.silence_s == 7.0
    call.ends()


def test_a_call_is_told_of_by_facts_that_hold_no_number(out: Pair) -> None:
    out.connects()
    out.ends()
    told = [fact for fact in out.world.facts if fact.level is not Level.DEBUG]
    assert [fact.name for fact in told] == ["call.started", "leg.placed", "call.answered", "call.ended"]
    assert "493012345678" not in repr(told)


def test_two_calls_share_nothing(world: World) -> None:
    call = outbound(world)
    call.connects()
    first, far = call.caller.line, call.callee.line
    call.connects()
    call.ends()
    call.callee.hangs_up(line=far)
    assert call.caller.heard() == ["BYE"]
    assert first.asked["BYE"].call_id == first.call_id
