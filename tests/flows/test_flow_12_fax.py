"""Flow 12: a call becomes a fax and audio again (ITU-T T.38 annex D, RFC 3261 section 14, RFC 3264 section 8.3)."""

import pytest

from mediation.b2bua.media_facts import MediaSilent
from mediation.b2bua.plan import Fax, MediaPlan, Stream
from mediation.settings.peer_terms import MidCall, Relay, SessionTimers
from mediation.sip.session_timer import TimerMode
from tests.flows.fax_pair import (
    FAX,
    LESS,
    NO_IMAGE,
    PARAMETERS,
    SILENT_AUDIO,
    audio_formats,
    describing,
    faxes,
    image,
    m_lines,
    pair,
    parameters,
    ports,
)
from tests.flows.midcall import SIDES, described, sides
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """Both sides may fax."""
    return pair(make, request.param)


# The fax, and the way back


@SIDES
def test_a_fax_is_offered_to_the_other_side_as_ours_and_its_answer_comes_back__t38_d_2_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    audio = described(other.request("INVITE") if other is call.callee else other.response(200)).media[0]
    one.reinvites(image(one))
    assert one.heard() == ["100"], "it is answered when the other side has answered"
    assert other.heard() == ["INVITE"]
    offer = other.request("INVITE")
    assert m_lines(offer) == ["m=image ours udptl t38"]
    assert described(offer).media[0].port == audio.port, "UDPTL comes and goes by the socket of the audio"
    assert described(offer).origin.session_version == 2
    assert call.media.faxes == []
    other.says(200, sdp=image(other, *LESS, port=4700))
    assert other.heard() == ["ACK"]
    assert one.heard() == ["200"]
    assert m_lines(one.response(200)) == ["m=image ours udptl t38"]
    assert ports(call, one) == (Fax((one.flow.remote[0], 4500)), Fax((other.flow.remote[0], 4700)))
    assert (call.media.fax.caller_pair, call.media.fax.callee_pair) == (0, 1)
    one.acks()
    call.ends()


@SIDES
def test_parameters_cross_as_values_and_an_answer_lowers_them__t38_d_2_3(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    vendor = "T38VendorInfo:0 0 37"
    one.reinvites(image(one, vendor, *PARAMETERS, "T38FaxTranscodingJBIG:0", "X-Secret:inside"))
    assert parameters(other.request("INVITE")) == PARAMETERS
    other.says(200, sdp=image(other, *LESS, vendor))
    assert parameters(one.response(200)) == LESS
    one.acks()
    call.ends()


@SIDES
def test_an_answer_that_goes_beyond_the_offer_is_lowered_to_it__t38_d_2_3(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one, *LESS))
    other.says(200, sdp=image(other, *PARAMETERS))
    heard = parameters(one.response(200))
    assert heard[:3] == ("T38FaxVersion:0", "T38MaxBitRate:14400", "T38FaxRateManagement:transferredTCF")
    assert "T38FaxFillBitRemoval" not in heard
    one.acks()
    call.ends()


@SIDES
@pytest.mark.parametrize("back", ["who began it", "the other"])
def test_it_goes_back_to_audio_by_another_invite__rfc3264_8_3_3(call: Pair, by: str, back: str) -> None:
    one, other = faxes(call, by)
    before = call.media.plans[-1]
    if back == "the other":
        one, other = other, one
    one.reinvites(one.sdp(version=3))
    assert one.heard() == ["100"]
    assert other.heard() == ["INVITE"]
    offer = other.request("INVITE")
    assert m_lines(offer)[0].startswith("m=audio ours RTP/AVP")
    other.says(200, sdp=other.sdp(version=3))
    assert (one.heard(), other.heard()) == (["200"], ["ACK"])
    one.acks()
    assert call.media.in_force == before
    assert m_lines(one.response(200))[0].startswith("m=audio ours RTP/AVP")
    assert [ours.origin.session_version for ours in (described(offer), described(one.response(200)))] == [
        3,
        3,
    ]
    call.ends()


