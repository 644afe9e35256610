"""The plan as one HTML page that needs nothing else."""

from collections.abc import Iterable
from html import escape
from importlib import resources

from mediation.planning.answer import Answer, SiteAnswer
from mediation.planning.decision import Role
from mediation.planning.model import Connection, Link, Offer
from mediation.planning.picture import STYLE as PICTURE_STYLE
from mediation.planning.picture import picture
from mediation.planning.starting import configurations
from mediation.planning.text import assumptions, connection_name, role_of, way_of
from mediation.rtp.bandwidth import FORMULA_HEADER_OCTETS, formula_kbps, steps
from mediation.rtp.tunnels import Vpn


def report_html(found: Answer) -> str:
    """The whole page. What the file says is shown, never interpreted."""
    style = resources.files("mediation.planning").joinpath("report.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Mediation plan: {len(found.sites)} sites</title>
<link rel="icon" href="data:,">
<style>{style}{PICTURE_STYLE}</style>
</head>
<body>
{_head(found)}
<main>
{_picture(found)}
{_sites(found)}
{_bandwidth(found)}
{_one_call(found)}
{_configurations(found)}
</main>
<footer><p>Channels by Erlang B: calls come by chance, from many more people than there are channels, and whoever finds
none free goes away. Bandwidth is of one direction with every channel busy; the other takes as much. Prices are those of
the file.</p></footer>
</body>
</html>
"""


def _head(found: Answer) -> str:
    channels = sum(use.channels for use in found.trunks)
    formula = sum(use.formula_kbps for use in found.trunks)
    wire = sum(use.wire_kbps for use in found.trunks)
    more = f"+{100 * (wire / formula - 1):.0f} %" if formula else "&ndash;"
    tiles = [
        ("a month", f"{found.price:,.0f} <small>{escape(found.plan.aims.currency)}</small>"),
        ("channels on trunks", f"{channels:,}"),
        ("peak by the formula", _bits(formula)),
        ("peak on the wire", _bits(wire)),
        ("wire against formula", more),
    ]
    shown = "".join(f"<div><dt>{name}</dt><dd>{figure}</dd></div>" for name, figure in tiles)
    title = "It does not work yet" if found.lacking else f"{_count(found)}, {len(found.trunks)} trunks"
    return f"""<header class="{"bad" if found.lacking else "good"}">
<p class="kicker">Mediation Server · plan</p>
<h1>{title}</h1>
<p class="when">{escape(assumptions(found.plan))}</p>
<dl class="tiles">{shown}</dl>
{_notes(found.lacking, " bad")}{_notes(found.findings, "")}
</header>"""


def _count(found: Answer) -> str:
    return f"{len(found.sites)} sites" if len(found.sites) != 1 else "One site"


def _notes(lines: Iterable[str], tone: str) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="notes{tone}">{items}</ul>' if items else ""


def _picture(found: Answer) -> str:
    kinds = "".join(
        f'<li class="i-{connection}"><i></i>{connection_name(connection)}</li>' for connection in Connection
    )
    return f"""<section aria-labelledby="picture"><h2 id="picture">Sites and trunks</h2>
<p class="story">What each line carries at its peak. Thick lines carry more.</p>
<div class="picture">{picture(found)}</div>
<ul class="legend">{kinds}<li class="i-any"><i class="spare"></i>when a central site has failed</li>
<li class="i-any"><i class="idle"></i>not used for calls</li></ul></section>"""


# Sites


def _sites(found: Answer) -> str:
    cards = "".join(_site(each, found) for each in found.sites)
    return f"""<section aria-labelledby="sites"><h2 id="sites">Centralized or distributed</h2>
<p class="story">What each site should do, and why. Prices are what the site adds to the month of all others.</p>
<div class="sites">{cards}</div></section>"""


def _site(each: SiteAnswer, found: Answer) -> str:
    decision, traffic = each.decision, each.traffic
    source = "measured" if traffic.stated is None else "stated"
    people = f"{each.site.users:,} users · " if each.site.users else ""
    facts = f"{people}{traffic.erlang:,.1f} Erlang, {source} · {each.channels:,} channels for it alone"
    if traffic.began is not None:
        busiest = f"{traffic.measured or 0:,.1f} Erlang from {traffic.began:%d %b %Y, %H:%M} UTC"
        facts += f" · busiest hour measured: {busiest}"
    first, *more = decision.reasons
    further = f'<p class="more">{escape(" ".join(more))}</p>' if more else ""
    return f"""<article class="site"><header><h3>{escape(each.site.name)}</h3>
<span class="country">{escape(each.site.country)}</span>
<span class="badge {decision.role}">{_badge(each)}</span></header>
<p class="facts">{facts}</p><p>{escape(first)}</p>{further}{_prices(each, found)}{_busiest(each)}</article>"""


def _badge(each: SiteAnswer) -> str:
    match each.decision.role:
        case Role.CENTRALIZED:
            return f"centralized at {escape(each.decision.home)}"
        case Role.UNSERVED:
            return "unserved"
        case role:
            return str(role)


def _prices(each: SiteAnswer, found: Answer) -> str:
    decision = each.decision
    if decision.role is Role.CENTRAL or (decision.local_price is None and decision.central_price is None):
        return ""
    most = max(decision.local_price or 0.0, decision.central_price or 0.0) or 1.0
    rows = (
        ("own trunk", decision.local_price, decision.role is Role.DISTRIBUTED),
        ("central site", decision.central_price, decision.role is Role.CENTRALIZED),
    )
    currency = escape(found.plan.aims.currency)
    shown = "".join(
        f"<b>{name}</b><div>{_bar(price / most, 'chosen' if chosen else '')}</div><span>{price:,.2f} {currency}</span>"
        if price is not None
        else f'<b>{name}</b><div></div><span class="none">not possible</span>'
        for name, price, chosen in rows
    )
    return f'<div class="meter">{shown}</div>'


def _busiest(each: SiteAnswer) -> str:
    if not each.busiest:
        return ""
    most = max(busy.share for busy in each.busiest) or 1.0
    rows = "".join(
        f"<b>{escape(busy.number)}</b><div>{_bar(busy.share / most, '')}</div>"
        f"<span>{100 * busy.share:.1f} %{f' · {busy.calls:,} calls' if busy.calls else ''}</span>"
        for busy in each.busiest
    )
    return f'<div class="meter" aria-label="Numbers with the most calls">{rows}</div>'


# Bandwidth


def _bandwidth(found: Answer) -> str:
    peaks = [use.wire_kbps for use in found.trunks] + [use.wire_kbps for use in found.links]
    most = max(peaks, default=1.0) or 1.0
    trunks = "".join(
        f'<tr><th scope="row">{escape(use.offer.name)}</th><td>{escape(use.site)}</td><td>{_way(use.offer)}</td>'
        f'<td class="number{"" if use.suits else " bad"}">{use.channels:,}</td>'
        f"{_both(use.formula_kbps, use.wire_kbps, most)}"
        f'<td class="number">{use.price:,.2f}</td></tr>'
        for use in found.trunks
    )
    links = "".join(
        f'<tr><th scope="row">{escape(" to ".join(use.link.sites))}</th><td>{_room(use.link)}</td>'
        f'<td>{_way(use.link)}</td><td class="number">{use.calls:,}</td>'
        f"{_both(use.formula_kbps, use.wire_kbps, most)}"
        f'<td class="number">{use.price:,.2f}</td></tr>'
        for use in found.links
    )
    return f"""<section aria-labelledby="bandwidth"><h2 id="bandwidth">Bandwidth, by the formula and by the wire</h2>
<p class="story">The published formula is calls &times; (64 kbps + header), with a header of
{FORMULA_HEADER_OCTETS} octets on each packet. It leaves out UDP, RTP, encryption, tunnels and the link: buy by the
wire.</p>
{_table("Trunks", ("Trunk", "at", "connection", "#channels"), trunks, found)}
{_table("Links between sites", ("Link", "for voice", "connection", "#calls"), links, found) if links else ""}
</section>"""


def _table(caption: str, head: tuple[str, ...], rows: str, found: Answer) -> str:
    names = (*head, "#formula kbps", "#wire kbps", "", f"#{escape(found.plan.aims.currency)} a month")
    cells = "".join(
        f'<th scope="col"{" class=number" if name.startswith("#") else ""}>{name.removeprefix("#")}</th>'
        for name in names
    )
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{cells}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _both(formula: float, wire: float, most: float) -> str:
    return (
        f'<td class="number">{formula:,.0f}</td><td class="number">{wire:,.0f}</td>'
        f'<td class="bars">{_bar(formula / most, "")}{_bar(wire / most, "wire")}</td>'
    )


def _one_call(found: Answer) -> str:
    """How one call's figure comes about, for each tunnel that the plan uses."""
    audio = found.plan.audio
    used = [use.offer.vpn for use in found.trunks] + [use.link.vpn for use in found.links]
    tunnels = sorted(set(used), key=list(Vpn).index) or [Vpn.NONE]
    tables = "".join(_steps(vpn, found) for vpn in tunnels)
    formula = formula_kbps(1, ptime_ms=audio.ptime_ms, codec=audio.codec)
    return f"""<section aria-labelledby="call"><h2 id="call">One call, one direction</h2>
<p class="story">By the formula it takes {formula:.2f} kbps.</p>{tables}</section>"""


def _steps(vpn: Vpn, found: Answer) -> str:
    taken = list(steps(found.plan.audio.packets(vpn)))
    most = taken[-1].kbps
    rows = "".join(
        f'<tr><td>{escape(step.name)}</td><td class="number">{step.octets}</td><td class="number">{step.kbps:.2f}</td>'
        f'<td class="bars">{_bar(step.kbps / most, "wire" if step is taken[-1] else "")}</td></tr>'
        for step in taken
    )
    caption = "Without a tunnel" if vpn is Vpn.NONE else f"Through {escape(str(vpn))}"
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr><th scope="col">counted so far</th>'
        '<th scope="col" class="number">octets in a packet</th><th scope="col" class="number">kbps</th><th></th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


# Configurations


def _configurations(found: Answer) -> str:
    shown = "".join(_file(name, text, found) for name, text in configurations(found).items())
    if not shown:
        return ""
    return f"""<section aria-labelledby="files"><h2 id="files">A configuration to start from</h2>
<p class="story">One for the servers of each site that has trunks; <code>mediation check-config</code> takes them as
they are. The addresses are those of documents: write yours.</p>{shown}</section>"""


def _file(name: str, text: str, found: Answer) -> str:
    each = next(each for each in found.sites if each.site.name == name)
    told = f"{each.trunk_channels:,} channels, {role_of(each)}"
    return (
        f"<details><summary>{escape(name)}.toml<small>{escape(told)}</small></summary>"
        f'<pre tabindex="0">{escape(text)}</pre></details>'
    )


# Small pieces


def _way(each: Offer | Link) -> str:
    return f'<span class="dot {each.connection}"></span>{escape(way_of(each))}'


def _room(link: Link) -> str:
    return f"{link.voice_kbps:,.0f} kbps" if link.capacity_kbps else "as needed"


def _bar(share: float, tone: str) -> str:
    return f'<i class="{tone}" style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></i>'


def _bits(kbps: float) -> str:
    return f"{kbps / 1000:,.1f} <small>Mbps</small>" if kbps >= 1000 else f"{kbps:,.0f} <small>kbps</small>"
