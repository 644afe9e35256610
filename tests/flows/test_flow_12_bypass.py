"""Flow 12: audio that goes past us, how it comes back, and what each party is told (RFC 3264, RFC 3725)."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from mediation.b2bua.media_facts import MediaLost, MediaSilent
from mediation.b2bua.plan import ABSENT, FaxPlan
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.sdp.crypto import SrtpMode, read_crypto
from mediation.settings.announcements import Announcement
from mediation.settings.bypass import Bypass, BypassMode, TrunkBypass, TrunkMedia
from mediation.settings.limits import Link
from mediation.settings.peer_media import Dtmf, PeerMedia
from mediation.settings.peer_terms import MidCall, Relay, SessionTimers
from mediation.settings.peers import Side
from mediation.settings.recording import RecordingRule, Recordings
from mediation.settings.server import Media
from mediation.settings.trunks import Site
from mediation.sip.flow import Transport
from mediation.sip.message import Message
from mediation.sip.session_timer import TimerMode
from mediation_codecs.codec import Codec
from tests.flows.midcall import SIDES, described, direction
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, INSIDE, OTHER_FRONT_END, OUTSIDE, SBC, settings, target, trunk
from tests.flows.test_flow_15_transfer import BY, TARGET, TO, Trio, trio
from tests.flows.test_flow_16_attended import Consultation
from tests.flows.test_secrecy import SHA80, crypto, savp

ALWAYS = Bypass(mode=BypassMode.ALWAYS)
ALLOWED = TrunkMedia(bypass=TrunkBypass.ALLOWED)
TUNE = Sound(SoundKind.MUSIC, "/music.wav")
EITHER_WAY = pytest.mark.parametrize("way", list(WAYS))
BOTH = "PCMU PCMA telephone-event"
LAWS = (Codec.PCMU, Codec.PCMA)


def place(message: Message) -> tuple[str, int]:
    """Where a message says that audio goes."""
    said = described(message)
    connection = said.connection_of(said.media[0])
    assert connection is not None
    return connection.address, said.media[0].port


def home(peer: Peer, port: int = 4000) -> tuple[str, int]:
    """Where a peer's audio is."""
    return peer.flow.remote[0], port


def ours(peer: Peer) -> str:
    """Our address towards a peer."""
    return INSIDE if peer.side is Side.FRONT_END else OUTSIDE


def bypassing(make: Make, way: str, *, music: str = "", bypass: Bypass = ALWAYS, **terms: object) -> Pair:
    """Both sides speak both laws, and the trunk lets audio go past us."""
    mid_call = MidCall(music=music, **terms)  # type: ignore[arg-type]  # terms of several types
    given = settings(
        trunk(media=ALLOWED, codecs=LAWS, mid_call=mid_call), codecs=LAWS, bypass=bypass, mid_call=mid_call
    )
    return speaking_both(WAYS[way](make(given)))


def speaking_both(call: Pair) -> Pair:
    """Parties that have both laws, and digits."""
    call.caller.codecs = call.callee.codecs = BOTH
    return call


def connects(call: Pair) -> Pair:
    """A call whose audio has gone past us from the beginning."""
    call.answers()
    call.caller.acks()
    assert call.media.plans == []
    assert len(call.world.engine.bypassed) == 1
    assert place(call.caller.response(200)) == home(call.callee)
    assert place(call.callee.request("INVITE")) == home(call.caller)
    return call


def parties(call: Pair, by: str) -> tuple[Peer, Peer]:
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return one, other


def comes_back(call: Pair, *peers: Peer) -> None:
    """Both were told our address, and audio goes through us."""
    for peer in peers:
        assert call.media.plan.caller.remote[0] or call.media.plan.callee.remote[0]
        assert home(peer) in (call.media.plan.caller.remote, call.media.plan.callee.remote)
    assert call.world.engine.bypassed == set()


@EITHER_WAY
def test_each_party_is_told_the_others_address_for_audio_and_nothing_else(make: Make, way: str) -> None:
    call = connects(bypassing(make, way))
    for peer in (call.caller, call.callee):
        said = described(peer.response(200) if peer is call.caller else peer.request("INVITE"))
        assert said.origin.address == ours(peer)
        assert said.connection is not None
        assert said.connection.address == ours(peer)
    call.ends()


@EITHER_WAY
def test_a_trunk_that_does_not_allow_it_has_audio_through_us(make: Make, way: str) -> None:
    given = settings(trunk(codecs=LAWS), codecs=LAWS, bypass=ALWAYS)
    call = speaking_both(WAYS[way](make(given)))
    call.connects()
    assert place(call.caller.response(200))[0] == ours(call.caller)
    call.ends()


def test_without_a_law_in_common_audio_is_translated_here(make: Make) -> None:
    given = settings(trunk(media=ALLOWED), bypass=ALWAYS)
    call = WAYS["outbound"](make(given))
    call.connects()
    assert place(call.caller.response(200))[0] == INSIDE
    call.ends()