@SIDES
def test_two_pages_of_a_call_that_talks_in_between(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(one.sdp(version=3))
    other.says(200, sdp=other.sdp(version=3))
    one.acks()
    other.reinvites(image(other, version=4))
    one.says(200, sdp=image(one, version=4, port=4502))
    other.acks()
    assert ports(call, one)[0] == Fax((one.flow.remote[0], 4502))
    assert len(call.media.faxes) == 2
    call.ends()


@SIDES
def test_hold_is_no_matter_while_it_is_a_fax_and_audio_comes_back_as_it_is_asked_for(
    call: Pair, by: str
) -> None:
    one, other = faxes(call, by)
    one.reinvites(describing(one, 3, "m=image 4500 udptl t38", "c=IN IP4 0.0.0.0"))
    assert one.heard() == ["488"]
    one.reinvites(one.sdp(version=3, direction="sendonly"))
    assert b"a=sendonly" in other.request("INVITE").body
    other.says(200, sdp=other.sdp(version=3, direction="recvonly"))
    one.acks()
    held = ports(call, one)[0]
    assert isinstance(held, Stream)
    assert (held.sends, held.takes) == (True, False)
    call.ends()


def test_audio_comes_back_on_both_sides_where_holds_are_met_on_one(make: Make) -> None:
    local = MidCall(hold=Relay.LOCAL, fax=True)
    call = pair(make, "outbound", local, local)
    one, other = faxes(call, "callee")
    one.reinvites(one.sdp(version=3, direction="sendonly"))
    assert other.heard() == ["INVITE"]
    assert b"a=sendrecv" in other.request("INVITE").body
    other.says(200, sdp=other.sdp(version=3))
    one.acks()
    call.ends()


@SIDES
def test_silence_of_a_fax_ends_no_call(call: Pair, by: str) -> None:
    faxes(call, by)
    for caller in (True, False):  # said of the audio before it, just as the fax began
        call.world.media_says(MediaSilent(call.world.call_id, caller))
    call.advance(300)
    assert call.caller.heard() == call.callee.heard() == []
    call.ends()


# By UPDATE


@SIDES
def test_an_update_makes_a_fax_of_the_call_and_audio_again__rfc3311_5_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.updates(image(one))
    assert one.heard() == []
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=image(other, *LESS, port=4700))
    assert one.heard() == ["200 UPDATE"]
    assert parameters(one.response(200)) == LESS
    assert ports(call, one)[0] == Fax((one.flow.remote[0], 4500))
    one.updates(one.sdp(version=3))
    other.says(200, sdp=other.sdp(version=3))
    assert one.heard() == ["200 UPDATE"]
    assert isinstance(call.media.in_force, MediaPlan)
    call.ends()


def test_a_fax_before_the_answer_is_488_and_the_call_goes_on__rfc3311_5_2(call: Pair) -> None:
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp(), headers="Require: 100rel\r\nRSeq: 1\r\n")
    call.callee.says(200, to="PRACK")
    call.callee.heard()
    call.callee.updates(image(call.callee))
    assert call.callee.heard() == ["488 UPDATE"]
    call.callee.says(200)
    call.caller.acks()
    call.ends()


# Audio and image in one offer


@SIDES
def test_audio_with_port_0_beside_the_image_keeps_its_place__rfc3264_8_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    one.reinvites(image(one, before=SILENT_AUDIO))
    assert m_lines(other.request("INVITE")) == ["m=image ours udptl t38"]
    other.says(200, sdp=image(other, *LESS))
    assert m_lines(one.response(200)) == [SILENT_AUDIO, "m=image ours udptl t38"]
    one.acks()
    other.heard(), one.heard()
    other.reinvites(other.sdp(version=3))
    assert one.heard() == ["INVITE"]
    assert m_lines(one.request("INVITE")) == [f"m=audio ours RTP/AVP {audio_formats(one)}", NO_IMAGE]
    one.says(200, sdp=one.sdp(version=3, lines=f"{NO_IMAGE}\r\n"))
    assert other.heard() == ["100", "200"]
    other.acks()
    other.reinvites(image(other, version=4))
    silent, ours = m_lines(one.request("INVITE"))
    assert (silent.split(" ")[:2], ours) == (["m=audio", "0"], "m=image ours udptl t38")
    one.says(200, sdp=image(one, version=4, before=SILENT_AUDIO))
    other.acks()
    call.ends()


