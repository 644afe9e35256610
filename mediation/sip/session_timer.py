"""Session timers of one leg: who refreshes, how often, and when the session is dead (RFC 4028).

Nothing here knows a socket or a clock. The leg asks what its requests carry, has each INVITE and UPDATE of the peer
judged, shows the answers to its own, and is told in seconds what to wait for.

    headers = timer.request_headers()                     # for an INVITE, re-INVITE or UPDATE of ours
    running = timer.read_2xx(request, response)           # its 2xx came
    again = timer.read_422(request, response)             # or it was refused as too brief

    answer = timer.judge(request)                         # the peer's; raises TimerRefusal
    timer.adopt(answer)                                   # when the 2xx with answer.headers has gone
"""

from dataclasses import dataclass
from enum import StrEnum

from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Request, Response
from mediation.sip.session_interval import (
    LOWEST_INTERVAL_S,
    MinSE,
    Refresher,
    SessionExpires,
    demands_timer,
    min_se_of,
    session_expires_of,
    supports_timer,
)

HIGHEST_MIN_SE_S = 86_400
"""A peer whose sessions may not be shorter than a day is none that we follow (section 7.3 leaves it to us)."""
MOST_422 = 8
"""Refusals in a row that we follow: each proxy on the way may have a minimum of its own."""
LONGEST_GRACE_S = 32
"""How long before the expiration BYE is sent, at most (section 10)."""

HeaderLines = tuple[tuple[str, str], ...]

REFRESHER: dict[tuple[bool, Refresher | None], tuple[Refresher, ...]] = {
    (False, None): (Refresher.UAS,),
    # who lacks the extension can not name a refresher (NA in the RFC); what a broken peer does not do is ours to do
    (False, Refresher.UAC): (Refresher.UAS,),
    (False, Refresher.UAS): (Refresher.UAS,),
    (True, None): (Refresher.UAC, Refresher.UAS),
    (True, Refresher.UAC): (Refresher.UAC,),
    (True, Refresher.UAS): (Refresher.UAS,),
}
"""Table 2 of section 9: does the UAC support timers, which refresher does it name → which may our 2xx name.

Where there is a choice, the first is ours unless the policy prefers otherwise: who asked for the timer works it.
"""


class TimerMode(StrEnum):
    """How much we want session timers."""

    OFF = "off"
    """Take no part: the peer's refreshes are answered, but we run no timer unless it insists."""
    ANSWER = "answer"
    """Take part when the peer asks."""
    OFFER = "offer"
    """Ask, and refresh alone where the peer knows nothing of it."""
    REQUIRE = "require"
    """Ask, and have no session with a peer that knows nothing of it."""


class Preference(StrEnum):
    """Who should refresh, where we may choose."""

    AUTO = "auto"
    US = "us"
    THEM = "them"


@dataclass(frozen=True, slots=True)
class TimerPolicy:
    """What one leg wants of session timers."""

    mode: TimerMode = TimerMode.ANSWER
    expires_s: int = 1800
    """The interval that we ask for (section 4 recommends 1800)."""
    min_se_s: int = LOWEST_INTERVAL_S
    """The shortest that we put up with; never below 90."""
    refresher: Preference = Preference.AUTO

    @property
    def asks(self) -> bool:
        """Whether we want a timer although the peer has not asked for one."""
        return self.mode in (TimerMode.OFFER, TimerMode.REQUIRE)

    @property
    def shortest_s(self) -> int:
        """`min_se_s`, or the RFC's own minimum (section 5)."""
        return max(self.min_se_s, LOWEST_INTERVAL_S)


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """What was agreed with the latest 2xx, from whose sending or arrival both times count (section 10)."""

    interval_s: int
    we_refresh: bool

    @property
    def refresh_after_s(self) -> float | None:
        """When our refresh is due: after half the interval (section 7.2); None when the peer refreshes."""
        return self.interval_s / 2 if self.we_refresh else None

    @property
    def expires_after_s(self) -> float:
        """When BYE is due if no refresh has succeeded by then, the peer's or ours."""
        return self.interval_s - min(LONGEST_GRACE_S, self.interval_s / 3)


@dataclass(frozen=True, slots=True)
class TimerAnswer:
    """The request may be accepted; this is what the 2xx carries and what runs once it is sent."""

    headers: HeaderLines
    running: RunningTimer | None
    min_se_s: int
    """The highest Min-SE that the session knows by then."""
    peer_supports: bool


class TimerRefusal(Exception):  # noqa: N818 -- an answer, not an error
    """The request must be refused with this status and these headers (sections 6 and 9; RFC 3261 section 21.4.16)."""

    def __init__(self, status: int, headers: HeaderLines) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


