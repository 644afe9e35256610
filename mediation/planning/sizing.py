"""How large a trunk must be, which of those on offer it should be, and what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mediation.planning.erlang import channels_for
from mediation.planning.model import Connection, Link, Offer, Plan, Site
from mediation.rtp.bandwidth import calls_within, formula_kbps, wire_kbps

_RANK: Final = {Connection.INTERNET: 0, Connection.MPLS: 1, Connection.PRIVATE: 2}
"""The higher, the more calls it is good for."""


@dataclass(frozen=True, slots=True)
class TrunkUse:
    """A trunk that is taken."""

    offer: Offer
    site: str
    countries: tuple[str, ...]
    """Whose numbers it has."""
    channels: int
    formula_kbps: float
    """All channels busy, one direction, by the published formula."""
    wire_kbps: float
    """The same by the octets on the wire."""
    price: float
    suits: bool
    """Whether its connection is good for its size."""


@dataclass(frozen=True, slots=True)
class LinkUse:
    """What voice takes of a link."""

    link: Link
    calls: int
    """Most at a time."""
    formula_kbps: float
    wire_kbps: float
    price: float

    @property
    def fits(self) -> bool:
        """Whether the link has room for it."""
        return self.wire_kbps <= self.link.voice_kbps


class Sizes:
    """Sizes trunks and links of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._target = plan.aims.blocking_percent / 100
        self._links: dict[tuple[tuple[str, str], int], LinkUse] = {}
        self._taken: dict[tuple[str, tuple[tuple[str, float], ...]], tuple[TrunkUse, ...] | None] = {}

    def channels(self, erlang: float) -> int:
        """The channels that a traffic needs."""
        return channels_for(round(erlang, 9), self._target)

    def connection_for(self, channels: int) -> Connection:
        """The least connection that is good for so many channels."""
        fit = self._plan.fit
        if channels <= fit.internet_channels:
            return Connection.INTERNET
        return Connection.MPLS if channels <= fit.mpls_channels else Connection.PRIVATE

    def suits(self, connection: Connection, channels: int) -> bool:
        """Whether a connection is good for so many channels; a better one than needed is."""
        return _RANK[connection] >= _RANK[self.connection_for(channels)]

    def may_carry(self, offer: Offer, at: Site, country: str) -> bool:
        """Whether calls of a country may use this trunk at this site."""
        if not offer.offered_at(at) or not offer.brings(country):
            return False
        return not self._plan.is_local(country) or offer.country == at.country == country

    def link_use(self, link: Link, erlang: float) -> LinkUse:
        """What a traffic takes of a link."""
        key = link.sites, self.channels(erlang)
        if key not in self._links:
            self._links[key] = self._link_use(link, key[1])
        return self._links[key]

    def _link_use(self, link: Link, calls: int) -> LinkUse:
        packets = self._plan.audio.packets(link.vpn)
        wire = wire_kbps(calls, packets)
        formula = formula_kbps(calls, ptime_ms=packets.ptime_ms, codec=packets.codec)
        return LinkUse(link, calls, formula, wire, link.price_of(wire))

    def trunks(self, at: Site, erlang: Mapping[str, float]) -> tuple[TrunkUse, ...] | None:
        """The trunks that a site should take for the traffic of these countries; None: there are none for it."""
        wanted = tuple(sorted((country, round(each, 9)) for country, each in erlang.items() if each > 0))
        key = at.name, wanted
        if key not in self._taken:
            self._taken[key] = self._chosen(at, wanted)
        return self._taken[key]

    def _chosen(self, at: Site, wanted: Sequence[tuple[str, float]]) -> tuple[TrunkUse, ...] | None:
        """All countries on the same trunks, or each on its own: whichever is better."""
        if not wanted:
            return ()
        offers = tuple(offer for offer in self._plan.offers if offer.offered_at(at))
        ways = [way for way in (self._group(at, wanted, offers), self._apart(at, wanted, offers)) if way]
        return min(ways, key=_rank, default=None)

    def _apart(
        self, at: Site, wanted: Sequence[tuple[str, float]], offers: tuple[Offer, ...]
    ) -> tuple[TrunkUse, ...] | None:
        """Trunks for each country alone, the one with most traffic choosing first."""
        taken: list[TrunkUse] = []
        for each in sorted(wanted, key=lambda each: (-each[1], each[0])):
            used = {use.offer.name for use in taken}
            group = self._group(at, (each,), tuple(offer for offer in offers if offer.name not in used))
            if group is None:
                return None
            taken += group
        return tuple(taken)

    def _group(
        self, at: Site, wanted: Sequence[tuple[str, float]], choice: tuple[Offer, ...]
    ) -> tuple[TrunkUse, ...] | None:
        """One trunk if it is large enough, else several that overflow into each other."""
        countries = tuple(country for country, _ in wanted)
        channels = self.channels(sum(erlang for _, erlang in wanted))
        offers = [
            offer for offer in choice if all(self.may_carry(offer, at, country) for country in countries)
        ]
        whole = [
            (self._use(offer, at, countries, channels),)
            for offer in offers
            if self._room(offer, channels) == channels
        ]
        if whole:
            return min(whole, key=_rank)
        taken: list[TrunkUse] = []
        while channels and offers:
            uses = [
                self._use(offer, at, countries, room)
                for offer in offers
                if (room := self._room(offer, channels))
            ]
            if not uses:
                return None
            best = min(uses, key=lambda use: (not use.suits, use.price / use.channels, use.offer.name))
            taken.append(best)
            offers = [offer for offer in offers if offer is not best.offer]
            channels -= best.channels
        return None if channels else tuple(taken)

    def _room(self, offer: Offer, channels: int) -> int:
        room = min(channels, offer.max_channels) if offer.max_channels else channels
        if offer.capacity_kbps:
            room = min(room, calls_within(offer.capacity_kbps, self._plan.audio.packets(offer.vpn)))
        return room

    def _use(self, offer: Offer, at: Site, countries: tuple[str, ...], channels: int) -> TrunkUse:
        packets = self._plan.audio.packets(offer.vpn)
        wire = wire_kbps(channels, packets)
        return TrunkUse(
            offer=offer,
            site=at.name,
            countries=countries,
            channels=channels,
            formula_kbps=formula_kbps(channels, ptime_ms=packets.ptime_ms, codec=packets.codec),
            wire_kbps=wire,
            price=offer.price + channels * offer.price_per_channel + wire * offer.price_per_kbps,
            suits=self.suits(offer.connection, channels),
        )


def _rank(uses: tuple[TrunkUse, ...]) -> tuple[int, float, str]:
    unfit = sum(not use.suits for use in uses)
    return unfit, sum(use.price for use in uses), " ".join(use.offer.name for use in uses)
