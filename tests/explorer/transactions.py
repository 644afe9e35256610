"""The four transactions of RFC 3261 section 17 as a peer has them, over UDP. Written for this test alone.

Nothing here is shared with `mediation.sip.transaction`: a rule misread there shall not be misread here as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mediation.sip.message import Request, Response
from tests.explorer.alarms import LONGEST_S, T1_S, T2_S, T4_S, Alarms
from tests.explorer.wire import write_request


@dataclass(slots=True, eq=False)
class Asked:
    """A request that we have sent, and wait upon."""

    method: str
    branch: str
    sequence: int
    octets: bytes
    body: bytes
    state: str = "calling"
    """`calling`, `proceeding`, `accepted` (a 2xx to an INVITE), `completed`, `over`."""
    interval_s: float = T1_S
    ack: bytes = b""
    """To a 2xx, as it was sent first."""
    final: int = 0

    @property
    def pending(self) -> bool:
        """Whether there is no final response yet."""
        return self.state in ("calling", "proceeding")


@dataclass(slots=True, eq=False)
class Served:
    """A request that we have received, and what we have said to it."""

    request: Request
    state: str = "trying"
    """`trying`, `proceeding`, `accepted` (2xx to an INVITE), `completed`, `confirmed`, `over`."""
    said: list[bytes] = field(default_factory=list)
    interval_s: float = T1_S
    unacknowledged: bytes = b""
    """A 2xx that is repeated until its ACK comes."""

    @property
    def pending(self) -> bool:
        """Whether there is no final response yet."""
        return self.state in ("trying", "proceeding")


class User(Protocol):
    """Who uses the transactions."""

    def answered(self, asked: Asked, response: Response) -> None:
        """A response: each provisional and each 2xx to an INVITE, otherwise the first final one."""

    def unanswered(self, asked: Asked) -> None:
        """No final response came."""

    def requested(self, served: Served) -> None:
        """A new request."""

    def acknowledged(self, ack: Request) -> None:
        """An ACK that belongs to no failure."""

    def unacknowledged(self, served: Served) -> None:
        """A failure was never acknowledged."""


class Transactions:
    """All transactions of one peer."""

    def __init__(self, alarms: Alarms, send: Callable[[bytes], None], user: User) -> None:
        self.now = 0.0
        self._alarms = alarms
        self._send = send
        self._user = user
        self._asked: dict[tuple[str, str], Asked] = {}
        self._served: dict[tuple[str, str], Served] = {}

    def __len__(self) -> int:
        return len(self._asked) + len(self._served)

    # as a client

    def ask(self, method: str, branch: str, sequence: int, octets: bytes, body: bytes = b"") -> Asked:
        """Send a request, and again until it is answered."""
        asked = Asked(method, branch, sequence, octets, body)
        self._asked[branch, method] = asked
        self._send(octets)
        self._wake(asked, "again", T1_S)  # timers A and E
        self._wake(asked, "enough", LONGEST_S)  # timers B and F
        return asked

    def hear_response(self, response: Response) -> bool:
        """False: nobody waits for it."""
        asked = self._asked.get((response.top_via.branch or "", response.cseq.method))
        if asked is None:
            return False
        invite = asked.method == "INVITE"
        if response.status < 200:
            if asked.pending:
                asked.state = "proceeding"
                if invite:  # a ringing phone may ring for ever
                    self._stop(asked, "again", "enough")
                self._user.answered(asked, response)
        elif not invite:
            if asked.pending:
                self._finish(asked, "completed", response, T4_S)  # timer K
                self._user.answered(asked, response)
        elif response.status < 300:
            if asked.pending:
                self._finish(asked, "accepted", response, LONGEST_S)  # timer M of RFC 6026
            if asked.state == "accepted":
                self._user.answered(asked, response)
        else:
            first = asked.pending
            if asked.state != "accepted":
                self._send(self._ack_to_failure(asked, response))
            if first:
                self._finish(asked, "completed", response, LONGEST_S)  # timer D
                self._user.answered(asked, response)
        return True

    def _finish(self, asked: Asked, state: str, response: Response, lingers_s: float) -> None:
        asked.state, asked.final = state, response.status
        self._stop(asked, "again", "enough")
        self._wake(asked, "forget", lingers_s)

    def _ack_to_failure(self, asked: Asked, response: Response) -> bytes:
        """Section 17.1.1.3: the INVITE's Request-URI and branch, the response's To."""
        uri = asked.octets.split(b" ", 2)[1].decode()
        return write_request(
            "ACK",
            uri,
            via=response.headers.get("Via") or "",
            local=response.headers.get("From") or "",
            remote=response.headers.get("To") or "",
            call_id=response.call_id,
            sequence=asked.sequence,
        )

    # as a server

    def hear_request(self, request: Request) -> None:
        """Begin a transaction, or go on with one."""
        branch = request.top_via.branch or ""
        if request.method == "ACK":
            served = self._served.get((branch, "INVITE"))
            if served is None or served.state == "accepted":
                self._user.acknowledged(request)
            elif served.state == "completed":
                served.state = "confirmed"
                self._stop(served, "again", "enough")
                self._wake(served, "forget", T4_S)  # timer I
            return
        served = self._served.get((branch, request.method))
        if served is None:
            served = self._served[branch, request.method] = Served(request)
            self._user.requested(served)
        elif served.said and served.state in ("proceeding", "completed"):
            self._send(served.said[-1])

    def invite_of(self, cancel: Request) -> Served | None:
        """What a CANCEL wants to take back (section 9.2)."""
        return self._served.get((cancel.top_via.branch or "", "INVITE"))

    def respond(self, served: Served, status: int, octets: bytes) -> None:
        """Answer."""
        assert served.pending, "a peer of this test answers once"
        served.said.append(octets)
        self._send(octets)
        if status < 200:
            served.state = "proceeding"
        elif served.request.method != "INVITE":
            served.state = "completed"
            self._wake(served, "forget", LONGEST_S)  # timer J
        elif status < 300:
            served.state, served.unacknowledged = "accepted", octets
            self._wake(served, "forget", LONGEST_S)  # timer L of RFC 6026
        else:
            served.state = "completed"
            self._wake(served, "again", T1_S)  # timer G
            self._wake(served, "enough", LONGEST_S)  # timer H

    # time

    def wake(self, owner: str, what: str) -> None:
        """A timer of ours is due."""
        branch, kind, method = owner.split(" ")
        one = self._asked.get((branch, method)) if kind == "asked" else self._served.get((branch, method))
        if one is None:
            return
        if what == "forget":
            self._forget(one)
        elif what == "again":
            self._send(one.octets if isinstance(one, Asked) else one.said[-1])
            one.interval_s *= 2
            if not (isinstance(one, Asked) and one.method == "INVITE"):
                one.interval_s = min(one.interval_s, T2_S)
            if isinstance(one, Asked) and one.method != "INVITE" and one.state == "proceeding":
                one.interval_s = T2_S
            self._wake(one, "again", one.interval_s)
        else:
            self._forget(one)
            if isinstance(one, Asked):
                self._user.unanswered(one)
            else:
                self._user.unacknowledged(one)

    def _forget(self, one: Asked | Served) -> None:
        one.state = "over"
        self._alarms.stop_all(_name(one))
        if isinstance(one, Asked):
            self._asked.pop((one.branch, one.method), None)
        else:
            self._served.pop((one.request.top_via.branch or "", one.request.method), None)

    def _wake(self, one: Asked | Served, what: str, after_s: float) -> None:
        self._alarms.set((_name(one), what), self.now + after_s)

    def _stop(self, one: Asked | Served, *whats: str) -> None:
        for what in whats:
            self._alarms.stop((_name(one), what))


def _name(one: Asked | Served) -> str:
    if isinstance(one, Asked):
        return f"{one.branch} asked {one.method}"
    return f"{one.request.top_via.branch} served {one.request.method}"
