"""Latching through a real worker process: phones behind a NAT, phones that roam, and strangers, in each mode."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from mediation.b2bua.plan import MediaPlan
from mediation.settings.peer_media import Latching
from tests.unit.media.circuit import own
from tests.wire.media_phones import CALLER, LIMIT_S, STRANGER, Media, Phone, phone, udp
from tests.wire.test_media_audio import AS_A, AS_MU, CODES
from tests.wire.test_media_audio import SETTINGS as SETTINGS  # of `running_media`

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAT, ROAMED = own(16), own(17)
TRIES = int(LIMIT_S / 0.02)
Place = Callable[[str], socket.socket]


@pytest.fixture
def stranger() -> Iterator[Phone]:
    with phone(STRANGER) as made:
        yield made


@pytest.fixture
def place() -> Iterator[Place]:
    """A socket at some address, closed in the end."""
    with ExitStack() as stack:
        yield lambda host: stack.enter_context(closing(udp(host)))


async def connect(media: Media, caller: Phone, callee: Phone, latching: Latching) -> None:
    """A call whose caller has this mode."""
    await media.open("call", caller, callee)
    described = replace(caller.stream(), latching=latching)
    await media.apply("call", MediaPlan(described, callee.stream(), 30.0))


async def speak_from(media: Media, caller: Phone, by: socket.socket, callee: Phone) -> None:
    """The caller goes on by another socket until it is heard from there, a packet every twenty milliseconds."""
    caller.rtp = by
    callee.rtp.settimeout(0.02)
    try:
        for _ in range(TRIES):
            caller.say(CODES)
            try:
                assert callee.hear()[12:] == AS_A
            except TimeoutError:
                continue
            break
        else:
            raise TimeoutError("it is not heard from there")
    finally:
        callee.rtp.settimeout(LIMIT_S)
    await media.read(6)
    while not callee.hears_nothing():
        pass  # what was on its way


async def attack(media: Media, stranger: Phone, caller: Phone, callee: Phone) -> None:
    """With the caller's own SSRC and numbers, while it speaks: nobody hears the stranger, and it hears nobody."""
    stranger.to, stranger.ssrc, stranger.law = caller.to, caller.ssrc, caller.law
    for _ in range(20):
        stranger.say(b"\x33" * 160)
        caller.say(CODES)
        assert callee.hear()[12:] == AS_A
        callee.say(CODES)
        assert caller.hear()[12:] == AS_MU
    await media.read(60)
    assert callee.hears_nothing()
    assert stranger.hears_nothing()


@pytest.mark.parametrize("latching", Latching, ids=str)
async def test_the_described_phone_talks_in_each_mode_and_a_stranger_never(
    media: Media, pair: tuple[Phone, Phone], stranger: Phone, latching: Latching
) -> None:
    caller, callee = pair
    await connect(media, caller, callee, latching)
    caller.say(CODES)
    assert callee.hear()[12:] == AS_A
    await attack(media, stranger, caller, callee)
    assert (await media.close("call")).caller.rejected == 20


@pytest.mark.parametrize("latching", [Latching.OFF, Latching.SDP_IP], ids=str)
async def test_a_phone_behind_a_nat_is_a_stranger_where_nothing_is_learned(
    media: Media, pair: tuple[Phone, Phone], place: Place, latching: Latching
) -> None:
    caller, callee = pair
    await connect(media, caller, callee, latching)
    described, caller.rtp = caller.rtp, place(NAT)
    with closing(described):
        for _ in range(20):
            caller.say(CODES)
        await media.read(60)
        assert callee.hears_nothing()
        callee.say(CODES)
        assert described.recv(2048)[12:] == AS_MU
        assert caller.hears_nothing()
    assert (await media.close("call")).caller.rejected == 20


@pytest.mark.parametrize("latching", [Latching.FIRST_PACKET, Latching.CONTINUOUS], ids=str)
async def test_a_phone_behind_a_nat_talks_and_a_stranger_does_not(
    media: Media, pair: tuple[Phone, Phone], stranger: Phone, place: Place, latching: Latching
) -> None:
    caller, callee = pair
    await connect(media, caller, callee, latching)
    with closing(caller.rtp):
        await speak_from(media, caller, place(NAT), callee)
        await attack(media, stranger, caller, callee)


@pytest.mark.parametrize("latching", [Latching.SDP_IP, Latching.FIRST_PACKET], ids=str)
async def test_the_port_may_be_another_one_unless_latching_is_off(
    media: Media, pair: tuple[Phone, Phone], stranger: Phone, place: Place, latching: Latching
) -> None:
    caller, callee = pair
    await connect(media, caller, callee, latching)
    with closing(caller.rtp):
        await speak_from(media, caller, place(CALLER), callee)
        await attack(media, stranger, caller, callee)


async def test_a_phone_that_roams_is_followed_and_a_stranger_is_not(
    media: Media, pair: tuple[Phone, Phone], stranger: Phone, place: Place
) -> None:
    caller, callee = pair
    await connect(media, caller, callee, Latching.CONTINUOUS)
    caller.say(CODES)
    assert callee.hear()[12:] == AS_A
    with closing(caller.rtp):
        for host in (ROAMED, NAT):
            await speak_from(media, caller, place(host), callee)
            callee.say(CODES)
            assert caller.hear()[12:] == AS_MU
            await attack(media, stranger, caller, callee)
