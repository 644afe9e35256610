"""One dialog: ids, route set, remote target and sequence numbers (RFC 3261 section 12)."""

from dataclasses import dataclass, field, replace

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.message import Request, Response
from mediation.sip.uri import OpaqueUri, SipUri, parse_uri

MAX_FORWARDS = 70
"""RFC 3261 section 8.1.1.6."""


@dataclass(frozen=True, slots=True)
class DialogId:
    """Call-ID and both tags, the local one first (RFC 3261 section 12)."""

    call_id: str
    local_tag: str
    remote_tag: str


@dataclass(slots=True)
class Dialog:
    """A peer-to-peer relation as we see it. `local` and `remote` are From and To values without their tags."""

    id: DialogId
    local: str
    """Our name-addr, as it stood in the first request."""
    remote: str
    remote_target: str
    """The peer's Contact: where requests of ours are addressed."""
    route_set: tuple[str, ...]
    local_sequence: int
    remote_sequence: int
    """Highest CSeq number taken from the peer; -1 before the first."""
    acknowledged: dict[int, Request] = field(default_factory=dict)
    """The ACK to our INVITE of each sequence number, for the repetitions of its 2xx."""

    @classmethod
    def as_server(cls, request: Request, local_tag: str, *, local_sequence: int) -> "Dialog":
        """The dialog that our response with `local_tag` to `request` creates (section 12.1.1)."""
        contact = request.contact
        if contact is None:
            raise RemoteSipError(400, "Missing Contact")
        return cls(
            DialogId(request.call_id, local_tag, request.from_.tag or ""),
            local=_bare(request.to),
            remote=_bare(request.from_),
            remote_target=_target(contact),
            route_set=tuple(str(route) for route in request.record_routes),
            local_sequence=local_sequence,
            remote_sequence=request.cseq.number,
        )

    @classmethod
    def as_client(cls, request: Request, response: Response) -> "Dialog":
        """The dialog that `response` to our `request` creates, early or confirmed (section 12.1.2)."""
        contact = response.contact
        return cls(
            DialogId(request.call_id, request.from_.tag or "", response.to.tag or ""),
            local=_bare(request.from_),
            remote=_bare(request.to),
            # deviates: a 18x or 2xx without Contact is answered at the Request-URI rather than thrown away
            remote_target=_target(contact) if contact is not None else request.request_uri,
            route_set=tuple(str(route) for route in reversed(response.record_routes)),
            local_sequence=request.cseq.number,
            remote_sequence=-1,
        )

    def refresh_target(self, message: Request | Response) -> None:
        """Take over the peer's new Contact; re-INVITE and its 2xx do this and nothing else (section 12.2)."""
        if message.contact is not None:
            self.remote_target = _target(message.contact)

    def accept_sequence(self, request: Request) -> None:
        """Refuse a request that is older than one taken before (section 12.2.2): RemoteSipError(500)."""
        if request.cseq.number < self.remote_sequence:
            raise RemoteSipError(500, "CSeq Out Of Order")
        self.remote_sequence = request.cseq.number

    @property
    def next_hop(self) -> SipUri | OpaqueUri:
        """Whose address a request of ours is sent to: the first route, or the remote target (section 12.2.1.1)."""
        if self.route_set:
            return NameAddress.parse(self.route_set[0]).uri
        return parse_uri(self.remote_target)

    def request(
        self,
        method: str,
        *,
        via: str,
        contact: str = "",
        sequence: int | None = None,
        extra: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Request:
        """A request within the dialog (section 12.2.1.1). ACK takes `sequence` from its INVITE; others count on."""
        if sequence is None:
            self.local_sequence += 1
            sequence = self.local_sequence
        request_uri, routes = self._addressed()
        pairs = [("Via", via), ("Max-Forwards", str(MAX_FORWARDS))]
        pairs.extend(("Route", route) for route in routes)
        pairs.append(("From", _tagged(self.local, self.id.local_tag)))
        pairs.append(("To", _tagged(self.remote, self.id.remote_tag)))
        pairs.append(("Call-ID", self.id.call_id))
        pairs.append(("CSeq", f"{sequence} {method}"))
        if contact:
            pairs.append(("Contact", contact))
        pairs.extend(extra)
        return Request(method, request_uri, Headers(pairs), body)

    def _addressed(self) -> tuple[str, tuple[str, ...]]:
        if not self.route_set:
            return self.remote_target, ()
        first = NameAddress.parse(self.route_set[0]).uri
        if isinstance(first, SipUri) and not first.parameters.has("lr"):
            # A strict router wants to see itself in the Request-URI (section 12.2.1.1)
            return str(first), (*self.route_set[1:], f"<{self.remote_target}>")
        return self.remote_target, self.route_set


def _target(contact: NameAddress) -> str:
    """The URI of a Contact, without the headers that a Request-URI may not have (section 19.1.1, table 1)."""
    uri = contact.uri
    return str(replace(uri, headers="") if isinstance(uri, SipUri) else uri)


def _bare(address: NameAddress) -> str:
    """The address as received, but for its tag."""
    return str(NameAddress(address.display_name, address.uri, address.parameters.without("tag")))


def _tagged(address: str, tag: str) -> str:
    return f"{address};tag={tag}" if tag else address
