"""SRTP by SDES on either side: every policy against every offer, keys that stay and keys that change.

RFC 4568, RFC 8643. Where keys go is watched by the judge of `keys`, in every flow.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mediation.b2bua.plan import Stream
from mediation.sdp.crypto import SrtpMode, Suite, read_crypto
from mediation.sdp.description import SessionDescription
from mediation.settings.model import Settings
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peer_terms import EarlyMedia, Follow, MidCall, Relay, SessionTimers
from mediation.settings.peers import Side
from mediation.sip.flow import Transport
from mediation.sip.message import Message
from mediation.sip.session_timer import TimerMode
from tests.flows.fax_pair import FAX, image
from tests.flows.keys import Keys
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, SBC, settings, target, trunk
from tests.flows.world import World

OFF, OPTIONAL, REQUIRED = SrtpMode.OFF, SrtpMode.OPTIONAL, SrtpMode.REQUIRED
SHA80, GCM = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_256_GCM
TLS, UDP = Transport.TLS, Transport.UDP
SUITES = [str(suite) for suite in PeerMedia().srtp_suites]


def key(seed: int, suite: Suite = SHA80) -> str:
    """A key of a peer's, as text."""
    return b64encode(bytes([seed]) * suite.octets).decode()


def crypto(seed: int, tag: str = "1", suite: Suite = SHA80, behind: str = "") -> str:
    return f"a=crypto:{tag} {suite} inline:{key(seed, suite)}{behind}\r\n"


def terms(
    inside: SrtpMode,
    outside: SrtpMode,
    *,
    transports: tuple[Transport, Transport] = (TLS, TLS),
    without_tls: bool = False,
) -> Settings:
    """Both sides with a policy of their own."""
    near, far = (PeerMedia(srtp=mode, srtp_without_tls=without_tls) for mode in (inside, outside))
    return settings(
        trunk(targets=(target(SBC, transports[1]),), media=far),
        front_end_targets=(target(FRONT_END, transports[0]),),
        media_terms=near,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """Who calls whom."""

    name: str
    caller: Side

    def pair(
        self,
        make: Make,
        of_caller: SrtpMode,
        of_callee: SrtpMode,
        *,
        transport: Transport = TLS,
        without_tls: bool = False,
    ) -> Pair:
        """A caller and a callee on sides with these policies."""
        inside, outside = (of_caller, of_callee) if self.caller is Side.FRONT_END else (of_callee, of_caller)
        world = make(terms(inside, outside, transports=(transport, transport), without_tls=without_tls))
        front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=transport)
        sbc = Peer(world, Side.GATEWAY, SBC, transport=transport)
        return Pair(world, *((front_end, sbc) if self.caller is Side.FRONT_END else (sbc, front_end)))


@pytest.fixture(
    params=[Way("outbound", Side.FRONT_END), Way("inbound", Side.GATEWAY)], ids=lambda way: way.name
)
def way(request: pytest.FixtureRequest) -> Way:
    assert isinstance(request.param, Way)
    return request.param


def described(message: Message) -> SessionDescription:
    return SessionDescription.parse(message.body)


def ours(message: Message) -> dict[Suite, bytes]:
    """Our keys in a description of ours, by suite."""
    used = next(media for media in described(message).media if media.port)
    return {line.suite: line.key.octets for line in read_crypto(used)}


def profiles(message: Message) -> list[tuple[str, bool]]:
    """The profile of each m-line, and whether it is in use."""
    return [(media.protocol, bool(media.port)) for media in described(message).media]


def expect(stream: Stream, message: Message, theirs: int | None, suite: Suite = SHA80) -> None:
    """Media encrypts with what we said in this message, and decrypts with the key that the peer made of this seed."""
    if theirs is None:
        assert stream.srtp is None
        assert not ours(message)
        return
    assert stream.srtp is not None
    assert stream.srtp.suite is suite
    assert stream.srtp.receiving.octets == b64decode(key(theirs, suite))
    assert stream.srtp.sending.octets == ours(message)[suite]


def savp(peer: Peer, seed: int, **more: object) -> bytes:
    return peer.sdp(profile="RTP/SAVP", lines=crypto(seed), **more)  # type: ignore[arg-type]


