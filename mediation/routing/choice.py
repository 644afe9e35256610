"""Which routes a number has, for whom and when: the first that fits, and those behind it that back it up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from mediation.routing.admission import Source
from mediation.settings.patterns import compile_pattern
from mediation.settings.peers import Side
from mediation.settings.routes import Route


class Verdict(StrEnum):
    """Why a route is taken, or not."""

    MATCHES = "matches"
    OTHER_NUMBER = "does not match"
    OTHER_USAGE = "is not for these calls"
    CLOSED = "is closed at this hour"


@dataclass(frozen=True, slots=True)
class Asked:
    """One route that was asked."""

    route: Route
    verdict: Verdict


class Choice:
    """The routes of one configuration."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        in_order = sorted(routes, key=lambda route: (route.priority, route.cost))
        self._routes = tuple((route, compile_pattern(route.match)) for route in in_order)
        self._asks_beginnings = any(route.prefixes for route in routes)
        self._zones = {route.time_zone: ZoneInfo(route.time_zone) for route in routes if route.hours}

    def ask(self, source: Source, called: str, unix_s: float) -> tuple[Asked, ...]:
        """Ask about a number: the routes in their order up to the last one that is taken; all where none is.

        Of equal priority, the one with the longest beginning of the number comes first, then the cheapest, then the
        first in the file.
        """
        ranked = [(route, pattern, _longest(route.prefixes, called)) for route, pattern in self._routes]
        if self._asks_beginnings:
            ranked.sort(key=lambda each: (each[0].priority, -each[2]))
        asked: list[Asked] = []
        for route, pattern, longest in ranked:
            verdict = Verdict.MATCHES
            if not pattern.matches(called) or (route.prefixes and not longest):
                verdict = Verdict.OTHER_NUMBER
            elif not may_use(source, route):
                verdict = Verdict.OTHER_USAGE
            elif not self._is_open(route, unix_s):
                verdict = Verdict.CLOSED
            asked.append(Asked(route, verdict))
            if verdict is Verdict.MATCHES and not route.then_next:
                break
        return tuple(asked)

    def _is_open(self, route: Route, unix_s: float) -> bool:
        if not route.hours:
            return True
        moment = datetime.fromtimestamp(unix_s, self._zones[route.time_zone])
        return any(hours.hold(moment) for hours in route.hours)


def taken(asked: tuple[Asked, ...]) -> Iterator[Route]:
    """The routes that the call may go by, in order."""
    return (each.route for each in asked if each.verdict is Verdict.MATCHES)


def may_use(source: Source, route: Route) -> bool:
    """Whether the calls of a source may go by a route.

    Those of front ends go by all, unless their sites have usages: then by these, and for help always. Those of a trunk
    go by the usages that it names.
    """
    if source.side is Side.GATEWAY:
        return source.trunk is not None and not set(source.trunk.usages).isdisjoint(route.usages)
    usages = {usage for site in source.sites for usage in site.usages}
    return not usages or route.emergency or not usages.isdisjoint(route.usages)


def _longest(prefixes: tuple[str, ...], called: str) -> int:
    return max((len(prefix) for prefix in prefixes if called.startswith(prefix)), default=0)
