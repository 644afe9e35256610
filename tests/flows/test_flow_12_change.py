"""Flow 12: a change that is met on one side: the other is not disturbed (RFC 3261 section 14, RFC 3264 section 8)."""

import pytest

from mediation.settings.peer_terms import MidCall, Relay
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.midcall import SIDES, across, described, sides, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk


@pytest.fixture(params=[(way, relay) for way in WAYS for relay in Relay], ids="-".join)
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """Whether holds are passed on or not: what is no hold never is."""
    way, relay = request.param
    terms = MidCall(hold=relay)
    return WAYS[way](make(settings(trunk(mid_call=terms), mid_call=terms)))


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
    one.reinvites(one.sdp(f"{one.codecs} telephone-event", version=3))
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


@SIDES
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_place_and_digits_and_length_of_packets_change_by_either_method__rfc3311_5_1(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    before = stream(call, across(by))
    offer = one.sdp(f"{one.codecs} telephone-event", port=4998, version=2, lines="a=ptime:30\r\n")
    if method == "INVITE":
        one.reinvites(offer)
        one.acks()
    else:
        one.updates(offer)
    assert one.heard() == ["200" if method == "INVITE" else "200 UPDATE"]
    after = stream(call, by)
    assert (after.remote[1], after.event_payload_type, after.ptime_ms) == (4998, 101, 30)
    assert stream(call, across(by)) == before
    assert other.heard() == []
    call.ends()


@SIDES
def test_the_number_for_digits_may_change__rfc3264_8_3_2(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    for number, version in ((b"101", 2), (b"97", 3)):
        offer = one.sdp(f"{one.codecs} telephone-event", version=version).replace(b"101", number)
        one.reinvites(offer)
        one.acks()
        assert stream(call, by).event_payload_type == int(number)
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
@SIDES
def test_the_law_changes_on_one_side_and_is_translated__rfc3264_8_3_2(make: Make, way: str, by: str) -> None:
    both = (Codec.PCMA, Codec.PCMU)
    call = WAYS[way](make(settings(trunk(codecs=both), codecs=both)))
    one, other = sides(call, by)
    kept = stream(call, across(by))
    law = "PCMA" if stream(call, by).law is Law.PCMU else "PCMU"
    one.reinvites(one.sdp(law, version=2))
    one.acks()
    assert stream(call, by).law is Law(law)
    assert stream(call, across(by)) == kept
    assert other.heard() == []
    call.ends()


@SIDES
@pytest.mark.parametrize(("body", "status"), [("G722", 488), ("rubbish", 400), ("moved", 200)])
def test_an_update_that_cannot_be_agreed_leaves_the_session_as_it_was__rfc3311_5_2(
    call: Pair, by: str, body: str, status: int
) -> None:
    one, other = sides(call, by)
    bodies = {"G722": one.sdp("G722", version=2), "moved": one.sdp(port=4998, version=2)}
    one.updates(bodies.get(body, b"rubbish"))
    assert one.heard() == [f"{status} UPDATE"]
    assert len(call.media.plans) == (2 if status == 200 else 1)
    assert other.heard() == []
    call.ends()


@SIDES
def test_an_update_refreshes_the_remote_target_where_it_is_accepted__rfc3311_5_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    home = one.contact
    moved = "sip:elsewhere@" + home.partition("@")[2]
    one.moves_to(moved)
    one.updates(one.sdp("G722", version=2))
    other.asks("INFO", within=True)
    assert one.request("INFO").request_uri == home
    one.says(200, to="INFO")
    one.updates(one.sdp(port=4998, version=3))
    other.hangs_up()
    assert one.request("BYE").request_uri == moved


@SIDES
@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "OPTIONS"])
def test_nothing_else_refreshes_the_remote_target__rfc3261_12_2(call: Pair, by: str, method: str) -> None:
    one, other = sides(call, by)
    home = one.contact
    one.asks(
        method,
        within=True,
        headers=f"Contact: <sip:elsewhere@{home.partition('@')[2]}>\r\n" if method != "OPTIONS" else "",
    )
    if method != "OPTIONS":
        other.says(200, to=method)
    other.hangs_up()
    assert one.request("BYE").request_uri == home
