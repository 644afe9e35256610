"""What the server may not do on the wire, whatever the order: judged on what it was given and what it then sent."""

from dataclasses import dataclass, field

from mediation.sip.message import Message, Request, Response
from tests.explorer.alarms import LONGEST_S
from tests.explorer.wire import label


@dataclass(slots=True)
class Exchange:
    """One request and the responses to it."""

    request: Request
    octets: bytes
    provisional: bool = False
    final: bytes = b""
    status: int = 0
    final_at: float = 0.0
    acknowledged: bool = False
    """Whether an ACK was seen since the latest final response."""
    late: bool = False
    """Whether it came behind a BYE."""


@dataclass(slots=True)
class Link:
    """All that passed between the server and one party in one dialog."""

    taken: dict[tuple[str, str], Exchange] = field(default_factory=dict)
    """Requests of the party, by branch and method."""
    made: dict[tuple[str, str], Exchange] = field(default_factory=dict)
    """Requests of the server."""
    sequence: int = 0
    """The highest CSeq number of the server's."""
    heard: int = 0
    """The highest one of the party's."""
    rseq: int = 0
    over: bool = False
    """Whether a BYE was taken or made."""


class Monitor:
    """Looks at every message that the server takes or sends."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._links: dict[tuple[str, str], Link] = {}
        """By party and Call-ID."""

    # what the server was given

    def took(self, message: Message, octets: bytes, party: str) -> None:
        """A datagram was delivered to the server."""
        link = self._link(party, message)
        branch = message.top_via.branch or ""
        if isinstance(message, Response):
            exchange = link.made.get((branch, message.cseq.method))
            if exchange is None:
                return
            if message.status < 200:
                exchange.provisional = True
            else:
                exchange.final, exchange.status, exchange.acknowledged = octets, message.status, False
        elif message.method == "ACK":
            for exchange in link.taken.values():
                invite = exchange.request
                if invite.method == "INVITE" and invite.cseq.number == message.cseq.number:
                    exchange.acknowledged = True
        else:
            late = link.over and message.cseq.number > link.heard  # an older one is 500 (section 12.2.2)
            link.taken.setdefault((branch, message.method), Exchange(message, octets, late=late))
            link.heard = max(link.heard, message.cseq.number)
            link.over |= message.method == "BYE"

    # what it then sent

    def sent(self, message: Message, octets: bytes, party: str, now: float) -> None:
        """A datagram left the server."""
        link = self._link(party, message)
        fault = (
            self._response_fault(link, message, octets, now)
            if isinstance(message, Response)
            else self._request_fault(link, message, octets, now)
        )
        if fault:
            self.faults.append(f"the server sent {label(message)} to the {party}: {fault}")

    def _response_fault(self, link: Link, response: Response, octets: bytes, now: float) -> str:
        exchange = link.taken.get((response.top_via.branch or "", response.cseq.method))
        if exchange is None:
            return "a response to nothing"
        if response.status < 200:
            exchange.provisional = True
            if exchange.final:
                return "provisional after final (section 17.2.1)"
            rseq = int(response.headers.get("RSeq") or 0)
            if rseq and rseq < link.rseq:
                return "RSeq goes backwards (RFC 3262 section 3)"
            link.rseq = max(link.rseq, rseq)
            return ""
        if exchange.final and exchange.final != octets:
            return f"another final response after {exchange.status} (section 17.2)"
        if exchange.late and response.status != 481 and response.cseq.method not in ("BYE", "CANCEL"):
            return "an answer to what came behind a BYE, and no 481 (RFC 5407 section 3.3.3)"
        if exchange.final and exchange.acknowledged and response.cseq.method == "INVITE":
            return "a final response repeated after its ACK (section 13.3.1.4)"
        if not exchange.final:
            exchange.final, exchange.status, exchange.final_at = octets, response.status, now
        return ""

    def _request_fault(self, link: Link, request: Request, octets: bytes, now: float) -> str:
        if request.method == "ACK":
            return self._ack_fault(link, request)
        key = (request.top_via.branch or "", request.method)
        known = link.made.get(key)
        if known is not None:
            return "" if known.octets == octets else "a retransmission that differs (section 17.1)"
        fault = self._new_request_fault(link, request, now)
        link.made[key] = Exchange(request, octets)
        return fault

    def _new_request_fault(self, link: Link, request: Request, now: float) -> str:
        if request.method == "CANCEL":
            invite = link.made.get((request.top_via.branch or "", "INVITE"))
            if invite is None or not invite.provisional:
                return "CANCEL before any provisional response (section 9.1)"
            return "CANCEL after the final response (section 9.1)" if invite.final else ""
        if link.over:
            return "a request after BYE (section 15)"
        if request.cseq.number <= link.sequence:
            return "CSeq does not grow (section 12.2.1.1)"
        link.sequence = request.cseq.number
        if request.method == "BYE":
            link.over = True
            return _bye_fault(link, now)
        if request.method == "INVITE" and _inviting(link):
            return "INVITE while another is under way (section 14.1)"
        return ""

    def _ack_fault(self, link: Link, ack: Request) -> str:
        made = [exchange for exchange in link.made.values() if exchange.request.method == "INVITE"]
        for exchange in made:
            if exchange.request.cseq.number == ack.cseq.number and exchange.final:
                exchange.acknowledged = True
                same = exchange.request.top_via.branch == ack.top_via.branch
                if same is (exchange.status < 300):
                    return "the branch is wrong (sections 13.2.2.4 and 17.1.1.3)"
                return ""
        return "nothing to acknowledge"

    def unheard(self, party: str) -> bool:
        """Whether a 2xx of the server was never acknowledged, because a BYE had ended its repetition."""
        return any(
            exchange.request.method == "INVITE" and 200 <= exchange.status < 300 and not exchange.acknowledged
            for (name, _), link in self._links.items()
            if name == party and link.over
            for exchange in link.taken.values()
        )

    def _link(self, party: str, message: Message) -> Link:
        return self._links.setdefault((party, message.call_id), Link())

    # when all is over

    def sum_up(self) -> list[str]:
        """What is missing."""
        missing: list[str] = []
        for (party, _), link in self._links.items():
            missing += [
                f"{label(exchange.request)} of the {party} was never answered"
                for exchange in link.taken.values()
                if not exchange.final
            ]
            missing += [
                f"the server never acknowledged the {exchange.status} of the {party}"
                for exchange in link.made.values()
                if exchange.request.method == "INVITE" and exchange.final and not exchange.acknowledged
            ]
        return missing


def _bye_fault(link: Link, now: float) -> str:
    for exchange in link.taken.values():
        if exchange.request.method == "INVITE" and exchange.request.to.tag is None:
            if not 200 <= exchange.status < 300:
                return "BYE from the called side before its answer (section 15)"
            if not exchange.acknowledged and now < exchange.final_at + LONGEST_S:
                return "BYE from the called side before the ACK (section 15)"
    return ""


def _inviting(link: Link) -> bool:
    """Whether an INVITE is under way in either direction."""
    made = any(exchange.request.method == "INVITE" and not exchange.final for exchange in link.made.values())
    taken = any(
        exchange.request.method == "INVITE" and not (exchange.final and exchange.acknowledged)
        for exchange in link.taken.values()
    )
    return made or taken
