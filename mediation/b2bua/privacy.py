"""What a party wants to be kept from the other (RFC 3323, RFC 3325 section 9.3, RFC 7044 section 10.1)."""

import re
from dataclasses import dataclass
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import is_token
from mediation.sip.headers import Headers

MOST_VALUES = 16
"""Values of one header; there are eight that mean anything."""
_KNOWN = frozenset({"header", "session", "user", "none", "critical", "id", "history"})
_SEPARATOR = re.compile(r"[ \t]*+[;,][ \t]*+")


@dataclass(frozen=True, slots=True)
class Privacy:
    """The values of all Privacy headers of a message, in lower case, in order; none: no wish."""

    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """`id;user`; the comma that some write is read too. Raises RemoteSipError(400)."""
        values = _SEPARATOR.split(text.strip(" \t"))
        if len(values) > MOST_VALUES or not all(map(is_token, values)):
            raise RemoteSipError(400, "Bad Privacy")
        return cls(tuple(value.lower() for value in values))

    @classmethod
    def of(cls, headers: Headers) -> Self:
        """The wish of a message; one that cannot be read counts as the wish to be hidden: better too much of it."""
        try:
            read = [cls.parse(line) for line in headers.get_all("Privacy")]
        except RemoteSipError:
            return cls(("id",))
        return cls(tuple(value for each in read for value in each.values))

    def __str__(self) -> str:
        return ";".join(self.values)

    @property
    def hides_identity(self) -> bool:
        """Whether nobody outside the trust domain may learn who this is.

        A wish that we do not know counts when it is critical: to refuse the call is the other way to obey
        (RFC 3323 section 5), and it serves nobody.
        """
        unknown = "critical" in self.values and not _KNOWN.issuperset(self.values)
        return unknown or "id" in self.values or "user" in self.values

    @property
    def hides_headers(self) -> bool:
        """Whether headers that could tell about the party stay behind too (RFC 3323 section 4.2)."""
        return self.hides_identity or "header" in self.values

    @property
    def hides_history(self) -> bool:
        """Whether nobody of those who were called before may be named (RFC 7044 section 10.1.2)."""
        return not {"history", "header", "session"}.isdisjoint(self.values)
