"""Flow 12: a change that is met on one side: the other is not disturbed (RFC 3261 section 14, RFC 3264 section 8)."""

import pytest

from mediation.settings.peer_terms import MidCall, Relay
from tests.flows.midcall import SIDES, described, sides, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk

LOCAL = MidCall(hold=Relay.LOCAL)


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """Nobody hears of the other side's holds."""
    return WAYS[request.param](make(settings(trunk(mid_call=LOCAL), mid_call=LOCAL)))


@SIDES
def test_a_new_address_puts_a_new_plan_in_force(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(port=4998, version=2))
    one.acks()
    assert len(call.media.plans) == 2
    assert stream(call, by).remote == (one.flow.remote[0], 4998)
    assert other.heard() == []
    call.ends()


@SIDES
def test_our_o_line_counts_up_with_a_change_and_only_then__rfc3264_8(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.reinvites(one.sdp(version=2))
    one.acks()
    first = described(one.response(200))
    one.reinvites(one.sdp(version=2))
    one.acks()
    second = described(one.response(200))
    one.reinvites(one.sdp(direction="sendonly", version=3))
    one.acks()
    third = described(one.response(200))
    assert second == first
    assert third.origin.session_version == second.origin.session_version + 1
    call.ends()


@SIDES
def test_the_same_description_again_does_not_touch_media(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.reinvites(one.sdp(version=1))
    one.acks()
    assert one.heard() == ["200"]
    assert len(call.media.plans) == 1
    call.ends()


@SIDES
def test_without_an_offer_we_make_one_and_the_ack_brings_the_answer__rfc3261_14_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(b"")
    offer = described(one.response(200))
    assert offer.media[0].port
    one.acks(one.sdp(port=4898, version=2))
    assert stream(call, by).remote[1] == 4898
    assert other.heard() == []
    call.ends()


@SIDES
def test_an_ack_without_the_answer_that_we_need_ends_the_call(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(b"")
    one.acks()
    assert one.heard() == ["200", "BYE"]
    assert other.heard() == ["BYE"]
    assert call.record.cause.reason == "no-sdp-in-ack"


@SIDES
@pytest.mark.parametrize(("body", "status"), [("G722", 488), ("rubbish", 400)])
def test_one_that_cannot_be_agreed_leaves_the_session_as_it_was__rfc3261_14_2(
    call: Pair, by: str, body: str, status: int
) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp("G722", version=2) if body == "G722" else b"rubbish")
    assert one.heard() == [str(status)]
    assert len(call.media.plans) == 1
    one.reinvites(one.sdp(port=4200, version=3))
    assert one.heard() == ["200"]
    one.acks()
    assert stream(call, by).remote[1] == 4200
    assert other.heard() == []
    call.ends()


@SIDES
def test_a_refused_one_does_not_move_the_remote_target__rfc3261_12_2_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    home = one.contact
    one.moves_to("sip:elsewhere@" + home.partition("@")[2])
    one.reinvites(one.sdp("G722", version=2))
    other.hangs_up()
    assert one.request("BYE").request_uri == home


@SIDES
def test_it_refreshes_the_remote_target__rfc3261_12_2_1_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    moved = "sip:elsewhere@" + one.contact.partition("@")[2]
    one.moves_to(moved)
    one.reinvites(one.sdp(version=2))
    one.acks()
    other.hangs_up()
    assert one.request("BYE").request_uri == moved


@SIDES
def test_one_that_crosses_our_bye_is_481_and_the_bye_wins__rfc5407_3_2_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.answers_bye = False
    other.hangs_up()
    one.reinvites(one.sdp(version=2))
    assert one.heard() == ["BYE", "481"]
    one.says(200, to="BYE")
    assert call.over


@SIDES
def test_a_bye_right_behind_it_ends_the_call_and_the_answer_is_not_repeated(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(version=2))
    one.hangs_up()
    assert one.heard() == ["200", "200 BYE"]
    assert other.heard() == ["BYE"]
    call.advance(40)
    assert one.heard() == []


@SIDES
def test_its_answer_is_not_repeated_behind_our_bye(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.answers_bye = False
    one.reinvites(one.sdp(version=2))
    other.hangs_up()
    call.advance(31)
    assert one.heard() == ["200", *["BYE"] * 10]
    one.says(200, to="BYE")
    assert call.over


@SIDES
def test_its_answer_is_repeated_and_without_ack_the_call_ends__rfc3261_13_3_1_4(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(version=2))
    call.advance(32.1)
    heard = one.heard()
    assert heard == ["200"] * 11 + ["BYE"]
    assert other.heard() == ["BYE"]
    assert call.record.cause.reason == "no-ack"


@SIDES
def test_one_older_than_the_last_request_is_500__rfc3261_12_2_2(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.reinvites(one.sdp(version=2))
    one.acks()
    newest = one.line.sequence
    one.heard()
    one.reinvites(one.sdp(port=4900), sequence=newest - 1)
    assert one.heard() == ["500"]
    assert stream(call, by).remote[1] == 4000
    one.line.sequence = newest
    call.ends()


@SIDES
def test_a_second_m_line_is_refused_in_its_place__rfc3264_6(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.reinvites(one.sdp(version=2, lines="m=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"))
    one.acks()
    audio, video = described(one.response(200)).media
    assert (audio.kind, video.kind, video.port) == ("audio", "video", 0)
    one.reinvites(b"")
    assert [media.port for media in described(one.response(200)).media][1:] == [0]
    one.acks(one.sdp(version=3, lines="m=video 0 RTP/AVP 96\r\n"))
    call.ends()
