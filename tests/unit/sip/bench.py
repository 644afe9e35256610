"""A transaction layer on a bench: messages as text, a clock pushed by hand, everything that comes out kept."""

from mediation.sip.agent import Agent
from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow, Transmit, Transport
from mediation.sip.framing import parse_datagram
from mediation.sip.ids import IdSource
from mediation.sip.matching import TransactionLayer
from mediation.sip.message import Message, Request, Response
from mediation.sip.timers import TimerValues
from mediation.sip.transaction_row import Failure, Transaction

US, THEM = ("192.0.2.1", 5060), ("192.0.2.9", 5060)
UDP = Flow(Transport.UDP, US, THEM)
TCP = Flow(Transport.TCP, US, THEM, 7)


class Bench:
    """A layer, and a user of it who writes down what it is told."""

    def __init__(self, flow: Flow = UDP) -> None:
        self.flow = flow
        self.now = 0.0
        self.sent: list[tuple[float, Transmit]] = []
        self.told: list[str] = []
        self.layer = TransactionLayer(self, self._transmit, TimerValues())
        numbers = iter(range(1, 10_000))
        self.agent = Agent(self.layer, IdSource(lambda octets: f"{next(numbers):0{2 * octets}x}"))
        self.served: list[Transaction] = []
        """Server transactions, as they began."""

    # what a test does

    def begins(self, method: str, *, branch: str = "z9hG4bK-ours", to_tag: str = "") -> Transaction:
        """Send a request of ours."""
        text = message(f"{method} sip:them@192.0.2.9 SIP/2.0", method, branch, to_tag=to_tag, host=US[0])
        asked = parse(text)
        assert isinstance(asked, Request)
        return self.layer.send_request(asked, self.flow, self, self.now)

    def hears(self, status: int, method: str, *, branch: str = "z9hG4bK-ours") -> None:
        """A response to a request of ours arrives."""
        text = message(f"SIP/2.0 {status} Word", method, branch, to_tag="theirs", host=US[0])
        self.layer.receive(parse(text), self.flow, self.now)

    def gets(
        self,
        method: str,
        *,
        branch: str = "z9hG4bK-theirs",
        to_tag: str = "",
        via: str = "",
        sequence: int = 1,
    ) -> None:
        """A request arrives."""
        text = message(
            f"{method} sip:us@192.0.2.1 SIP/2.0", method, branch, to_tag=to_tag, via=via, sequence=sequence
        )
        self.layer.receive(parse(text), self.flow, self.now)

    def answers(self, status: int) -> None:
        """The user answers the latest request, whose response then is a value of its own."""
        transaction = self.served[-1]
        headers = transaction.request.headers.without("Contact", "Max-Forwards")
        self.layer.respond(transaction, Response(status, "Word", headers), self.now)

    def advance(self, seconds: float) -> None:
        """Let time pass, everything at its moment."""
        end = self.now + seconds
        while (due := self.layer.next_deadline()) is not None and due <= end:
            self.now = due
            self.layer.handle_timeout(due)
        self.now = end

    # what came of it

    def times(self) -> list[float]:
        """When anything was sent."""
        return [at for at, _ in self.sent]

    def messages(self) -> list[Message]:
        """What was sent."""
        return [parse(transmit.octets) for _, transmit in self.sent]

    def labels(self) -> list[str]:
        """What was sent, as methods and statuses, since the last look."""
        labels = [m.method if isinstance(m, Request) else str(m.status) for m in self.messages()]
        self.sent.clear()
        return labels

    # mediation.sip.transaction_row.ServerUser and ClientUser

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        self.told.append(request.method)
        self.served.append(transaction)

    def cancel_received(
        self, transaction: Transaction, invite: Transaction | None, request: Request, now: float
    ) -> None:
        self.told.append(f"CANCEL of {None if invite is None else invite.request.method}")
        self.served.append(transaction)

    def ack_received(self, ack: Request, now: float) -> None:
        self.told.append("ACK")

    def stray_response(self, response: Response, flow: Flow, now: float) -> None:
        self.told.append(f"stray {response.status}")

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        self.told.append(str(response.status))

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        self.told.append(failure.value)

    def _transmit(self, transmit: Transmit) -> None:
        self.sent.append((self.now, transmit))


def parse(text: str | bytes) -> Message:
    parsed = parse_datagram(text.encode() if isinstance(text, str) else text)
    if parsed is None:
        raise LocalSipError("no message")
    return parsed


def message(
    start: str,
    method: str,
    branch: str,
    *,
    to_tag: str = "",
    host: str = THEM[0],
    via: str = "",
    sequence: int = 1,
    extra: str = "",
) -> str:
    """A message as text; `via` replaces the whole value."""
    value = via or f"SIP/2.0/UDP {host}:5060;branch={branch}"
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{start}\r\nVia: {value}\r\nMax-Forwards: 70\r\nFrom: <sip:a@x>;tag=one\r\nTo: <sip:b@x>{tag}\r\n"
        f"Call-ID: call-1\r\nCSeq: {sequence} {method}\r\nContact: <sip:a@192.0.2.9>\r\n{extra}\r\n"
    )
