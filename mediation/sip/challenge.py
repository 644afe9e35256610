"""What stands in WWW-Authenticate and Authorization, and in their Proxy twins (RFC 3261 section 20.7 and 20.44).

Read liberally: parameters in any order, quoted or not, several challenges on one line, a comma forgotten. Read
strictly: a quote that is not closed spoils its line, and a parameter that stands twice spoils its challenge, for two
readers could differ on it. Quoted values are kept as they stand between their quotes, so that they go back octet for
octet; `unescaped` tells what they mean.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import BLANKS, TOKEN, is_token
from mediation.sip.parameters import unquoted

LONGEST_VALUE = 2048
"""Characters of one value that we would have to remember and send back."""

# No line break: it could not be sent back (RFC 3261 section 25.1, qdtext and quoted-pair).
_QUOTED = r'(?:[^"\\\r\n]++|\\[^\r\n])*'
_UNQUOTED = r'[^\x00-\x20\x7f",\\]*+'
_GAP = re.compile(r"[ \t,]*+")
# A parameter; a word, which is a scheme where parameters follow; or what fits nowhere. A quote that is not closed
# fits none of them.
_PIECE = re.compile(
    rf'(?P<word>{TOKEN})(?P<value>{BLANKS}={BLANKS}(?:"(?P<quoted>{_QUOTED})"|(?P<bare>{_UNQUOTED})))?'
    r'(?P<then>[ \t]++(?=[^,]))?|[^ \t,"]++'
)
_COUNT = re.compile(r"[0-9A-Fa-f]{1,8}")
_RESPONSE = re.compile(r"[0-9A-Fa-f]{1,128}")
_OPTION = re.compile(TOKEN)


class Asker(Enum):
    """Who wants to know who we are: the header it asks in, and the one it is answered in."""

    USER_AGENT = ("WWW-Authenticate", "Authorization")
    """A server or user agent, by 401 (RFC 3261 section 22.2)."""
    PROXY = ("Proxy-Authenticate", "Proxy-Authorization")
    """A proxy, by 407 (RFC 3261 section 22.3)."""

    def __init__(self, challenge_header: str, answer_header: str) -> None:
        self.challenge_header = challenge_header
        self.answer_header = answer_header


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge (RFC 7616 section 3.3). `realm`, `nonce` and `opaque` as between their quotes."""

    realm: str
    nonce: str
    algorithm: str = ""
    """As received; empty when none is named, which means MD5."""
    qop: tuple[str, ...] = ()
    """The protections that the server takes, in lower case; none for a server of the days of RFC 2069."""
    opaque: str | None = None
    stale: bool = False
    """The credentials were right, only the nonce was too old."""
    userhash: bool = False
    """The user name may be sent as a hash (RFC 7616 section 3.4.4)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A header value that holds this one challenge. Raises RemoteSipError(400)."""
        return cls._of(_only(text))

    @classmethod
    def read_all(cls, text: str) -> tuple[Self, ...]:
        """The challenges of one header line that can be read; broken ones and other schemes are left out."""
        challenges: list[Self] = []
        for fields in _readable(text):
            try:
                challenges.append(cls._of(fields))
            except RemoteSipError:
                continue  # one that is broken leaves the others good
        return tuple(challenges)

    @classmethod
    def _of(cls, fields: "_Fields") -> Self:
        return cls(
            realm=fields.need("realm"),
            nonce=fields.need("nonce", empty=False),
            algorithm=fields.token("algorithm"),
            qop=tuple(_OPTION.findall(fields.get("qop", "").lower())),
            opaque=fields.get("opaque") if fields.has("opaque") else None,
            stale=fields.get("stale", "").lower() == "true",
            userhash=fields.get("userhash", "").lower() == "true",
        )

    def __str__(self) -> str:
        parts = [f'realm="{self.realm}"', f'nonce="{self.nonce}"']
        if self.opaque is not None:
            parts.append(f'opaque="{self.opaque}"')
        if self.stale:
            parts.append("stale=true")
        if self.algorithm:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        if self.userhash:
            parts.append("userhash=true")
        return "Digest " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The answer to one challenge (RFC 7616 section 3.4). Quoted values as between their quotes."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    """Hexadecimal digits."""
    algorithm: str = ""
    cnonce: str | None = None
    opaque: str | None = None
    qop: str = ""
    """In lower case; empty when none was used."""
    count: str = ""
    """The parameter `nc`, as it was hashed: hexadecimal digits; empty without qop."""
    userhash: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """A header value of the Digest scheme. Raises RemoteSipError(400)."""
        return cls._of(_only(text))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The answer on one header line; None where it is of another scheme or can not be read."""
        try:
            return cls.parse(text)
        except RemoteSipError:
            return None

    @classmethod
    def _of(cls, fields: "_Fields") -> Self:
        return cls(
            username=fields.need("username"),
            realm=fields.need("realm"),
            nonce=fields.need("nonce", empty=False),
            uri=fields.need("uri", empty=False),
            response=_shaped(_RESPONSE, fields.need("response")),
            algorithm=fields.token("algorithm"),
            cnonce=fields.get("cnonce") if fields.has("cnonce") else None,
            opaque=fields.get("opaque") if fields.has("opaque") else None,
            qop=fields.token("qop").lower(),
            count=_shaped(_COUNT, fields.get("nc")) if fields.has("nc") else "",
            userhash=fields.get("userhash", "").lower() == "true",
        )

    def __str__(self) -> str:
        parts = [
            f'username="{self.username}"',
            f'realm="{self.realm}"',
            f'nonce="{self.nonce}"',
            f'uri="{self.uri}"',
            f'response="{self.response}"',
        ]
        if self.algorithm:  # no quotes round this, qop and nc (RFC 3261 section 25.1): products insist
            parts.append(f"algorithm={self.algorithm}")
        if self.cnonce is not None:
            parts.append(f'cnonce="{self.cnonce}"')
        if self.opaque is not None:
            parts.append(f'opaque="{self.opaque}"')
        if self.qop:
            parts.append(f"qop={self.qop}")
        if self.count:
            parts.append(f"nc={self.count}")
        if self.userhash:
            parts.append("userhash=true")
        return "Digest " + ", ".join(parts)


