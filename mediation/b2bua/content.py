"""What crosses octet for octet: a body, and the headers that say what it is (RFC 3261 section 20.11 to 20.15)."""

from dataclasses import dataclass

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

    @classmethod
    def of(cls, message: Request | Response) -> "Content":
        """The content of a message, as it came."""
        headers = tuple((name, value) for name in CONTENT_HEADERS for value in message.headers.get_all(name))
        return cls(headers, message.body)


NOTHING = Content()
