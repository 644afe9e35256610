"""How a transferor is told of its transfer: Event, Subscription-State and a status line in a body.

RFC 3515 section 2.4 on the ground of RFC 6665; the body is message/sipfrag, RFC 3420.
"""

import re
from dataclasses import dataclass
from typing import Self

from mediation.sip.derived import reason_phrase
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import BLANKS, TOKEN, is_token, number
from mediation.sip.message import LONGEST_DELTA_S, SIP_VERSION
from mediation.sip.parameters import Parameters

REFER = "refer"
"""The event package (RFC 3515 section 3)."""
SIPFRAG = "message/sipfrag"
SIPFRAG_TYPE = f"{SIPFRAG};version=2.0"
"""The Content-Type of a report (RFC 3515 section 2.4.5)."""
EXPIRES_S = 300
"""How long a subscription lasts that a REFER begins: longer than anybody lets a phone ring."""
SHORTEST_S = 60
"""The shortest that its subscriber may ask for: less is 423 (RFC 6665 section 4.2.1.1)."""
LONGEST_FRAGMENT = 16_384
"""Octets of a sipfrag body that we put up with."""

_WORD = re.compile(rf"({TOKEN}){BLANKS}(;.*)?", re.DOTALL)
_STATUS_LINE = re.compile(
    rb"SIP/2\.0 ([1-6][0-9][0-9])(?: [^\r\n]*+)?(?:\r?\n.*)?", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class EventType:
    """An Event value (RFC 6665 section 8.4). Compared octet for octet, as section 8.2.1 of the RFC wants it."""

    package: str
    id: str | None = None
    """Which subscription of the dialog; the CSeq number of its REFER (RFC 3515 section 2.4.6)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """An Event value; parameters but `id` are left out. Raises RemoteSipError(400)."""
        package, parameters = _word(text, "Event")
        given = parameters.values("id")
        if len(given) > 1 or (given and not is_token(given[0] or "")):
            raise RemoteSipError(400, "Bad Event")
        return cls(package, given[0] if given else None)

    def __str__(self) -> str:
        return self.package if self.id is None else f"{self.package};id={self.id}"


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """How a subscription stands (RFC 6665 section 4.1.3). Other parameters are left out."""

    state: str
    """`active`, `pending`, `terminated` or a word that we do not know, in lower case."""
    expires_s: int | None = None
    reason: str | None = None
    """Why it is over: `noresource`, `timeout`, `rejected` … in lower case."""
    retry_after_s: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Subscription-State value. Raises RemoteSipError(400)."""
        state, parameters = _word(text, "Subscription-State")
        reason = parameters.get("reason")
        if reason is not None and not is_token(reason):
            raise RemoteSipError(400, "Bad Subscription-State")
        return cls(
            state.lower(),
            _seconds(parameters, "expires"),
            None if reason is None else reason.lower(),
            _seconds(parameters, "retry-after"),
        )

    def __str__(self) -> str:
        parameters = (
            ("expires", self.expires_s),
            ("reason", self.reason),
            ("retry-after", self.retry_after_s),
        )
        return self.state + "".join(f";{name}={value}" for name, value in parameters if value is not None)

    @property
    def is_over(self) -> bool:
        """Whether no report follows."""
        return self.state == "terminated"


@dataclass(frozen=True, slots=True)
class StatusFragment:
    """The body of a report: the status of the call that was asked for (RFC 3420, RFC 3515 section 2.4.5).

    The status is all that is told from one side to the other: the phrase is ours, and no header goes along.
    """

    status: int
    """100 to 699."""

    def __post_init__(self) -> None:
        if not 100 <= self.status <= 699:
            raise LocalSipError("no status of a response")

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """What a body reports; only its first line counts. Raises RemoteSipError(400)."""
        match = _STATUS_LINE.fullmatch(octets) if len(octets) <= LONGEST_FRAGMENT else None
        if match is None:
            raise RemoteSipError(400, "Bad Sipfrag")
        return cls(int(match[1]))

    def __bytes__(self) -> bytes:
        return f"{SIP_VERSION} {self.status} {reason_phrase(self.status)}\r\n".encode()

    @property
    def is_final(self) -> bool:
        """Whether the call is decided."""
        return self.status >= 200


def refer_event(sequence: int, *, first: bool) -> EventType:
    """The Event of the reports on a REFER with this CSeq number; the first one of a dialog may go without id."""
    return EventType(REFER) if first else EventType(REFER, str(sequence))


def _word(text: str, what: str) -> tuple[str, Parameters]:
    match = _WORD.fullmatch(text)
    if match is None:
        raise RemoteSipError(400, f"Bad {what}")
    return match[1], Parameters.parse(match[2] or "")


def _seconds(parameters: Parameters, name: str) -> int | None:
    if not parameters.has(name):
        return None
    return number(parameters.get(name) or "", high=LONGEST_DELTA_S, what="Subscription-State")
