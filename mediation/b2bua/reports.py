"""What a transferor is told of its transfer: NOTIFY within the dialog of its REFER (RFC 3515 section 2.4, RFC 6665)."""

from mediation.b2bua.content import Content
from mediation.b2bua.events import Referred
from mediation.b2bua.leg import Leg
from mediation.sip.refer_reports import (
    EXPIRES_S,
    SIPFRAG_TYPE,
    EventType,
    StatusFragment,
    SubscriptionState,
    refer_event,
)

EXPIRED = "EXPIRED"


class Reports:
    """One REFER's. Without a wish for them, and when the transferor has gone, nothing is said.

    They are a subscription, which its REFER has begun: it can be renewed and ended by SUBSCRIBE (`questions`), and runs
    out by itself.
    """

    def __init__(self, leg: Leg, referred: Referred, now: float) -> None:
        self.leg = leg
        self.user = leg
        self._event = refer_event(referred.sequence, first=leg.questions.referrals == 0)
        self._names = (self._event, EventType(self._event.package, str(referred.sequence)))
        self._wanted = referred.wants_reports
        self._told = 0
        self._ends = now
        leg.questions.referrals += 1
        if self._wanted:
            leg.questions.subscriptions.append(self)
            self._run(EXPIRES_S, now)

    def tell(self, status: int, now: float) -> None:
        """How it goes: the status of the call that was asked for; the final one ends the subscription."""
        if not self._wanted or not self.leg.is_up or status == self._told:
            return
        self._told = status
        if StatusFragment(status).is_final:
            self._end("noresource", now)
        else:
            self._notify(now)

    # what the subscriber wants (mediation.b2bua.questions.Subscription)

    def is_called(self, event: EventType) -> bool:
        """Whether an Event names it; that of a dialog's first REFER need not have an id (RFC 3515 section 2.4.6)."""
        return event in self._names

    def renew(self, expires_s: int, now: float) -> None:
        """Go on for so long, and say how it stands (RFC 6665 section 4.2.1.4); 0: this is the last report."""
        if not expires_s:
            self._end("timeout", now)
        elif self._wanted:
            self._run(expires_s, now)
            self._notify(now)

    def forget(self) -> None:
        """The dialog is over, and what ran in it."""
        self._wanted = False
        self.leg.deadlines.stop((self, EXPIRED))

    def timer_fired(self, name: str, now: float) -> None:
        """Nobody has renewed it."""
        del name
        self._end("timeout", now)

    def _run(self, expires_s: int, now: float) -> None:
        self._ends = now + expires_s
        self.leg.deadlines.start((self, EXPIRED), self._ends)

    def _end(self, reason: str, now: float) -> None:
        if self._wanted:
            self.forget()
            self.leg.questions.subscriptions.remove(self)
            self._send(SubscriptionState("terminated", reason=reason), now)

    def _notify(self, now: float) -> None:
        self._send(SubscriptionState("active", expires_s=max(0, round(self._ends - now))), now)

    def _send(self, state: SubscriptionState, now: float) -> None:
        if self.leg.is_up:
            content = Content((("Content-Type", SIPFRAG_TYPE),), bytes(StatusFragment(self._told or 100)))
            headers = (("Event", str(self._event)), ("Subscription-State", str(state)))
            self.leg.questions.ask("NOTIFY", content, now, headers)
