"""Flow 12: a fax that is refused, crossed or cut short leaves the audio as it was (RFC 3261 section 14, RFC 3264)."""

import pytest

from mediation.b2bua.plan import Fax
from mediation.settings.peer_terms import MidCall
from mediation.settings.peers import Side
from tests.flows.fax_pair import (
    FAX,
    LESS,
    NO_IMAGE,
    audio_formats,
    describing,
    faxes,
    image,
    m_lines,
    pair,
    ports,
    stays,
)
from tests.flows.midcall import SIDES, described, sides
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, SBC, settings, trunk


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """Both sides may fax."""
    return pair(make, request.param)


# Refused


@SIDES
@pytest.mark.parametrize("allowed", ["the trunk", "the front end", "nobody"])
@pytest.mark.parametrize("way", list(WAYS))
def test_where_one_side_does_not_allow_it_it_is_488_and_the_audio_stays(
    make: Make, way: str, allowed: str, by: str
) -> None:
    outside, inside = MidCall(fax=allowed == "the trunk"), MidCall(fax=allowed == "the front end")
    call = pair(make, way, outside, inside)
    one, other = sides(call, by)
    one.reinvites(image(one))
    assert one.heard() == ["488"]
    assert (one.response(488).headers.get("Warning") or "").startswith("304 ")
    assert other.heard() == []
    one.updates(image(one))
    assert one.heard() == ["488 UPDATE"]
    stays(call, one, other)


@SIDES
@pytest.mark.parametrize(("status", "told"), [(415, 488), (488, 488), (501, 501), (606, 606)])
def test_what_the_other_side_refuses_is_refused_and_the_audio_stays__rfc3261_14_1(
    call: Pair, by: str, status: int, told: int
) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    other.says(status)
    assert one.heard() == ["100", str(told)]
    assert other.heard() == ["INVITE", "ACK"]
    stays(call, one, other)


