"""Bodies of several parts: taken apart within hard limits, and put together (RFC 2046 section 5.1, RFC 5621).

A message without parts is read as the one part that it is, so nobody needs to ask first. What the parts are worth is
said in `contents`.
"""

import re
from dataclasses import dataclass
from typing import Self

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import BLANKS, TOKEN
from mediation.sip.head import Head
from mediation.sip.headers import Headers, MediaType
from mediation.sip.message import Message
from mediation.sip.parameters import NO_PARAMETERS, Parameters, unquoted

LONGEST_BODY = 65_535
"""Octets of a body that is taken apart: what a message can hold."""
MOST_PARTS = 32
"""Parts of one message, those within others counted too."""
DEEPEST = 4
"""Multiparts within one another."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_DISPOSITION = re.compile(rf"({TOKEN}){BLANKS}(;.*)?", re.DOTALL)
_SECTION_END = re.compile(rb"(?:\A|\r?\n)\r?\n")
_LONG = {"c": "Content-Type", "e": "Content-Encoding", "l": "Content-Length"}
"""SIP's compact forms, which a part of a multipart cannot have."""
_TEXT = MediaType("text", "plain")
"""What a part without a Content-Type is (RFC 2046 section 5.1)."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """Content-Disposition (RFC 3261 section 20.11)."""

    type: str
    """In lower case: `session`, `render`, `signal` …"""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Content-Disposition value. Raises RemoteSipError(400)."""
        match = _DISPOSITION.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad Content-Disposition")
        return cls(match[1].lower(), Parameters.parse(match[2] or ""))

    def __str__(self) -> str:
        return f"{self.type}{self.parameters}"

    @property
    def handling(self) -> str | None:
        """`required` or `optional`, or a word that we do not know, in lower case; None when nothing is said."""
        value = self.parameters.get("handling")
        return None if value is None else value.lower()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a body, or a whole body."""

    headers: Headers
    """Those that say what it is, `Content-…`, as received."""
    body: bytes
    """As received, octet for octet."""
    content_type: MediaType
    disposition: Disposition | None = None
    parts: "tuple[Part, ...]" = ()
    """What a multipart holds: one part at least. None in any other."""

    @property
    def essence(self) -> str:
        """`type/subtype` in lower case."""
        return self.content_type.essence

    @property
    def content_id(self) -> str | None:
        """How other parts and headers call it, without <> (RFC 2045 section 7)."""
        value = self.headers.get("Content-ID")
        return None if value is None else value.removeprefix("<").removesuffix(">")

    @property
    def is_plain(self) -> bool:
        """Whether the octets mean what they say: no compression, no base64."""
        transfer = (self.headers.get("Content-Transfer-Encoding") or "binary").lower()
        encoding = (self.headers.get("Content-Encoding") or "identity").lower()
        return transfer in ("7bit", "8bit", "binary") and encoding == "identity"


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is ready to be sent."""

    headers: tuple[tuple[str, str], ...]
    """What the message says of it: Content-Type first."""
    octets: bytes

    @property
    def content_type(self) -> str:
        """What it is."""
        return self.headers[0][1]


NO_BODY = Body((), b"")


def part_of(message: Message) -> Part | None:
    """The body of a message as the part that it is, taken apart if it is a multipart; None without a body.

    Raises RemoteSipError: 400 where a body has no order, 413 where it is beyond our limits, 415 where nothing says
    what it is.
    """
    if not message.body:
        return None
    if not message.headers.has("Content-Type"):
        raise RemoteSipError(415, "Body Without Content-Type")
    return _Reader().read(message.headers, message.body, 0)


