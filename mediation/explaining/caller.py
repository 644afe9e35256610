"""What a trunk's screening and identity make of a caller: who is shown, or why nobody is called for him."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mediation.b2bua.callers import refusal_by, welcome
from mediation.b2bua.causes import Cause
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.numbering import inside
from mediation.b2bua.passage import ANONYMOUS, Passage
from mediation.b2bua.policy import invited
from mediation.routing.numbers import number_of
from mediation.routing.terms import Terms
from mediation.settings.identity import HeaderDirection
from mediation.settings.model import Settings
from mediation.settings.trunks import Trunk
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.message import Request

PEER = "peer.example"
"""Host of the caller and of the called one as the caller would write them; it never crosses."""


@dataclass(frozen=True, slots=True)
class CallerOutcome:
    """One caller, as the other side of us would see him."""

    shown: str
    """User of From; `anonymous` where nobody is shown."""
    refusal: Cause | None
    """Why the call is refused, unless it is one for help; None: it is not."""


def asked_by(calling: str, called: str, terms: Terms) -> Invitation:
    """The call of somebody who asserts his number, as front ends do; numbers are written as his side does."""
    who = f"<sip:{calling}@{PEER};user=phone>" if calling else ANONYMOUS
    told = (("From", f"{who};tag=1"), *((("P-Asserted-Identity", who),) if calling else ()))
    ours = inside(Request("INVITE", f"sip:{called}@{PEER};user=phone", Headers(told)), terms)
    return Invitation(ours.request, terms, secrets=ours.secrets)


def explain_caller(
    settings: Settings, trunk: Trunk, number: str, direction: HeaderDirection
) -> CallerOutcome:
    """Ask about a caller to a trunk, or from it; `number` must be the user of a URI."""
    outside, front_ends = Terms.of(trunk), Terms.of(settings.internal)
    if direction is HeaderDirection.FROM_PEER:
        welcomed = welcome(asked_by(number, "0", outside), ())
        return CallerOutcome(number_of(welcomed.invitation.request.from_.uri), welcomed.refusal)
    asked = asked_by(number, "0", front_ends)
    from_, _ = invited(asked.request, Passage(front_ends, outside, PEER), asked.secrets)
    return CallerOutcome(number_of(NameAddress.parse(from_).uri), refusal_by(outside, asked))


def caller_lines(outcome: CallerOutcome, number: str) -> Iterator[str]:
    """For people; nothing where From shows the number that the rules have made."""
    if outcome.refusal is None and outcome.shown != number:
        yield f"From shows {outcome.shown} in its place"
    elif outcome.refusal is not None:
        yield f"the caller is refused, unless he calls for help: {outcome.refusal.status}, {outcome.refusal.reason}"


def caller_mapping(outcome: CallerOutcome) -> Mapping[str, object]:
    """For a machine to read."""
    refusal = outcome.refusal
    return {"shown": outcome.shown, "refused": None if refusal is None else cause_mapping(refusal)}


def cause_mapping(cause: Cause) -> Mapping[str, object]:
    """How a call that is refused would end."""
    return {"status": cause.status, "reason": cause.reason}