def twins(peer: Peer, seed: int) -> bytes:
    plain = "m=audio 4400 RTP/AVP 0 8\r\n"
    return peer.sdp(profile="RTP/SAVP", lines=crypto(seed) + plain)


OFFERS: dict[str, Callable[[Peer], bytes]] = {
    "plain": lambda peer: peer.sdp(),
    "savp": lambda peer: savp(peer, 11),
    "avp-with-key": lambda peer: peer.sdp(lines=crypto(11)),
    "twins": lambda peer: twins(peer, 11),
}
ENCRYPTED: dict[SrtpMode, dict[str, bool | None]] = {
    OFF: {"plain": False, "savp": None, "avp-with-key": False, "twins": False},
    OPTIONAL: {"plain": False, "savp": True, "avp-with-key": True, "twins": True},
    REQUIRED: {"plain": None, "savp": True, "avp-with-key": True, "twins": True},
}
"""Whether audio with whoever has offered so is encrypted; None: 488."""


@pytest.mark.parametrize("offered", list(OFFERS))
@pytest.mark.parametrize("mode", list(SrtpMode))
@pytest.mark.parametrize("other", list(SrtpMode))
def test_each_offer_is_answered_by_the_policy_of_its_side_alone(
    way: Way, make: Make, mode: SrtpMode, other: SrtpMode, offered: str
) -> None:
    call = way.pair(make, mode, other)
    call.caller.invites(sdp=OFFERS[offered](call.caller))
    encrypted = ENCRYPTED[mode][offered]
    if encrypted is None:
        assert call.caller.heard() == ["100", "488"]
        assert call.callee.heard() == []
        assert (
            "302" in (warning := call.caller.response(488).headers.get("Warning") or "") or "304" in warning
        )
        return
    assert call.caller.heard() == ["100"]
    invite = call.callee.request("INVITE")
    assert profiles(invite) == [("RTP/SAVP" if other is REQUIRED else "RTP/AVP", True)]
    assert [str(suite) for suite in ours(invite)] == ([] if other is OFF else SUITES)
    answer = call.callee.sdp() if other is OFF else savp(call.callee, 22)
    call.callee.says(200, sdp=answer)
    call.caller.acks()
    accepted = call.caller.response(200)
    expect(call.media.plan.caller, accepted, 11 if encrypted else None)
    expect(call.media.plan.callee, invite, None if other is OFF else 22)
    used = [protocol for protocol, in_use in profiles(accepted) if in_use]
    assert used == ["RTP/SAVP" if encrypted and offered != "avp-with-key" else "RTP/AVP"]
    call.ends()
    of_caller, of_callee = call.record.caller, call.record.callee
    assert of_callee is not None
    assert of_caller.srtp == (str(SHA80) if encrypted else None)
    assert of_callee.srtp == (None if other is OFF else str(SHA80))


@pytest.mark.parametrize("answer", ["plain", "avp-with-key", "savp", "savp-without-key"])
@pytest.mark.parametrize("mode", [OPTIONAL, REQUIRED])
def test_each_answer_is_taken_by_the_policy_of_its_side(
    way: Way, make: Make, mode: SrtpMode, answer: str
) -> None:
    call = way.pair(make, OFF, mode)
    call.dials()
    sdp = {
        "plain": call.callee.sdp(),
        "avp-with-key": call.callee.sdp(lines=crypto(22)),
        "savp": savp(call.callee, 22),
        "savp-without-key": call.callee.sdp(profile="RTP/SAVP"),
    }[answer]
    call.callee.says(200, sdp=sdp)
    taken = {OPTIONAL: {"plain", "avp-with-key", "savp"}, REQUIRED: {"savp"}}[mode]
    if answer not in taken:
        assert call.callee.heard() == ["ACK", "BYE"]
        assert call.caller.heard() == ["488"]
        assert call.record.cause.reason == "no-common-codec"
        return
    call.caller.acks()
    invite = call.callee.request("INVITE")
    if answer == "plain":
        assert call.media.plan.callee.srtp is None
    else:
        expect(call.media.plan.callee, invite, 22)
    call.ends()


