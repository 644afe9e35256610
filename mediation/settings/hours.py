"""When a route is open: hours of the week, as people say them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mediation.settings.words import UnfitError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY: Final = 24 * 60

_FORM: Final = 'write "mon-fri 08:00-18:00", "sat 09:00-12:00" or "22:00-06:00"'
_HOURS: Final = re.compile(
    rf"(?:(?P<first>{'|'.join(DAYS)})(?:-(?P<last>{'|'.join(DAYS)}))? )?"
    r"(?P<begins>[0-9]{2}:[0-9]{2})-(?P<ends>[0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of certain days. One that goes over midnight belongs to the day that it begins on."""

    days: tuple[int, ...]
    """0 is Monday."""
    begins: int
    """Minute of the day."""
    ends: int
    """The first one after it: up to 1440, and not above `begins` where it goes over midnight."""

    def hold(self, moment: datetime) -> bool:
        """Whether a moment, in the time of the place, lies within."""
        minute = moment.hour * 60 + moment.minute
        today = moment.weekday()
        if self.begins < self.ends:
            return today in self.days and self.begins <= minute < self.ends
        if minute >= self.begins:
            return today in self.days
        return minute < self.ends and (moment - timedelta(days=1)).weekday() in self.days

    def __str__(self) -> str:
        times = f"{_clock(self.begins)}-{_clock(self.ends)}"
        if len(self.days) == len(DAYS):
            return times
        first, last = DAYS[self.days[0]], DAYS[self.days[-1]]
        return f"{first} {times}" if first == last else f"{first}-{last} {times}"


def parse_hours(text: str) -> Hours:
    """Read `mon-fri 08:00-18:00`. UnfitError otherwise."""
    match = _HOURS.fullmatch(text.strip().lower())
    if match is None:
        raise UnfitError(f'"{text}" are no hours', _FORM)
    begins, ends = (_minute(match[name]) for name in ("begins", "ends"))
    if begins in (ends, MINUTES_OF_A_DAY):
        raise UnfitError(f"{match['begins']} to {match['ends']} is no time at all", _FORM)
    if match["first"] is None:
        return Hours(tuple(range(len(DAYS))), begins, ends)
    first = DAYS.index(match["first"])
    last = DAYS.index(match["last"] or match["first"])
    count = (last - first) % len(DAYS) + 1  # fri-mon is four days
    return Hours(tuple((first + each) % len(DAYS) for each in range(count)), begins, ends)


def check_time_zone(text: str) -> None:
    """A name of the time zone database, such as `Europe/Berlin`."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnfitError(f'"{text}" is no time zone', 'write it as "Europe/Berlin" or "UTC"') from None


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise UnfitError(f"{text} is no time of the day", "give a time from 00:00 to 24:00")
    return hour * 60 + minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
