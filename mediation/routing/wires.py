"""How we treat the wire to a peer, and what we are called at our end of it: decided by the peer's own settings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mediation.routing.directory import Directory, holders
from mediation.settings.model import Settings
from mediation.settings.peers import LargeRequests, Side
from mediation.settings.places import Listener, Target
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.names import Name, Names


@dataclass(frozen=True, slots=True)
class Wire:
    """What holds for one peer."""

    idle_s: float = 900.0
    """A connection without use for so long is closed."""
    keepalive_s: float = 0.0
    """Between two keep-alives of ours; 0: none."""
    reuses: bool = False
    """Whether one TLS connection is for the requests of both sides (RFC 5923)."""
    large: LargeRequests = LargeRequests.TCP


@dataclass(frozen=True, slots=True)
class Marking:
    """What all packets of one listener have in common."""

    device: str = ""
    """The network interface that they come and go by; empty: any."""
    dscp: int = 0
    """RFC 2474 section 3: six bits."""

    @property
    def traffic_class(self) -> int:
        """The octet of the IP header that holds the mark."""
        return self.dscp << 2


UNMARKED = Marking()


class Wires:
    """Those of one configuration."""

    def __init__(self, settings: Settings, directory: Directory | None = None) -> None:
        """`directory` tells which addresses the targets have now; without one, names have none."""
        self._settings = settings
        self._directory = Directory(settings) if directory is None else directory
        self._listeners = {
            (listener.transport, listener.endpoint): (side, listener)
            for side in Side
            for listener in settings.interface(side).listen
        }

    def names(self) -> Names:
        """What each listener is called."""
        names = {
            key: Name(*listener.advertised, listener.audio_host)
            for key, (_, listener) in self._listeners.items()
        }
        return Names(names, lambda flow: self.of(flow).reuses)

    def marking(self, transport: Transport, local: Endpoint) -> Marking:
        """What the packets of one listener have in common."""
        side, listener = self._listeners[transport, local]
        return Marking(listener.device, self._settings.interface(side).dscp)

    def side_of(self, flow: Flow) -> Side:
        """The interface that a flow belongs to; KeyError when it is not ours."""
        return self._listeners[flow.transport, flow.local][0]

    def of(self, flow: Flow) -> Wire:
        """What holds for the peer of a flow."""
        side = self.side_of(flow)
        peer = self._settings.internal if side is Side.FRONT_END else self._trunk(flow)
        idle_s = float(self._settings.interface(side).tcp_idle_s)
        if peer is None:
            return Wire(idle_s)
        return Wire(idle_s, float(peer.keepalive_s), peer.reuse_connections, peer.large_requests)

    def stream(self, flow: Flow) -> Flow | str:
        """The flow by TCP to the peer of a flow by UDP; or why there is none."""
        if self.of(flow).large is LargeRequests.UDP:
            return 'large_requests is "udp"'
        listeners = self._settings.interface(self.side_of(flow)).listen
        doors = [
            listener
            for listener in listeners
            if listener.transport is Transport.TCP and (":" in listener.host) == (":" in flow.local[0])
        ]
        if not doors:
            return "there is no tcp: listener"
        # the one at the same address, if there is one: the peer knows it
        door = next((each for each in doors if each.host == flow.local[0]), doors[0])
        return replace(flow, transport=Transport.TCP, local=door.endpoint, connection=None)

    def kept_alive(self) -> Iterator[tuple[Flow, float]]:
        """The flows by UDP that want keep-alives, and the seconds between two; a listener for each target."""
        told: set[tuple[Endpoint, Endpoint]] = set()
        for holder in holders(self._settings):
            every_s = holder.peer.keepalive_s
            for target in self._directory.sought(holder.name) if every_s else ():
                flow = _datagrams_to(target, holder.listeners)
                if flow is not None and (flow.local, flow.remote) not in told:
                    told.add((flow.local, flow.remote))
                    yield flow, float(every_s)

    def _trunk(self, flow: Flow) -> Trunk | None:
        """The trunk that has this very target, or else the first that has anything at this address."""
        here = (flow.transport, flow.local)
        trunks = [
            trunk
            for trunk in self._settings.trunks
            if not trunk.local or here in {(each.transport, each.endpoint) for each in trunk.local}
        ]
        for trunk in trunks:
            connected, known = self._directory.connected(trunk.name), self._directory.known(trunk.name)
            if any(target.endpoint == flow.remote for target in (*connected, *known)):
                return trunk
        host = ip_address(flow.remote[0])
        for trunk in trunks:
            if any(ip_address(each.host) == host for each in self._directory.known(trunk.name)) or any(
                host in network for network in trunk.trusted
            ):
                return trunk
        return None


def _datagrams_to(target: Target, listeners: tuple[Listener, ...]) -> Flow | None:
    if target.transport is not Transport.UDP:
        return None
    for listener in listeners:
        if listener.transport is Transport.UDP and (":" in listener.host) == (":" in target.host):
            return Flow(Transport.UDP, listener.endpoint, target.endpoint)
    return None
