"""Usages: which routes the calls of a site or of a trunk may go by, and in which order.

There, each caller's policy names usages. Here, callers are known by their sites: the policy of a site becomes the
site's usages, that of all sets the order of routes, and what single users have is told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mediation.importing.exported import as_text
from mediation.importing.reading import Item, Kind
from mediation.importing.rule_text import is_unread, words_of
from mediation.importing.sites import Sites
from mediation.importing.telling import Told
from mediation.importing.topology import GLOBAL, scope_of, trunk_name


def usages_of(item: Item) -> Iterator[str]:
    """The usages that a route, a policy or a trunk configuration has, in their order."""
    yield from (as_text(word) for word in words_of(item.found.get("PstnUsages")).items)


def subject_of(policy: Item | None) -> str:
    """What a policy is called where something is told of it."""
    return f"voice policy {'' if policy is None else policy.identity or 'Global'}"


class Usages:
    """The usages of the routes that were taken over, each under one name."""

    def __init__(self) -> None:
        self._names: Final[dict[str, str]] = {}
        self._taken: Final[set[str]] = set()

    def of_route(self, titles: Iterable[str]) -> list[str]:
        """As ours are called."""
        return list(dict.fromkeys(self._name(title) for title in titles))

    def known(self, titles: Iterable[str]) -> tuple[list[str], list[str]]:
        """As ours are called, for those that a route has; and those that none has."""
        given = list(dict.fromkeys(titles))
        names = (self._names.get(title.lower()) for title in given)
        return list(filter(None, names)), [title for title in given if title.lower() not in self._names]

    def all(self) -> frozenset[str]:
        """Those of all routes."""
        return frozenset(self._names.values())

    def _name(self, title: str) -> str:
        if title.lower() not in self._names:
            self._names[title.lower()] = trunk_name(title, self._taken)
        return self._names[title.lower()]


@dataclass(frozen=True, slots=True)
class Policies:
    """The voice policies of an export."""

    general: Item | None
    """That of all who have none of their own."""
    of_sites: tuple[Item, ...]
    leading: Item | None
    """The one that sets the order of routes; None: there is no policy."""

    def order(self) -> list[str]:
        """Usages in the order in which routes are asked, in small letters: those of the leading policy, then others."""
        found = () if self.leading is None else (self.leading, *self.of_sites)
        return list(dict.fromkeys(usage.lower() for item in found for usage in usages_of(item)))


def policies_of(items: Sequence[Item], told: Told) -> Policies:
    """Sort the policies by whom they are for, and tell which cannot be had."""
    given = [item for item in items if item.kind is Kind.POLICY]
    general = next((each for each in given if scope_of(each.identity) == GLOBAL), None)
    of_sites = tuple(each for each in given if scope_of(each.identity).kind == "site")
    leading = general or next(iter((*of_sites, *given)), None)
    for each in given:
        if each not in (general, leading, *of_sites):
            message = "a policy of single users: here, a call goes by the usages of its site, whoever calls"
            told.lost(each.place, subject_of(each), message, "look whether its usages allow less")
        elif words_of(each.found.get("PstnUsages")).cut or is_unread(each.found.get("PstnUsages")):
            told.lost(each.place, subject_of(each), "its usages were not written whole")
    return Policies(general, of_sites, leading)


def give_sites_usages(policies: Policies, usages: Usages, sites: Sites, told: Told) -> None:
    """Give each site the usages of its policy, and of the general one where it has none and that allows less."""
    order = policies.order()
    for item in policies.of_sites:
        subject = subject_of(item)
        site = sites.named(item.identity.partition(":")[2])
        site.usages, without = usages.known(usages_of(item))
        if without:
            told.note(item.place, subject, f"no route has the usage {', '.join(without)[:200]}")
        if not site.usages:
            message = "its users could call nobody outside, which a site cannot say here"
            told.lost(item.place, subject, message, "give the site a usage of a route that leads nowhere")
            continue
        message = "whose calls go by its voice policy the export does not say"
        told.fill_in(item.place, f"site.{site.name}", message, "set numbers or networks")
        ranks = [order.index(usage.lower()) for usage in usages_of(item)]
        if ranks != sorted(ranks):
            message = (
                f"routes are asked in one order for all, which is that of {subject_of(policies.leading)}"
            )
            told.lost(item.place, subject, message, "compare the order of its usages")
    if policies.general is None or not policies.of_sites:
        return
    allowed, _ = usages.known(usages_of(policies.general))
    beyond = usages.all() - set(allowed)
    if not beyond:
        return
    for site in sites:
        if not site.usages and allowed:
            site.usages = allowed
    told.lost(
        policies.general.place,
        subject_of(policies.general),
        f"calls that belong to no site go by the usages {', '.join(sorted(beyond))[:200]} as well",
        "give every site numbers or networks",
    )
