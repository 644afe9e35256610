"""Flow 15: blind transfer, performed here or passed on (RFC 3515, RFC 5589 section 6, RFC 4488)."""

from typing import Any

import pytest

from mediation.settings.bypass import Bypass, TrunkMedia
from mediation.settings.peer_terms import MidCall, Relay, TransferMode, Transfers, TransferTo
from mediation.settings.peers import Side
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.peers import Peer
from tests.flows.scenery import (
    FRONT_END,
    NO_BYPASS,
    OTHER_FRONT_END,
    SBC,
    USUAL_TRUNK_MEDIA,
    settings,
    trunk,
)

TARGET = "+493099"
TO = f"sip:{TARGET}@10.1.1.10"
BY = "Referred-By: <sip:boss@10.1.1.20>\r\n"


class Trio(Pair):
    """A call that is up, and somebody whom a transfer calls: a front-end server of its own."""

    target: Peer


def trio(
    make: Make,
    way: str = "outbound",
    *,
    bypass: Bypass = NO_BYPASS,
    trunk_media: TrunkMedia = USUAL_TRUNK_MEDIA,
    peers: str = "",
    **terms: Any,
) -> Trio:
    """`terms` are those of both sides; `peers` the codecs of all parties."""
    given: dict[str, Any] = {"mid_call": MidCall(hold=Relay.RELAY), **terms}
    itsp = trunk(media=trunk_media, **given)
    world = make(settings(itsp, front_ends=(OTHER_FRONT_END,), bypass=bypass, **given))
    front_end = Peer(world, Side.FRONT_END, FRONT_END, codecs=peers)
    sbc = Peer(world, Side.GATEWAY, SBC, codecs=peers)
    pool = Peer(world, Side.FRONT_END, OTHER_FRONT_END, codecs=peers)
    call = Trio(world, front_end, sbc) if way == "outbound" else Trio(world, sbc, pool)
    call.target = pool
    call.answers()
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    return call


@pytest.fixture
def three(make: Make) -> Trio:
    """A front end that has called through the trunk, and another one."""
    return trio(make)


def test_the_target_is_called_and_takes_the_transferors_seat__rfc5589_6_1(three: Trio) -> None:
    three.caller.refers(TO, headers=BY)
    assert three.caller.heard() == ["202 REFER", "NOTIFY"]
    assert three.target.heard() == ["INVITE"]
    invite = three.target.request("INVITE")
    assert invite.request_uri.startswith(f"sip:{TARGET}@{OTHER_FRONT_END}")
    three.target.says(180)
    three.target.says(200, sdp=three.target.sdp(port=4900))
    assert three.target.heard() == ["ACK"]
    assert three.caller.heard() == ["NOTIFY", "NOTIFY", "BYE"]
    assert three.caller.reports() == ["100 active", "180 active", "200 terminated"]
    assert three.callee.heard() == [], "nothing of its session has changed"
    plan = three.media.plan
    assert (plan.caller.remote, plan.callee.remote) == ((OTHER_FRONT_END, 4900), (SBC, 4000))
    assert plan.caller_pair == 2
    three.target.hangs_up()
    assert three.callee.heard() == ["BYE"]
    transfer = three.record.transfers[0]
    assert (transfer.by, transfer.status) == ("caller", 200)
    assert [attempt.transfer for attempt in three.record.attempts] == [False, True]


def test_the_new_call_is_that_of_the_party_that_stays_and_says_who_wanted_it__rfc3892_2(three: Trio) -> None:
    three.caller.refers(TO, headers=BY)
    invite = three.target.request("INVITE")
    assert "+493012345678" in (invite.headers.get("From") or "")
    assert "boss" in (invite.headers.get("Referred-By") or "")
    three.target.says(486)
    three.ends()


def test_reports_are_of_the_refer_and_say_so__rfc3515_2_4_6(three: Trio) -> None:
    three.caller.refers(TO)
    first = three.caller.request("NOTIFY")
    assert first.headers.get("Event") == "refer"
    assert (first.headers.get("Content-Type") or "").startswith("message/sipfrag")
    assert first.contact is not None
    three.target.says(486)
    three.caller.refers(TO)
    assert three.caller.request("NOTIFY").headers.get("Event") == f"refer;id={three.caller.line.sequence}"
    three.target.says(486)
    three.ends()


