"""Flow 5: reliable provisional responses on unequal legs (RFC 3262, RFC 3311)."""

import pytest

from mediation.sdp.description import SessionDescription
from mediation.settings.peer_terms import EarlyMedia, Reliability
from mediation.sip.message import Request
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk

SUPPORTED = "Supported: 100rel\r\n"
REQUIRED = "Require: 100rel\r\n"


def reliably(rseq: int) -> str:
    """What makes a provisional response reliable."""
    return f"Require: 100rel\r\nRSeq: {rseq}\r\n"


def pair(make: Make, way: str, mode: str) -> Pair:
    """Both sides on these terms."""
    terms = EarlyMedia(reliable=Reliability(mode))
    return WAYS[way](make(settings(trunk(early_media=terms), early_media=terms)))


def pracks(call: Pair) -> list[Request]:
    """All PRACKs that the callee has heard."""
    return [m for _, m in call.callee.received if isinstance(m, Request) and m.method == "PRACK"]


# the called side is reliable


def test_a_reliable_response_is_acknowledged_at_once_by_its_numbers__rfc3262_4(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers=reliably(4711))
    assert call.callee.heard() == ["PRACK"]
    invite, prack = call.callee.request("INVITE"), call.callee.request("PRACK")
    assert prack.headers.get("RAck") == f"4711 {invite.cseq.number} INVITE"
    assert prack.cseq.number == invite.cseq.number + 1
    assert prack.to.tag == call.callee.line.local.partition(";tag=")[2]
    call.callee.says(200, to="PRACK")
    assert call.caller.heard() == ["183"]
    assert not call.caller.response(183).headers.has("RSeq")
    call.callee.says(200)
    call.caller.acks()
    assert call.caller.response(200).body == call.caller.response(183).body
    call.ends()


def test_a_repeated_one_is_acknowledged_once_and_told_once__rfc3262_4(call: Pair) -> None:
    call.dials()
    call.callee.says(180, headers=reliably(1))
    call.callee.repeats()
    call.callee.repeats()
    assert len(pracks(call)) == 1
    assert call.caller.heard() == ["180"]
    call.callee.says(200, to="PRACK")
    call.callee.says(486)


def test_one_out_of_order_is_dropped_until_its_turn__rfc3262_4(call: Pair) -> None:
    call.dials()
    call.callee.says(180, headers=reliably(1))
    call.callee.says(200, to="PRACK")
    call.callee.says(183, headers=reliably(3), sdp=call.callee.sdp())
    assert call.caller.heard() == ["180"]
    call.callee.says(181, headers=reliably(2))
    call.callee.says(200, to="PRACK")
    call.callee.says(183, headers=reliably(3), sdp=call.callee.sdp())
    call.callee.says(200, to="PRACK")
    assert call.caller.heard() == ["181", "183"]
    assert [(prack.headers.get("RAck") or "").split(" ")[0] for prack in pracks(call)] == ["1", "2", "3"]
    call.callee.says(486)


def test_each_fork_is_acknowledged_in_its_own_dialog__rfc3262_4(call: Pair) -> None:
    call.dials()
    for party, rseq in (("fork-a", 10), ("fork-b", 10)):
        call.callee.says(183, sdp=call.callee.sdp(), headers=reliably(rseq), tag=party)
        call.callee.says(200, to="PRACK")
    assert [prack.to.tag for prack in pracks(call)] == ["fork-a", "fork-b"]
    call.callee.says(486)


