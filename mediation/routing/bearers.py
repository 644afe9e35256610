"""Peers that are known by the names in their certificates alone, wherever they call from (RFC 5922).

A branch on a mobile line and an ITSP behind addresses that change have nothing else to be known by. Where addresses
are written for such a peer (`trusted`), name and address must both be right.
"""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address

from mediation.routing.directory import Holder, holders
from mediation.settings.model import Settings
from mediation.settings.peers import OfTargets
from mediation.settings.places import Network
from mediation.sip.flow import Endpoint, Flow, Transport


@dataclass(frozen=True, slots=True)
class Bearer:
    """One of them."""

    holder: Holder
    names: frozenset[str]
    """In small letters; its certificate must bear one of them, compared whole."""
    networks: tuple[Network, ...]
    """Where it calls from; empty: from anywhere."""
    doors: frozenset[Endpoint]
    """Our listeners for TLS that it calls at."""

    def may_be(self, flow: Flow) -> bool:
        """Whether it may be who connects there, as far as that can be said before the handshake."""
        if flow.transport is not Transport.TLS or flow.local not in self.doors:
            return False
        if not self.networks:
            return True
        address = ip_address(flow.remote[0])
        return any(address in network for network in self.networks)


def is_target(holder: Holder) -> bool:
    """Whether somebody's addresses are those of its targets, and are not written."""
    return isinstance(holder.peer.trusted, OfTargets)


class Bearers:
    """Those of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._all = tuple(
            Bearer(
                holder,
                frozenset(name.lower() for name in holder.peer.trusted_names),
                () if is_target(holder) else holder.peer.trusted,
                frozenset(each.endpoint for each in holder.listeners if each.transport is Transport.TLS),
            )
            for holder in holders(settings)
            if holder.peer.trusted_names
        )

    def names(self, flow: Flow) -> frozenset[str]:
        """The names of which whoever connects there may show one; empty: none is of use."""
        return frozenset[str]().union(*(each.names for each in self._all if each.may_be(flow)))

    def who(self, flow: Flow, shown: Collection[str]) -> tuple[Holder, str] | None:
        """Whose certificate bears these names, and the one that tells so; None: nobody's."""
        for each in self._all:
            if each.may_be(flow) and (names := each.names.intersection(shown)):
                return each.holder, min(names)
        return None
