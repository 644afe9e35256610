"""Front ends that speak G.722 or Opus, and trunks that speak G.711 (RFC 3264, RFC 7587)."""

import pytest

from mediation.b2bua.causes import Verdict
from mediation.b2bua.wide import Wide
from mediation.sdp.opus import OpusWishes
from mediation.settings.routes import Route
from mediation.settings.server import Media
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from tests.flows.midcall import described, stream
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.scenery import settings, trunk

LAST = (Codec.PCMU, Codec.PCMA, Codec.G722, Codec.OPUS)
FIRST = (Codec.OPUS, Codec.G722, Codec.PCMU)
NONE_LEFT = Media(wide_parties=0)


def out(make: Make, codecs: tuple[Codec, ...] = LAST, **more: object) -> Pair:
    """A front end that may speak these calls through a trunk that speaks A-law."""
    return outbound(make(settings(codecs=codecs, **more)))  # type: ignore[arg-type]  # checked when it runs


def places(call: Pair) -> int:
    """Parties that have a place now."""
    return call.world.engine.wide.taken


def formats(call: Pair, what: bytes = b"m=audio") -> str:
    """What the callee is offered."""
    return " ".join(described(call.callee.request("INVITE")).media[0].formats)


@pytest.mark.parametrize(("codec", "number"), [("opus", 111), ("G722", 9)])
def test_a_front_end_with_nothing_else_is_transcoded_and_the_trunk_hears_of_g711_only(
    make: Make, codec: str, number: int
) -> None:
    call = out(make)
    call.caller.codecs = codec
    call.connects()
    assert formats(call) == "8 101"
    assert described(call.caller.response(200)).media[0].formats[0] == str(number)
    caller, callee = call.media.plan.caller, call.media.plan.callee
    assert caller.codec == codec
    assert caller.payload_type == number
    assert (callee.codec, callee.law, callee.wide) == ("PCMA", Law.PCMA, None)
    assert places(call) == 1
    call.ends()
    assert places(call) == 0
    assert [call.record.caller.codec, call.record.callee and call.record.callee.codec] == [codec, "PCMA"]


def test_a_front_end_that_has_g711_too_speaks_it_and_takes_no_place(make: Make) -> None:
    call = out(make)
    call.caller.codecs = "opus G722 PCMU"
    call.connects()
    assert call.media.plan.caller.codec == "PCMU"
    assert places(call) == 0
    call.ends()


def test_a_wide_codec_that_stands_first_is_taken_before_g711(make: Make) -> None:
    call = out(make, FIRST)
    call.caller.codecs = "PCMU opus"
    call.connects()
    assert call.media.plan.caller.codec == "opus"
    call.ends()
    assert places(call) == 0


def test_a_trunk_whose_codecs_say_so_is_offered_more_and_nothing_is_transcoded(make: Make) -> None:
    world = make(settings(trunk(codecs=(Codec.PCMA, Codec.G722)), codecs=LAST))
    call = outbound(world)
    call.caller.codecs = "G722 PCMU"
    call.callee.codecs = "G722"
    call.connects()
    assert formats(call) == "8 9 101"
    assert call.media.plan.caller.codec == call.media.plan.callee.codec == "G722"
    assert places(call) == 2
    call.ends()
    assert places(call) == 0


def test_a_call_from_a_trunk_offers_the_front_end_all_that_it_may_speak(make: Make) -> None:
    call = inbound(make(settings(codecs=LAST)))
    call.caller.invites()
    assert formats(call) == "0 8 9 96 101 97"
    assert places(call) == 1
    answer = call.callee.sdp("opus", lines="a=fmtp:111 useinbandfec=1;maxplaybackrate=16000\r\n")
    call.callee.says(200, sdp=answer)
    call.caller.acks()
    assert call.media.plan.callee.wide == Wide(Codec.OPUS, 8_000, OpusWishes(16_000, fec=True))
    assert call.media.plan.callee.our_payload_type == 96
    assert call.media.plan.callee.fill_silence, "a party whose codec knows no CN gets the noise itself"
    call.ends()
    assert places(call) == 0


