"""What crosses from one dialog to the other, as data. Everything else stays on its side.

The other leg's messages are built, never copied: a header crosses because a row here names it, with its reason, or
because the operator has said so. Who calls and who was called before is no row: see `identity` and `trail`.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from mediation.b2bua.callers import withholds
from mediation.b2bua.identity import Claim, claim_of, from_value, hidden_by_route, hides, identity_lines
from mediation.b2bua.numbering import inside_headers, secrets_in
from mediation.b2bua.passage import Lines, Passage, is_anonymous, is_clean, mentions, subscriber_of, user_of
from mediation.b2bua.trail import Trail, Veil, trail_lines
from mediation.routing.translation import AS_IT_IS, NumberPlan, translated
from mediation.settings.identity import HeaderAction, HeaderDirection, HeaderRule
from mediation.settings.peers import Side
from mediation.sip.headers import Headers, NameAddress, header_key
from mediation.sip.message import Request
from mediation.sip.uri import SipUri

ACCEPT = "application/sdp, multipart/mixed, multipart/alternative, multipart/related"
"""The bodies that we take of anybody (RFC 3261 section 20.1); `parts` knows more."""


class To(Enum):
    """The directions in which a header may cross."""

    BOTH = auto()
    FRONT_END = auto()
    GATEWAY = auto()


class On(Enum):
    """The messages on which it may."""

    INVITE = auto()
    RINGING = auto()
    """180."""
    PROGRESS = auto()
    """The other provisional responses."""
    ANSWER = auto()
    """2xx."""
    FAILURE = auto()
    """3xx to 6xx."""


_ASKED: Final = frozenset({On.INVITE})
_REACHED: Final = frozenset({On.RINGING, On.PROGRESS, On.ANSWER})
_ANY: Final = frozenset(On)


@dataclass(frozen=True, slots=True)
class Row:
    """Where and when a header crosses, octet for octet."""

    to: To
    on: frozenset[On]
    reason: str
    within_trust: bool = False
    """Only between peers of our trust domain."""
    about_caller: bool = False
    """It may tell who somebody is, and stays behind when that must not be told."""
    shape: re.Pattern[str] | None = None
    """What the value must look like to cross, where it can hold one thing only."""


_SESSION_ID: Final = re.compile(r"[0-9a-f]{32}(?:[ \t]*;[ \t]*remote=[0-9a-f]{32})?")
_NOBODY: Final = "0" * 32
"""A party that is not known, or has no name (RFC 7989 section 5)."""
_CALL_INFO: Final = re.compile(r"<https?://[^<>]*>[^<]*", re.IGNORECASE)
"""A page, a picture, a card. What vendors say of shared lines and devices names hosts, and means them alone."""
_EARLY_MEDIA: Final = re.compile(r"[a-z, \t-]{1,80}")

CROSSES: dict[str, Row] = {
    "Subject": Row(To.BOTH, _ASKED, "for people, RFC 3261 section 20.36", about_caller=True),
    "Priority": Row(To.BOTH, _ASKED, "an emergency must stay one, RFC 3261 section 20.26"),
    "Resource-Priority": Row(To.BOTH, _ASKED, "and be carried before others, RFC 4412 section 3.1"),
    "User-to-User": Row(To.BOTH, _ANY, "belongs to the two parties, RFC 7433 section 4"),
    "Session-ID": Row(
        To.BOTH, _ANY, "names the call from end to end and nobody in it, RFC 7989 section 5", shape=_SESSION_ID
    ),
    "Identity": Row(
        To.BOTH, _ASKED, "signed, so it is worth something whole or not at all, RFC 8224 section 4",
        about_caller=True,
    ),
    "Call-Info": Row(
        To.FRONT_END, _ASKED, "what the ITSP knows of the caller, RFC 3261 section 20.9; ours names hosts of ours",
        about_caller=True, shape=_CALL_INFO,
    ),
    "Alert-Info": Row(To.FRONT_END, _ASKED | {On.RINGING}, "how a phone should ring, RFC 3261 section 20.4"),
    "P-Early-Media": Row(
        To.BOTH, _ASKED | _REACHED, "who may be heard before the answer, RFC 5009 section 8",
        within_trust=True, shape=_EARLY_MEDIA,
    ),
    "P-Charging-Vector": Row(
        To.BOTH, _ASKED | _REACHED, "joins the call records of one trust domain, RFC 7315 section 4.6",
        within_trust=True, about_caller=True,
    ),
}  # fmt: skip
"""Headers that cross by themselves."""

STAYS: dict[str, str] = {
    "Geolocation": "names a server of ours, or a part of the body; `parts` writes it where that crosses (RFC 6442)",
    "Accept-Contact": "may hold the id of a device (RFC 3841 section 9.2, RFC 5626)",
    "Date": "our clock is nobody's business; a rule can pass it for an Identity in compact form (RFC 8224)",
    "Organization": "names the other side",
    "Reply-To": "is an address on the other side",
    "Error-Info": "names hosts of the other side",
    "P-Access-Network-Info": "says where a phone is (RFC 7315 section 4.4)",
    "P-Charging-Function-Addresses": "is for one network only (RFC 7315 section 4.5)",
}
"""Headers that one might miss above, and why they stay on their side unless a rule passes them."""


def invited(request: Request, passage: Passage, secrets: frozenset[str] = frozenset()) -> tuple[str, Lines]:
    """From, without a tag, and the further headers of the INVITE that `request` becomes on the other side.

    The numbers in it are ours (see `numbering.inside`); `secrets` is by what the caller could be known beside them.
    """
    claim = hidden_by_route(claim_of(request.headers, passage.source.identity, request.from_), passage)
    claim = replace(claim, secrets=claim.secrets | secrets)
    trail = Trail.of(request.headers, passage.source.identity)
    hidden = hides(claim, passage)
    outside = not passage.destination.identity.reveal
    veil = Veil(
        everybody=outside and claim.privacy.hides_history,
        private=outside,
        secrets=claim.secrets if hidden else frozenset(),
    )
    target = called_uri(request, passage.host)
    lines = (
        *identity_lines(claim, passage, trail=trail),
        *trail_lines(trail, passage, target, veil),
        *_by_table(request.headers, passage, On.INVITE, claim),
    )
    return from_value(request, claim, passage, trail), _clean(lines)


def crossing_response(status: int, headers: Headers, passage: Passage) -> Lines:
    """Of the headers of a response, those that may stand in the one that it becomes on the other side.

    Warning never does, for it names hosts; Retry-After and Reason are of our own making.
    """
    inside = inside_headers(headers, passage.source)
    claim = claim_of(inside, passage.source.identity)
    claim = replace(claim, secrets=claim.secrets | secrets_in(headers, passage.source))
    on = _occasion(status)
    lines = identity_lines(claim, passage, party="called") if on in _REACHED else ()
    return _clean((*lines, *_by_table(headers, passage, on, claim)))


def introduction_lines(headers: Headers, passage: Passage, caller: NameAddress | None) -> Lines:
    """Who a party is that has come into a call, by what it said when it called or answered; `caller` is its From.

    Nothing where nothing is asserted, or may be.
    """
    numbers = passage.source.numbers
    if caller is not None and not is_anonymous(caller):
        caller = replace(caller, uri=translated(caller.uri, numbers.calling_in))
    claim = claim_of(inside_headers(headers, passage.source), passage.source.identity, caller)
    if caller is not None and withholds(passage.source, caller, claim):
        return ()
    claim = hidden_by_route(claim, passage)
    lines = identity_lines(claim, passage, party="called" if caller is None else "calling")
    return _clean(lines) if any(name != "Privacy" for name, _ in lines) else ()


def session_lines(speaker: Headers, listener: Headers, passage: Passage) -> Lines:
    """The Session-ID of what is said within a call: who speaks, and to whom, by what each has called itself.

    Nothing where the speaker has no name. Rules count as for INVITE.
    """
    ours, theirs = _session_name(speaker), _session_name(listener)
    told = (f"{ours};remote={theirs or _NOBODY}",) if ours else ()
    for rule in _rules(passage):
        if header_key(rule.name) == "session-id" and rule.action is not HeaderAction.PASS:
            told = (rule.value,) if rule.action is HeaderAction.SET else ()
    return tuple(("Session-ID", value) for value in told)


def _session_name(headers: Headers) -> str:
    """The half of a Session-ID that its sender is called by; none where it does not look like one."""
    value = headers.get("Session-ID") or ""
    name = value.partition(";")[0].strip(" \t")
    return "" if _SESSION_ID.fullmatch(value) is None or name == _NOBODY else name


def called_uri(request: Request, host: str, parameters: str = "", numbers: NumberPlan = AS_IT_IS) -> str:
    """A Request-URI or To for the other side: the called number at the target, with `user=phone` kept.

    `host` is printed as given, the number as the other side writes it by `numbers`; nothing else of the original URI
    crosses, and no header of its.
    """
    uri = translated(request.uri, numbers.called_out)
    if isinstance(uri, SipUri):
        user, phone = user_of(uri), (uri.parameters.get("user") or "").lower() == "phone"
    else:
        user, phone = subscriber_of(uri), True
    return f"sip:{user}@{host}{parameters}{';user=phone' if phone else ''}"


def _occasion(status: int) -> On:
    if status >= 300:
        return On.FAILURE
    if status >= 200:
        return On.ANSWER
    return On.RINGING if status == 180 else On.PROGRESS


def _by_table(headers: Headers, passage: Passage, on: On, claim: Claim) -> Lines:
    """What crosses by a row of the table, or by a rule of either peer."""
    rules = _rules(passage)
    names = {header_key(name): name for name in CROSSES}
    for rule in rules:
        names.setdefault(header_key(rule.name), rule.name)
    secrets = claim.secrets if hides(claim, passage) else frozenset()
    lines: list[tuple[str, str]] = []
    for key, name in names.items():
        came = headers.get_all(name)
        # whatever else it is about, a header that names somebody who is hidden does not cross
        safe = tuple(value for value in came if not mentions(value, secrets))
        row = CROSSES.get(name)
        told = () if row is None else _by_row(row, safe if row.shape is None else came, passage, on, claim)
        for rule in rules:
            if header_key(rule.name) == key:
                told = _by_rule(rule, safe)
        lines += [(name, value) for value in told]
    return tuple(lines)


def _by_rule(rule: HeaderRule, came: tuple[str, ...]) -> tuple[str, ...]:
    match rule.action:
        case HeaderAction.PASS:
            return came
        case HeaderAction.DROP:
            return ()
        case HeaderAction.SET:
            return (rule.value,)


def _by_row(row: Row, came: tuple[str, ...], passage: Passage, on: On, claim: Claim) -> tuple[str, ...]:
    inward = passage.destination.side is Side.FRONT_END
    way = row.to is To.BOTH or (row.to is To.FRONT_END) is inward
    if on not in row.on or not way or (row.within_trust and not passage.within_trust):
        return ()
    outside = not passage.destination.identity.reveal
    if row.about_caller and outside and (claim.hidden or claim.privacy.hides_headers):
        return ()
    return tuple(value for value in came if row.shape is None or row.shape.fullmatch(value))


def _rules(passage: Passage) -> tuple[HeaderRule, ...]:
    """The rules of both peers, those of the sender first."""
    sender = (r for r in passage.source.headers if r.direction is HeaderDirection.FROM_PEER)
    receiver = (r for r in passage.destination.headers if r.direction is HeaderDirection.TO_PEER)
    return (*sender, *receiver)


def _clean(lines: Lines) -> Lines:
    """Only what ends no line and hides nothing in it."""
    return tuple((name, value) for name, value in lines if is_clean(value))
