"""What a transferor is told of its transfer: NOTIFY within the dialog of its REFER (RFC 3515 section 2.4, RFC 6665)."""

from mediation.b2bua.content import Content
from mediation.b2bua.events import Referred
from mediation.b2bua.leg import Leg
from mediation.sip.refer_reports import SIPFRAG_TYPE, StatusFragment, SubscriptionState, refer_event

EXPIRES_S = 300
"""How long a subscription lasts that a REFER begins: longer than anybody lets a phone ring."""


class Reports:
    """One REFER's. Without a wish for them, and when the transferor has gone, nothing is said."""

    def __init__(self, leg: Leg, referred: Referred) -> None:
        self.leg = leg
        self._event = refer_event(referred.sequence, first=leg.questions.referrals == 0)
        self._wanted = referred.wants_reports
        self._told = 0
        leg.questions.referrals += 1

    def tell(self, status: int, now: float) -> None:
        """How it goes: the status of the call that was asked for; the final one ends the subscription."""
        if not self._wanted or not self.leg.is_up or status == self._told:
            return
        self._told = status
        fragment = StatusFragment(status)
        state = SubscriptionState("active", expires_s=EXPIRES_S)
        if fragment.is_final:
            self._wanted = False
            state = SubscriptionState("terminated", reason="noresource")
        content = Content((("Content-Type", SIPFRAG_TYPE),), bytes(fragment))
        headers = (("Event", str(self._event)), ("Subscription-State", str(state)))
        self.leg.questions.ask("NOTIFY", content, now, headers)
