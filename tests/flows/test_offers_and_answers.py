"""Descriptions of sessions as the two sides get them (RFC 3264, RFC 4317, RFC 4733)."""

import pytest

from mediation.sdp.description import SessionDescription
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.midcall import SIDES, described, sides, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk

ways = pytest.mark.parametrize("way", list(WAYS))
BOTH = (Codec.PCMA, Codec.PCMU)
KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
VIDEO = "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
NO_VIDEO = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"


def both_laws(make: Make, way: str) -> Pair:
    """Everybody may speak either law."""
    return WAYS[way](make(settings(trunk(codecs=BOTH), codecs=BOTH)))


def answered(call: Pair, offer: bytes) -> SessionDescription:
    """What the caller hears of its offer once the callee has answered."""
    call.caller.invites(sdp=offer)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    return described(call.caller.response(200))


@ways
@pytest.mark.parametrize(
    ("offered", "kept"),
    [("PCMA PCMU", "PCMA"), ("PCMU PCMA", "PCMU"), ("G722 PCMA", "PCMA"), ("PCMU", "PCMU")],
)
def test_of_several_codecs_one_is_kept__rfc4317_2_1(make: Make, way: str, offered: str, kept: str) -> None:
    """The one that both legs speak, else the first of the offer that we can."""
    call = both_laws(make, way)
    call.caller.invites(sdp=call.caller.sdp(offered))
    both = kept if kept in offered else "PCMA"
    call.callee.says(200, sdp=call.callee.sdp(both))
    call.caller.acks()
    numbers = [
        number for number in described(call.caller.response(200)).media[0].formats if number in ("0", "8")
    ]
    assert numbers == [{"PCMU": "0", "PCMA": "8"}[kept]]
    assert call.media.plan.caller.law is call.media.plan.callee.law is Law(kept)
    call.ends()


@ways
def test_static_types_need_no_rtpmap__rfc3551_6(make: Make, way: str) -> None:
    call = both_laws(make, way)
    bare = call.caller.sdp("PCMA").replace(b"a=rtpmap:8 PCMA/8000\r\n", b"")
    call.caller.invites(sdp=bare)
    answer = call.callee.sdp("PCMU").replace(b"a=rtpmap:0 PCMU/8000\r\n", b"")
    call.callee.says(200, sdp=answer)
    call.caller.acks()
    plan = call.media.plan
    assert (plan.caller.law, plan.callee.law) == (Law.PCMA, Law.PCMU)
    call.ends()


def test_digits_that_the_callee_renumbers_go_out_under_its_number_and_come_in_under_ours__rfc3264_6_1(
    call: Pair,
) -> None:
    call.caller.invites(sdp=call.caller.sdp(f"{call.caller.codecs} telephone-event").replace(b"101", b"98"))
    call.callee.says(
        200, sdp=call.callee.sdp(f"{call.callee.codecs} telephone-event").replace(b"101", b"106")
    )
    call.caller.acks()
    caller, callee = call.media.plan.caller, call.media.plan.callee
    assert caller.event_payload_type == 98
    assert (callee.event_payload_type, callee.our_event_payload_type) == (106, 101)
    assert "98" in described(call.caller.response(200)).media[0].formats
    call.ends()


@pytest.mark.parametrize(("caller", "callee"), [(True, False), (False, True), (False, False)])
def test_digits_are_agreed_with_whom_they_are_offered(call: Pair, caller: bool, callee: bool) -> None:
    with_events = " telephone-event"
    call.caller.invites(sdp=call.caller.sdp(call.caller.codecs + with_events * caller))
    call.callee.says(200, sdp=call.callee.sdp(call.callee.codecs + with_events * callee))
    call.caller.acks()
    plan = call.media.plan
    assert (plan.caller.event_payload_type is not None, plan.callee.event_payload_type is not None) == (
        caller,
        callee,
    )
    call.ends()


@pytest.mark.parametrize("milliseconds", [10, 20, 30, 40, 60])
@SIDES
def test_each_side_has_packets_of_its_own_length__rfc3264_6_1(call: Pair, by: str, milliseconds: int) -> None:
    wish = f"a=ptime:{milliseconds}\r\n"
    call.caller.invites(sdp=call.caller.sdp(lines=wish if by == "caller" else ""))
    call.callee.says(200, sdp=call.callee.sdp(lines=wish if by == "callee" else ""))
    call.caller.acks()
    assert stream(call, by).ptime_ms == milliseconds
    assert stream(call, "callee" if by == "caller" else "caller").ptime_ms == 20
    call.ends()


