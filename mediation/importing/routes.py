"""Voice routes as ours.

There, the caller's policy names usages in order, and each usage its routes; here, routes stand in one order, and the
first that matches is the only one, unless it says `then_next`. So routes of one pattern follow each other: what was the
reserve there is the reserve here. Where they are for the same calls as well, they become one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mediation.importing.conversion import flag
from mediation.importing.exported import Wrapped, as_text, shown
from mediation.importing.parameters import POLICY, ROUTE, USAGES, Fate, Group
from mediation.importing.reading import Item, Kind
from mediation.importing.rule_text import is_unread, words_of
from mediation.importing.rules import check_pattern
from mediation.importing.telling import Row, Told
from mediation.importing.topology import GatewayDraft
from mediation.importing.usages import Policies, Usages, subject_of, usages_of
from mediation.settings.words import UnfitError, check_match, check_user

MOST_PRIORITY: Final = 65535


@dataclass(slots=True)
class RouteDraft:
    """One route, to be written."""

    match: str
    trunks: list[str]
    comments: list[str] = field(default_factory=list)
    priority: int = 0
    usages: list[str] = field(default_factory=list)
    caller_number: str = ""
    hides_caller: bool = False
    then_next: bool = False
    lost: str = ""
    """The reason why it is none; empty: it is one."""


def routes_of(
    items: Sequence[Item],
    gateways: Sequence[GatewayDraft],
    policies: Policies,
    usages: Usages,
    told: Told,
) -> list[RouteDraft]:
    """Return the routes in the order in which they must be asked; their usages are named in `usages`."""
    names = {gateway.title.lower(): gateway.name for gateway in gateways}
    given = [item for item in items if item.kind is Kind.ROUTE]
    for item in items:
        if item.kind in (Kind.POLICY, Kind.USAGES):
            told.rows += _policy_rows(item, policies)
    order = policies.order()
    ordered = _by_usage(given, order, told) if order else sorted(given, key=_priority)
    drafts: list[RouteDraft] = []
    alike: dict[tuple[str, tuple[str, ...], str, bool], RouteDraft] = {}
    last: dict[str, RouteDraft] = {}
    for item in ordered:
        draft = _route(item, names, usages, told, ordered_by_usage=bool(order))
        if draft.lost:
            drafts.append(draft)
            continue
        first = alike.setdefault(
            (draft.match, tuple(sorted(draft.usages)), draft.caller_number, draft.hides_caller), draft
        )
        if first is not draft:
            first.trunks += (trunk for trunk in draft.trunks if trunk not in first.trunks)
            first.comments += draft.comments
            continue
        if draft.match in last:
            last[draft.match].then_next = True
        last[draft.match] = draft
        drafts.append(draft)
    return drafts


def _policy_rows(item: Item, policies: Policies) -> list[Row]:
    if item.kind is Kind.USAGES:
        return rows_of(item, USAGES, f"{item.kind} {item.identity or 'Global'}", {})
    here = {}
    if item in policies.of_sites:
        here = {"Identity": "a site", "PstnUsages": "site.usages"}
    elif item in (policies.general, policies.leading):
        here = {"Identity": "the order of the file", "PstnUsages": "the order of the file"}
    return rows_of(item, POLICY, subject_of(item), here)


def _priority(item: Item) -> int:
    text = item.found.text("Priority").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MOST_PRIORITY


def _by_usage(given: Sequence[Item], usages: Sequence[str], told: Told) -> list[Item]:
    """By the first usage of the policies that a route has; those without any stand last."""

    def rank(item: Item) -> tuple[int, int]:
        own = [usages.index(usage.lower()) for usage in usages_of(item) if usage.lower() in usages]
        return min(own, default=len(usages)), _priority(item)

    for item in given:
        if rank(item)[0] == len(usages):
            message = (
                "no policy of all or of a site has one of its usages, so that their users could not use it"
            )
            told.note(item.place, f"voice route {item.identity}", message, "remove it, if that is meant")
    return sorted(given, key=rank)


def _route(
    item: Item, names: Mapping[str, str], usages: Usages, told: Told, *, ordered_by_usage: bool
) -> RouteDraft:
    found, subject = item.found, f"voice route {item.identity}"[:100]
    gateways = words_of(found.get("PstnGatewayList"))
    titles = [
        as_text(word).lower().removeprefix("service:").removeprefix("pstngateway:") for word in gateways.items
    ]
    trunks = list(dict.fromkeys(names[title] for title in titles if title in names))
    comments = [part for part in (item.identity, found.text("Description")) if part]
    if there := ", ".join(usages_of(item)):
        comments.append(f"usages: {there}")
    draft = RouteDraft(found.text("NumberPattern"), trunks, [": ".join(comments[:2]), *comments[2:]])
    if not ordered_by_usage:
        draft.priority = min(_priority(item), MOST_PRIORITY)
    if gateways.cut or is_unread(found.get("PstnGatewayList")):
        told.lost(item.place, subject, "its gateways were not written whole", "write it again with -Depth 5")
    if isinstance(found.get("NumberPattern"), Wrapped):
        told.note(
            item.place,
            subject,
            "its pattern was broken over lines",
            "look whether a blank was lost at the break",
        )
    reason = remedy = ""
    try:
        check_match(draft.match)
        check_pattern(draft.match)
        if not trunks:
            raise UnfitError("it has no gateway", "there, its calls fail or stay with the conference service")
    except UnfitError as error:
        reason, remedy = error.message, error.remedy
        told.lost(item.place, subject, f"'{draft.match[:60]}': {reason}", remedy)
    draft.lost = reason
    if not reason:
        draft.usages = usages.of_route(usages_of(item))
        _caller(item, draft, subject, told)
    here = {
        "NumberPattern": "" if reason else draft.match,
        "PstnGatewayList": "" if reason else ", ".join(trunks),
    }
    if draft.usages:
        here["PstnUsages"] = f"usages = {', '.join(draft.usages)}"
    if draft.hides_caller or draft.caller_number:
        here["SuppressCallerId"] = f"hide_caller = {str(draft.hides_caller).lower()}"
    if draft.caller_number:
        here["AlternateCallerId"] = f"caller_number = {draft.caller_number}"
    here["Priority"] = "by the order of the file" if ordered_by_usage else str(draft.priority)
    told.rows += rows_of(item, ROUTE, subject, here, reason)
    return draft


def _caller(item: Item, draft: RouteDraft, subject: str, told: Told) -> None:
    """Whom the called party is to see: there, another number needs SuppressCallerId."""
    number, extension, _ = item.found.text("AlternateCallerId").strip().partition(";")
    try:
        suppresses = flag(item.found.text("SuppressCallerId") or "False")
        check_user(number)
    except UnfitError as error:
        told.lost(item.place, f"{subject}: the caller", error.message, error.remedy)
        return
    if extension:
        told.note(item.place, f"{subject}: AlternateCallerId", "the extension is not shown")
    if number and not suppresses:
        message = "there it is not shown without SuppressCallerId, and here neither"
        told.note(item.place, f"{subject}: AlternateCallerId", message)
    draft.caller_number = number if suppresses else ""
    draft.hides_caller = suppresses and not number


def rows_of(item: Item, group: Group, subject: str, here: Mapping[str, str], reason: str = "") -> list[Row]:
    """A row for each parameter that an object has; `reason` says why nothing was taken over where nothing was."""
    rows = []
    for parameter in group.parameters:
        if not item.found.has(parameter.name):
            continue
        there, ours = shown(item.found.get(parameter.name)), here.get(parameter.name, "")
        default_there = there == parameter.default or (not parameter.default and there in ("", "{}"))
        note = reason if reason and not ours and parameter.fate is Fate.KEY else parameter.note
        rows.append(
            Row(subject, parameter.name, there, default_there, parameter.keys, ours, False, False, note)
        )
    return rows
