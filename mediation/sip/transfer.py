"""What a REFER says: whom to call, in whose place, by whose wish, and whether to report (RFC 3515, 3892, 4488)."""

import re
from dataclasses import dataclass, replace
from typing import Self

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import is_token
from mediation.sip.headers import NameAddress, header_key
from mediation.sip.message import Request
from mediation.sip.parameters import Parameters, unquoted
from mediation.sip.replaces import Replaces
from mediation.sip.uri import OpaqueUri, SipUri, Uri, escaped, unescaped

MOST_EMBEDDED_HEADERS = 32
"""Headers of a Refer-To that are looked at; the trade sends one or two."""

_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]++"
_MESSAGE_ID = re.compile(rf"{_ATOM}@(?:{_ATOM}|\[[0-9A-Fa-f:.]++\])")


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Whom to call (RFC 3515 section 2.1).

    Of the headers that its URI embeds only Replaces is taken, decoded exactly once and read by its own grammar. All
    others are ignored: nothing that a peer wrote there becomes a header of ours (RFC 3261 section 19.1.5).
    """

    target: Uri
    """Without embedded headers and without a method."""
    replaces: Replaces | None = None
    method: str = "INVITE"
    """What to send there; we send nothing but INVITE."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Refer-To value. Raises RemoteSipError(400).

        Gateways leave the angle brackets out that section 20.10 of RFC 3261 wants around embedded headers: without
        them it can mean nothing else.
        """
        bare = "<" not in text and "?" in text
        uri = NameAddress.parse(f"<{text}>" if bare else text).uri
        if isinstance(uri, OpaqueUri):
            return cls(uri)
        method = uri.parameters.get("method") or "INVITE"
        if not is_token(method):
            raise RemoteSipError(400, "Bad Refer-To")
        target = replace(uri, parameters=uri.parameters.without("method"), headers="")
        return cls(target, _embedded_replaces(uri.headers), method)

    def __str__(self) -> str:
        uri = self.target
        if isinstance(uri, SipUri):
            parameters = uri.parameters
            if self.method != "INVITE":
                parameters = parameters.with_("method", self.method)
            headers = "" if self.replaces is None else f"Replaces={escaped(str(self.replaces))}"
            uri = replace(uri, parameters=parameters, headers=headers)
        elif self.replaces is not None:
            raise LocalSipError("only a SIP URI can embed Replaces")
        return f"<{uri}>"


@dataclass(frozen=True, slots=True)
class ReferredBy:
    """By whose wish a call is made (RFC 3892 section 3). Parameters but `cid` are left out."""

    uri: Uri
    """Without embedded headers."""
    display_name: str | None = None
    """As received, quotes and escapes included."""
    cid: str | None = None
    """Which body part vouches for it: `something@somewhere`, without quotes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Referred-By value. Raises RemoteSipError(400)."""
        address = NameAddress.parse(text)
        uri = replace(address.uri, headers="") if isinstance(address.uri, SipUri) else address.uri
        given = address.parameters.values("cid")
        if not given:
            return cls(uri, address.display_name)
        cid = unquoted(given[0] or "")
        if len(given) > 1 or _MESSAGE_ID.fullmatch(cid) is None:
            raise RemoteSipError(400, "Bad Referred-By")
        return cls(uri, address.display_name, cid)

    def __str__(self) -> str:
        parameters = Parameters() if self.cid is None else Parameters((("cid", f'"{self.cid}"'),))
        return str(NameAddress(self.display_name, self.uri, parameters))


@dataclass(frozen=True, slots=True)
class ReferSub:
    """Whether the transferor wants to be told how it went (RFC 4488 section 4). Parameters are left out."""

    wanted: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Refer-Sub value. Raises RemoteSipError(400)."""
        word, semicolon, rest = text.partition(";")
        Parameters.parse(semicolon + rest)
        match word.strip(" \t").lower():
            case "true":
                return cls(wanted=True)
            case "false":
                return cls(wanted=False)
            case _:
                raise RemoteSipError(400, "Bad Refer-Sub")

    def __str__(self) -> str:
        return "true" if self.wanted else "false"


def refer_to_of(request: Request) -> ReferTo:
    """Whom a REFER names. Raises RemoteSipError(400), also where it names nobody (RFC 3515 section 2.4.1)."""
    value = request.headers.get("Refer-To")
    if value is None:
        raise RemoteSipError(400, "Missing Refer-To")
    return ReferTo.parse(value)


def referred_by_of(request: Request) -> ReferredBy | None:
    """By whose wish, if the request says so. Raises RemoteSipError(400), also for two of them (RFC 3892 section 3)."""
    values = request.headers.get_all("Referred-By")
    if len(values) > 1:
        raise RemoteSipError(400, "Repeated Referred-By")
    return ReferredBy.parse(values[0]) if values else None


def wants_reports(request: Request) -> bool:
    """Whether a REFER begins a subscription: it does unless it says no (RFC 4488 section 4). RemoteSipError(400)."""
    value = request.headers.get("Refer-Sub")
    return value is None or ReferSub.parse(value).wanted


def _embedded_replaces(headers: str) -> Replaces | None:
    """The one header that we take out of a URI. Raises RemoteSipError(400) for two of them, or a bad one."""
    found: Replaces | None = None
    if headers.count("&") >= MOST_EMBEDDED_HEADERS:
        raise RemoteSipError(400, "Too Many Headers In Refer-To")
    for header in headers.split("&"):
        name, _, value = header.partition("=")
        if header_key(unescaped(name)) != "replaces":
            continue
        if found is not None:
            raise RemoteSipError(400, "Repeated Replaces")
        found = Replaces.parse(unescaped(value))
    return found