@EITHER_WAY
@SIDES
def test_an_address_that_changes_is_told_to_the_other_party(make: Make, way: str, by: str) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    one.reinvites(one.sdp(port=4600, version=2))
    assert place(other.request("INVITE")) == home(one, 4600)
    other.says(200, sdp=other.sdp(port=4700, version=2))
    one.acks()
    assert place(one.response(200)) == home(other, 4700)
    assert (one.heard(), other.heard()) == (["100", "200"], ["INVITE", "ACK"])
    assert call.media.plans == []
    call.ends()


@EITHER_WAY
@SIDES
def test_who_asks_for_an_offer_gets_the_other_partys_and_its_answer_is_told__rfc3261_14_2(
    make: Make, way: str, by: str
) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    one.reinvites(b"")
    assert place(one.response(200)) == home(other)
    assert other.heard() == []
    one.acks(one.sdp(port=4600, version=2))
    assert place(other.request("INVITE")) == home(one, 4600)
    other.says(200, sdp=other.sdp())
    one.heard(), other.heard()
    call.advance(5)
    assert (one.heard(), other.heard(), call.media.plans) == ([], [], [])
    call.ends()


@EITHER_WAY
@SIDES
def test_a_change_that_is_refused_leaves_the_session_as_it_was__rfc3261_14_1(
    make: Make, way: str, by: str
) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    one.reinvites(one.sdp(port=4600, version=2))
    other.says(488)
    assert one.heard() == ["100", "488"]
    other.heard()
    call.advance(10)
    assert (one.heard(), other.heard(), call.media.plans) == ([], [], [])
    other.reinvites(other.sdp())  # a refresh: nothing is new, and nobody else hears of it
    assert place(other.response(200)) == home(one)
    other.acks()
    assert one.heard() == []
    call.ends()


@EITHER_WAY
@SIDES
def test_a_hold_without_music_stays_between_the_parties(make: Make, way: str, by: str) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    for said, mirrored, number in (("sendonly", "recvonly", 2), ("sendrecv", "sendrecv", 3)):
        one.reinvites(one.sdp(direction=said, version=number))
        assert direction(other.request("INVITE")) == said
        assert place(other.request("INVITE")) == home(one)
        other.says(200, sdp=other.sdp(direction=mirrored, version=number))
        one.acks()
        assert direction(one.response(200)) == mirrored
        assert place(one.response(200)) == home(other)
    assert call.media.plans == []
    call.ends()


@EITHER_WAY
@SIDES
def test_who_switches_its_audio_off_and_on_again_speaks_past_us_as_before__rfc3264_8_2(
    make: Make, way: str, by: str
) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    one.reinvites(one.sdp(port=0, version=2))
    assert direction(other.request("INVITE")) == "inactive"
    assert place(other.request("INVITE")) == home(one)
    other.says(200, sdp=other.sdp(direction="inactive", version=2))
    one.acks()
    assert described(one.response(200)).media[0].port == 0
    one.reinvites(one.sdp(version=3))
    assert place(other.request("INVITE")) == home(one)
    other.says(200, sdp=other.sdp(version=3))
    one.acks()
    assert place(one.response(200)) == home(other)
    assert len(call.world.engine.bypassed) == 1
    call.ends()


