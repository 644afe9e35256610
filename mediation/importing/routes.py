"""Voice routes as ours.

There, the caller's policy names usages in order, and each usage its routes; here, all callers have the same routes, and
the first that matches is the only one. So routes of one pattern become one, with the trunks of the first, then of the
next: what was the reserve there is the reserve here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mediation.importing.exported import Wrapped, as_text, shown
from mediation.importing.parameters import POLICY, ROUTE, USAGES, Fate, Group
from mediation.importing.reading import Item, Kind
from mediation.importing.rule_text import is_unread, words_of
from mediation.importing.rules import check_pattern
from mediation.importing.telling import Row, Told
from mediation.importing.topology import GLOBAL, GatewayDraft, scope_of
from mediation.importing.trunks import usages_of
from mediation.settings.words import UnfitError, check_match

MOST_PRIORITY: Final = 65535
_HIDING: Final = ("SuppressCallerId", "AlternateCallerId")


@dataclass(slots=True)
class RouteDraft:
    """One route, to be written."""

    match: str
    trunks: list[str]
    comments: list[str] = field(default_factory=list)
    priority: int = 0
    lost: str = ""
    """The reason why it is none; empty: it is one."""


def routes_of(items: Sequence[Item], gateways: Sequence[GatewayDraft], told: Told) -> list[RouteDraft]:
    """Return the routes in the order in which they must be asked."""
    names = {gateway.title.lower(): gateway.name for gateway in gateways}
    given = [item for item in items if item.kind is Kind.ROUTE]
    usages = _order_of_usages(items, told)
    ordered = _by_usage(given, usages, told) if usages else sorted(given, key=_priority)
    drafts: list[RouteDraft] = []
    by_match: dict[str, RouteDraft] = {}
    for item in ordered:
        draft = _route(item, names, told, ordered_by_usage=bool(usages))
        first = by_match.get(draft.match)
        if draft.lost or first is None:
            drafts.append(draft)
        else:
            first.trunks += (trunk for trunk in draft.trunks if trunk not in first.trunks)
            first.comments += draft.comments
        if not draft.lost:
            by_match.setdefault(draft.match, draft)
    return drafts


def _priority(item: Item) -> int:
    text = item.found.text("Priority").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MOST_PRIORITY


def _order_of_usages(items: Sequence[Item], told: Told) -> list[str]:
    """Those of the global policy, or of the only one; none where the export has no policy."""
    policies = [item for item in items if item.kind is Kind.POLICY]
    for item in items:
        if item.kind in (Kind.POLICY, Kind.USAGES):
            group = POLICY if item.kind is Kind.POLICY else USAGES
            told.rows += rows_of(item, group, f"{item.kind} {item.identity or 'Global'}", {})
    chosen = next((each for each in policies if scope_of(each.identity) == GLOBAL), None)
    if chosen is None and policies:
        chosen = policies[0]
    for each in policies:
        if each is not chosen:
            message = "policies of single users and sites are not yet: every caller has the same routes"
            told.lost(
                each.place, f"voice policy {each.identity}", message, "look whether its usages allow less"
            )
    if chosen is None:
        return []
    listed = words_of(chosen.found.get("PstnUsages"))
    if listed.cut or is_unread(chosen.found.get("PstnUsages")):
        told.lost(chosen.place, f"voice policy {chosen.identity}", "its usages were not written whole")
    return [usage.lower() for usage in usages_of(chosen)]


def _by_usage(given: Sequence[Item], usages: Sequence[str], told: Told) -> list[Item]:
    """By the first usage of the policy that a route has; those without any stand last."""

    def rank(item: Item) -> tuple[int, int]:
        own = [usages.index(usage.lower()) for usage in usages_of(item) if usage.lower() in usages]
        return min(own, default=len(usages)), _priority(item)

    for item in given:
        if rank(item)[0] == len(usages):
            message = "the policy has none of its usages, so that nobody of the policy could use it"
            told.note(item.place, f"voice route {item.identity}", message, "remove it, if that is meant")
    return sorted(given, key=rank)


def _route(item: Item, names: Mapping[str, str], told: Told, *, ordered_by_usage: bool) -> RouteDraft:
    found, subject = item.found, f"voice route {item.identity}"[:100]
    gateways = words_of(found.get("PstnGatewayList"))
    titles = [
        as_text(word).lower().removeprefix("service:").removeprefix("pstngateway:") for word in gateways.items
    ]
    trunks = list(dict.fromkeys(names[title] for title in titles if title in names))
    comments = [part for part in (item.identity, found.text("Description")) if part]
    if usages := ", ".join(usages_of(item)):
        comments.append(f"usages: {usages}")
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
    for name in _HIDING:
        if found.text(name).strip().lower() not in ("", "false"):
            told.lost(
                item.place, f"{subject}: {name}", "not yet for a route", "for a whole trunk: [trunk.identity]"
            )
    draft.lost = reason
    here = {
        "NumberPattern": "" if reason else draft.match,
        "PstnGatewayList": "" if reason else ", ".join(trunks),
    }
    here["Priority"] = "by the order of the file" if ordered_by_usage else str(draft.priority)
    told.rows += rows_of(item, ROUTE, subject, here, reason)
    return draft


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
