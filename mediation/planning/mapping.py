"""The answer to a plan for a machine to read, with names that stay."""

from collections.abc import Mapping
from typing import Final

from mediation.planning.answer import Answer, SiteAnswer
from mediation.planning.sizing import LinkUse, TrunkUse
from mediation.planning.starting import configurations

SCHEMA: Final = 1
"""Grows when a field changes its meaning or goes; new fields may come at any time."""


def as_mapping(found: Answer) -> Mapping[str, object]:
    """Return plain values: money of one month, kbps of one direction, None for what is not known or not limited."""
    aims = found.plan.aims
    return {
        "schema": SCHEMA,
        "works": not found.lacking,
        "blocking_percent": aims.blocking_percent,
        "growth_percent": aims.growth_percent,
        "price_per_month": round(found.price, 2),
        "currency": aims.currency,
        "sites": [_site_mapping(each) for each in found.sites],
        "trunks": [_trunk_mapping(use) for use in found.trunks],
        "links": [_link_mapping(use) for use in found.links],
        "configurations": dict(configurations(found)),
        "lacking": list(found.lacking),
        "findings": list(found.findings),
    }


def _site_mapping(each: SiteAnswer) -> Mapping[str, object]:
    traffic, decision = each.traffic, each.decision
    return {
        "name": each.site.name,
        "country": each.site.country,
        "users": each.site.users,
        "erlang": round(traffic.erlang, 3),
        "erlang_stated": _rounded(traffic.stated, 3),
        "erlang_measured": _rounded(traffic.measured, 3),
        "busy_hour_began_at": None if traffic.began is None else traffic.began.isoformat(),
        "calls_inbound": traffic.inbound,
        "calls_outbound": traffic.outbound,
        "role": str(decision.role),
        "home": decision.home or None,
        "backup": decision.backup or None,
        "why": str(decision.why),
        "reasons": list(decision.reasons),
        "local_price": _rounded(decision.local_price, 2),
        "central_price": _rounded(decision.central_price, 2),
        "channels_alone": each.channels,
        "trunk_channels": each.trunk_channels,
        "connection": str(each.connection),
        "servers": each.servers,
        "busiest": [
            {"number": busy.number, "calls": busy.calls or None, "share": round(busy.share, 4)}
            for busy in each.busiest
        ],
    }


def _trunk_mapping(use: TrunkUse) -> Mapping[str, object]:
    return {
        "name": use.offer.name,
        "site": use.site,
        "connection": str(use.offer.connection),
        "vpn": str(use.offer.vpn),
        "country": use.offer.country,
        "numbers_of": list(use.countries),
        "channels": use.channels,
        "formula_kbps": round(use.formula_kbps, 2),
        "wire_kbps": round(use.wire_kbps, 2),
        "price_per_month": round(use.price, 2),
        "connection_fits": use.suits,
    }


def _link_mapping(use: LinkUse) -> Mapping[str, object]:
    link = use.link
    return {
        "sites": list(link.sites),
        "connection": str(link.connection),
        "vpn": str(link.vpn),
        "calls": use.calls,
        "formula_kbps": round(use.formula_kbps, 2),
        "wire_kbps": round(use.wire_kbps, 2),
        "voice_kbps": round(link.voice_kbps, 2) if link.capacity_kbps else None,
        "fits": use.fits,
        "price_per_month": round(use.price, 2),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
