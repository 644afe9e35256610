"""Flow 3: what a caller hears before it is refused (RFC 3960 section 4)."""

from typing import Any

import pytest

from mediation.b2bua.media_facts import MediaLost, MediaSilent, SoundEnded
from mediation.b2bua.plan import ABSENT
from mediation.b2bua.record import AnnouncementRecord
from mediation.b2bua.rulings import PolicyAnswered
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.sdp.description import SessionDescription
from mediation.settings.addresses import parse_target
from mediation.settings.announcements import Announcement
from mediation.settings.peer_terms import EarlyMedia, Reliability
from mediation.settings.peers import Side
from mediation.settings.policy import PolicyHook
from mediation.settings.routes import Route
from mediation.settings.server import Media, Sip
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import OTHER_SBC, settings, trunk

BUSY = Announcement(status=486, sound="tone:busy:de", longest_s=5)
GONE = Announcement(status=404, sound="file:/gone.wav", longest_s=20)
ANY = Announcement(sound="file:/sorry.wav")
TONE, WORDS = Sound(SoundKind.TONE, "busy:de"), Sound(SoundKind.ANNOUNCEMENT, "/gone.wav")
EITHER_WAY = pytest.mark.parametrize("way", list(WAYS))


def announcing(make: Make, way: str, *rules: Announcement, **more: Any) -> Pair:
    """Callers of both sides hear these."""
    of_trunk = {key: more.pop(key) for key in ("early_media", "max_calls") if key in more}
    inside = {key: of_trunk[key] for key in ("early_media",) if key in of_trunk}
    rules = rules or (BUSY, GONE)
    return WAYS[way](
        make(settings(trunk(announcements=rules, **of_trunk), announcements=rules, **inside, **more))
    )


def ends_saying(call: Pair, *, caller: bool = True) -> None:
    """The worker has played all."""
    call.world.media_says(SoundEnded(call.world.call_id, caller))


