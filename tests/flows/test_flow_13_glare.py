"""Flow 13: changes that meet (RFC 3261 sections 14.1 and 14.2, RFC 3311 section 5.2, RFC 5407 section 3.3)."""

import pytest

from mediation.sip.message import Message, Request
from tests.flows.midcall import SIDES, across, direction, sides, stream
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import OUTSIDE
from tests.flows.test_flow_15_transfer import TARGET, TO, trio


def holds(peer: Peer, version: int = 2) -> None:
    """Ask for a hold, by INVITE."""
    peer.reinvites(peer.sdp(direction="sendonly", version=version))


def is_invite(message: Message) -> bool:
    return isinstance(message, Request) and message.method == "INVITE"


def wants_its_say(call: Pair, by: str) -> tuple[Peer, Peer]:
    """We have an INVITE of our own for the second one: it took part in a hold that was taken back meanwhile."""
    one, other = sides(call, by)
    holds(one)
    other.says(100)
    one.cancels()
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.heard()
    assert other.heard() == ["INVITE", "ACK", "INVITE"]
    assert direction(other.request("INVITE")) == "sendrecv"
    return one, other


# theirs meets ours


@SIDES
def test_one_that_meets_ours_is_491_and_so_is_ours__rfc3261_14_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    holds(one)
    holds(other)
    assert other.heard() == ["INVITE", "491"]
    other.says(491)
    assert other.heard() == ["ACK"]
    assert one.heard() == ["100", "491"], "and not 500: it is for the asker to ask again"
    call.advance(10)
    assert one.heard() == other.heard() == [], "what was passed on is not tried again behind the asker's back"
    holds(one, 3)
    other.says(200, sdp=other.sdp(direction="recvonly", version=3))
    assert one.heard() == ["100", "200"]
    one.acks()
    call.ends()


