"""Which targets can take a call at all, as far as registration is concerned."""

from collections.abc import Iterable, Mapping

from mediation.routing.routes import Candidate
from mediation.routing.trunk import TrunkState


def registered_first(candidates: Iterable[Candidate], trunks: Mapping[str, TrunkState]) -> list[Candidate]:
    """Those whose trunk may be called now; within a trunk first the target that holds its registration.

    The order of the trunks stays.
    """
    ready = [candidate for candidate in candidates if trunks[candidate.trunk].is_registered]
    if all(trunks[candidate.trunk].standing is None for candidate in ready):
        return ready
    order: dict[str, int] = {}
    for candidate in ready:
        order.setdefault(candidate.trunk, len(order))
    return sorted(ready, key=lambda each: (order[each.trunk], not trunks[each.trunk].holds(each.target)))
