"""The picture of a plan: sites, the links between them, and trunks, as SVG that needs nothing else.

Branches stand in the middle at the left with their own trunks beside them, central sites at the right with theirs. So
no line of a trunk crosses another one, whatever the links do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

from mediation.planning.answer import Answer, SiteAnswer
from mediation.planning.decision import Role
from mediation.planning.model import Link
from mediation.planning.sizing import LinkUse, TrunkUse
from mediation.planning.text import way_of

WIDTH = 1200
CARD_WIDTH, CARD_HEIGHT = 216, 66
TRUNK_WIDTH, TRUNK_HEIGHT = 190, 46
ROW = 92
CENTRAL_ROW = 190
TOP = 46
TRUNK_LEFT, BRANCH_LEFT, CENTRAL_LEFT, TRUNK_RIGHT = 6, 262, 724, 1004

STYLE = """
.plan { width: 100%; height: auto; display: block; font-family: var(--sans); }
.plan .card { fill: var(--card); stroke: var(--rule); stroke-width: 1.2; }
.plan .central .card { stroke: var(--accent); stroke-width: 2; }
.plan .unserved .card { stroke: var(--bad); stroke-width: 2; }
.plan text { fill: var(--ink); font-size: 13px; }
.plan .name { font-size: 15.5px; font-weight: 650; }
.plan .soft { fill: var(--soft); font-size: 12px; }
.plan .column { fill: var(--soft); font-size: 12px; font-weight: 600; letter-spacing: 0.06em; }
.plan .mark { fill: var(--soft); font-size: 11px; font-weight: 600; }
.plan path { fill: none; }
.plan .mpls { stroke: var(--mpls); }
.plan .private { stroke: var(--private); }
.plan .internet { stroke: var(--internet); }
.plan .spare { stroke-dasharray: 7 6; opacity: 0.75; }
.plan .idle { stroke-dasharray: 1.5 6; stroke-width: 1.6; stroke-linecap: round; opacity: 0.7; }
.plan .trunk rect { fill: var(--card); stroke-width: 1.6; }
.plan .label { font-size: 11.5px; paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
.plan .bad { fill: var(--bad); }
"""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a site's card stands."""

    x: float
    y: float
    """Of its middle."""
    central: bool

    @property
    def left(self) -> float:
        return self.x

    @property
    def right(self) -> float:
        return self.x + CARD_WIDTH


def picture(found: Answer) -> str:
    """The whole picture."""
    branches = [each for each in _ordered(found) if each.decision.role is not Role.CENTRAL]
    central = [each for each in found.sites if each.decision.role is Role.CENTRAL]
    rows = {each.site.name: max(1.0, 0.62 * len(each.trunks)) for each in branches}
    height = TOP + max(ROW * sum(rows.values()), CENTRAL_ROW * len(central), ROW) + 10
    spots = dict(_branch_spots(branches, rows, height))
    spots |= _central_spots(central, branches, spots, height)
    parts = [
        *_columns(bool(branches), bool(central)),
        *(_line(link, found, spots) for link in found.plan.links),
        *(_label(link, found, spots) for link in found.plan.links),
        *(_trunk(each, use, index, spots) for each in found.sites for index, use in enumerate(each.trunks)),
        *(_card(each, spots[each.site.name]) for each in found.sites),
    ]
    title = f"{len(found.sites)} sites with their links and trunks"
    return (
        f'<svg class="plan" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg>"
    )


def _ordered(found: Answer) -> list[SiteAnswer]:
    """Those that share a central site stand together, and those with trunks of their own below."""
    order = {each.site.name: number for number, each in enumerate(found.sites)}
    return sorted(
        found.sites,
        key=lambda each: (
            each.decision.role is not Role.CENTRALIZED,
            order.get(each.decision.home, 0) if each.decision.role is Role.CENTRALIZED else 0,
            order[each.site.name],
        ),
    )


def _branch_spots(
    branches: Sequence[SiteAnswer], rows: dict[str, float], height: float
) -> Iterator[tuple[str, _Spot]]:
    at = TOP + (height - TOP - 10 - ROW * sum(rows.values())) / 2
    for each in branches:
        room = ROW * rows[each.site.name]
        yield each.site.name, _Spot(BRANCH_LEFT, at + room / 2, central=False)
        at += room


def _central_spots(
    central: Sequence[SiteAnswer], branches: Sequence[SiteAnswer], spots: dict[str, _Spot], height: float
) -> dict[str, _Spot]:
    """Spread over the height, in the order of those who use them."""

    def wish(each: SiteAnswer) -> float:
        users = [spots[one.site.name].y for one in branches if one.decision.home == each.site.name]
        return sum(users) / len(users) if users else height / 2

    left = CENTRAL_LEFT if branches else BRANCH_LEFT
    ordered = sorted(central, key=wish)
    step = (height - TOP - 10) / max(1, len(ordered))
    return {
        each.site.name: _Spot(left, TOP + step * (number + 0.5), central=True)
        for number, each in enumerate(ordered)
    }


def _columns(branches: bool, central: bool) -> Iterator[str]:
    names = []
    if branches:
        names += [(TRUNK_LEFT, "TRUNKS OF THEIR OWN"), (BRANCH_LEFT, "SITES")]
    if central:
        left = CENTRAL_LEFT if branches else BRANCH_LEFT
        names += [(left, "CENTRAL SITES"), (left + TRUNK_RIGHT - CENTRAL_LEFT, "THEIR TRUNKS")]
    for x, name in names:
        yield f'<text class="column" x="{x}" y="20">{name}</text>'


def _card(each: SiteAnswer, spot: _Spot) -> str:
    top = spot.y - CARD_HEIGHT / 2
    names = {Role.CENTRAL: "central", Role.UNSERVED: "unserved"}
    kind = names.get(each.decision.role, "branch")
    told = "nobody carries its calls" if each.decision.role is Role.UNSERVED else _told(each)
    return (
        f'<g class="{kind}"><title>{escape(" ".join(each.decision.reasons))}</title>'
        f'<rect class="card" x="{spot.x}" y="{top:.1f}" width="{CARD_WIDTH}" height="{CARD_HEIGHT}" rx="12"/>'
        f'<text class="name" x="{spot.x + 14}" y="{top + 25:.1f}">{escape(each.site.name)}</text>'
        f'<text class="mark" x="{spot.right - 14}" y="{top + 24:.1f}" text-anchor="end">'
        f"{escape(each.site.country)}</text>"
        f'<text class="soft" x="{spot.x + 14}" y="{top + 47:.1f}">{told}</text></g>'
    )


def _told(each: SiteAnswer) -> str:
    return f"{each.traffic.erlang:,.1f} Erlang · {each.channels:,} channels"


def _trunk(each: SiteAnswer, use: TrunkUse, index: int, spots: dict[str, _Spot]) -> str:
    spot = spots[each.site.name]
    count = len(each.trunks)
    y = spot.y + (index - (count - 1) / 2) * (TRUNK_HEIGHT + 10)
    if spot.central:
        x, start, end = spot.x + TRUNK_RIGHT - CENTRAL_LEFT, spot.right, spot.x + TRUNK_RIGHT - CENTRAL_LEFT
    else:
        x, start, end = TRUNK_LEFT, spot.left, TRUNK_LEFT + TRUNK_WIDTH
    middle = (start + end) / 2
    kind = str(use.offer.connection)
    line = f"M{start} {spot.y:.1f} C{middle} {spot.y:.1f} {middle} {y:.1f} {end} {y:.1f}"
    warning = "" if use.suits else " bad"
    details = f"{use.offer.name}: {use.formula_kbps:,.0f} kbps by the formula, {use.wire_kbps:,.0f} kbps on the wire"
    return (
        f'<g class="trunk"><title>{escape(details)}</title>'
        f'<path class="{kind}" d="{line}" stroke-width="{_stroke(use.wire_kbps):.1f}"/>'
        f'<rect class="{kind}" x="{x}" y="{y - TRUNK_HEIGHT / 2:.1f}" width="{TRUNK_WIDTH}" height="{TRUNK_HEIGHT}" '
        f'rx="{TRUNK_HEIGHT / 2}"/>'
        f'<text x="{x + TRUNK_WIDTH / 2}" y="{y - 4:.1f}" text-anchor="middle" font-weight="600">'
        f"{escape(use.offer.name)}</text>"
        f'<text class="soft{warning}" x="{x + TRUNK_WIDTH / 2}" y="{y + 13:.1f}" text-anchor="middle">'
        f"{use.channels:,} ch · {escape(way_of(use.offer))}</text></g>"
    )


def _line(link: Link, found: Answer, spots: dict[str, _Spot]) -> str:
    use = _use(link, found)
    path, _, _, _ = _curve(link, found, spots)
    kind, between = str(link.connection), " to ".join(link.sites)
    if use is None:
        told = f"{between}: not used"
        return f'<g><title>{escape(told)}</title><path class="{kind} idle" d="{path}"/></g>'
    spare = "" if _in_use(link, found) else " spare"
    told = f"{between}, {way_of(link)}: {use.formula_kbps:,.0f} kbps by the formula"
    return (
        f"<g><title>{escape(told)}</title>"
        f'<path class="{kind}{spare}" d="{path}" stroke-width="{_stroke(use.wire_kbps):.1f}"/></g>'
    )


def _label(link: Link, found: Answer, spots: dict[str, _Spot]) -> str:
    """What a link carries; drawn after all lines, so that none runs through it."""
    use = _use(link, found)
    if use is None:
        return ""
    _, x, y, anchor = _curve(link, found, spots)
    told = f"{use.calls:,} calls · {use.wire_kbps:,.0f} kbps"
    bad = "" if use.fits else " bad"
    return f'<text class="label{bad}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{told}</text>'


def _use(link: Link, found: Answer) -> LinkUse | None:
    return next((use for use in found.links if use.link is link), None)


def _in_use(link: Link, found: Answer) -> bool:
    """Whether calls go over a link on a usual day; a link between central sites is for the other days."""
    homes = {(each.site.name, each.decision.home) for each in found.sites}
    one, other = link.sites
    central = {each.site.name for each in found.sites if each.decision.role is Role.CENTRAL}
    if one in central and other in central:
        return False
    backups = {(each.site.name, each.decision.backup) for each in found.sites}
    direct = {(one, other), (other, one)}
    return bool(direct & homes) or not direct & backups


def _curve(link: Link, found: Answer, spots: dict[str, _Spot]) -> tuple[str, float, float, str]:
    """A line between two cards, and where its label stands: above a branch's line, or below that of a spare one."""
    one, other = (spots[name] for name in link.sites)
    if one.central == other.central:
        upper, lower = sorted((one, other), key=lambda spot: spot.y)
        between = (spot for spot in spots.values() if spot.central and upper.y < spot.y < lower.y)
        if one.central and not any(between):
            x = upper.x + CARD_WIDTH / 2
            top, bottom = upper.y + CARD_HEIGHT / 2, lower.y - CARD_HEIGHT / 2
            return f"M{x} {top:.1f} L{x} {bottom:.1f}", x, (top + bottom) / 2 + 4, "middle"
        x, bulge = upper.right, 54 if one.central else 60 + 0.12 * (lower.y - upper.y)
        line = f"M{x} {upper.y:.1f} C{x + bulge} {upper.y:.1f} {x + bulge} {lower.y:.1f} {x} {lower.y:.1f}"
        return line, x + 0.75 * bulge, (upper.y + lower.y) / 2 + 4, "middle"
    branch, centre = (other, one) if one.central else (one, other)
    start, end = branch.right, centre.left
    middle = (start + end) / 2
    line = f"M{start} {branch.y:.1f} C{middle} {branch.y:.1f} {middle} {centre.y:.1f} {end} {centre.y:.1f}"
    return line, start + 12, branch.y + (-14 if _in_use(link, found) else 24), "start"


def _stroke(kbps: float) -> float:
    """Thicker for more: 1.5 for a call, 6 for a gigabit."""
    return 1.5 + 0.9 * max(0.0, log10(max(kbps, 1.0)) - 1.0)