def test_both_sides_are_encrypted_with_keys_of_their_own(way: Way, make: Make) -> None:
    call = way.pair(make, REQUIRED, REQUIRED)
    connect(call)
    caller, callee = call.media.plan.caller.srtp, call.media.plan.callee.srtp
    assert caller is not None
    assert callee is not None
    keys = {caller.sending.octets, caller.receiving.octets, callee.sending.octets, callee.receiving.octets}
    assert len(keys) == 4
    call.ends()


def connect(call: Pair, *, theirs: int = 11) -> None:
    """Both sides with SRTP: the caller's key is 11, the callee's 22."""
    call.caller.invites(sdp=savp(call.caller, theirs))
    call.callee.says(200, sdp=savp(call.callee, 22))
    call.caller.acks()
    call.caller.heard(), call.callee.heard()


# Where keys may go


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_without_tls_optional_is_off__rfc4568_7(way: Way, make: Make, transport: Transport) -> None:
    call = way.pair(make, OPTIONAL, OPTIONAL, transport=transport)
    call.caller.invites(sdp=twins(call.caller, 11))
    assert not ours(call.callee.request("INVITE"))
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert (call.media.plan.caller.srtp, call.media.plan.callee.srtp) == (None, None)
    assert profiles(call.caller.response(200)) == [("RTP/SAVP", False), ("RTP/AVP", True)]
    call.ends()


@pytest.mark.parametrize("sdp", ["plain", "savp", "none"])
def test_without_tls_required_takes_no_call__rfc4568_7(way: Way, make: Make, sdp: str) -> None:
    call = way.pair(make, REQUIRED, OFF, transport=UDP)
    offers = {"plain": call.caller.sdp(), "savp": savp(call.caller, 11), "none": b""}
    call.caller.invites(sdp=offers[sdp])
    assert call.caller.heard() == ["100", "488"]
    assert "keys need TLS" in (call.caller.response(488).headers.get("Warning") or "")
    assert call.callee.heard() == []


def test_keys_go_without_tls_where_that_is_allowed(way: Way, make: Make) -> None:
    call = way.pair(make, REQUIRED, OPTIONAL, transport=UDP, without_tls=True)
    connect(call)
    assert call.media.plan.caller.srtp is not None
    assert call.media.plan.callee.srtp is not None
    call.ends()


# While the call is up

SIDES = pytest.mark.parametrize("by", ["caller", "callee"])


@dataclass(slots=True)
class Talk:
    """A call that is up, and who changes something."""

    call: Pair
    one: Peer
    other: Peer
    seed: int
    by: str

    @property
    def stream(self) -> Stream:
        """What media knows of the one who changes."""
        plan = self.call.media.plan
        return plan.caller if self.by == "caller" else plan.callee

    @property
    def opposite(self) -> Stream:
        plan = self.call.media.plan
        return plan.callee if self.by == "caller" else plan.caller


def talk(way: Way, make: Make, by: str) -> Talk:
    call = way.pair(make, REQUIRED, REQUIRED)
    connect(call)
    return Talk(call, *((call.caller, call.callee) if by == "caller" else (call.callee, call.caller)),
                11 if by == "caller" else 22, by)  # fmt: skip


@SIDES
def test_the_same_key_again_is_answered_by_the_same__rfc4568_7_1_4(way: Way, make: Make, by: str) -> None:
    up = talk(way, make, by)
    keys, across = up.stream.srtp, up.opposite.srtp
    up.one.reinvites(savp(up.one, up.seed, port=4998, version=2))
    up.one.acks()
    assert up.stream.remote[1] == 4998
    assert (up.stream.srtp, up.opposite.srtp) == (keys, across)
    assert set(ours(up.one.response(200)).values()) == {keys.sending.octets if keys else b""}
    up.call.ends()


@SIDES
def test_another_key_is_answered_by_another_and_the_other_side_knows_nothing(
    way: Way, make: Make, by: str
) -> None:
    up = talk(way, make, by)
    before, across = up.stream.srtp, up.opposite.srtp
    up.one.reinvites(savp(up.one, 77, version=2))
    up.one.acks()
    expect(up.stream, up.one.response(200), 77)
    assert before is not None
    assert up.stream.srtp is not None
    assert up.stream.srtp.sending != before.sending
    assert up.opposite.srtp == across
    assert up.other.heard() == []
    up.call.ends()


