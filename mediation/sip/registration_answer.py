"""What a registrar's answer says (RFC 3261 section 10.2.4): for how long, by which route, and whether to ask again."""

from dataclasses import dataclass

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import number
from mediation.sip.headers import NameAddress, split_list
from mediation.sip.message import LONGEST_DELTA_S, Response
from mediation.sip.uri import SipUri

LONGEST_GRANT_S = 86_400
"""What is granted for longer is renewed each day all the same."""
LONGEST_REST_S = 86_400
"""A Retry-After beyond this is no hint but a mistake."""
MOST_ROUTES = 8
MOST_ASSOCIATED = 1000
"""Numbers that one registration can bring along, as far as we look."""

FOR_GOOD = frozenset({400, 401, 402, 403, 404, 405, 406, 407, 410, 413, 414, 415, 416, 420, 421, 485, 488, 493, 494,
                      501, 505, 513, 600, 603, 604, 606})  # fmt: skip
"""Answers that the same request would get tomorrow too, whichever registrar of the ITSP were asked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A registration that holds."""

    expires_s: int
    """From the moment of the answer on."""
    service_route: tuple[str, ...] = ()
    """Route values for requests that begin something (RFC 3608 section 5)."""
    associated: tuple[str, ...] = ()
    """P-Associated-URI: further identities that are registered by the same act (RFC 7315 section 4.1)."""


def grant_of(response: Response, contact: SipUri, asked_s: int) -> Grant | None:
    """What a 2xx grants to `contact`; None where it does not say that we are registered.

    The expiry of our Contact counts, then the Expires header, then what we asked for. Without any Contact, against
    section 10.3 item 8, only an Expires header says that something was granted.
    """
    try:
        contacts, whole = response.contacts, response.expires
    except RemoteSipError:
        return None
    ours = _ours(contacts, contact)
    if ours is None and (contacts or whole is None):
        return None
    expires_s = _expires(ours)
    if expires_s is None:
        expires_s = asked_s if whole is None else whole
    if not expires_s:
        return None
    associated = tuple(str(each.uri) for each in _addresses(response, "P-Associated-URI", MOST_ASSOCIATED))
    return Grant(min(expires_s, LONGEST_GRANT_S), _service_route(response), associated)


def longer_of(response: Response, asked_s: int) -> int | None:
    """What a 423 asks for instead (RFC 3261 section 10.2.8); None where it is no more than was asked for."""
    try:
        least = number(response.headers.get("Min-Expires") or "", high=LONGEST_DELTA_S, what="Min-Expires")
    except RemoteSipError:
        return None
    return least if asked_s < least <= LONGEST_GRANT_S else None


def rest_of(response: Response) -> int:
    """Seconds that a Retry-After asks us to wait; 0 without one."""
    return min(response.retry_after or 0, LONGEST_REST_S)


def _ours(contacts: tuple[NameAddress, ...], contact: SipUri) -> NameAddress | None:
    """Our binding among all: the very URI, or the same place, or the only one with our user.

    Border controllers put themselves in our place, and leave parameters out.
    """
    found = [(each, each.uri) for each in contacts if isinstance(each.uri, SipUri)]
    for each, uri in found:
        if uri.equivalent(contact):
            return each
    place = (contact.host.lower(), contact.effective_port)
    for each, uri in found:
        if uri.user == contact.user and (uri.host.lower(), uri.effective_port) == place:
            return each
    same = [each for each, uri in found if uri.user == contact.user]
    return same[0] if len(same) == len(contacts) == 1 else None


def _expires(contact: NameAddress | None) -> int | None:
    value = None if contact is None else contact.parameters.get("expires")
    try:
        return None if value is None else number(value.strip('"'), high=LONGEST_DELTA_S, what="Expires")
    except RemoteSipError:
        return None


def _service_route(response: Response) -> tuple[str, ...]:
    """The Service-Route values, or none of them where one is no loose router or cannot be read."""
    routes = _addresses(response, "Service-Route", MOST_ROUTES + 1)
    loose = all(isinstance(each.uri, SipUri) and each.uri.parameters.has("lr") for each in routes)
    return tuple(map(str, routes)) if loose and len(routes) <= MOST_ROUTES else ()


def _addresses(response: Response, name: str, most: int) -> tuple[NameAddress, ...]:
    """The addresses of a header, the first `most` of them; none where one cannot be read."""
    try:
        elements = [each for value in response.headers.get_all(name) for each in split_list(value)]
        return tuple(NameAddress.parse(each) for each in elements[:most])
    except RemoteSipError:
        return ()
