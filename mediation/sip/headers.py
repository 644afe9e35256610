"""Header fields: the ordered list of a message, and the values that we read in it (RFC 3261 section 20)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import (
    BLANKS,
    HOST,
    PORT,
    QUOTED_STRING,
    TOKEN,
    bare_host,
    number,
    port_number,
    print_host,
)
from mediation.sip.parameters import NO_PARAMETERS
from mediation.sip.parameters import Parameters as Parameters  # the values below are made of them
from mediation.sip.parameters import unquoted as unquoted
from mediation.sip.uri import OpaqueUri, SipUri, parse_uri

COMPACT_FORMS = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip
"""The registry's one-letter names (RFC 3261 section 7.3.3 and later)."""

HIGHEST_SEQUENCE_NUMBER = 2**31 - 1
"""RFC 3261 section 8.1.1.5."""

_VIA = re.compile(
    rf"({TOKEN}){BLANKS}/{BLANKS}({TOKEN}){BLANKS}/{BLANKS}({TOKEN})[ \t]++"
    rf"({HOST})(?:{BLANKS}:{BLANKS}({PORT}))?{BLANKS}(;.*)?",
    re.DOTALL,
)
_NAME_ADDRESS = re.compile(
    rf'(?:({QUOTED_STRING}){BLANKS}|([^"<>;\x00-\x08\x0a-\x1f\x7f]*+))<([^<>"]*+)>{BLANKS}(;.*)?', re.DOTALL
)
_ADDRESS = re.compile(rf'([^;?,<>" \t]++){BLANKS}(;.*)?', re.DOTALL)
_CSEQ = re.compile(rf"([0-9]++)[ \t]++({TOKEN})")
_MEDIA_TYPE = re.compile(rf"({TOKEN}){BLANKS}/{BLANKS}({TOKEN}){BLANKS}(;.*)?", re.DOTALL)
_LIST_PIECE = re.compile(rf'[^",<]++|{QUOTED_STRING}|<[^>]*+>', re.DOTALL)