@SIDES
def test_a_longest_packet_bounds_the_usual_one__rfc3264_5_1(call: Pair, by: str) -> None:
    bound = "a=maxptime:10\r\n"
    call.caller.invites(sdp=call.caller.sdp(lines=bound if by == "caller" else ""))
    call.callee.says(200, sdp=call.callee.sdp(lines=bound if by == "callee" else ""))
    call.caller.acks()
    assert stream(call, by).ptime_ms == 10
    call.ends()


# m-lines


@SIDES
def test_an_m_line_that_comes_is_refused_and_stays_for_ever__rfc3264_8(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    counts = []
    for version, lines in enumerate(("", VIDEO, NO_VIDEO, VIDEO + "m=text 6000 RTP/AVP 98\r\n"), 2):
        one.reinvites(one.sdp(version=version, port=4000 + 2 * version, lines=lines))
        one.acks()
        media = described(one.response(200)).media
        counts.append(len(media))
        assert [each.port for each in media[1:]] == [0] * (len(media) - 1)
        assert [each.kind for each in media] == ["audio", "video", "text"][: len(media)]
    assert counts == [1, 2, 2, 3]
    one.reinvites(b"")
    assert [each.kind for each in described(one.response(200)).media] == ["audio", "video", "text"]
    one.acks(one.sdp(version=7, lines=NO_VIDEO + "m=text 0 RTP/AVP 98\r\n"))
    assert other.heard() == []
    call.ends()


def test_an_answer_with_fewer_m_lines_than_the_offer_is_no_answer__rfc3264_6(call: Pair) -> None:
    one, _ = sides(call, "caller")
    one.reinvites(one.sdp(version=2, lines=VIDEO))
    one.acks()
    one.reinvites(b"")
    one.acks(one.sdp(version=3))
    assert one.heard()[-1] == "BYE"


@pytest.mark.parametrize(
    "lines",
    [
        VIDEO,
        "m=application 5002 UDP/BFCP *\r\na=floorctrl:c-s\r\n",
        "m=image 5004 udptl t38\r\n",
        f"m=audio 5006 RTP/SAVP 0 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n",
        "m=audio 5008 RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n",
        "m=message 5010 TCP/MSRP *\r\na=path:msrp://10.1.1.20:5010/1;tcp\r\n",
    ],
    ids=["video", "application", "image", "secure-twin", "webrtc", "message"],
)
@pytest.mark.parametrize("first", [True, False])
def test_beside_plain_audio_all_else_is_refused_in_its_place__rfc3264_6(
    call: Pair, lines: str, first: bool
) -> None:
    offer = call.caller.sdp()
    if first:
        head, audio, rest = offer.partition(b"m=audio")
        offer = head + lines.encode() + audio + rest
    else:
        offer += lines.encode()
    media = answered(call, offer).media
    plain, other = (media[1], media[0]) if first else media
    assert (plain.kind, plain.protocol, other.port) == ("audio", "RTP/AVP", 0)
    assert plain.port
    assert other.kind == lines[2:].partition(" ")[0]
    assert call.media.plan.caller.remote[1] == 4000
    assert len(described(call.callee.request("INVITE")).media) == 1, "the callee hears of none of it"
    call.ends()


def test_candidates_of_ice_are_not_answered_and_do_no_harm__rfc8839_4_2_5(call: Pair) -> None:
    ice = (
        "a=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
        "a=candidate:1 1 UDP 2130706431 10.1.1.99 8998 typ host\r\na=rtcp-mux\r\n"
    )
    answer = answered(call, call.caller.sdp(lines=ice))
    assert not [
        name for name, _ in answer.media[0].attributes if name.startswith(("ice", "candidate", "rtcp-mux"))
    ]
    assert call.media.plan.caller.remote[1] == 4000
    call.ends()


@pytest.mark.parametrize("port", [0])
def test_audio_that_is_refused_by_the_callee_is_no_call__rfc3264_6(call: Pair, port: int) -> None:
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp(port=port))
    assert call.callee.heard() == ["ACK", "BYE"]
    assert call.caller.heard() == ["488"]


@SIDES
def test_an_offer_of_other_media_in_place_of_audio_is_488_and_the_call_goes_on__rfc3264_8_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(port=0, version=2, lines="m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"))
    assert one.heard() == ["488"]
    assert other.heard() == []
    call.ends()


def test_an_answer_may_name_several_codecs_and_the_first_is_spoken__rfc3264_7(call: Pair) -> None:
    law = call.callee.codecs
    call.caller.invites()
    call.callee.says(200, sdp=call.callee.sdp(f"{law} telephone-event"))
    call.caller.acks()
    assert call.media.plan.callee.law is Law(law)
    call.ends()
