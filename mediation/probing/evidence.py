"""What was said and heard in each trial: all that a judgement may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediation.sdp.description import SessionDescription
from mediation.sdp.errors import SdpError
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Endpoint
from mediation.sip.message import Message, Request, Response


@dataclass(frozen=True, slots=True)
class Spoken:
    """One SIP message as it went over the wire."""

    at_s: float
    sent: bool
    message: Message
    octets: int
    """Its length on the wire."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One RTP packet that came."""

    at_s: float
    source: Endpoint
    payload_type: int
    payload: bytes


@dataclass(slots=True)
class Trial:
    """One question put to the trunk: a call, or a request outside of calls."""

    name: str
    title: str
    asked: str
    """What was sent to find it out, for people."""
    spoken: list[Spoken] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    keys: str = ""
    """Keys that were sent as telephone events (RFC 4733)."""
    left_out: str = ""
    """Why it was not tried, or not to its end; empty: it was."""

    def responses(self, method: str) -> list[Response]:
        """Responses to requests of ours, in the order in which they came."""
        return [
            each.message
            for each in self.spoken
            if not each.sent and isinstance(each.message, Response) and each.message.cseq.method == method
        ]

    def final(self, method: str) -> Response | None:
        """The last final response to a request of ours; None: there was none."""
        return next((each for each in reversed(self.responses(method)) if each.status >= 200), None)

    def finals(self, method: str) -> list[Response]:
        """The final response to each request of ours with this method, in the order of their CSeq."""
        found = {each.cseq.number: each for each in self.responses(method) if each.status >= 200}
        return [found[number] for number in sorted(found)]

    def requests(self, method: str, *, sent: bool = True) -> list[Request]:
        """Requests of ours, or of the trunk; each once, whatever was repeated."""
        found = {
            (each.message.cseq.number, each.message.call_id): each.message
            for each in self.spoken
            if each.sent is sent and isinstance(each.message, Request) and each.message.method == method
        }
        return list(found.values())

    def answer_to(self, request: Request) -> Response | None:
        """The final response to one request of ours."""
        return next(
            (each for each in self.finals(request.method) if each.cseq.number == request.cseq.number), None
        )

    @property
    def answered(self) -> Response | None:
        """The 2xx to the first INVITE that got one."""
        return next((each for each in self.finals("INVITE") if each.status < 300), None)

    def after_s(self, status: int = 101) -> float | None:
        """Seconds from our first INVITE to the first response of at least this status; None without."""
        began = next((each.at_s for each in self.spoken if each.sent), None)
        for each in self.spoken:
            response = each.message
            if (
                began is not None
                and not each.sent
                and isinstance(response, Response)
                and response.status >= status
                and response.cseq.method == "INVITE"
                and response.status not in (401, 407)
            ):
                return each.at_s - began
        return None


def description(message: Message | None) -> SessionDescription | None:
    """The session description in a message; None where there is none that can be read."""
    if message is None or not message.body:
        return None
    try:
        kind = message.content_type
        if kind is not None and str(kind).partition(";")[0].lower() != "application/sdp":
            return None
        return SessionDescription.parse(message.body)
    except (SdpError, RemoteSipError):
        return None


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """What a TLS handshake at the trunk has shown."""

    port: int
    versions: tuple[str, ...] = ()
    """Versions that it takes, as `TLSv1.3`."""
    subject: str = ""
    names: tuple[str, ...] = ()
    ends: str = ""
    """The day on which its certificate ends, as 2030-01-31."""
    trusted: bool = False
    """Whether a certificate authority of [gateway.tls] vouches for it."""
    problem: str = ""
    """Why nothing was seen; empty: something was."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a run has found."""

    trials: Mapping[str, Trial]
    transport: str
    """What the trunk was spoken to by: `udp`, `tcp` or `tls`."""
    tls: TlsSeen
    tcp: bool
    """Whether the port takes connections."""

    def trial(self, name: str) -> Trial | None:
        """The trial of that name, where it was tried."""
        found = self.trials.get(name)
        return None if found is None or not found.spoken else found
