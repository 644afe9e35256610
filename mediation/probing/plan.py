"""What the operator has asked for: whom to call, and how long it may take."""

from dataclasses import dataclass
from typing import Final

from mediation.settings.places import Listener, Target
from mediation.sip.digest_client import Credentials
from mediation.sip.registration_events import Intent
from mediation_codecs.law import Law

MOST_CALLS: Final = 14
"""Calls of one run, one after the other; no trunk is bothered with more."""
MOST_TARGETS: Final = 4
"""Targets of one run, where nobody says which; each gets calls of its own."""
SIZES: Final = (1000, 1300, 1500, 2000, 4000, 8000)
"""Octets of the OPTIONS that grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """One run."""

    trunk: str
    target: Target
    listener: Listener
    number: str
    """The number that is called, as it stands on the wire."""
    caller: str
    """The user part of From and of P-Asserted-Identity."""
    laws: tuple[Law, ...] = (Law.PCMA, Law.PCMU)
    """Both, the trunk's own choice first."""
    credentials: Credentials | None = None
    registration: Intent | None = None
    """What is registered before the calls; None: nothing."""
    must_register: bool = False
    """Whether there is no use in calls without it."""
    takes_service_route: bool = False
    """Whether calls go by the route that the registrar has named (RFC 3608)."""
    unallocated: str = ""
    """A number that nobody has; empty: not tried."""
    busy: str = ""
    """A number that is busy; empty: not tried."""
    refer_to: str = ""
    """The number that a transfer would go to; empty: not tried."""
    ring_s: float = 30.0
    """How long a call may ring."""
    total_s: float = 300.0
    """How long the whole run may take."""

    @property
    def uri_tail(self) -> str:
        """What follows the number in a URI at this trunk."""
        return f"@{self.target.place}{self.target.parameter}"


def place_of(target: Target) -> str:
    """A target as the file has it, with the address that its name stands for."""
    return f"{target} ({target.socket})" if target.name else str(target)
