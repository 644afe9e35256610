"""Front ends and session border controllers as scripts: what they say is written as text, what they hear is kept."""

from dataclasses import dataclass, field
from itertools import count
from urllib.parse import quote

from mediation.settings.peers import Side
from mediation.sip.flow import Flow, Transport
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.message import Message, Request, Response
from tests.flows.world import World

CALLED = "+493012345678"
CALLING = "+15550100"


@dataclass(slots=True)
class Line:
    """One dialog as a peer sees it. `local` and `remote` are From and To of its own requests, tags included."""

    call_id: str
    local: str
    remote: str
    target: str
    """Where its requests within the dialog are addressed."""
    sequence: int
    offered: bool = True
    """Whether the peer's own INVITE has made the offer."""
    ours: str = ""
    """The branch of the INVITE that the peer has sent."""
    asked: dict[str, Request] = field(default_factory=dict)
    """The latest request of each method that came in."""


class Peer:
    """Somebody on one side of the server."""

    def __init__(
        self,
        world: World,
        side: Side,
        host: str,
        *,
        transport: Transport = Transport.UDP,
        codecs: str = "",
        connection: int | None = None,
    ) -> None:
        self.world = world
        self.side = side
        listeners = world.settings.interface(side).listen
        listener = next(each for each in listeners if each.transport is transport)
        self.flow = Flow(transport, listener.endpoint, (host, 5060), connection)
        self.audio_host = ""
        """Where its audio is, if that is not where its signalling is."""
        self.codecs = codecs or ("PCMU" if side is Side.FRONT_END else "PCMA")
        self.line: Line
        self.lines: list[Line] = []
        self.received: list[tuple[float, Message]] = []
        self.dead = False
        """Whether sending to it fails."""
        self.acks_failures = True
        self.answers_bye = True
        self.answers_notify = True
        self.via_says = ""
        """Further parameters of its Via."""
        self._looked_at = 0
        self._began = world.now
        self._numbers = count(1)
        self._name = f"{'fe' if side is Side.FRONT_END else 'sbc'}-{host.rpartition('.')[2]}"
        self._session = 70_000_000 + int.from_bytes(host.encode()[-3:], "big")
        self.said = b""
        """The last message, as octets."""
        self._moved_to = ""
        world.join(self)

    # what it says

    def invites(
        self,
        called: str = CALLED,
        *,
        sdp: bytes | None = None,
        uri: str = "",
        calling: str = CALLING,
        from_: str = "",
        branch: str = "",
        call_id: str = "",
        tag: str = "",
        sequence: int = 7,
        max_forwards: int | None = 70,
        headers: str = "",
    ) -> Line:
        """Begin a call; `sdp=b""` makes no offer. `headers` are further lines, each with its line end."""
        host = _bracketed(self.flow.local[0])
        number = next(self._numbers)
        address = from_ or f'"Caller" <sip:{calling}@{self._place}>'
        line = Line(
            call_id or f"{self._name}-call-{number}",
            f"{address};tag={tag or f'{self._name}-from-{number}'}",
            f"<sip:{called}@{host}>",
            uri or f"sip:{called}@{host}:5060",
            sequence,
            offered=sdp != b"",
            ours=branch or self._branch(),
        )
        self._hold(line)
        body = self.sdp() if sdp is None else sdp
        self._request("INVITE", line, branch=line.ours, headers=headers, body=body, max_forwards=max_forwards)
        return line

    def says(
        self,
        status: int,
        *,
        to: str = "INVITE",
        sdp: bytes = b"",
        tag: str = "",
        headers: str = "",
        line: Line | None = None,
    ) -> None:
        """Answer the latest request of that method; `tag` answers as another party that the call was forked to."""
        line = line or self.line
        request = line.asked[to]
        local = line.local if not tag else f"{request.headers.get('To')};tag={tag}"
        lines = [f"SIP/2.0 {status:03d} Said So"]
        lines += [f"Via: {value}" for value in request.headers.get_all("Via")]
        lines += [f"From: {request.headers.get('From')}"]
        lines += [f"To: {request.headers.get('To') if status == 100 or request.to.tag else local}"]
        lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.cseq}"]
        if to in ("INVITE", "UPDATE") and 100 < status < 300:
            lines += [f"Contact: <{self.contact}>"]
        lines += [f"User-Agent: {self._name}-product"]
        self.sends(lines, headers, sdp)

    def acks(self, sdp: bytes = b"", *, line: Line | None = None, sequence: int | None = None) -> None:
        """Acknowledge a 2xx."""
        line = line or self.line
        self._request("ACK", line, sequence=line.sequence if sequence is None else sequence, body=sdp)

    def pracks(self, sdp: bytes = b"", *, rseq: str = "", line: Line | None = None) -> None:
        """Acknowledge the latest reliable provisional response, or another one by its number."""
        line = line or self.line
        rung = next(
            message
            for _, message in reversed(self.received)
            if isinstance(message, Response)
            and message.headers.has("RSeq")
            and message.call_id == line.call_id
        )
        rack = f"RAck: {rseq or rung.headers.get('RSeq')} {rung.cseq}\r\n"
        to = rung.headers.get("To") or ""
        self._request("PRACK", line, sequence=self._count(line, None), headers=rack, body=sdp, to=to)

    def updates(self, sdp: bytes = b"", *, headers: str = "", to_tag: str = "") -> None:
        """Send UPDATE within the dialog."""
        self.asks("UPDATE", within=True, headers=headers, body=sdp, to_tag=to_tag)

    def refers(self, to: str, *, headers: str = "", replaces: str = "") -> None:
        """Send REFER within the dialog: `to` is a URI, `replaces` a Replaces value that it embeds."""
        embedded = f"?Replaces={quote(replaces, safe='')}" if replaces else ""
        self.asks("REFER", within=True, headers=f"Refer-To: <{to}{embedded}>\r\n{headers}")

    def reports(self) -> list[str]:
        """What the NOTIFYs have reported: status and state of the subscription, in order."""
        return [
            f"{message.body.split(b' ')[1].decode()} {(message.headers.get('Subscription-State') or '').split(';')[0]}"
            for _, message in self.received
            if isinstance(message, Request) and message.method == "NOTIFY"
        ]

    def ids(self, line: Line | None = None) -> str:
        """The dialog of a line, as a Replaces value for whoever is at its other end (RFC 3891 section 3)."""
        line = line or self.line
        local, remote = line.local.partition(";tag=")[2], line.remote.partition(";tag=")[2]
        return f"{line.call_id};to-tag={remote};from-tag={local}"

    def cancels(self, headers: str = "", *, branch: str = "") -> None:
        """Take the INVITE back."""
        line = self.line
        to = line.remote.partition(";tag=")[0]
        self._request("CANCEL", line, branch=branch or line.ours, to=to, headers=headers)

    def hangs_up(
        self, headers: str = "", *, line: Line | None = None, sequence: int | None = None, tag: str = ""
    ) -> None:
        """Send BYE."""
        line = line or self.line
        before = line.local
        if tag:
            line.local = f"{before.partition(';tag=')[0]};tag={tag}"
        self._request("BYE", line, sequence=self._count(line, sequence), headers=headers)
        line.local = before

    def reinvites(self, sdp: bytes | None = None, *, headers: str = "", sequence: int | None = None) -> None:
        """Send an INVITE within the dialog."""
        line = self.line
        sequence = self._count(line, sequence)
        body = self.sdp() if sdp is None else sdp
        line.ours = self._branch()
        self._request("INVITE", line, branch=line.ours, sequence=sequence, headers=headers, body=body)

    def asks(
        self,
        method: str,
        *,
        within: bool = False,
        headers: str = "",
        body: bytes = b"",
        to_tag: str | None = "",
        uri: str = "",
        max_forwards: int | None = 70,
    ) -> None:
        """Send any request, outside of a dialog or within the present one; `to_tag` names another one of its call."""
        if within:
            line = self.line
            to = f"{line.remote.partition(';tag=')[0]};tag={to_tag}" if to_tag else ""
            self._request(method, line, sequence=self._count(line, None), headers=headers, body=body, to=to)
            return
        host = _bracketed(self.flow.local[0])
        number = next(self._numbers)
        from_ = f"<sip:ping@{self._place}>;tag={self._name}-from-{number}"
        line = Line(f"{self._name}-call-{number}", from_, f"<sip:{host}>", uri or f"sip:{host}:5060", 1)
        self._request(method, line, headers=headers, body=body, max_forwards=max_forwards)

    def repeats(self) -> None:
        """Send the last message once more, octet for octet."""
        self.world.receive(self.said, self.flow)

    def repeats_what_it_said(self, octets: bytes) -> None:
        """Send an earlier message once more: the network has kept it, or its answer was lost."""
        self.world.receive(octets, self.flow)

    def sends(self, lines: list[str], headers: str = "", body: bytes = b"") -> None:
        """Send a message of these lines."""
        if body:
            lines = (
                [*lines, "Content-Type: application/sdp"] if "content-type:" not in headers.lower() else lines
            )
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n" + headers + "\r\n"
        self.said = text.encode("utf-8", "surrogateescape") + body
        self.world.receive(self.said, self.flow)

    def mutters(self, octets: bytes) -> None:
        """Send octets that are no good message."""
        try:
            parse_datagram(octets)
        except MalformedMessage as error:
            broken = error
        else:
            raise AssertionError("this is a good message")
        self.world.soon(lambda: self.world.engine.receive_malformed(broken, self.flow, self.world.now))

    def sdp(
        self,
        codecs: str = "",
        *,
        port: int = 4000,
        host: str = "",
        direction: str = "sendrecv",
        version: int = 1,
        lines: str = "",
        profile: str = "RTP/AVP",
    ) -> bytes:
        """Audio in these laws, named as in rtpmap; the laws that this peer speaks, without any."""
        numbers = {"PCMU": "0", "PCMA": "8", "G722": "9", "opus": "111", "telephone-event": "101"}
        names = (codecs or self.codecs).split(" ")
        host = host or self.audio_host or self.flow.remote[0]
        family = "IP6" if ":" in host else "IP4"
        clocks = {"opus": "48000/2"}
        maps = [f"a=rtpmap:{numbers[name]} {name}/{clocks.get(name, '8000')}" for name in names]
        formats = " ".join(numbers[name] for name in names)
        text = [
            "v=0", f"o=- {self._session} {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0",
            f"m=audio {port} {profile} {formats}", *maps, f"a={direction}",
        ]  # fmt: skip
        return "".join(f"{line}\r\n" for line in text).encode() + lines.encode()

    # what it hears

    def heard(self) -> list[str]:
        """What came since the last look: methods, and statuses with the method unless it is INVITE."""
        new = [_label(message) for _, message in self.received[self._looked_at :]]
        self._looked_at = len(self.received)
        return new

    def times(self, label: str) -> list[float]:
        """When messages of that label came, in seconds since this peer exists."""
        return [at - self._began for at, message in self.received if _label(message) == label]

    def request(self, method: str) -> Request:
        """The latest request of that method."""
        return next(
            message
            for _, message in reversed(self.received)
            if isinstance(message, Request) and message.method == method
        )

    def response(self, status: int) -> Response:
        """The latest response of that status."""
        return next(
            message
            for _, message in reversed(self.received)
            if isinstance(message, Response) and message.status == status
        )

    def take(self, message: Message) -> None:
        """Something arrived."""
        self.received.append((self.world.now, message))
        if isinstance(message, Request):
            self._take_request(message)
        elif message.cseq.method == "INVITE":
            self._take_answer(message)

    # private

    def _take_request(self, request: Request) -> None:
        new = all(line.call_id != request.call_id for line in self.lines)
        if new and request.method in ("INVITE", "MESSAGE", "REGISTER"):
            local = f"{request.headers.get('To')};tag={self._name}-to-{next(self._numbers)}"
            assert request.headers.has("Contact") is (request.method != "MESSAGE")
            target = "" if request.contact is None else str(request.contact.uri)
            self._hold(Line(request.call_id, local, request.headers.get("From") or "", target, 100))
        line = next((line for line in self.lines if line.call_id == request.call_id), None)
        if line is None:
            return
        line.asked[request.method] = request
        if request.method == "BYE" and self.answers_bye:
            self.world.soon(lambda: self.says(200, to="BYE", line=line))
        if request.method == "NOTIFY" and self.answers_notify:
            self.world.soon(lambda: self.says(200, to="NOTIFY", line=line))

    def _take_answer(self, response: Response) -> None:
        line = next((line for line in self.lines if line.call_id == response.call_id), None)
        if line is None:
            return
        if response.to.tag is not None:
            line.remote = response.headers.get("To") or ""
        if response.contact is not None:
            line.target = str(response.contact.uri)
        if response.status >= 300 and self.acks_failures:
            to, branch = response.headers.get("To") or "", response.top_via.branch or ""
            sequence = response.cseq.number
            self.world.soon(lambda: self._request("ACK", line, branch=branch, sequence=sequence, to=to))

    def _request(
        self,
        method: str,
        line: Line,
        *,
        branch: str = "",
        sequence: int | None = None,
        to: str = "",
        headers: str = "",
        body: bytes = b"",
        max_forwards: int | None = 70,
    ) -> None:
        via = f"SIP/2.0/{self.flow.transport.upper()} {self._place}:5060;branch={branch or self._branch()}"
        lines = [
            f"{method} {line.target} SIP/2.0",
            f"Via: {via}{self.via_says}",
            f"From: {line.local}",
            f"To: {to or line.remote}",
            f"Call-ID: {line.call_id}",
            f"CSeq: {line.sequence if sequence is None else sequence} {method}",
            f"User-Agent: {self._name}-product",
        ]
        if max_forwards is not None:
            lines.append(f"Max-Forwards: {max_forwards}")
        if method in ("INVITE", "OPTIONS", "UPDATE", "REFER"):
            lines.append(f"Contact: <{self.contact}>")
        self.sends(lines, headers, body)

    def _hold(self, line: Line) -> None:
        self.line = line
        self.lines.append(line)

    def _count(self, line: Line, sequence: int | None) -> int:
        line.sequence = line.sequence + 1 if sequence is None else sequence
        return line.sequence

    def _branch(self) -> str:
        return f"z9hG4bK-{self._name}-{next(self._numbers)}"

    @property
    def _place(self) -> str:
        return _bracketed(self.flow.remote[0])

    @property
    def contact(self) -> str:
        """The URI where it wants requests within its dialogs."""
        return self._moved_to or f"sip:line-{self._name}@{self._place}:5060"

    def moves_to(self, uri: str) -> None:
        """Name another Contact from now on."""
        self._moved_to = uri


def _label(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    return (
        str(message.status) if message.cseq.method == "INVITE" else f"{message.status} {message.cseq.method}"
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
