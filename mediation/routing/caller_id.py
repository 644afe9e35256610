"""What a route shows of the caller."""

from dataclasses import dataclass
from typing import Final, Self

from mediation.settings.routes import Route


@dataclass(frozen=True, slots=True)
class CallerId:
    """Whom the called party is to see."""

    number: str = ""
    """In place of the caller's, as we write it; empty: the caller's own."""
    hidden: bool = False
    """Nobody."""

    @classmethod
    def of(cls, route: Route) -> Self:
        """As a route says."""
        return cls(route.caller_number, route.hide_caller)


OWN_CALLER_ID: Final = CallerId()
"""The caller's own."""
