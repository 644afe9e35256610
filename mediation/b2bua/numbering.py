"""Numbers of a message in our own way of writing them: what a peer has said, before anything is decided about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mediation.b2bua.passage import ANONYMOUS, addresses_of, is_anonymous, secrets_of
from mediation.routing.numbers import number_of
from mediation.routing.terms import Terms
from mediation.routing.translation import translated
from mediation.settings.translation import Translation
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, NameAddress, header_key, split_list
from mediation.sip.message import Request
from mediation.sip.uri import OpaqueUri, SipUri, Uri

_WHO_CALLS = frozenset({"from", "p-asserted-identity", "p-preferred-identity", "remote-party-id"})
_WHO_WAS_CALLED = frozenset({"diversion", "history-info", "referred-by"})


@dataclass(frozen=True, slots=True)
class Inside:
    """A request as if a peer that writes numbers as we do had sent it."""

    request: Request
    secrets: frozenset[str] = frozenset()
    """By what the parties could be known that it names, as they were written before (see `passage.mentions`)."""


def inside(request: Request, calling: Terms, called: Terms | None = None) -> Inside:
    """Translate what somebody has sent on the terms `calling`; the called number was written on those of `called`."""
    target = (called or calling).numbers.called_in
    number = number_of(request.uri)
    headers = inside_headers(request.headers, calling, target, number)
    uri = translated(request.uri, target)
    if headers is request.headers and uri is request.uri:
        return Inside(request)
    made = Request(request.method, str(uri), headers, request.body)
    return Inside(made, secrets_in(request.headers, calling))


def rewritten(request: Request, *, calling: str = "", called: str = "") -> Inside:
    """The request as if another number had called, or another one were called; both are E.164, or empty.

    Whoever is anonymous stays so. What the old number had for parameters does not belong to the new one.
    """
    headers = request.headers
    if calling:

        def other(uri: Uri) -> Uri:
            return _numbered(uri, calling)

        headers = Headers(
            [
                (name, _line(value, other) if header_key(name) in _WHO_CALLS else value)
                for name, value in headers.items()
            ]
        )
    uri = _numbered(request.uri, called) if called else request.uri
    made = Request(request.method, str(uri), headers, request.body)
    return Inside(made, _known_by(request.headers) if calling else frozenset())


def unnamed(request: Request) -> Inside:
    """The request as if nobody in particular had sent it (RFC 3323 section 4.1.1.3)."""
    kept = [pair for pair in request.headers.items() if header_key(pair[0]) not in _WHO_CALLS]
    tag = "" if request.from_.tag is None else f";tag={request.from_.tag}"
    made = request.replace(headers=Headers([("From", f"{ANONYMOUS}{tag}"), *kept]))
    return Inside(made, _known_by(request.headers))


def inside_headers(
    headers: Headers, terms: Terms, target: Translation | None = None, called: str = ""
) -> Headers:
    """The same for the headers alone; `target` translates `called`, which History-Info names too."""
    plan = terms.numbers
    if plan.calling_in.is_idle and (target is None or target.is_idle):
        return headers

    def one(uri: Uri) -> Uri:
        if target is not None and number_of(uri) == called:
            return translated(uri, target)
        return person(uri)

    def person(uri: Uri) -> Uri:
        return translated(uri, plan.calling_in)

    made: list[tuple[str, str]] = []
    for name, value in headers.items():
        key = header_key(name)
        reading = person if key in _WHO_CALLS else one if key in _WHO_WAS_CALLED else None
        made.append((name, value if reading is None else _line(value, reading)))
    return Headers(made)


def secrets_in(headers: Headers, terms: Terms) -> frozenset[str]:
    """By what the parties could be known as this peer writes them, where it does so in another way than we."""
    return frozenset() if terms.numbers.calling_in.is_idle else _known_by(headers)


def _known_by(headers: Headers) -> frozenset[str]:
    named = ("From", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID")
    return secrets_of(address for name in named for address in addresses_of(headers, name))


def _line(value: str, of: Callable[[Uri], Uri]) -> str:
    """A header line with its addresses translated; one that cannot be read stays as it is, and never crosses."""
    try:
        addresses = [NameAddress.parse(element) for element in split_list(value)]
    except RemoteSipError:
        return value
    made = [each if is_anonymous(each) else replace(each, uri=of(each.uri)) for each in addresses]
    return value if made == addresses else ", ".join(map(str, made))


def _numbered(uri: Uri, number: str) -> Uri:
    if isinstance(uri, SipUri):
        return replace(uri, user=number)
    return OpaqueUri("tel", number) if uri.scheme == "tel" else uri


def callers_of(request: Request) -> Iterator[str]:
    """The numbers of whoever calls, and of whoever has sent the call on, as the request has them."""
    called = number_of(request.uri)
    for name in (*_WHO_CALLS, *_WHO_WAS_CALLED):
        for address in addresses_of(request.headers, name):
            if (number := number_of(address.uri)) != called:
                yield number
