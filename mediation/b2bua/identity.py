"""Who calls, and who answers: what a peer claims, what we believe of it, and what the other side is told.

RFC 3325 and RFC 5876 for P-Asserted-Identity, RFC 3323 for privacy, draft-ietf-sip-privacy-04 for Remote-Party-ID,
which has no RFC and lives on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mediation.b2bua.passage import (
    ANONYMOUS,
    Lines,
    Passage,
    addresses_of,
    at_our_host,
    is_anonymous,
    secrets_of,
    shown_name,
    user_of,
)
from mediation.b2bua.privacy import Privacy
from mediation.b2bua.trail import NO_TRAIL, Trail
from mediation.routing.caller_id import OWN_CALLER_ID
from mediation.routing.numbers import number_of
from mediation.settings.identity import FromPolicy, Identity, SendIdentity
from mediation.settings.patterns import pattern_of
from mediation.settings.screening import Screen
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.message import Request
from mediation.sip.uri import OpaqueUri, SipUri


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a peer says that somebody is, as far as it is believed."""

    asserted: tuple[NameAddress, ...]
    """A SIP address, a telephone number, or both (RFC 3325 section 9.1)."""
    privacy: Privacy
    hidden: bool
    """Whether this party wants to be unknown outside the trust domain, in whatever words it says so."""
    secrets: frozenset[str]
    """What it could be known by, believed or not."""


def claim_of(headers: Headers, identity: Identity, shown: NameAddress | None = None) -> Claim:
    """What the sender of an INVITE says of itself, `shown` being its From, or of a response: who was reached.

    An identity that cannot be read is not there: no call fails by it.
    """
    role = "called" if shown is None else "calling"
    privacy = Privacy.of(headers)
    parties = [
        each
        for each in addresses_of(headers, "Remote-Party-ID")
        if (each.parameters.get("party") or role).lower() == role
    ]
    said = addresses_of(headers, "P-Asserted-Identity")
    preferred = addresses_of(headers, "P-Preferred-Identity")
    named = () if shown is None else (shown,)
    asserted = said or preferred or tuple(parties) if identity.trust else ()
    hidden = (
        privacy.hides_identity
        or (privacy.values != ("none",) and any(is_anonymous(each) for each in named))
        or any(_is_private(each) for each in parties)
    )
    return Claim(_one_of_each(asserted), privacy, hidden, secrets_of((*named, *said, *preferred, *parties)))


def hidden_by_route(claim: Claim, passage: Passage) -> Claim:
    """The claim of a caller whom the route hides: as if he had wished it (RFC 3323 section 4.1)."""
    if not passage.caller_id.hidden:
        return claim
    wishes = tuple(each for each in claim.privacy.values if each not in ("none", "id"))
    return replace(claim, privacy=Privacy(("id", *wishes)), hidden=True)


def hides(claim: Claim, passage: Passage) -> bool:
    """Whether the destination must not learn who this is."""
    return claim.hidden and not passage.destination.identity.reveal


def from_value(request: Request, claim: Claim, passage: Passage, trail: Trail = NO_TRAIL) -> str:
    """What From says to the called side, without a tag."""
    identity = passage.destination.identity
    if passage.caller_id.hidden or hides(claim, passage):
        return ANONYMOUS
    if passage.caller_id.number:
        return _stand_in(passage)
    if identity.from_ is FromPolicy.ANONYMOUS:
        return ANONYMOUS
    address = _named(request, claim, identity)
    if address is None or not (is_anonymous(address) or _may_call(address, passage, trail)):
        return _stand_in(passage)
    return calling_identity(passage.written(address), passage.host)


def is_foreign(request: Request, claim: Claim, passage: Passage, trail: Trail) -> bool:
    """Whether the called side would be shown a number that is none of ours to it."""
    if passage.caller_id != OWN_CALLER_ID or hides(claim, passage):
        return False
    identity = passage.destination.identity
    from_ = None if identity.from_ is FromPolicy.ANONYMOUS else _named(request, claim, identity)
    if from_ is not None and not is_anonymous(from_) and not _is_ours(from_, passage, trail):
        return True
    told = _asserted(claim, identity, trail) if identity.send is not SendIdentity.OFF else ()
    return bool(told) and not any(_is_ours(each, passage, trail) for each in told)


def _named(request: Request, claim: Claim, identity: Identity) -> NameAddress | None:
    """Whom From names; None: the number of the peer's settings, whoever it is."""
    if identity.from_ is FromPolicy.NUMBER:
        return None
    asserted = claim.asserted if identity.from_ is FromPolicy.PAI and not claim.hidden else ()
    return asserted[0] if asserted else request.from_


