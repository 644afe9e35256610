"""SRTP through a real worker process: keys by the channel, packets by real sockets, the phone's end by pylibsrtp."""

from dataclasses import replace

import pytest
from pylibsrtp import Policy, Session

from mediation.b2bua.plan import MediaPlan
from mediation.rtp.packet import build
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from tests.wire.media_phones import Media, Phone
from tests.wire.test_media_audio import AS_A, CODES
from tests.wire.test_media_audio import SETTINGS as SETTINGS  # of `running_media`

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILES = {
    Suite.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Suite.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Suite.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.AES_CM_128_HMAC_SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


class Sealing:
    """The library, as a phone uses it."""

    def __init__(self, suite: Suite, seed: int = 1) -> None:
        ours, theirs = bytes([seed]) * suite.octets, bytes([seed + 1]) * suite.octets
        profile = PROFILES[suite]
        self.keys = SrtpKeys(suite, MasterKey(ours), MasterKey(theirs))
        """As the server has them: what it sends with, and what the phone sends with."""
        self.out = Session(Policy(theirs, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self.into = Session(Policy(ours, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))


def say(phone: Phone, sealing: Sealing, number: int, payload: bytes = CODES) -> None:
    """One packet of a phone's, encrypted."""
    kind = 0 if phone.law == "PCMU" else 8
    phone.rtp.sendto(sealing.out.protect(build(kind, number, 160 * number, 0x77, payload)), phone.to)


def plan(caller: Phone, callee: Phone, one: Sealing | None, other: Sealing | None) -> MediaPlan:
    near = replace(caller.stream(), srtp=one.keys if one else None)
    far = replace(callee.stream(), srtp=other.keys if other else None)
    return MediaPlan(near, far, 30.0)


@pytest.mark.parametrize("suite", list(Suite), ids=str)
async def test_an_encrypted_phone_talks_with_a_plain_one(
    media: Media, pair: tuple[Phone, Phone], suite: Suite
) -> None:
    caller, callee = pair
    sealing = Sealing(suite)
    await media.open("call", caller, callee)
    await media.apply("call", plan(caller, callee, sealing, None))
    for number in range(20):
        say(caller, sealing, number)
        assert callee.hear()[12:] == AS_A
        callee.say(CODES)
        sealed = caller.hear()
        assert len(sealed) == 12 + len(CODES) + suite.tag_octets
        assert len(sealing.into.unprotect(sealed)) == 12 + len(CODES)
    closed = await media.close("call")
    assert (closed.caller.packets_received, closed.caller.packets_sent) == (20, 20)
    assert (closed.caller.tampered, closed.caller.replayed, closed.caller.lost) == (0, 0, 0)


async def test_both_are_encrypted_with_other_keys_and_other_suites(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    one, other = Sealing(Suite.AES_CM_128_HMAC_SHA1_80), Sealing(Suite.AEAD_AES_256_GCM, 11)
    await media.open("call", caller, callee)
    await media.apply("call", plan(caller, callee, one, other))
    for number in range(5):
        say(caller, one, number)
        assert other.into.unprotect(callee.hear())[12:] == AS_A
        say(callee, other, number, AS_A)
        assert one.into.unprotect(caller.hear())[0] == 0x80


async def test_forged_and_repeated_packets_are_counted_and_not_heard(
    media: Media, pair: tuple[Phone, Phone]
) -> None:
    caller, callee = pair
    sealing, forger = Sealing(Suite.AES_CM_128_HMAC_SHA1_80), Sealing(Suite.AES_CM_128_HMAC_SHA1_80, 40)
    await media.open("call", caller, callee)
    await media.apply("call", plan(caller, callee, sealing, None))
    say(caller, sealing, 0)
    assert callee.hear()[12:] == AS_A
    for number in range(1, 11):
        say(caller, forger, number)
    sealed = sealing.out.protect(build(0, 30, 160 * 30, 0x77, CODES))
    for _ in range(3):
        caller.rtp.sendto(sealed, caller.to)
    assert callee.hear()[12:] == AS_A
    await media.read(13)
    assert callee.hears_nothing()
    closed = await media.close("call")
    assert (closed.caller.tampered, closed.caller.replayed) == (10, 2)


async def test_new_keys_begin_anew_in_the_same_call(media: Media, pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    first, second = (Sealing(Suite.AEAD_AES_128_GCM, seed) for seed in (1, 21))
    await media.open("call", caller, callee)
    await media.apply("call", plan(caller, callee, first, None))
    say(caller, first, 1)
    assert callee.hear()[12:] == AS_A
    await media.apply("call", plan(caller, callee, second, None))
    say(caller, first, 2)  # was under way
    say(caller, second, 3)
    assert [callee.hear()[12:] for _ in range(2)] == [AS_A, AS_A]
    callee.say(CODES)
    assert second.into.unprotect(caller.hear())[0] == 0x80
