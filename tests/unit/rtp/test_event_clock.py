"""Telephone-events from one clock to another (RFC 4733 sections 2.1 and 2.5.1.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.event_clock import EventsFaster, EventsSlower
from mediation.rtp.packet import RtpError
from mediation.rtp.telephone_event import MAX_DURATION, EventReceiver, TelephoneEvent


def told(event: int, duration: int, *, end: bool = False) -> bytes:
    return bytes(TelephoneEvent(event, end, 10, duration))


def durations(packets: list[tuple[int, bytes]]) -> list[tuple[int, int, bool]]:
    parsed = [(timestamp, TelephoneEvent.parse(payload)) for timestamp, payload in packets]
    return [(timestamp, event.duration, event.end) for timestamp, event in parsed]


def test_a_duration_is_as_many_times_longer_as_the_clock_is_faster() -> None:
    assert durations(list(EventsFaster(6, 6).packets(1000, told(5, 160)))) == [(1000, 960, False)]
    assert EventsSlower(6, 6).packet(1000, told(5, 960)) == (1000, told(5, 160))


def test_a_clock_of_8000_beside_opus_is_left_alone() -> None:
    assert durations(list(EventsFaster(1, 6).packets(1000, told(5, 160)))) == [(1000, 160, False)]
    assert EventsSlower(1, 6).packet(1000, told(5, 160)) == (1000, told(5, 160))


def test_each_part_of_a_long_event_is_ended_before_the_next_begins() -> None:
    events = EventsFaster(6, 6)
    assert durations(list(events.packets(0, told(5, 10_922)))) == [(0, 65_532, False)]
    assert durations(list(events.packets(0, told(5, 11_000)))) == [
        (0, MAX_DURATION, False),
        (MAX_DURATION, 465, False),
    ]
    assert durations(list(events.packets(0, told(5, 11_000, end=True)))) == [(MAX_DURATION, 465, True)]
    assert durations(list(events.packets(70_000, told(5, 160)))) == [(70_000, 960, False)]


def test_the_same_key_again_is_no_part_of_the_one_before() -> None:
    events = EventsSlower(6, 6)
    events.packet(0, told(5, 960))
    events.packet(0, told(5, 1920, end=True))
    assert events.packet(MAX_DURATION, told(5, 960)) == (MAX_DURATION, told(5, 160))
    assert events.packet(500_000, told(5, 960)) == (500_000, told(5, 160))


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x0a\x00"])
def test_what_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(RtpError):
        EventsSlower(6, 6).packet(0, payload)
    with pytest.raises(RtpError):
        list(EventsFaster(6, 6).packets(0, payload))


@given(st.integers(1, 400), st.integers(0, 0xFFFFFFFF))
def test_there_and_back_a_key_is_what_it_was(steps: int, begin: int) -> None:
    faster, slower = EventsFaster(6, 6), EventsSlower(6, 6)
    receiver, keys = EventReceiver(), 0
    for step in range(1, steps + 1):
        for timestamp, payload in faster.packets(begin, told(7, 160 * step, end=step == steps)):
            slow = slower.packet(timestamp, payload)
            keys += receiver.packet_arrived(slow[0] // 6, slow[1]) is not None
            assert slow[0] == begin
    assert keys == 1
    assert receiver.ended
    assert abs(receiver.duration - 160 * steps) <= 1
