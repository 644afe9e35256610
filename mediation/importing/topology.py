"""Who stands in an export: gateways, and which configuration each of them has.

A configuration is of one gateway, of a site or of all. The nearest one holds, and as a whole: nothing is taken from the
next wider one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mediation.importing.exported import as_text
from mediation.importing.reading import Item, Kind
from mediation.importing.rule_text import words_of
from mediation.importing.telling import Told
from mediation.settings.words import MAX_NAME_LENGTH

MOST_TRUNKS: Final = 400
"""Of one import: placeholders need an address each."""

_SLUG: Final = re.compile(r"[^a-z0-9]+")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a configuration or a rule belongs."""

    kind: str
    """`global`, `site` or `gateway`."""
    name: str = ""
    """Small letters."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


GLOBAL: Final = Scope("global")


def scope_of(identity: str) -> Scope:
    """Read `Global`, `Site:Vienna` or `Service:PstnGateway:gw1`; a name alone is a gateway's."""
    text = identity.strip().lower().removeprefix("tag:").removeprefix("service:")
    if text in ("", "global"):
        return GLOBAL
    if text.startswith("site:"):
        return Scope("site", text.removeprefix("site:").strip())
    return Scope("gateway", text.removeprefix("pstngateway:").strip())


def rule_scope(identity: str) -> Scope:
    """Of a rule, whose own name stands behind a slash."""
    return scope_of(identity.rpartition("/")[0])


@dataclass(frozen=True, slots=True)
class GatewayDraft:
    """One gateway, as far as the export knows it."""

    title: str
    """As it is called there."""
    name: str
    """As a trunk of ours is called."""
    host: str
    """Address or domain; empty where the export has none."""
    place: str
    tls_port: int = 0
    tcp_port: int = 0
    site: str = ""
    """Small letters; empty where it is not known."""
    media_ip: str = ""
    """What stands for its media, where that is not itself."""
    bypass_id: str = ""
    scope: Scope | None = None
    """Where it stands for a configuration that names no gateway."""


def gateways_of(items: Sequence[Item], told: Told) -> tuple[GatewayDraft, ...]:
    """Return every gateway that is described, configured or in a route; without any, one for each configuration."""
    found: dict[str, GatewayDraft] = {}
    names: set[str] = set()
    for item in items:
        if item.kind is Kind.GATEWAY:
            draft = _described(item, names, told)
            if draft.title.lower() in found:
                told.note(
                    item.place, f"gateway {draft.title}", "it is described twice", "the first one holds"
                )
            found.setdefault(draft.title.lower(), draft)
    for title, place in _mentioned(items):
        if title.lower() not in found:
            found[title.lower()] = GatewayDraft(title, trunk_name(title, names), title, place)
    if not found:
        for item in items:
            if item.kind is Kind.CONFIGURATION:
                scope = scope_of(item.identity)
                name = trunk_name(scope.name or scope.kind, names)
                site = scope.name if scope.kind == "site" else ""
                found[name] = GatewayDraft(
                    item.identity or "Global", name, "", item.place, site=site, scope=scope
                )
    if len(found) > MOST_TRUNKS:
        told.lost(
            "", "gateways", f"there are {len(found)}, and {MOST_TRUNKS} are taken", "import them in parts"
        )
    return tuple(found.values())[:MOST_TRUNKS]


def _mentioned(items: Iterable[Item]) -> Iterable[tuple[str, str]]:
    for item in items:
        if item.kind is Kind.CONFIGURATION and scope_of(item.identity).kind == "gateway":
            yield _title(item.identity), item.place
        if item.kind is Kind.ROUTE:
            for word in words_of(item.found.get("PstnGatewayList")).items:
                yield _title(as_text(word)), item.place


def _title(identity: str) -> str:
    """Without what every gateway's identity begins with."""
    text = re.sub(r"(?i)\A(tag:)?(service:)?(pstngateway:)?", "", identity.strip())
    return "".join(character if character.isprintable() else " " for character in text)[:253].strip() or "?"


def _described(item: Item, names: set[str], told: Told) -> GatewayDraft:
    found, title = item.found, _title(item.identity or item.found.text("PoolFqdn"))
    ports = [
        _port(found.text(key), item.place, f"gateway {title}: {key}", told)
        for key in ("GatewaySipClientTlsPort", "GatewaySipClientTcpPort")
    ]
    site = found.text("SiteId") or found.text("SiteName")
    return GatewayDraft(
        title,
        trunk_name(title, names),
        _title(found.text("PoolFqdn")) if found.text("PoolFqdn").strip() else title,
        item.place,
        ports[0],
        ports[1],
        site.lower().removeprefix("site:").strip(),
        found.text("RepresentativeMediaIP").strip(),
        found.text("AlternateByPassId").strip().lower(),
    )


def _port(text: str, place: str, subject: str, told: Told) -> int:
    """0 where there is none."""
    text = text.strip()
    if text in ("", "0"):
        return 0
    if _PORT.fullmatch(text) is None or int(text) > 65535:
        told.lost(place, subject, f'"{text[:40]}" is no port')
        return 0
    return int(text)


def trunk_name(title: str, names: set[str]) -> str:
    """A name that our settings take and no other trunk has; it is added to the names."""
    slug = _SLUG.sub("-", title.lower()).strip("-")[:MAX_NAME_LENGTH].strip("-") or "trunk"
    name, number = slug, 2
    while name in names:
        end = f"-{number}"
        name = slug[: MAX_NAME_LENGTH - len(end)].rstrip("-") + end
        number += 1
    names.add(name)
    return name


def configuration_of(gateway: GatewayDraft, items: Sequence[Item], told: Told) -> Item | None:
    """The configuration of a gateway: its own, its site's, or the one of all; None where the export has none."""
    by_scope: dict[Scope, Item] = {}
    for item in items:
        if item.kind is Kind.CONFIGURATION:
            by_scope.setdefault(scope_of(item.identity), item)
    subject = f"gateway {gateway.title}"
    if gateway.scope is not None:
        return by_scope.get(gateway.scope)
    if (own := by_scope.get(Scope("gateway", gateway.title.lower()))) is not None:
        return own
    sites = [scope.name for scope in by_scope if scope.kind == "site"]
    if gateway.site and (of_site := by_scope.get(Scope("site", gateway.site))) is not None:
        return of_site
    general = by_scope.get(GLOBAL)
    if sites and not gateway.site:
        message = (
            f"the export does not say its site, and there are configurations of {', '.join(sorted(sites))}"
        )
        told.lost(
            gateway.place, subject, message, "import Get-CsService -PstnGateway as well, or compare by hand"
        )
    if general is None:
        told.lost(
            gateway.place, subject, "it has no configuration in the export", "import Get-CsTrunkConfiguration"
        )
    return general
