"""What a caller hears before a refusal: an announcement or a tone in early media (RFC 3960 section 4).

It is heard where nothing is lost by it: the search is over, no media of the called side has been heard, the caller has
described its audio and listens, and nobody calls for help. What it takes is media ports and time, no room on any
trunk; and of these there is a limit, so that refusals never keep calls from being answered.
"""

from dataclasses import dataclass

from mediation.b2bua.causes import SHUTDOWN, Cause
from mediation.b2bua.leg import Leg
from mediation.b2bua.sounds import Sound, announced_by
from mediation.sip.session_table import Stage


@dataclass(frozen=True, slots=True)
class Announcement:
    """One that is to be heard."""

    sound: Sound
    longest_s: int
    """It is cut there."""


class Announcer:
    """All announcements of one engine."""

    def __init__(self, most: int) -> None:
        """`most` at a time."""
        self._most = most
        self._calls: set[str] = set()

    @property
    def running(self) -> int:
        """Calls that are refused already, and last for what is heard before."""
        return len(self._calls)

    def fitting(self, caller: Leg, cause: Cause) -> Announcement | None:
        """What the caller hears before it is refused for this; None: nothing."""
        said = caller.said
        listens = caller.session.stage is Stage.RECEIVED and said.has_offer and said.wish_of_audio.takes
        if not listens or cause is SHUTDOWN or self.running >= self._most:
            return None
        for rule in caller.terms.announcements:
            if rule.fits(cause.reply_status, cause.q850, cause.reason):
                return Announcement(announced_by(rule), rule.longest_s)
        return None

    def began(self, call: str) -> None:
        """A call has one."""
        self._calls.add(call)

    def ended(self, call: str) -> None:
        """It is over, if it had one."""
        self._calls.discard(call)
