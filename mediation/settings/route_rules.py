"""Rules about routes: trunks that exist, a weight for each of them, and usages that lead somewhere."""

from collections.abc import Iterator

from mediation.settings.draft import EACH, Draft
from mediation.settings.faults import did_you_mean
from mediation.settings.problems import Fault


def broken_route_rules(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with the routes, and with who is to go by them."""
    yield from _routes_name_trunks(draft)
    yield from _a_weight_for_each_trunk(draft)
    yield from _usages_lead_somewhere(draft)


def _routes_name_trunks(draft: Draft) -> Iterator[Fault]:
    names = [name for _, name in draft.names()]
    if any(fault[0] == "trunk" and (len(fault) < 3 or fault[2] == "name") for fault in draft.faulty):
        return  # the one that is named may be among those that could not be read
    for path, name in draft.each(("route", EACH, "trunks", EACH), str):
        if name not in names:
            listed = ", ".join(f'"{each}"' for each in names)
            remedy = did_you_mean(name, names) or (f"there are {listed}" if listed else "add a [[trunk]]")
            yield Fault(path, f'there is no trunk "{name}"', remedy)


def _a_weight_for_each_trunk(draft: Draft) -> Iterator[Fault]:
    for path, weights in draft.each(("route", EACH, "weights"), tuple):
        trunks = draft.value((*path[:-1], "trunks"), tuple)
        if trunks is not None and draft.sound(path) and weights and len(weights) != len(trunks):
            message = f"the weights are {len(weights)}, and the trunks {len(trunks)}"
            yield Fault(path, message, "write one for each trunk, or []", related=(*path[:-1], "trunks"))


def _usages_lead_somewhere(draft: Draft) -> Iterator[Fault]:
    """A word that no route has is a slip, and calls that should leave would not."""
    if not draft.sound(("route",)):
        return
    known = {usage for _, usage in draft.each(("route", EACH, "usages", EACH), str)}
    for holder in ("trunk", "site"):
        for path, usage in draft.each((holder, EACH, "usages", EACH), str):
            if usage not in known:
                listed = ", ".join(f'"{each}"' for each in sorted(known))
                remedy = did_you_mean(usage, known) or (
                    f"there are {listed}" if listed else "add usages to a [[route]]"
                )
                yield Fault(path, f'no route has the usage "{usage}"', remedy)
