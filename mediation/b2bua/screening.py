"""The first look at a request: what RFC 3261 section 8.2 wants examined before anybody acts on it, in its order."""

from mediation.b2bua.policy import ACCEPT, ALLOW, SUPPORTED_OPTIONS
from mediation.sip.message import Request
from mediation.sip.uri import OpaqueUri

_TAKEN = frozenset(ALLOW.split(", "))
_KNOWN = _TAKEN | {
    "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INFO", "REFER", "UPDATE", "PRACK", "PUBLISH",
}  # fmt: skip
"""Methods that exist; those that we do not take earn 405, unknown ones 501 (sections 21.4.6 and 21.5.2)."""


class Refusal(Exception):  # noqa: N818 -- an answer, not an error
    """The request is refused, statefully, with this final response."""

    def __init__(self, status: int, *headers: tuple[str, str], reason: str = "") -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.headers = headers
        self.reason = reason


def screen(request: Request) -> None:
    """Raise Refusal unless the request may go on. Identity is no business of this room: the flow has proved it."""
    _method(request)
    _header_fields(request)
    _content(request)


def _method(request: Request) -> None:
    """Section 8.2.1."""
    if request.method not in _TAKEN:
        status = 405 if request.method in _KNOWN else 501
        raise Refusal(status, ("Allow", ALLOW))


def _header_fields(request: Request) -> None:
    """Section 8.2.2: the scheme, the hop limit, the extensions demanded."""
    uri = request.uri
    if isinstance(uri, OpaqueUri) and uri.scheme != "tel":
        raise Refusal(416)
    if request.max_forwards == 0 and request.method == "INVITE":
        raise Refusal(483)
    if request.method in ("CANCEL", "ACK"):
        return
    unsupported = [tag for tag in request.require if tag not in SUPPORTED_OPTIONS]
    if unsupported:
        raise Refusal(420, ("Unsupported", ", ".join(unsupported)))


def _content(request: Request) -> None:
    """Section 8.2.3: bodies that we understand, and answers that the peer would take."""
    if request.method != "INVITE":
        return
    if request.body:
        content_type = request.content_type
        if content_type is None or content_type.essence != ACCEPT:
            raise Refusal(415, ("Accept", ACCEPT))
        if (request.headers.get("Content-Encoding") or "identity").lower() != "identity":
            raise Refusal(415, ("Accept-Encoding", "identity"))
    accepted = [value for line in request.headers.get_all("Accept") for value in line.split(",")]
    if request.headers.has("Accept") and not any(_takes_sdp(value) for value in accepted):
        raise Refusal(406)


def _takes_sdp(value: str) -> bool:
    essence = value.partition(";")[0].strip(" \t").lower()
    return essence in (ACCEPT, "application/*", "*/*")