@SIDES
def test_our_ack_to_a_491_is_of_the_transaction_it_ends__rfc3261_17_1_1_3(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    holds(one)
    other.says(491)
    invite, ack = other.request("INVITE"), other.request("ACK")
    assert ack.top_via == invite.top_via
    assert ack.cseq.number == invite.cseq.number
    call.ends()


@SIDES
def test_an_update_with_an_offer_meets_our_invite_and_is_491__rfc3311_5_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    holds(one)
    other.updates(other.sdp(port=4200, version=2))
    assert other.heard() == ["INVITE", "491 UPDATE"]
    other.says(200, sdp=other.sdp(direction="recvonly", version=3))
    one.acks()
    assert stream(call, across(by)).remote[1] == 4000
    call.ends()


@SIDES
@pytest.mark.parametrize("method", ["UPDATE", "INFO", "MESSAGE", "OPTIONS"])
def test_what_makes_no_offer_meets_nothing__rfc3311_5_2(call: Pair, by: str, method: str) -> None:
    one, other = sides(call, by)
    holds(one)
    for asker, across_ in ((one, other), (other, one)):
        asker.heard(), across_.heard()
        asker.asks(method, within=True)
        if method in ("INFO", "MESSAGE"):
            assert across_.heard() == [method]
            across_.says(200, to=method)
        assert asker.heard() == [f"200 {method}"]
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    call.ends()


def test_a_prack_meets_nothing__rfc3262_3(call: Pair) -> None:
    """Within the early dialog of a caller whose UPDATE was answered a moment ago, and whose INVITE still waits."""
    call.caller.invites(headers="Require: 100rel\r\n")
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.reinvites()
    call.caller.pracks()
    assert call.caller.heard() == ["100", "183", "500", "200 PRACK"]
    call.callee.says(486)


# theirs meets theirs


@SIDES
def test_a_second_one_before_our_final_answer_is_500_with_retry_after__rfc3261_14_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    holds(one)
    first = one.line.sequence
    holds(one, 3)
    assert one.heard() == ["100", "500"]
    assert 0 <= int(one.response(500).headers.get("Retry-After") or -1) <= 10
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    assert one.heard() == ["200"]
    one.acks(sequence=first)
    call.ends()


@SIDES
def test_an_update_with_an_offer_before_our_final_answer_is_500_with_retry_after__rfc3311_5_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    holds(one)
    first = one.line.sequence
    one.updates(one.sdp(port=4200, version=3))
    assert one.heard() == ["100", "500 UPDATE"]
    assert one.response(500).headers.has("Retry-After")
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks(sequence=first)
    call.ends()


@SIDES
def test_an_invite_before_our_final_answer_to_an_update_with_an_offer_is_500__rfc3311_5_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.updates(one.sdp(direction="sendonly", version=2))
    assert other.heard() == ["INVITE"]
    one.reinvites(one.sdp(port=4200, version=3))
    assert one.heard() == ["500"]
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    assert one.heard() == ["200 UPDATE"]
    call.ends()


def test_before_the_ack_of_the_first_it_is_491__rfc5407_3_1_4(call: Pair) -> None:
    call.answers()
    line = call.caller.line
    first = line.sequence
    call.caller.reinvites(call.caller.sdp(version=2))
    assert call.caller.heard() == ["491"]
    call.caller.acks(sequence=first)
    call.caller.reinvites(call.caller.sdp(version=2))
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.ends()


@SIDES
def test_a_second_one_before_the_ack_of_the_one_before_is_491__rfc3261_14_2(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.reinvites(one.sdp(version=2, port=4100))
    first = one.line.sequence
    one.reinvites(one.sdp(version=3, port=4200))
    assert one.heard() == ["200", "491"]
    assert stream(call, by).remote[1] == 4100
    one.acks(sequence=first)
    call.ends()


def test_one_that_comes_before_the_final_answer_is_500_with_retry_after__rfc3261_14_2(call: Pair) -> None:
    call.rings()
    call.caller.reinvites()
    assert call.caller.heard() == ["500"]
    assert call.caller.response(500).headers.has("Retry-After")
    call.callee.says(486)
    assert call.caller.heard() == ["486"]


def test_one_that_the_callee_sends_while_it_rings_is_491(call: Pair) -> None:
    call.rings()
    call.callee.reinvites()
    assert call.callee.heard() == ["491"]
    call.callee.says(486)


# ours again


@SIDES
def test_ours_is_tried_again_in_its_own_time__rfc3261_14_1(call: Pair, by: str) -> None:
    """2.1 to 4 s where we made the Call-ID, 0 to 2 s where the peer did, in steps of 10 ms."""
    _, other = wants_its_say(call, by)
    low, high = (2.1, 4.0) if other is call.callee else (0.0, 2.0)
    pauses = set()
    for _ in range(12):
        refused, sequence = call.world.now, other.request("INVITE").cseq.number
        other.says(491)
        call.advance(high + 0.01)
        again = next(at for at, each in other.received if is_invite(each) and each.cseq.number > sequence)
        pauses.add(round(again - refused, 3))
    assert all(low <= pause <= high for pause in pauses)
    assert all(abs(pause * 100 - round(pause * 100)) < 1e-6 for pause in pauses)
    assert len(pauses) > 6, "no two ends may wait alike"
    other.says(200, sdp=other.sdp(version=3))
    call.ends()


@SIDES
def test_what_was_to_be_tried_again_dies_with_the_call(call: Pair, by: str) -> None:
    one, other = wants_its_say(call, by)
    other.says(491)
    one.hangs_up()
    other.heard()
    call.advance(10)
    assert other.heard() == []
    assert call.over


@SIDES
def test_what_was_to_be_tried_again_is_not_where_it_is_superseded_meanwhile(call: Pair, by: str) -> None:
    """The hold is wanted again, which is what the other side knows: nothing is left to say."""
    one, other = wants_its_say(call, by)
    other.says(491)
    other.heard()
    holds(one, 3)
    assert one.heard() == ["200"], "answered here"
    one.acks()
    call.advance(10)
    assert other.heard() == []
    assert not stream(call, by).takes
    call.ends()


@SIDES
def test_theirs_that_comes_first_is_answered_and_brings_the_news_itself(call: Pair, by: str) -> None:
    one, other = wants_its_say(call, by)
    other.says(491)
    other.heard()
    other.reinvites(other.sdp(port=4200, version=3))
    assert other.heard() == ["200"]
    assert direction(other.response(200)) == "sendrecv"
    other.acks()
    call.advance(10)
    assert other.heard() == one.heard() == []
    call.ends()


# one leg alone


@SIDES
@pytest.mark.parametrize("kind", ["moved", "held", "offerless"])
def test_a_party_that_waits_for_its_new_partner_alone_hears_no_491(make: Make, by: str, kind: str) -> None:
    """The one that transferred it has gone, and nobody has answered yet: there is nobody else to ask."""
    three = trio(make)
    stays, goes = (three.caller, three.callee) if by == "caller" else (three.callee, three.caller)
    goes.refers(TO if by == "callee" else f"sip:{TARGET}@{OUTSIDE}")
    goes.hangs_up()
    assert three.target.heard() == ["INVITE"]
    stays.heard()
    bodies = {"moved": stays.sdp(port=4700, version=2), "held": stays.sdp(direction="sendonly", version=2)}
    stays.reinvites(bodies.get(kind, b""))
    assert stays.heard() == ["200"]
    stays.acks(stays.sdp(version=2) if kind == "offerless" else b"")
    three.target.says(200, sdp=three.target.sdp())
    assert three.target.heard() == (["ACK", "INVITE"] if kind == "held" else ["ACK"])
    three.target.hangs_up()
    assert stays.heard()[-1] == "BYE"
