"""Keys as data (RFC 4733)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.packet import RtpError
from mediation.rtp.telephone_event import KEYS, EventReceiver, TelephoneEvent, key_packets


def told(receiver: EventReceiver, timestamp: int, *payloads: bytes) -> list[str | None]:
    """The keys that these packets begin."""
    events = [receiver.packet_arrived(timestamp & 0xFFFFFFFF, payload) for payload in payloads]
    return [event.key for event in events if event is not None]


def press(key: str, duration: int = 800) -> list[bytes]:
    return [packet.payload for packet in key_packets(key, duration)]


@given(
    event=st.integers(0, 255), end=st.booleans(), volume=st.integers(0, 63), duration=st.integers(0, 0xFFFF)
)
def test_what_is_printed_is_parsed_again(event: int, end: bool, volume: int, duration: int) -> None:
    whole = TelephoneEvent(event, end, volume, duration)
    assert TelephoneEvent.parse(bytes(whole)) == whole


def test_the_octets_stand_where_the_rfc_has_them__rfc4733_2_3() -> None:
    assert bytes(TelephoneEvent(11, end=True, volume=10, duration=800)).hex(" ") == "0b 8a 03 20"


def test_the_reserved_bit_and_octets_beyond_the_fourth_are_ignored__rfc4733_2_3_3() -> None:
    expected = TelephoneEvent(5, end=False, volume=63, duration=1)
    assert TelephoneEvent.parse(b"\x05\x7f\x00\x01\xff") == expected


@given(payload=st.binary(max_size=3))
def test_fewer_than_four_octets_are_refused(payload: bytes) -> None:
    with pytest.raises(RtpError, match="telephone-event"):
        TelephoneEvent.parse(payload)


def test_events_below_16_are_keys__rfc4733_3_2() -> None:
    names = [TelephoneEvent(event, end=False, volume=10, duration=0).key for event in range(18)]
    assert names == [*"0123456789*#ABCD", None, None]


def test_a_press_is_told_by_updates_and_its_end_three_times__rfc4733_2_5_1() -> None:
    packets = list(key_packets("#", 800))
    events = [TelephoneEvent.parse(packet.payload) for packet in packets]
    assert [event.duration for event in events] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.end for event in events] == [False] * 4 + [True] * 3
    assert [packet.marker for packet in packets] == [True] + [False] * 6
    assert [packet.after for packet in packets] == [160, 320, 480, 640, 800, 960, 1120]
    assert {event.event for event in events} == {11}


@given(
    key=st.sampled_from(KEYS), duration=st.integers(1, 0xFFFF), packet_units=st.sampled_from([80, 160, 480])
)
def test_every_press_has_one_marker_three_ends_and_growing_durations(
    key: str, duration: int, packet_units: int
) -> None:
    packets = list(key_packets(key, duration, packet_units=packet_units))
    events = [TelephoneEvent.parse(packet.payload) for packet in packets]
    assert [packet.marker for packet in packets] == [True] + [False] * (len(packets) - 1)
    assert [event.end for event in events].count(True) == 3
    assert events[-1] == TelephoneEvent(KEYS.index(key), end=True, volume=10, duration=duration)
    assert all(a.duration < b.duration for a, b in pairwise(events[:-2]))
    assert all(a.after < b.after for a, b in pairwise(packets))


@pytest.mark.parametrize("key", ["", "E", "12", "٣", "01"])
def test_a_key_that_there_is_not_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no such key"):
        key_packets(key, 800)


@pytest.mark.parametrize("duration", [0, -1, 0x10000])
def test_a_duration_that_does_not_fit_is_refused(duration: int) -> None:
    with pytest.raises(ValueError, match="duration"):
        key_packets("1", duration)


@given(st.sampled_from(KEYS), st.sets(st.integers(0, 6), max_size=6))
def test_a_press_is_one_digit_whichever_packet_of_it_comes(key: str, lost: set[int]) -> None:
    packets = [payload for place, payload in enumerate(press(key)) if place not in lost]
    assert told(EventReceiver(), 1000, *packets) == [key]


def test_the_same_key_twice_is_two_digits_even_when_all_ends_are_lost() -> None:
    receiver = EventReceiver()
    assert told(receiver, 1000, *press("7")[:3]) == ["7"]
    assert told(receiver, 2600, *press("7")[:3]) == ["7"]


def test_a_late_packet_of_the_press_before_is_no_new_digit() -> None:
    receiver = EventReceiver()
    first, second = press("1"), press("2")
    assert told(receiver, 1000, *first[:-1]) == ["1"]
    assert told(receiver, 2600, second[0]) == ["2"]
    assert told(receiver, 1000, first[-1]) == []
    assert told(receiver, 2600, *second[1:]) == []


def test_timestamps_wrap_between_two_presses() -> None:
    receiver = EventReceiver()
    assert told(receiver, 0xFFFFFE00, *press("1")) == ["1"]
    assert told(receiver, 0x00000400, *press("2")) == ["2"]


def test_a_press_too_long_for_one_timestamp_stays_one_digit__rfc4733_2_5_1_3() -> None:
    receiver = EventReceiver()
    part = bytes(TelephoneEvent(5, end=False, volume=10, duration=0xFFFF))
    assert told(receiver, 1000, *press("5")[:3], part) == ["5"]
    assert told(receiver, 1000 + 0xFFFF, *press("5")[:3], part) == []
    assert told(receiver, 1000 + 2 * 0xFFFF, *press("5")) == []
    assert told(receiver, 1000 + 2 * 0xFFFF + 4000, *press("5")) == ["5"]


def test_a_press_that_ended_is_not_continued_however_long_the_pause() -> None:
    receiver = EventReceiver()
    assert told(receiver, 1000, *press("5")) == ["5"]
    assert told(receiver, 1000 + 0xFFFF, *press("5")[-1:]) == ["5"]
    assert told(receiver, 1000 + 2 * 0xFFFF, *press("5")) == ["5"]


def test_after_a_change_of_source_any_timestamp_is_new() -> None:
    receiver = EventReceiver()
    assert told(receiver, 5000, *press("5")) == ["5"]
    receiver.source_changed()
    assert told(receiver, 4000, *press("6")) == ["6"]


def test_a_source_whose_clock_jumps_far_back_is_heard() -> None:
    receiver = EventReceiver()
    assert told(receiver, 3_000_000_000, *press("5")) == ["5"]
    assert told(receiver, 2_000_000_000, *press("6")) == ["6"]


def test_a_broken_packet_is_refused_and_forgotten() -> None:
    receiver = EventReceiver()
    assert told(receiver, 1000, *press("5")[:2]) == ["5"]
    with pytest.raises(RtpError):
        receiver.packet_arrived(9000, b"\x05")
    assert told(receiver, 1000, *press("5")[2:]) == []
