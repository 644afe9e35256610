"""Bodies: what crosses octet for octet with the headers that say what it is (RFC 3261 section 20.11 to 20.15), and the
session description that stands in one, alone or among other parts (RFC 5621)."""

from dataclasses import dataclass

from mediation.sdp.errors import SdpError
from mediation.sip.contents import SDP, PartPolicy, contents_of, essences_of
from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Request, Response

CONTENT_HEADERS = (
    "Content-Type",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Info-Package",
)
"""They describe the body and nothing of the dialog that it came in; Info-Package is of RFC 6086."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its description."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    essences: frozenset[str] = frozenset()
    """The media types of all that is in it."""

    @classmethod
    def of(cls, message: Request | Response) -> "Content":
        """The content of a message, as it came."""
        headers = tuple((name, value) for name in CONTENT_HEADERS for value in message.headers.get_all(name))
        return cls(headers, message.body, essences_of(message))

    @classmethod
    def of_answer(cls, response: Response) -> "Content":
        """The content of what INFO or MESSAGE was answered: of a refusal, the packages that would be taken (469)."""
        if response.status < 300:
            return cls.of(response)
        return cls(tuple(("Recv-Info", value) for value in response.headers.get_all("Recv-Info")))


NOTHING = Content()

_LENIENT = PartPolicy(refuses=False)
"""What a request demands was screened before; a response cannot be refused for what it says beside its description."""


def session_of(message: Request | Response) -> bytes:
    """The session description of a message; none where it has none. Raises SdpError where its body has no order."""
    media_type = message.content_type
    if media_type is None or not message.body:
        return message.body  # without a word of what it is, a response's body is taken for a description
    if media_type.essence == SDP and not message.headers.has("Content-Disposition"):
        return message.body
    try:
        return contents_of(message, _LENIENT).sdp
    except RemoteSipError as error:
        raise SdpError(error.reason) from error