@pytest.mark.parametrize("status", [400, 481, 500])
def test_a_callee_that_refuses_its_prack_is_cancelled_and_the_call_fails(call: Pair, status: int) -> None:
    call.dials()
    call.callee.says(180, headers=reliably(1))
    call.callee.says(status, to="PRACK")
    assert call.callee.heard() == ["PRACK", "CANCEL"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    assert call.caller.heard() == ["180", "502"]
    assert call.record.cause.reason == "prack-refused"


def test_a_callee_that_never_answers_its_prack_is_cancelled(call: Pair) -> None:
    call.dials()
    call.callee.says(180, headers=reliably(1))
    call.advance(32)
    assert call.callee.heard()[-1] == "CANCEL"
    call.callee.says(487)
    assert call.caller.heard() == ["180", "502"]


def test_a_prack_is_no_answer_to_the_200_that_overtakes_it(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers=reliably(1))
    call.callee.says(200)
    assert call.callee.heard() == ["PRACK", "ACK"]
    call.callee.says(481, to="PRACK")
    call.caller.acks()
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
def test_our_invite_demands_it_where_the_terms_say_so(make: Make, way: str) -> None:
    call = pair(make, way, "require")
    call.caller.invites(headers=SUPPORTED)
    assert call.callee.request("INVITE").require == ("100rel",)
    call.callee.says(420, headers="Unsupported: 100rel\r\n")
    assert call.caller.heard() == ["100", "500"]


@pytest.mark.parametrize("way", list(WAYS))
def test_our_invite_does_not_mention_it_where_it_is_off(make: Make, way: str) -> None:
    call = pair(make, way, "off")
    call.caller.invites()
    invite = call.callee.request("INVITE")
    assert "100rel" not in (*invite.supported, *invite.require)
    call.callee.says(486)


# the calling side is reliable


def test_a_caller_that_demands_it_gets_it_from_us_though_the_callee_lacks_it__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    assert call.callee.request("INVITE").require == ()
    call.callee.says(183, sdp=call.callee.sdp())
    rung = call.caller.response(183)
    assert rung.require == ("100rel",)
    assert rung.body
    call.caller.pracks()
    assert call.caller.heard() == ["100", "183", "200 PRACK"]
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["200"]
    assert call.caller.response(200).body == b"", "the answer has gone already"
    call.caller.acks()
    assert call.callee.heard() == ["INVITE", "ACK"]
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
def test_a_caller_that_demands_it_where_it_is_off_hears_420(make: Make, way: str) -> None:
    call = pair(make, way, "off")
    call.caller.invites(headers=REQUIRED)
    assert call.caller.heard() == ["420"]
    assert call.caller.response(420).headers.get("Unsupported") == "100rel"


@pytest.mark.parametrize("way", list(WAYS))
def test_a_caller_that_lacks_it_where_it_is_demanded_hears_421__rfc3261_21_4_16(make: Make, way: str) -> None:
    call = pair(make, way, "require")
    call.caller.invites()
    assert call.caller.heard() == ["100", "421"]
    assert call.caller.response(421).require == ("100rel",)
    assert call.callee.heard() == []


@pytest.mark.parametrize(("mode", "reliable"), [("support", False), ("prefer", True), ("require", True)])
@pytest.mark.parametrize("way", list(WAYS))
def test_a_caller_that_knows_it_gets_it_where_the_terms_say_so(
    make: Make, way: str, mode: str, reliable: bool
) -> None:
    call = pair(make, way, mode)
    call.caller.invites(headers=SUPPORTED)
    call.callee.says(180)
    assert call.caller.response(180).headers.has("RSeq") is reliable
    if reliable:
        call.caller.pracks()
    call.callee.says(486)


def test_ours_is_repeated_with_doubling_until_its_prack__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.advance(4)
    assert call.caller.times("180") == [0.0, 0.5, 1.5, 3.5]
    call.caller.pracks()
    call.advance(30)
    assert len(call.caller.times("180")) == 4
    call.callee.says(486)


def test_without_prack_the_caller_hears_504_and_the_callee_is_cancelled__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.advance(31.9)
    assert call.callee.heard() == ["INVITE"]
    call.advance(0.1)
    assert call.caller.heard()[-1] == "504"
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)
    assert call.record.cause.reason == "no-prack"


def test_a_second_one_waits_until_the_first_is_acknowledged__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.heard() == ["100", "180"]
    first = call.caller.response(180).headers.get("RSeq")
    call.caller.pracks()
    assert call.caller.heard() == ["200 PRACK", "183"]
    assert int(call.caller.response(183).headers.get("RSeq") or 0) == int(first or 0) + 1
    call.caller.pracks()
    call.callee.says(486)


def test_our_200_waits_for_the_prack_to_a_description__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["INVITE", "ACK"]
    assert call.caller.heard() == ["100", "183"]
    call.caller.pracks()
    assert call.caller.heard() == ["200 PRACK", "200"]
    call.caller.acks()
    call.ends()


def test_our_200_does_not_wait_for_a_prack_to_mere_ringing__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["100", "180", "200"]
    call.caller.pracks()
    assert call.caller.heard() == ["200 PRACK"]
    call.caller.acks(sequence=7)
    call.advance(40)
    assert len(call.caller.times("180")) == 1
    call.ends()