@SIDES
def test_a_refusal_of_the_way_back_leaves_the_fax(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(one.sdp(version=3))
    other.says(488)
    assert one.heard() == ["100", "488"]
    assert len(call.media.faxes) == 1
    assert ports(call, one)[0] == Fax((one.flow.remote[0], 4500))
    other.heard()
    one.reinvites(image(one))
    assert (one.heard(), other.heard()) == (["200"], [])
    one.acks()
    assert (len(call.media.faxes), len(call.media.plans)) == (1, 1)
    call.ends()


@SIDES
@pytest.mark.parametrize("answer", ["refused", "audio", "none", "rubbish"])
def test_a_200_without_a_fax_is_a_refusal_and_that_side_is_brought_back_to_audio(
    call: Pair, by: str, answer: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    bodies = {
        "refused": describing(other, 2, NO_IMAGE),
        "audio": other.sdp(version=2),
        "none": b"",
        "rubbish": b"v=0\r\nrubbish\r\n",
    }
    other.says(200, sdp=bodies[answer])
    assert one.heard() == ["100", "488"]
    assert other.heard() == ["INVITE", "ACK", "INVITE"]
    assert m_lines(other.request("INVITE")) == ["m=audio ours RTP/AVP " + audio_formats(other)]
    other.says(200, sdp=other.sdp(version=3))
    assert other.heard() == ["ACK"]
    stays(call, one, other)


@SIDES
def test_a_party_that_cannot_be_asked_at_once_is_brought_back_later__rfc3261_14_1(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    other.says(200, sdp=describing(other, 2, NO_IMAGE))
    other.says(491)
    other.heard()
    call.advance(4.1)
    assert set(other.heard()) == {"INVITE"}
    other.says(200, sdp=other.sdp(version=3))
    stays(call, one, other)


@SIDES
def test_a_place_that_no_datagram_reaches_is_488(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(describing(one, 2, "m=image 4500 udptl t38", "c=IN IP4 224.2.1.1"))
    assert one.heard() == ["488"]
    assert other.heard() == []
    stays(call, one, other)


@SIDES
@pytest.mark.parametrize("line", ["m=image 4500 tcp t38", "m=image 4500 udptl jpeg", "m=image 0 udptl t38"])
def test_an_image_that_is_no_t38_over_udptl_is_488(call: Pair, by: str, line: str) -> None:
    one, other = sides(call, by)
    one.reinvites(describing(one, 2, line))
    assert one.heard() == ["488"]
    stays(call, one, other)


@pytest.mark.parametrize("way", list(WAYS))
def test_a_call_that_begins_as_a_fax_is_488__rfc3261_21_4_26(make: Make, way: str) -> None:
    call = pair(make, way)
    call.caller.invites(sdp=image(call.caller, version=1))
    assert call.caller.heard() == ["100", "488"]
    assert call.callee.heard() == []
    assert call.record.cause.reason == "no-common-codec"


@pytest.mark.parametrize("way", list(WAYS))
def test_a_call_that_offers_both_begins_with_audio__rfc3264_6(make: Make, way: str) -> None:
    call = pair(make, way)
    call.caller.invites(sdp=call.caller.sdp(lines="m=image 4500 udptl t38\r\n"))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert [media.port > 0 for media in described(call.caller.response(200)).media] == [True, False]
    call.ends()


@SIDES
def test_an_update_that_the_other_side_refuses_leaves_the_audio__rfc3311_5_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.updates(image(one))
    other.says(488)
    assert one.heard() == ["488 UPDATE"]
    stays(call, one, other)


# Glare, CANCEL, and the end


@SIDES
def test_a_wish_of_the_other_side_meanwhile_is_491_and_the_fax_goes_on__rfc3261_14_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    other.heard()
    other.reinvites(other.sdp(version=2))
    assert other.heard() == ["491"]
    other.says(200, sdp=image(other, *LESS, port=4700))
    assert one.heard() == ["100", "200"]
    one.acks()
    assert len(call.media.faxes) == 1
    call.ends()


@SIDES
def test_two_that_want_to_fax_at_once_try_again__rfc3261_14_1(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    other.reinvites(image(other))
    other.says(491)
    assert one.heard() == ["100", "491"]
    assert other.heard() == ["INVITE", "491", "ACK"]
    assert len(call.media.plans) == 1
    call.advance(1)
    other.reinvites(image(other))
    assert one.heard() == ["INVITE"]
    one.says(200, sdp=image(one, *LESS))
    other.acks()
    assert len(call.media.faxes) == 1
    call.ends()


@SIDES
def test_a_wish_that_is_taken_back_leaves_the_audio__rfc3261_9_1(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    one.cancels()
    assert one.heard() == ["100", "200 CANCEL", "487"]
    other.says(488)
    stays(call, one, other)


@SIDES
def test_what_the_other_side_has_agreed_to_meanwhile_is_put_right(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    one.cancels()
    other.says(200, sdp=image(other, *LESS))
    assert other.heard() == ["INVITE", "ACK", "INVITE"]
    assert m_lines(other.request("INVITE")) == [f"m=audio ours RTP/AVP {audio_formats(other)}"]
    other.says(200, sdp=other.sdp(version=3))
    stays(call, one, other)


@SIDES
@pytest.mark.parametrize("who", ["the asker", "the asked"])
def test_a_call_that_ends_meanwhile_leaves_nothing_behind__rfc3261_15(call: Pair, by: str, who: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    one.heard(), other.heard()
    gone, left = (one, other) if who == "the asker" else (other, one)
    gone.hangs_up()
    assert "200 BYE" in gone.heard()
    assert "BYE" in left.heard()
    other.says(487)
    assert one.response(487)
    call.advance(40)
    assert call.world.idle


@SIDES
def test_an_answer_that_crosses_the_bye_is_acknowledged__rfc5407_3_2_3(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    one.hangs_up()
    other.says(200, sdp=image(other, *LESS))
    assert other.heard() == ["INVITE", "BYE", "ACK"]
    assert call.media.faxes == []


@SIDES
def test_a_party_that_says_nothing_ends_the_call_as_of_any_change__rfc3261_12_2_1_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one))
    call.advance(40)
    assert "BYE" in other.heard()
    assert "BYE" in one.heard()


# Another party takes a seat


class Trio(Pair):
    """A fax between a front end and a trunk, and another front end."""

    third: Peer


@pytest.fixture
def three(make: Make) -> Trio:
    """The trunk's side has made a fax of the call."""
    world = make(settings(trunk(mid_call=FAX), mid_call=FAX, front_ends=(OTHER_FRONT_END,)))
    call = Trio(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.third = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    faxes(call, "callee")
    return call


def is_brought_to_audio(call: Trio) -> None:
    """The party that stays is asked to speak again, and does; the third one sits in the caller's seat."""
    assert call.callee.heard() == ["INVITE"]
    assert m_lines(call.callee.request("INVITE")) == ["m=audio ours RTP/AVP 8 101"]
    call.callee.says(200, sdp=call.callee.sdp(version=3))
    assert call.callee.heard() == ["ACK"]
    assert call.media.plan.caller.remote == (OTHER_FRONT_END, 4000)
    assert call.media.plan.callee.remote == (SBC, 4000)
    assert len(call.media.faxes) == 1
    call.third.hangs_up()
    assert call.callee.heard() == ["BYE"]


def test_a_transfer_ends_the_fax_when_the_new_party_answers__rfc5589_6_1(three: Trio) -> None:
    three.caller.refers("sip:+493099@10.1.1.10")
    assert m_lines(three.third.request("INVITE")) == ["m=audio ours RTP/AVP 0 101"]
    three.third.says(183, sdp=three.third.sdp())
    assert three.callee.heard() == []
    assert len(three.media.plans) == 1, "the fax goes on meanwhile"
    three.third.says(200, sdp=three.third.sdp())
    is_brought_to_audio(three)


def test_a_party_that_is_alone_may_go_back_to_audio_by_itself(three: Trio) -> None:
    three.caller.refers("sip:+493099@10.1.1.10")
    three.caller.hangs_up()
    three.callee.reinvites(three.callee.sdp(version=3))
    assert three.callee.heard() == ["200"]
    three.callee.acks()
    three.third.says(200, sdp=three.third.sdp())
    assert three.callee.heard() == [], "it knows all that there is to know"
    assert three.media.plan.callee.remote == (SBC, 4000)
    three.third.hangs_up()


def test_a_transfer_that_fails_leaves_the_fax(three: Trio) -> None:
    three.caller.refers("sip:+493099@10.1.1.10")
    three.third.says(486)
    assert three.caller.reports()[-1] == "486 terminated"
    assert three.media.in_force == three.media.faxes[0]
    assert three.callee.heard() == []
    three.caller.heard()
    three.ends()


def test_a_party_that_waits_for_its_new_partner_alone_cannot_begin_a_fax(three: Trio) -> None:
    three.caller.refers("sip:+493099@10.1.1.10")
    three.caller.hangs_up()
    three.callee.reinvites(image(three.callee, *LESS, version=3))
    assert three.callee.heard() == ["488"]
    three.callee.reinvites(image(three.callee))
    assert three.callee.heard() == ["200"], "what there is it may say again"
    three.callee.acks()
    three.third.says(200, sdp=three.third.sdp())
    is_brought_to_audio(three)


def test_who_replaces_a_party_that_faxes_speaks__rfc3891_3(three: Trio) -> None:
    three.third.invites(headers=f"Replaces: {three.caller.ids()}\r\n")
    three.third.acks()
    is_brought_to_audio(three)


@pytest.fixture
def talking(make: Make) -> Trio:
    """The same three while the call is audio, and the trunk's side wants to fax: it was not answered yet."""
    world = make(settings(trunk(mid_call=FAX), mid_call=FAX, front_ends=(OTHER_FRONT_END,)))
    call = Trio(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.third = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    sides(call, "callee")
    return call


def test_a_fax_that_was_wanted_of_who_is_replaced_is_wanted_again_of_who_comes__rfc3891_3(
    talking: Trio,
) -> None:
    talking.callee.reinvites(image(talking.callee))
    talking.third.invites(headers=f"Replaces: {talking.caller.ids()}\r\n")
    talking.caller.says(487)
    assert talking.callee.heard() == ["100", "491"], "the new party has not acknowledged its answer yet"
    talking.third.acks()
    talking.callee.reinvites(image(talking.callee))
    assert talking.third.heard() == ["200", "INVITE"]
    talking.third.says(200, sdp=image(talking.third, *LESS))
    assert talking.callee.heard() == ["100", "200"]
    talking.callee.acks()
    assert talking.media.fax.caller == Fax((OTHER_FRONT_END, 4500))
    talking.third.hangs_up()


def test_a_fax_that_was_wanted_of_a_transferor_is_asked_of_the_target__rfc5589_6_1(talking: Trio) -> None:
    talking.caller.refers("sip:+493099@10.1.1.10")
    talking.callee.reinvites(image(talking.callee))
    assert talking.caller.heard()[-1] == "INVITE"
    talking.third.says(200, sdp=talking.third.sdp())
    assert talking.third.heard() == ["INVITE", "ACK", "INVITE"]
    assert m_lines(talking.third.request("INVITE")) == ["m=image ours udptl t38"]
    talking.third.says(200, sdp=image(talking.third, *LESS))
    assert talking.callee.heard() == ["100", "200"]
    talking.callee.acks()
    talking.caller.says(487)
    assert talking.media.fax.caller == Fax((OTHER_FRONT_END, 4500))
    talking.third.hangs_up()


def test_a_party_that_is_moved_to_another_call_speaks__rfc5589_7_1(three: Trio) -> None:
    first = three.caller.line
    three.caller.invites("+4930222")
    three.callee.says(200, sdp=three.callee.sdp(port=4200))
    three.caller.acks()
    second, asked = three.caller.line, three.callee.lines
    three.callee.heard()
    three.caller.line = first
    three.caller.refers("sip:+4930222@10.1.1.10", replaces=three.caller.ids(second))
    assert three.callee.heard() == ["INVITE"]
    three.callee.says(200, sdp=three.callee.sdp(port=4200, version=2), line=asked[1])
    assert three.callee.heard() == ["ACK", "INVITE"], "the one that faxes comes to audio"
    three.callee.says(200, sdp=three.callee.sdp(version=3), line=asked[0])
    plan = three.media.plan
    assert (plan.caller.remote, plan.callee.remote) == ((SBC, 4200), (SBC, 4000))
    three.callee.hangs_up(line=asked[0])
