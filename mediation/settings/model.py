"""The configuration as frozen values; every field has its unit, its default, its bounds and its meaning.

This file is the one source: the checks, the JSON Schema and `config/mediation.toml` are all made from it.
Building these values by hand checks nothing; `mediation.settings.read` is the way from a file.
"""

from dataclasses import dataclass, field

from mediation.settings.bypass import Bypass
from mediation.settings.dns import Dns
from mediation.settings.peers import Gateway, Internal, Side
from mediation.settings.places import Listener
from mediation.settings.policy import PolicyHook
from mediation.settings.recording import Recordings
from mediation.settings.routes import Route
from mediation.settings.server import Cdr, Log, Media, Metrics, Sip
from mediation.settings.story import story
from mediation.settings.trunks import Site, Trunk, TrunkTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One whole configuration. A call keeps the one that it began with."""

    internal: Internal = field(metadata=story("Toward the front-end servers."))
    gateway: Gateway = field(metadata=story("Toward the ITSPs."))
    trunks: tuple[Trunk, ...] = field(
        metadata=story("An ITSP; one [[trunk]] for each.", at_least=1, key="trunk")
    )
    routes: tuple[Route, ...] = field(
        default=(),
        metadata=story(
            "Which trunks carry which numbers; the first that matches wins. Numbers are ours here: after the rules of "
            "the trunk that they came from. "
            "Without any [[route]], every number may go to every trunk, in the order of this file.",
            key="route",
        ),
    )
    sites: tuple[Site, ...] = field(
        default=(),
        metadata=story(
            "A site: where users and trunks are, and what they have in common. Only where it makes a difference.",
            key="site",
        ),
    )
    trunk_defaults: TrunkTerms = field(
        default=TrunkTerms(),
        metadata=story(
            "Any setting of [[trunk]] but name, targets, trusted, trusted_names, local and site, for all trunks where "
            "neither they nor their site say otherwise. A list is taken over as a whole.",
            like="[[trunk]]",
        ),
    )
    media: Media = field(default=Media(), metadata=story("Audio, on both sides."))
    bypass: Bypass = field(
        default=Bypass(), metadata=story("Audio that goes straight between both parties (media bypass).")
    )
    sip: Sip = field(default=Sip(), metadata=story("Signalling, on both sides."))
    dns: Dns = field(default=Dns(), metadata=story("How names of targets are looked up."))
    policy: PolicyHook = field(
        default=PolicyHook(),
        metadata=story(
            "Somebody of yours who may choose or refuse each new call, after numbers, routes and sites are decided. "
            "See the README."
        ),
    )
    cdr: Cdr = field(default=Cdr(), metadata=story("Call records."))
    recording: Recordings = field(
        default=Recordings(),
        metadata=story(
            "Recording of calls by rule. Whoever records must know the law of every country that the parties are in."
        ),
    )
    metrics: Metrics = field(default=Metrics(), metadata=story("Figures for Prometheus."))
    log: Log = field(default=Log(), metadata=story("The log, on standard error."))

    def __post_init__(self) -> None:
        if not self.routes:
            every = Route(trunks=tuple(trunk.name for trunk in self.trunks))
            object.__setattr__(self, "routes", (every,))

    def interface(self, side: Side) -> "Internal | Gateway":
        """Return what both sides have, for one of them."""
        return self.internal if side is Side.FRONT_END else self.gateway

    def listeners_of(self, trunk: Trunk) -> tuple[Listener, ...]:
        """The listeners that calls of a trunk come and go by, in their order."""
        own = {(each.transport, each.endpoint) for each in trunk.local}
        listen = self.gateway.listen
        return tuple(each for each in listen if (each.transport, each.endpoint) in own) if own else listen

    @property
    def speaks_wide(self) -> bool:
        """Whether any peer may speak a wide codec."""
        return any(each.is_wide for peer in (self.internal, *self.trunks) for each in peer.codecs)

    def trunk(self, name: str) -> Trunk:
        """Return the trunk of this name; KeyError without one."""
        for trunk in self.trunks:
            if trunk.name == name:
                return trunk
        raise KeyError(name)
