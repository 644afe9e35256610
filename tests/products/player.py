"""A product at one side of the server: it says what its script says, and keeps what it hears."""

from collections.abc import Callable
from itertools import count

from mediation.settings.peers import Side
from mediation.sip.flow import Flow
from mediation.sip.message import Message, Request, Response
from tests.flows.peers import CALLED, CALLING
from tests.flows.world import World
from tests.products.script import METHOD, Script, lines_of

Alter = Callable[[bytes], bytes]
"""What becomes of a message on its way: other spelling, same meaning."""


def unaltered(octets: bytes) -> bytes:
    return octets


class Player:
    """Somebody who reads from a script."""

    def __init__(self, world: World, side: Side, host: str, script: Script, alter: Alter = unaltered) -> None:
        listeners = world.settings.interface(side).listen
        listener = next(each for each in listeners if each.transport is script.transport)
        connection = 900 if script.transport.reliable else None
        port = script.transport.default_port
        self.world = world
        self.side = side
        self.script = script
        self.flow = Flow(script.transport, listener.endpoint, (host, port), connection)
        self.dead = False
        self.received: list[Message] = []
        self.said: list[bytes] = []
        """Everything that it has said, as octets, before anybody altered it."""
        self._alter = alter
        self._looked_at = 0
        self._numbers = count(1)
        self._gaps = {
            "us": listener.host, "our_port": str(listener.port), "host": host, "port": str(port),
            "called": CALLED, "calling": CALLING,
        }  # fmt: skip
        self._tag = self._made("tag")
        self._sequence = int(script.head.get("cseq", "101"))
        self._invite_sequence = self._sequence
        self._invite_branch = ""
        world.join(self)

    # what it says

    def invites(self) -> None:
        """Begin a call."""
        self._gaps["call_id"] = self._made("call-id")
        self._gaps["local_tag"] = self._tag
        self.plays("INVITE")
        self._learn_ends()

    def agrees(self, method: str) -> None:
        """Say 200 to a request, in the words in which it says so to BYE."""
        self.plays("200 BYE", to=method)

    def turns(self) -> None:
        """Forget the call, and look at the latest INVITE, which is another one."""
        for gap in ("call_id", "local", "remote", "target"):
            self._gaps.pop(gap, None)
        self._learn(self.request("INVITE"))

    def plays(self, name: str, *, to: str = "") -> None:
        """Say a message of the script: a request, or the response to the request that its name tells, or `to`."""
        word = name.partition(" ")[0]
        gaps = self._request_gaps(word) if METHOD.fullmatch(word) else self._response_gaps(to or name)
        said = self.script.message(name, {**self._gaps, **gaps})
        self.said.append(said)
        self.world.receive(self._alter(said), self.flow)

    def _request_gaps(self, method: str) -> dict[str, str]:
        if method == "ACK":
            failed = isinstance(self.received[-1], Response) and self.received[-1].status >= 300
            branch = self._invite_branch if failed else self._made("branch")
            return {"branch": branch, "seq": str(self._invite_sequence)}
        if method == "CANCEL":
            return {"branch": self._invite_branch, "seq": str(self._invite_sequence)}
        self._sequence += 1
        branch = self._made("branch")
        if method == "INVITE":
            self._invite_sequence, self._invite_branch = self._sequence, branch
        gaps = {"branch": branch, "seq": str(self._sequence)}
        if method == "PRACK":
            rung = self.response(180, 183)
            gaps["rack"] = f"{rung.headers.get('RSeq')} {rung.cseq}"
        return gaps

    def _response_gaps(self, name: str) -> dict[str, str]:
        method = next((word for word in name.split(" ") if METHOD.fullmatch(word)), "INVITE")
        request = self.request(method)
        to = request.headers.get("To") or ""
        return {
            "via": request.headers.get("Via") or "",
            "from": request.headers.get("From") or "",
            "to": to if request.to.tag else f"{to};tag={self._tag}",
            "to_bare": to,
            "call_id": request.call_id,
            "cseq": str(request.cseq),
        }

    # what it hears

    def heard(self) -> list[str]:
        """What came since the last look: methods, and statuses with the method unless it is INVITE."""
        new = [label(message) for message in self.received[self._looked_at :]]
        self._looked_at = len(self.received)
        return new

    def request(self, method: str) -> Request:
        """The latest request of that method."""
        return next(m for m in reversed(self.received) if isinstance(m, Request) and m.method == method)

    def response(self, *statuses: int) -> Response:
        """The latest response of one of these statuses."""
        return next(m for m in reversed(self.received) if isinstance(m, Response) and m.status in statuses)

    def take(self, message: Message) -> None:
        """Something arrived."""
        self.received.append(message)
        self._learn(message)

    # private

    def _learn(self, message: Message) -> None:
        """Whose call it is, and where the other party wants its requests."""
        if isinstance(message, Request):
            if message.method == "INVITE" and "remote" not in self._gaps:
                to = message.headers.get("To") or ""
                self._gaps["call_id"] = message.call_id
                self._gaps["local_tag"] = self._tag
                self._gaps["local"] = f"{to};tag={self._tag}"
                self._gaps["remote"] = message.headers.get("From") or ""
            if message.contact is not None:
                self._gaps["target"] = str(message.contact.uri)
            return
        if message.contact is not None:
            self._gaps["target"] = str(message.contact.uri)
        if message.to.tag is not None and message.cseq.method == "INVITE":
            self._gaps["remote"] = message.headers.get("To") or ""

    def _learn_ends(self) -> None:
        """What it calls itself and the other party within the call: as in its INVITE, octet for octet."""
        ends = dict(lines_of(self.said[-1]))
        self._gaps["local"] = ends["from"].decode("utf-8", "surrogateescape")
        self._gaps.setdefault("remote", ends["to"].decode("utf-8", "surrogateescape"))

    def _made(self, kind: str) -> str:
        """A fresh branch, tag or Call-ID in the product's way of writing them."""
        shape = self.script.head[kind]
        return shape.replace("[n]", f"{next(self._numbers):04X}").replace("[host]", self._gaps["host"])


def label(message: Message) -> str:
    """A method, or a status."""
    if isinstance(message, Request):
        return message.method
    method = message.cseq.method
    return str(message.status) if method == "INVITE" else f"{message.status} {method}"
