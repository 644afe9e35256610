"""From whom to whom something crosses, and what of an address may go along."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from mediation.routing.caller_id import OWN_CALLER_ID, CallerId
from mediation.routing.numbers import is_number, number_of
from mediation.routing.terms import Terms
from mediation.routing.translation import translated
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, NameAddress, split_list
from mediation.sip.uri import OpaqueUri, SipUri, unescaped

T = TypeVar("T")

ANONYMOUS_HOST = "anonymous.invalid"
"""RFC 3323 section 4.1.1.3."""
ANONYMOUS_URI = f"sip:anonymous@{ANONYMOUS_HOST}"
ANONYMOUS = f'"Anonymous" <{ANONYMOUS_URI}>'

_NUMBER_PARAMETER = re.compile(
    r"(?:ext|isub|postd|phone-context|rn|cic)=[+0-9*#().-]+|npdi|(?:cpc|isup-oli|oli)=[a-z0-9-]+|cause=[0-9]{3}",
    re.IGNORECASE,
)
"""RFC 3966 section 3, RFC 4694 section 4, and the cause of RFC 4458; all of them numbers or words of a standard."""
_KEPT_URIS = ("tel", "urn")
"""They name a number or a service, and no host."""
_SHORTEST_SECRET = 3
"""Characters: a number or name that is shorter would be found everywhere."""
_LONGEST_SECRET = 7
"""Digits of a number, from its end: prefixes differ between the ways of writing it."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header line needs and some receiver may trip over; a tab is a blank."""
_SEPARATORS = str.maketrans("", "", "-. ()")


MOST_ADDRESSES = 24
"""Addresses of one header that are looked at."""

Lines = tuple[tuple[str, str], ...]
"""Names and values of header lines."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The way of a message through us."""

    source: Terms
    """Of the peer that spoke."""
    destination: Terms
    """Of the peer that is spoken to."""
    host: str
    """Our host and port as the destination knows them; IPv6 in brackets."""
    caller_id: CallerId = OWN_CALLER_ID
    """What the destination is to be shown of the caller."""

    @property
    def within_trust(self) -> bool:
        """Whether both peers belong to our trust domain (RFC 3324 section 2.3)."""
        return self.source.identity.trust and self.destination.identity.reveal

    def written(self, address: NameAddress, called: str = "") -> NameAddress:
        """An address with its number as the destination writes it: that of the called party by the rules for those."""
        if is_anonymous(address):
            return address
        plan = self.destination.numbers
        is_called = bool(called) and number_of(address.uri) == called
        uri = translated(address.uri, plan.called_out if is_called else plan.calling_out)
        return address if uri is address.uri else replace(address, uri=uri)


def elements_of(headers: Headers, name: str, read: Callable[[str], T]) -> tuple[T, ...]:
    """The elements of all lines of a header; none at all when one of them cannot be read: no call fails by it."""
    found: list[T] = []
    try:
        for line in headers.get_all(name):
            found += map(read, split_list(line))
    except RemoteSipError:
        return ()
    return tuple(found[:MOST_ADDRESSES])


def addresses_of(headers: Headers, name: str) -> tuple[NameAddress, ...]:
    """The addresses of all lines of a header, as `elements_of` reads them."""
    return elements_of(headers, name, NameAddress.parse)


def at_our_host(uri: SipUri | OpaqueUri, host: str) -> str | None:
    """The same number or user at our host; None when nothing of the URI may cross.

    Password, port, headers and all parameters but `user=phone` stay behind. A host that exists nowhere stays:
    `anonymous.invalid` says more than an address.
    """
    if isinstance(uri, OpaqueUri):
        return f"{uri.scheme}:{_without_context(uri.rest)}" if uri.scheme in _KEPT_URIS else None
    user = user_of(uri)
    phone = ";user=phone" if (uri.parameters.get("user") or "").lower() == "phone" else ""
    place = uri.host if uri.host.lower().endswith(".invalid") else host
    return f"sip:{user}@{place}{phone}" if user else f"sip:{place}"


def user_of(uri: SipUri) -> str:
    """The user part as received, without the password that it may hold and what names the other side's network."""
    return _without_context((uri.user or "").partition(":")[0])


def subscriber_of(uri: OpaqueUri) -> str:
    """The number of a `tel:` URI as the user part of a SIP URI (RFC 3261 section 19.1.6)."""
    return _without_context(uri.rest.partition("?")[0]).replace("@", "%40")


def _without_context(number: str) -> str:
    """A number with the parameters that are part of it, and without those that say whose it is or which way it came.

    Trunk groups (RFC 4904) and a context that is a domain (RFC 3966 section 5.1.5) belong to the other side.
    """
    if ";" not in number and "?" not in number:
        return number
    digits, *parameters = number.partition("?")[0].split(";")
    if digits[:1].isalpha():
        return number  # a name with a semicolon in it
    return ";".join((digits, *(each for each in parameters if _NUMBER_PARAMETER.fullmatch(each) is not None)))


def shown_name(address: NameAddress) -> str:
    """The display name as received, with the blank after it; empty when there is none that may be shown."""
    name = address.display_name
    return "" if name is None or not is_clean(name) else f"{name} "


def is_clean(text: str) -> bool:
    """Whether a value may stand in a line of ours: nothing in it ends a line or hides one."""
    return _CONTROL.search(text) is None


def is_anonymous(address: NameAddress) -> bool:
    """Whether an address is that of nobody (RFC 3323 section 4.1.1.3), or of somebody who is not named."""
    uri = address.uri
    if not isinstance(uri, SipUri):
        return False
    return uri.host.lower() == ANONYMOUS_HOST or user_of(uri).lower() in ("anonymous", "restricted")


def secrets_of(addresses: Iterable[NameAddress]) -> frozenset[str]:
    """By what the holder of these addresses could be known, for `mentions`."""
    found: set[str] = set()
    for address in addresses:
        if is_anonymous(address):
            continue
        number = number_of(address.uri)
        if is_number(number):
            found.add(number.removeprefix("+")[-_LONGEST_SECRET:])
        else:
            found.add(number.lower())
        found.add(address.display_text.lower().translate(_SEPARATORS))
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST_SECRET)


def mentions(text: str, secrets: frozenset[str]) -> bool:
    """Whether somebody could be known from this text, however the number in it is written or escaped."""
    if not secrets:
        return False
    plain = unescaped(text).lower().translate(_SEPARATORS)
    return any(secret in plain for secret in secrets)
