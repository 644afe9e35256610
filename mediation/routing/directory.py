"""Where the targets of each trunk are at this moment: those that the file has by address, and what names stand for.

Names are looked up elsewhere (`b2bua.finding`); whoever needs to know who a peer is asks here, at the moment of asking.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address
from typing import Final

from mediation.settings.model import Settings
from mediation.settings.peers import Internal, Side
from mediation.settings.places import AnyTarget, Listener, NamedTarget, Target
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Transport
from mediation.sip.locating import Kind, Service, in_order

FRONT_END_POOL = "front-end"
"""What stands for a trunk's name when a call goes to the front-end servers."""
_BROADCAST: Final = IPv4Address("255.255.255.255")
MOST_FORMER: Final = 256
"""Former addresses of one trunk that are remembered, for calls that are up."""
MOST_CONNECTED: Final = 16
"""Connections that one trunk keeps open and is called by."""

Draw = Callable[[int, int], int]
"""A whole number from the first to the second, both included: chance comes from outside."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has targets: a trunk, or the front-end servers."""

    name: str
    side: Side
    peer: Trunk | Internal
    listeners: tuple[Listener, ...]

    @property
    def doors(self) -> list[tuple[Transport, Kind]]:
        """The transports that we speak to it, each with its family of addresses."""
        kinds = [(each.transport, Kind.AAAA if ":" in each.host else Kind.A) for each in self.listeners]
        return list(dict.fromkeys(kinds))


def holders(settings: Settings) -> Iterator[Holder]:
    """Everybody who has targets."""
    yield Holder(FRONT_END_POOL, Side.FRONT_END, settings.internal, settings.internal.listen)
    for trunk in settings.trunks:
        yield Holder(trunk.name, Side.GATEWAY, trunk, settings.listeners_of(trunk))


class Directory:
    """The targets of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._given: Mapping[str, tuple[AnyTarget, ...]] = {
            holder.name: holder.peer.targets for holder in holders(settings)
        }
        self._own = {
            (listener.transport, listener.endpoint)
            for side in Side
            for listener in settings.interface(side).listen
        }
        self._found: dict[tuple[str, NamedTarget], tuple[Service, ...]] = {}
        self._former: dict[str, dict[Target, None]] = {name: {} for name in self._given}
        self._connected: dict[str, tuple[Target, ...]] = dict.fromkeys(self._given, ())
        """What is reached by connections that it has opened, the newest first."""
        self.revision = 0
        """Changes with every change."""

    def names(self, holder: str) -> tuple[NamedTarget, ...]:
        """What must be looked up for a trunk."""
        return tuple(each for each in self._given[holder] if isinstance(each, NamedTarget))

    def usable(self, services: Iterable[Service]) -> tuple[Service, ...]:
        """What of an answer can be a server at all: not what is nobody's address, or one of many, or our own socket."""
        kept = (
            replace(
                service, addresses=tuple(each for each in service.addresses if self._is_one(service, each))
            )
            for service in services
            if 1 <= service.port <= 65535
        )
        return tuple(service for service in kept if service.addresses)

    def _is_one(self, service: Service, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        many = address.is_multicast or address == _BROADCAST
        if address.is_unspecified or many or (address.version == 6 and address.is_link_local):
            return False
        return (service.transport, (str(address), service.port)) not in self._own

    def learn(self, holder: str, named: NamedTarget, services: tuple[Service, ...]) -> bool:
        """What a name of a trunk stands for from now on; whether that is new."""
        before = self.sought(holder)
        self._found[holder, named] = services
        after = self.sought(holder)
        former = self._former[holder]
        for target in after:
            former.pop(target, None)
        for target in before:
            if target not in after:
                former[target] = None
        while len(former) > MOST_FORMER:
            del former[next(iter(former))]
        self.revision += 1
        return set(before) != set(after)

    def connect(self, holder: str, target: Target) -> None:
        """A trunk is reached by a connection of its own from now on, where its other targets are not."""
        self._connected[holder] = (target, *self._connected[holder])[:MOST_CONNECTED]

    def disconnect(self, holder: str, target: Target) -> None:
        """That connection is gone."""
        self._connected[holder] = tuple(each for each in self._connected[holder] if each != target)

    def connected(self, holder: str) -> tuple[Target, ...]:
        """What a trunk is reached by that has opened it. Its address proves nothing: others may have it next."""
        return self._connected[holder]

    def sought(self, holder: str) -> tuple[Target, ...]:
        """The targets of a trunk that we connect to, each once."""
        return tuple(dict.fromkeys(self._along(self._given[holder], holder, lambda services: services)))

    def targets(self, holder: str) -> tuple[Target, ...]:
        """All targets of a trunk, each once."""
        return (*self.sought(holder), *self._connected[holder])

    def known(self, holder: str) -> tuple[Target, ...]:
        """By whose addresses it is known: what we connect to, or once did: calls may still be up."""
        return (*self.sought(holder), *self._former[holder])

    def drawn(self, holder: str, draw: Draw) -> tuple[Target, ...]:
        """All targets of a trunk in the order in which one call tries them."""
        along = self._along(self._given[holder], holder, lambda services: in_order(tuple(services), draw))
        return (*along, *self._connected[holder])

    def _along(
        self,
        given: Iterable[AnyTarget],
        holder: str,
        order: Callable[[Iterable[Service]], Iterable[Service]],
    ) -> Iterator[Target]:
        for each in given:
            if isinstance(each, Target):
                yield each
                continue
            for service in order(self._found.get((holder, each), ())):
                for address in service.addresses:
                    yield each.at(service.transport, address, service.port)


def supposed(settings: Settings) -> Directory:
    """A directory in which each name has one address that is nobody's, and who may be called by a connection of its
    own has one: for what can be said without asking anybody.
    """
    directory = Directory(settings)
    for holder in holders(settings):
        for named in directory.names(holder.name):
            doors = [door for door in holder.doors if named.spoken in (None, door[0])]
            usual = [door for door in doors if door[0] is Transport.UDP] or doors
            for transport, kind in usual[:1]:
                host = "::" if kind is Kind.AAAA else "0.0.0.0"
                port = named.sought.port or transport.default_port
                directory.learn(holder.name, named, (Service(0, 0, transport, port, (host,)),))
        peer, doors_of_tls = holder.peer, [e for e in holder.listeners if e.transport is Transport.TLS]
        if peer.trusted_names and peer.reuse_connections and doors_of_tls:
            door = doors_of_tls[0].endpoint
            nobody = "::" if ":" in door[0] else "0.0.0.0"
            directory.connect(holder.name, Target.connected(peer.trusted_names[0], (nobody, 0), door))
    return directory
