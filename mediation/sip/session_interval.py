"""Session-Expires and Min-SE: how long a session lives without a refresh (RFC 4028 sections 4 and 5)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import number
from mediation.sip.message import LONGEST_DELTA_S, Request, Response
from mediation.sip.parameters import Parameters

LOWEST_INTERVAL_S = 90
"""No session interval may be shorter (section 5); also what a missing Min-SE means."""


class Refresher(StrEnum):
    """Whose the refreshes are: of the two roles in the transaction that carries the word."""

    UAC = "uac"
    UAS = "uas"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """`Session-Expires: 1800;refresher=uac`. Parameters that the RFC does not define are left out."""

    interval_s: int
    """0 to 2**32 - 1, as received: too short a one is for the policy to refuse."""
    refresher: Refresher | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Session-Expires value. Raises RemoteSipError(400)."""
        seconds, parameters = _delta(text, "Session-Expires")
        named = parameters.values("refresher")
        if not named:
            return cls(seconds)
        role = (named[0] or "").lower()
        if len(named) > 1 or role not in ("uac", "uas"):
            raise RemoteSipError(400, "Bad Refresher")
        return cls(seconds, Refresher(role))

    def __str__(self) -> str:
        return (
            str(self.interval_s)
            if self.refresher is None
            else f"{self.interval_s};refresher={self.refresher}"
        )


@dataclass(frozen=True, slots=True)
class MinSE:
    """`Min-SE: 90`, the shortest session interval that somebody on the way allows. Parameters are left out."""

    seconds: int
    """0 to 2**32 - 1, as received."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Min-SE value. Raises RemoteSipError(400)."""
        return cls(_delta(text, "Min-SE")[0])

    def __str__(self) -> str:
        return str(self.seconds)


def session_expires_of(message: Request | Response) -> SessionExpires | None:
    """What a message says of the interval; None when nothing. Raises RemoteSipError(400)."""
    value = message.headers.get("Session-Expires")
    return None if value is None else SessionExpires.parse(value)


def min_se_of(message: Request | Response) -> int:
    """The shortest interval that a message allows, in seconds: 90 at least. Raises RemoteSipError(400)."""
    value = message.headers.get("Min-SE")
    return LOWEST_INTERVAL_S if value is None else max(MinSE.parse(value).seconds, LOWEST_INTERVAL_S)


def demands_timer(request: Request) -> bool:
    """Whether its sender wants no session without a timer."""
    return any(tag.lower() == "timer" for tag in request.require)


def supports_timer(message: Request | Response) -> bool:
    """Whether its sender knows session timers: says so, or demands them."""
    return any(tag.lower() == "timer" for tag in (*message.supported, *message.require))


def _delta(text: str, what: str) -> tuple[int, Parameters]:
    seconds, semicolon, rest = text.partition(";")
    return number(seconds.strip(" \t"), high=LONGEST_DELTA_S, what=what), Parameters.parse(semicolon + rest)
