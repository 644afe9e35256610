"""Where SIP arrives and where it is sent to: sockets, the names that peers know them by, and targets."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from mediation.sip.flow import Endpoint, Transport
from mediation.sip.grammar import print_host

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
class Target:
    """One peer that SIP is sent to."""

    uri: str
    """The SIP URI as the file has it."""
    host: str
    """An IP address, without brackets, in its canonical spelling."""
    port: int
    transport: Transport

    @property
    def endpoint(self) -> Endpoint:
        """Host and port."""
        return self.host, self.port

    def __str__(self) -> str:
        return self.uri


def addresses(targets: tuple[Target, ...]) -> tuple[Network, ...]:
    """Return each target's address once, as a network of one."""
    return tuple(dict.fromkeys(ip_network(target.host) for target in targets))


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
