"""Requests and responses: as received, with typed views that are read on demand (RFC 3261 section 7)."""

import re
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import number
from mediation.sip.headers import CSeq, Headers, MediaType, NameAddress, Via, header_key, split_list
from mediation.sip.uri import OpaqueUri, SipUri, parse_uri

SIP_VERSION = "SIP/2.0"
LONGEST_DELTA_S = 2**32 - 1
"""The highest delta-seconds (RFC 3261 section 20.19)."""

_VISIBLE = re.compile(r"[^\x00-\x20\x7f]++")
_KEY = re.compile(rb"(inline:)[^|\s]++", re.IGNORECASE)
_VIA_VIEWS = ("vias", "top_via")

_T = TypeVar("_T")


class View(Generic[_T]):
    """A property that is computed at the first look and then lies in the instance. A failure is not kept."""

    def __init__(self, read: Callable[[Any], _T]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, message: None, owner: type) -> Self: ...
    @overload
    def __get__(self, message: object, owner: type) -> _T: ...
    def __get__(self, message: object | None, owner: type) -> Self | _T:
        if message is None:
            return self
        value = self._read(message)
        message.__dict__[self._name] = value
        return value


class _Message:
    """What requests and responses share. Not to be changed after it is made: views are kept.

    A view raises RemoteSipError(400) when its header is missing (where there must be one) or makes no sense.
    """

    headers: Headers
    body: bytes

    def _content(self) -> tuple[object, ...]:
        raise NotImplementedError

    def _start_line(self) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other) and isinstance(other, _Message) and self._content() == other._content()
        )

    def __hash__(self) -> int:
        return hash(self._content())

    def __bytes__(self) -> bytes:
        """Wire octets. Content-Length is set to the body's length, in its old place or at the end.

        Raises LocalSipError when a line of ours would break into two.
        """
        length = str(len(self.body))
        lines = [self._start_line()]
        for name, value in self.headers.items():
            if header_key(name) != "content-length":
                lines.append(f"{name}: {value}")
            elif length:
                lines.append(f"{name}: {length}")
                length = ""
        if length:
            lines.append(f"Content-Length: {length}")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
            raise LocalSipError("line break inside a header")
        return text.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    @View
    def vias(self) -> tuple[Via, ...]:
        """Every hop, the last one first. At least one."""
        vias = tuple([Via.parse(value) for value in self._elements("via")])
        if not vias:
            raise RemoteSipError(400, "Missing Via")
        return vias

    @View
    def top_via(self) -> Via:
        """The hop that sent us this. Lower ones are not looked at."""
        if (vias := self.__dict__.get("vias")) is not None:
            return vias[0]  # type: ignore[no-any-return]  # a view that was looked at before
        values = self.headers.by_key().get("via")
        if values is None:
            raise RemoteSipError(400, "Missing Via")
        elements = split_list(values[0])
        return Via.parse(elements[0] if elements else "")

    @View
    def from_(self) -> NameAddress:
        """Who asks (RFC 3261 section 20.20)."""
        return NameAddress.parse(self._one("from", "From"))

    @View
    def to(self) -> NameAddress:
        """Who is asked (RFC 3261 section 20.39)."""
        return NameAddress.parse(self._one("to", "To"))

    @View
    def cseq(self) -> CSeq:
        """Number and method (RFC 3261 section 20.16)."""
        return CSeq.parse(self._one("cseq", "CSeq"))

    @View
    def call_id(self) -> str:
        """Call-ID, compared octet for octet (RFC 3261 section 20.8)."""
        value = self._one("call-id", "Call-ID")
        if _VISIBLE.fullmatch(value) is None:
            raise RemoteSipError(400, "Bad Call-ID")
        return value

    @View
    def contact_is_star(self) -> bool:
        """`Contact: *`, which means all of them (RFC 3261 section 10.2.2)."""
        return self.headers.get("contact") == "*"

    @View
    def contacts(self) -> tuple[NameAddress, ...]:
        """Every Contact; none for `*`."""
        return () if self.contact_is_star else self._addresses("contact")

    @property
    def contact(self) -> NameAddress | None:
        """The first Contact."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @View
    def routes(self) -> tuple[NameAddress, ...]:
        """The hops that a request has still before it (RFC 3261 section 20.34)."""
        return self._addresses("route")

    @View
    def record_routes(self) -> tuple[NameAddress, ...]:
        """The proxies that want to stay on the way (RFC 3261 section 20.30)."""
        return self._addresses("record-route")

    @View
    def max_forwards(self) -> int | None:
        """Hops left, 0 to 255; None when the header is absent (RFC 3261 section 20.22)."""
        return self._number("max-forwards", "Max-Forwards", 255)

    @View
    def expires(self) -> int | None:
        """Seconds; None when the header is absent (RFC 3261 section 20.19)."""
        return self._number("expires", "Expires", LONGEST_DELTA_S)

    @View
    def retry_after(self) -> int | None:
        """Seconds; None when absent or unreadable: a hint is no reason to lose a response (section 20.33)."""
        value = (self.headers.get("retry-after") or "").partition(";")[0].partition("(")[0].strip(" \t")
        try:
            return number(value, high=LONGEST_DELTA_S, what="Retry-After")
        except RemoteSipError:
            return None

    @View
    def content_type(self) -> MediaType | None:
        """What the body is (RFC 3261 section 20.15)."""
        value = self.headers.get("content-type")
        return None if value is None else MediaType.parse(value)

    @View
    def require(self) -> tuple[str, ...]:
        """Option tags that we must know (RFC 3261 section 20.32), as they are."""
        return self._words("require")

    @View
    def supported(self) -> tuple[str, ...]:
        """Option tags that the peer knows (RFC 3261 section 20.37)."""
        return self._words("supported")

    @View
    def allow(self) -> tuple[str, ...]:
        """Methods that the peer takes (RFC 3261 section 20.5)."""
        return self._words("allow")

    def _one(self, key: str, name: str) -> str:
        values = self.headers.by_key().get(key)
        if values is None:
            raise RemoteSipError(400, f"Missing {name}")
        return values[0]

    def _number(self, key: str, name: str, high: int) -> int | None:
        value = self.headers.get(key)
        return None if value is None else number(value, high=high, what=name)

    def _elements(self, key: str) -> list[str]:
        values = self.headers.by_key().get(key, ())
        return [element for value in values for element in split_list(value)]

    def _addresses(self, key: str) -> tuple[NameAddress, ...]:
        return tuple([NameAddress.parse(element) for element in self._elements(key)])

    def _words(self, key: str) -> tuple[str, ...]:
        words = ",".join(self.headers.by_key().get(key, ())).split(",")
        return tuple([word.strip(" \t") for word in words if word.strip(" \t")])


class Request(_Message):
    """A request. Equal to another of equal content."""

    def __init__(self, method: str, request_uri: str, headers: Headers, body: bytes = b"") -> None:
        self.method = method
        """Case matters."""
        self.request_uri = request_uri
        """As received; `uri` is what it means."""
        self.headers = headers
        self.body = body

    @View
    def uri(self) -> SipUri | OpaqueUri:
        """The Request-URI, read."""
        return parse_uri(self.request_uri)

    def replace(self, *, headers: Headers | None = None, body: bytes | None = None) -> "Request":
        """The same request with other headers or another body."""
        return Request(
            self.method,
            self.request_uri,
            self.headers if headers is None else headers,
            self.body if body is None else body,
        )

    def with_top_via(self, via: Via) -> "Request":
        """The same request with another topmost Via value. What was read of the rest need not be read again."""
        pairs = list(self.headers.items())
        for index, (name, value) in enumerate(pairs):
            if header_key(name) == "via":
                pairs[index] = (name, ", ".join((str(via), *split_list(value)[1:])))
                break
        changed = Request(self.method, self.request_uri, Headers(pairs), self.body)
        kept = {name: value for name, value in self.__dict__.items() if name not in _VIA_VIEWS}
        changed.__dict__.update({**kept, "headers": changed.headers, "top_via": via})
        return changed

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.request_uri!r}, {self.headers!r}, {_shown(self.body)!r})"

    def _content(self) -> tuple[object, ...]:
        return self.method, self.request_uri, self.headers, self.body

    def _start_line(self) -> str:
        return f"{self.method} {self.request_uri} {SIP_VERSION}"


class Response(_Message):
    """A response. Equal to another of equal content."""

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        """100 to 699."""
        self.reason = reason
        """For people; may be empty."""
        self.headers = headers
        self.body = body

    def replace(self, *, headers: Headers | None = None, body: bytes | None = None) -> "Response":
        """The same response with other headers or another body."""
        return Response(
            self.status,
            self.reason,
            self.headers if headers is None else headers,
            self.body if body is None else body,
        )

    def __repr__(self) -> str:
        return f"Response({self.status!r}, {self.reason!r}, {self.headers!r}, {_shown(self.body)!r})"

    def _content(self) -> tuple[object, ...]:
        return self.status, self.reason, self.headers, self.body

    def _start_line(self) -> str:
        return f"{SIP_VERSION} {self.status:03d} {self.reason}"


Message = Request | Response


def _shown(body: bytes) -> bytes:
    """A body as `repr` may show it: keys of SRTP (RFC 4568) end up in no log."""
    return _KEY.sub(rb"\1...", body)