@SIDES
def test_a_hold_that_the_other_side_is_not_to_know_of_is_met_here(make: Make, by: str) -> None:
    call = connects(bypassing(make, "outbound", hold=Relay.LOCAL))
    one, other = parties(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    one.acks()
    assert place(one.response(200)) == home(other)
    assert (other.heard(), call.media.plans) == ([], [])
    call.ends()


@EITHER_WAY
@SIDES
def test_music_brings_the_audio_back_and_the_end_of_the_hold_lets_it_go(
    make: Make, way: str, by: str
) -> None:
    call = connects(bypassing(make, way, music=TUNE.name))
    one, other = parties(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    assert place(other.request("INVITE"))[0] == ours(other)
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    assert place(one.response(200))[0] == ours(one)
    comes_back(call, one, other)
    plan = call.media.plan
    assert (plan.callee if by == "caller" else plan.caller).plays == TUNE
    one.reinvites(one.sdp(version=3))
    assert place(other.request("INVITE")) == home(one)
    other.says(200, sdp=other.sdp(version=3))
    one.acks()
    assert place(one.response(200)) == home(other)
    assert (call.media.plan.caller, call.media.plan.callee) == (ABSENT, ABSENT)
    assert call.media.plan.silence_s == 0
    assert len(call.world.engine.bypassed) == 1
    call.ends()
    assert call.record.bypassed_s == 0


def test_audio_that_has_come_back_stays_where_the_settings_say_so(make: Make) -> None:
    stays = Bypass(mode=BypassMode.ALWAYS, mid_call=False)
    call = connects(bypassing(make, "outbound", music=TUNE.name, bypass=stays))
    one, other = parties(call, "caller")
    for number, said, mirrored in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        one.reinvites(one.sdp(direction=said, version=number))
        other.says(200, sdp=other.sdp(direction=mirrored, version=number))
        one.acks()
        assert place(one.response(200))[0] == INSIDE
    comes_back(call, one, other)
    call.ends()


@SIDES
def test_a_fax_comes_through_us_and_the_call_goes_past_us_again(make: Make, by: str) -> None:
    call = connects(bypassing(make, "outbound", fax=True))
    one, other = parties(call, by)
    one.reinvites(fax(one, 2))
    assert place(other.request("INVITE"))[0] == ours(other)
    other.says(200, sdp=fax(other, 2))
    one.acks()
    assert isinstance(call.media.in_force, FaxPlan)
    assert call.world.engine.bypassed == set()
    one.reinvites(audio_again(one, 3))
    assert place(other.request("INVITE")) == home(one)
    other.says(200, sdp=audio_again(other, 3))
    one.acks()
    assert place(one.response(200)) == home(other)
    call.ends()


@SIDES
def test_a_fax_that_is_refused_leaves_the_audio_between_the_parties(make: Make, by: str) -> None:
    call = connects(bypassing(make, "outbound", fax=True))
    one, other = parties(call, by)
    one.reinvites(fax(one, 2))
    other.says(488)
    assert one.heard()[-1] == "488"
    assert call.media.plans == []
    assert len(call.world.engine.bypassed) == 1
    call.ends()


def fax(peer: Peer, version: int) -> bytes:
    said = peer.sdp(version=version).partition(b"m=")[0]
    return said + b"m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxRateManagement:transferredTCF\r\n"


def audio_again(peer: Peer, version: int) -> bytes:
    return peer.sdp(version=version)


@EITHER_WAY
def test_two_changes_that_meet_are_both_refused_and_nothing_is_lost__rfc3261_14_2(
    make: Make, way: str
) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, "caller")
    one.reinvites(one.sdp(port=4600, version=2))
    other.reinvites(other.sdp(port=4700, version=2))
    assert other.heard() == ["INVITE", "491"]
    other.says(491)
    assert one.heard() == ["100", "491"]
    other.reinvites(other.sdp(port=4700, version=3))
    assert place(one.request("INVITE")) == home(other, 4700)
    one.says(200, sdp=one.sdp())
    other.acks()
    assert place(other.response(200)) == home(one)
    call.ends()


@EITHER_WAY
def test_forked_early_media_is_told_in_a_dialog_of_its_own_for_each_party__rfc3261_13_2_2_4(
    make: Make, way: str
) -> None:
    call = bypassing(make, way)
    call.dials()
    call.callee.says(183, tag="party-one", sdp=call.callee.sdp(port=4100))
    call.callee.says(183, tag="party-two", sdp=call.callee.sdp(port=4200))
    told = {m.to.tag: place(m) for _, m in call.caller.received if getattr(m, "status", 0) == 183}
    assert sorted(told.values()) == [home(call.callee, 4100), home(call.callee, 4200)]
    call.callee.says(200, tag="party-one", sdp=call.callee.sdp(port=4100))
    call.caller.acks()
    final = call.caller.response(200)
    assert place(final) == home(call.callee, 4100)
    assert told[final.to.tag] == place(final)
    assert call.media.plans == []
    call.caller.hangs_up()


def test_early_media_that_was_told_reliably_is_not_told_again__rfc3262_5(make: Make) -> None:
    call = bypassing(make, "outbound")
    call.caller.invites(headers="Supported: 100rel\r\nRequire: 100rel\r\n")
    call.callee.says(183, tag="party-one", sdp=call.callee.sdp(port=4100))
    assert place(call.caller.response(183)) == home(call.callee, 4100)
    call.caller.pracks()
    call.callee.says(200, tag="party-one", sdp=call.callee.sdp(port=4100))
    assert call.caller.response(200).body == b""
    call.caller.acks()
    call.callee.heard()
    call.advance(1)
    assert call.callee.heard() == []
    assert len(call.world.engine.bypassed) == 1
    call.caller.hangs_up()


@EITHER_WAY
def test_a_call_without_an_offer_begins_here_and_then_goes_past_us__rfc3725_4(make: Make, way: str) -> None:
    call = bypassing(make, way)
    call.caller.invites(sdp=b"")
    assert place(call.callee.request("INVITE"))[0] == ours(call.callee)
    call.callee.says(200, sdp=call.callee.sdp())
    assert place(call.caller.response(200))[0] == ours(call.caller)
    call.caller.acks(call.caller.sdp())
    assert place(call.caller.request("INVITE")) == home(call.callee)
    assert place(call.callee.request("INVITE")) == home(call.caller)
    call.caller.says(200, sdp=call.caller.sdp())
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.heard(), call.callee.heard()
    call.advance(5)
    assert (call.caller.heard(), call.callee.heard()) == ([], [])
    assert len(call.world.engine.bypassed) == 1
    call.caller.hangs_up()


def test_a_party_that_does_not_take_the_others_address_is_left_with_ours(make: Make) -> None:
    call = bypassing(make, "outbound")
    call.caller.invites(sdp=b"")
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(call.caller.sdp())
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.says(488)
    assert place(call.callee.request("INVITE"))[0] == OUTSIDE
    call.callee.says(200, sdp=call.callee.sdp())
    comes_back(call, call.caller, call.callee)
    call.caller.heard(), call.callee.heard()
    call.advance(5)
    assert (call.caller.heard(), call.callee.heard()) == ([], [])
    call.ends()


def test_parties_whose_answers_never_agree_are_not_asked_for_ever(make: Make) -> None:
    """Each answer names another port: after a few turns the audio stays here."""
    call = bypassing(make, "outbound")
    call.caller.invites(sdp=b"")
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(call.caller.sdp())
    asked, port = 0, 5000
    while any((heard := {peer: peer.heard() for peer in (call.caller, call.callee)}).values()):
        for peer, said in heard.items():
            if "INVITE" in said and place(peer.request("INVITE")):
                asked, port = asked + 1, port + 2
                peer.says(200, sdp=peer.sdp(port=port, version=asked + 1))
        assert asked < 30
    assert call.world.engine.bypassed == set()
    call.ends()


@SIDES
def test_who_hangs_up_while_the_audio_comes_back_ends_the_call(make: Make, by: str) -> None:
    call = connects(bypassing(make, "outbound", music=TUNE.name))
    one, other = parties(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    other.hangs_up()
    assert "BYE" in one.heard()
    other.says(487)
    assert call.over


@SIDES
def test_silence_is_not_watched_while_audio_goes_past_us(make: Make, by: str) -> None:
    call = connects(bypassing(make, "outbound"))
    call.world.media_says(MediaSilent(call.world.call_id, by == "caller"))
    assert call.world.engine.calls
    call.advance(300)
    call.ends()
    record = call.record
    assert record.bypassed_s == 300
    assert record.caller.media is None
    assert record.as_json(0)["bypassed_s"] == 300


def test_a_media_process_that_dies_costs_no_call_whose_audio_goes_past_it(make: Make) -> None:
    call = connects(bypassing(make, "outbound", music=TUNE.name))
    call.world.media.open.pop(call.world.call_id)
    call.world.media_says(MediaLost(call.world.call_id, "gone"))
    assert call.world.engine.calls
    one, other = parties(call, "caller")
    one.reinvites(one.sdp(direction="sendonly", version=2))
    assert place(other.request("INVITE"))[0] == OUTSIDE, "at other ports, which are there already"
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    one.acks()
    comes_back(call, one, other)
    call.ends()


@pytest.fixture
def secure(make: Make) -> Pair:
    """Both sides encrypt, and speak TLS."""
    return encrypting(make, SrtpMode.REQUIRED, SrtpMode.OPTIONAL)


def encrypting(make: Make, near: SrtpMode, far: SrtpMode, far_by: Transport = Transport.TLS) -> Pair:
    given = settings(
        trunk(
            targets=(target(SBC, far_by),),
            codecs=LAWS,
            media=TrunkMedia(bypass=TrunkBypass.ALLOWED, srtp=far),
        ),
        front_end_targets=(target(FRONT_END, Transport.TLS),),
        codecs=LAWS,
        media_terms=PeerMedia(srtp=near),
        bypass=ALWAYS,
    )
    world = make(given)
    near_peer = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TLS)
    return speaking_both(Pair(world, near_peer, Peer(world, Side.GATEWAY, SBC, transport=far_by)))


def test_keys_are_handed_where_both_sides_encrypt_and_speak_tls__rfc4568_7(secure: Pair) -> None:
    caller, callee = secure.caller, secure.callee
    caller.invites(sdp=savp(caller, 1))
    offer = described(callee.request("INVITE")).media[0]
    assert offer.protocol == "RTP/SAVP"
    assert [line.key.octets for line in read_crypto(offer)] == [bytes([1]) * SHA80.octets]
    callee.says(200, sdp=savp(callee, 2))
    caller.acks()
    answer = described(caller.response(200)).media[0]
    assert [line.key.octets for line in read_crypto(answer)] == [bytes([2]) * SHA80.octets]
    assert secure.media.plans == []
    secure.ends()
    assert secure.record.caller.srtp == str(SHA80)


def test_keys_are_handed_to_nobody_without_tls__rfc4568_7(make: Make) -> None:
    call = encrypting(make, SrtpMode.OPTIONAL, SrtpMode.OPTIONAL, Transport.UDP)
    call.caller.invites(sdp=savp(call.caller, 1))
    offer = described(call.callee.request("INVITE")).media[0]
    assert (offer.protocol, read_crypto(offer)) == ("RTP/AVP", ())
    assert place(call.callee.request("INVITE"))[0] == OUTSIDE
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.ends()


def test_who_must_not_encrypt_gets_plain_audio_from_us(make: Make) -> None:
    call = encrypting(make, SrtpMode.REQUIRED, SrtpMode.OFF)
    call.caller.invites(sdp=savp(call.caller, 1))
    assert place(call.callee.request("INVITE"))[0] == OUTSIDE
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert call.media.plan.caller.srtp is not None
    call.ends()


def test_keys_are_ours_again_when_encrypted_audio_comes_back(make: Make) -> None:
    call = encrypting(make, SrtpMode.REQUIRED, SrtpMode.REQUIRED)
    caller, callee = call.caller, call.callee
    caller.invites(sdp=savp(caller, 1))
    callee.says(200, sdp=savp(callee, 2))
    caller.acks()
    held = caller.sdp(host="0.0.0.0", version=2, profile="RTP/SAVP", lines=crypto(1))
    caller.reinvites(held)  # an address that cannot be handed
    mine = {line.key.octets for line in read_crypto(described(callee.request("INVITE")).media[0])}
    assert bytes([1]) * SHA80.octets not in mine
    callee.says(200, sdp=savp(callee, 3, direction="recvonly", version=2))
    caller.acks()
    plan = call.media.plan
    assert plan.callee.srtp is not None
    assert plan.callee.srtp.sending.octets in mine
    assert plan.callee.srtp.receiving.octets == bytes([3]) * SHA80.octets
    caller.reinvites(savp(caller, 1, version=3))
    assert place(callee.request("INVITE")) == home(caller)
    callee.says(200, sdp=savp(callee, 4, version=3))
    caller.acks()
    (line,) = read_crypto(described(caller.response(200)).media[0])
    assert line.key.octets == bytes([4]) * SHA80.octets
    call.ends()


@EITHER_WAY
@pytest.mark.parametrize("answers", [True, False])
def test_digits_that_must_be_converted_bring_the_audio_back(make: Make, way: str, answers: bool) -> None:
    """Both sides may have telephone-event; one party has not, and its side has INFO instead."""
    given = settings(trunk(media=replace(ALLOWED, dtmf=Dtmf.INFO), codecs=LAWS), codecs=LAWS, bypass=ALWAYS)
    call = speaking_both(WAYS[way](make(given)))
    (call.callee if answers else call.caller).codecs = "PCMU PCMA"
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    if answers:
        assert place(call.callee.request("INVITE"))[0] == ours(call.callee), "it has answered without"
        call.callee.says(200, sdp=call.callee.sdp())
    assert place(call.caller.response(200))[0] == ours(call.caller)
    comes_back(call, call.caller, call.callee)
    call.ends()


@EITHER_WAY
@pytest.mark.parametrize("described", [True, False])
def test_a_refusal_is_announced_where_the_caller_hears_nobody_else__rfc3960_4(
    make: Make, way: str, described: bool
) -> None:
    busy = (Announcement(status=486, sound="tone:busy:de", longest_s=5),)
    given = settings(
        trunk(media=ALLOWED, codecs=LAWS, announcements=busy), codecs=LAWS, bypass=ALWAYS, announcements=busy
    )
    call = speaking_both(WAYS[way](make(given)))
    call.dials()
    if described:
        call.callee.says(183, sdp=call.callee.sdp())
        assert place(call.caller.response(183)) == home(call.callee)
    call.caller.heard()
    call.callee.says(486)
    assert call.caller.heard() == (["486"] if described else ["183"])
    if not described:
        assert place(call.caller.response(183))[0] == ours(call.caller)
    call.advance(6)
    assert call.over


# who may, and what it takes


def at_sites(make: Make, way: str, phone: str) -> Pair:
    """The trunk is in Berlin, and so are phones in one network."""
    berlin = Site(name="berlin", media_networks=(ip_network("10.50.0.0/16"),), numbers=("+4930",))
    given = settings(
        trunk(media=ALLOWED, codecs=LAWS, site="berlin"),
        codecs=LAWS,
        sites=(berlin,),
        bypass=Bypass(mode=BypassMode.BY_SITE),
    )
    call = speaking_both(WAYS[way](make(given)))
    front_end = call.caller if call.caller.side is Side.FRONT_END else call.callee
    front_end.audio_host = phone
    return call


@EITHER_WAY
def test_phones_at_the_trunks_site_send_to_it_themselves(make: Make, way: str) -> None:
    call = at_sites(make, way, "10.50.1.7")
    call.answers()
    call.caller.acks()
    assert len(call.world.engine.bypassed) == 1
    assert call.media.plans == []
    call.ends()


def test_a_phone_that_calls_from_elsewhere_has_its_audio_through_us(make: Make) -> None:
    call = at_sites(make, "outbound", "10.60.1.7")
    call.connects()
    assert place(call.callee.request("INVITE"))[0] == OUTSIDE
    call.ends()


def test_a_phone_that_answers_elsewhere_is_brought_back(make: Make) -> None:
    """Its number is in Berlin; where it is tells its answer."""
    call = at_sites(make, "inbound", "10.60.1.7")
    call.caller.invites()
    assert place(call.callee.request("INVITE"))[0] == SBC
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert place(call.caller.response(200))[0] == OUTSIDE
    assert place(call.callee.request("INVITE"))[0] == INSIDE
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.world.engine.bypassed == set()
    assert call.media.plan.callee.remote == ("10.60.1.7", 4000)
    call.ends()


def test_a_call_that_may_be_recorded_goes_past_us_once_it_is_not(make: Make) -> None:
    share = RecordingRule(share_percent=0.0001)
    recordings = Recordings(directory="/rec", rules=(share,))
    given = settings(trunk(media=ALLOWED, codecs=LAWS), codecs=LAWS, bypass=ALWAYS, recording=recordings)
    call = speaking_both(WAYS["outbound"](make(given)))
    call.caller.invites()
    assert place(call.callee.request("INVITE"))[0] == OUTSIDE
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    for peer, other in ((call.callee, call.caller), (call.caller, call.callee)):
        assert place(peer.request("INVITE")) == home(other)
        peer.says(200, sdp=peer.sdp())
    assert len(call.world.engine.bypassed) == 1
    call.ends()


def test_a_line_that_is_full_carries_calls_whose_audio_takes_none_of_it(make: Make) -> None:
    link = Link(kbps=100)
    given = settings(
        trunk(media=ALLOWED, codecs=LAWS, link=link, mid_call=MidCall(music=TUNE.name)),
        codecs=LAWS,
        bypass=Bypass(mode=BypassMode.BY_SITE),
        sites=(Site(name="hall", media_networks=(ip_network("10.1.1.0/24"),)),),
    )
    itsp = replace(given.trunks[0], media=replace(ALLOWED, bypass_group="hall"))
    world = make(replace(given, trunks=(itsp,)))
    call = speaking_both(WAYS["outbound"](world))
    calls = []
    for _ in range(2):
        calls.append(call.caller.invites())
        call.callee.says(200, sdp=call.callee.sdp())
        call.caller.acks()
    room = world.engine._trunks["itsp-a"].room
    assert (room.calls, room.kbps) == (2, 0)
    call.caller.line, call.callee.line = calls[0], call.callee.lines[0]
    call.caller.reinvites(call.caller.sdp(direction="sendonly", version=2))
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly", version=2))
    call.caller.acks()
    assert room.kbps == pytest.approx(87.2), "it has come back, and is counted"
    call.caller.invites()
    assert "INVITE" in call.callee.heard(), "there is no room for audio, and none is needed"
    call.callee.says(486)
    call.caller.audio_host = "10.9.9.9"
    call.caller.invites()
    assert call.caller.heard()[-1] == "503", "its audio would come by here"
    for line in calls:
        call.caller.hangs_up(line=line)


# transfers


def test_a_transfer_brings_the_audio_back_and_the_new_parties_go_past_us_again__rfc5589_6(make: Make) -> None:
    three = trio_past_us(make, "outbound")
    three.caller.refers(TO, headers=BY)
    for peer in (three.caller, three.callee):
        assert place(peer.request("INVITE"))[0] == ours(peer)
        peer.says(200, sdp=peer.sdp())
    assert three.world.engine.bypassed == set()
    three.target.says(180)
    assert (three.media.plan.caller.remote, three.media.plan.callee.remote) == (
        home(three.caller), home(three.callee),
    )  # fmt: skip
    three.target.says(200, sdp=three.target.sdp(port=4900))
    assert place(three.callee.request("INVITE")) == home(three.target, 4900)
    assert place(three.target.request("INVITE")) == home(three.callee)
    three.callee.says(200, sdp=three.callee.sdp())
    three.target.says(200, sdp=three.target.sdp(port=4900))
    assert len(three.world.engine.bypassed) == 1
    three.target.hangs_up()
    assert three.record.transfers[0].status == 200


def test_two_front_ends_that_a_transfer_joins_have_their_audio_through_us__rfc5589_6(make: Make) -> None:
    """No trunk is between them that would let it go."""
    three = trio_past_us(make, "outbound")
    three.callee.refers(f"sip:{TARGET}@198.51.100.10")
    for peer in (three.caller, three.callee):
        peer.says(200, sdp=peer.sdp())
    three.target.says(200, sdp=three.target.sdp(port=4900))
    three.caller.heard(), three.target.heard()
    three.advance(5)
    assert (three.caller.heard(), three.target.heard()) == ([], [])
    plan = three.media.plan
    assert (plan.caller.remote, plan.callee.remote) == (home(three.caller), home(three.target, 4900))
    three.target.hangs_up()


def test_a_transfer_to_somebody_who_is_busy_lets_the_old_parties_go_past_us_again(make: Make) -> None:
    three = trio_past_us(make, "outbound")
    three.caller.refers(TO, headers=BY)
    for peer in (three.caller, three.callee):
        peer.says(200, sdp=peer.sdp())
    three.target.says(486)
    assert place(three.callee.request("INVITE")) == home(three.caller)
    assert place(three.caller.request("INVITE")) == home(three.callee)
    for peer in (three.caller, three.callee):
        peer.says(200, sdp=peer.sdp())
    assert len(three.world.engine.bypassed) == 1
    three.ends()


def test_who_does_not_come_back_for_a_transfer_stays_with_the_transferor(make: Make) -> None:
    three = trio_past_us(make, "outbound")
    three.caller.refers(TO, headers=BY)
    three.caller.says(200, sdp=three.caller.sdp())
    three.callee.says(488)
    assert place(three.caller.request("INVITE")) == home(three.callee), "where the other one is"
    three.caller.says(200, sdp=three.caller.sdp())
    three.target.says(486)
    assert len(three.world.engine.bypassed) == 1
    three.ends()


def test_who_comes_to_nobody_any_more_is_not_left_in_silence(make: Make) -> None:
    """It refuses our address and, after the transfer, that of the new party too."""
    three = trio_past_us(make, "outbound")
    three.caller.refers(TO, headers=BY)
    three.caller.says(200, sdp=three.caller.sdp())
    three.callee.says(488)
    three.target.says(200, sdp=three.target.sdp(port=4900))
    three.caller.heard(), three.target.heard()
    three.callee.says(488)  # the new party's address
    assert "BYE" not in three.callee.heard()
    three.callee.says(488)  # ours
    assert "BYE" in three.callee.heard()
    assert "BYE" in three.target.heard()
    assert three.record.cause.reason == "bypass-not-undone"


def trio_past_us(make: Make, way: str) -> Trio:
    """A call whose audio goes past us, and somebody whom a transfer calls."""
    return trio(
        make,
        way,
        bypass=ALWAYS,
        trunk_media=ALLOWED,
        codecs=LAWS,
        peers=BOTH,
    )


def test_two_parties_that_are_joined_speak_past_us_at_once__rfc5589_7(make: Make) -> None:
    given = settings(trunk(media=ALLOWED, codecs=LAWS), codecs=LAWS, bypass=ALWAYS)
    world = make(given)
    two = Consultation(world)
    assert len(world.engine.bypassed) == 2
    two.transfers()
    moved = two.sbc.request("INVITE")
    assert place(moved)[0] == OUTSIDE, "to the ports of the first call"
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200), line=two.second[1])
    asked = {line.call_id: line for line in (two.first[1], two.second[1])}
    for line, port, across in ((two.first[1], 4100, 4200), (two.second[1], 4200, 4100)):
        assert place(asked[line.call_id].asked["INVITE"]) == (SBC, across)
        two.sbc.says(200, sdp=two.sbc.sdp(port=port), line=line)
    assert len(world.engine.bypassed) == 1
    room = world.engine._trunks["itsp-a"].room
    assert (room.calls, room.passing) == (2, 2)
    two.sbc.hangs_up(line=two.first[1])
    assert (room.calls, room.passing) == (0, 0)


