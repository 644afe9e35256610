"""Centralized or distributed: for each site whose trunks it should use, and why.

Some sites have no choice: a country whose calls must leave in the country, a site that must survive its links, a
place that no link or no trunk reaches. For the others money decides. What a site costs depends on the others, since
traffic that is put together needs fewer channels: so the sites are gone through in turn, each taking what is cheapest
with all others as they are, until nobody changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from mediation.planning.model import Plan, Site
from mediation.planning.network import Network, Outcome
from mediation.planning.sizing import Sizes

MAX_ROUNDS: Final = 10
"""Of going through all sites; two are the rule."""


class Role(StrEnum):
    """What a site is in the plan."""

    CENTRAL = "central"
    CENTRALIZED = "centralized"
    DISTRIBUTED = "distributed"
    UNSERVED = "unserved"


class Why(StrEnum):
    """What has decided."""

    CENTRAL = "central"
    ALONE = "alone"
    """There is no central site at all."""
    LOCALITY = "locality"
    SURVIVABILITY = "survivability"
    NO_WAY = "no-way"
    """No link leads to a central site."""
    COUNTRY = "country"
    """No central site has a trunk for its numbers."""
    NO_LOCAL_TRUNK = "no-local-trunk"
    CAPACITY = "capacity"
    """A link or a trunk is too small."""
    SIZE = "size"
    """The cheaper way has a connection that is not good for so many calls."""
    COST = "cost"
    NOTHING = "nothing"
    """Neither way is open."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one site should do, and why."""

    role: Role
    home: str
    """The site whose trunks it uses: itself, or a central one. Empty: none."""
    backup: str
    """The central site that takes its calls when its home has failed. Empty: none."""
    why: Why
    reasons: tuple[str, ...]
    """Sentences, the one that has decided first."""
    local_price: float | None
    """What trunks of its own add to the month's price; None: it cannot have any."""
    central_price: float | None
    """What using a central site adds; None: it cannot."""