@SIDES
def test_another_suite_may_come_with_another_offer(way: Way, make: Make, by: str) -> None:
    up = talk(way, make, by)
    up.one.reinvites(up.one.sdp(profile="RTP/SAVP", lines=crypto(5, "9", GCM) + crypto(6, "10"), version=2))
    up.one.acks()
    expect(up.stream, up.one.response(200), 5, GCM)
    up.call.ends()


@SIDES
def test_a_hold_crosses_with_the_keys_of_each_side__rfc4568_7_1_4(way: Way, make: Make, by: str) -> None:
    up = talk(way, make, by)
    keys, across = up.stream.srtp, up.opposite.srtp
    up.one.reinvites(savp(up.one, up.seed, direction="sendonly", version=2))
    assert up.other.heard() == ["INVITE"]
    asked = up.other.request("INVITE")
    assert across is not None
    assert ours(asked)[SHA80] == across.sending.octets
    assert [protocol for protocol, _ in profiles(asked)] == ["RTP/SAVP"]
    up.other.says(200, sdp=savp(up.other, 33 - up.seed, direction="recvonly", version=2))
    up.one.acks()
    assert (up.stream.srtp, up.opposite.srtp) == (keys, across)
    up.one.reinvites(savp(up.one, up.seed, version=3))
    up.other.says(200, sdp=savp(up.other, 33 - up.seed, version=3))
    up.one.acks()
    assert (up.stream.srtp, up.opposite.srtp) == (keys, across)
    up.call.ends()


@SIDES
def test_an_offer_of_ours_may_be_answered_with_another_key(way: Way, make: Make, by: str) -> None:
    up = talk(way, make, by)
    before = up.stream.srtp
    up.one.reinvites(b"")
    offered = up.one.response(200)
    up.one.acks(savp(up.one, 78, version=2))
    expect(up.stream, offered, 78)
    assert before is not None
    assert up.stream.srtp is not None
    assert up.stream.srtp.sending == before.sending, "ours has not changed, so its packets count on"
    up.call.ends()


def test_a_refresh_of_ours_says_the_same_key_again__rfc4028_7_4(make: Make) -> None:
    timer = SessionTimers(mode=TimerMode.OFFER, expires_s=90)
    media = PeerMedia(srtp=REQUIRED)
    world = make(settings(trunk(targets=(target(SBC, TLS),), media=media, session_timer=timer)))
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC, transport=TLS))
    call.caller.invites()
    first = call.callee.request("INVITE")
    call.callee.says(200, sdp=savp(call.callee, 22))
    call.caller.acks()
    keys = call.media.plan.callee.srtp
    call.callee.heard()
    call.advance(46)
    assert call.callee.heard() == ["INVITE"]
    assert call.callee.request("INVITE").body == first.body
    call.callee.says(200, sdp=savp(call.callee, 22))
    assert call.callee.heard() == ["ACK"]
    assert call.media.plan.callee.srtp == keys
    call.caller.hangs_up()


@SIDES
def test_going_back_to_plain_audio_is_refused_where_srtp_is_required(way: Way, make: Make, by: str) -> None:
    up = talk(way, make, by)
    keys = up.stream.srtp
    up.one.reinvites(up.one.sdp(version=2))
    assert up.one.heard() == ["488"]
    assert up.stream.srtp == keys
    up.call.ends()


@SIDES
def test_where_it_is_optional_a_party_may_come_and_go(way: Way, make: Make, by: str) -> None:
    call = way.pair(make, OPTIONAL, OPTIONAL)
    call.caller.invites(sdp=twins(call.caller, 11))
    call.callee.says(200, sdp=call.callee.sdp(lines=crypto(22)))
    call.caller.acks()
    one = call.caller if by == "caller" else call.callee
    one.reinvites(one.sdp(version=2) if by == "callee" else one.sdp(
        profile="RTP/SAVP", port=0, version=2, lines="m=audio 4400 RTP/AVP 0 8\r\n"))  # fmt: skip
    one.acks()
    plan = call.media.plan
    assert (plan.caller if by == "caller" else plan.callee).srtp is None
    assert (plan.callee if by == "caller" else plan.caller).srtp is not None
    call.ends()


