"""Sites and the links between them: who reaches whom, and what a choice of homes takes and costs.

A home is the site whose trunks a site uses: itself, or a central one. With two central sites and more, each is sized
for its own calls and for those that come to it when one of the others has failed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from mediation.planning.model import Link, Plan, Site
from mediation.planning.sizing import LinkUse, Sizes, TrunkUse

Homes = Mapping[str, str]
"""Each site's name, and the name of the site whose trunks it uses."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a choice of homes takes."""

    trunks: Mapping[str, tuple[TrunkUse, ...]]
    """By site."""
    links: tuple[LinkUse, ...]
    lacking: tuple[str, ...]
    """What cannot be had: no trunk, or no room on a link. Empty: everybody is served."""
    unprotected: tuple[str, ...]
    """What there is no room for when a central site has failed."""
    price: float

    @property
    def rank(self) -> tuple[int, int, float]:
        """The lower, the better: what is lacking, then trunks whose connection does not fit, then money."""
        unfit = sum(not use.suits for uses in self.trunks.values() for use in uses)
        return len(self.lacking), unfit, self.price


class Network:
    """The sites of one plan with their traffic."""

    def __init__(self, plan: Plan, sizes: Sizes, erlang: Mapping[str, float]) -> None:
        self.sites: Mapping[str, Site] = {site.name: site for site in plan.sites}
        self.central = tuple(site.name for site in plan.sites if site.central)
        self.erlang = erlang
        """Traffic of each site in its busy hour."""
        self._plan = plan
        self._sizes = sizes
        self._links: dict[str, list[tuple[str, Link]]] = defaultdict(list)
        for link in plan.links:
            one, other = link.sites
            self._links[one].append((other, link))
            self._links[other].append((one, link))
        self._backups: dict[tuple[str, str], str | None] = {}
        self._ways: dict[tuple[str, str | None], Mapping[str, tuple[Link, ...]]] = {}

    def way(self, site: str, to: str, *, without: str | None = None) -> tuple[Link, ...] | None:
        """The cheapest links from a site to another one, past a site that has failed; None: they are not joined."""
        key = site, without
        if key not in self._ways:
            self._ways[key] = self._ways_from(site, without)
        return self._ways[key].get(to)

    def may_serve(self, central: str, country: str) -> bool:
        """Whether a site has any trunk on offer that calls of a country may use."""
        at = self.sites[central]
        return any(self._sizes.may_carry(offer, at, country) for offer in self._plan.offers)

    def backup(self, site: str, home: str) -> str | None:
        """The central site that takes a site's calls when its home has failed; None: none can."""
        key = site, home
        if key not in self._backups:
            self._backups[key] = self._nearest_other(site, home)
        return self._backups[key]

    def _nearest_other(self, site: str, home: str) -> str | None:
        country = self.sites[site].country
        others = [
            (len(way), other)
            for other in self.central
            if other not in (home, site) and self.may_serve(other, country)
            # the people at the home itself are there still: its trunks and servers are what has failed
            if (way := self.way(site, other, without=None if site == home else home)) is not None
        ]
        return min(others)[1] if others else None

    def outcome(self, homes: Homes) -> Outcome:
        """What it takes that every site named uses the trunks of its home."""
        taken: dict[str, tuple[TrunkUse, ...]] = {}
        lacking: list[str] = []
        unprotected: list[str] = []
        usual = self._loads(homes, None)
        failures = [self._loads(homes, failed) for failed in self.central if len(self.central) > 1]
        for name in dict.fromkeys(homes.values()):
            at, normal = self.sites[name], usual.trunks[name]
            worst = max((loads.trunks[name] for loads in failures), key=_total, default=normal)
            uses = self._sizes.trunks(at, worst if _total(worst) > _total(normal) else normal)
            if uses is None and (uses := self._sizes.trunks(at, normal)) is not None:
                unprotected.append(
                    f"the trunks on offer at {name} have no room for the calls of another central site"
                )
            if uses is None:
                countries = " and ".join(sorted(country for country, each in normal.items() if each > 0))
                lacking.append(
                    f"no trunk on offer at {name} may carry and has room for the calls of {countries}"
                )
            taken[name] = uses or ()
        links = tuple(self._link_uses(usual, failures, lacking, unprotected))
        price = sum(use.price for uses in taken.values() for use in uses) + sum(use.price for use in links)
        return Outcome(taken, links, tuple(lacking), tuple(unprotected), price)

    def _link_uses(
        self, usual: "_Loads", failures: Iterable["_Loads"], lacking: list[str], unprotected: list[str]
    ) -> Iterator[LinkUse]:
        for link in self._plan.links:
            normal = usual.links[link.sites]
            worst = max([normal, *(loads.links[link.sites] for loads in failures)])
            if not worst:
                continue
            use = self._sizes.link_use(link, normal)
            between = " to ".join(link.sites)
            room = f"{link.voice_kbps:,.0f} kbps"
            if not use.fits:
                lacking.append(f"the link {between} needs {use.wire_kbps:,.0f} kbps and has {room} for voice")
            elif worst > normal:
                larger = self._sizes.link_use(link, worst)
                if larger.fits:
                    use = larger
                else:
                    need = f"{larger.wire_kbps:,.0f} kbps"
                    unprotected.append(
                        f"the link {between} needs {need} when a central site has failed and has {room}"
                    )
            yield use

    def _loads(self, homes: Homes, failed: str | None) -> "_Loads":
        loads = _Loads()
        for site, usual in homes.items():
            home: str | None = usual
            if home == failed and home is not None:
                home = self.backup(site, home)
            if home is None:
                continue
            loads.trunks[home][self.sites[site].country] += self.erlang[site]
            around = failed if site != failed else None
            for link in self.way(site, home, without=around) or ():
                loads.links[link.sites] += self.erlang[site]
        return loads

    def _ways_from(self, start: str, without: str | None) -> Mapping[str, tuple[Link, ...]]:
        """Dijkstra's algorithm: by the price of a kbps, then by the number of links, then by name."""
        found: dict[str, tuple[Link, ...]] = {}
        links: list[tuple[Link, ...]] = [()]
        waiting: list[tuple[float, int, str, int]] = [(0.0, 0, start, 0)]
        while waiting:
            price, hops, place, key = heappop(waiting)
            if place in found or place == without:
                continue
            found[place] = links[key]
            for other, link in self._links[place]:
                if other not in found:
                    heappush(waiting, (price + link.price_of(1.0), hops + 1, other, len(links)))
                    links.append((*links[key], link))
        return found


class _Loads:
    """Traffic on trunks and links in one situation."""

    def __init__(self) -> None:
        self.trunks: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        """By site and country."""
        self.links: dict[tuple[str, str], float] = defaultdict(float)


def _total(load: Mapping[str, float]) -> float:
    return sum(load.values())
