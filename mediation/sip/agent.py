"""What every user agent of one engine shares: transactions, identifiers, timers, and who owns which dialog."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol

from mediation.sip.derived import typed
from mediation.sip.dialog import MAX_FORWARDS, Dialog, DialogId
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.grammar import print_host
from mediation.sip.headers import Headers
from mediation.sip.ids import IdSource
from mediation.sip.matching import TransactionLayer
from mediation.sip.message import Request
from mediation.sip.names import Names
from mediation.sip.timers import Deadlines
from mediation.sip.transaction_row import Transaction
from mediation.sip.uri import SipUri


class DialogUser(Protocol):
    """Who takes the requests that arrive within a dialog."""

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A request within the dialog; it must be answered."""

    def ack_received(self, ack: Request, now: float) -> None:
        """The ACK to a 2xx of ours."""


class TimerUser(Protocol):
    """Who has started a timer."""

    def timer_fired(self, name: str, now: float) -> None:
        """The timer of that name is due."""


@dataclass(slots=True)
class Agent:
    """The user agent core (RFC 3261 section 6) under all calls."""

    layer: TransactionLayer
    ids: IdSource
    deadlines: Deadlines[tuple[TimerUser, str]] = field(default_factory=Deadlines)
    dialogs: dict[DialogId, DialogUser] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    """What we are called on each flow."""
    serving: object = None
    """Whose timer fired last: who is to blame when something breaks."""

    def via(self, flow: Flow) -> str:
        """A Via value with a fresh branch."""
        return self.names.via(flow, self.ids.branch())

    def contact(self, flow: Flow) -> str:
        """A Contact value: where we want to be reached by the peer of this flow."""
        return self.names.contact(flow)

    def request(
        self,
        method: str,
        request_uri: str,
        flow: Flow,
        *,
        identity: str,
        destination: str,
        call_id: str = "",
        sequence: int = 0,
        max_forwards: int = MAX_FORWARDS,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        contact: bool = True,
    ) -> Request:
        """A request outside any dialog (section 8.1.1); `identity` and `destination` are From and To without tags.

        `contact`: whether it says where we want to be reached. `sequence`: its CSeq number; 0 draws one.
        """
        pairs = [
            ("Via", self.via(flow)),
            ("Max-Forwards", str(max_forwards)),
            ("From", f"{identity};tag={self.ids.tag()}"),
            ("To", destination),
            ("Call-ID", call_id or self.ids.call_id()),
            ("CSeq", f"{sequence or self.ids.sequence_number()} {method}"),
            *((("Contact", self.contact(flow)),) if contact else ()),
            *typed(headers, body),
        ]
        return Request(method, request_uri, Headers(pairs), body)

    def dialog_user(self, request: Request) -> DialogUser | None:
        """Who owns the dialog that a request names by its Call-ID and tags (section 12.2.2)."""
        return self.dialogs.get(DialogId(request.call_id, request.to.tag or "", request.from_.tag or ""))

    def next_deadline(self) -> float | None:
        """When the earliest timer of all is due, those of transactions included; None when none runs."""
        deadlines = (self.layer.next_deadline(), self.deadlines.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Let every user hear of its due timers."""
        while (due := self.deadlines.pop_due(now)) is not None:
            user, name = due
            self.serving = user
            user.timer_fired(name, now)


def hostport(endpoint: Endpoint) -> str:
    """`host:port` with IPv6 in brackets (RFC 3261 section 25.1)."""
    return print_host(*endpoint)


def in_dialog_flow(dialog: Dialog, flow: Flow, went: Flow | None = None) -> Flow:
    """Where requests within the dialog go: to its next hop, by the connection of `flow` while that lives.

    `went`: how our INVITE was really sent, which may have been too large for `flow`. Its transport is kept where the
    next hop asks for it by name.

    deviates: RFC 3263 would resolve a host name in Contact or Route. Only names of targets are looked up, so that no
    request waits for the DNS; such a peer is reached at the address that it spoke from.
    """
    next_hop = dialog.next_hop
    if not isinstance(next_hop, SipUri):
        return flow
    if went is not None and (next_hop.parameters.get("transport") or "").lower() == went.transport:
        flow = went
    if not is_address(next_hop.host):
        return flow
    # The leg stays on its listener and so on its transport, whatever the URI would prefer
    port = next_hop.port or flow.transport.default_port
    return Flow(flow.transport, flow.local, (next_hop.host, port), flow.connection)


def is_address(host: str) -> bool:
    """Whether a host is an IP address rather than a name."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
