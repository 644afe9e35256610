"""What one call has to do with media bypass: whether its audio may go past us, since when it does, what follows."""

from mediation.b2bua import causes
from mediation.b2bua.bypass import Bypass, standing
from mediation.b2bua.call_table import Cue
from mediation.b2bua.leg import Leg
from mediation.b2bua.principal import Principal
from mediation.b2bua.recording import CallRecorder
from mediation.routing.bypass import Obstacle, Standing, at_first
from mediation.routing.routes import Candidate


class Passing:
    """Of one call."""

    def __init__(self, call: Principal, recording: CallRecorder) -> None:
        self._policy = call.exchange.bypass
        self._recording = recording
        self.user = call

    def between(self, one: Leg, other: Leg) -> Bypass:
        """The way of the audio of two legs."""
        return Bypass(one, other, self._obstacle, self._policy.mid_call)

    def may(self, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, as far as that is known before it is called.

        Whoever is called later, by a transfer, is heard by us at first.
        """
        caller, ledger = self.user.seats.caller, self.user.ledger
        described, answered = caller.said.described, ledger.answered
        if not self._policy.is_on or described is None or answered is not None or at_first(caller.terms):
            return False
        called = Standing(candidate.terms, candidate.trunk, candidate.target.host, ledger.called)
        return self._obstacle_between(standing(caller, ""), called) is None

    def note(self, now: float) -> None:
        """See whether audio has left us, or come back, since this was asked last."""
        call = self.user
        direct = call.is_up and call.seats.is_direct
        if not self._policy.is_on or not call.ledger.passes(direct, now):
            return
        call.occupancy.pass_by(direct=direct)
        if direct:
            call.exchange.bypassed.add(call.id)
            call.fact("media.bypassed")
            return
        call.exchange.bypassed.discard(call.id)
        if call.is_up:
            call.fact("media.anchored", why=call.seats.obstacle)
            if not call.media.is_open:
                call.cue(Cue.STOP, now, causes.MEDIA_LOST)

    def forget(self) -> None:
        """The call is over."""
        self.user.exchange.bypassed.discard(self.user.id)

    def _obstacle(self, one: Leg, other: Leg) -> Obstacle | None:
        """Why the audio of two legs may not go past us, by what is set."""
        if not self._policy.is_on:
            return Obstacle.OFF
        called = self.user.ledger.called
        return self._obstacle_between(standing(one, called), standing(other, called))

    def _obstacle_between(self, one: Standing, other: Standing) -> Obstacle | None:
        if (found := self._policy.obstacle(one, other)) is not None:
            return found
        trunks = (self.user.seats.caller.trunk, other.trunk)
        return Obstacle.RECORDED if self._recording.concerns(self.user.source, trunks) else None
