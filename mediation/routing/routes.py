"""Where a call may go: candidates in order, decided once when the call comes in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

from mediation.routing.admission import Source
from mediation.routing.failover import Failover
from mediation.routing.sites import Sites
from mediation.routing.terms import Terms
from mediation.settings.model import Route, Settings, Side, Trunk
from mediation.settings.patterns import compile_pattern
from mediation.settings.places import Listener, Target

FRONT_END_POOL = "front-end"
"""What stands for a trunk's name when a call goes to the front-end servers."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target, with all that an attempt at it must know."""

    trunk: str
    """The trunk's name, or FRONT_END_POOL."""
    target: Target
    listener: Listener
    """The one of ours that speaks the target's transport and address family."""
    terms: Terms
    no_progress_s: float
    """Without a response above 100 for so long, the next candidate gets the call."""
    failover: Failover
    """Which final responses send the call to the next candidate."""


Draw = Callable[[int, int], int]
"""A whole number from the first to the second, both included: chance comes from outside."""


def least(low: int, high: int) -> int:
    """No chance: always the first that has any."""
    del high
    return low


class Routing:
    """The routes of one configuration."""

    def __init__(self, settings: Settings, draw: Draw = least) -> None:
        """`draw` decides between the trunks of a route with weights."""
        self._draw = draw
        gateway, internal = settings.gateway.listen, settings.internal
        self._terms = {trunk.name: Terms.of(trunk) for trunk in settings.trunks}
        self._front_end_terms = Terms.of(internal)
        self._by_trunk = {
            trunk.name: _candidates(trunk.name, trunk.targets, gateway, self._terms[trunk.name], trunk)
            for trunk in settings.trunks
        }
        self._routes = tuple(
            (compile_pattern(route.match), route)
            for route in sorted(settings.routes, key=lambda route: route.priority)
        )
        self._in_order = {route: self._along(route.trunks) for _, route in self._routes}
        self.sites: Final = Sites(settings)
        """Where calls belong to."""
        # Front-end servers fail over like a trunk that says nothing about it.
        like = Trunk(name=FRONT_END_POOL, targets=internal.targets)
        self._to_front_end = _each_once(
            _candidates(FRONT_END_POOL, internal.targets, internal.listen, self._front_end_terms, like)
        )

    def terms(self, source: Source) -> Terms:
        """On what terms we speak with whoever calls."""
        return self._front_end_terms if source.trunk is None else self._terms[source.trunk.name]

    def candidates(self, source: Source, called: str) -> tuple[Candidate, ...]:
        """Targets for a call, in order; empty: no route."""
        if not called:
            return ()  # a URI without a user calls nobody, whatever the patterns say
        if source.side is Side.GATEWAY:
            return self._to_front_end
        asked = self.asked(called)
        if not asked or not asked[-1][1]:
            return ()
        route = asked[-1][0]
        if not route.weights and not source.sites:
            return self._in_order[route]
        trunks = drawn(route.trunks, route.weights, self._draw) if route.weights else route.trunks
        return self._along(self.sites.permitted(trunks, source.sites))

    def asked(self, called: str) -> tuple[tuple[Route, bool], ...]:
        """The routes that are asked about a number, in order, and whether they match: after the first, none is."""
        tried: list[tuple[Route, bool]] = []
        for pattern, route in self._routes:
            tried.append((route, pattern.matches(called)))
            if tried[-1][1]:
                break
        return tuple(tried)

    def _along(self, trunks: Iterable[str]) -> tuple[Candidate, ...]:
        return _each_once(chain.from_iterable(self._by_trunk[name] for name in trunks))


def drawn(trunks: tuple[str, ...], weights: tuple[int, ...], draw: Draw) -> list[str]:
    """All trunks in an order that is drawn: at each place, each that is left has a chance by its weight (RFC 2782).

    Those without weight come last, in their own order.
    """
    left = list(zip(trunks, weights, strict=True))
    order: list[str] = []
    while total := sum(weight for _, weight in left):
        point = draw(1, total)
        for index, (name, weight) in enumerate(left):
            point -= weight
            if point <= 0:
                order.append(name)
                del left[index]
                break
    return [*order, *(name for name, _ in left)]


def _candidates(
    name: str, targets: tuple[Target, ...], listeners: tuple[Listener, ...], terms: Terms, rules: Trunk
) -> tuple[Candidate, ...]:
    failover = Failover.of(rules)
    return tuple(
        Candidate(name, target, listener, terms, rules.no_progress_s, failover)
        for target in targets
        if (listener := listener_for(target, listeners)) is not None
    )


def _each_once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The same peer under two trunks is tried once, and all are of the first one's address family.

    A call's audio has one port on each side, and one port is of one family.
    """
    found: dict[tuple[str, tuple[str, int]], Candidate] = {}
    for candidate in candidates:
        target = candidate.target
        first = next(iter(found.values()), candidate).target
        if (":" in target.host) == (":" in first.host):
            found.setdefault((target.transport, target.endpoint), candidate)
    return tuple(found.values())


def listener_for(target: Target, listeners: tuple[Listener, ...]) -> Listener | None:
    """The first listener that speaks the target's transport and address family; None: it cannot be reached."""
    for listener in listeners:
        if listener.transport is target.transport and (":" in listener.host) == (":" in target.host):
            return listener
    return None