def join(parts: tuple[Part, ...], boundary: str) -> Body:
    """One body for these parts: the part itself where there is one alone, else multipart/mixed (section 5.1.3).

    Raises LocalSipError where the boundary is none, or where it occurs in a part.
    """
    if len(parts) == 1:
        content_type = parts[0].headers.get("Content-Type") or str(parts[0].content_type)
        others = parts[0].headers.without("Content-Type").items()
        return Body((("Content-Type", content_type), *others), parts[0].body)
    if not parts:
        raise LocalSipError("a multipart has one part at least")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise LocalSipError("no boundary")
    delimiter = b"--" + boundary.encode()
    pieces: list[bytes] = []
    for part in parts:
        lines = [f"{name}: {value}" for name, value in part.headers.items()]
        text = "\r\n".join(["", *lines, "", ""])
        if text.count("\n") != len(lines) + 2 or text.count("\r") != len(lines) + 2:
            raise LocalSipError("line break inside a header")
        octets = text.encode("utf-8", "surrogateescape") + part.body
        if delimiter in octets:
            raise LocalSipError("the boundary occurs in a part")
        pieces.append(delimiter + octets + b"\r\n")
    headers = (("Content-Type", f'multipart/mixed;boundary="{boundary}"'), ("MIME-Version", "1.0"))
    return Body(headers, b"".join([*pieces, delimiter, b"--\r\n"]))


def session_part(sdp: bytes) -> Part:
    """A session description as a part of ours."""
    media_type = MediaType("application", "sdp")
    return Part(Headers([("Content-Type", str(media_type))]), sdp, media_type)


class _Reader:
    """Takes one message apart and counts what it finds."""

    def __init__(self) -> None:
        self._parts = 0

    def read(self, headers: Headers, body: bytes, depth: int) -> Part:
        headers = Headers([(_LONG.get(name.lower(), name), value) for name, value in headers.items()])
        headers = Headers([pair for pair in headers.items() if _says_what_it_is(pair[0])])
        content_type = _only(headers, "Content-Type")
        disposition = _only(headers, "Content-Disposition")
        media_type = _TEXT if content_type is None else MediaType.parse(content_type)
        parts = self._take_apart(media_type, body, depth) if media_type.type == "multipart" else ()
        return Part(
            headers,
            body,
            media_type,
            None if disposition is None else Disposition.parse(disposition),
            parts,
        )

    def _take_apart(self, media_type: MediaType, body: bytes, depth: int) -> tuple[Part, ...]:
        if len(body) > LONGEST_BODY or depth >= DEEPEST:
            raise RemoteSipError(413, "Body Too Large")
        pieces = _pieces(body, _boundary(media_type))
        self._parts += len(pieces)
        if self._parts > MOST_PARTS:
            raise RemoteSipError(413, "Too Many Body Parts")
        return tuple([self.read(*_head_and_body(piece), depth + 1) for piece in pieces])


def _says_what_it_is(name: str) -> bool:
    name = name.lower()
    return name.startswith("content-") and name != "content-length"


def _only(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name)
    if len(values) > 1:
        raise RemoteSipError(400, f"Repeated {name} In Body Part")
    return values[0] if values else None


def _boundary(media_type: MediaType) -> bytes:
    values = media_type.parameters.values("boundary")
    boundary = unquoted(values[0] or "") if len(values) == 1 else ""
    if _BOUNDARY.fullmatch(boundary) is None:
        raise RemoteSipError(400, "Bad Boundary")
    return boundary.encode()


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """The octets of each part, line break before the headers included. What is outside of the delimiters is ignored."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    pieces: list[bytes] = []
    begin: int | None = None
    for match in delimiter.finditer(body):
        if begin is not None:
            pieces.append(body[begin : match.start()])
        begin = match.end()
        if match[1] is not None and pieces:
            return pieces
        if match[1] is not None:
            break
        if len(pieces) > MOST_PARTS:
            raise RemoteSipError(413, "Too Many Body Parts")
    raise RemoteSipError(400, "Multipart Without Parts" if not pieces else "Multipart Without End")


def _head_and_body(piece: bytes) -> tuple[Headers, bytes]:
    """Headers and body of what stands between two delimiters."""
    piece = piece.removeprefix(b"\r").removeprefix(b"\n")
    end = _SECTION_END.search(piece)
    if end is not None:
        section, body = piece[: end.end()], piece[end.end() :]
    else:  # headers alone are a part, and so is nothing at all
        section, body = piece + (b"\n" if not piece or piece.endswith(b"\n") else b"\n\n"), b""
    head = Head(b"\n" + section)
    try:
        head.check_lines()
    except RemoteSipError as error:
        raise RemoteSipError(400, "Bad Header In Body Part") from error
    return head.headers, body
