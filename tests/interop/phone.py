"""A telephone of a few lines: SIP by script over one UDP socket, as simple as the RFC's own examples.

It repeats nothing and checks little, for it stands where a stranger would only get in the way: where a test
chooses the media ports itself, or where a measurement wants hundreds of calls. It shares no code with the
product.
"""

import socket
from dataclasses import dataclass
from itertools import count
from typing import Final, Self

Address = tuple[str, int]

PATIENCE_S: Final = 10.0
CALLED: Final = "+442079460123"
NAMES: Final = {0: "PCMU", 8: "PCMA"}
SERIAL: Final = count(1)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that arrived."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str
    source: Address

    def __getitem__(self, name: str) -> str:
        """Return the first header of this name."""
        return self.all(name)[0]

    def all(self, name: str) -> list[str]:
        """Return all headers of this name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def audio(self) -> Address:
        """Where its description wants RTP."""
        lines = self.body.splitlines()
        host = next(line.split()[-1] for line in lines if line.startswith("c="))
        port = next(line.split()[1] for line in lines if line.startswith("m=audio "))
        return host, int(port)

    @property
    def target(self) -> str:
        """The URI of its Contact, where requests of this dialog go."""
        return self["Contact"].split("<", 1)[1].split(">", 1)[0]


@dataclass(frozen=True, slots=True)
class Dialog:
    """One call as this telephone sees it, from its answer on."""

    phone: "Phone"
    peer: Address
    target: str
    local: str
    """Our From or To, with its tag."""
    remote: str
    call_id: str
    audio: Address
    """Where the peer takes RTP."""

    def hang_up(self) -> None:
        """Say BYE, and hear its 200."""
        self.phone.request("BYE", self.target, self.peer, self.local, self.remote, self.call_id, 2)
        self.phone.hear("SIP/2.0 200", self.call_id)


class Phone:
    """A telephone at one address."""

    def __init__(self, at: Address) -> None:
        self.at = at
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(at)
        self._socket.settimeout(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._socket.close()

    def invite(self, to: Address, audio: Address, law: int, called: str = CALLED) -> str:
        """Place a call, and return its Call-ID; `audio` is where we take RTP."""
        call_id = f"phone-{next(SERIAL)}@{self.at[0]}"
        uri = f"sip:{called}@{to[0]}:{to[1]}"
        self.request("INVITE", uri, to, self._local(call_id), f"<{uri}>", call_id, 1, sdp(audio, law))
        return call_id

    def answered(self, call_id: str, peer: Address) -> Dialog:
        """Wait for the answer to our call, and acknowledge it."""
        answer = self.hear("SIP/2.0 200", call_id)
        dialog = Dialog(self, peer, answer.target, self._local(call_id), answer["To"], call_id, answer.audio)
        self.request("ACK", dialog.target, peer, dialog.local, dialog.remote, call_id, 1)
        return dialog

    def answer(self, audio: Address, law: int) -> Dialog:
        """Wait for a call, answer it, and wait for its ACK."""
        invite = self.hear("INVITE ")
        local = f"{invite['To']};tag=callee"
        self.reply(invite, "200 OK", sdp(audio, law))
        self.hear("ACK ", invite["Call-ID"])
        return Dialog(
            self, invite.source, invite.target, local, invite["From"], invite["Call-ID"], invite.audio
        )

    def hung_up(self) -> None:
        """Wait for a BYE, and take it."""
        self.reply(self.hear("BYE "), "200 OK")

    def hear(self, start: str, call_id: str = "") -> Heard:
        """Wait for a message that begins like this, of this call if one is named; skip all others."""
        while True:
            octets, source = self._socket.recvfrom(65535)
            heard = read(octets, source)
            if heard.start.startswith(start) and call_id in ("", heard["Call-ID"]):
                return heard

    def say(self, text: str, to: Address) -> None:
        """Send a message, given with plain line ends."""
        self._socket.sendto(text.replace("\n", "\r\n").encode(), to)

    def request(
        self,
        method: str,
        uri: str,
        to: Address,
        local: str,
        remote: str,
        call_id: str,
        cseq: int,
        body: str = "",
    ) -> None:
        """Send a request with a branch of its own."""
        own = f"{self.at[0]}:{self.at[1]}"
        head = (
            f"{method} {uri} SIP/2.0\n"
            f"Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK-phone-{next(SERIAL)}\n"
            f"From: {local}\nTo: {remote}\nCall-ID: {call_id}\nCSeq: {cseq} {method}\n"
            f"Contact: <sip:{own}>\nMax-Forwards: 70\n"
        )
        self.say(head + content(body), to)

    def reply(self, request: Heard, status: str, body: str = "") -> None:
        """Answer a request."""
        to = request["To"] if "tag=" in request["To"] else f"{request['To']};tag=callee"
        head = f"SIP/2.0 {status}\n" + "".join(f"Via: {via}\n" for via in request.all("Via"))
        head += f"From: {request['From']}\nTo: {to}\nCall-ID: {request['Call-ID']}\nCSeq: {request['CSeq']}\n"
        head += f"Contact: <sip:{self.at[0]}:{self.at[1]}>\n"
        self.say(head + content(body), request.source)

    def _local(self, call_id: str) -> str:
        return f"<sip:+12025550123@{self.at[0]}>;tag={call_id.split('@')[0]}"


def read(octets: bytes, source: Address) -> Heard:
    """Take a message apart, as far as this telephone cares."""
    head, _, body = octets.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Heard(start, tuple((name.strip(), value.strip()) for name, _, value in pairs), body, source[:2])


def content(body: str) -> str:
    """Return the end of a message: its content's headers, and the content."""
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"{kind}Content-Length: {len(body) + body.count(chr(10))}\n\n{body}"


def sdp(audio: Address, law: int) -> str:
    """Describe one audio stream of one law."""
    return (
        f"v=0\no=phone 1 1 IN IP4 {audio[0]}\ns=-\nc=IN IP4 {audio[0]}\nt=0 0\n"
        f"m=audio {audio[1]} RTP/AVP {law}\na=rtpmap:{law} {NAMES[law]}/8000\n"
    )
