"""Callers who are not to be shown: which calls a trunk's screening refuses, and who is nobody by it.

RFC 5079 for 433. Whoever may be in need is never refused: a call for help, and the call back of those who help, who
often show no number (RFC 7090).
"""

from dataclasses import dataclass, replace

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.identity import Claim, claim_of, is_foreign
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.numbering import unnamed
from mediation.b2bua.passage import Passage, is_anonymous
from mediation.b2bua.trail import Trail
from mediation.routing.caller_id import OWN_CALLER_ID, CallerId
from mediation.routing.numbers import is_e164, number_of
from mediation.routing.routes import Candidate
from mediation.routing.terms import Terms
from mediation.settings.patterns import pattern_of
from mediation.settings.screening import USUAL_SCREENING, Anonymous, Screen
from mediation.sip.headers import NameAddress
from mediation.sip.message import Request

_CALL_BACK = "psap-callback"
"""RFC 7090 section 5: the Priority of who answers calls for help, and calls somebody back."""

_SEVERITY = (Screen.PASS, Screen.REPLACE, Screen.REFUSE)


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is left of a call for its caller."""

    invitation: Invitation
    """With nobody in the caller's place where his number must not be shown."""
    candidates: tuple[Candidate, ...]
    """The targets that he may call."""
    refusal: Cause | None
    """Why he may call nobody; None: he may, or there is nobody to be called."""


def welcome(invitation: Invitation, found: tuple[Candidate, ...]) -> Welcome:
    """Ask whoever sends a call, and whoever would get it, about its caller; `found` is where it leads."""
    if any(each.urgent for each in found):
        return Welcome(invitation, found, None)
    request, source = invitation.request, invitation.source
    if source.screening != USUAL_SCREENING:
        offence = _offence(source, request.from_, claim_of(request.headers, source.identity, request.from_))
        if offence is not None and offence[0] is Screen.REFUSE and not _is_call_back(request, source):
            return Welcome(invitation, found, offence[1])
        if offence is not None and offence[0] is Screen.REPLACE:
            made = unnamed(request)
            invitation = replace(invitation, request=made.request, secrets=invitation.secrets | made.secrets)
    refusals = [refusal_out(invitation, each) for each in found]
    takers = tuple(each for each, refusal in zip(found, refusals, strict=True) if refusal is None)
    return Welcome(invitation, takers, None if takers or not found else refusals[0])


def withholds(terms: Terms, caller: NameAddress, claim: Claim) -> bool:
    """Whether nobody is to hear who a peer says that it is; `caller` is its From, with the number as we write it."""
    offence = _offence(terms, caller, claim)
    return offence is not None and offence[0] is not Screen.PASS


def refusal_out(invitation: Invitation, candidate: Candidate) -> Cause | None:
    """Why a target is not called for this caller; None: it is."""
    return None if candidate.urgent else refusal_by(candidate.terms, invitation, candidate.caller_id)


def refusal_by(terms: Terms, invitation: Invitation, caller_id: CallerId = OWN_CALLER_ID) -> Cause | None:
    """Why a peer with these terms is not called for this caller, unless for help; None: it is."""
    screening = terms.screening
    if screening == USUAL_SCREENING:
        return None
    request, source = invitation.request, invitation.source
    claim = claim_of(request.headers, source.identity, request.from_)
    if screening.anonymous_out is Anonymous.REFUSE and _is_nobody(request.from_, claim):
        return causes.ANONYMITY_DISALLOWED
    passage = Passage(source, terms, "localhost", caller_id)
    trail = Trail.of(request.headers, source.identity)
    foreign = screening.foreign_out is Screen.REFUSE and is_foreign(request, claim, passage, trail)
    return causes.CALLER_NOT_OURS if foreign else None


def _offence(terms: Terms, caller: NameAddress, claim: Claim) -> tuple[Screen, Cause] | None:
    """What a caller does that must not be, and what is to be done about it; the worst first."""
    screening = terms.screening
    if screening == USUAL_SCREENING:
        return None
    numbers = [number_of(each.uri) for each in (caller, *claim.asserted) if not is_anonymous(each)]
    found: list[tuple[Screen, Cause]] = []
    if screening.forbidden and any(map(pattern_of(screening.forbidden).matches, numbers)):
        found.append((screening.forbidden_in, causes.CALLER_FORBIDDEN))
    if not all(map(is_e164, filter(None, numbers))):
        found.append((screening.malformed_in, causes.CALLER_MALFORMED))
    if screening.anonymous_in is Anonymous.REFUSE and _is_nobody(caller, claim):
        found.append((Screen.REFUSE, causes.ANONYMITY_DISALLOWED))
    return max(found, key=lambda each: _SEVERITY.index(each[0]), default=None)


def _is_nobody(caller: NameAddress, claim: Claim) -> bool:
    """Whether the caller wants to be hidden, or neither says who he is nor is known otherwise."""
    has_no_name = is_anonymous(caller) or not number_of(caller.uri)
    return claim.hidden or (has_no_name and not claim.asserted)


def _is_call_back(request: Request, terms: Terms) -> bool:
    """Whether it is the call back of those who help, by the word of somebody who is believed."""
    return terms.identity.trust and (request.headers.get("Priority") or "").strip(" \t").lower() == _CALL_BACK
