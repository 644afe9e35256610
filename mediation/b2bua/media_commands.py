"""What a call asks of media."""

from dataclasses import dataclass

from mediation.b2bua.plan import FaxPlan, MediaPlan
from mediation.settings.peers import Side


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Bind a pair of ports, RTP even and RTCP odd (RFC 3550 section 11), for each party of a call.

    The caller's is pair 0, the callee's is pair 1.
    """

    call: str
    caller: Side
    callee: Side
    local_hosts: tuple[str, str]
    """The addresses to bind for the caller's and for the callee's pair."""


@dataclass(frozen=True, slots=True)
class ApplyMedia:
    """Put a plan in force. A source lock is kept where the party's pair and its endpoints are the same as before.

    Where addresses are learned that nobody has described, a party that has described itself in another way may be
    heard from elsewhere as well, though the one that was locked on comes first.

    Where a seat gets another pair, its party is another one: its lock, its figures and its reports begin anew,
    while the stream that the other seat hears goes on as one (RFC 3550 section 5.1). The pair that was left
    swallows what comes until it is closed or taken again. A plan on a pair that is not open is a bug of ours.
    """

    call: str
    plan: MediaPlan | FaxPlan


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Bind one more pair of ports for a call, for a party that may take a seat.

    Answered by PairOpened or PairRefused, in the order of asking, or by the end of the call's media: MediaClosed,
    MediaLost or MediaRefused, whichever comes. Before MediaOpened it is refused.
    """

    call: str
    side: Side
    local_host: str
    """The address to bind."""


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Send a pair into quarantine: it swallows late packets for a while. CloseMedia does so with all that are left.

    A pair that the plan in force uses (0 and 1 before the first plan) or that is not open: a bug of ours, which
    costs the call its media.
    """

    call: str
    pair: int


@dataclass(frozen=True, slots=True)
class PressKey:
    """Let a party hear a key that the other one has pressed by signalling: as events or tones, as the plan says.

    Keys go one after the other. One that cannot be said is dropped: the party takes nothing, or has no way for it.
    """

    call: str
    caller: bool
    """True: the caller hears it; False: the callee."""
    key: str
    """One of 0 to 9, *, #, A to D."""
    duration_ms: int


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """Stop, report, and keep the ports swallowing late packets for a while."""

    call: str


MediaCommand = OpenMedia | ApplyMedia | OpenPair | ClosePair | PressKey | CloseMedia
