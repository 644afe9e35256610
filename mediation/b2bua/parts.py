"""What crosses beside the session description in a body, by the terms of both peers (RFC 5621).

Where a caller is (PIDF-LO, RFC 6442), with the Geolocation that names it; signalling of the telephone network (ISUP and
QSIG, RFC 3204). All else stays on its side.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mediation.b2bua.identity import claim_of
from mediation.b2bua.passage import Lines, Passage, is_clean
from mediation.b2bua.policy import ACCEPT
from mediation.routing.terms import Terms
from mediation.settings.peer_terms import Location
from mediation.sip.contents import SDP, PartPolicy, body_of, contents_of, essences_of
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, header_key, split_list
from mediation.sip.message import Message, Request
from mediation.sip.multipart import NO_BODY, Body, Part
from mediation.sip.uri import unescaped

LOCATION = frozenset({"application/pidf+xml"})
"""Where a caller is (RFC 4119)."""
SIGNALLING = frozenset({"application/isup", "application/qsig"})
"""Messages of the telephone network (RFC 3204)."""
KINDS = LOCATION | SIGNALLING
"""Media types that may cross at all."""

_WORTH_CARRYING = (
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-transfer-encoding",
    "content-language",
)
"""What is said of a part and tells nothing of the side that it comes from."""
_REFERENCE = re.compile(r"[ \t]*<[ \t]*cid:([^<>\s]+)[ \t]*>")
"""A Geolocation value that names a part of the body (RFC 6442 section 4.1, RFC 2392)."""
_ESNET = re.compile(r"(?:^|,)[ \t]*esnet\.", re.IGNORECASE)

NO_PARTS: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Luggage:
    """What goes along with an INVITE."""

    parts: tuple[Part, ...] = ()
    headers: Lines = ()


NO_LUGGAGE = Luggage()


def accept_of(terms: Terms) -> str:
    """The bodies that we take of a peer (RFC 3261 section 20.1)."""
    return ", ".join((ACCEPT, *sorted(_kinds(terms, urgent=True, shown=True))))


def screened(request: Request, terms: Terms) -> None:
    """See that a request holds nothing that its sender wants understood and that would be dropped.

    Raises RemoteSipError: 400 and 413 where the body cannot be read, 415 or 493 where something must be understood and
    is not. Within a call nothing but the session description is.
    """
    first = request.method == "INVITE" and request.to.tag is None
    passes = _kinds(terms, urgent=is_urgent(request.headers), shown=True) if first else frozenset[str]()
    contents_of(request, PartPolicy(passes))


def carries(request: Request, source: Terms, destination: Terms) -> bool:
    """Whether all that must be understood of a request would cross: else somebody else must be called, or nobody."""
    if _is_plain(request):
        return True
    try:
        contents_of(request, PartPolicy(_passing(request, source, destination)))
    except RemoteSipError:
        return False
    return True


def luggage_of(request: Request, passage: Passage, named: Lines, draw: Callable[[], str]) -> Luggage:
    """What of an INVITE crosses beside its session description, each part octet for octet.

    `named` are the header lines that cross anyway: a part keeps its Content-ID where one of them names it. Else it gets
    one that `draw` gives, where the Geolocation of the sender names it: then ours does.
    """
    if _is_plain(request):
        return NO_LUGGAGE
    passes = _passing(request, passage.source, passage.destination)
    kept = contents_of(request, PartPolicy(passes, refuses=False)).kept
    passed = _references(value for name, value in named if header_key(name) == "geolocation")
    wanted = _references(request.headers.get_all("Geolocation"))
    parts: list[Part] = []
    lines: list[tuple[str, str]] = []
    for part in kept:
        name = part.content_id or ""
        if name in passed:
            parts.append(_bare(part, name))
        elif name in wanted:
            parts.append(_bare(part, ours := draw()))
            lines.append(("Geolocation", f"<cid:{ours}>"))
        else:
            parts.append(_bare(part))
    routing = request.headers.get("Geolocation-Routing")
    if lines and routing is not None and routing.lower() in ("yes", "no"):
        lines.append(("Geolocation-Routing", routing.lower()))
    return Luggage(tuple(parts), tuple(lines))


def signalling_of(message: Message) -> tuple[Part, ...]:
    """The parts of a response or a BYE that may cross; what cannot be read has none."""
    if _is_plain(message):
        return NO_PARTS
    try:
        return contents_of(message, PartPolicy(SIGNALLING, refuses=False)).kept
    except RemoteSipError:
        return NO_PARTS


def crossing(parts: tuple[Part, ...], source: Terms, destination: Terms) -> tuple[Part, ...]:
    """Of such parts, those that do."""
    passes = source.bodies.isup and destination.bodies.isup
    return tuple(_bare(part) for part in parts) if passes else NO_PARTS


def is_barred(essences: frozenset[str], source: Terms, destination: Terms) -> bool:
    """Whether a body holds what does not cross, in a request whose body is else nobody's business."""
    both = _kinds(source, urgent=True, shown=True) & _kinds(destination, urgent=True, shown=True)
    return not essences.isdisjoint(KINDS - both)


def bars(request: Request, source: Terms, destination: Terms) -> bool:
    """Whether a request that crosses whole holds what does not cross."""
    return not essences_of(request).isdisjoint(KINDS - _passing(request, source, destination))


def loaded(sdp: bytes, parts: tuple[Part, ...], draw: Callable[[], str]) -> Body:
    """A body of ours: the session description first, and then the parts; none where there is nothing to say.

    `draw` gives a boundary.
    """
    return body_of(sdp, parts, draw()) if sdp or parts else NO_BODY


def is_urgent(headers: Headers) -> bool:
    """Whether this is a call for help (RFC 3261 section 20.26, RFC 7135)."""
    urgent = (headers.get("Priority") or "").strip(" \t").lower() == "emergency"
    return urgent or any(_ESNET.search(value) for value in headers.get_all("Resource-Priority"))


def _kinds(terms: Terms, *, urgent: bool, shown: bool) -> frozenset[str]:
    """What a peer sends and gets; `shown`: the caller may be known."""
    location = terms.bodies.location
    kept = (location is not Location.DROP and urgent) or (location is Location.KEEP and shown)
    return (LOCATION if kept else frozenset()) | (SIGNALLING if terms.bodies.isup else frozenset())


def _passing(request: Request, source: Terms, destination: Terms) -> frozenset[str]:
    urgent = is_urgent(request.headers)
    claim = claim_of(request.headers, source.identity, request.from_)
    shown = destination.identity.reveal or not claim.hidden
    return _kinds(source, urgent=urgent, shown=shown) & _kinds(destination, urgent=urgent, shown=shown)


def _is_plain(message: Message) -> bool:
    """Whether there is nothing but a session description, if that."""
    media_type = message.content_type if message.body else None
    return media_type is None or media_type.essence == SDP


def _bare(part: Part, content_id: str = "") -> Part:
    """The part with what is worth saying of it, and the name that it is to have."""
    known = (pair for pair in part.headers.items() if header_key(pair[0]) in _WORTH_CARRYING)
    pairs = [pair for pair in known if is_clean(pair[1])]
    if content_id and is_clean(content_id):
        pairs.append(("Content-ID", f"<{content_id}>"))
    return replace(part, headers=Headers(pairs))


def _references(values: Iterable[str]) -> frozenset[str]:
    """The parts that Geolocation values name. One that cannot be read names none."""
    found: set[str] = set()
    for value in values:
        try:
            elements = split_list(value)
        except RemoteSipError:
            continue
        found |= {unescaped(match[1]) for element in elements if (match := _REFERENCE.match(element))}
    return frozenset(found)
