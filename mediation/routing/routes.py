"""Where a call may go: candidates in order, decided once when the call comes in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from mediation.routing.admission import Source
from mediation.routing.caller_id import OWN_CALLER_ID, CallerId
from mediation.routing.choice import Asked, Choice, taken
from mediation.routing.directory import FRONT_END_POOL, Directory, Draw, holders
from mediation.routing.failover import Failover
from mediation.routing.health import Fitness
from mediation.routing.sites import Distance, Sites
from mediation.routing.terms import Terms
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.places import Listener, Target
from mediation.settings.routes import Route
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Endpoint, Transport


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
    urgent: bool = False
    """A call for help: no limit refuses it."""
    rung: int = 0
    """Of a call for help: the farther from its site, or the later the route, the higher."""
    caller_id: CallerId = OWN_CALLER_ID
    """What its route shows of the caller."""

    def rank(self, fitness: Fitness) -> tuple[Fitness, int, Fitness]:
        """What its place in the list is decided by where its target is so fit: the less, the earlier.

        A call for help belongs to those who know where it comes from. So only a target that is down gives its place to
        one that is farther away; one that is suspect gives it to those that are as near.
        """
        serves = Fitness.READY if self.urgent and fitness is Fitness.SUSPECT else fitness
        return serves, self.rung, fitness


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
        fitness: Callable[[str, Target], Fitness] = lambda trunk, target: Fitness.READY,
    ) -> None:
        """`draw` decides between the trunks of a route with weights, and between servers of a name.

        `fitness` tells how well a target of a trunk does.
        """
        self._fitness = fitness
        self._draw = draw
        self._directory = Directory(settings) if directory is None else directory
        internal = settings.internal
        self._terms = {trunk.name: Terms.of(trunk) for trunk in settings.trunks}
        self._front_end_terms = Terms.of(internal)
        # Front-end servers fail over like a trunk that says nothing about codes and causes.
        like = Trunk(name=FRONT_END_POOL, targets=internal.targets, no_progress_s=internal.no_progress_s)
        self._ways = {
            FRONT_END_POOL: _Way(like, internal.listen, self._front_end_terms, Failover.of(like)),
            **{
                trunk.name: _Way(
                    trunk, settings.listeners_of(trunk), self._terms[trunk.name], Failover.of(trunk)
                )
                for trunk in settings.trunks
            },
        }
        changing = {holder.name for holder in holders(settings) if holder.peer.trusted_names}
        self._fixed = {
            name: self._candidates(name)
            for name in self._ways
            if name not in changing and not self._directory.names(name)
        }
        """Of those whose targets never change, and so the same candidates for every call."""
        self._choice = Choice(settings.routes)
        self.sites: Final = Sites(settings)
        """Where calls belong to."""
        self.epoch_s = 0.0
        """The time of day at the caller's moment 0, in seconds of Unix time."""

    def terms(self, source: Source) -> Terms:
        """On what terms we speak with whoever calls."""
        return self._front_end_terms if source.trunk is None else self._terms[source.trunk.name]

    def candidates(self, source: Source, called: str, now: float) -> tuple[Candidate, ...]:
        """Targets for a call, in order; empty: no route, or none of its targets is known now.

        All are of the address family of the fittest one that comes first: a call's audio has one port on each side, and
        one port is of one family.
        """
        found = self._found(source, called, now)
        if not found:
            return ()
        first = min(found, key=lambda each: each.rank(self._fitness(each.trunk, each.target))).target
        return tuple(each for each in found if (":" in each.target.host) == (":" in first.host))

    def _found(self, source: Source, called: str, now: float) -> tuple[Candidate, ...]:
        routes = self._taken(source, called, now)
        if source.side is Side.GATEWAY and not routes:
            return _each_once(self._targets(FRONT_END_POOL)) if called else ()
        found: list[Candidate] = []
        steps: list[tuple[int, Distance]] = []
        for place, route in enumerate(routes):
            trunks = drawn(route.trunks, route.weights, self._draw) if route.weights else route.trunks
            caller_id = CallerId.of(route)
            for name in self._permitted(source, route, trunks):
                candidates = self._targets(name)
                if caller_id != OWN_CALLER_ID:
                    candidates = tuple(replace(each, caller_id=caller_id) for each in candidates)
                if not route.emergency:
                    found += candidates
                    continue
                step = place, self.sites.distance(name, source.sites, urgent=True)
                if step not in steps:
                    steps.append(step)
                found += (replace(each, urgent=True, rung=steps.index(step)) for each in candidates)
        return _each_once(found)

    def leads_somewhere(self, source: Source, called: str, now: float) -> bool:
        """Whether a number has a route that this source may use, even where none of its targets is known now."""
        routes = self._taken(source, called, now)
        if source.side is Side.GATEWAY and not routes:
            return bool(called)
        return any(self._permitted(source, route, route.trunks) for route in routes)

    def leads_to_help(self, source: Source, called: str, now: float) -> bool:
        """Whether a number has a route for help, whoever takes it."""
        return any(route.emergency for route in self._taken(source, called, now))

    def asked(self, source: Source, called: str, now: float) -> tuple[Asked, ...]:
        """The routes that are asked about a number, in order; none for a call that only front ends take."""
        transit = source.trunk is not None and source.trunk.usages
        if not called or (source.side is Side.GATEWAY and not transit):
            return ()  # a URI without a user calls nobody, whatever the patterns say
        return self._choice.ask(source, called, now + self.epoch_s)

    def _taken(self, source: Source, called: str, now: float) -> tuple[Route, ...]:
        """The routes that the call goes by."""
        return tuple(taken(self.asked(source, called, now)))

    def _permitted(self, source: Source, route: Route, trunks: Iterable[str]) -> list[str]:
        """The trunks of a route that the call may leave through: never back by the one that it came from."""
        own = None if source.trunk is None else source.trunk.name
        names = (name for name in trunks if name != own)
        return self.sites.permitted(names, source.sites, urgent=route.emergency)

    def _targets(self, name: str) -> tuple[Candidate, ...]:
        return self._fixed.get(name) or self._candidates(name)

    def _candidates(self, name: str) -> tuple[Candidate, ...]:
        way = self._ways[name]
        return tuple(
            Candidate(name, target, listener, way.terms, way.rules.no_progress_s, way.failover)
            for target in self._reached_once(name, self._directory.drawn(name, self._draw))
            if (listener := listener_for(target, way.listeners)) is not None
        )

    def _reached_once(self, name: str, targets: tuple[Target, ...]) -> Iterator[Target]:
        """Without the connections of hosts that can be connected to: one that has refused a call is not asked again."""
        for target in targets:
            if target.door is None or not any(
                other.door is None
                and other.host == target.host
                and self._fitness(name, other) < Fitness.RETURNING
                for other in targets
            ):
                yield target


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
    """The same peer under two trunks is tried once, unless it knows them apart by our sockets."""
    found: dict[tuple[Transport, Endpoint, Endpoint], Candidate] = {}
    for candidate in candidates:
        target = candidate.target
        found.setdefault((target.transport, target.endpoint, candidate.listener.endpoint), candidate)
    return tuple(found.values())


def listener_for(target: Target, listeners: tuple[Listener, ...]) -> Listener | None:
    """The first listener that speaks the target's transport and address family; None: it cannot be reached.

    Of a target that has connected to us it is the one where it has.
    """
    for listener in listeners:
        if target.door is not None and listener.endpoint != target.door:
            continue
        if listener.transport is target.transport and (":" in listener.host) == (":" in target.host):
            return listener
    return None
