"""The answer to a plan as text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from mediation.planning.answer import Answer, SiteAnswer
from mediation.planning.decision import Role
from mediation.planning.model import Audio, Connection, Link, Offer, Plan
from mediation.rtp.bandwidth import NAMES, Layer, Srtp
from mediation.rtp.tunnels import Vpn

RIGHT = ">"
"""In front of a column's name: its cells stand at the right."""

_LAYERS = {
    Layer.IP: "IP packets",
    Layer.ETHERNET: "Ethernet frames",
    Layer.LINE: "Ethernet with preamble and gap",
}


def answer_text(found: Answer) -> str:
    """The whole answer."""
    return "\n\n".join("\n".join(part) for part in _parts(found) if part)


def assumptions(plan: Plan) -> str:
    """What the figures are made for, in a line."""
    aims, audio = plan.aims, plan.audio
    parts = [f"blocking {aims.blocking_percent:g} % (Erlang B)"]
    if aims.growth_percent:
        parts.append(f"growth {aims.growth_percent:g} %")
    return ", ".join([*parts, *_audio(audio)])


def _audio(audio: Audio) -> Iterator[str]:
    yield f"{NAMES[audio.codec]} at {audio.ptime_ms} ms"
    yield "IPv6" if audio.ipv6 else "IPv4"
    if audio.srtp is not Srtp.OFF:
        yield f"SRTP {audio.srtp}"
    tagged = " with 802.1Q" if audio.vlan and audio.layer is not Layer.IP else ""
    yield f"{_LAYERS[audio.layer]}{tagged}"
    if audio.rtcp:
        yield "5 % for RTCP"


def way_of(each: Offer | Link) -> str:
    """How a trunk or a link is brought: `internet, esp`."""
    return str(each.connection) if each.vpn is Vpn.NONE else f"{each.connection}, {each.vpn}"


def role_of(each: SiteAnswer) -> str:
    """What a site is, in a few words."""
    decision = each.decision
    match decision.role:
        case Role.CENTRAL:
            return f"central, {decision.backup} backs it up" if decision.backup else "central"
        case Role.CENTRALIZED:
            backup = f", then {decision.backup}" if decision.backup else ""
            return f"centralized at {decision.home}{backup}"
        case Role.DISTRIBUTED:
            return "distributed, a trunk of its own"
        case Role.UNSERVED:
            return "UNSERVED"


def _parts(found: Answer) -> Iterator[list[str]]:
    plan = found.plan
    channels = sum(use.channels for use in found.trunks)
    price = f"{found.price:,.2f} {plan.aims.currency} a month"
    sites = "1 site" if len(found.sites) == 1 else f"{len(found.sites)} sites"
    yield [f"{sites}, {channels:,} channels, {price}", f"for {assumptions(plan)}"]
    yield table(
        ("site", "country", ">users", ">Erlang", ">channels alone", "what to do"),
        (
            (
                each.site.name,
                each.site.country,
                f"{each.site.users:,}",
                f"{each.traffic.erlang:,.1f}",
                f"{each.channels:,}",
                role_of(each),
            )
            for each in found.sites
        ),
    )
    yield ["why", *(f"  {each.site.name}: {' '.join(each.decision.reasons)}" for each in found.sites)]
    yield table(
        (
            "trunk at",
            "trunk",
            "connection",
            "numbers of",
            ">channels",
            ">formula kbps",
            ">wire kbps",
            ">a month",
        ),
        (
            (
                use.site,
                use.offer.name,
                way_of(use.offer) + ("" if use.suits else " (!)"),
                " ".join(use.countries),
                f"{use.channels:,}",
                f"{use.formula_kbps:,.0f}",
                f"{use.wire_kbps:,.0f}",
                f"{use.price:,.2f}",
            )
            for use in found.trunks
        ),
    )
    if found.links:
        yield table(
            ("link", "connection", ">calls", ">formula kbps", ">wire kbps", ">for voice", ">a month"),
            (
                (
                    " to ".join(use.link.sites),
                    way_of(use.link),
                    f"{use.calls:,}",
                    f"{use.formula_kbps:,.0f}",
                    f"{use.wire_kbps:,.0f}",
                    f"{use.link.voice_kbps:,.0f}" if use.link.capacity_kbps else "as needed",
                    f"{use.price:,.2f}",
                )
                for use in found.links
            ),
        )
    busiest = [(each.site.name, busy) for each in found.sites for busy in each.busiest]
    if busiest:
        yield table(
            ("busiest at", "number", ">calls", ">of its calls"),
            (
                (site, busy.number, f"{busy.calls:,}" if busy.calls else "", f"{100 * busy.share:.1f} %")
                for site, busy in busiest
            ),
        )
    if found.findings:
        yield ["to know", *(f"  {finding}" for finding in found.findings)]
    if found.lacking:
        yield ["IT DOES NOT WORK", *(f"  {lack}" for lack in found.lacking)]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns with two blanks between them."""
    names = [name.removeprefix(RIGHT) for name in head]
    cells = [names, *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(
            cell.rjust(width) if name.startswith(RIGHT) else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        ).rstrip()
        for row in cells
    ]


def connection_name(connection: Connection) -> str:
    """A connection as a heading has it."""
    return {Connection.MPLS: "MPLS", Connection.PRIVATE: "private line", Connection.INTERNET: "Internet"}[
        connection
    ]
