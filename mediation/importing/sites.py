"""Sites that an export names: where a trunk stands, and whether calls are bound to its country."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mediation.importing.reading import Item
from mediation.importing.telling import Told
from mediation.importing.topology import GatewayDraft, trunk_name


@dataclass(slots=True)
class SiteDraft:
    """One site, to be written."""

    title: str
    """As it is called there."""
    name: str
    """As ours is called."""
    is_bound: bool = False
    """Whether calls must leave in its country, which the export does not name."""
    usages: list[str] = field(default_factory=list)
    """Of its voice policy, as ours are called."""


class Sites:
    """All sites of one import, each under one name."""

    def __init__(self) -> None:
        self._drafts: Final[dict[str, SiteDraft]] = {}
        self._names: Final[set[str]] = set()

    def __iter__(self) -> Iterator[SiteDraft]:
        return iter(self._drafts.values())

    def named(self, title: str) -> SiteDraft:
        """The site of this title, a new one if need be."""
        title = title.strip()
        draft = self._drafts.get(title.lower())
        if draft is None:
            draft = self._drafts[title.lower()] = SiteDraft(title, trunk_name(title, self._names))
        return draft

    def of(self, gateway: GatewayDraft, configuration: Item | None, told: Told) -> str:
        """The name of the site that a trunk stands at; empty where the export has none."""
        network = restricted = ""
        if configuration is not None:
            network = configuration.found.text("NetworkSiteID").strip()
            restricted = configuration.found.text("EnableLocationRestriction").strip().lower()
        title = network or gateway.site
        if not title:
            if restricted == "true":
                message = "EnableLocationRestriction needs NetworkSiteID, and there is none"
                told.lost(
                    gateway.place, f"trunk {gateway.name}", message, "give the trunk a site, and bind that"
                )
            return ""
        if network and gateway.site and network.lower() != gateway.site:
            message = f"it stands at {gateway.site} in the topology and at {network} in the network"
            told.note(gateway.place, f"trunk {gateway.name}", message, "the network was taken")
        draft = self.named(title)
        if restricted == "true" and not draft.is_bound:
            draft.is_bound = True
            message = "its calls are bound to a country that the export does not name"
            told.fill_in(
                gateway.place, f"site.{draft.name}", message, "set country, numbers or networks, and bound"
            )
        return draft.name
