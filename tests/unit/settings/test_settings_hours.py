"""Hours of the week, read and asked."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.settings.hours import DAYS, MINUTES_OF_A_DAY, Hours, check_time_zone, parse_hours
from mediation.settings.words import UnfitError

MONDAY = datetime(2026, 11, 30)  # noqa: DTZ001  # hours know no zone


def at(text: str, day: int, clock: str) -> bool:
    hour, minute = map(int, clock.split(":"))
    return parse_hours(text).hold(MONDAY + timedelta(days=day, hours=hour, minutes=minute))


def test_the_first_minute_belongs_to_the_hours_and_the_last_does_not() -> None:
    office = "mon-fri 08:00-18:00"
    assert [at(office, 0, clock) for clock in ("07:59", "08:00", "17:59", "18:00")] == [
        False,
        True,
        True,
        False,
    ]
    assert [at(office, day, "12:00") for day in range(7)] == [True] * 5 + [False] * 2


def test_hours_over_midnight_belong_to_the_day_that_they_begin_on() -> None:
    night = "fri 22:00-06:00"
    assert [
        at(night, day, clock) for day, clock in ((4, "21:59"), (4, "22:00"), (5, "05:59"), (5, "06:00"))
    ] == [
        False,
        True,
        True,
        False,
    ]
    assert not at(night, 4, "05:00")


def test_days_may_go_over_the_end_of_the_week_and_without_days_it_is_every_day() -> None:
    assert [at("sat-mon 00:00-24:00", day, "12:00") for day in range(7)] == [
        True,
        False,
        False,
        False,
        False,
        True,
        True,
    ]
    assert all(at("12:00-13:00", day, "12:30") for day in range(7))
    assert parse_hours(" MON 08:00-09:00 ") == Hours((0,), 480, 540)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mo 08:00-18:00", "are no hours"),
        ("08:00", "are no hours"),
        ("mon-fri 8-18", "are no hours"),
        ("08:60-18:00", "08:60 is no time of the day"),
        ("08:00-24:01", "24:01 is no time of the day"),
        ("08:00-08:00", "is no time at all"),
        ("24:00-06:00", "is no time at all"),
    ],
)
def test_what_are_no_hours_is_told(text: str, said: str) -> None:
    with pytest.raises(UnfitError, match=said):
        parse_hours(text)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1440))
def test_hours_read_back_as_they_are_written(first: int, last: int, begins: int, ends: int) -> None:
    if begins == ends:
        return
    text = f"{DAYS[first]}-{DAYS[last]} {begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}"
    hours = parse_hours(text)
    again = parse_hours(str(hours))
    assert (set(again.days), again.begins, again.ends) == (set(hours.days), hours.begins, hours.ends)
    held = sum(hours.hold(MONDAY + timedelta(minutes=minute)) for minute in range(7 * MINUTES_OF_A_DAY))
    assert held == len(hours.days) * ((ends - begins) % MINUTES_OF_A_DAY or MINUTES_OF_A_DAY)


def test_time_zones_are_those_of_the_database() -> None:
    check_time_zone("Europe/Berlin")
    for wrong in ("Berlin", "../etc/passwd", "", "\0"):
        with pytest.raises(UnfitError):
            check_time_zone(wrong)
