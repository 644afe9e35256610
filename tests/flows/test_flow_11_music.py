"""Flows 11 and 15: who waits hears music, or that it rings (RFC 3264 section 8.4, RFC 7088, RFC 5589 section 6)."""

import pytest

from mediation.b2bua.plan import ABSENT
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.settings.peer_terms import EarlyMedia, MidCall, Relay
from tests.flows.midcall import ANSWERS, SIDES, across, direction, sides, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk
from tests.flows.test_flow_11_hold import hold, passes
from tests.flows.test_flow_15_transfer import BY, TO, Trio, trio

TUNE = Sound(SoundKind.MUSIC, "/music.wav")
RINGING = Sound(SoundKind.RINGBACK, "gb")
EITHER_WAY = pytest.mark.parametrize("way", list(WAYS))
HOLDS = pytest.mark.parametrize("spelling", ["sendonly", "inactive", "zeros", "zeros inactive"])


def musical(make: Make, way: str, relay: Relay) -> Pair:
    """Parties of both sides hear music when they are held."""
    terms = MidCall(music=TUNE.name, hold=relay)
    return WAYS[way](make(settings(trunk(mid_call=terms), mid_call=terms)))


@EITHER_WAY
@SIDES
@HOLDS
def test_who_is_held_is_told_to_listen_and_hears_music(make: Make, way: str, by: str, spelling: str) -> None:
    call = musical(make, way, Relay.RELAY)
    one, other = sides(call, by)
    before = call.media.plan
    one.reinvites(hold(one, spelling))
    assert direction(other.request("INVITE")) == "sendonly", "we shall send, whatever the holder does"
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    assert direction(one.response(200)) == ("inactive" if "inactive" in spelling else "recvonly")
    held, holder = stream(call, across(by)), stream(call, by)
    assert (held.plays, held.takes, held.sends) == (TUNE, True, False)
    assert (holder.plays, holder.takes) == (None, False)
    other.heard(), one.heard()
    passes(one, other, one.sdp(version=3), "sendrecv", 3)
    assert call.media.plan == before
    call.ends()


@EITHER_WAY
@SIDES
@HOLDS
def test_who_is_not_told_of_the_hold_hears_music_as_well(
    make: Make, way: str, by: str, spelling: str
) -> None:
    call = musical(make, way, Relay.LOCAL)
    one, other = sides(call, by)
    before = call.media.plan
    one.reinvites(hold(one, spelling))
    one.acks()
    held = stream(call, across(by))
    assert (held.plays, held.takes, held.sends) == (TUNE, True, True)
    one.reinvites(one.sdp(version=3))
    one.acks()
    assert call.media.plan == before
    assert other.heard() == []
    call.ends()


@SIDES
def test_two_that_hold_each_other_hear_nothing__rfc6337_5_3(make: Make, by: str) -> None:
    call = musical(make, "outbound", Relay.RELAY)
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "recvonly")
    passes(other, one, hold(other, "sendonly", 3), "inactive", 3)
    assert not stream(call, by).takes
    assert not stream(call, across(by)).takes
    passes(one, other, one.sdp(version=4), "sendonly", 4)
    assert stream(call, by).plays == TUNE
    assert stream(call, by).takes
    assert stream(call, across(by)).plays is None
    call.ends()


@SIDES
def test_a_party_that_only_listens_holds_nobody(make: Make, by: str) -> None:
    call = musical(make, "outbound", Relay.RELAY)
    one, other = sides(call, by)
    passes(one, other, one.sdp(direction="recvonly", version=2), ANSWERS["recvonly"])
    assert direction(other.request("INVITE")) == "recvonly"
    assert stream(call, by).plays is stream(call, across(by)).plays is None
    call.ends()


def test_a_caller_that_has_only_ever_spoken_holds_nobody(make: Make) -> None:
    """An announcement: its words are what the called party is to hear."""
    call = musical(make, "outbound", Relay.RELAY)
    call.caller.invites(sdp=call.caller.sdp(direction="sendonly"))
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly"))
    call.caller.acks()
    assert stream(call, "callee").plays is None
    assert stream(call, "caller").sends
    call.ends()


@SIDES
def test_a_held_party_without_music_in_its_terms_hears_what_the_holder_sends(make: Make, by: str) -> None:
    """The caller is a front end, and only the trunk has music."""
    terms = MidCall(music=TUNE.name)
    call = WAYS["outbound"](make(settings(trunk(mid_call=terms))))
    one, other = sides(call, by)
    passes(one, other, hold(one, "sendonly"), "recvonly")
    assert stream(call, across(by)).plays == (TUNE if by == "caller" else None)
    call.ends()


def test_a_hold_that_is_refused_plays_nothing(make: Make) -> None:
    call = musical(make, "outbound", Relay.RELAY)
    one, other = sides(call, "caller")
    before = call.media.plan
    one.reinvites(hold(one, "sendonly"))
    other.says(488)
    assert call.media.plan == before
    call.ends()


def waiting(make: Make, way: str) -> Trio:
    """All hear music and ringing of ours."""
    return trio(make, way, mid_call=MidCall(music=TUNE.name), early_media=EarlyMedia(ringback=RINGING.name))


@pytest.fixture
def three(make: Make) -> Trio:
    return waiting(make, "outbound")


def test_who_is_transferred_hears_the_target_ring_and_then_speaks_with_it__rfc5589_6(three: Trio) -> None:
    three.caller.refers(TO, headers=BY)
    assert three.media.plan.callee.plays is None, "the transferor is still there"
    three.target.says(180)
    plan = three.media.plan
    assert (plan.callee.plays, plan.caller, plan.caller_pair) == (RINGING, ABSENT, 2)
    three.target.says(200, sdp=three.target.sdp(port=4900))
    assert three.media.plan.callee.plays is None
    assert three.media.plan.caller.remote[1] == 4900
    three.target.hangs_up()


def test_who_is_transferred_hears_the_target_s_own_early_media(three: Trio) -> None:
    three.caller.refers(TO, headers=BY)
    three.target.says(180)
    three.target.says(183, sdp=three.target.sdp(port=4900))
    assert three.media.plan.callee.plays is None
    assert three.media.plan.caller.remote[1] == 4900
    three.target.says(200, sdp=three.target.sdp(port=4900))
    three.target.hangs_up()


def test_who_is_left_by_the_transferor_hears_music_until_it_rings(three: Trio) -> None:
    three.caller.refers(TO, headers=BY)
    three.caller.hangs_up()
    assert three.media.plan.callee.plays == TUNE
    three.target.says(180)
    assert three.media.plan.callee.plays == RINGING
    three.target.says(200, sdp=three.target.sdp(port=4900))
    assert three.media.plan.callee.plays is None
    three.target.hangs_up()


def test_who_is_held_for_the_transfer_hears_music_ringing_and_the_old_party_again(three: Trio) -> None:
    passes(three.caller, three.callee, hold(three.caller, "sendonly"), "recvonly")
    three.caller.refers(TO, headers=BY)
    assert three.media.plan.callee.plays == TUNE
    three.target.says(180)
    assert three.media.plan.callee.plays == RINGING
    three.target.says(486)
    assert three.media.plan.callee.plays == TUNE, "the target is busy, and the transferor still holds"
    assert three.media.plan.caller_pair == 0
    three.caller.heard(), three.callee.heard()
    passes(three.caller, three.callee, three.caller.sdp(version=3), "sendrecv", 3)
    assert three.media.plan.callee.plays is None
    three.ends()