def test_a_caller_without_an_offer_gets_ours_and_its_ack_brings_its_key__rfc3261_13_2_1(
    way: Way, make: Make
) -> None:
    call = way.pair(make, REQUIRED, REQUIRED)
    call.caller.invites(sdp=b"")
    call.callee.says(200, sdp=savp(call.callee, 22))
    accepted = call.caller.response(200)
    assert profiles(accepted) == [("RTP/SAVP", True)]
    call.caller.acks(savp(call.caller, 11))
    expect(call.media.plan.caller, accepted, 11)
    call.caller.heard(), call.callee.heard()
    call.ends()


def test_an_mki_is_carried_both_ways_and_stays__rfc4568_6_1(way: Way, make: Make) -> None:
    call = way.pair(make, REQUIRED, OFF)
    offer = call.caller.sdp(profile="RTP/SAVP", lines=crypto(11, "2", behind="|2^31|1:1"))
    call.caller.invites(sdp=offer)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    keys = call.media.plan.caller.srtp
    assert keys is not None
    assert (keys.sending.mki, keys.receiving.mki) == (b"\1", b"\1")
    call.callee.reinvites(call.callee.sdp(direction="sendonly", version=2))
    (line,) = [
        line for line in read_crypto(described(call.caller.request("INVITE")).media[0]) if line.suite is SHA80
    ]
    assert line.key == keys.sending
    answer = call.caller.sdp(
        profile="RTP/SAVP", lines=crypto(11, line.tag, behind="|2^31|1:1"), direction="recvonly", version=2
    )
    call.caller.says(200, sdp=answer)
    call.callee.acks()
    assert call.media.plan.caller.srtp == keys
    call.caller.heard(), call.callee.heard()
    call.ends()


@SIDES
def test_a_fax_drops_srtp_and_audio_takes_up_its_keys_again__rfc3264_8_3_3(
    way: Way, make: Make, by: str
) -> None:
    near = PeerMedia(srtp=REQUIRED)
    outside = trunk(targets=(target(SBC, TLS),), media=near, mid_call=FAX)
    world = make(
        settings(outside, front_end_targets=(target(FRONT_END, TLS),), media_terms=near, mid_call=FAX)
    )
    front_end, sbc = (
        Peer(world, Side.FRONT_END, FRONT_END, transport=TLS),
        Peer(world, Side.GATEWAY, SBC, transport=TLS),
    )
    call = Pair(world, *((front_end, sbc) if way.caller is Side.FRONT_END else (sbc, front_end)))
    connect(call)
    before = call.media.plan
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    seed, across = (11, 22) if by == "caller" else (22, 11)
    one.reinvites(image(one))
    assert b"crypto" not in other.request("INVITE").body
    other.says(200, sdp=image(other, port=4700))
    one.acks()
    assert call.media.fax.caller.remote[1] in (4500, 4700)
    audio = one.sdp(version=3, profile="RTP/SAVP", lines=crypto(seed) + "m=image 0 udptl t38\r\n")
    one.reinvites(audio)
    back = other.request("INVITE")
    assert ("RTP/SAVP", True) in profiles(back)
    answer = other.sdp(version=3, profile="RTP/SAVP", lines=crypto(across)).decode()
    head, line, rest = answer.partition("m=audio")
    places = [media.kind for media in described(back).media]
    image_line = "m=image 0 udptl t38\r\n"
    audio_line = line + rest
    lines = "".join(image_line if kind == "image" else audio_line for kind in places)
    other.says(200, sdp=(head + lines).encode())
    one.acks()
    after = call.media.plan
    assert (after.caller.srtp, after.callee.srtp) == (before.caller.srtp, before.callee.srtp)
    call.caller.heard(), call.callee.heard()
    call.ends()


