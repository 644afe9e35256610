"""A configuration to start from, for the servers of each site that has trunks: `mediation check-config` takes it.

It holds what the settings know today. What is planned beyond that, sites and their links, stands in comments.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

from mediation.planning.answer import Answer, SiteAnswer
from mediation.planning.decision import Role
from mediation.planning.model import Connection
from mediation.planning.sizing import TrunkUse
from mediation.rtp.bandwidth import Srtp
from mediation.rtp.tunnels import Vpn

USUAL_CALLS: Final = 5000
"""The range of ports that a server uses without being told has room for so many calls."""
FIRST_PORT: Final = 20_000

_IPV4: Final = ("192.0.2.10", "192.0.2.20", "198.51.100.10", "203.0.113.{}")
"""Ours inside, the front end, ours outside, the ITSPs: addresses for documents (RFC 5737)."""
_IPV6: Final = ("[2001:db8:1::10]", "[2001:db8:1::20]", "[2001:db8:2::10]", "[2001:db8:3::{}]")
"""The same of RFC 3849."""


def configurations(found: Answer) -> Mapping[str, str]:
    """Return the TOML text for each site that has servers, by the site's name."""
    return {
        each.site.name: "\n".join(_lines(found, each)) + "\n"
        for each in found.sites
        if each.decision.role is not Role.UNSERVED and each.trunks
    }


def _lines(found: Answer, each: SiteAnswer) -> Iterator[str]:
    audio = found.plan.audio
    ours, front_end, outside, itsp = _IPV6 if audio.ipv6 else _IPV4
    most = sum(_share(use, each) for use in each.trunks)
    servers = "one server" if each.servers == 1 else f"each of {each.servers} servers"
    yield f"# {each.site.name}, {each.site.country}: {servers}, to start from."
    yield "# The addresses are those of documents: write yours."
    yield from _site_comment(found, each)
    yield ""
    yield "[internal]                      # toward the front-end servers"
    yield f'listen   = ["udp:{ours}:5060", "tcp:{ours}:5060"]'
    yield f'targets  = ["sip:{front_end}:5060;transport=tcp"]'
    yield f"ptime_ms = {audio.ptime_ms}"
    yield from _ports(most)
    yield ""
    yield "[gateway]                       # toward the ITSPs"
    yield f'listen = ["udp:{outside}:5060", "tcp:{outside}:5060"]'
    yield from _ports(most)
    for number, use in enumerate(each.trunks):
        yield from _trunk(each, use, itsp.format(10 + number), audio.ptime_ms, audio.srtp)
    names = ", ".join(f'"{use.offer.name}"' for use in each.trunks)
    yield ""
    yield "[[route]]                       # every number; the next trunk where one is full"
    if len({use.countries for use in each.trunks}) > 1:
        for use in each.trunks:
            yield f"# {use.offer.name} was planned for the numbers of {' and '.join(use.countries)}"
    yield f"trunks = [{names}]"
    yield ""
    yield "[sip]"
    yield f"max_calls = {most}"
    yield ""
    yield "[cdr]"
    yield 'file = "/var/log/mediation/calls.jsonl"  # what the next plan can measure from'


def _site_comment(found: Answer, each: SiteAnswer) -> Iterator[str]:
    """What the settings cannot say yet."""
    users = [other for other in found.sites if other.decision.home == each.site.name]
    for other in users:
        numbers = ", ".join(str(owned) for owned in other.site.dids) or "no numbers given"
        yield f"# {other.site.name}: {other.traffic.erlang:.1f} Erlang, {numbers}"
    if each.decision.backup:
        yield f"# {each.decision.backup} takes over when this site has failed"
    for other in found.sites:
        if other.decision.backup == each.site.name:
            yield f"# it takes over the calls of {other.site.name} when {other.decision.home} has failed"
    if found.plan.is_local(each.site.country):
        yield f"# calls of {each.site.country} must leave in {each.site.country}"


def _ports(calls: int) -> Iterator[str]:
    if calls > USUAL_CALLS:
        yield f"rtp_ports = [{FIRST_PORT}, {FIRST_PORT + 2 * calls + 1}]"


def _trunk(each: SiteAnswer, use: TrunkUse, address: str, ptime_ms: int, srtp: Srtp) -> Iterator[str]:
    offer = use.offer
    yield ""
    yield "[[trunk]]"
    yield f'name      = "{offer.name}"'
    yield f'targets   = ["sip:{address}:5060"]'
    shared = "" if each.servers == 1 else f"   # {use.channels} channels on {each.servers} servers"
    yield f"max_calls = {_share(use, each)}{shared}"
    yield f"ptime_ms  = {ptime_ms}"
    yield f"# connection: {offer.connection}; {use.wire_kbps:,.0f} kbps each way when every channel is busy"
    if offer.vpn is not Vpn.NONE:
        yield f"# VPN: {offer.vpn}; listen in [gateway] on the address that this machine has in the tunnel"
    if offer.connection is Connection.MPLS:
        yield "# mark audio for the provider's voice class (DSCP EF), or it has no priority"
    if srtp is not Srtp.OFF:
        yield f"# SRTP was planned: {srtp}"


def _share(use: TrunkUse, each: SiteAnswer) -> int:
    """Channels of a trunk for one of the site's servers."""
    return ceil(use.channels / each.servers)
