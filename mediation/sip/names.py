"""What we are called on each of our flows: the one place that Via, Contact and SDP take our address from.

A listener behind NAT, or one whose peer asks for the name in our certificate (RFC 5922), is not called by the address
that its socket is bound to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.grammar import print_host


@dataclass(frozen=True, slots=True)
class Name:
    """What one listener is called by its peers."""

    host: str
    """A domain name, or an IP address without brackets: for Via, Contact, From and Warning."""
    port: int
    audio_host: str
    """An IP address, without brackets, for SDP: a domain name there is more than most peers understand."""


class Names:
    """Those of every listener; one that nobody has named is called by its address."""

    def __init__(
        self,
        names: Mapping[tuple[Transport, Endpoint], Name] | None = None,
        asks_for_reuse: Callable[[Flow], bool] = lambda flow: False,
    ) -> None:
        """`asks_for_reuse`: whether the peer of a TLS flow may send requests of its own by it (RFC 5923)."""
        self._names = names or {}
        self._asks_for_reuse = asks_for_reuse

    def of(self, flow: Flow) -> Name:
        """What the peer of this flow calls us."""
        name = self._names.get((flow.transport, flow.local))
        return Name(*flow.local, flow.local[0]) if name is None else name

    def host_and_port(self, flow: Flow) -> str:
        """`host:port` with IPv6 in brackets (RFC 3261 section 25.1)."""
        name = self.of(flow)
        return print_host(name.host, name.port)

    def via(self, flow: Flow, branch: str) -> str:
        """A Via value; `rport` because the way back may lead through NAT (RFC 3581), `alias` by RFC 5923 section 5."""
        alias = ";alias" if flow.transport is Transport.TLS and self._asks_for_reuse(flow) else ""
        return f"SIP/2.0/{flow.transport.upper()} {self.host_and_port(flow)};branch={branch};rport{alias}"

    def contact(self, flow: Flow) -> str:
        """Where we want to be reached by the peer of this flow; it tells nothing of the other side."""
        return f"<sip:{self.host_and_port(flow)}{flow.transport.parameter}>"
