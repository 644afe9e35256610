"""`;name=value` lists, as they end URIs and header values (RFC 3261 section 7.3.1 and 19.1.1)."""

import re
from dataclasses import dataclass
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import BLANKS, QUOTED_STRING, TOKEN

_VALUE = r'[^\x00-\x20\x7f;,"<>]++'
# One parameter, or all that is left when there is none: so `findall` leaves no gaps
_HEADER_PARAMETER = re.compile(
    rf"{BLANKS};{BLANKS}({TOKEN})(?:{BLANKS}={BLANKS}({_VALUE}|{QUOTED_STRING}))?|(.++)", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names and values in order, octet for octet as received, quotes and %-escapes included; None: a flag.

    Only blanks round `;` and `=` are not kept. Names compare without regard to case.
    """

    pairs: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parameters of a header value, from the first `;` on. Raises RemoteSipError(400)."""
        if not text:
            return cls()
        found = _HEADER_PARAMETER.findall(text)
        if not found[-1][0] and found.pop()[2].strip(" \t"):
            raise RemoteSipError(400, "Bad Parameters")
        # findall gives "" for a missing value; a value that is there is never empty
        return cls(tuple([(name, value or None) for name, value, _ in found]))

    @classmethod
    def parse_uri(cls, text: str) -> Self:
        """The parameters of a URI, from the first `;` on; no blanks or quotes. RemoteSipError(400)."""
        if not text:
            return cls()
        pairs: list[tuple[str, str | None]] = []
        for item in text[1:].split(";"):
            name, equals, value = item.partition("=")
            if not name or (equals and not value):
                raise RemoteSipError(400, "Bad URI Parameters")
            pairs.append((name, value if equals else None))
        return cls(tuple(pairs))

    def __str__(self) -> str:
        return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in self.pairs])

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def get(self, name: str) -> str | None:
        """The first value of that name, raw; None too for a flag, so ask `has` about those."""
        name = name.lower()
        for ours, value in self.pairs:
            if ours.lower() == name:
                return value
        return None

    def has(self, name: str) -> bool:
        """Whether the parameter is there, with a value or without."""
        return bool(self.values(name))

    def values(self, name: str) -> list[str | None]:
        """Each value of that name; more than one is against RFC 3261 section 7.3.1."""
        name = name.lower()
        return [value for ours, value in self.pairs if ours.lower() == name]

    def with_(self, name: str, value: str | None) -> Self:
        """The same list with this one value of that name: in its old place, or at the end."""
        key = name.lower()
        pairs: list[tuple[str, str | None]] = []
        placed = False
        for pair in self.pairs:
            if pair[0].lower() != key:
                pairs.append(pair)
            elif not placed:
                pairs.append((name, value))
                placed = True
        if not placed:
            pairs.append((name, value))
        return type(self)(tuple(pairs))

    def without(self, name: str) -> Self:
        """The same list without that name."""
        name = name.lower()
        return type(self)(tuple([pair for pair in self.pairs if pair[0].lower() != name]))


NO_PARAMETERS = Parameters()


def unquoted(text: str) -> str:
    """What a quoted-string means: without its quotes and escapes. Any other text is given back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(r"\1", text[1:-1])
