"""Where a call may go: candidates in order, decided once when the call comes in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

from mediation.routing.admission import Source
from mediation.routing.directory import FRONT_END_POOL, Directory, Draw
from mediation.routing.failover import Failover
from mediation.routing.sites import Sites
from mediation.routing.terms import Terms
from mediation.settings.model import Route, Settings, Side, Trunk
from mediation.settings.patterns import compile_pattern
from mediation.settings.places import Listener, Target


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


def least(low: int, high: int) -> int:
    """No chance: always the first that has any."""
    del high
    return low


class Routing:
    """The routes of one configuration."""

    def __init__(
        self,
        settings: Settings,
        draw: Draw = least,
        directory: Directory | None = None,
        fitness: Callable[[str, Target], int] = lambda trunk, target: 0,
    ) -> None:
        """`draw` decides between the trunks of a route with weights, and between servers of a name.

        `fitness` tells how well a target of a trunk does: the less, the better.
        """
        self._fitness = fitness
        self._draw = draw
        self._directory = Directory(settings) if directory is None else directory
        gateway, internal = settings.gateway.listen, settings.internal
        self._terms = {trunk.name: Terms.of(trunk) for trunk in settings.trunks}
        self._front_end_terms = Terms.of(internal)
        # Front-end servers fail over like a trunk that says nothing about it.
        like = Trunk(name=FRONT_END_POOL, targets=internal.targets)
        self._ways = {
            FRONT_END_POOL: _Way(like, internal.listen, self._front_end_terms, Failover.of(like)),
            **{
                trunk.name: _Way(trunk, gateway, self._terms[trunk.name], Failover.of(trunk))
                for trunk in settings.trunks
            },
        }
        self._fixed = {name: self._candidates(name) for name in self._ways if not self._directory.names(name)}
        """Of those that have no names, and so the same candidates for every call."""
        self._routes = tuple(
            (compile_pattern(route.match), route)
            for route in sorted(settings.routes, key=lambda route: route.priority)
        )
        self._in_order = {
            route: self._along(route.trunks)
            for _, route in self._routes
            if self._fixed.keys() >= set(route.trunks)
        }
        self.sites: Final = Sites(settings)
        """Where calls belong to."""

    def terms(self, source: Source) -> Terms:
        """On what terms we speak with whoever calls."""
        return self._front_end_terms if source.trunk is None else self._terms[source.trunk.name]

    def candidates(self, source: Source, called: str) -> tuple[Candidate, ...]:
        """Targets for a call, in order; empty: no route.

        All are of the address family of the fittest one that comes first: a call's audio has one port on each side, and
        one port is of one family.
        """
        found = self._found(source, called)
        if not found:
            return ()
        first = min(found, key=lambda each: self._fitness(each.trunk, each.target)).target
        return tuple(each for each in found if (":" in each.target.host) == (":" in first.host))

    def _found(self, source: Source, called: str) -> tuple[Candidate, ...]:
        if not called:
            return ()  # a URI without a user calls nobody, whatever the patterns say
        if source.side is Side.GATEWAY:
            return self._along((FRONT_END_POOL,))
        asked = self.asked(called)
        if not asked or not asked[-1][1]:
            return ()
        route = asked[-1][0]
        if not route.weights and not source.sites:
            return self._in_order.get(route) or self._along(route.trunks)
        trunks = drawn(route.trunks, route.weights, self._draw) if route.weights else route.trunks
        return self._along(self.sites.permitted(trunks, source.sites))

    def leads_somewhere(self, source: Source, called: str) -> bool:
        """Whether a number has a route that this source may use, even where none of its targets is known now."""
        if source.side is Side.GATEWAY:
            return bool(called)
        asked = self.asked(called) if called else ()
        matched = bool(asked) and asked[-1][1]
        return matched and bool(self.sites.permitted(asked[-1][0].trunks, source.sites))

    def asked(self, called: str) -> tuple[tuple[Route, bool], ...]:
        """The routes that are asked about a number, in order, and whether they match: after the first, none is."""
        tried: list[tuple[Route, bool]] = []
        for pattern, route in self._routes:
            tried.append((route, pattern.matches(called)))
            if tried[-1][1]:
                break
        return tuple(tried)

    def _along(self, trunks: Iterable[str]) -> tuple[Candidate, ...]:
        return _each_once(
            chain.from_iterable(self._fixed.get(name) or self._candidates(name) for name in trunks)
        )

    def _candidates(self, name: str) -> tuple[Candidate, ...]:
        way = self._ways[name]
        return tuple(
            Candidate(name, target, listener, way.terms, way.rules.no_progress_s, way.failover)
            for target in self._directory.drawn(name, self._draw)
            if (listener := listener_for(target, way.listeners)) is not None
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """How the targets of a trunk, or the front-end servers, are called."""

    rules: Trunk
    listeners: tuple[Listener, ...]
    terms: Terms
    failover: Failover


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


def _each_once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The same peer under two trunks is tried once."""
    found: dict[tuple[str, tuple[str, int]], Candidate] = {}
    for candidate in candidates:
        found.setdefault((candidate.target.transport, candidate.target.endpoint), candidate)
    return tuple(found.values())


def listener_for(target: Target, listeners: tuple[Listener, ...]) -> Listener | None:
    """The first listener that speaks the target's transport and address family; None: it cannot be reached."""
    for listener in listeners:
        if listener.transport is target.transport and (":" in listener.host) == (":" in target.host):
            return listener
    return None