def test_who_wants_no_reports_gets_none__rfc4488_4(three: Trio) -> None:
    three.caller.refers(TO, headers="Refer-Sub: false\r\n")
    assert three.caller.heard() == ["202 REFER"]
    assert three.caller.response(202).headers.get("Refer-Sub") == "false"
    three.target.says(200, sdp=three.target.sdp())
    assert three.caller.heard() == ["BYE"]
    three.callee.hangs_up()


@pytest.mark.parametrize(
    ("status", "told"), [(486, "486"), (404, "404"), (603, "603"), (407, "403"), (302, "480")]
)
def test_a_target_that_refuses_is_reported_and_the_call_is_as_it_was__rfc3515_2_4_5(
    three: Trio, status: int, told: str
) -> None:
    before = three.media.plan
    three.caller.refers(TO)
    three.target.says(status)
    assert three.caller.reports() == ["100 active", f"{told} terminated"]
    assert three.callee.heard() == []
    assert three.media.plan == before
    assert three.media.pairs[three.world.call_id].keys() == {0, 1}
    three.ends()
    assert three.record.transfers[0].to is None


def test_a_target_that_never_answers_is_given_up_and_the_call_is_as_it_was(three: Trio) -> None:
    three.caller.refers(TO)
    three.target.says(180)
    three.advance(180)
    assert three.target.heard() == ["INVITE", "CANCEL"]
    three.target.says(487)
    assert three.caller.reports()[-1] == "480 terminated"
    three.ends()


def test_a_target_that_says_nothing_is_left_after_ten_seconds(three: Trio) -> None:
    three.caller.refers(TO)
    three.advance(10)
    assert three.caller.reports() == ["100 active", "503 terminated"]
    three.ends()


def test_early_media_of_the_target_is_heard_by_the_party_that_stays(three: Trio) -> None:
    three.caller.refers(TO)
    three.target.says(183, sdp=three.target.sdp(port=4700))
    assert three.media.plan.caller.remote == (OTHER_FRONT_END, 4700)
    three.target.says(486)
    assert three.media.plan.caller.remote == (FRONT_END, 4000)
    three.ends()


def test_a_transferor_may_leave_as_soon_as_its_refer_is_accepted__rfc5589_6_1(three: Trio) -> None:
    three.caller.refers(TO)
    three.caller.hangs_up()
    assert three.caller.heard() == ["202 REFER", "NOTIFY", "200 BYE"]
    assert three.callee.heard() == [], "it is not hung up on"
    assert not three.media.plan.caller.takes
    three.target.says(180)
    three.target.says(200, sdp=three.target.sdp())
    assert three.target.heard() == ["INVITE", "ACK"]
    assert three.caller.heard() == [], "who has gone hears no reports"
    assert three.media.plan.caller.remote[0] == OTHER_FRONT_END
    three.callee.hangs_up()
    assert three.target.heard() == ["BYE"]


def test_where_the_transferor_has_left_a_target_that_refuses_ends_the_call(three: Trio) -> None:
    three.caller.refers(TO)
    three.caller.hangs_up()
    three.target.says(486)
    assert three.callee.heard() == ["BYE"]
    assert "cause=17" in (three.callee.request("BYE").headers.get("Reason") or "")
    assert three.record.cause.reason == "busy"


def test_a_party_that_hangs_up_meanwhile_ends_everything(three: Trio) -> None:
    three.caller.refers(TO)
    three.target.says(180)
    three.callee.hangs_up()
    assert three.target.heard() == ["INVITE", "CANCEL"]
    assert three.caller.heard()[-1] == "BYE"
    three.target.says(487)
    assert three.record.hung_up_by == "callee"


def test_a_target_that_answers_too_late_is_acked_and_ended(three: Trio) -> None:
    three.caller.refers(TO)
    three.target.says(180)
    three.callee.hangs_up()
    three.target.says(200, sdp=three.target.sdp())
    assert three.target.heard() == ["INVITE", "CANCEL", "ACK", "BYE"]


