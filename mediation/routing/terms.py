"""On what terms we speak with one peer: the policy of a leg, whichever way the call goes."""

from dataclasses import dataclass

from mediation.sdp.negotiation import Capabilities
from mediation.settings.identity import USUAL_IDENTITY, HeaderRule, Identity
from mediation.settings.model import Internal, Side, Trunk
from mediation.sip.digest_client import Credentials


@dataclass(frozen=True, slots=True)
class Terms:
    """What a leg may offer and take, and who we are when its peer asks."""

    side: Side
    capabilities: Capabilities
    credentials: Credentials | None = None
    """None: challenges are not answered, so that nobody inside learns a hash of ours by asking."""
    identity: Identity = USUAL_IDENTITY
    """What is believed of the peer, and what it is told."""
    headers: tuple[HeaderRule, ...] = ()
    """What becomes of single headers from and to the peer."""

    @classmethod
    def of(cls, peer: Trunk | Internal) -> "Terms":
        """The terms of a trunk, or of the front-end servers."""
        capabilities = Capabilities(
            tuple(str(law) for law in peer.codecs), peer.telephone_event, peer.ptime_ms
        )
        if not isinstance(peer, Trunk):
            return cls(Side.FRONT_END, capabilities, None, peer.identity, peer.headers)
        credentials = None
        if peer.username:
            credentials = Credentials(peer.username, peer.password.text, peer.realm or None)
        return cls(Side.GATEWAY, capabilities, credentials, peer.identity, peer.headers)
