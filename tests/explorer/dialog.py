"""One dialog as a peer has it (RFC 3261 section 12): who is who, where requests go, and what the other end can do."""

from collections.abc import Callable

from mediation.sip.flow import Endpoint
from mediation.sip.message import Request, Response
from tests.explorer.wire import label, write_request


class Dialog:
    """Of one party. The server is one party and no proxy: it never forks."""

    def __init__(self, name: str, address: Endpoint, fault: Callable[[str], None]) -> None:
        """`fault` hears of what the server did against the rules."""
        self.call_id = ""
        self.local_tag = f"{name}-tag"
        self.takes: set[str] = set()
        """Methods that the other end allows."""
        self.supports: set[str] = set()
        """Extensions that it supports."""
        self._name = name
        self._address = address
        self._fault = fault
        self._count = 0
        self._local = self._remote = ""
        """From and To of our requests."""
        self._remote_tag = ""
        self._target = ""
        self._sequence = 100
        self._remote_sequence = 0

    # how it begins

    def call(self, host: str) -> None:
        """We call somebody there."""
        self.call_id = f"{self._name}-call"
        self._local = f"<sip:+15550100@{self._address[0]}>;tag={self.local_tag}"
        self._remote = f"<sip:+493012345678@{host}>"
        self._target = f"sip:+493012345678@{host}:5060"

    def called(self, invite: Request) -> None:
        """We are called."""
        self.call_id = invite.call_id
        self._local = f"{invite.headers.get('To')};tag={self.local_tag}"
        self._remote = invite.headers.get("From") or ""
        self._remote_tag = invite.from_.tag or ""
        self._remote_sequence = invite.cseq.number
        self.learn(invite)

    # what comes

    def is_of(self, request: Request) -> bool:
        """Whether a request is within it."""
        theirs, ours = request.from_.tag or "", request.to.tag or ""
        return (request.call_id, ours) == (self.call_id, self.local_tag) and theirs == self._remote_tag

    def is_in_order(self, request: Request) -> bool:
        """Whether it comes behind all that came before (section 12.2.2)."""
        if request.cseq.number < self._remote_sequence:
            return False
        self._remote_sequence = request.cseq.number
        return True

    def know(self, response: Response) -> None:
        """Section 12.1.2."""
        tag = response.to.tag or ""
        if self._remote_tag and tag != self._remote_tag:
            self._fault(f"the tag changed from {self._remote_tag} to {tag}")
        if not self._remote_tag:
            self._remote_tag = tag
            self._remote = f"{self._remote};tag={tag}"
        self.learn(response)

    def learn(self, message: Request | Response) -> None:
        """Where to reach the other end, and what it can do."""
        if message.contact is None:
            self._fault(f"{label(message)} without Contact")
        else:
            self._target = str(message.contact.uri)
        if message.allow:
            self.takes = set(message.allow)
        self.supports.update(message.supported)

    # what goes

    @property
    def contact(self) -> str:
        """The header field."""
        return f"Contact: <sip:line-{self._name}@{self._address[0]}:{self._address[1]}>"

    def branch(self) -> str:
        """A new one."""
        self._count += 1
        return f"z9hG4bK-{self._name}-{self._count}"

    def next_sequence(self) -> int:
        """The CSeq number of another request."""
        self._sequence += 1
        return self._sequence

    def request(
        self, method: str, branch: str, sequence: int, headers: tuple[str, ...] = (), body: bytes = b""
    ) -> bytes:
        """A request within it, or the one that begins it."""
        return write_request(
            method,
            self._target,
            via=self._via(branch),
            local=self._local,
            remote=self._remote,
            call_id=self.call_id,
            sequence=sequence,
            headers=(f"User-Agent: {self._name}-product", *headers),
            body=body,
        )

    def cancel(self, invite: bytes, branch: str, sequence: int) -> bytes:
        """The CANCEL of an INVITE of ours, which has its own branch (section 9.1)."""
        return write_request(
            "CANCEL",
            invite.split(b" ", 2)[1].decode(),
            via=self._via(branch),
            local=self._local,
            remote=self._remote.partition(";tag=")[0],
            call_id=self.call_id,
            sequence=sequence,
        )

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self._address[0]}:{self._address[1]};branch={branch}"
