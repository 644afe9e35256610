"""Start line and headers of one message, as far as they can be read (RFC 3261 section 7.1 to 7.3)."""

import re

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import TOKEN, is_token, number
from mediation.sip.headers import Headers
from mediation.sip.message import SIP_VERSION, Message, Request, Response
from mediation.sip.validation import validate

MOST_HEADER_LINES = 256
"""Header lines of one message, folded ones counted once."""
LONGEST_HEADER_LINE = 8192
"""Characters of one header field's value, unfolded. The longest of the trade, signed identities, have 2,000."""
LONGEST_REQUEST_URI = 2048
"""Characters; numbers, names and parameters of the trade come to 300."""

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^ \t\r]++) ([Ss][Ii][Pp]/[0-9]++\.[0-9]++)")
_STATUS_LINE = re.compile(r"([Ss][Ii][Pp]/[0-9]++\.[0-9]++) ([1-6][0-9][0-9])(?: ([^\r]*+))?")
_FOLD = re.compile(r"\r?\n[ \t]++")
_HEADER_LINE = re.compile(rf"^({TOKEN})[ \t]*+:[ \t]*+([^\r\n]*+)\r?\n", re.MULTILINE)
_HIGHEST_LENGTH = 2**32 - 1


class MalformedMessage(RemoteSipError):  # noqa: N818 - what it is, in the words of the RFC
    """Octets that are no message we accept.

    `request` holds what could be read of a request, so that `status` can be sent back by its Via, From, To,
    Call-ID and CSeq, if those are there. It is None when there is nobody to answer: a response, or no SIP
    at all. That an ACK is never answered either is for the caller to see.
    """

    def __init__(self, status: int, reason: str, request: Request | None = None) -> None:
        super().__init__(status, reason)
        self.request = request


class Head:
    """The header section of one message. Nothing is judged before it is asked for.

    A line of the section that is no header makes the whole message malformed: two readers could differ on it.
    """

    __slots__ = ("_start_line", "_whole", "headers")

    def __init__(self, octets: bytes) -> None:
        """`octets` run to the end of the blank line, or are cut somewhere before it."""
        self._start_line, _, lines = octets.decode("utf-8", "surrogateescape").partition("\n")
        self._start_line = self._start_line.removesuffix("\r")
        if "\n " in lines or "\n\t" in lines:
            lines = _FOLD.sub(" ", lines)
        pairs = _HEADER_LINE.findall(lines)
        # Every line end is one header's, but for the last, which ends the section
        self._whole = len(pairs) == lines.count("\n") - 1
        self.headers = Headers([(name, value.rstrip(" \t")) for name, value in pairs])

    @property
    def request(self) -> Request | None:
        """The request as far as it can be read, for an answer to it; None when it is a response or no SIP."""
        method, _, rest = self._start_line.strip(" \t").partition(" ")
        uri, _, version = rest.rpartition(" ")
        if not version.lower().startswith("sip/") or not is_token(method):
            return None
        return Request(method, uri.strip(" \t"), self.headers)

    @property
    def is_sip(self) -> bool:
        """Whether the start line, good or bad, is meant to be SIP's."""
        return self._is_status_line or self.request is not None

    def malformed(self, status: int, reason: str) -> MalformedMessage:
        """The error that this message is."""
        return MalformedMessage(status, reason, self.request)

    def check_lines(self) -> None:
        """Raise MalformedMessage unless every line is a header, and there are not too many."""
        if not self._whole:
            raise self.malformed(400, "Bad Header Line")
        if len(self.headers.items()) > MOST_HEADER_LINES:
            raise self.malformed(400, "Too Many Headers")

    def content_length(self) -> int | None:
        """Octets of the body; None when nothing is said. Raises MalformedMessage, for two equal ones too."""
        values = self.headers.by_key().get("content-length")
        if values is None:
            return None
        if len(values) > 1:
            raise self.malformed(400, "Repeated Content-Length")
        try:
            return number(values[0], high=_HIGHEST_LENGTH, what="Content-Length")
        except RemoteSipError as error:
            raise self.malformed(error.status, error.reason) from None

    def message(self, body: bytes) -> Message:
        """The message, valid as `validate` sees it. Raises MalformedMessage."""
        if any(len(value) > LONGEST_HEADER_LINE for _, value in self.headers.items()):
            raise self.malformed(400, "Header Line Too Long")
        message = self._response(body) if self._is_status_line else self._request(body)
        try:
            validate(message)
        except RemoteSipError as error:
            raise self.malformed(error.status, error.reason) from None
        return message

    @property
    def _is_status_line(self) -> bool:
        return self._start_line[:4].lower() == "sip/"

    def _request(self, body: bytes) -> Request:
        match = _REQUEST_LINE.fullmatch(self._start_line)
        if match is None:
            raise self.malformed(400, "Bad Request Line")
        method, uri, version = match.groups()
        self._check_version(version)
        if len(uri) > LONGEST_REQUEST_URI:
            raise self.malformed(414, "Request-URI Too Long")
        return Request(method, uri, self.headers, body)

    def _response(self, body: bytes) -> Response:
        match = _STATUS_LINE.fullmatch(self._start_line)
        if match is None:
            raise self.malformed(400, "Bad Status Line")
        version, status, reason = match.groups()
        self._check_version(version)
        return Response(int(status), reason or "", self.headers, body)

    def _check_version(self, version: str) -> None:
        if version != SIP_VERSION and version.upper() != SIP_VERSION:
            raise self.malformed(505, "Version Not Supported")