@pytest.mark.parametrize("rings", [True, False])
def test_who_takes_a_seat_speaks_past_us_with_the_party_that_stays__rfc3891_3(
    make: Make, rings: bool
) -> None:
    """Picked up while it rings, or taken over while it talks."""
    given = settings(trunk(media=ALLOWED, codecs=LAWS), codecs=LAWS, bypass=ALWAYS)
    call = speaking_both(WAYS["inbound"](make(given)))
    other = Peer(call.world, Side.FRONT_END, OTHER_FRONT_END, codecs=BOTH)
    if rings:
        call.rings()
    else:
        connects(call)
    other.invites(headers=f"Replaces: {call.callee.ids()}\r\n")
    other.acks()
    if rings:
        call.caller.acks()
        call.callee.says(487)
        call.advance(4)  # both were still being answered when they could have been asked
    else:
        assert place(call.caller.request("INVITE")) == home(other)
        call.caller.says(200, sdp=call.caller.sdp())
    assert place(other.request("INVITE")) == home(call.caller)
    other.says(200, sdp=other.sdp())
    if rings:
        assert place(call.caller.request("INVITE")) == home(other)
        call.caller.says(200, sdp=call.caller.sdp())
    assert len(call.world.engine.bypassed) == 1
    other.hangs_up()


