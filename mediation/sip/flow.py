"""Where a message came from and where one goes, as values: the core's only idea of a network."""

from dataclasses import dataclass
from enum import StrEnum

Endpoint = tuple[str, int]
"""An IP address, without brackets, and a port."""


class Transport(StrEnum):
    """RFC 3261 section 18; the values are those of the `transport` URI parameter."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost, so that we must not."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        """The port where none is named (RFC 3261 section 19.1.2)."""
        return 5061 if self is Transport.TLS else 5060

    @property
    def parameter(self) -> str:
        """What a SIP URI ends with so that it is reached by this transport; UDP goes without saying."""
        return "" if self is Transport.UDP else f";transport={self}"


@dataclass(frozen=True, slots=True)
class Flow:
    """One of our listeners and one remote endpoint.

    Over a stream it names a connection when `connection` is set. Without it, a connection to the remote endpoint is
    reused or opened. A connection that is gone is answered by opening a new one to the remote endpoint
    (RFC 3261 section 18.2.2).
    """

    transport: Transport
    local: Endpoint
    """The listener: what stands in Via and Contact."""
    remote: Endpoint
    connection: int | None = None


@dataclass(frozen=True, slots=True)
class Transmit:
    """Octets to send. A failure comes back as the flow that failed."""

    flow: Flow
    octets: bytes