def test_a_callee_that_hangs_up_while_our_200_waits_is_told_by_a_failure(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.callee.says(200, sdp=call.callee.sdp())
    call.callee.hangs_up()
    assert call.caller.heard() == ["100", "183", "480"]


def test_a_caller_may_cancel_while_our_200_waits(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.cancels()
    assert call.caller.heard() == ["100", "183", "200 CANCEL", "487"]
    assert call.callee.heard() == ["INVITE", "ACK", "BYE"]


def test_a_prack_that_matches_nothing_is_481__rfc3262_3(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.caller.pracks(rseq="99999")
    assert call.caller.heard() == ["100", "180", "481 PRACK"]
    call.caller.pracks()
    call.caller.pracks()
    assert call.caller.heard() == ["200 PRACK", "481 PRACK"]
    call.callee.says(486)


def test_a_prack_that_says_nothing_is_400(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(180)
    call.caller.asks("PRACK", within=True)
    assert call.caller.heard() == ["100", "180", "400 PRACK"]
    call.caller.pracks()
    call.callee.says(486)


# offers and answers in them


def test_without_an_offer_our_first_reliable_response_makes_one__rfc3262_5(call: Pair) -> None:
    call.caller.invites(sdp=b"", headers=REQUIRED)
    call.callee.says(180)
    rung = call.caller.response(180)
    assert SessionDescription.parse(rung.body).media[0].port
    call.caller.pracks(call.caller.sdp())
    assert call.caller.heard() == ["100", "180", "200 PRACK"]
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.media.plan.caller.remote[1] == 4000
    assert call.caller.response(183).body == b""
    call.caller.pracks()
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.response(200).body == b""
    call.caller.acks()
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
def test_without_an_offer_and_without_media_ringing_is_not_reliable_unless_demanded(
    make: Make, way: str
) -> None:
    call = pair(make, way, "prefer")
    call.caller.invites(sdp=b"", headers=SUPPORTED)
    call.callee.says(180)
    assert not call.caller.response(180).headers.has("RSeq")
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.response(183).headers.has("RSeq")
    assert call.caller.response(183).body
    call.caller.pracks(call.caller.sdp())
    assert call.media.plan.callee.remote[1] == 4000
    call.callee.says(486)


def test_an_answer_in_a_prack_that_nobody_can_use_ends_the_call(call: Pair) -> None:
    call.caller.invites(sdp=b"", headers=REQUIRED)
    call.callee.says(180)
    call.caller.pracks(call.caller.sdp("G722"))
    assert call.caller.heard() == ["100", "180", "488 PRACK", "488"]
    assert call.callee.heard() == ["INVITE", "CANCEL"]
    call.callee.says(487)


def test_a_prack_may_make_an_offer_of_its_own_and_its_200_answers_it__rfc3262_5(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.pracks(call.caller.sdp(port=4700, version=2))
    assert call.caller.heard() == ["100", "183", "200 PRACK"]
    assert call.caller.response(200).body
    assert call.media.plan.caller.remote[1] == 4700
    call.callee.says(486)


# UPDATE before the answer


def test_an_update_of_the_caller_is_answered_once_the_first_exchange_is_complete__rfc3311_5_2(
    call: Pair,
) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.updates(call.caller.sdp(port=4800, version=2))
    assert call.caller.heard() == ["100", "183", "491 UPDATE"]
    call.caller.pracks()
    call.caller.updates(call.caller.sdp(port=4800, version=2))
    assert call.caller.heard() == ["200 PRACK", "200 UPDATE"]
    assert call.media.plan.caller.remote[1] == 4800
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(sequence=7)
    assert call.media.plan.caller.remote[1] == 4800
    call.ends()


def test_a_caller_may_hold_while_it_rings__rfc3311_5_1(call: Pair) -> None:
    call.caller.invites(headers=REQUIRED)
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.pracks()
    call.caller.updates(call.caller.sdp(direction="inactive", version=2))
    assert not call.media.plan.caller.takes
    call.callee.says(486)


def test_an_update_with_an_offer_before_the_invites_own_is_answered_is_500__rfc3311_5_2(call: Pair) -> None:
    call.rings()
    call.caller.updates(call.caller.sdp(version=2))
    assert call.caller.heard() == ["500 UPDATE"]
    assert call.caller.response(500).headers.has("Retry-After")
    call.callee.says(486)


def test_an_update_without_an_offer_is_answered_at_any_time__rfc3311_5_2(call: Pair) -> None:
    call.rings()
    call.caller.heard(), call.callee.heard()
    call.caller.updates()
    call.callee.updates()
    assert call.caller.heard() == ["200 UPDATE"]
    assert call.callee.heard() == ["200 UPDATE"]
    call.callee.says(486)


def test_an_update_of_the_callee_is_491_until_it_has_answered_our_offer__rfc3311_5_2(call: Pair) -> None:
    call.rings()
    call.callee.updates(call.callee.sdp(version=2))
    assert call.callee.heard() == ["491 UPDATE"]
    call.callee.says(183, sdp=call.callee.sdp(), headers=reliably(1))
    call.callee.says(200, to="PRACK")
    call.callee.updates(call.callee.sdp(port=4333, version=2))
    assert call.callee.heard() == ["PRACK", "200 UPDATE"]
    assert call.media.plan.callee.remote[1] == 4333
    call.callee.says(200)
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4333
    call.ends()


def test_a_description_in_the_200_is_not_listened_to_behind_an_update__rfc6337_3_1_1(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers=reliably(1))
    call.callee.says(200, to="PRACK")
    call.callee.updates(call.callee.sdp(port=4333, version=2))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert call.media.plan.callee.remote[1] == 4333
    call.ends()