def escaped(text: str) -> str:
    """What a text of ours becomes between quotes (RFC 3261 section 25.1, quoted-pair)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def unescaped(text: str) -> str:
    """What a text between quotes means."""
    return unquoted(f'"{text}"')


@dataclass(slots=True)
class _Fields:
    """The parameters of one scheme's entry, names in lower case."""

    values: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    def add(self, name: str, value: str) -> None:
        self.broken |= name in self.values
        self.values[name] = value

    def has(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: str = "") -> str:
        value = self.values.get(name, default)
        if self.broken or len(value) > LONGEST_VALUE:
            raise RemoteSipError(400, "Bad Digest Parameters")
        return value

    def need(self, name: str, *, empty: bool = True) -> str:
        if not self.has(name) or not (empty or self.values[name]):
            raise RemoteSipError(400, f"Digest Without {name}")
        return self.get(name)

    def token(self, name: str) -> str:
        value = self.get(name)
        if value and not is_token(value):
            raise RemoteSipError(400, f"Bad {name}")
        return value


def _entries(text: str) -> list[_Fields]:
    """The Digest entries of a line. Raises RemoteSipError(400) where a quote is not closed."""
    entries: list[_Fields] = []
    current = _Fields()  # of any other scheme: filled and forgotten
    first = True
    at = _gap(text, 0)
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise RemoteSipError(400, "Unbalanced Quotes")
        word, value, quoted, bare, then = piece.group("word", "value", "quoted", "bare", "then")
        if word is None:
            current.broken = True
        elif value is not None:
            current.add(word.lower(), quoted or bare or "")
        elif first or then is not None:
            current = _Fields()
            if word.lower() == "digest":
                entries.append(current)
        first = False
        at = _gap(text, piece.end())
    return entries


def _gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return at if gap is None else gap.end()


def _only(text: str) -> _Fields:
    entries = _entries(text)
    if len(entries) != 1:
        raise RemoteSipError(400, "No Digest" if not entries else "Two Digests")
    return entries[0]


def _readable(text: str) -> list[_Fields]:
    try:
        return _entries(text)
    except RemoteSipError:
        return []


def _shaped(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise RemoteSipError(400, "Bad Digest Parameters")
    return text