class Headers:
    """The header fields of a message, in order, names and values as received; immutable.

    Values are unfolded, without blanks at their ends, decoded as UTF-8 with surrogate escapes so that any
    octets survive printing. Names compare without regard to case, and compact forms are the long ones.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._index: dict[str, tuple[str, ...]] | None = None

    def items(self) -> tuple[tuple[str, str], ...]:
        """Every (name, value), one for each header line."""
        return self._pairs

    def get(self, name: str) -> str | None:
        """The value of the first line of that name."""
        values = self.by_key().get(header_key(name))
        return None if values is None else values[0]

    def get_all(self, name: str) -> tuple[str, ...]:
        """The value of every line of that name; a line may hold a list of its own."""
        return self.by_key().get(header_key(name), ())

    def has(self, name: str) -> bool:
        """Whether there is a line of that name."""
        return header_key(name) in self.by_key()

    def by_key(self) -> dict[str, tuple[str, ...]]:
        """All values by `header_key`. Built once; not to be changed."""
        index = self._index
        if index is None:
            index = {}
            for name, value in self._pairs:
                key = name.lower()
                key = COMPACT_FORMS.get(key, key)
                index[key] = (*index[key], value) if key in index else (value,)
            self._index = index
        return index

    def with_(self, name: str, value: str) -> "Headers":
        """One line of that name: in the place of the first one, or at the end."""
        key = header_key(name)
        pairs: list[tuple[str, str]] = []
        placed = False
        for pair in self._pairs:
            if header_key(pair[0]) != key:
                pairs.append(pair)
            elif not placed:
                pairs.append((name, value))
                placed = True
        if not placed:
            pairs.append((name, value))
        return Headers(pairs)

    def prepend(self, name: str, value: str) -> "Headers":
        """One more line, before all others."""
        return Headers(((name, value), *self._pairs))

    def append(self, name: str, value: str) -> "Headers":
        """One more line, after all others."""
        return Headers((*self._pairs, (name, value)))

    def without(self, *names: str) -> "Headers":
        """No line of these names."""
        keys = {header_key(name) for name in names}
        return Headers([pair for pair in self._pairs if header_key(pair[0]) not in keys])

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self._pairs)!r})"


@dataclass(frozen=True, slots=True)
class Via:
    """One hop (RFC 3261 section 20.42)."""

    transport: str
    """As received: `UDP`, `TCP`, or a word we do not know."""
    host: str
    """The sent-by host, without brackets."""
    port: int | None = None
    parameters: Parameters = NO_PARAMETERS
    protocol: str = "SIP/2.0"
    """Name and version."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """One Via value. Raises RemoteSipError(400)."""
        match = _VIA.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad Via")
        name, version, transport, host, port, parameters = match.groups()
        return cls(
            transport,
            bare_host(host, "Via"),
            None if port is None else port_number(port, "Via"),
            Parameters.parse(parameters) if parameters else NO_PARAMETERS,
            f"{name}/{version}",
        )

    def __str__(self) -> str:
        return f"{self.protocol}/{self.transport} {print_host(self.host, self.port)}{self.parameters}"

    @property
    def branch(self) -> str | None:
        """The transaction's id (RFC 3261 section 8.1.1.7); None from a peer older than that."""
        return self.parameters.get("branch")

    @property
    def received(self) -> str | None:
        """The address it was sent from, without brackets (RFC 5118 section 4.5)."""
        value = self.parameters.get("received")
        return value if value is None else value.removeprefix("[").removesuffix("]")

    @property
    def has_rport(self) -> bool:
        """Whether the response is wanted at the source port (RFC 3581 section 3)."""
        return self.parameters.has("rport")

    @property
    def rport(self) -> int | None:
        """The source port that was filled in; None for a bare `rport`, for none, and for nonsense."""
        value = self.parameters.get("rport")
        try:
            return None if value is None else port_number(value, "Via")
        except RemoteSipError:
            return None

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host and port, the default port where none is named (RFC 3261 section 18.2.2)."""
        if self.port is not None:
            return self.host, self.port
        return self.host, 5061 if self.transport.upper() == "TLS" else 5060


@dataclass(frozen=True, slots=True)
class NameAddress:
    """From, To, Contact, Route and their kin: a display name, a URI and the header's parameters."""

    display_name: str | None
    """As received, quotes and escapes included; None when there is none."""
    uri: SipUri | OpaqueUri
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """name-addr or addr-spec; after the latter, parameters are the header's (RFC 3261 section 20.10).

        An unquoted display name may hold what is no token: the trade sends such. Raises RemoteSipError(400).
        """
        match = _NAME_ADDRESS.fullmatch(text)
        if match is not None:
            quoted, plain, uri, parameters = match.groups()
            name = quoted or plain.rstrip(" \t") or None
            return cls(name, parse_uri(uri), Parameters.parse(parameters) if parameters else NO_PARAMETERS)
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad Address")
        parameters = Parameters.parse(match[2] or "")
        if any("@" in value for _, value in parameters.pairs if value and value[0] != '"'):
            raise RemoteSipError(400, "Address Needs <>")  # the ; stood in the user part
        return cls(None, parse_uri(match[1]), parameters)

    def __str__(self) -> str:
        name = "" if self.display_name is None else f"{self.display_name} "
        return f"{name}<{self.uri}>{self.parameters}"

    @property
    def tag(self) -> str | None:
        """One half of a dialog's id (RFC 3261 section 19.3)."""
        return self.parameters.get("tag")

    @property
    def display_text(self) -> str:
        """The display name without quotes and escapes; empty when there is none."""
        return "" if self.display_name is None else unquoted(self.display_name)


@dataclass(frozen=True, slots=True)
class CSeq:
    """Orders requests in a dialog (RFC 3261 section 20.16)."""

    number: int
    """0 to 2**31 - 1."""
    method: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """A CSeq value. Raises RemoteSipError(400)."""
        match = _CSEQ.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad CSeq")
        return cls(number(match[1], high=HIGHEST_SEQUENCE_NUMBER, what="CSeq"), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class MediaType:
    """Content-Type (RFC 3261 section 20.15)."""

    type: str
    """In lower case, as is the subtype."""
    subtype: str
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """A media type. Raises RemoteSipError(400)."""
        match = _MEDIA_TYPE.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad Content-Type")
        return cls(match[1].lower(), match[2].lower(), Parameters.parse(match[3] or ""))

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}{self.parameters}"

    @property
    def essence(self) -> str:
        """`type/subtype` without parameters."""
        return f"{self.type}/{self.subtype}"


def header_key(name: str) -> str:
    """What header names are compared by: the long form in lower case."""
    key = name.lower()
    return COMPACT_FORMS.get(key, key)


def split_list(value: str) -> tuple[str, ...]:
    """The elements of a comma-separated value, without blanks at their ends; quotes and <> hide commas.

    An empty value has no elements; an empty element is given as it is. Raises RemoteSipError(400) where a
    quote or a bracket is not closed.
    """
    if "," not in value:
        value = value.strip(" \t")
        return (value,) if value else ()
    if '"' not in value and "<" not in value:
        return tuple([element.strip(" \t") for element in value.split(",")])
    elements: list[str] = []
    begin = at = 0
    while at < len(value):
        if value[at] == ",":
            elements.append(value[begin:at].strip(" \t"))
            begin = at = at + 1
        elif (piece := _LIST_PIECE.match(value, at)) is not None:
            at = piece.end()
        else:
            raise RemoteSipError(400, "Unbalanced Quotes")
    elements.append(value[begin:].strip(" \t"))
    return tuple(elements)
