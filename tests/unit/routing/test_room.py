"""Room for calls: by number, way, rate and bandwidth, with something kept for those who need help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.routing.room import Lack, Limits, Occupancy, Room, Way
from mediation.rtp.tunnels import Vpn
from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.limits import CallLimits, Link
from mediation.settings.peer_media import PeerMedia
from mediation_codecs.codec import Codec
from tests.flows.scenery import settings, target, trunk


def room(calls: int = 0, kbps: float = 0, of_a_call: float = 0, **each_way: float) -> Room:
    return Room("itsp-a", Limits(calls, CallLimits(**each_way), kbps, of_a_call))  # type: ignore[arg-type]  # whole numbers


def test_without_a_limit_there_is_always_room() -> None:
    unlimited = room()
    for number in range(1000):
        assert unlimited.lack(Way.OUT, number) is None
        unlimited.take(Way.OUT, number)
    assert unlimited.share == 0


def test_a_place_that_is_given_back_is_free_again() -> None:
    two = room(2)
    two.take(Way.IN, 0)
    assert two.lack(Way.OUT, 0) is None
    two.take(Way.OUT, 0)
    assert two.lack(Way.IN, 0) is two.lack(Way.OUT, 0) is Lack.CALLS
    two.give_back(Way.IN)
    assert two.lack(Way.OUT, 0) is None


def test_each_way_has_its_own_limit() -> None:
    one = room(calls_in=1, calls_out=2)
    one.take(Way.IN, 0)
    assert (one.lack(Way.IN, 0), one.lack(Way.OUT, 0)) == (Lack.CALLS, None)
    one.take(Way.OUT, 0)
    one.take(Way.OUT, 0)
    assert one.lack(Way.OUT, 0) is Lack.CALLS


def test_a_reserve_is_left_for_calls_for_help_and_nothing_refuses_those() -> None:
    for kept in (room(3, reserve=1), room(calls_out=3, reserve=1)):
        for _ in range(2):
            assert kept.lack(Way.OUT, 0) is None
            kept.take(Way.OUT, 0)
        assert kept.lack(Way.OUT, 0) is Lack.CALLS
        for _ in range(5):
            assert kept.lack(Way.OUT, 0, urgent=True) is None
            kept.take(Way.OUT, 0)


def test_new_calls_come_at_the_rate_and_in_bursts_of_so_many() -> None:
    slow = room(calls_per_s=2, burst=3)
    for _ in range(3):
        assert slow.lack(Way.OUT, 100) is None
        slow.take(Way.OUT, 100)
    assert slow.lack(Way.IN, 100.4) is Lack.RATE
    assert slow.lack(Way.IN, 100.5) is None
    slow.take(Way.IN, 100.5)
    assert slow.lack(Way.IN, 100.9) is Lack.RATE
    assert slow.lack(Way.IN, 101) is None


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_no_more_calls_begin_than_the_bucket_held_and_time_has_filled_in(
    gaps: list[float], rate: float, burst: int
) -> None:
    bucket, now, begun = room(calls_per_s=rate, burst=burst), 0.0, 0
    for gap in gaps:
        now += gap
        for _ in range(3):
            if bucket.lack(Way.OUT, now) is None:
                bucket.take(Way.OUT, now)
                begun += 1
    assert begun <= burst + now * rate + 1e-6


def test_a_line_carries_what_its_bandwidth_holds_on_the_wire() -> None:
    made = trunk(link=Link(kbps=300))
    line = Room("itsp-a", Limits.of_trunk(made))
    for _ in range(3):  # 87.2 kbit/s each: G.711 of 20 ms over IPv4 in Ethernet frames
        assert line.lack(Way.OUT, 0) is None
        line.take(Way.OUT, 0)
    assert line.kbps == pytest.approx(261.6)
    assert line.lack(Way.OUT, 0) is Lack.BANDWIDTH
    assert line.share == pytest.approx(0.872)


@pytest.mark.parametrize(
    ("terms", "kbps"),
    [
        ({}, 87.2),
        ({"ptime_ms": 30}, 79.4667),
        ({"targets": (target("2001:db8::1"),)}, 95.2),
        ({"media": PeerMedia(srtp=SrtpMode.OPTIONAL, srtp_suites=(Suite.AES_CM_128_HMAC_SHA1_80,))}, 91.2),
        ({"link": Link(kbps=1, vlan=True)}, 88.8),
        ({"link": Link(kbps=1, vpn=Vpn.WIREGUARD)}, None),
    ],
)
def test_what_a_call_takes_follows_from_its_packets(terms: dict[str, object], kbps: float | None) -> None:
    of_a_call = Limits.of_trunk(trunk(**terms)).of_a_call  # type: ignore[arg-type]  # terms of several types
    assert of_a_call > 100 if kbps is None else of_a_call == pytest.approx(kbps, abs=1e-3)


def test_the_line_of_a_site_is_counted_by_the_packets_of_the_front_ends() -> None:
    limits = Limits.of_line(Link(kbps=1000), settings(ptime_ms=10).internal)
    assert limits.kbps == 1000
    assert limits.of_a_call == pytest.approx(110.4)


def test_it_is_told_once_that_nine_tenths_are_in_use_and_once_that_this_is_over() -> None:
    told: list[bool] = []
    ten = room(10)
    occupancy = Occupancy(lambda of, full: told.append(full))
    for number in range(10):
        occupancy.take(ten, Way.OUT, 0)
        assert told == ([True] if number >= 8 else [])
    occupancy.give_back(ten)
    occupancy.give_back(ten)
    assert told == [True]
    occupancy.give_back(ten)
    assert told == [True, False]
    occupancy.give_all_back()
    assert (ten.calls, told) == (0, [True, False])


def test_audio_that_goes_past_us_takes_no_bandwidth_and_counts_as_a_call() -> None:
    line = Room("itsp-a", Limits.of_trunk(trunk(link=Link(kbps=100), max_calls=3)))
    one, other = (Occupancy(lambda of, full: None) for _ in range(2))
    one.take(line, Way.OUT, 0)
    assert line.lack(Way.OUT, 0) is Lack.BANDWIDTH
    assert line.lack(Way.OUT, 0, passes=True) is None
    one.pass_by(direct=True)
    one.pass_by(direct=True)
    assert (line.calls, line.kbps, line.lack(Way.OUT, 0)) == (1, 0, None)
    other.take(line, Way.OUT, 0)
    one.pass_by(direct=False)  # it has come back, though there is room for one only
    assert line.kbps == pytest.approx(174.4)
    one.pass_by(direct=True)
    one.take(line, Way.OUT, 0)
    assert line.lack(Way.OUT, 0, passes=True) is Lack.CALLS
    one.hand_over(line, other)
    assert (line.calls, line.passing) == (3, 1)
    one.give_all_back()
    other.give_all_back()
    assert (line.calls, line.passing) == (0, 0)


def test_what_is_handed_over_is_given_back_by_whoever_has_it() -> None:
    told: list[bool] = []
    one, other = (Occupancy(lambda of, full: told.append(full)) for _ in range(2))
    shared = room(1)
    one.take(shared, Way.OUT, 0)
    one.hand_over(shared, other)
    one.give_all_back()
    assert shared.calls == 1
    other.give_all_back()
    assert (shared.calls, told) == (0, [True, False])
    with pytest.raises(LookupError):
        other.give_back(shared)


@pytest.mark.parametrize(
    ("codecs", "kbps"),
    [((Codec.OPUS,), 55.2), ((Codec.OPUS, Codec.PCMA), 87.2), ((Codec.G722,), 87.2)],
)
def test_a_call_is_counted_with_the_codec_that_takes_most_of_those_that_it_may_have(
    codecs: tuple[Codec, ...], kbps: float
) -> None:
    assert Limits.of_trunk(trunk(codecs=codecs)).of_a_call == pytest.approx(kbps)