@SIDES
def test_an_image_that_comes_beside_the_audio_makes_a_fax_of_the_call(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    both = one.sdp(version=2, lines="m=image 4500 udptl t38\r\na=T38FaxVersion:0\r\n")
    one.reinvites(both)
    assert m_lines(other.request("INVITE")) == ["m=image ours udptl t38"]
    other.says(200, sdp=image(other, *LESS))
    assert [media.port > 0 for media in described(one.response(200)).media] == [False, True]
    one.acks()
    assert ports(call, one)[0] == Fax((one.flow.remote[0], 4500))
    one.heard(), other.heard()
    one.reinvites(both)
    assert (one.heard(), other.heard()) == (["200"], []), "the same again is the same again"
    one.acks()
    assert len(call.media.faxes) == 1
    call.ends()


@SIDES
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("allowed", ["the trunk", "the front end"])
def test_audio_beside_an_image_that_is_not_allowed_is_answered_alone__rfc3264_6(
    make: Make, way: str, allowed: str, by: str
) -> None:
    outside, inside = MidCall(fax=allowed == "the trunk"), MidCall(fax=allowed == "the front end")
    call = pair(make, way, outside, inside)
    one, other = sides(call, by)
    one.reinvites(one.sdp(version=2, lines="m=image 4500 udptl t38\r\n"))
    assert (one.heard(), other.heard()) == (["200"], [])
    assert [media.port > 0 for media in described(one.response(200)).media] == [True, False]
    one.acks()
    assert len(call.media.plans) == 1
    call.ends()


@SIDES
def test_audio_that_comes_beside_the_image_ends_the_fax(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(image(one, version=3, after=f"m=audio 4000 RTP/AVP {audio_formats(one)[0]}"))
    assert m_lines(other.request("INVITE")) == [f"m=audio ours RTP/AVP {audio_formats(other)}"]
    other.says(200, sdp=other.sdp(version=3))
    one.acks()
    assert isinstance(call.media.in_force, MediaPlan)
    call.ends()


# While it is a fax


@SIDES
def test_the_same_again_by_either_side_touches_nothing__rfc4028_7_4(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    for peer, body in ((one, image(one)), (other, image(other, *LESS, port=4700))):
        for _ in range(2):
            peer.reinvites(body)
            assert peer.heard() == ["200"]
            peer.acks()
        assert described(peer.response(200)).media[0].port
    assert (len(call.media.faxes), len(call.media.plans)) == (1, 1)
    assert (one.heard(), other.heard()) == ([], [])
    call.ends()


@SIDES
@pytest.mark.parametrize("way", list(WAYS))
def test_our_refresh_by_invite_says_the_same_again_and_touches_nothing__rfc4028_7_4(
    make: Make, way: str, by: str
) -> None:
    offering, usual = SessionTimers(mode=TimerMode.OFFER, expires_s=90), SessionTimers()
    outside, inside = (offering, usual) if way == "outbound" else (usual, offering)
    call = WAYS[way](
        make(settings(trunk(mid_call=FAX, session_timer=outside), mid_call=FAX, session_timer=inside))
    )
    one, other = faxes(call, by)
    callee, answer = call.callee, image(other, *LESS, port=4700)
    if by == "callee":
        answer = image(one)
    ours = callee.response(200) if by == "callee" else callee.request("INVITE")
    for _ in range(2):
        call.advance(45)
        assert callee.heard() == ["INVITE"]
        assert callee.request("INVITE").body == ours.body
        callee.says(200, sdp=answer)
        assert callee.heard() == ["ACK"]
    assert (len(call.media.faxes), len(call.media.plans)) == (1, 1)
    call.ends()


@SIDES
def test_an_update_without_a_description_touches_nothing__rfc4028_7_4(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.updates()
    assert (one.heard(), other.heard()) == (["200 UPDATE"], [])
    assert (len(call.media.faxes), len(call.media.plans)) == (1, 1)
    call.ends()


@SIDES
def test_a_new_place_is_met_on_its_own_side(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(image(one, port=4600, version=3))
    assert (one.heard(), other.heard()) == (["200"], [])
    one.acks()
    assert ports(call, one) == (Fax((one.flow.remote[0], 4600)), Fax((other.flow.remote[0], 4700)))
    call.ends()


@SIDES
def test_other_parameters_go_to_the_other_side(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    slower = (*LESS[:1], "T38MaxBitRate:9600", *LESS[2:])
    one.reinvites(image(one, *slower, version=3))
    assert other.heard() == ["INVITE"]
    assert parameters(other.request("INVITE")) == slower
    other.says(200, sdp=image(other, *LESS, port=4700, version=3))
    assert parameters(one.response(200))[1] == "T38MaxBitRate:9600"
    one.acks()
    assert len(call.media.faxes) == 1, "datagrams go where they went"
    call.ends()


@SIDES
def test_without_an_offer_we_make_one_of_the_fax__rfc3261_14_2(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(b"")
    assert (one.heard(), other.heard()) == (["200"], [])
    assert m_lines(one.response(200)) == ["m=image ours udptl t38"]
    assert parameters(one.response(200)) == LESS, "what the other side can"
    one.acks(image(one, *LESS, port=4600, version=3))
    assert ports(call, one)[0] == Fax((one.flow.remote[0], 4600))
    assert other.heard() == []
    call.ends()


@SIDES
def test_an_ack_without_the_fax_that_we_have_offered_ends_the_call(call: Pair, by: str) -> None:
    one, other = faxes(call, by)
    one.reinvites(b"")
    one.acks(one.sdp(version=3))
    assert one.heard() == ["200", "BYE"]
    assert other.heard() == ["BYE"]
