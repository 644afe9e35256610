"""Whether a message is well formed as a whole (RFC 3261 section 8.1.1, 16.3 and 20; RFC 4475).

What a server decides about a well-formed request (416, 420, 415, 406, 405, 483 …) is not asked here. Where
RFC 4475 leaves it open, this was decided: an angle-bracketed or blank-ridden URI, a Request-URI with
headers, a branch that is the cookie alone and an INVITE without a SIP Contact are refused with 400; a Date
that is no date and a display name that is no token are let through.
"""

from collections.abc import Sized

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import NameAddress
from mediation.sip.message import Message, Request, Response
from mediation.sip.uri import SipUri

METHODS = frozenset({
    "ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER",
    "REGISTER", "SUBSCRIBE", "UPDATE",
})  # fmt: skip
"""Every method that has an RFC. Which of them are served is the engine's to say."""

SINGLE = frozenset({
    "call-id", "content-disposition", "content-length", "content-type", "cseq", "event", "expires", "from",
    "max-forwards", "min-se", "rack", "refer-to", "replaces", "rseq", "session-expires", "to",
})  # fmt: skip
"""Headers of which a second one would leave open which counts (RFC 3261 7.3.1, RFC 4475 3.3.8)."""

COOKIE_ALONE = "z9hg4bk"
"""A branch that promises to be unique and is not (RFC 4475 section 3.2.1)."""

MOST_HOPS = 70
"""Values of Via, of Route and of Record-Route: more hops than a request may make (RFC 3261 section 8.1.1.6)."""


def validate(message: Message) -> None:
    """Raise RemoteSipError with the status that a request like this has earned; for a response any will do.

    Everything checked is a view of the message, so nothing is read twice. Of a response only what the core
    depends on is checked: a peer's sloppiness elsewhere is no reason to lose its answer.
    """
    present = message.headers.by_key()
    for key, values in present.items():
        if len(values) > 1 and key in SINGLE:
            raise RemoteSipError(400, f"Repeated {key.title()}")
    if isinstance(message, Request):
        _check_method(message)
        _check_request_uri(message)
    _check_identity(message)
    if "contact" in present:
        _check_contacts(message)
    if "record-route" in present:
        _check_hops(message.record_routes, "Record-Route")
    if "content-type" in present:
        _ = message.content_type
    if isinstance(message, Request):
        _check_request_headers(message)


def _check_method(request: Request) -> None:
    if request.cseq.method == request.method:
        return
    # Method inspection comes first (section 8.2): who does not know the method can not judge its CSeq
    if request.method not in METHODS:
        raise RemoteSipError(501, "Not Implemented")
    raise RemoteSipError(400, "CSeq Method Differs")


def _check_request_uri(request: Request) -> None:
    uri = request.uri
    if isinstance(uri, SipUri) and uri.headers:
        raise RemoteSipError(400, "Headers In Request-URI")  # RFC 3261 section 19.1.1, table 1


def _check_identity(message: Message) -> None:
    """What transactions and dialogs go by. From may lack a tag and Via a branch, as in RFC 2543."""
    _ = message.cseq, message.call_id
    _check_tag(message.from_, "From")
    _check_tag(message.to, "To")
    branches = message.vias[0].parameters.values("branch")
    if branches and (len(branches) > 1 or (branches[0] or COOKIE_ALONE).lower() == COOKIE_ALONE):
        raise RemoteSipError(400, "Bad Branch")


def _check_hops(hops: Sized, name: str) -> None:
    if len(hops) > MOST_HOPS:
        raise RemoteSipError(400, f"Too Many {name} Values")


def _check_tag(address: NameAddress, name: str) -> None:
    tags = address.parameters.values("tag")
    if tags and (len(tags) > 1 or tags[0] is None):
        raise RemoteSipError(400, f"Bad Tag In {name}")


def _check_contacts(message: Message) -> None:
    if message.contact_is_star and (isinstance(message, Response) or message.method != "REGISTER"):
        raise RemoteSipError(400, "Contact Is A Star")  # its only use is in RFC 3261 section 10.2.2
    _ = message.contacts


def _check_request_headers(request: Request) -> None:
    present = request.headers.by_key()
    _check_hops(request.vias, "Via")
    if "max-forwards" in present:  # it may be missing: RFC 3261 section 16.3, step 3
        _ = request.max_forwards
    if "expires" in present:
        _ = request.expires
    if "route" in present:
        _check_hops(request.routes, "Route")
    if request.method == "INVITE":
        contact = request.contact
        if contact is None or not isinstance(contact.uri, SipUri):
            raise RemoteSipError(400, "INVITE Needs A SIP Contact")  # RFC 3261 section 8.1.1.8