@pytest.mark.parametrize("takes", ["srtp", "rtp"])
def test_twins_leave_it_to_the_called_side_and_later_offers_have_what_it_took(
    way: Way, make: Make, takes: str
) -> None:
    twin = PeerMedia(srtp=OPTIONAL, srtp_twins=True)
    world = make(
        settings(trunk(targets=(target(SBC, TLS),), media=twin), front_end_targets=(target(FRONT_END, TLS),),
                 media_terms=twin)
    )  # fmt: skip
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=TLS)
    sbc = Peer(world, Side.GATEWAY, SBC, transport=TLS)
    call = Pair(world, *((front_end, sbc) if way.caller is Side.FRONT_END else (sbc, front_end)))
    call.caller.invites(sdp=call.caller.sdp())
    invite = call.callee.request("INVITE")
    assert profiles(invite) == [("RTP/SAVP", True), ("RTP/AVP", True)]
    law = "0" if call.callee.codecs == "PCMU" else "8"

    def answer(direction: str, version: int) -> bytes:
        if takes == "srtp":
            refused = f"m=audio 0 RTP/AVP {law}\r\n"
            return savp(call.callee, 22, direction=direction, version=version) + refused.encode()
        head, line, rest = call.callee.sdp(direction=direction, version=version).partition(b"m=audio")
        return head + f"m=audio 0 RTP/SAVP {law}\r\n".encode() + line + rest

    call.callee.says(200, sdp=answer("sendrecv", 1))
    call.caller.acks()
    expect(call.media.plan.callee, invite, 22) if takes == "srtp" else None
    before = call.media.plan.callee.srtp
    assert (before is not None) == (takes == "srtp")
    call.caller.reinvites(call.caller.sdp(direction="sendonly", version=2))
    asked = call.callee.request("INVITE")
    assert profiles(asked) == [("RTP/SAVP", takes == "srtp"), ("RTP/AVP", takes == "rtp")]
    call.callee.says(200, sdp=answer("recvonly", 2))
    call.caller.acks()
    assert call.media.plan.callee.srtp == before
    assert described(asked).origin.session_version == described(invite).origin.session_version + 1
    call.caller.heard(), call.callee.heard()
    call.ends()


# Several parties


def test_each_fork_has_a_key_of_its_own__rfc4568_7_3(way: Way, make: Make) -> None:
    call = way.pair(make, REQUIRED, REQUIRED)
    call.caller.invites(sdp=savp(call.caller, 11))
    invite = call.callee.request("INVITE")
    for seed, tag in ((31, "fork-a"), (32, "fork-b")):
        call.callee.says(183, sdp=savp(call.callee, seed, port=4000 + seed * 2), tag=tag)
        expect(call.media.plan.callee, invite, seed)
    call.callee.says(200, sdp=savp(call.callee, 31, port=4062), tag="fork-a")
    call.caller.acks()
    expect(call.media.plan.callee, invite, 31)
    call.caller.hangs_up()


def test_media_is_told_the_keys_of_every_fork_that_may_speak_first(make: Make) -> None:
    first = EarlyMedia(follow=Follow.MEDIA)
    world = make(
        settings(
            trunk(targets=(target(SBC, TLS),), media=PeerMedia(srtp=OPTIONAL), early_media=first),
            early_media=first,
        )
    )
    caller, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC, transport=TLS)
    caller.invites()
    sbc.says(183, sdp=sbc.sdp(port=4062, lines=crypto(31)), tag="fork-a")
    sbc.says(183, sdp=sbc.sdp(port=4064), tag="fork-b")
    sbc.says(183, sdp=sbc.sdp(port=4066, lines=crypto(33)), tag="fork-c")
    callee = world.media.plan.callee
    assert (callee.remote[1], [port for _, port in callee.alternatives]) == (4066, [4062, 4064])
    theirs = [keys and keys.receiving.octets for keys in (callee.srtp, *callee.alternative_srtp)]
    assert theirs == [b64decode(key(33)), b64decode(key(31)), None]
    caller.cancels()
    sbc.says(200, to="CANCEL")
    sbc.says(487)


def test_a_transfer_gives_the_new_party_keys_of_its_own(make: Make) -> None:
    local = MidCall(hold=Relay.LOCAL)
    near = PeerMedia(srtp=REQUIRED)
    world = make(
        settings(
            trunk(targets=(target(SBC, TLS),), media=near, mid_call=local),
            front_end_targets=(target(OTHER_FRONT_END, TLS),),
            media_terms=near,
            mid_call=local,
        )
    )
    boss = Peer(world, Side.FRONT_END, FRONT_END, transport=TLS)
    other = Peer(world, Side.FRONT_END, OTHER_FRONT_END, transport=TLS)
    sbc = Peer(world, Side.GATEWAY, SBC, transport=TLS)
    boss.invites(sdp=savp(boss, 11))
    sbc.says(200, sdp=savp(sbc, 22))
    boss.acks()
    before = world.media.plan
    boss.refers("sip:+493099@10.1.1.10")
    other.says(200, sdp=savp(other, 44))
    after = world.media.plan
    expect(after.caller, other.request("INVITE"), 44)
    assert after.callee.srtp == before.callee.srtp
    assert before.caller.srtp is not None
    assert after.caller.srtp is not None
    assert after.caller.srtp.sending != before.caller.srtp.sending
    sbc.hangs_up()


