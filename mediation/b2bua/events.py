"""What one leg can tell the call: the vocabulary of the bridge, free of SIP."""

from dataclasses import dataclass

from mediation.b2bua.causes import Cause
from mediation.b2bua.content import Content
from mediation.sdp.agreed import AgreedAudio
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.headers import Headers
from mediation.sip.multipart import Part
from mediation.sip.transfer import ReferTo

NO_HEADERS = Headers()


@dataclass(frozen=True, slots=True)
class Progress:
    """The called party is being alerted, or something else is happening (a response of 101 to 199)."""

    status: int
    audio: AgreedAudio | None
    """Early media, when the party has described it (RFC 3960)."""
    party: str = ""
    """Which party says so: a call that forks has several."""
    headers: Headers = NO_HEADERS
    """What the party's side said beside it; policy decides what of it crosses."""
    parts: tuple[Part, ...] = ()
    """What stood beside the session description; here too."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The called party has answered; from now on the call costs money."""

    audio: AgreedAudio
    party: str = ""
    headers: Headers = NO_HEADERS
    """As in `Progress`."""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The called party, or the way to it, said no."""

    cause: Cause
    retry_after_s: int | None = None
    """The target wants to be left alone for so long (RFC 3261 section 20.33)."""
    answered: bool = False
    """Somebody had answered, to no use: nobody else may be called."""
    redirected_to: tuple[str, ...] = ()
    """URIs to call instead, the best first (RFC 3261 section 8.1.3.4)."""
    parts: tuple[Part, ...] = ()
    """As in `Progress`."""


@dataclass(frozen=True, slots=True)
class AnsweredTooLate:
    """Somebody picked up after we had given up; the leg is being ended. A phone rang for nothing."""


@dataclass(frozen=True, slots=True)
class Updated:
    """The party's media have changed, and what it has asked for was answered: another address, law or direction."""


@dataclass(frozen=True, slots=True)
class Reoffered:
    """The party asks for a change of the session: `accept_reoffer` or `refuse_reoffer` answers it."""


@dataclass(frozen=True, slots=True)
class ReofferCancelled:
    """It has taken that back, and was answered."""


@dataclass(frozen=True, slots=True)
class ReofferTaken:
    """The party has agreed to a change that we asked for."""

    ticket: int = 0
    """Which one: what `reoffer` has said."""


@dataclass(frozen=True, slots=True)
class ReofferRefused:
    """It has not; everything is as it was."""

    status: int
    """What it said, in the words that fit whoever has asked us."""
    ticket: int = 0
    """As in `ReofferTaken`."""


@dataclass(frozen=True, slots=True)
class ReofferDue:
    """A change that could not be asked for may be asked for now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The party says something that is for the other one: `reply` answers it."""

    question: int
    """The leg's own number for it."""
    method: str
    """INFO or MESSAGE."""
    content: Content


@dataclass(frozen=True, slots=True)
class Pressed:
    """The party has pressed a key in its media, and the other one hears of keys by signalling."""

    key: DtmfInfo


@dataclass(frozen=True, slots=True)
class Referred:
    """The party wants the other one to be connected with somebody else: `reply` answers it."""

    question: int
    refer_to: ReferTo
    referred_by: str
    """Who wants it, as the party said: a Referred-By value, or nothing."""
    wants_reports: bool
    sequence: int
    """The CSeq number of its REFER, which names its reports (RFC 3515 section 2.4.6)."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The party tells how a transfer goes that we have passed on to it: `reply` answers it."""

    question: int
    status: int
    over: bool
    """Whether no report follows."""


@dataclass(frozen=True, slots=True)
class Replied:
    """The party has answered what we passed on, or it never will."""

    ticket: int
    status: int
    content: Content


@dataclass(frozen=True, slots=True)
class HungUp:
    """The party has ended the call: CANCEL before the answer, BYE after it, or silence where an ACK was due."""

    cause: Cause
    parts: tuple[Part, ...] = ()
    """As in `Progress`."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The leg has nothing left to do."""


LegEvent = (
    Progress
    | Answered
    | AnsweredTooLate
    | Refused
    | Updated
    | Reoffered
    | ReofferCancelled
    | ReofferTaken
    | ReofferRefused
    | ReofferDue
    | Asked
    | Pressed
    | Referred
    | Reported
    | Replied
    | HungUp
    | Closed
)