def test_a_second_refer_while_the_first_goes_on_is_491(three: Trio) -> None:
    three.caller.refers(TO)
    three.caller.refers(TO)
    three.callee.refers("sip:+4977@198.51.100.10")
    assert three.caller.heard() == ["202 REFER", "NOTIFY", "491 REFER"]
    assert three.callee.heard() == ["491 REFER"]
    three.target.says(486)
    three.ends()


def test_without_ports_for_the_target_the_call_is_as_it_was(three: Trio) -> None:
    three.media.refuses = True
    three.caller.refers(TO)
    assert three.caller.reports() == ["100 active", "503 terminated"]
    assert three.target.heard() == []
    three.ends()


def test_a_party_may_hang_up_while_ports_for_the_target_are_opened(three: Trio) -> None:
    three.media.slow = True
    three.caller.refers(TO)
    three.callee.hangs_up()
    assert three.caller.heard()[-1] == "BYE"
    assert three.target.heard() == []


def test_the_party_that_stays_is_asked_again_only_if_it_must_know_something(three: Trio) -> None:
    three.caller.reinvites(three.caller.sdp(direction="sendonly", version=2))
    three.callee.says(200, sdp=three.callee.sdp(direction="recvonly", version=2))
    three.caller.acks()
    three.caller.heard(), three.callee.heard()
    three.caller.refers(TO)
    three.target.says(200, sdp=three.target.sdp())
    assert three.callee.heard() == ["INVITE"], "it is held no more"
    assert b"a=sendrecv" in three.callee.request("INVITE").body
    three.callee.says(200, sdp=three.callee.sdp(version=3))
    assert three.callee.heard() == ["ACK"]
    assert three.media.plan.callee.sends
    three.target.hangs_up()


def test_a_change_that_the_transferor_has_not_answered_is_asked_of_the_target__rfc3264_8_4(
    three: Trio,
) -> None:
    three.caller.refers(TO)
    three.callee.reinvites(three.callee.sdp(direction="sendonly", version=2))
    assert three.caller.heard()[-1] == "INVITE"
    three.target.says(200, sdp=three.target.sdp())
    assert three.target.heard() == ["INVITE", "ACK", "INVITE"]
    assert b"a=sendonly" in three.target.request("INVITE").body
    three.target.says(200, sdp=three.target.sdp(direction="recvonly", version=2))
    assert three.callee.heard() == ["100", "200"]
    assert b"a=recvonly" in three.callee.response(200).body
    three.callee.acks()
    three.caller.says(200, sdp=three.caller.sdp(version=2))
    assert three.caller.heard()[-1] == "ACK"
    three.target.hangs_up()


def test_a_change_that_the_target_knows_already_is_agreed_to_once_it_sits__rfc3264_8_4(three: Trio) -> None:
    three.callee.reinvites(three.callee.sdp(direction="sendonly", version=2))
    assert three.caller.heard() == ["INVITE"]
    three.caller.refers(TO)
    assert b"a=sendonly" in three.target.request("INVITE").body
    three.target.says(200, sdp=three.target.sdp(direction="recvonly"))
    assert three.callee.heard() == ["100", "200"]
    assert three.target.heard() == ["INVITE", "ACK"]
    three.callee.acks()
    three.target.hangs_up()


def test_what_the_transferor_has_not_answered_when_it_leaves_is_487(three: Trio) -> None:
    three.caller.refers(TO)
    three.callee.asks("INFO", within=True, headers="Content-Type: application/x\r\n", body=b"x")
    assert three.caller.heard()[-1] == "INFO"
    three.target.says(200, sdp=three.target.sdp())
    assert three.callee.heard() == ["487 INFO"]
    three.caller.says(200, to="INFO")
    assert three.callee.heard() == []
    three.target.hangs_up()


