"""How a caller is refused whom nobody answers: what it hears before that, and what it is told.

It hears an announcement as early media, where one is set for the cause (RFC 3960 section 4), and is refused when that
is over. It is told whom to call instead, where the called side has named somebody whom it may know of.
"""

from mediation.b2bua.call_table import Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.hunt import Failed
from mediation.b2bua.principal import Principal

_LIMIT = "ANNOUNCEMENT"


class Refusing:
    """Of one call."""

    def __init__(self, call: Principal) -> None:
        self._redirection: Failed | None = None
        """The last word of a called side that has named others to call."""
        self._deadlines = call.exchange.agent.deadlines
        self.user = call

    def refuse(self, cause: Cause, now: float, *, by: str = "server", spared: bool = False) -> None:
        """Nobody will answer. The caller may hear why before it is told, unless it is `spared` that."""
        call, announcer = self.user, self.user.exchange.announcer
        early = call.phase is Phase.JUDGING
        spared = spared or self._redirection is not None or call.seats.hears_the_callee
        announcement = None if spared else announcer.fitting(call.seats.caller, cause)
        if announcement is None:
            call.cue(Cue.BARRED if early else Cue.FAILED, now, cause, by)
            return
        announcer.began(call.id)
        call.ledger.announce(announcement, cause, by)
        call.occupancy.give_all_back()
        call.fact("call.announced", sound=announcement.sound.name, status=cause.status, reason=cause.reason)
        call.cue(Cue.BARRED_ALOUD if early else Cue.FAILED_ALOUD, now, cause)

    def failed(self, failed: Failed, now: float, *, spared: bool) -> None:
        """The same, after somebody was called."""
        self._redirection = failed if failed.redirected_to else None
        self.user.seats.note_last_word(failed.parts, failed.terms)
        self.refuse(failed.cause, now, by=failed.by, spared=spared)

    # what the call asks for

    def open_booth(self) -> None:
        """Bind ports for what the caller is to hear. Nobody is across: the other pair is bound in vain."""
        caller = self.user.seats.caller
        self.user.media.open(caller.side, caller.side, (caller.flow.local[0],) * 2)

    def start_limit(self, now: float) -> None:
        """Nothing is heard for longer than that."""
        if (announcement := self.user.ledger.announcement) is not None:
            self._deadlines.start((self, _LIMIT), now + announcement.longest_s)

    def announce(self, party: str, now: float) -> None:
        """Let the caller hear why it is refused, in the early dialog of `party`."""
        if (announcement := self.user.ledger.announcement) is not None:
            self.user.seats.announce(announcement.sound, party, now)

    def said(self, now: float, *, cut: bool = False) -> None:
        """The caller has heard what it was to hear, or as much of it as it may take."""
        self.user.ledger.said(cut=cut)
        self.user.cue(Cue.SAID, now, self.user.ledger.cause)

    def timer_fired(self, name: str, now: float) -> None:
        """That was long enough."""
        del name
        self.said(now, cut=True)

    def drop_caller(self, now: float) -> None:
        """End the caller's leg: by the status of the call's cause before the answer, by BYE after it."""
        seats, redirection = self.user.seats, self._redirection
        if redirection is not None:
            seats.caller.answers.redirect(redirection.cause, redirection.redirected_to, now)
        else:
            seats.dismiss(seats.caller, self.user.ledger.cause, now)

    def stop_limit(self) -> None:
        """It is said, or nobody listens any more."""
        self._deadlines.stop((self, _LIMIT))

    def forget(self) -> None:
        """The call is over."""
        self.stop_limit()
        self.user.exchange.announcer.ended(self.user.id)
