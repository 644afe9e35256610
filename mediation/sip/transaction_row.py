"""One transaction as it runs: its row of state, the keys that find it, and who hears of it (RFC 3261 section 17)."""

from enum import Enum
from typing import Protocol

from mediation.sip.carriage import Way
from mediation.sip.flow import Flow
from mediation.sip.ids import MAGIC_COOKIE
from mediation.sip.message import Request, Response
from mediation.sip.table import Table
from mediation.sip.transaction import (
    CLIENT,
    CLIENT_ABSORBED,
    CLIENT_IMPOSSIBLE,
    CLIENT_INVITE,
    CLIENT_INVITE_ABSORBED,
    CLIENT_INVITE_IMPOSSIBLE,
    SERVER,
    SERVER_ABSORBED,
    SERVER_IMPOSSIBLE,
    SERVER_INVITE,
    SERVER_INVITE_ABSORBED,
    SERVER_INVITE_IMPOSSIBLE,
    Do,
    Event,
    State,
)


class Failure(Enum):
    """How a transaction can end without the message it waited for."""

    TIMEOUT = "timeout"
    """Nothing came for 64 times T1."""
    TRANSPORT = "transport"
    """The message could not be sent."""


class ClientUser(Protocol):
    """Who sent a request and waits for what becomes of it."""

    def response_received(self, transaction: "Transaction", response: Response, now: float) -> None:
        """A response, each provisional and final one, and each repetition of a 2xx to an INVITE."""

    def request_failed(self, transaction: "Transaction", failure: Failure, now: float) -> None:
        """No final response will come: treat as 408 or 503 (RFC 3261 section 8.1.3.1)."""


class ServerUser(Protocol):
    """Who answers requests: one for the whole layer."""

    def request_received(self, transaction: "Transaction", request: Request, now: float) -> None:
        """A new request; `transaction` waits for its response."""

    def cancel_received(
        self, transaction: "Transaction", invite: "Transaction | None", request: Request, now: float
    ) -> None:
        """A CANCEL, and the INVITE transaction that it names, if there is one (RFC 3261 section 9.2)."""

    def ack_received(self, ack: Request, now: float) -> None:
        """The ACK to a 2xx, which belongs to no transaction (RFC 3261 section 13.2.2.4)."""

    def stray_response(self, response: Response, flow: Flow, now: float) -> None:
        """A response that no transaction waits for."""


class Transaction:
    """One request and its responses, client or server: a row of state that the tables act upon."""

    __slots__ = (
        "flow",
        "instead",
        "interval_s",
        "key",
        "merge_key",
        "octets",
        "request",
        "source",
        "state",
        "table",
        "user",
    )

    def __init__(self, key: "Key", request: Request, flow: Flow, machine: "Machine") -> None:
        self.key = key
        self.request = request
        self.flow = flow
        """Where its messages go."""
        self.source = flow
        """Where the request of a server transaction came from, whatever its Via says of the way back."""
        self.state, self.table = machine
        self.octets = b""
        """What was sent last: the request of a client transaction, the latest response of a server's."""
        self.interval_s = 0.0
        """Until the next retransmission."""
        self.instead: Way | None = None
        """How the request goes if nobody takes it the way it was sent (RFC 3261 section 18.1.1)."""
        self.user: ClientUser | None = None
        self.merge_key: MergeKey | None = None

    @property
    def awaits_final(self) -> bool:
        """Whether a client transaction has seen no final response."""
        return self.state in (State.CALLING, State.TRYING, State.PROCEEDING)

    @property
    def terminated(self) -> bool:
        """Whether the transaction is over."""
        return self.state is State.TERMINATED


Key = tuple[str, ...]
MergeKey = tuple[str, str, int, str]

Machine = tuple[State, Table[State, Event, Do]]
"""The state that a transaction begins in, and its table."""

CLIENT_INVITE_MACHINE: Machine = (
    State.CALLING, Table(CLIENT_INVITE, CLIENT_INVITE_ABSORBED, CLIENT_INVITE_IMPOSSIBLE)
)  # fmt: skip
CLIENT_MACHINE: Machine = (State.TRYING, Table(CLIENT, CLIENT_ABSORBED, CLIENT_IMPOSSIBLE))
SERVER_INVITE_MACHINE: Machine = (
    State.PROCEEDING, Table(SERVER_INVITE, SERVER_INVITE_ABSORBED, SERVER_INVITE_IMPOSSIBLE)
)  # fmt: skip
SERVER_MACHINE: Machine = (State.TRYING, Table(SERVER, SERVER_ABSORBED, SERVER_IMPOSSIBLE))


def merge_key(request: Request) -> MergeKey:
    """What the same request has by every path (RFC 3261 section 8.2.2.2), and an ACK in common with its INVITE."""
    method = "INVITE" if request.method == "ACK" else request.method
    return (request.call_id, request.from_.tag or "", request.cseq.number, method)


def server_key(request: Request, method: str = "") -> Key:
    """RFC 3261 section 17.2.3; an ACK is matched to its INVITE."""
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.top_via
    branch = via.branch or ""
    if branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:
        return (branch, via.host.lower(), str(via.sent_by[1]), method)
    # A peer of RFC 2543: what an ACK or CANCEL shares with its INVITE
    return (
        "rfc2543",
        request.request_uri,
        request.from_.tag or "",
        request.call_id,
        str(request.cseq.number),
        method,
    )
