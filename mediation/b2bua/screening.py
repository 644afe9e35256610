"""The first look at a request: what RFC 3261 section 8.2 wants examined before anybody acts on it, in its order."""

from mediation.b2bua.agreement import SEC_AGREE, SECURITY_SERVER, is_agreed, is_demanded, proxy_require
from mediation.b2bua.parts import accept_of, screened
from mediation.routing.terms import Terms
from mediation.sip.contents import SDP
from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Request
from mediation.sip.parameters import Parameters
from mediation.sip.uri import OpaqueUri
from mediation.sip.validation import METHODS

PROXY_OPTIONS = ("privacy",)
"""What a Proxy-Require may name too: we stand where a proxy would. A wish for privacy is handed on (RFC 3323)."""

_DESCRIBES_A_SESSION = frozenset({"INVITE", "UPDATE", "PRACK"})
"""Methods whose bodies are looked into here (RFC 3261 section 13, RFC 3311, RFC 3262 section 5)."""


class Refusal(Exception):  # noqa: N818 -- an answer, not an error
    """The request is refused, statefully, with this final response."""

    def __init__(self, status: int, *headers: tuple[str, str], reason: str = "") -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.headers = headers
        self.reason = reason


def screen(request: Request, terms: Terms, *, secure: bool = False) -> None:
    """Raise Refusal unless the request may go on, on the terms of its sender; `secure`: it came over TLS.

    Identity is no business of this room: the flow has proved it. Nor are 481 and 491, which are for the dialog to say.
    """
    try:
        _method(request, terms.allow_outside if request.to.tag is None else terms.allow)
        _addressee(request)
        _extensions(request, terms.option_tags, secure=secure)
        _content(request, terms)
    except RemoteSipError as error:
        raise Refusal(error.status, reason=error.reason) from error


def _method(request: Request, allow: str) -> None:
    """Section 8.2.1: 405 for what exists and we do not take, 501 for what nobody knows (section 21.5.2)."""
    if request.method not in allow.split(", "):
        raise Refusal(405 if request.method in METHODS else 501, ("Allow", allow))


def _addressee(request: Request) -> None:
    """Section 8.2.2.1, and the hop limit, which ends what goes in circles (section 16.3)."""
    uri = request.uri
    if isinstance(uri, OpaqueUri) and uri.scheme != "tel":
        raise Refusal(416)
    if request.max_forwards == 0 and request.method in ("INVITE", "MESSAGE"):
        raise Refusal(483)


def _extensions(request: Request, known: tuple[str, ...], *, secure: bool) -> None:
    """Section 8.2.2.3; CANCEL and ACK are never refused for one."""
    if request.method in ("CANCEL", "ACK"):
        return
    if is_demanded(request) and not is_agreed(request, secure=secure):
        raise Refusal(494, ("Security-Server", SECURITY_SERVER))
    unsupported = _unknown(request.require, known)
    unsupported += _unknown(proxy_require(request), (*known, *PROXY_OPTIONS))
    if unsupported:
        raise Refusal(420, ("Unsupported", ", ".join(dict.fromkeys(unsupported))))


def _unknown(tags: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The tags that we do not know, as they came; case does not matter (section 7.3.1)."""
    return tuple(tag for tag in tags if tag.lower() not in known and tag.lower() != SEC_AGREE)


def _content(request: Request, terms: Terms) -> None:
    """Section 8.2.3: bodies that we understand, and answers that the peer would take.

    A Content-Language is no reason to refuse: descriptions of sessions are in none.
    """
    if request.method not in _DESCRIBES_A_SESSION:
        return
    if request.body:
        _body(request, terms)
    accepted = [value for line in request.headers.get_all("Accept") for value in line.split(",")]
    if request.headers.has("Accept") and not any(_takes_sdp(value) for value in accepted):
        raise Refusal(406)


def _body(request: Request, terms: Terms) -> None:
    if (request.headers.get("Content-Encoding") or "identity").lower() != "identity":
        raise Refusal(415, ("Accept", accept_of(terms)), ("Accept-Encoding", "identity"))
    try:
        screened(request, terms)
    except RemoteSipError as error:
        if error.status == 415:
            raise Refusal(415, ("Accept", accept_of(terms))) from error
        raise


def _takes_sdp(value: str) -> bool:
    essence, semicolon, rest = value.partition(";")
    quality = Parameters.parse(semicolon + rest).get("q") or "1"
    return essence.strip(" \t").lower() in (SDP, "application/*", "*/*") and quality.strip("0.") != ""
