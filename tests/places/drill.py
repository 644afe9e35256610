"""Pull a cable, see what becomes of the calls, put it back, see them return; has any call left its country?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time
from typing import Final

from tests.places.cast import ABROAD, BOUND, COURSES, TAKERS, Cast, Course
from tests.places.network import plug, pull

TURN_S: Final = 0.5
STEADY_S: Final = 3.0
"""So long all courses must be home before the next cable is pulled."""
PATIENCE_S: Final = 60.0
"""Whatever has to happen has happened by then, on a machine that has other things to do as well."""
ANSWER_S: Final = 8.0
"""A call that is not answered within so many seconds is lost."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Cables that are pulled at once."""

    cables: tuple[str, ...]
    what: str
    goes_on: tuple[str, ...]
    """The courses that must have calls again while they are out."""
    least_s: float = 8.0
    """How long they are out at least."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one cut has done to one course."""

    course: str
    placed: int
    """Calls that began from the cut until all was as before."""
    lost: int
    next_s: float | None
    """From the cut to the answer of the first call that began after it; None: none was answered before the mending."""
    went_to: tuple[str, ...]
    """Who took calls meanwhile."""
    back_s: float | None
    """From the mending until a call that began after it was at home; None: calls never left home."""
    twice: int
    """Calls that two parties have answered: the one that nobody heard of any more had its INVITE late."""


ALL: Final = tuple(course.name for course in COURSES)


def _but(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ALL if name not in names)


BRANCH: Final = Cut(("munich",), "Munich from the rest", ALL)
TWO: Final = Cut(("two",), "ITSP two", _but("Frankfurt in"))
NO_GERMAN_TRUNK: Final = Cut(
    ("two", "munich"), "ITSP two and Munich", _but("Frankfurt in", "Frankfurt out", "German in Paris out")
)
"""All that is left to Frankfurt is the way to Paris, which its calls may not go."""
SHORT: Final = (BRANCH, NO_GERMAN_TRUNK)
"""For the suite."""
FULL: Final = (
    *SHORT,
    TWO,
    Cut(("one",), "ITSP one", _but("Paris in")),
    Cut(("line",), "Munich's own line", _but("Munich in")),
    Cut(("frankfurt",), "Frankfurt from the rest", ALL),
    Cut(("paris",), "Paris from the rest", _but("German in Paris out")),
    Cut(("dns",), "name server", ALL),
    Cut(("fe-a",), "Frankfurt's front end", _but("Frankfurt out")),
    Cut(("fe-b",), "Paris's front end", _but("Paris out", "German in Paris out")),
    Cut(("fe-c",), "Munich's front end", _but("Munich out", "Munich for help")),
    Cut(("ms-a",), "Frankfurt's server", _but("Frankfurt out", "Frankfurt in")),
    Cut(("ms-b",), "Paris's server", _but("Paris out", "Paris in", "German in Paris out")),
    Cut(("ms-c",), "Munich's server", _but("Munich out", "Munich in", "Munich for help")),
)
"""Each cable in turn. A caller behind the cable, or who knows no server but the one behind it, has no second way."""


def perform(cast: Cast, cut: Cut) -> list[Effect]:
    """One cut, from steady to steady; AssertionError where calls do not go on, or do not come back."""
    settle(cast)
    began = time()
    for cable in cut.cables:
        pull(cable)
    _until(
        cast,
        lambda: (
            time() - began >= cut.least_s and all(_next(cast, each, began) for each in _courses(cut.goes_on))
        ),
        lambda: (
            f"{cut.what}: nothing goes on for "
            + ", ".join(each.name for each in _courses(cut.goes_on) if not _next(cast, each, began))
        ),
    )
    mended = time()
    for cable in cut.cables:
        plug(cable)
    settle(cast)
    return [_effect(cast, course, began, mended) for course in COURSES]


def settle(cast: Cast) -> None:
    """Wait until for a while all calls were at home, and nothing else."""

    def away() -> list[str]:
        since = time() - STEADY_S - 1
        return [
            course.name
            for course in COURSES
            if set(_taken(cast, course, since)) != {course.home}
            or any(
                call.status != 200
                for call in cast.callers[course.name].of(course.caller, since, since + STEADY_S)
            )
        ]

    _until(cast, lambda: not away(), lambda: f"not at home: {away()}")


def left_their_country(cast: Cast) -> list[str]:
    """The bound callers that the SBC abroad has heard of."""
    calls = cast.takers[ABROAD].calls.values()
    return sorted({call.caller for call in calls if call.caller.startswith(BOUND)})


def calls_of_bound(cast: Cast) -> int:
    """How many calls of bound users the SBCs in their country have had: the proof is of something."""
    return sum(
        call.caller.startswith(BOUND) for name in ("two", "line") for call in cast.takers[name].calls.values()
    )


def _courses(names: Sequence[str]) -> list[Course]:
    return [course for course in COURSES if course.name in names]


def _next(cast: Cast, course: Course, began: float, until: float = float("inf")) -> float | None:
    """When the first call that began after that moment was answered."""
    calls = cast.callers[course.name].of(course.caller, began)
    return min((call.ended for call in calls if call.status == 200 and call.ended < until), default=None)


def _taken(cast: Cast, course: Course, since: float, until: float = float("inf")) -> dict[str, list[float]]:
    """Who was asked to take the calls of a course that came in a while, and when."""
    found = {
        name: [call.began for call in cast.takers[name].of(course.caller, since, until)] for name in TAKERS
    }
    return {name: times for name, times in found.items() if times}


def _effect(cast: Cast, course: Course, began: float, mended: float) -> Effect:
    over = time() - ANSWER_S
    calls = list(cast.callers[course.name].of(course.caller, began, max(over, mended)))
    lost = [call for call in calls if call.status != 200 or call.ended - call.began > ANSWER_S]
    answered = _next(cast, course, began, mended)
    meanwhile = _taken(cast, course, began + 0.5, mended)
    new = {call.caller for call in cast.callers[course.name].of(course.caller, mended)}
    home = [call.began for call in cast.takers[course.home].of(course.caller, mended) if call.caller in new]
    answered_by = Counter(
        call.caller
        for journal in cast.takers.values()
        for call in journal.of(course.caller, began)
        if call.status == 200
    )
    left = bool(lost) or set(meanwhile) != {course.home}
    return Effect(
        course.name,
        len(calls),
        len(lost),
        None if answered is None else answered - began,
        tuple(meanwhile),
        home[0] - mended if left and home else None,
        sum(times > 1 for times in answered_by.values()),
    )


def _until(cast: Cast, is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    give_up = time() + PATIENCE_S
    while not is_so():
        assert time() < give_up, f"after {PATIENCE_S:.0f} s {complaint()}"
        cast.watch(TURN_S)