class SessionTimer:
    """The timer of one leg: what was agreed, and what the peer's minimum is."""

    def __init__(self, policy: TimerPolicy) -> None:
        self._policy = policy
        self._min_se_s = policy.shortest_s
        self._peer_supports = False
        self._refusals = 0
        self.running: RunningTimer | None = None
        """What is in force; None: the session does not expire."""

    @property
    def listed(self) -> bool:
        """Whether `timer` belongs into Supported: of every request but ACK, and of 2xx (section 7.1)."""
        return self._policy.mode is not TimerMode.OFF

    def request_headers(self) -> HeaderLines:
        """What an INVITE, re-INVITE or UPDATE of ours carries (sections 7.1, 7.3 and 7.4)."""
        running = self.running
        if running is None and not self._policy.asks:
            return ()
        interval_s = self._policy.expires_s if running is None else running.interval_s
        expires = SessionExpires(max(interval_s, self._min_se_s), self._wanted_refresher())
        headers = [("Session-Expires", str(expires))]
        if self._min_se_s > LOWEST_INTERVAL_S:
            headers.append(("Min-SE", str(MinSE(self._min_se_s))))
        if self._policy.mode is TimerMode.REQUIRE:
            headers.append(("Require", "timer"))
        return tuple(headers)

    def judge(self, request: Request) -> TimerAnswer:
        """What an INVITE, re-INVITE or UPDATE of the peer earns (section 9). Changes nothing.

        Raises TimerRefusal (421, 422), RemoteSipError(400) where a header cannot be read.
        """
        asked = session_expires_of(request)
        floor_s = max(self._min_se_s, min_se_of(request))
        supports = supports_timer(request)
        if self._policy.mode is TimerMode.REQUIRE and not supports:
            raise TimerRefusal(421, (("Require", "timer"),))
        if asked is not None and asked.interval_s < self._policy.shortest_s:
            if supports and self._takes_part(request):
                raise TimerRefusal(422, (("Min-SE", str(MinSE(self._policy.shortest_s))),))
            asked = None  # a proxy asks, and the UAC would not understand a 422: go on without
        interval_s = self._interval_s(request, asked, min_se_of(request))
        if interval_s is None:
            return TimerAnswer((), None, floor_s, supports)
        refresher = self._choose(REFRESHER[supports, None if asked is None else asked.refresher])
        headers: HeaderLines = (("Session-Expires", str(SessionExpires(interval_s, refresher))),)
        if supports:  # a MUST when the UAC refreshes, a SHOULD when it waits for our refreshes
            headers = (*headers, ("Require", "timer"))
        running = RunningTimer(interval_s, refresher is Refresher.UAS)
        return TimerAnswer(headers, running, floor_s, supports)

    def adopt(self, answer: TimerAnswer) -> None:
        """The 2xx with this answer has gone: from now on it holds."""
        self.running = answer.running
        self._min_se_s = answer.min_se_s
        self._peer_supports = answer.peer_supports

    def read_2xx(self, request: Request, response: Response) -> RunningTimer | None:
        """A 2xx to an INVITE, re-INVITE or UPDATE of ours: what runs from now on (section 7.2).

        An unreadable Session-Expires is none: a hint is no reason to lose an answer.
        """
        self._refusals = 0
        ours = _readable(request)
        theirs = _readable(response)
        self._peer_supports = self._peer_supports or theirs is not None or supports_timer(response)
        if theirs is not None:
            # whoever does not say who refreshes may not do it: so we do
            we_refresh = theirs.refresher is not Refresher.UAS
            watched = we_refresh or self._policy.mode is not TimerMode.OFF
            interval_s = max(theirs.interval_s, LOWEST_INTERVAL_S)  # less is forbidden, and would be a flood
            self.running = RunningTimer(interval_s, we_refresh) if watched else None
        else:
            # the peer knows nothing of it: the timer is for our benefit alone, and ours to keep if we want one
            wanted = ours if self._policy.asks else None
            self.running = None if wanted is None else RunningTimer(wanted.interval_s, we_refresh=True)
        return self.running

    def read_422(self, request: Request, response: Response) -> bool:
        """Whether to ask again with a longer interval, which `request_headers` then gives (section 7.3).

        Not when the minimum is missing, unreadable, no higher than what we asked, or beyond reason.
        """
        ours = _readable(request)
        try:
            minimum_s = min_se_of(response)
        except RemoteSipError:
            return False
        self._refusals += 1
        if ours is None or self._refusals > MOST_422:
            return False
        if not ours.interval_s < minimum_s <= HIGHEST_MIN_SE_S:
            return False
        self._min_se_s = max(self._min_se_s, minimum_s)
        return True

    def _takes_part(self, request: Request) -> bool:
        return self.listed or demands_timer(request)

    def _interval_s(self, request: Request, asked: SessionExpires | None, min_se_s: int) -> int | None:
        """What our 2xx names: never longer than asked, never below the request's Min-SE. None: no timer."""
        if not self._takes_part(request):
            return None
        wanted_s = max(self._policy.expires_s, self._policy.shortest_s, min_se_s)
        if asked is None:
            return wanted_s if self._policy.asks else None
        return min(asked.interval_s, wanted_s) if self._policy.asks else asked.interval_s

    def _choose(self, allowed: tuple[Refresher, ...]) -> Refresher:
        """As UAS: our preference where the table leaves one."""
        wanted = {Preference.US: Refresher.UAS, Preference.THEM: Refresher.UAC}.get(self._policy.refresher)
        return next((refresher for refresher in allowed if refresher is wanted), allowed[0])

    def _wanted_refresher(self) -> Refresher | None:
        """As UAC: the roles stay as they are (section 7.4); at first, our preference."""
        if self.running is None:
            return {Preference.US: Refresher.UAC, Preference.THEM: Refresher.UAS}.get(self._policy.refresher)
        if self.running.we_refresh:
            return Refresher.UAC
        return Refresher.UAS if self._peer_supports else None


def _readable(message: Request | Response) -> SessionExpires | None:
    try:
        return session_expires_of(message)
    except RemoteSipError:
        return None
