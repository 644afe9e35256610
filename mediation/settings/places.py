"""Where SIP arrives and where it is sent to: sockets, the names that peers know them by, and targets."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from mediation.sip.flow import Endpoint, Transport
from mediation.sip.grammar import print_host
from mediation.sip.locating import Sought

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Listener:
    """One socket that SIP arrives on, and what it is called by those who are to reach it."""

    transport: Transport
    host: str
    """An IP address, without brackets, in its canonical spelling."""
    port: int
    advertised_host: str = ""
    """What Via and Contact say: a domain name, or an IP address without brackets. Empty: `host`."""
    advertised_port: int = 0
    """0: `port`."""
    audio_address: str = ""
    """What SDP says: an IP address without brackets. Empty: `advertised_host` if that is one, else `host`."""
    device: str = ""
    """The network interface that it is bound to, its audio included: all comes and goes by it. Empty: none."""

    @property
    def endpoint(self) -> Endpoint:
        """Host and port of the socket."""
        return self.host, self.port

    @property
    def advertised(self) -> Endpoint:
        """Host and port by which peers are to reach it."""
        return self.advertised_host or self.host, self.advertised_port or self.port

    @property
    def audio_host(self) -> str:
        """The IP address by which peers are to reach our audio."""
        if self.audio_address:
            return self.audio_address
        return self.advertised_host if is_ip_address(self.advertised_host) else self.host

    @property
    def socket(self) -> str:
        """Transport, address and port, without the names."""
        return f"{self.transport}:{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        words = [self.socket]
        if self.advertised_host:
            words += ["as", print_host(self.advertised_host, self.advertised_port or None)]
        if self.audio_address:
            words += ["audio", self.audio_address]
        if self.device:
            words += ["on", self.device]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class NamedTarget:
    """Peers that SIP is sent to, by a name that the DNS knows (RFC 3263): each of its addresses is a target."""

    uri: str
    """The SIP URI as the file has it."""
    sought: Sought

    @property
    def place(self) -> str:
        """Name, and port where it is given, as the URIs of requests spell them, whatever it resolves to."""
        return print_host(self.sought.name, self.sought.port)

    @property
    def parameter(self) -> str:
        """The parameter that the Request-URI bears for its transport, where the settings name one."""
        return "" if self.spoken is None else self.spoken.parameter

    @property
    def spoken(self) -> Transport | None:
        """The transport that the settings ask for; None: the DNS may choose."""
        return Transport.TLS if self.sought.secure else self.sought.transport

    def at(self, transport: Transport, host: str, port: int) -> "Target":
        """One of the targets that it stands for."""
        return Target(self.uri, host, port, transport, self)

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True, slots=True)
class Target:
    """One peer that SIP is sent to."""

    uri: str
    """The SIP URI as the file has it."""
    host: str
    """An IP address, without brackets, in its canonical spelling."""
    port: int
    transport: Transport
    named: NamedTarget | None = None
    """What it was found by; None where the file has its address."""
    door: Endpoint | None = None
    """Our listener where it has opened the connection that leads to it; None: we connect to it."""

    @classmethod
    def connected(cls, name: str, remote: Endpoint, door: Endpoint) -> "Target":
        """One that has connected to us by TLS, and is known by a name in its certificate."""
        named = NamedTarget(f"sip:{name}{Transport.TLS.parameter}", Sought(name, transport=Transport.TLS))
        return cls(named.uri, *remote, Transport.TLS, named, door)

    @property
    def name(self) -> str:
        """The domain that the file has; empty where it has an address."""
        return "" if self.named is None else self.named.sought.name

    @property
    def endpoint(self) -> Endpoint:
        """Host and port."""
        return self.host, self.port

    @property
    def place(self) -> str:
        """Host and port as the URIs of requests to it spell them (RFC 3261 section 25.1)."""
        return print_host(self.host, self.port) if self.named is None else self.named.place

    @property
    def parameter(self) -> str:
        """The parameter that the Request-URI bears for its transport."""
        return self.transport.parameter if self.named is None else self.named.parameter

    @property
    def socket(self) -> str:
        """Transport, address and port, as a listener is spelled."""
        return f"{self.transport}:{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        return self.uri


AnyTarget = Target | NamedTarget
"""What stands in `targets`."""


def addresses(targets: Iterable[AnyTarget]) -> tuple[Network, ...]:
    """Return each target's address once, as a network of one; a name has none by itself."""
    return tuple(dict.fromkeys(ip_network(each.host) for each in targets if isinstance(each, Target)))


def is_ip_address(text: str) -> bool:
    """Return whether this is an IP address, rather than a name or nothing."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def bracketed(host: str) -> str:
    """Return an IP address as URIs and socket names spell it: IPv6 in brackets (RFC 3986 section 3.2.2)."""
    return print_host(host, None)
