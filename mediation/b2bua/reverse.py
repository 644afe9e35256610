"""Connections that a peer has opened to us and that our calls go by, where nothing else leads to it (RFC 5923).

Only of peers that are known by their certificates, whose settings allow it (`reuse_connections`), and that ask so by
`alias` in a Via of theirs. Such a connection is a target like any other while it stands: it is asked by OPTIONS, and it
has a health.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mediation.routing.admission import Source
from mediation.routing.directory import FRONT_END_POOL, Directory
from mediation.settings.model import Settings
from mediation.settings.places import Target
from mediation.sip.flow import Flow
from mediation.sip.message import Request


@dataclass(slots=True)
class _Standing:
    """One connection."""

    holder: str
    target: Target
    leads_back: bool = False
    """Whether it is a target."""


class Reverse:
    """Those of one engine."""

    def __init__(self, settings: Settings, directory: Directory, moved: Callable[[str, float], None]) -> None:
        """`moved`: somebody has other targets from now on."""
        self._settings = settings
        self._directory = directory
        self._moved = moved
        self._standing: dict[int, _Standing] = {}

    def stands(self, flow: Flow, source: Source) -> None:
        """Somebody who is known by its name has connected to us."""
        peer = self._settings.internal if source.trunk is None else source.trunk
        if flow.connection is not None and peer.reuse_connections:
            holder = FRONT_END_POOL if source.trunk is None else source.trunk.name
            self._standing[flow.connection] = _Standing(
                holder, Target.connected(source.name, flow.remote, flow.local)
            )

    def heard(self, request: Request, flow: Flow, now: float) -> None:
        """A request has come: it may ask for the connection to be used both ways (section 5)."""
        standing = self._standing.get(flow.connection or 0)
        if standing is None or standing.leads_back or not request.top_via.parameters.has("alias"):
            return
        standing.leads_back = True
        self._directory.connect(standing.holder, standing.target)
        self._moved(standing.holder, now)

    def gone(self, flow: Flow, now: float) -> None:
        """A connection is no more."""
        standing = self._standing.pop(flow.connection or 0, None)
        if standing is not None and standing.leads_back:
            self._directory.disconnect(standing.holder, standing.target)
            self._moved(standing.holder, now)
