"""How a request is carried: one that is large for UDP goes by a stream, where there is one (RFC 3261 section 18.1.1).

Via and Contact are written anew for it, so that both say how it is really sent. What becomes of it when nobody takes
the stream is the transaction's to see: it holds the other way ready.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mediation.sip.flow import Flow, Transport
from mediation.sip.headers import Headers, header_key
from mediation.sip.message import Request
from mediation.sip.names import Names

LONGEST_OVER_UDP = 1300
"""Octets. The path MTU is not known to us; longer datagrams may come in pieces, and pieces get lost."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to send a request."""

    request: Request
    flow: Flow
    octets: bytes


@dataclass(frozen=True, slots=True)
class StaysOnUdp:
    """A large request is sent as a datagram all the same."""

    flow: Flow
    method: str
    octets: int
    """How large it is."""
    why: str


class Carriage:
    """The rule, for all requests of one engine."""

    def __init__(
        self, names: Names, stream: Callable[[Flow], Flow | str], tell: Callable[[StaysOnUdp], None]
    ) -> None:
        """`stream`: the flow to the same peer by TCP, in place of one by UDP; or why there is none."""
        self._names = names
        self._stream = stream
        self._tell = tell

    def ways(self, request: Request, flow: Flow) -> tuple[Way, ...]:
        """The way to send a request, and the one to try when the first is refused, if there is one.

        A CANCEL goes the way of its INVITE, whatever its size (section 9.1).
        """
        plain = Way(request, flow, bytes(request))
        if flow.transport is not Transport.UDP or request.method == "CANCEL":
            return (plain,)
        if len(plain.octets) <= LONGEST_OVER_UDP:
            return (plain,)
        stream = self._stream(flow)
        if isinstance(stream, str):
            self.stays(plain, stream)
            return (plain,)
        moved = self._moved(request, flow, stream)
        return Way(moved, stream, bytes(moved)), plain

    def fits(self, request: Request, flow: Flow) -> bool:
        """Whether a request is not large, or need not be a datagram."""
        small = flow.transport is not Transport.UDP or len(bytes(request)) <= LONGEST_OVER_UDP
        return small or not isinstance(self._stream(flow), str)

    def stays(self, way: Way, why: str) -> None:
        """Tell that a large request is a datagram all the same."""
        self._tell(StaysOnUdp(way.flow, way.request.method, len(way.octets), why))

    def _moved(self, request: Request, flow: Flow, stream: Flow) -> Request:
        """The same request as it reads when `stream` carries it."""
        via = self._names.via(stream, request.top_via.branch or "")
        ours = self._names.contact(flow)
        pairs = []
        for name, value in request.headers.items():
            key = header_key(name)
            if key == "via":  # a request of ours has one
                pairs.append((name, via))
            elif key == "contact" and value.startswith(ours):
                pairs.append((name, self._names.contact(stream) + value.removeprefix(ours)))
            else:
                pairs.append((name, value))
        return request.replace(headers=Headers(pairs))
