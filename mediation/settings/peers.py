"""Who we speak with, as settings: the two interfaces, and what is said of every peer in the same words."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.settings.announcements import ANNOUNCEMENT_DOC, Announcement
from mediation.settings.health import Health
from mediation.settings.identity import HEADER_DOC, HeaderRule, InternalIdentity
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peer_terms import Bodies, EarlyMedia, MidCall, Redirects, SessionTimers, Transfers
from mediation.settings.places import AnyTarget, Listener, Network, Target, addresses
from mediation.settings.story import setting, story
from mediation.settings.tls import Tls
from mediation.settings.words import check_peer_name
from mediation_codecs.codec import Codec


class Side(StrEnum):
    """The two interfaces of a Mediation Server."""

    FRONT_END = "front-end"
    GATEWAY = "gateway"


class LargeRequests(StrEnum):
    """How a request is sent that is large for a datagram."""

    TCP = "tcp"
    UDP = "udp"


class OfTargets(tuple[Network, ...]):
    """Default of `trusted`: the addresses of the targets. Those of names come and go, and are not in it."""

    __slots__ = ()


FROM_TARGETS: Final = OfTargets()
"""Replaced by the addresses of the targets at once."""

BOTH_LAWS: Final = (Codec.PCMU, Codec.PCMA)

CODECS_DOC: Final = (
    "Codecs to offer and to take, the preferred one first: PCMU and PCMA (G.711), G722 and opus. The last two are "
    "transcoded (media.wide_parties says for how many parties). They are taken from who offers no G.711, or, where one "
    "of them stands first, from everybody."
)
PTIME_DOC: Final = "Length of audio in one RTP packet that we ask for and send, in milliseconds."
NO_PROGRESS_DOC: Final = "A target that answers nothing but 100 for so many seconds is left for the next one."
EVENTS_DOC: Final = "Offer and take telephone-event, DTMF digits as RTP (RFC 4733)."
LARGE_DOC: Final = (
    "tcp: a request above 1300 octets for a UDP target goes by TCP, and by UDP if TCP is refused (RFC 3261 section "
    "18.1.1); it needs a tcp: listener. udp: it stays on UDP, in several IP packets."
)
KEEPALIVE_DOC: Final = (
    "Seconds between keep-alives: over UDP to each target, over TCP and TLS by the connections that we have opened, "
    "which are closed when nothing is heard within 10 s (RFC 5626 section 4.4.1). 0: none."
)
REUSE_DOC: Final = (
    "Over TLS: one connection for the requests of both sides (alias, RFC 5923). Theirs is used for ours when the "
    "certificate is one that we would take of whom we connect to."
)
DSCP_DOC: Final = (
    "Mark of the IP packets of signalling (DSCP, RFC 2474): 24 is CS3, usual for signalling. 0: none. The mark of "
    "audio stands in media."
)
NAMES_DOC: Final = (
    "Names of which a certificate bears one, whatever address it comes from, and its calls are taken over TLS (RFC "
    "5922), beside those from the addresses of targets. Where trusted is written both must be right, name and address; "
    "trusted = [] there: by name alone. With reuse_connections our calls go by a connection that it has opened, if it "
    "asks so (alias, RFC 5923), where none of its targets is reached; targets may be [] then."
)
IDLE_DOC: Final = "A TCP or TLS connection on which nothing was sent or heard for so many seconds is closed."

TLS_DOC: Final = "Certificates for TLS, which needs certificate and private_key."
SESSION_TIMER_DOC: Final = "Session timers with this peer (RFC 4028)."
EARLY_MEDIA_DOC: Final = "Between INVITE and answer."
MID_CALL_DOC: Final = "What may change while a call is up."
BODIES_DOC: Final = (
    "What stands in a body beside the session description; it crosses where both peers' settings say so."
)
TRANSFER_DOC: Final = "Call transfer by this peer, and to it."
REDIRECT_DOC: Final = "Redirection (3xx) by this peer."
PEER_MEDIA_DOC: Final = "Audio with this peer, on the wire."
HEALTH_DOC: Final = "How it is found out whether a target serves, and what follows from it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What is said of every peer, of the front-end servers and of each trunk, in the same words."""

    codecs: tuple[Codec, ...] = setting(BOTH_LAWS, at_least=1, doc=CODECS_DOC)
    no_progress_s: int = setting(10, low=1, high=32, doc=NO_PROGRESS_DOC)
    telephone_event: bool = setting(True, doc=EVENTS_DOC)
    ptime_ms: int = setting(20, low=10, high=60, step=10, doc=PTIME_DOC)
    large_requests: LargeRequests = field(default=LargeRequests.TCP, metadata=story(LARGE_DOC))
    keepalive_s: int = setting(0, low=0, high=3600, doc=KEEPALIVE_DOC)
    reuse_connections: bool = setting(False, doc=REUSE_DOC)
    session_timer: SessionTimers = field(default=SessionTimers(), metadata=story(SESSION_TIMER_DOC))
    early_media: EarlyMedia = field(default=EarlyMedia(), metadata=story(EARLY_MEDIA_DOC))
    mid_call: MidCall = field(default=MidCall(), metadata=story(MID_CALL_DOC))
    bodies: Bodies = field(default=Bodies(), metadata=story(BODIES_DOC))
    transfer: Transfers = field(default=Transfers(), metadata=story(TRANSFER_DOC))
    redirect: Redirects = field(default=Redirects(), metadata=story(REDIRECT_DOC))
    media: PeerMedia = field(default=PeerMedia(), metadata=story(PEER_MEDIA_DOC))
    health: Health = field(default=Health(), metadata=story(HEALTH_DOC))
    headers: tuple[HeaderRule, ...] = field(default=(), metadata=story(HEADER_DOC, key="header"))
    announcements: tuple[Announcement, ...] = field(
        default=(), metadata=story(ANNOUNCEMENT_DOC, key="announcement")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal(Peer):
    """The interface toward the front-end servers."""

    listen: tuple[Listener, ...] = field(
        metadata=story(
            'Where SIP arrives: "udp:ADDRESS:PORT", "tcp:ADDRESS:PORT" or "tls:ADDRESS:PORT", IPv6 in brackets. '
            'Audio uses the same address. Behind it, where peers must call us otherwise: "as NAME", with ":PORT" if '
            'that differs, for Via and Contact; "audio ADDRESS" for SDP, unless the name is an address. "on '
            'INTERFACE": bound to that network interface, and its audio as well.',
            at_least=1,
            example='["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]',
        )
    )
    targets: tuple[AnyTarget, ...] = field(
        metadata=story(
            "Front-end servers that calls from the trunks go to, in order of preference, by address or by name: see "
            "[[trunk]].",
            example='["sip:127.0.0.20:5060"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks that may place calls here. Default: the addresses of targets. []: nobody.",
        example='["127.0.0.20", "127.0.1.0/24"]',
    )
    trusted_names: tuple[str, ...] = setting(
        (), check=check_peer_name, doc=NAMES_DOC, example='["fe1.example.com"]'
    )
    rtp_ports: tuple[int, int] = setting(
        (20000, 29999),
        low=1024,
        high=65535,
        doc="First and last port for audio: even and odd, two for each call.",
    )
    tcp_idle_s: int = setting(900, low=32, high=86400, doc=IDLE_DOC)
    dscp: int = setting(24, low=0, high=63, doc=DSCP_DOC)
    tls: Tls = field(default=Tls(), metadata=story(TLS_DOC))
    identity: InternalIdentity = field(
        default=InternalIdentity(),
        metadata=story("What is believed of front-end servers, and what they are told."),
    )

    @property
    def addressed(self) -> tuple[Target, ...]:
        """The targets that the file has by their addresses."""
        return tuple(each for each in self.targets if isinstance(each, Target))

    def __post_init__(self) -> None:
        if isinstance(self.trusted, OfTargets):
            object.__setattr__(self, "trusted", OfTargets(addresses(self.targets)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The interface toward the ITSPs; who is behind it stands in the trunks."""

    listen: tuple[Listener, ...] = field(
        metadata=story(
            'Where SIP arrives, as in [internal]: "tls:10.0.0.5:5061 as sbc.example.com audio 192.0.2.5" behind NAT.',
            at_least=1,
            example='["udp:127.0.0.11:5060", "tcp:127.0.0.11:5060"]',
        )
    )
    rtp_ports: tuple[int, int] = setting(
        (30000, 39999),
        low=1024,
        high=65535,
        doc="First and last port for audio: even and odd, two for each call.",
    )
    tcp_idle_s: int = setting(900, low=32, high=86400, doc=IDLE_DOC)
    dscp: int = setting(24, low=0, high=63, doc=DSCP_DOC)
    tls: Tls = field(
        default=Tls(),
        metadata=story(
            f"{TLS_DOC} A target's certificate must bear the trunk's tls_name; without one, a name of peers or "
            "the target's address."
        ),
    )
