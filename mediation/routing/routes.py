"""Where a call may go: candidates in order, decided once when the call comes in."""

from dataclasses import dataclass

from mediation.routing.admission import Source
from mediation.sdp.negotiation import Capabilities
from mediation.settings.model import Internal, Listener, Settings, Side, Target, Trunk
from mediation.settings.patterns import Pattern, compile_pattern

FRONT_END_POOL = "front-end"
"""What stands for a trunk's name when a call goes to the front-end servers."""

_NEVER_AGAIN = frozenset({401, 407, 486, 487, 600, 603, 604, 606})
"""The called party has spoken, or the next target would say the same."""

_DEFAULTS = Trunk(name=FRONT_END_POOL, targets=())
"""Front-end servers fail over like a trunk that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target, with all that an attempt at it must know."""

    side: Side
    trunk: str
    """The trunk's name, or FRONT_END_POOL."""
    target: Target
    listener: Listener
    """The one of ours that speaks the target's transport and address family."""
    capabilities: Capabilities
    no_progress_s: float
    """Without a response above 100 for so long, the next candidate gets the call."""
    failover_codes: frozenset[int]

    def may_leave(self, status: int) -> bool:
        """Whether this final response sends the call to the next candidate (RFC 3261 section 21.5.4)."""
        return status in self.failover_codes and status not in _NEVER_AGAIN and status < 600


class Routing:
    """The routes of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._routes: tuple[tuple[Pattern, tuple[Trunk, ...]], ...] = tuple(
            (compile_pattern(route.match), tuple(settings.trunk(name) for name in route.trunks))
            for route in settings.routes
        )
        self._to_front_end = self._front_end_candidates(settings.internal)

    def candidates(self, source: Source, called: str) -> tuple[Candidate, ...]:
        """Targets for a call, in order; empty: no route. The same peer under two trunks is tried once."""
        if not called:
            return ()  # a URI without a user calls nobody, whatever the patterns say
        if source.side is Side.GATEWAY:
            return self._to_front_end
        for pattern, trunks in self._routes:
            if pattern.matches(called):
                found: dict[tuple[str, tuple[str, int]], Candidate] = {}
                for trunk in trunks:
                    for candidate in self._trunk_candidates(trunk):
                        target = candidate.target
                        found.setdefault((target.transport, target.endpoint), candidate)
                return tuple(found.values())
        return ()

    def _trunk_candidates(self, trunk: Trunk) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(
                side=Side.GATEWAY,
                trunk=trunk.name,
                target=target,
                listener=listener,
                capabilities=Capabilities(
                    tuple(str(law) for law in trunk.codecs), trunk.telephone_event, trunk.ptime_ms
                ),
                no_progress_s=trunk.no_progress_s,
                failover_codes=frozenset(trunk.failover_codes),
            )
            for target in trunk.targets
            if (listener := listener_for(target, self._settings.gateway.listen)) is not None
        )

    def _front_end_candidates(self, internal: Internal) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(
                side=Side.FRONT_END,
                trunk=FRONT_END_POOL,
                target=target,
                listener=listener,
                capabilities=Capabilities(
                    tuple(str(law) for law in internal.codecs), internal.telephone_event, internal.ptime_ms
                ),
                no_progress_s=_DEFAULTS.no_progress_s,
                failover_codes=frozenset(_DEFAULTS.failover_codes),
            )
            for target in internal.targets
            if (listener := listener_for(target, internal.listen)) is not None
        )


def listener_for(target: Target, listeners: tuple[Listener, ...]) -> Listener | None:
    """The first listener that speaks the target's transport and address family; None: it cannot be reached."""
    for listener in listeners:
        if listener.transport is target.transport and (":" in listener.host) == (":" in target.host):
            return listener
    return None
