"""What one leg can tell the call: the vocabulary of the bridge, free of SIP."""

from dataclasses import dataclass

from mediation.b2bua.causes import Cause
from mediation.sdp.negotiation import AgreedAudio
from mediation.sip.headers import Headers

NO_HEADERS = Headers()


@dataclass(frozen=True, slots=True)
class Progress:
    """The called party is being alerted, or something else is happening (a response of 101 to 199)."""

    status: int
    audio: AgreedAudio | None
    """Early media, when the party has described it (RFC 3960)."""
    headers: Headers = NO_HEADERS
    """What the party's side said beside it; policy decides what of it crosses."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The called party has answered; from now on the call costs money."""

    audio: AgreedAudio
    headers: Headers = NO_HEADERS
    """As in `Progress`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The called party, or the way to it, said no."""

    cause: Cause
    retry_after_s: int | None = None
    """The target wants to be left alone for so long (RFC 3261 section 20.33)."""
    answered: bool = False
    """Somebody had answered, to no use: nobody else may be called."""


@dataclass(frozen=True, slots=True)
class AnsweredTooLate:
    """Somebody picked up after we had given up; the leg is being ended. A phone rang for nothing."""


@dataclass(frozen=True, slots=True)
class Updated:
    """The party has changed its audio: another address, law or direction."""

    audio: AgreedAudio


@dataclass(frozen=True, slots=True)
class HungUp:
    """The party has ended the call: CANCEL before the answer, BYE after it, or silence where an ACK was due."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Closed:
    """The leg has nothing left to do."""


LegEvent = Progress | Answered | AnsweredTooLate | Refused | Updated | HungUp | Closed
