"""What a final response of a trunk counts as, and whether it sends the call on (RFC 3261 section 16.7 by analogy)."""

from dataclasses import dataclass

from mediation.settings.responses import ResponseRule
from mediation.settings.trunks import Trunk

_NEVER = frozenset({401, 407, 486, 487})
"""The called party has spoken, or the next target would say the same. Nor does any 6xx."""


@dataclass(frozen=True, slots=True)
class Failover:
    """The rules of one trunk. `cause` is always the Q.850 value of a Reason header (RFC 3326), None without one."""

    codes: frozenset[int]
    """Responses that send the call on."""
    causes: frozenset[int]
    """Q.850 values that do, whatever the response that says them."""
    rules: tuple[ResponseRule, ...] = ()

    @classmethod
    def of(cls, trunk: Trunk) -> "Failover":
        """The rules of this trunk."""
        return cls(frozenset(trunk.failover_codes), frozenset(trunk.failover_causes), trunk.responses)

    def counted(self, status: int, cause: int | None) -> int:
        """The response that it counts as: by the first rule that fits, or as it came. A redirection is left alone."""
        if status < 400:
            return status
        return next((rule.becomes for rule in self.rules if rule.fits(status, cause)), status)

    def sends_on(self, status: int, cause: int | None) -> bool:
        """Whether the next candidate gets the call. `status` is what the response counts as."""
        if status in _NEVER or status < 400 or status >= 600:
            return False
        return status in self.codes or cause in self.causes
