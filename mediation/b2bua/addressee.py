"""Whom a call of an ITSP is for, where we have registered: its Request-URI may be our Contact (RFC 3261 section 10).

An ITSP that knows us by one registration for many numbers calls us by the Contact that we gave it, as RFC 3261 has a
registrar do, and says the number in P-Called-Party-ID (RFC 7315 section 4.2) or, as SIPconnect 1.0 had it, in To. With
bulk registration (RFC 6140 section 7.1) the number stands in the Request-URI.
"""

from collections.abc import Iterator

from mediation.routing.numbers import number_of
from mediation.settings.registration import CalledNumber
from mediation.settings.trunks import Trunk
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import NameAddress
from mediation.sip.message import Request
from mediation.sip.uri import SipUri, Uri, unescaped


def addressed(request: Request, trunk: Trunk | None) -> Request:
    """The request as if its Request-URI named the called number, which it may not do on a trunk that registers."""
    if trunk is None or not trunk.registration.is_on:
        return request
    how = trunk.registration.called_number
    if how is CalledNumber.REQUEST_URI:
        return request
    if how is CalledNumber.AUTO and not _is_contact(request.uri, trunk.registration.contact_name):
        return request
    named = next((uri for uri in _named(request) if number_of(uri)), None)
    if named is None:
        return request
    return Request(request.method, str(named), request.headers, request.body)


def _is_contact(uri: Uri, contact_name: str) -> bool:
    """Whether a Request-URI names nobody but us: by the user of our Contact, or by none."""
    return isinstance(uri, SipUri) and uri.user_unescaped in (unescaped(contact_name) or None, None, "")


def _named(request: Request) -> Iterator[Uri]:
    for name in ("P-Called-Party-ID", "To"):
        value = request.headers.get(name)
        if value is None:
            continue
        try:
            yield NameAddress.parse(value).uri
        except RemoteSipError:
            continue