# RTCP


def test_rtcp_at_the_port_of_rtp_is_agreed_for_each_side__rfc5761_5(way: Way, make: Make) -> None:
    mux = PeerMedia(rtcp_mux=True, rtcp_rsize=True)
    world: World = make(settings(trunk(media=mux), media_terms=mux))
    front_end, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    call = Pair(world, *((front_end, sbc) if way.caller is Side.FRONT_END else (sbc, front_end)))
    call.caller.invites(sdp=call.caller.sdp(lines="a=rtcp-mux\r\na=rtcp-rsize\r\n"))
    flags = [
        name for name, _ in described(call.callee.request("INVITE")).media[0].attributes if "rtcp" in name
    ]
    assert flags == ["rtcp-mux", "rtcp-rsize"]
    call.callee.says(200, sdp=call.callee.sdp(lines="a=rtcp:4777\r\n"))
    call.caller.acks()
    caller, callee = call.media.plan.caller, call.media.plan.callee
    assert (caller.rtcp_mux, caller.rtcp_reduced, caller.remote_rtcp) == (True, True, caller.remote)
    assert (callee.rtcp_mux, callee.rtcp_reduced, callee.remote_rtcp[1]) == (False, False, 4777)
    call.caller.heard(), call.callee.heard()
    call.ends()


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not"])
def test_voip_metrics_are_agreed_for_each_side__rfc3611_5(way: Way, make: Make, asked: bool) -> None:
    world: World = make(settings(trunk(media=PeerMedia(rtcp_xr=True)), media_terms=PeerMedia(rtcp_xr=True)))
    front_end, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    call = Pair(world, *((front_end, sbc) if way.caller is Side.FRONT_END else (sbc, front_end)))
    line = "a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n" if asked else ""
    call.caller.invites(sdp=call.caller.sdp(lines=line))
    attribute = ("rtcp-xr", "voip-metrics")
    assert attribute in described(call.callee.request("INVITE")).media[0].attributes
    call.callee.says(200, sdp=call.callee.sdp())
    assert (attribute in described(call.caller.response(200)).media[0].attributes) is asked
    call.caller.acks()
    assert (call.media.plan.caller.rtcp_xr, call.media.plan.callee.rtcp_xr) == (asked, False)
    call.caller.heard(), call.callee.heard()
    call.ends()


# The judge

THEFTS: dict[str, Callable[[Keys], None]] = {
    "across": lambda judge: judge.told(Side.GATEWAY, b"x=" + key(1).encode(), secure=True),
    "across-ours": lambda judge: judge.told(Side.FRONT_END, crypto(2).encode(), secure=True),
    "back": lambda judge: judge.told(Side.FRONT_END, crypto(1).encode(), secure=True),
}


@pytest.fixture
def judge() -> Keys:
    """It has heard one key inside and told one outside, and both were right."""
    made = Keys({Side.FRONT_END: True, Side.GATEWAY: False})
    made.heard(Side.FRONT_END, crypto(1).encode())
    made.told(Side.GATEWAY, crypto(2).encode(), secure=True)
    made.check([])
    return made


@pytest.mark.parametrize("theft", list(THEFTS))
def test_the_judge_of_keys_sees_each_theft(judge: Keys, theft: str) -> None:
    THEFTS[theft](judge)
    with pytest.raises(AssertionError, match="was told"):
        judge.check([])


def test_the_judge_sees_a_key_in_the_clear_and_one_that_was_written_down(judge: Keys) -> None:
    with pytest.raises(AssertionError, match="in the clear"):
        judge.told(Side.GATEWAY, crypto(2).encode(), secure=False)
    with pytest.raises(AssertionError, match="written down"):
        judge.check([{"sdp": crypto(2)}])