def test_a_place_is_given_back_when_the_front_end_takes_g711(make: Make) -> None:
    call = inbound(make(settings(codecs=LAST)))
    call.connects()
    assert places(call) == 0
    call.ends()


def test_without_a_place_only_g711_is_offered(make: Make) -> None:
    call = inbound(make(settings(codecs=LAST, media=NONE_LEFT)))
    call.connects()
    assert formats(call) == "0 8 101"
    assert call.world.engine.wide.refused == 1
    call.ends()


def test_without_a_place_who_has_g711_too_speaks_it(make: Make) -> None:
    call = out(make, FIRST, media=NONE_LEFT)
    call.caller.codecs = "opus PCMU"
    call.connects()
    assert call.media.plan.caller.codec == "PCMU"
    call.ends()


def test_without_a_place_who_has_nothing_else_is_refused_and_told_why(make: Make) -> None:
    call = out(make, media=NONE_LEFT)
    call.caller.codecs = "opus"
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    reason = call.caller.response(503).headers.get("Reason") or ""
    assert "cause=47" in reason
    assert call.callee.heard() == []
    cause = call.record.cause
    assert (cause.verdict, cause.reason) == (Verdict.US, "no-room-for-wide-codecs")


def test_a_call_for_help_needs_no_place(make: Make) -> None:
    routes = (Route(match="^112$", trunks=("itsp-a",), emergency=True),)
    call = out(make, media=NONE_LEFT, routes=routes)
    call.caller.codecs = "opus"
    call.caller.invites(uri="sip:112@10.1.1.1;user=phone")
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert call.media.plan.caller.codec == "opus"
    call.ends()


def test_a_change_that_the_other_side_refuses_leaves_no_place_taken__rfc3261_14_2(make: Make) -> None:
    call = out(make)
    call.connects()
    call.caller.reinvites(call.caller.sdp("opus", direction="inactive", version=2))
    call.callee.says(488)
    assert call.caller.heard()[-1] == "488"
    assert stream(call, "caller").codec == "PCMU"
    assert places(call) == 0
    call.ends()


def test_who_has_no_codec_of_ours_hears_488_whether_there_is_a_place_or_not(make: Make) -> None:
    call = out(make, (Codec.PCMU, Codec.OPUS), media=NONE_LEFT)
    call.caller.codecs = "G722"
    call.caller.invites()
    assert call.caller.heard() == ["100", "488"]


def test_the_codec_changes_in_the_call_and_so_does_the_place__rfc3264_8_3_2(make: Make) -> None:
    call = out(make)
    call.connects()
    kept = stream(call, "callee")
    for version, codec, taken in ((2, "opus", 1), (3, "G722", 1), (4, "PCMU", 0)):
        call.caller.reinvites(call.caller.sdp(codec, version=version))
        call.caller.acks()
        assert stream(call, "caller").codec == codec
        assert places(call) == taken
    assert stream(call, "callee") == kept
    call.ends()


def test_a_change_without_a_place_is_refused_and_all_stays__rfc3261_14_2(make: Make) -> None:
    call = out(make, media=NONE_LEFT)
    call.connects()
    before = stream(call, "caller")
    call.caller.reinvites(call.caller.sdp("opus", version=2))
    assert call.caller.heard()[-1] == "488"
    assert stream(call, "caller") == before
    call.ends()


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_hold_and_resume_keep_the_codec__rfc3264_8_4(make: Make, direction: str) -> None:
    call = out(make)
    call.caller.codecs = "opus"
    call.connects()
    call.caller.reinvites(call.caller.sdp(direction=direction, version=2))
    call.callee.says(200, sdp=call.callee.sdp(direction={"sendonly": "recvonly"}.get(direction, direction)))
    call.caller.acks()
    assert not stream(call, "caller").takes
    call.caller.reinvites(call.caller.sdp(version=3))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert stream(call, "caller").takes
    assert stream(call, "caller").codec == "opus"
    assert places(call) == 1
    call.ends()


def test_a_caller_that_gives_up_leaves_no_place_behind(make: Make) -> None:
    call = inbound(make(settings(codecs=LAST)))
    call.rings()
    assert places(call) == 1
    call.caller.cancels()
    call.advance(64)
    assert places(call) == 0
