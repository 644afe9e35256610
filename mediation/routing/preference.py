"""In which order the targets of one call are tried, as they do at this moment."""

from collections.abc import Mapping, Sequence

from mediation.routing.directory import Draw
from mediation.routing.health import PARTS, Fitness
from mediation.routing.routes import Candidate
from mediation.routing.trunk import TrunkState


def preferred(
    candidates: Sequence[Candidate], trunks: Mapping[str, TrunkState], draw: Draw, now: float
) -> list[Candidate]:
    """The fit before those that are suspect, each kind in the order of the route.

    A target that comes back stands behind the fit ones in as many calls as it does not get a share of. One that is down
    is left out unless all are: then they are tried all the same; once it answers again it comes last. One that drains
    is always left out. What is near comes first for a call for help: see `Candidate.rank`.
    """

    def rank(candidate: Candidate) -> tuple[Fitness, int, Fitness, bool]:
        trunk = trunks[candidate.trunk]
        share = trunk.share(candidate.target, now)
        held_back = share < PARTS and draw(1, PARTS) > share
        return *candidate.rank(trunk.fitness(candidate.target)), held_back

    ranked = sorted(((rank(each), place) for place, each in enumerate(candidates)))
    worst = Fitness.RETURNING if ranked and ranked[0][0][0] < Fitness.RETURNING else Fitness.DOWN
    return [candidates[place] for (_, _, fitness, _), place in ranked if fitness <= worst]
