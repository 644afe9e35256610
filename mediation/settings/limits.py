"""How much a trunk or a site's line carries: settings."""

from dataclasses import dataclass, field

from mediation.rtp.bandwidth import Layer
from mediation.rtp.tunnels import Vpn
from mediation.settings.story import setting, story


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Limits on the calls of one trunk, beside max_calls; attempts count as calls."""

    calls_in: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time that come from it; 0: no limit."
    )
    calls_out: int = setting(0, low=0, high=1_000_000, doc="Most calls at a time that go to it; 0: no limit.")
    calls_per_s: float = setting(
        0.0,
        low=0,
        high=10_000,
        doc="Most new calls in a second, both ways together, on average; 0: no limit.",
    )
    burst: int = setting(
        10, low=1, high=10_000, doc="New calls that may come at once before calls_per_s holds them back."
    )
    reserve: int = setting(
        0,
        low=0,
        high=10_000,
        doc="Calls of max_calls and calls_out that are kept free of all calls but those for help (emergency routes).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line that calls share, counted by what they take on the wire, each way."""

    kbps: int = setting(
        0, low=0, high=100_000_000, doc="Bandwidth for audio, each way, in kbit/s; 0: no limit."
    )
    layer: Layer = field(
        default=Layer.ETHERNET,
        metadata=story("Up to where octets are counted: ip, ethernet, or line (with preamble and gap)."),
    )
    vlan: bool = setting(False, doc="Its frames bear the tag of IEEE 802.1Q.")
    vpn: Vpn = field(default=Vpn.NONE, metadata=story("The tunnel that it runs through."))