def _stand_in(passage: Passage) -> str:
    """Who is shown in the caller's place: by the route, or by the peer's settings."""
    number = passage.caller_id.number
    if not number:
        return f"<sip:{passage.destination.identity.number}@{passage.host}>"
    return calling_identity(
        passage.written(NameAddress(None, SipUri("sip", number, passage.host))), passage.host
    )


def calling_identity(address: NameAddress, our_host: str) -> str:
    """A From value for the other side: name and number of the caller, at our own host.

    An anonymous caller stays at anonymous.invalid (RFC 3323 section 4.1.1.3). What is no SIP address and no
    number is nobody's.
    """
    name, uri = shown_name(address), address.uri
    if isinstance(uri, OpaqueUri):
        user, host = (uri.rest.partition(";")[0] if uri.scheme == "tel" else ""), our_host
    else:
        user, host = user_of(uri), uri.host if uri.host.lower().endswith(".invalid") else our_host
    return f"{name}<sip:{user}@{host}>" if user else f"{name}<sip:{host}>"


def identity_lines(
    claim: Claim, passage: Passage, *, party: str = "calling", trail: Trail = NO_TRAIL
) -> Lines:
    """P-Asserted-Identity, Remote-Party-ID and Privacy for the other side; `trail` is who was called before."""
    identity = passage.destination.identity
    told = () if hides(claim, passage) else _asserted(claim, identity, trail)
    printed = _screened(told, trail, passage)
    lines: list[tuple[str, str]] = []
    if identity.send in (SendIdentity.PAI, SendIdentity.BOTH):
        lines += [("P-Asserted-Identity", value) for value in printed]
    if printed and identity.send in (SendIdentity.RPID, SendIdentity.BOTH):
        privacy = "full" if claim.hidden else "off"
        lines.append(("Remote-Party-ID", f"{printed[0]};party={party};screen=yes;privacy={privacy}"))
    # deviates: RFC 3323 section 5 removes the wishes that were fulfilled; an ITSP hides the number from the called
    # party only while it is asked to, so the wish goes on whole
    wish = str(claim.privacy) or ("id" if claim.hidden and lines else "")
    return (*lines, ("Privacy", wish)) if wish else tuple(lines)


def _asserted(claim: Claim, identity: Identity, trail: Trail) -> tuple[NameAddress, ...]:
    if not trail.is_forward:
        return claim.asserted
    kept = identity.forwards_anonymous_pai if claim.hidden else identity.forwards_peer_pai
    return claim.asserted if kept else trail.forwarder


def _screened(told: tuple[NameAddress, ...], trail: Trail, passage: Passage) -> list[str]:
    """The addresses as they are written; where none of them may call, the number that stands in for them."""
    may = [each for each in told if _may_call(each, passage, trail)]
    if told and not may:
        return [_stand_in(passage)]
    # a tel: whose number the peer writes without a plus is a SIP address there, and one of these is enough
    written = _one_of_each(tuple(map(passage.written, may)))
    return [line for each in written if (line := _printed(each, passage.host)) is not None]


def _may_call(address: NameAddress, passage: Passage, trail: Trail) -> bool:
    """Whether a number is shown as it is: one of ours, or where there is none to stand in, as in calls for help."""
    has_other = passage.caller_id.number or passage.destination.identity.number
    return not has_other or _is_ours(address, passage, trail)


def _is_ours(address: NameAddress, passage: Passage, trail: Trail) -> bool:
    """Whether a number is one of ours, or that of a forwarded call whose caller is to be shown."""
    peer, identity = passage.destination, passage.destination.identity
    if not identity.own_numbers or peer.screening.foreign_out is Screen.PASS:
        return True
    if trail.is_forward and identity.forwards_peer_pai:
        return True
    return pattern_of(identity.own_numbers).matches(number_of(address.uri))


def _one_of_each(addresses: tuple[NameAddress, ...]) -> tuple[NameAddress, ...]:
    """The first SIP address and the first number; all else is to be ignored (RFC 5876 section 4.5)."""
    return tuple(_first_of_each(addresses))


def _first_of_each(addresses: tuple[NameAddress, ...]) -> Iterator[NameAddress]:
    seen: set[str] = set()
    for address in addresses:
        kind = "sip" if isinstance(address.uri, SipUri) else address.uri.scheme
        if kind in ("sip", "tel") and kind not in seen and not is_anonymous(address):
            seen.add(kind)
            yield NameAddress(address.display_name, address.uri)


def _is_private(address: NameAddress) -> bool:
    """Whether a Remote-Party-ID asks to be hidden (draft-ietf-sip-privacy-04 section 4)."""
    wishes = (address.parameters.get("privacy") or "off").strip('"').lower()
    return not {"full", "uri", "name"}.isdisjoint(wishes.split("-"))


def _printed(address: NameAddress, host: str) -> str | None:
    uri = at_our_host(address.uri, host)
    return None if uri is None else f"{shown_name(address)}<{uri}>"
