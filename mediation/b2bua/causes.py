"""Why a call ended: one cause, in the words of SIP, of Q.850 and of the operator (RFC 3326, RFC 3398)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from mediation.routing.room import Lack
from mediation.routing.ruling import Refusal
from mediation.sip.derived import reason_phrase
from mediation.sip.digest_client import GiveUp, Reason
from mediation.sip.message import Request, Response


class Verdict(StrEnum):
    """On whose account an ending goes."""

    SUCCESS = "success"
    CALLER = "caller"
    CALLEE = "callee"
    TRUNK = "trunk"
    US = "us"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """The one reason of an ending, carried to both legs and to the call record."""

    verdict: Verdict
    reason: str
    """A short stable word: `busy`, `no-answer`, `media-silent`."""
    status: int
    """The final response that says it, 200 for a call that was answered and ended in peace."""
    q850: int
    """ITU-T Q.850 cause value."""
    location: str = ""
    """Where in the network it arose, in the words of RFC 8606 (`LN`, `RPN`, …); empty: nobody has said."""
    said: int | None = None
    """The Q.850 value as the peer has said it (RFC 3326); None: it has said none."""

    @property
    def reply_status(self) -> int:
        """The final response that a caller hears who has no answer yet.

        What only we could have acted upon (a challenge, a redirection, the end of an attempt of ours) is told in
        the words that fit a caller.
        """
        if self.status in (401, 407):
            return 403
        if self.status in _OF_THE_HOP and self.verdict is not Verdict.CALLER:
            return _OF_THE_HOP[self.status]
        if self.status == 487 and self.verdict is not Verdict.CALLER:
            return status_of_q850(self.q850) or 480
        return 480 if self.status < 400 else self.status

    def header(self) -> tuple[str, str]:
        """A Reason header (RFC 3326 section 2)."""
        location = f";location={self.location}" if self.location else ""
        value = f'Q.850;cause={self.q850};text="{self.reason}"{location}'
        if self.reason == ANSWERED_ELSEWHERE.reason:  # so that nobody is shown a missed call
            value = f'SIP;cause=200;text="Call completed elsewhere", {value}'
        return "Reason", value


# status: (Q.850 by RFC 3398 section 8.2.6.1, word, on whose account)
_BY_STATUS: dict[int, tuple[int, str, Verdict]] = {
    400: (41, "bad-request", Verdict.TRUNK),
    401: (21, "unauthorized", Verdict.TRUNK),
    402: (21, "payment-required", Verdict.TRUNK),
    403: (21, "forbidden", Verdict.TRUNK),
    404: (1, "unallocated-number", Verdict.CALLEE),
    405: (63, "method-not-allowed", Verdict.TRUNK),
    406: (79, "not-acceptable", Verdict.TRUNK),
    407: (21, "proxy-authentication", Verdict.TRUNK),
    408: (102, "timeout", Verdict.TRUNK),
    410: (22, "number-changed", Verdict.CALLEE),
    413: (127, "too-large", Verdict.TRUNK),
    414: (127, "uri-too-long", Verdict.TRUNK),
    415: (79, "unsupported-media-type", Verdict.TRUNK),
    416: (127, "unsupported-scheme", Verdict.TRUNK),
    420: (127, "bad-extension", Verdict.TRUNK),
    421: (127, "extension-required", Verdict.TRUNK),
    423: (127, "interval-too-brief", Verdict.TRUNK),
    433: (24, "anonymity-disallowed", Verdict.CALLER),
    480: (18, "unavailable", Verdict.CALLEE),
    481: (41, "no-such-call", Verdict.TRUNK),
    482: (25, "loop", Verdict.TRUNK),
    483: (25, "too-many-hops", Verdict.TRUNK),
    484: (28, "address-incomplete", Verdict.CALLER),
    485: (1, "ambiguous", Verdict.CALLEE),
    486: (17, "busy", Verdict.CALLEE),
    487: (31, "terminated", Verdict.CALLEE),  # unasked: after a CANCEL of ours nobody looks at it
    488: (65, "no-common-codec", Verdict.CALLEE),
    500: (41, "server-error", Verdict.TRUNK),
    501: (79, "not-implemented", Verdict.TRUNK),
    502: (38, "bad-gateway", Verdict.TRUNK),
    503: (41, "service-unavailable", Verdict.TRUNK),
    504: (102, "server-timeout", Verdict.TRUNK),
    505: (127, "version", Verdict.TRUNK),
    513: (127, "message-too-large", Verdict.TRUNK),
    600: (17, "busy-everywhere", Verdict.CALLEE),
    603: (21, "declined", Verdict.CALLEE),
    604: (1, "does-not-exist", Verdict.CALLEE),
    606: (65, "not-acceptable-anywhere", Verdict.CALLEE),
}

# Q.850: status, by RFC 3398 section 7.2.4.1; what is not here has no status of its own
_BY_Q850: dict[int, int] = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 24: 433, 25: 483, 26: 404,
    27: 502, 28: 484, 29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503,
    63: 503, 65: 488, 66: 488, 69: 501, 70: 488, 79: 501, 87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip

_OF_THE_HOP = {405: 500, 415: 488, 420: 500, 421: 500, 422: 500, 423: 500, 489: 500, 494: 500}
"""What is about our own words to the other side, and would have to tell the caller what to change in his."""

NORMAL = Cause(Verdict.SUCCESS, "normal-clearing", 200, 16)
CANCELLED = Cause(Verdict.CALLER, "cancelled", 487, 16)
ANSWERED_ELSEWHERE = Cause(Verdict.CALLER, "answered-elsewhere", 487, 26)
NO_ROUTE = Cause(Verdict.CALLER, "no-route", 404, 1)
NO_TRUNK_IN_COUNTRY = Cause(Verdict.US, "no-trunk-in-country", 403, 57)
CALLER_NOT_OURS = Cause(Verdict.CALLER, "caller-not-ours", 403, 21)
CALLER_FORBIDDEN = Cause(Verdict.CALLER, "caller-forbidden", 403, 21)
CALLER_MALFORMED = Cause(Verdict.CALLER, "caller-malformed", 403, 21)
ANONYMITY_DISALLOWED = Cause(Verdict.CALLER, "anonymity-disallowed", 433, 24)
NO_CODEC = Cause(Verdict.CALLER, "no-common-codec", 488, 65)
NO_CODEC_CALLEE = Cause(Verdict.CALLEE, "no-common-codec", 488, 65)
NO_ANSWER_BODY = Cause(Verdict.TRUNK, "no-answer-sdp", 502, 38)
BAD_DESCRIPTION = Cause(Verdict.CALLER, "bad-sdp", 400, 111)
NO_DESCRIPTION = Cause(Verdict.CALLER, "no-sdp-in-ack", 488, 111)
NO_ROOM = Cause(Verdict.US, "call-limit", 503, 34)
RATE_LIMIT = Cause(Verdict.US, "rate-limit", 503, 42)
NO_BANDWIDTH = Cause(Verdict.US, "bandwidth-limit", 503, 34)
NO_PORTS = Cause(Verdict.US, "no-media-ports", 503, 47)
NO_WIDE_ROOM = Cause(Verdict.US, "no-room-for-wide-codecs", 503, 47)
NO_PROGRESS = Cause(Verdict.TRUNK, "no-progress", 408, 102)
NO_ANSWER = Cause(Verdict.CALLEE, "no-answer", 480, 19)
SETUP_TOO_LONG = Cause(Verdict.TRUNK, "setup-too-long", 408, 102)
UNREACHABLE = Cause(Verdict.TRUNK, "unreachable", 503, 38)
NO_RESPONSE = Cause(Verdict.TRUNK, "no-response", 408, 102)
TOO_LARGE = Cause(Verdict.CALLER, "message-too-large", 513, 127)
ALL_TARGETS_DOWN = Cause(Verdict.TRUNK, "all-targets-down", 503, 38)
TRUNK_OUT_OF_USE = Cause(Verdict.US, "trunk-out-of-use", 503, 41)
NOT_REGISTERED = Cause(Verdict.TRUNK, "not-registered", 503, 38)
INTERVAL_TOO_BRIEF = Cause(Verdict.CALLER, "session-interval-too-brief", 422, 127)
EXTENSION_REQUIRED = Cause(Verdict.CALLER, "extension-required", 421, 127)
NO_PRACK = Cause(Verdict.CALLER, "no-prack", 504, 102)
PRACK_REFUSED = Cause(Verdict.TRUNK, "prack-refused", 502, 38)
DIALOG_LOST = Cause(Verdict.UNKNOWN, "dialog-lost", 481, 41)
SESSION_EXPIRED = Cause(Verdict.UNKNOWN, "session-expired", 408, 102)
TRANSFERRED = Cause(Verdict.SUCCESS, "transferred", 200, 16)
REPLACED = Cause(Verdict.SUCCESS, "replaced", 200, 26)
NO_ACK = Cause(Verdict.CALLER, "no-ack", 408, 102)
CALL_TOO_LONG = Cause(Verdict.SUCCESS, "maximum-duration", 200, 102)
MEDIA_SILENT = Cause(Verdict.UNKNOWN, "media-timeout", 200, 41)
MEDIA_LOST = Cause(Verdict.US, "media-lost", 500, 41)
NO_WAY_BACK = Cause(Verdict.UNKNOWN, "bypass-not-undone", 488, 41)
BODY_NOT_TAKEN = Cause(Verdict.TRUNK, "body-not-taken", 415, 79)
POLICY_FAILED = Cause(Verdict.US, "policy-failed", 503, 41)
SHUTDOWN = Cause(Verdict.US, "shutdown", 503, 41)
INTERNAL_ERROR = Cause(Verdict.US, "internal-error", 500, 41)

WRONG_CREDENTIALS = "wrong-credentials"
"""The reason of a cause: user name or password are not what the ITSP expects."""

_Q850 = re.compile(r"(?:^|,)[ \t]*Q\.850[ \t]*;([^,]*)", re.IGNORECASE)
_CAUSE = re.compile(r"(?:^|;)[ \t]*cause[ \t]*=[ \t]*([0-9]{1,3})(?![0-9])", re.IGNORECASE)
_LOCATION = re.compile(r"(?:^|;)[ \t]*location[ \t]*=[ \t]*([A-Za-z0-9-]+)[ \t]*(?=;|$)", re.IGNORECASE)
_LOCATIONS = frozenset({"U", "LPN", "LN", "TN", "RLN", "RPN", "LOC-6", "INTL", "LOC-8", "LOC-9", "BI", "LOC-B",
                        "LOC-C", "LOC-D", "LOC-E", "LOC-F"})  # fmt: skip
"""RFC 8606 section 4, the places of ITU-T Q.850 table 3."""
_SIP_200 = re.compile(
    r"(?:^|,)[ \t]*SIP[ \t]*;(?:[^,]*;)?[ \t]*cause[ \t]*=[ \t]*200(?![0-9])", re.IGNORECASE
)


def of_response(response: Response) -> Cause:
    """The cause that a final failure response stands for; its own Q.850 Reason is believed."""
    return _of_status(response.status, q850_of(response), location_of(response))


def counted_as(cause: Cause, status: int) -> Cause:
    """The same where its response stands for another one; what the peer has said of Q.850 is believed still."""
    return cause if status == cause.status else _of_status(status, cause.said, cause.location)


def of_challenge(response: Response, given_up: GiveUp) -> Cause:
    """The cause of a challenge that was not answered: an operator must look at a password that is refused."""
    cause = of_response(response)
    return replace(cause, reason=WRONG_CREDENTIALS) if given_up.reason is Reason.REFUSED else cause


def ended_by(bye: Request) -> Cause:
    """The cause of a call that a party ended; the Q.850 value of its Reason is believed."""
    q850 = q850_of(bye)
    return NORMAL if q850 is None else replace(NORMAL, q850=q850, location=location_of(bye))


def cancelled_by(request: Request) -> Cause:
    """The cause of a call that the caller gave up by this CANCEL or BYE; its own Reason is believed."""
    if any(_SIP_200.search(value) for value in request.headers.get_all("Reason")):
        return ANSWERED_ELSEWHERE
    q850 = q850_of(request)
    return CANCELLED if q850 is None else replace(CANCELLED, q850=q850, location=location_of(request))


def no_room(lack: Lack) -> Cause:
    """The cause of a call that is refused for want of room."""
    return {Lack.CALLS: NO_ROOM, Lack.RATE: RATE_LIMIT, Lack.BANDWIDTH: NO_BANDWIDTH}[lack]


def refused_by_policy(refusal: Refusal) -> Cause:
    """The cause of a call that a policy does not want."""
    fitting = _of_status(refusal.status, None, "")
    return Cause(Verdict.US, "refused-by-policy", refusal.status, refusal.q850 or fitting.q850)


def is_outage(cause: Cause) -> bool:
    """Whether a target failed without a word about this call: 408 and 503, its own or in its stead."""
    return cause.status in (408, 503)


def is_unheard(cause: Cause) -> bool:
    """Whether no response came at all: no list of codes is asked then."""
    return cause in (UNREACHABLE, NO_RESPONSE)


def q850_of(message: Request | Response) -> int | None:
    """The Q.850 cause value of a Reason header (RFC 3326), 0 to 127; None where there is none."""
    for parameters in _q850_parameters(message):
        match = _CAUSE.search(parameters)
        if match is not None and int(match[1]) <= 127:
            return int(match[1])
    return None


def location_of(message: Request | Response) -> str:
    """Where a Q.850 cause arose (RFC 8606 section 4); empty where it is not said, or not in its words."""
    for parameters in _q850_parameters(message):
        match = _LOCATION.search(parameters)
        if match is not None and match[1].upper() in _LOCATIONS:
            return match[1].upper()
    return ""


def status_of_q850(q850: int) -> int | None:
    """The final response that an ISUP cause stands for (RFC 3398 section 7.2.4.1); None: it has none of its own."""
    return _BY_Q850.get(q850)


def _q850_parameters(message: Request | Response) -> Iterator[str]:
    for value in message.headers.get_all("Reason"):
        for match in _Q850.finditer(value):
            yield match[1]


def _of_status(status: int, said: int | None, location: str) -> Cause:
    q850, word, verdict = _BY_STATUS.get(status) or _of_class(status)
    return Cause(verdict, word, status, said or q850, location, said)


def _of_class(status: int) -> tuple[int, str, Verdict]:
    """RFC 3261 section 8.1.3.2: an unknown code counts as x00 of its class."""
    if status < 400:
        return 23, "redirected", Verdict.CALLEE
    q850, _, verdict = _BY_STATUS[status // 100 * 100]
    return q850, reason_phrase(status).lower().replace(" ", "-"), verdict
