"""Flow 3: ringing that the caller hears from us (RFC 3960 section 3.2, ITU-T E.180)."""

from typing import Any

import pytest

from mediation.b2bua.media_facts import MediaSilent
from mediation.b2bua.plan import ABSENT
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.sdp.description import SessionDescription
from mediation.settings.peer_terms import EarlyMedia, Reliability, RingbackIn
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk

RINGING = Sound(SoundKind.RINGBACK, "de")
EITHER_WAY = pytest.mark.parametrize("way", list(WAYS))


def ringing(make: Make, way: str, **early: Any) -> Pair:
    """Both sides' callers hear Germany ring."""
    terms = EarlyMedia(**{"ringback": "de", **early})
    return WAYS[way](make(settings(trunk(early_media=terms), early_media=terms)))


@EITHER_WAY
@pytest.mark.parametrize("status", [180, 183])
def test_a_callee_that_rings_without_a_description_is_heard_ringing_by_the_caller(
    make: Make, way: str, status: int
) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(status)
    assert call.caller.heard() == ["183"]
    described = SessionDescription.parse(call.caller.response(183).body)
    assert described.media[0].port
    plan = call.media.plan
    assert (plan.caller.plays, plan.callee) == (RINGING, ABSENT)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.response(200).body == call.caller.response(183).body
    assert call.media.plan.caller.plays is call.media.plan.callee.plays is None
    assert call.media.plan.callee.remote == (call.callee.flow.remote[0], 4000)
    call.caller.acks()
    call.ends()


@EITHER_WAY
def test_the_response_may_say_that_it_rings(make: Make, way: str) -> None:
    call = ringing(make, way, ringback_in=RingbackIn.RINGING)
    call.dials()
    call.callee.says(183)
    call.callee.says(180)
    assert call.caller.heard() == ["180", "180"]
    assert call.caller.response(180).body
    call.callee.says(486)


@EITHER_WAY
def test_without_the_setting_phones_ring_by_themselves(make: Make, way: str) -> None:
    call = ringing(make, way, ringback="off")
    call.dials()
    call.callee.says(180)
    assert call.caller.heard() == ["180"]
    assert call.caller.response(180).body == b""
    assert call.media.plans == []
    call.callee.says(486)


@EITHER_WAY
def test_only_the_terms_of_the_caller_decide(make: Make, way: str) -> None:
    ours = EarlyMedia(ringback="fr")
    trunk_terms, internal = (EarlyMedia(), ours) if way == "outbound" else (ours, EarlyMedia())
    call = WAYS[way](make(settings(trunk(early_media=trunk_terms), early_media=internal)))
    call.dials()
    call.callee.says(180)
    assert call.media.plan.caller.plays == Sound(SoundKind.RINGBACK, "fr")
    call.callee.says(486)


@EITHER_WAY
def test_early_media_takes_the_place_of_our_ringing(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(180)
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.heard() == ["183", "183"]
    assert call.media.plan.caller.plays is None
    assert call.media.plan.callee.sends
    call.callee.says(486)


@EITHER_WAY
def test_ringing_after_early_media_is_ours_until_that_is_heard__rfc3960_3_2(make: Make, way: str) -> None:
    """What kind of sound it is says that it gives way, whenever audio comes."""
    call = ringing(make, way)
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.media.plan.caller.plays is None
    call.callee.says(180)
    assert call.caller.heard() == ["183", "180"]
    assert call.media.plan.caller.plays == RINGING
    assert call.media.plan.callee.sends
    call.callee.says(486)


@EITHER_WAY
def test_ringing_that_describes_itself_is_the_callee_s_own(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(180, sdp=call.callee.sdp())
    assert call.caller.heard() == ["180"]
    assert call.media.plan.caller.plays is None
    call.callee.says(486)


@EITHER_WAY
def test_early_media_that_is_silent_lets_us_ring__rfc3960_3_2(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    call.caller.heard()
    call.world.media_says(MediaSilent(call.world.call_id, caller=False))
    assert call.caller.heard() == [], "it has our description, and hears us by it"
    assert call.media.plan.caller.plays == RINGING
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.media.plan.caller.plays is None
    call.caller.acks()
    call.ends()


@EITHER_WAY
def test_a_busy_callee_after_our_ringing_is_busy(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(180)
    call.callee.says(486)
    assert call.caller.heard() == ["183", "486"]
    assert call.over


@EITHER_WAY
def test_a_caller_who_gives_up_during_our_ringing_leaves_nothing(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(180)
    call.caller.cancels()
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    assert call.over


@EITHER_WAY
def test_a_caller_without_an_offer_is_told_that_it_rings__rfc3261_13_2_1(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.caller.invites(sdp=b"")
    call.callee.says(180)
    assert call.caller.heard() == ["100", "180"]
    assert call.caller.response(180).body == b""
    assert call.media.plans == []
    call.callee.says(486)


@EITHER_WAY
def test_our_ringing_goes_reliably_to_who_knows_that__rfc3262_3(make: Make, way: str) -> None:
    call = ringing(make, way, reliable=Reliability.PREFER)
    call.caller.invites(headers="Supported: 100rel\r\n")
    call.callee.says(180)
    assert call.caller.heard() == ["100", "183"]
    assert call.caller.response(183).headers.get("Require") == "100rel"
    call.caller.pracks()
    assert call.media.plan.caller.plays == RINGING
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.response(200).body == b""
    call.caller.acks()
    call.ends()


@EITHER_WAY
def test_a_caller_that_listens_to_nothing_is_played_nothing(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.caller.invites(sdp=call.caller.sdp(direction="sendonly"))
    call.callee.says(180)
    assert not call.media.plan.caller.takes
    call.callee.says(486)


@EITHER_WAY
def test_queued_and_forwarded_calls_do_not_ring(make: Make, way: str) -> None:
    call = ringing(make, way)
    call.dials()
    call.callee.says(181)
    call.callee.says(182)
    assert call.caller.heard() == ["181", "182"]
    assert call.media.plans == []
    call.callee.says(486)