def test_a_transfer_by_the_called_party_goes_to_the_front_ends_too(make: Make) -> None:
    call = trio(make)
    call.callee.refers("sip:+4977@198.51.100.10")
    assert call.target.heard() == ["INVITE"]
    call.target.says(200, sdp=call.target.sdp())
    assert call.callee.heard() == ["202 REFER", "NOTIFY", "NOTIFY", "BYE"]
    assert call.media.plan.callee.remote[0] == OTHER_FRONT_END
    call.caller.hangs_up()
    assert call.target.heard() == ["ACK", "BYE"]
    assert call.record.transfers[0].by == "callee"


def test_whoever_was_transferred_to_hears_of_changes_and_nobody_who_has_left(make: Make) -> None:
    call = trio(make)
    call.callee.refers("sip:+4977@198.51.100.10")
    call.target.says(200, sdp=call.target.sdp())
    call.caller.heard(), call.callee.heard(), call.target.heard()
    call.caller.reinvites(call.caller.sdp(direction="sendonly", version=2))
    assert call.target.heard() == ["INVITE"]
    call.target.says(200, sdp=call.target.sdp(direction="recvonly", version=2))
    assert call.caller.heard() == ["100", "200"]
    call.caller.acks()
    assert call.callee.heard() == []
    call.target.hangs_up()


def test_a_transfer_may_go_by_our_own_routes(make: Make) -> None:
    call = trio(make, transfer=Transfers(to=TransferTo.ROUTES))
    call.caller.refers(TO)
    assert call.callee.heard() == ["INVITE"]
    assert call.callee.request("INVITE").request_uri == f"sip:{TARGET}@{SBC}:5060"
    call.callee.says(200, sdp=call.callee.sdp(port=4600))
    assert call.media.plan.caller.remote == (SBC, 4600)
    call.callee.hangs_up()


@pytest.mark.parametrize("way", list(WAYS))
def test_where_transfer_is_off_refer_is_405_and_not_in_allow(make: Make, way: str) -> None:
    call = trio(make, way, transfer=Transfers(mode=TransferMode.OFF))
    call.caller.refers(TO)
    assert call.caller.heard() == ["405 REFER"]
    assert "REFER" not in call.caller.response(405).allow
    call.ends()


def test_a_refer_outside_of_a_dialog_is_403(out: Pair) -> None:
    out.caller.asks("REFER", headers=f"Refer-To: <{TO}>\r\n")
    assert out.caller.heard() == ["403 REFER"]


@pytest.mark.parametrize(
    ("to", "status"),
    [("sip:+4930@10.1.1.10;method=BYE", 603), ("sip:10.1.1.10", 603), ("sip:+493012345678@10.1.1.10", 202)],
)
def test_what_cannot_be_called_is_declined_and_never_sent_back(three: Trio, to: str, status: int) -> None:
    three.caller.refers(to)
    assert three.caller.heard()[0] == f"{status} REFER"
    assert "REFER" not in three.callee.heard()
    if status == 202:
        three.target.says(486)
    three.ends()


def test_a_transfer_to_whoever_asks_for_it_is_482(three: Trio) -> None:
    three.callee.refers("sip:+493012345678@198.51.100.10")
    assert three.callee.heard() == ["482 REFER"]
    three.ends()


@pytest.mark.parametrize(
    "headers", ["", "Refer-To: <sip:one@x\r\n", "Refer-To: <sip:a@x?Replaces=broken>\r\n"]
)
def test_a_refer_that_cannot_be_read_is_400__rfc3515_2_4_1(three: Trio, headers: str) -> None:
    three.caller.asks("REFER", within=True, headers=headers)
    assert three.caller.heard() == ["400 REFER"]
    three.ends()


def test_a_refer_behind_our_bye_is_481__rfc5407_3_3(three: Trio) -> None:
    three.caller.answers_bye = False
    three.callee.hangs_up()
    three.caller.refers(TO)
    assert three.caller.heard() == ["BYE", "481 REFER"]
    three.caller.says(200, to="BYE")


def test_reports_that_nobody_answers_end_only_themselves__rfc5057_5_1(three: Trio) -> None:
    three.caller.answers_notify = False
    three.caller.refers(TO)
    three.caller.says(481, to="NOTIFY")
    three.target.says(486)
    three.advance(40)
    three.ends()


# passed on


