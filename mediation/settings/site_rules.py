"""Rules about sites: that they exist, differ and lie where their laws need them to lie."""

from collections.abc import Iterator

from mediation.settings.draft import EACH, Draft
from mediation.settings.faults import did_you_mean
from mediation.settings.positions import Path
from mediation.settings.problems import Fault


def broken_site_rules(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with the sites, and with who stands at them."""
    yield from _trunks_name_sites(draft)
    yield from _beginnings_differ(draft)
    yield from _bound_to_a_country(draft)
    yield from _bound_sites_have_a_way(draft)


def _trunks_name_sites(draft: Draft) -> Iterator[Fault]:
    names = [name for _, name in draft.each(("site", EACH, "name"), str)]
    if any(fault[0] == "site" and (len(fault) < 3 or fault[2] == "name") for fault in draft.faulty):
        return  # the one that is named may be among those that could not be read
    for path, name in draft.each(("trunk", EACH, "site"), str):
        if name and name not in names:
            listed = ", ".join(f'"{each}"' for each in names)
            remedy = did_you_mean(name, names) or (f"there are {listed}" if listed else "add a [[site]]")
            yield Fault(path, f'there is no site "{name}"', remedy)


def _beginnings_differ(draft: Draft) -> Iterator[Fault]:
    """A user is at one site."""
    first: dict[str, Path] = {}
    for path, start in draft.each(("site", EACH, "numbers", EACH), str):
        if start in first:
            yield Fault(path, f"{start} is given twice", "remove one of them", related=first[start])
        first.setdefault(start, path)


def _bound_to_a_country(draft: Draft) -> Iterator[Fault]:
    for path, bound in draft.each(("site", EACH, "bound"), bool):
        site = path[:-1]
        if bound and draft.value((*site, "country"), str) == "":
            yield Fault(
                path, "the site is bound to a country that is not named", 'add country = "DE" or like'
            )
        if bound and all(draft.value((*site, key), tuple) == () for key in ("numbers", "networks")):
            message = "no call belongs to this site: neither numbers nor networks are given"
            yield Fault(path, message, "add numbers or networks")


def _bound_sites_have_a_way(draft: Draft) -> Iterator[Fault]:
    """No route can lead such a site's calls out of its country; one that leads nowhere inside refuses them all."""
    countries = _countries(draft)
    if countries is None:
        return
    for path, bound in draft.each(("site", EACH, "bound"), bool):
        country = draft.value((*path[:-1], "country"), str)
        if not bound or not country:
            continue
        inside = {name for name, where in countries.items() if where == country}
        if not inside:
            message = f"no trunk stands at a site in {country}: every call of this site would be refused"
            yield Fault(path, message, "give a trunk there this site, or one in the same country")
            continue
        for route, trunks in draft.each(("route", EACH, "trunks"), tuple):
            if draft.sound(route) and not inside.intersection(trunks):
                message = f"none of these trunks is in {country}: calls of a site that is bound to it are refused here"
                yield Fault(route, message, f"add one of {', '.join(sorted(inside))}", related=path)


def _countries(draft: Draft) -> dict[str, str] | None:
    """The country of each trunk, by its name; None where that cannot be known for all."""
    lies_in: dict[str, str] = {"": ""}
    for path, name in draft.each(("site", EACH, "name"), str):
        country = draft.value((*path[:-1], "country"), str)
        if country is None:
            return None
        lies_in[name] = country
    found: dict[str, str] = {}
    for path, name in draft.names():
        site = draft.value((*path[:-1], "site"), str)
        if site is None:
            return None
        found[name] = lies_in.get(site, "")
    return found
