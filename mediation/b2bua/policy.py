"""What crosses from one dialog to the other, as data. Everything else stays on its side.

The other leg's messages are built, never copied: a header crosses because a row here names it, with its reason.
"""

from enum import Enum, auto

from mediation.settings.model import Side
from mediation.sip.contents import PartPolicy
from mediation.sip.headers import NameAddress
from mediation.sip.message import Request
from mediation.sip.uri import SipUri

ACCEPT = "application/sdp, multipart/mixed, multipart/alternative, multipart/related"
"""The bodies that we take (RFC 3261 section 20.1); true of OPTIONS answers and of 415 alike."""
PARTS = PartPolicy(frozenset({"application/pidf+xml"}))
"""What crosses besides the session description: where a caller is, for emergency centres (RFC 6442)."""


class To(Enum):
    """The directions in which a header may cross."""

    BOTH = auto()
    FRONT_END = auto()
    GATEWAY = auto()


CROSSES: dict[str, To] = {
    "Subject": To.BOTH,                     # for people, RFC 3261 section 20.36
    "Priority": To.BOTH,                    # an emergency must stay one, RFC 3261 section 20.26
    "Privacy": To.BOTH,                     # a wish that binds whoever handles the call, RFC 3323 section 4.2
    "P-Asserted-Identity": To.FRONT_END,    # who calls, by word of the ITSP; ours is not told to it, RFC 3325
    "Diversion": To.FRONT_END,              # who was called first, RFC 5806
    "History-Info": To.FRONT_END,           # the same, RFC 7044
    "User-to-User": To.BOTH,                # belongs to the two parties, RFC 7433
    "Alert-Info": To.FRONT_END,             # how the phone should ring
}  # fmt: skip


def crossing(request: Request, destination: Side) -> tuple[tuple[str, str], ...]:
    """The headers of `request` that may enter the dialog on the other side, octet for octet."""
    allowed = To.FRONT_END if destination is Side.FRONT_END else To.GATEWAY
    return tuple(
        (name, value)
        for name, direction in CROSSES.items()
        if direction in (To.BOTH, allowed)
        for value in request.headers.get_all(name)
    )


def calling_identity(address: NameAddress, our_host: str) -> str:
    """A From value for the other side: name and number of the caller, at our own host.

    An anonymous caller stays at anonymous.invalid (RFC 3323 section 4.1.1.3).
    """
    name = "" if address.display_name is None else f"{address.display_name} "
    uri = address.uri
    if isinstance(uri, SipUri):
        user = _user(uri)
        host = uri.host if uri.host.lower() == "anonymous.invalid" else our_host
    else:
        user, host = (uri.rest.partition(";")[0] if uri.scheme == "tel" else ""), our_host
    return f"{name}<sip:{user}@{host}>" if user else f"{name}<sip:{host}>"


def called_uri(request: Request, host: str, parameters: str = "") -> str:
    """A Request-URI or To for the other side: the called number at the target, with `user=phone` kept.

    `host` is printed as given; nothing else of the original URI crosses, and no header of its.
    """
    uri = request.uri
    if isinstance(uri, SipUri):
        user, phone = _user(uri), (uri.parameters.get("user") or "").lower() == "phone"
    else:
        user, phone = uri.rest.partition(";")[0], True
    return f"sip:{user}@{host}{parameters}{';user=phone' if phone else ''}"


def _user(uri: SipUri) -> str:
    """The user part as received, without the password that it may hold."""
    return (uri.user or "").partition(":")[0]
