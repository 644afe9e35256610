"""From the INVITE of a call to somebody who answers: what is decided, whom we ask about it, whom it seeks.

What its caller hears of the search comes from here, too; what it hears when nobody answers is in `refusing`.
"""

from collections.abc import Callable

from mediation.b2bua import causes
from mediation.b2bua.call_table import Cue
from mediation.b2bua.causes import Cause
from mediation.b2bua.deciding import Decision
from mediation.b2bua.events import Answered, HungUp, LegEvent, Progress, Refused
from mediation.b2bua.hunt import Failed, Hunt
from mediation.b2bua.leg import Leg
from mediation.b2bua.principal import Principal
from mediation.b2bua.refusing import Refusing
from mediation.b2bua.rulings import Petition
from mediation.routing.room import Way

_LIMIT = "SETUP_LIMIT"


class Setup:
    """Of one call."""

    def __init__(self, call: Principal, decision: Decision, refusing: Refusing) -> None:
        self._refusing = refusing
        self._petition: Petition | None = None
        self._hunt: Hunt | None = None
        self._deadlines = call.exchange.agent.deadlines
        self.user = call
        self.decision = decision
        """What is made of the INVITE; a policy may change it before anybody is called."""

    def begin(self, obstacle: Callable[[], Cause | None], petition: Petition | None, now: float) -> None:
        """Wait for what the `petition` brings, then ask for media; unless the offer stands in the way, or what
        `obstacle` finds.
        """
        call, caller, trunk = self.user, self.user.seats.caller, self.decision.source.trunk
        caller.scribe.place.is_urgent = self.decision.is_urgent
        unfit = caller.answers.judge()
        name = str(caller.side) if trunk is None else trunk.name
        call.fact("call.started", source=name, transport=str(caller.flow.transport))
        if unfit is not None:
            call.cue(Cue.BARRED, now, unfit)
            return
        if (found := obstacle()) is not None:
            self._refuse(found, now)
            return
        if trunk is not None:
            call.occupancy.take(call.exchange.trunks[trunk.name].room, Way.IN, now)
        self._deadlines.start((self, _LIMIT), now + call.exchange.settings.sip.setup_limit_s)
        self._petition = petition
        call.cue(Cue.ADMITTED if petition is None else Cue.ASK, now)

    def timer_fired(self, name: str, now: float) -> None:
        """It has taken too long."""
        del name
        self.user.cue(Cue.SETUP_LIMIT, now, causes.SETUP_TOO_LONG)

    # what a policy has brought

    def admitted(self, decision: Decision, tag: str, now: float) -> None:
        """The call goes on, as is decided now."""
        self.decision, self.user.ledger.tag = decision, tag
        self.user.cue(Cue.ADMITTED, now)

    def barred(self, cause: Cause, tag: str, now: float) -> None:
        """It does not."""
        self.user.ledger.tag = tag
        self._refuse(cause, now)

    def _refuse(self, cause: Cause, now: float) -> None:
        self._refusing.refuse(cause, now, spared=self.decision.seeks_help)

    # what the search brings

    @property
    def leg(self) -> Leg | None:
        """The attempt that counts, if anybody was called."""
        return None if self._hunt is None else self._hunt.leg

    @property
    def party(self) -> str:
        """Who of the called side spoke last, where the call has forked."""
        return "" if self._hunt is None else self._hunt.party

    def attempt_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """The attempt that counts has something to say."""
        seats = self.user.seats
        if seats.callee is None:
            seats.call(leg, now)
        if self._hunt is not None and isinstance(event, Progress | Answered | Refused | HungUp):
            self._hunt.leg_event(event, now)
        elif seats.callee is None:
            self.user.hear(leg, event, now)
        # else it had the seat, or was to have it, before somebody else took it: nothing of it crosses

    def hunt_event(self, event: Progress | Answered | Failed, now: float) -> None:
        """The search has come to something."""
        match event:
            case Progress():
                self.user.cue(Cue.PROGRESS, now, event)
            case Answered():
                self.user.cue(Cue.ANSWERED, now, event)
            case Failed():
                self._refusing.failed(event, now, spared=self.decision.seeks_help)

    # what the call asks for

    def ask_policy(self, now: float) -> None:
        """Let the policy decide."""
        if self._petition is not None:
            self._petition.begin(self, self.user, now)

    def stop_asking(self) -> None:
        """Nobody waits for what it says."""
        if self._petition is not None:
            self._petition.abandon()

    def open_media(self, now: float) -> None:
        """Bind ports for the caller and for whoever is called first."""
        call, decision = self.user, self.decision
        for line in decision.lines:
            call.occupancy.take(line, decision.line_way, now)
        caller, first = call.seats.caller, decision.candidates[0]
        hosts = (caller.flow.local[0], first.listener.host)
        call.media.open(caller.side, first.terms.side, hosts)

    def seek(self, now: float) -> None:
        """Search for somebody who answers."""
        call, decision = self.user, self.decision
        self._hunt = Hunt(self, call, decision.invitation, decision.candidates)
        self._hunt.begin(call.media.callee_local, call.seats.offer_to, now)

    def stop_seeking(self, cause: Cause, now: float) -> None:
        """Call nobody any more."""
        if self._hunt is not None:
            self._hunt.stop(cause, now)

    def ring(self, progress: Progress, now: float) -> None:
        """Let the caller hear how far the search has come."""
        if self.leg is not None:
            self.user.seats.ring(self.leg, progress, now)

    def ring_aloud(self, now: float) -> None:
        """Let it hear that it rings, for the called party's media does not."""
        if self.leg is not None:
            told = self.user.ledger.ringing is not None
            self.user.seats.ring_aloud(self.leg, self.party, now, told=told)

    def sit(self, now: float) -> None:
        """Let whoever has answered sit, unless somebody else has taken the seat."""
        if self.user.seats.callee is None and self.leg is not None:
            self.user.seats.sit(self.leg, now)
            self.user.ledger.first.append(self.leg)

    def stop_limit(self) -> None:
        """It is over, one way or the other."""
        self._deadlines.stop((self, _LIMIT))

    def forget(self) -> None:
        """The call is over."""
        self.stop_limit()
        self.stop_asking()
        if self._hunt is not None:
            self._hunt.forget()
