"""What call records tell of sites: their busy hour, and which of their numbers are called most.

A call is counted from its first moment to its last, since a channel is taken from the INVITE on. Traffic is read out
by quarters of an hour, and the busy hour is the greatest four of them in a row, in all the days that the records
cover (ITU-T E.500 reads out in the same way and then chooses among days; a plan from few days takes the worst).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mediation.planning.numbers import DidRange, Owners, bare

QUARTER_S: Final = 900
MAX_CALL_S: Final = 7 * 86_400
"""A record of a longer call is none: its times cannot be true."""


@dataclass(frozen=True, slots=True)
class Busy:
    """How often one number was called."""

    number: str
    calls: int
    """0: only its share is known."""
    share: float
    """Of all calls to its site, 0 to 1."""


@dataclass(slots=True)
class Measured:
    """What the records tell of one site."""

    inbound: int = 0
    outbound: int = 0
    called: Counter[str] = field(default_factory=Counter)
    """Calls to each of its numbers, by digits."""
    quarters: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds of calls in each quarter of an hour, counted from 1970."""

    @property
    def calls(self) -> int:
        """Both ways."""
        return self.inbound + self.outbound

    @property
    def days(self) -> int:
        """Days, by UTC, on which anybody telephoned."""
        return len({quarter * QUARTER_S // 86_400 for quarter in self.quarters})

    def busy_hour(self) -> tuple[float, datetime | None]:
        """Erlang in the greatest hour, and when it began; 0 and None without a call."""
        greatest, began = 0.0, None
        for quarter in sorted({last - back for last in self.quarters for back in range(4)}):
            erlang = sum(self.quarters.get(quarter + ahead, 0.0) for ahead in range(4)) / (4 * QUARTER_S)
            if erlang > greatest * (1 + 1e-12):
                greatest, began = erlang, quarter
        return greatest, None if began is None else datetime.fromtimestamp(began * QUARTER_S, UTC)

    def busiest(self, most: int) -> tuple[Busy, ...]:
        """The numbers that are called most, the first one most of all."""
        ranked = sorted(self.called.items(), key=lambda each: (-each[1], each[0]))[:most]
        return tuple(Busy(f"+{digits}", calls, calls / self.inbound) for digits, calls in ranked)


@dataclass(slots=True)
class Log:
    """What was read, of all files together."""

    sites: dict[str, Measured]
    records: int = 0
    strangers: int = 0
    """Records of calls that belong to no site of the plan."""
    unreadable: int = 0
    """Lines that are no call record."""


def measured(ranges: Mapping[str, Iterable[DidRange]]) -> Log:
    """Begin to measure sites by their numbers."""
    return Log({site: Measured() for site in ranges})


def read_records(path: Path, owners: Owners, log: Log) -> tuple[int, int]:
    """Add a file of records; returns how many lines were records, and the first line that was none, or 0.

    Raises:
        OSError: it cannot be read.
    """
    good = first_bad = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            if _count(line, owners, log):
                good += 1
            else:
                log.unreadable += 1
                first_bad = first_bad or number
    log.records += good
    return good, first_bad


def _count(line: bytes, owners: Owners, log: Log) -> bool:
    """Count one record; False when it is none."""
    try:
        record = json.loads(line)
        began, ended = (_moment(record[key]) for key in ("started_at", "ended_at"))
        inbound = {"inbound": True, "outbound": False}[record["direction"]]
        number = bare(record["called" if inbound else "calling"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return False
    if not 0 <= ended - began <= MAX_CALL_S or began < 0:
        return False
    site = owners.owner(number)
    if site is None:
        log.strangers += 1
        return True
    found = log.sites[site]
    if inbound:
        found.inbound += 1
        found.called[number] += 1
    else:
        found.outbound += 1
    for quarter, seconds in _quarters(began, ended):
        found.quarters[quarter] += seconds
    return True


def _moment(text: str) -> float:
    """Seconds since 1970. ValueError when the text is no time, or does not say of which zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.timestamp()


def _quarters(began: float, ended: float) -> Iterator[tuple[int, float]]:
    """Return how much of a call lies in each quarter of an hour that it touches."""
    for quarter in range(int(began // QUARTER_S), int(ended // QUARTER_S) + 1):
        seconds = min(ended, (quarter + 1) * QUARTER_S) - max(began, quarter * QUARTER_S)
        if seconds > 0:
            yield quarter, seconds