@SIDES
def test_an_early_change_is_told_to_the_other_party_by_the_answer__rfc3311_5_1(make: Make, by: str) -> None:
    call = bypassing(make, "outbound")
    call.caller.invites(headers="Supported: 100rel\r\nRequire: 100rel\r\n")
    reliably = "Require: 100rel\r\nRSeq: 1\r\n"
    call.callee.says(183, sdp=call.callee.sdp(port=4100), headers=reliably)
    call.caller.pracks()
    call.callee.says(200, to="PRACK")
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.updates(one.sdp(port=4800, version=2))
    told = home(other, 4100 if by == "caller" else 4000)
    assert place(one.response(200)) == told
    call.callee.says(200)
    call.caller.acks(sequence=7)
    call.advance(4)
    assert place(other.request("INVITE")) == home(one, 4800)
    other.says(200, sdp=other.sdp(port=told[1]))
    call.caller.heard(), call.callee.heard()
    call.advance(5)
    assert (call.caller.heard(), call.callee.heard()) == ([], [])
    assert len(call.world.engine.bypassed) == 1
    call.caller.hangs_up()


@EITHER_WAY
@SIDES
def test_a_change_by_update_is_told_to_the_other_party_too__rfc3311_5_2(
    make: Make, way: str, by: str
) -> None:
    call = connects(bypassing(make, way))
    one, other = parties(call, by)
    one.updates(one.sdp(port=4600, version=2))
    assert place(other.request("INVITE")) == home(one, 4600)
    other.says(200, sdp=other.sdp(port=4700, version=2))
    assert place(one.response(200)) == home(other, 4700)
    call.ends()


