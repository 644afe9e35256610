"""When a policy is asked about a new call."""

from enum import StrEnum

from mediation.settings.peers import Side
from mediation.settings.policy import Asks, PolicyHook


class Asked(StrEnum):
    """Whether it is, or why not."""

    YES = "asked"
    OFF = "there is no policy"
    OTHER_WAY = "it is not asked about calls from this side"
    URGENT = "it is never asked about calls for help"


_ASKED_FROM = {Side.FRONT_END: Asks.FRONT_ENDS, Side.GATEWAY: Asks.TRUNKS}


def asked_about(rules: PolicyHook, side: Side, *, urgent: bool) -> Asked:
    """Whether a call from this side is put to the policy."""
    if not rules.is_on:
        return Asked.OFF
    if rules.ask not in (Asks.BOTH, _ASKED_FROM[side]):
        return Asked.OTHER_WAY
    return Asked.URGENT if urgent else Asked.YES
