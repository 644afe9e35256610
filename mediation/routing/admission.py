"""Who may call: a source is known by where it speaks from and to which interface, or by the name that its certificate
bears, never by what it says.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mediation.routing.bearers import Bearers, is_target
from mediation.routing.directory import Directory, Holder, holders
from mediation.routing.sites import Sites
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.places import Network, addresses
from mediation.settings.trunks import Site, Trunk
from mediation.sip.flow import Endpoint, Flow, Transport


@dataclass(frozen=True, slots=True)
class Source:
    """A peer that is allowed to speak to us."""

    side: Side
    trunk: Trunk | None
    """Its trunk; None for a front-end server."""
    calls: bool
    """Whether it may begin calls. A target that is not trusted only answers ours and speaks within their dialogs."""
    sites: tuple[Site, ...] = ()
    """Where its calls belong to. See `routing.sites`."""
    name: str = ""
    """The name in its certificate that it is known by; empty: it is known by its address."""

    def at(self, *sites: Site) -> "Source":
        """The same for a call that belongs to these sites as well."""
        new = tuple(site for site in sites if site not in self.sites)
        return replace(self, sites=(*self.sites, *new)) if new else self


_Door = tuple[Transport, Endpoint]
"""One of our listeners."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Somebody at an address."""

    network: Network
    doors: frozenset[_Door]
    source: Source
    ports: frozenset[int]
    """Whence its datagrams come, where it is trusted as a target alone and has targets by UDP alone; else empty."""


class Admission:
    """The lists of trusted sources of one configuration."""

    _MOST_REMEMBERED = 4096
    """Known sources kept by address; strangers are never kept, so a flood of them costs no memory."""

    def __init__(self, settings: Settings, directory: Directory | None = None) -> None:
        """`directory` tells which addresses the targets have now; without one, names have none."""
        self._sides = {
            (listener.transport, listener.endpoint): side
            for side in Side
            for listener in settings.interface(side).listen
        }
        self._directory = Directory(settings) if directory is None else directory
        self._holders = tuple(holders(settings))
        self._bearers = Bearers(settings)
        self._sites = Sites(settings)
        self._revision = -1
        self._peers: dict[Side, list[_Entry]] = {}
        self._known: dict[tuple[_Door, str], Source] = {}
        self._proved: dict[int, Source] = {}
        """Who has shown a name, by the connection."""

    def _list_anew(self) -> None:
        """The first entry that holds an address decides: those who may call, then those who may only answer.

        Who was a target once may still answer: its calls may be up.
        """
        self._revision = self._directory.revision
        self._known.clear()
        self._peers = {side: [] for side in Side}
        for calls in (True, False):
            for holder in self._holders:
                networks = self._callers(holder) if calls else addresses(self._directory.known(holder.name))
                source = _source(holder, calls=calls)
                doors = frozenset((each.transport, each.endpoint) for each in holder.listeners)
                self._peers[holder.side] += [
                    _Entry(network, doors, source, self._ports(holder, network)) for network in networks
                ]

    def _callers(self, holder: Holder) -> tuple[Network, ...]:
        if is_target(holder):
            return addresses(self._directory.sought(holder.name))
        # where there are names, an address that is written says nothing without one
        return () if holder.peer.trusted_names else holder.peer.trusted

    def _ports(self, holder: Holder, network: Network) -> frozenset[int]:
        if not is_target(holder):
            return frozenset()
        there = [each for each in self._directory.known(holder.name) if addresses((each,)) == (network,)]
        by_udp = all(each.transport is Transport.UDP for each in there)
        return frozenset(each.port for each in there if by_udp)

    def side_of(self, flow: Flow) -> Side | None:
        """Which interface a flow belongs to."""
        return self._sides.get((flow.transport, flow.local))

    def may_prove(self, flow: Flow) -> bool:
        """Whether somebody from an address that is nobody's may show a certificate there."""
        return bool(self._bearers.names(flow))

    def proved(self, flow: Flow, shown: Collection[str]) -> Source | None:
        """A connection stands whose other end has shown a certificate with these names: who it is by them.

        None: nobody, and its address says who it is, as far as it does.
        """
        found = self._bearers.who(flow, shown)
        if found is None or flow.connection is None:
            return None
        holder, name = found
        source = self._placed(replace(_source(holder, calls=True), name=name), flow.remote[0])
        self._proved[flow.connection] = source
        return source

    def forget(self, flow: Flow) -> None:
        """That connection is gone."""
        if flow.connection is not None:
            self._proved.pop(flow.connection, None)

    def identify(self, flow: Flow) -> Source | None:
        """Who speaks; None: a stranger."""
        if self._proved and (proved := self._proved.get(flow.connection or 0)) is not None:
            return proved
        side = self.side_of(flow)
        if side is None:
            return None
        if self._revision != self._directory.revision:
            self._list_anew()
        door, host = (flow.transport, flow.local), flow.remote[0]
        source = self._known.get((door, host))
        if source is None:
            found = self._look_up(side, door, host)
            if not found:
                return None
            source, told_apart = _by_port(found, flow)
            source = self._placed(source, host)
            if not told_apart and len(self._known) < self._MOST_REMEMBERED:
                self._known[door, host] = source
        return source

    def _look_up(self, side: Side, door: _Door, host: str) -> list[_Entry]:
        """Who may call from an address, or else the first who may speak from there."""
        address = ip_address(host)
        found: list[_Entry] = []
        for entry in self._peers[side]:
            network = entry.network
            if door in entry.doors and address in network:
                if not entry.source.calls:
                    return found or [entry]
                found.append(entry)
        return found

    def _placed(self, source: Source, host: str) -> Source:
        return source if source.side is Side.GATEWAY else source.at(*self._sites.of_address(host))


def _source(holder: Holder, *, calls: bool) -> Source:
    return Source(holder.side, holder.peer if isinstance(holder.peer, Trunk) else None, calls=calls)


def _by_port(found: list[_Entry], flow: Flow) -> tuple[Source, bool]:
    """Of those at one address the first, unless the ports of their targets tell them apart; and whether they do.

    From another port, and by a connection, which comes from any, it may be either of them: so it begins no calls.
    """
    first, ports = found[0].source, [entry.ports for entry in found]
    told_apart = len(found) > 1 and all(ports) and len(frozenset[int]().union(*ports)) == sum(map(len, ports))
    if not told_apart:
        return first, False
    port = flow.remote[1] if flow.transport is Transport.UDP else 0
    exact = (entry.source for entry in found if port in entry.ports)
    return next(exact, replace(first, calls=False)), True
