"""Who may call: a source is known by where it speaks from and to which interface, never by what it says."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

from mediation.routing.directory import Directory, Holder, holders
from mediation.routing.sites import Sites
from mediation.settings.model import Settings
from mediation.settings.peers import OfTargets, Side
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

    def at(self, *sites: Site) -> "Source":
        """The same for a call that belongs to these sites as well."""
        new = tuple(site for site in sites if site not in self.sites)
        return replace(self, sites=(*self.sites, *new)) if new else self


_Door = tuple[Transport, Endpoint]
"""One of our listeners."""


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
        self._sites = Sites(settings)
        self._revision = -1
        self._peers: dict[Side, list[tuple[Network, frozenset[_Door], Source]]] = {}
        self._known: dict[tuple[_Door, str], Source] = {}

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
                trunk = holder.peer if isinstance(holder.peer, Trunk) else None
                source = Source(holder.side, trunk, calls=calls)
                doors = frozenset((each.transport, each.endpoint) for each in holder.listeners)
                self._peers[holder.side] += [(network, doors, source) for network in networks]

    def _callers(self, holder: Holder) -> tuple[Network, ...]:
        if isinstance(holder.peer.trusted, OfTargets):
            return addresses(self._directory.targets(holder.name))
        return holder.peer.trusted

    def side_of(self, flow: Flow) -> Side | None:
        """Which interface a flow belongs to."""
        return self._sides.get((flow.transport, flow.local))

    def identify(self, flow: Flow) -> Source | None:
        """Who speaks; None: a stranger."""
        side = self.side_of(flow)
        if side is None:
            return None
        if self._revision != self._directory.revision:
            self._list_anew()
        door, host = (flow.transport, flow.local), flow.remote[0]
        source = self._known.get((door, host))
        if source is None:
            source = self._look_up(side, door, host)
            if source is not None and len(self._known) < self._MOST_REMEMBERED:
                self._known[door, host] = source
        return source

    def _look_up(self, side: Side, door: _Door, host: str) -> Source | None:
        address = ip_address(host)
        for network, doors, source in self._peers[side]:
            if door in doors and address.version == network.version and address in network:
                return source if side is Side.GATEWAY else source.at(*self._sites.of_address(host))
        return None
