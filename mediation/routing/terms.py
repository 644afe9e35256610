"""On what terms we speak with one peer: the policy of a leg, whichever way the call goes."""

from dataclasses import dataclass, field, replace

from mediation.routing.translation import AS_IT_IS, NumberPlan
from mediation.sdp.capabilities import Capabilities
from mediation.sdp.crypto import SrtpMode
from mediation.settings.announcements import Announcement
from mediation.settings.identity import USUAL_IDENTITY, HeaderRule, Identity
from mediation.settings.peer_media import Dtmf, InfoBody, Latching
from mediation.settings.peer_terms import (
    Bodies,
    EarlyMedia,
    MidCall,
    Redirects,
    Reliability,
    SessionTimers,
    TransferMode,
    Transfers,
)
from mediation.settings.peers import Internal, Side
from mediation.settings.screening import USUAL_SCREENING, Screening
from mediation.settings.trunks import Trunk
from mediation.sip.digest_client import Credentials
from mediation.sip.flow import Transport
from mediation.sip.session_timer import TimerMode, TimerPolicy

_ALLOW = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "NOTIFY",
    "INFO",
    "MESSAGE",
    "REFER",
    "SUBSCRIBE",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a leg may offer and take, and who we are when its peer asks."""

    side: Side
    capabilities: Capabilities
    credentials: Credentials | None = None
    """None: challenges are not answered, so that nobody inside learns a hash of ours by asking."""
    session_timer: SessionTimers = field(default_factory=SessionTimers)
    early_media: EarlyMedia = field(default_factory=EarlyMedia)
    mid_call: MidCall = field(default_factory=MidCall)
    bodies: Bodies = field(default_factory=Bodies)
    transfer: Transfers = field(default_factory=Transfers)
    redirect: Redirects = field(default_factory=Redirects)
    identity: Identity = USUAL_IDENTITY
    """What is believed of the peer, and what it is told."""
    headers: tuple[HeaderRule, ...] = ()
    """What becomes of single headers from and to the peer."""
    numbers: NumberPlan = AS_IT_IS
    """How the peer writes numbers."""
    screening: Screening = USUAL_SCREENING
    """Which callers it may not show to us, or we to it."""
    keys_without_tls: bool = False
    """Whether keys for SRTP may be said where they can be read on the way."""
    dscp: int = 0
    """Mark of audio packets to the peer (RFC 2474 section 3)."""
    fill_silence: bool = False
    """Whether noise is made for the peer where it takes no comfort noise."""
    repacketize: bool = False
    """Whether it gets packets of the length that it asks for alone."""
    dtmf: Dtmf = Dtmf.RTP
    """How digits go where telephone-event is not agreed on."""
    dtmf_info: InfoBody = InfoBody.RELAY
    """How INFO says them."""
    latching: Latching = Latching.SDP_IP
    """From where audio is taken."""
    jitter_buffer_ms: int = 0
    """How long its audio is held, to go on evenly."""
    announcements: tuple[Announcement, ...] = ()
    """What its callers hear before they are refused."""

    @classmethod
    def of(cls, peer: Trunk | Internal) -> "Terms":
        """The terms of a trunk, or of the front-end servers."""
        media = peer.media
        capabilities = Capabilities(
            tuple(map(str, peer.codecs)),
            peer.telephone_event,
            peer.ptime_ms,
            media.srtp,
            () if media.srtp is SrtpMode.OFF else media.srtp_suites,
            media.srtp_twins,
            media.rtcp_mux,
            media.rtcp_rsize,
            media.comfort_noise,
            media.rtcp_xr,
        )
        side, credentials, numbers, screening = Side.FRONT_END, None, AS_IT_IS, USUAL_SCREENING
        if isinstance(peer, Trunk):
            side, numbers, screening = Side.GATEWAY, NumberPlan.of(peer), peer.screening
            if peer.username:
                credentials = Credentials(peer.username, peer.password.text, peer.realm or None)
        return cls(
            side,
            capabilities,
            credentials,
            peer.session_timer,
            peer.early_media,
            peer.mid_call,
            peer.bodies,
            peer.transfer,
            peer.redirect,
            peer.identity,
            peer.headers,
            numbers,
            screening,
            media.srtp_without_tls,
            media.dscp,
            media.fill_silence,
            media.repacketize,
            media.dtmf,
            media.dtmf_info,
            media.latching,
            media.jitter_buffer_ms,
            peer.announcements,
        )

    def capabilities_over(self, transport: Transport) -> Capabilities:
        """What may be offered and taken there: no keys where anybody on the way can read them (RFC 4568 section 7).

        Where SRTP is required without keys nothing can be agreed on.
        """
        capabilities = self.capabilities
        if transport is Transport.TLS or self.keys_without_tls or capabilities.srtp is SrtpMode.OFF:
            return capabilities
        left = SrtpMode.REQUIRED if capabilities.srtp is SrtpMode.REQUIRED else SrtpMode.OFF
        return replace(capabilities, srtp=left, suites=())

    @property
    def timer_policy(self) -> TimerPolicy:
        """How session timers are held (RFC 4028)."""
        timers = self.session_timer
        return TimerPolicy(timers.mode, timers.expires_s, timers.min_se_s, timers.refresher)

    @property
    def allow(self) -> str:
        """The methods that we take from this peer (RFC 3261 section 20.5): what it does not see, it does itself.

        SUBSCRIBE belongs to REFER, whose reports it renews and ends.
        """
        left_out = set()
        if self.transfer.mode is TransferMode.OFF:
            left_out |= {"REFER", "SUBSCRIBE"}
        if not self.mid_call.info:
            left_out |= {"MESSAGE"} if self.dtmf is Dtmf.INFO else {"INFO", "MESSAGE"}
        return ", ".join(method for method in _ALLOW if method not in left_out)

    @property
    def allow_outside(self) -> str:
        """The methods that we take outside of calls: no subscription begins with us."""
        return ", ".join(method for method in self.allow.split(", ") if method != "SUBSCRIBE")

    def allow_without(self, method: str) -> str:
        """The methods that we take where this one is refused (RFC 3261 section 21.4.6)."""
        return ", ".join(each for each in self.allow_outside.split(", ") if each != method)

    @property
    def option_tags(self) -> tuple[str, ...]:
        """The extensions that we know with this peer (RFC 3261 section 19.2): what Supported says and Require may."""
        tags = []
        if self.early_media.reliable is not Reliability.OFF:
            tags.append("100rel")
        if self.session_timer.mode is not TimerMode.OFF:
            tags.append("timer")
        if self.transfer.replaces:
            tags.append("replaces")
        if self.transfer.mode is not TransferMode.OFF:
            tags.append("norefersub")
        return tuple(tags)