def test_a_refresh_that_is_refused_brings_nothing_back__rfc4028_10(make: Make) -> None:
    timers = SessionTimers(mode=TimerMode.OFFER, expires_s=90)
    given = settings(trunk(media=ALLOWED, codecs=LAWS, session_timer=timers), codecs=LAWS, bypass=ALWAYS)
    call = connects(speaking_both(WAYS["outbound"](make(given))))
    call.caller.heard(), call.callee.heard()
    call.advance(46)
    refresh = call.callee.request("INVITE")
    assert place(refresh) == home(call.caller), "the same as before"
    call.callee.heard()
    call.callee.says(488)
    assert "INVITE" not in call.callee.heard()
    assert call.caller.heard() == []
    assert len(call.world.engine.bypassed) == 1
    call.caller.hangs_up()


def test_a_hold_of_ours_that_is_refused_is_not_asked_for_again(make: Make) -> None:
    """Without bypass: what a party was told before holds."""
    call = WAYS["outbound"](make(settings()))
    call.caller.invites(sdp=b"")
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(call.caller.sdp(direction="sendonly"))
    assert direction(call.callee.request("INVITE")) == "sendonly"
    call.callee.heard()
    call.callee.says(488)
    call.advance(10)
    assert call.callee.heard() == ["ACK"]
    call.ends()