class Chooser:
    """Finds a home for each site of a plan."""

    def __init__(self, plan: Plan, sizes: Sizes, network: Network) -> None:
        self._plan = plan
        self._sizes = sizes
        self._network = network
        self.homes: dict[str, str] = {}
        for site in plan.sites:
            if (home := self._first(site)) is not None:
                self.homes[site.name] = home
        self._settle()
        self.outcome: Outcome = self._network.outcome(self.homes)
        """What all the homes take together."""

    def decision(self, site: Site) -> Decision:
        """What a site does, with the reasons and both prices."""
        home = self.homes.get(site.name, "")
        backup = self._network.backup(site.name, home) if home in self._network.central else None
        local, central = self._prices(site)
        why, first = self._why(site, home, local, central)
        role = Role.CENTRAL if site.central else Role.DISTRIBUTED if home == site.name else Role.CENTRALIZED
        return Decision(
            role=role if home else Role.UNSERVED,
            home=home,
            backup=backup or "",
            why=why,
            reasons=(first, *self._further(site, home, backup, why, local, central)),
            local_price=local,
            central_price=central,
        )

    def _first(self, site: Site) -> str | None:
        """Where a site begins: at a central one, if it may."""
        if site.central:
            return site.name
        options = self._options(site)
        return options[0] if options else None

    def _options(self, site: Site) -> list[str]:
        """The homes that a site may have at all: central ones, the nearest first, then itself."""
        own = [site.name] if self._has_local(site) else []
        if site.central or (site.survivable and own):
            return own
        ways = {name: self._network.way(site.name, name) for name in self._centres(site)}
        near = sorted((len(way), name) for name, way in ways.items() if way is not None)
        return [*(name for _, name in near), *own]

    def _centres(self, site: Site) -> Iterator[str]:
        """The central sites that have a trunk for a site's calls, reached or not."""
        return (name for name in self._network.central if self._network.may_serve(name, site.country))

    def _has_local(self, site: Site) -> bool:
        erlang = self._network.erlang[site.name]
        return self._sizes.trunks(site, {site.country: erlang or 1.0}) is not None

    def _settle(self) -> None:
        choices = {site.name: self._options(site) for site in self._plan.sites}
        for _ in range(MAX_ROUNDS):
            before = dict(self.homes)
            for name, options in choices.items():
                if len(options) > 1:
                    self.homes[name] = min(options, key=partial(self._rank, name))
            if self.homes == before:
                return

    def _rank(self, name: str, home: str) -> tuple[int, int, float, bool]:
        """How good a home is for a site, all others staying as they are; at the same price the centre is."""
        return (*self._network.outcome({**self.homes, name: home}).rank, home == name)

    def _prices(self, site: Site) -> tuple[float | None, float | None]:
        """What a site adds to the price with trunks of its own, and with a central site."""
        if site.central:
            return None, None
        rest = {name: home for name, home in self.homes.items() if name != site.name}
        without = self._network.outcome(rest)

        def added(home: str) -> float | None:
            found = self._network.outcome({**rest, site.name: home})
            return found.price - without.price if len(found.lacking) <= len(without.lacking) else None

        local = added(site.name) if self._has_local(site) else None
        ways = [
            price
            for name in self._centres(site)
            if self._network.way(site.name, name) is not None and (price := added(name)) is not None
        ]
        return local, min(ways, default=None)

    def _why(self, site: Site, home: str, local: float | None, central: float | None) -> tuple[Why, str]:
        """What has decided, and the sentence that says so."""
        if site.central:
            others = [name for name in self._network.central if name != site.name]
            told = f"It is a central site, as {_listed(others)} is." if others else "It is the central site."
            return Why.CENTRAL, told
        if not home:
            blocked = self._blocked(site)
            cause = f"; {blocked[1]}" if blocked is not None else ""
            return Why.NOTHING, f"No trunk is on offer here for numbers of {site.country}{cause}."
        if home == site.name:
            return self._why_own(site, local, central)
        return self._why_centre(site, home, local, central)

    def _why_own(self, site: Site, local: float | None, central: float | None) -> tuple[Why, str]:
        if not self._network.central:
            return Why.ALONE, "No site is central: each has trunks of its own."
        if (blocked := self._blocked(site)) is not None:
            why, told = blocked
            return why, f"{told[0].upper()}{told[1:]}."
        if site.survivable:
            told = "It must telephone when its links are cut, which takes a trunk of its own."
            return Why.SURVIVABILITY, told
        if central is None:
            return Why.CAPACITY, "What leads to the central sites is too small for its calls."
        own, there = self._money(local), self._money(central)
        if local is not None and local > central:
            return Why.SIZE, f"No trunk on offer at a central site fits the size: {own} against {there}."
        return Why.COST, f"Its own trunk is cheaper: {own} against {there}."

    def _why_centre(
        self, site: Site, home: str, local: float | None, central: float | None
    ) -> tuple[Why, str]:
        if not self._has_local(site):
            told = f"No trunk is on offer here that has room for its calls: {home} carries them."
            return Why.NO_LOCAL_TRUNK, told
        if local is None:
            return Why.CAPACITY, f"Trunks of its own are too small: {home} carries its calls."
        own, there = self._money(local), self._money(central)
        if central is None or local < central:
            return Why.SIZE, f"No trunk on offer here fits its size: {own} against {there} for {home}."
        told = f"{there} for channels at {home} and the wide-area link, against {own} for a trunk of its own"
        return Why.COST, f"The centre is cheaper: {told}."

    def _blocked(self, site: Site) -> tuple[Why, str] | None:
        """Why no central site may carry a site's calls; None: one may."""
        centres = list(self._centres(site))
        if not centres and self._plan.is_local(site.country):
            words = [
                each.reason for each in self._plan.localities if each.country == site.country and each.reason
            ]
            told = (
                f"calls of {site.country} must leave in {site.country}, and no central site there has a trunk"
            )
            return Why.LOCALITY, f"{told} ({words[0].rstrip('.')})" if words else told
        if not centres:
            return Why.COUNTRY, f"no central site has a trunk for numbers of {site.country}"
        if all(self._network.way(site.name, name) is None for name in centres):
            return Why.NO_WAY, f"no link leads to {_listed(centres, 'or')}"
        return None

    def _further(
        self,
        site: Site,
        home: str,
        backup: str | None,
        why: Why,
        local: float | None,
        central: float | None,
    ) -> Iterator[str]:
        """What else there is to know of a site."""
        if site.central and backup is not None:
            room = "" if self.outcome.unprotected else ", and has the room"
            yield f"When its trunks or servers fail, {backup} carries its calls{room}."
            yield from self._spare(site)
        elif home in self._network.central and backup is not None:
            yield f"When {home} has failed, {backup} carries its calls."
        elif home in self._network.central:
            yield f"When {home if home != site.name else 'it'} has failed, nobody carries its calls."
        if why is Why.SURVIVABILITY and central is not None and local is not None:
            dearer = f"{self._money(local)} against {self._money(central)} through a central site"
            yield f"That costs {dearer}."
        if home == site.name and not site.central and self._network.central:
            helpers = [name for name in self._centres(site) if self._network.way(site.name, name) is not None]
            if helpers:
                yield f"When its trunk has failed, {_listed(helpers, 'or')} can carry what there is room for."
        if site.survivable and home != site.name:
            yield "It should survive its links, and cannot: no trunk is on offer here."

    def _spare(self, site: Site) -> Iterator[str]:
        """How much of a central site's trunks is for the day when another one has failed."""
        users = [name for name, home in self.homes.items() if home == site.name]
        usual = self._sizes.channels(sum(self._network.erlang[name] for name in users))
        channels = sum(use.channels for use in self.outcome.trunks.get(site.name, ()))
        if channels > usual:
            yield f"Of its {channels:,} channels a usual day takes {usual:,}; the rest is for another site's calls."

    def _money(self, price: float | None) -> str:
        if price is None:
            return "nothing that works"
        return f"{price:,.2f} {self._plan.aims.currency} a month"


def _listed(names: list[str], word: str = "and") -> str:
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last
