"""Media bypass, as settings: whether audio may go straight between a front end and a gateway, past this server."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.peer_media import PeerMedia
from mediation.settings.story import setting, story
from mediation.settings.words import check_address, check_name_if_any


class BypassMode(StrEnum):
    """Between which places audio may go past us."""

    OFF = "off"
    BY_SITE = "by-site"
    ALWAYS = "always"


class TrunkBypass(StrEnum):
    """Whether a trunk takes part."""

    OFF = "off"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """What holds for all calls."""

    mode: BypassMode = field(
        default=BypassMode.OFF,
        metadata=story(
            "Audio straight between both parties, past this server: off, by-site (where both are at one site, or at "
            "sites of one bypass_group) or always. It needs bypass = "
            '"allowed" in the trunk\'s media too. Signalling goes through us as ever; each party then learns the other '
            "one's address for audio, and nothing else of it."
        ),
    )
    mid_call: bool = setting(
        True,
        doc="A call that came back through us, for music or a transfer say, or had to begin so, goes past us again "
        "when nothing needs us any more: both parties get a re-INVITE. false: it stays.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkMedia(PeerMedia):
    """Audio with one trunk, on the wire."""

    bypass: TrunkBypass = field(
        default=TrunkBypass.OFF,
        metadata=story(
            "Media bypass with this trunk: allowed or off. Calls come back through us where something needs it: other "
            "codecs or ciphers, digits that are converted, recording, music on hold, a transfer that is performed "
            "here, a fax. Meanwhile audio is neither watched nor measured here, nor counted in link."
        ),
    )
    known_termination: bool = setting(
        True,
        doc="Its audio comes from where its site, representative_ip or bypass_group says. false: from anywhere, so "
        "that nothing is known of the way there; bypass needs true.",
    )
    representative_ip: str = setting(
        "",
        check=check_address,
        doc="For bypass by site: an address that stands for its gateways, where they are not at the trunk's own site. "
        "Empty: the site is the trunk's.",
        example='"10.49.1.5"',
    )
    bypass_group: str = setting(
        "",
        check=check_name_if_any,
        doc="For bypass by site: a group of sites that it belongs to, beside its own site; trunks of one group are "
        "near each other as well, without any site. Empty: none.",
        example='"campus"',
    )