@pytest.mark.parametrize(
    ("ours_says", "leaks"),
    [
        (b"o=- ", b"o=10.1.1.20 "),
        (b"c=IN IP4 198.51.100.10\r\nt=", b"c=IN IP4 10.1.1.20\r\nt="),
        (b"c=IN IP4 10.1.1.20\r\na=", b"c=IN IP4 10.1.1.20\r\na=x-was:10.1.1.20\r\na="),
        (b"a=ptime:", b"a=rtcp:4001 IN IP4 10.1.1.20\r\na=ptime:"),
    ],
)
def test_the_judge_lets_an_address_stand_in_the_m_line_alone(
    make: Make, ours_says: bytes, leaks: bytes
) -> None:
    call = bypassing(make, "outbound")
    call.caller.invites(sdp=call.caller.sdp(lines="a=ptime:20\r\n"))
    call.callee.says(486)
    judge = call.world.hiding
    assert judge.leaks(Side.GATEWAY) == {}
    said = call.callee.request("INVITE")
    assert ours_says in said.body
    leak = bytes(said.replace(body=said.body.replace(ours_says, leaks, 1)))
    judge = replace(judge, _told={**judge._told, Side.GATEWAY: [leak]})
    assert FRONT_END in judge.leaks(Side.GATEWAY)[leak]


def test_a_wide_codec_that_both_have_goes_past_us_and_takes_no_place(make: Make) -> None:
    wide = (Codec.G722, Codec.PCMA)
    given = settings(
        trunk(media=ALLOWED, codecs=wide), codecs=wide, bypass=ALWAYS, media=Media(wide_parties=1)
    )
    call = WAYS["outbound"](make(given))
    call.caller.codecs = call.callee.codecs = "G722 PCMA"
    connects(call)
    assert described(call.callee.request("INVITE")).media[0].formats == ("9", "8")
    assert call.world.engine.wide.taken == 0
    call.ends()
    assert call.record.caller.codec == "G722"