@EITHER_WAY
def test_a_tone_is_heard_before_the_refusal_for_as_long_as_it_may__rfc3960_4(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.dials()
    call.callee.says(486, headers="Reason: Q.850;cause=17\r\n")
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["183"]
    assert SessionDescription.parse(call.caller.response(183).body).media[0].port
    assert (call.media.plan.caller.plays, call.media.plan.callee) == (TONE, ABSENT)
    call.advance(4.9)
    assert call.caller.heard() == []
    call.advance(0.2)
    assert call.caller.heard() == ["486"]
    assert "cause=17" in (call.caller.response(486).headers.get("Reason") or "")
    assert call.over
    record = call.record
    assert (record.cause.status, record.cause.reason, record.hung_up_by) == (486, "busy", "callee")
    assert record.announcement == AnnouncementRecord("busy:de", complete=True)
    assert record.ended - record.started == pytest.approx(5.0)
    assert record.as_json(0)["announcement"] == {"sound": "busy:de", "complete": True}


@EITHER_WAY
def test_words_are_heard_to_their_end__rfc3960_4(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.dials()
    call.callee.says(404)
    assert call.caller.heard() == ["183"]
    assert call.media.plan.caller.plays == WORDS
    call.advance(3)
    assert call.caller.heard() == []
    ends_saying(call)
    assert call.caller.heard() == ["404"]
    assert call.over
    assert call.record.announcement == AnnouncementRecord("/gone.wav", complete=True)


def test_words_that_do_not_end_are_cut(make: Make) -> None:
    call = announcing(make, "outbound")
    call.dials()
    call.callee.says(404)
    call.caller.heard()
    call.advance(20.1)
    assert call.caller.heard() == ["404"]
    assert call.record.announcement == AnnouncementRecord("/gone.wav", complete=False)


def test_the_end_of_a_sound_that_was_cut_already_changes_nothing(make: Make) -> None:
    call = announcing(make, "outbound")
    call.dials()
    call.callee.says(404)
    late = SoundEnded(call.world.call_id, caller=True)
    call.advance(20.1)
    call.world.media_says(late)
    assert call.caller.heard() == ["183", "404"]
    assert call.record.announcement == AnnouncementRecord("/gone.wav", complete=False)


@EITHER_WAY
def test_what_no_rule_speaks_of_is_refused_at_once(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.dials()
    call.callee.says(603)
    assert call.caller.heard() == ["603"]
    assert call.media.plans == []
    assert call.record.announcement is None


def test_the_first_rule_that_fits_decides(make: Make) -> None:
    rules = (Announcement(cause=17, sound="tone:congestion:fr"), BUSY, ANY)
    call = announcing(make, "outbound", *rules)
    call.dials()
    call.callee.says(486)
    assert call.media.plan.caller.plays == Sound(SoundKind.TONE, "congestion:fr")
    call.caller.cancels()


@EITHER_WAY
def test_only_the_terms_of_the_caller_decide(make: Make, way: str) -> None:
    here, there = ((), (BUSY,)) if way == "outbound" else ((BUSY,), ())
    call = WAYS[way](make(settings(trunk(announcements=here), announcements=there)))
    call.dials()
    call.callee.says(486)
    assert call.media.plan.caller.plays == TONE
    call.caller.cancels()


# refusals of our own


def test_a_number_without_a_route_is_told_in_words(make: Make) -> None:
    """Nobody was called: ports are bound for the announcement alone, and given back."""
    rule = Announcement(reason="no-route", sound="tone:unobtainable:de", longest_s=3)
    call = announcing(make, "outbound", rule, routes=(Route(match="^\\+99", trunks=("itsp-a",)),))
    call.caller.invites()
    assert call.caller.heard() == ["100", "183"]
    assert call.media.plan.caller.plays == Sound(SoundKind.TONE, "unobtainable:de")
    opened = call.media.open[call.world.call_id]
    assert opened.caller is opened.callee is call.caller.side
    call.advance(3.1)
    assert call.caller.heard() == ["404"]
    assert call.record.cause.reason == "no-route"
    assert call.record.announcement == AnnouncementRecord("unobtainable:de", complete=True)
    assert call.callee.heard() == []


def test_a_full_trunk_is_told_in_words_and_takes_no_room_for_that(make: Make) -> None:
    rule = Announcement(reason="call-limit", sound="tone:congestion:de", longest_s=5)
    call = announcing(make, "outbound", rule, max_calls=1)
    call.connects()
    second = Peer(call.world, Side.FRONT_END, "10.1.1.21")
    second.invites()
    assert second.heard() == ["100", "183"]
    call.ends()
    third = Pair(call.world, Peer(call.world, Side.FRONT_END, "10.1.1.22"), call.callee)
    third.dials()  # while the second hears why it is refused
    call.world.advance(5.1)
    assert second.heard() == ["503"]
    third.callee.says(486)


def test_who_calls_from_a_trunk_holds_none_of_its_room_while_it_hears_why(make: Make) -> None:
    call = announcing(make, "inbound", max_calls=1)
    call.dials()
    call.callee.says(486)
    assert call.caller.heard() == ["183"]
    room = call.world.engine._trunks["itsp-a"].room
    assert room.calls == 0
    call.caller.cancels()


def test_refused_calls_do_not_count_against_the_limit_of_the_server(make: Make) -> None:
    call = announcing(make, "outbound", sip=Sip(max_calls=1))
    call.dials()
    call.callee.says(486)
    assert call.caller.heard() == ["183"]
    second = WAYS["outbound"](call.world, front_end="10.1.1.21")
    second.dials()
    second.caller.cancels()
    second.callee.says(200, to="CANCEL")
    second.callee.says(487)


def test_all_targets_down_after_a_hunt_is_told_in_words(make: Make) -> None:
    rule = Announcement(reason="all-targets-down", sound="file:/sorry.wav")
    targets = trunk("itsp-a", "198.51.100.30", OTHER_SBC, announcements=(rule,))
    call = WAYS["outbound"](make(settings(targets, announcements=(rule,))))
    other = WAYS["outbound"](call.world, sbc=OTHER_SBC, front_end="10.1.1.99").callee
    call.dials()
    call.callee.says(503)
    assert call.caller.heard() == []
    other.says(503)
    assert call.caller.heard() == ["183"]
    ends_saying(call)
    assert call.caller.heard() == ["503"]
    assert call.caller.response(503).headers.get("Retry-After")


def test_a_refusal_by_policy_is_told_in_words(make: Make) -> None:
    rule = Announcement(reason="refused-by-policy", sound="file:/sorry.wav")
    call = announcing(make, "outbound", rule, policy=PolicyHook(url="https://policy.example/"))
    call.caller.invites()
    assert call.caller.heard() == ["100"]
    call.world.policy_says(PolicyAnswered(call.world.call_id, {"action": "refuse", "status": 403}))
    assert call.caller.heard() == ["183"]
    ends_saying(call)
    assert call.caller.heard() == ["403"]


def test_nobody_has_answered_is_told_in_words(make: Make) -> None:
    rule = Announcement(reason="no-answer", sound="file:/sorry.wav")
    call = announcing(make, "outbound", rule, sip=Sip(ring_limit_s=30))
    call.rings()
    call.advance(30.1)
    assert call.callee.heard() == ["CANCEL"]
    assert call.caller.heard() == ["183"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    ends_saying(call)
    assert call.caller.heard() == ["480"]
    assert call.record.cause.reason == "no-answer"


# who hears none


def test_a_call_for_help_is_never_held_up(make: Make) -> None:
    routes = (Route(match="^112", trunks=("itsp-a",), emergency=True),)
    call = announcing(make, "outbound", ANY, routes=routes)
    call.caller.invites("112")
    call.callee.says(486)
    assert call.caller.heard() == ["100", "486"]


def test_a_call_for_help_that_nobody_takes_is_refused_at_once(make: Make) -> None:
    """Nothing is known yet of the name that its trunk has."""
    routes = (Route(match="^112", trunks=("itsp-a",), emergency=True),)
    named = trunk(targets=(parse_target("sip:sbc.itsp.example"),))
    call = WAYS["outbound"](make(settings(named, routes=routes, announcements=(ANY,))))
    call.caller.invites("112")
    assert call.caller.heard() == ["100", "503"]
    assert call.media.plans == []


@pytest.mark.parametrize("says", ["Priority: emergency\r\n", "Resource-Priority: esnet.1\r\n"])
def test_who_says_that_it_is_for_help_is_refused_at_once(make: Make, says: str) -> None:
    call = announcing(make, "outbound", ANY)
    call.caller.invites(headers=says)
    call.callee.says(486)
    assert call.caller.heard() == ["100", "486"]


@EITHER_WAY
def test_a_caller_without_an_offer_is_refused_at_once__rfc3261_13_2_1(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.caller.invites(sdp=b"")
    call.callee.says(486)
    assert call.caller.heard() == ["100", "486"]


@EITHER_WAY
def test_a_caller_that_listens_to_nothing_is_refused_at_once(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.caller.invites(sdp=call.caller.sdp(direction="sendonly"))
    call.callee.says(486)
    assert call.caller.heard() == ["100", "486"]


@EITHER_WAY
def test_who_has_heard_the_other_side_hears_nothing_of_ours_after_it(make: Make, way: str) -> None:
    """Its network has said it already, and nobody else is called after that."""
    call = announcing(make, way)
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    call.callee.says(486)
    assert call.caller.heard() == ["183", "486"]


@EITHER_WAY
def test_early_media_that_was_not_heard_does_not_count(make: Make, way: str) -> None:
    early = EarlyMedia(ringback="de")
    call = announcing(make, way, early_media=early)
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    call.world.media_says(MediaSilent(call.world.call_id, caller=False))
    call.callee.says(486)
    assert call.caller.heard() == ["183", "183"]
    assert (call.media.plan.caller.plays, call.media.plan.callee) == (TONE, ABSENT)
    call.caller.cancels()


@EITHER_WAY
def test_it_comes_after_our_ringing_in_the_same_early_dialog(make: Make, way: str) -> None:
    call = announcing(make, way, early_media=EarlyMedia(ringback="de"))
    call.dials()
    call.callee.says(180)
    call.callee.says(486)
    assert call.caller.heard() == ["183", "183"]
    tags = {message.to.tag for _, message in call.caller.received[-2:]}
    assert len(tags) == 1
    assert call.media.plan.caller.plays == TONE
    call.advance(5.1)
    assert call.caller.heard() == ["486"]


def test_an_offer_that_cannot_be_answered_is_refused_at_once(make: Make) -> None:
    call = announcing(make, "outbound", ANY)
    call.caller.invites(sdp=call.caller.sdp("G722"))
    assert call.caller.heard() == ["100", "488"]


def test_more_than_may_be_heard_at_a_time_are_refused_at_once(make: Make) -> None:
    call = announcing(make, "outbound", media=Media(max_announcements=1))
    call.dials()
    call.callee.says(486)
    assert call.caller.heard() == ["183"]
    second = WAYS["outbound"](call.world, front_end="10.1.1.21", sbc="198.51.100.30")
    second.dials()
    second.callee.says(486)
    assert second.caller.heard() == ["486"]
    call.advance(5.1)
    assert call.caller.heard() == ["486"]
    second.callee.heard()
    second.dials()
    second.callee.says(486)
    assert second.caller.heard() == ["183"]
    second.caller.cancels()


# what may happen meanwhile


@EITHER_WAY
def test_a_caller_that_cancels_meanwhile_leaves_nothing__rfc3261_9_2(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.dials()
    call.callee.says(486)
    call.caller.heard()
    call.caller.cancels()
    assert call.caller.heard() == ["200 CANCEL", "487"]
    assert call.callee.heard() == ["ACK"]
    assert call.over
    assert (call.record.cause.status, call.record.hung_up_by) == (486, "callee")
    assert call.record.announcement == AnnouncementRecord("busy:de", complete=False)


@EITHER_WAY
def test_a_bye_of_the_early_dialog_ends_it__rfc3261_15(make: Make, way: str) -> None:
    call = announcing(make, way)
    call.dials()
    call.callee.says(486)
    call.caller.heard()
    call.caller.hangs_up()
    assert sorted(call.caller.heard()) == ["200 BYE", "487"]
    assert call.over
    assert call.record.cause.status == 486


def test_the_end_of_the_media_is_the_end_of_the_announcement(make: Make) -> None:
    call = announcing(make, "outbound")
    call.dials()
    call.callee.says(486)
    call.media.open.clear()
    call.world.media_says(MediaLost(call.world.call_id, "its media worker died"))
    assert call.caller.heard() == ["183", "486"]
    assert call.record.cause.status == 486


def test_silence_of_the_caller_is_no_end(make: Make) -> None:
    call = announcing(make, "outbound")
    call.dials()
    call.callee.says(486)
    call.world.media_says(MediaSilent(call.world.call_id, caller=True))
    assert call.caller.heard() == ["183"]
    call.caller.cancels()


def test_a_server_that_stops_waits_for_no_announcement(make: Make) -> None:
    call = announcing(make, "outbound")
    call.dials()
    call.callee.says(486)
    call.world.stop()
    assert call.caller.heard() == ["183", "486"]
    assert call.record.cause.status == 486


def test_a_server_that_stops_says_nothing_to_new_callers(make: Make) -> None:
    call = announcing(make, "outbound", ANY)
    call.world.stop()
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]


def test_without_ports_the_refusal_is_the_one_that_it_was(make: Make) -> None:
    rule = Announcement(reason="no-route", sound="tone:unobtainable:de")
    call = announcing(make, "outbound", rule, routes=(Route(match="^\\+99", trunks=("itsp-a",)),))
    call.media.refuses = True
    call.caller.invites()
    assert call.caller.heard() == ["100", "404"]
    assert call.record.cause.reason == "no-route"


def prepared(make: Make) -> Pair:
    """Refused, and the ports for that are not bound yet."""
    rule = Announcement(reason="no-route", sound="tone:unobtainable:de", longest_s=3)
    call = announcing(make, "outbound", rule, routes=(Route(match="^\\+99", trunks=("itsp-a",)),))
    call.media.slow = True
    call.caller.invites()
    assert call.caller.heard() == ["100"]
    return call


def test_a_caller_that_cancels_while_ports_are_bound_hears_nothing(make: Make) -> None:
    call = prepared(make)
    call.caller.cancels()
    assert call.caller.heard() == ["200 CANCEL", "487"]
    assert call.record.cause.status == 404


def test_ports_that_do_not_come_hold_up_no_refusal(make: Make) -> None:
    call = prepared(make)
    call.advance(3.1)
    assert call.caller.heard() == ["404"]


def test_a_server_that_stops_does_not_wait_for_ports(make: Make) -> None:
    call = prepared(make)
    call.world.stop()
    assert call.caller.heard() == ["404"]


def test_a_worker_that_dies_before_ports_are_bound_is_the_end_of_it(make: Make) -> None:
    call = prepared(make)
    call.media.open.clear()
    call.world.media_says(MediaLost(call.world.call_id, "its media worker died"))
    assert call.caller.heard() == ["404"]


def test_the_caller_may_move_meanwhile_and_ask_nothing_else__rfc3311_5_2(make: Make) -> None:
    call = announcing(make, "outbound", early_media=EarlyMedia(reliable=Reliability.PREFER))
    call.caller.invites(headers="Supported: 100rel\r\n")
    call.callee.says(486)
    assert call.caller.heard() == ["100", "183"]
    assert call.caller.response(183).headers.get("Require") == "100rel"
    call.caller.pracks()
    call.caller.updates(call.caller.sdp(port=4100, version=2))
    assert call.caller.heard() == ["200 PRACK", "200 UPDATE"]
    assert call.media.plan.caller.remote[1] == 4100
    assert call.media.plan.caller.plays == TONE
    call.caller.asks(
        "INFO", within=True, body=b"Signal=1", headers="Content-Type: application/dtmf-relay\r\n"
    )
    call.caller.refers("sip:+4930999@198.51.100.99")
    answers = call.caller.heard()
    assert [answer.split()[1] for answer in answers] == ["INFO", "REFER"]
    assert all(int(answer.split()[0]) >= 400 for answer in answers)
    call.advance(5.1)
    assert call.caller.heard() == ["486"]


def test_a_caller_that_never_acknowledges_hears_the_refusal_all_the_same__rfc3262_3(make: Make) -> None:
    call = announcing(make, "outbound", early_media=EarlyMedia(reliable=Reliability.PREFER))
    call.caller.invites(headers="Supported: 100rel\r\n")
    call.callee.says(486)
    assert call.caller.heard()[:2] == ["100", "183"]
    call.advance(5.1)
    assert call.caller.heard()[-1] == "486"
    assert call.record.cause.status == 486


def test_words_longer_than_a_prack_is_waited_for_end_in_504__rfc3262_3(make: Make) -> None:
    rule = Announcement(status=486, sound="file:/long.wav", longest_s=60)
    call = announcing(make, "outbound", rule, early_media=EarlyMedia(reliable=Reliability.PREFER))
    call.caller.invites(headers="Supported: 100rel\r\n")
    call.callee.says(486)
    call.advance(33)
    assert call.caller.heard()[-1] == "504"
    assert call.over
    assert call.record.cause.status == 486


def test_an_attempt_that_answers_after_its_end_is_hung_up__rfc3261_13_2_2_4(make: Make) -> None:
    rule = Announcement(reason="no-answer", sound="file:/sorry.wav")
    call = announcing(make, "outbound", rule, sip=Sip(ring_limit_s=30))
    call.rings()
    call.advance(30.1)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["CANCEL", "ACK", "BYE"]
    call.callee.says(200, to="CANCEL")
    assert call.caller.heard() == ["183"]
    ends_saying(call)
    assert call.caller.heard() == ["480"]