@pytest.fixture
def passing(make: Make) -> Trio:
    """A party that takes REFER by its own word, and terms that pass it on."""
    world = make(settings(trunk(transfer=Transfers(mode=TransferMode.REFER)), front_ends=(OTHER_FRONT_END,)))
    call = Trio(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.target = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp(), headers="Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n")
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    return call


def test_a_refer_is_passed_on_in_the_words_of_the_other_side__rfc3515_2_4(passing: Trio) -> None:
    passing.caller.refers(TO, headers=BY)
    assert passing.callee.heard() == ["REFER"]
    refer = passing.callee.request("REFER")
    assert refer.headers.get("Refer-To") == f"<sip:{TARGET}@{SBC}:5060>"
    assert passing.caller.heard() == []
    passing.callee.says(202, to="REFER")
    assert passing.caller.heard() == ["202 REFER"]
    notify(passing, 100, "active")
    notify(passing, 200, "terminated;reason=noresource")
    assert passing.caller.reports() == ["100 active", "200 terminated"]
    assert passing.target.heard() == []
    passing.ends()


def test_a_report_may_come_before_the_response_to_its_refer__rfc3515_2_4_4(passing: Trio) -> None:
    passing.caller.refers(TO)
    notify(passing, 100, "active")
    assert passing.callee.heard() == ["REFER", "200 NOTIFY"]
    assert passing.caller.heard() == ["202 REFER", "NOTIFY"]
    passing.callee.says(202, to="REFER")
    assert passing.caller.heard() == []
    notify(passing, 200, "terminated;reason=noresource")
    assert passing.caller.reports() == ["100 active", "200 terminated"]
    passing.ends()


@pytest.mark.parametrize(("status", "told"), [(603, 603), (405, 405), (401, 403)])
def test_a_refer_that_the_other_side_refuses_is_refused(passing: Trio, status: int, told: int) -> None:
    passing.caller.refers(TO)
    passing.callee.says(status, to="REFER")
    assert passing.caller.heard() == [f"{told} REFER"]
    passing.ends()


def test_a_report_that_nobody_has_asked_for_is_481__rfc6665_4_1_3(passing: Trio) -> None:
    notify(passing, 100, "active")
    assert passing.callee.heard() == ["481 NOTIFY"]
    passing.ends()


def test_a_report_of_something_else_is_489__rfc6665_8_3_2(passing: Trio) -> None:
    passing.callee.asks("NOTIFY", within=True, headers="Event: presence\r\nSubscription-State: active\r\n")
    assert passing.callee.heard() == ["489 NOTIFY"]
    assert passing.callee.response(489).headers.get("Allow-Events") == "refer"
    passing.ends()


def test_a_party_that_does_not_list_refer_is_not_sent_one(make: Make) -> None:
    call = trio(make, transfer=Transfers(mode=TransferMode.REFER))
    call.caller.refers(TO)
    assert call.callee.heard() == []
    assert call.target.heard() == ["INVITE"]
    call.target.says(486)
    call.ends()


def notify(call: Trio, status: int, state: str) -> None:
    """The party that performs a transfer tells how it goes."""
    headers = f"Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag;version=2.0\r\n"
    call.callee.asks("NOTIFY", within=True, headers=headers, body=f"SIP/2.0 {status} So\r\n".encode())


def test_what_takes_place_of_a_transferor_is_called_in_order_like_any_call(make: Make) -> None:
    world = make(settings(trunk(), front_ends=(OTHER_FRONT_END, "10.1.1.22")))
    call = Trio(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    first, second = Peer(world, Side.FRONT_END, OTHER_FRONT_END), Peer(world, Side.FRONT_END, "10.1.1.22")
    call.connects()
    call.caller.refers(TO)
    first.says(503)
    assert second.heard() == ["INVITE"]
    second.says(200, sdp=second.sdp())
    assert call.caller.reports() == ["100 active", "200 terminated"]
    second.hangs_up()


def test_ordinary_calls_know_nothing_of_it(make: Make) -> None:
    call = outbound(make(settings()))
    call.connects()
    call.ends()
    assert call.record.transfers == ()
