"""To which sites a call belongs, and which trunks that leaves it.

By law some calls must leave through a trunk in their own country. So a call of a site that is bound gets no trunk
elsewhere, however it comes to need one: by its route, by failover, by a redirection, by a transfer.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address

from mediation.settings.model import Settings
from mediation.settings.places import Network
from mediation.settings.trunks import Site

_NOWHERE = Site(name="")

Distance = tuple[bool, bool]
"""Whether a trunk is elsewhere than at a site, and in another country; the less, the nearer."""


class Sites:
    """The sites of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._all = settings.sites
        by_name = {site.name: site for site in settings.sites}
        self._of_trunk = {trunk.name: by_name.get(trunk.site, _NOWHERE) for trunk in settings.trunks}
        self._starts = {start: site for site in settings.sites for start in site.numbers}
        self._longest = max(map(len, self._starts), default=0)

    def of_address(self, host: str) -> tuple[Site, ...]:
        """The sites in whose networks an address lies."""
        return self._around(host, lambda site: site.networks)

    def of_audio(self, host: str) -> tuple[Site, ...]:
        """The sites from which audio of an address comes."""
        return self._around(host, lambda site: (*site.networks, *site.media_networks))

    def _around(self, host: str, networks: Callable[[Site], Iterable[Network]]) -> tuple[Site, ...]:
        if not self._all:
            return ()
        address = ip_address(host)
        return tuple(site for site in self._all if any(address in net for net in networks(site)))

    def of_numbers(self, numbers: Iterable[str]) -> tuple[Site, ...]:
        """The sites whose users have these numbers: of each number, the one with the longest beginning that fits."""
        found: dict[str, Site] = {}
        for number in numbers if self._starts else ():
            for length in range(min(self._longest, len(number)), 0, -1):
                site = self._starts.get(number[:length])
                if site is not None:
                    found[site.name] = site
                    break
        return tuple(found.values())

    def permitted(self, trunks: Iterable[str], sites: tuple[Site, ...], *, urgent: bool = False) -> list[str]:
        """The trunks that calls of these sites may leave through, in the order that those want.

        `urgent`: a call for help leaves by any, those at the sites first and then those in their countries.
        """
        countries = {site.country for site in sites if site.bound}
        left = [name for name in trunks if urgent or countries <= {self._of_trunk[name].country}]
        return sorted(left, key=lambda name: self.distance(name, sites, urgent=urgent))

    def distance(self, trunk: str, sites: tuple[Site, ...], *, urgent: bool = False) -> Distance:
        """How far a trunk is from these sites, as far as that matters to the order of trunks."""
        at = {site.name for site in sites if site.local_first or urgent}
        place = self._of_trunk[trunk]
        return place.name not in at, urgent and place.country not in {site.country for site in sites}
