"""The configuration as frozen values; every field has its unit, its default, its bounds and its meaning.

This file is the one source: the checks, the JSON Schema and `config/mediation.toml` are all made from it.
Building these values by hand checks nothing; `mediation.settings.read` is the way from a file.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.settings.connection import CONNECTION_DOC, WITHOUT_VPN_DOC, Connection
from mediation.settings.dns import Dns
from mediation.settings.health import Health
from mediation.settings.hours import Hours, check_time_zone
from mediation.settings.identity import HEADER_DOC, HeaderRule, InternalIdentity, TrunkIdentity
from mediation.settings.kept import NO_SECRET as NO_SECRET
from mediation.settings.kept import Secret as Secret
from mediation.settings.limits import CallLimits, Link
from mediation.settings.numbers import NUMBER_DOC, STRIP_PLUS_DOC, NumberRule
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peer_terms import Bodies, EarlyMedia, MidCall, Redirects, SessionTimers, Transfers
from mediation.settings.places import AnyTarget, Listener, Network, Target, addresses
from mediation.settings.policy import PolicyHook
from mediation.settings.recording import Recordings
from mediation.settings.registration import Registration
from mediation.settings.responses import RESPONSE_DOC, ResponseRule
from mediation.settings.server import Cdr, Log, Media, Metrics, Sip
from mediation.settings.story import setting, story
from mediation.settings.tls import Tls
from mediation.settings.words import (
    check_country,
    check_failover_code,
    check_match,
    check_name,
    check_number_start,
    check_tls_name,
    check_username,
)
from mediation_codecs.law import Law


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

BOTH_LAWS: Final = (Law.PCMU, Law.PCMA)

CODECS_DOC: Final = "G.711 laws to offer and to take, the preferred one first."
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
LIMITS_DOC: Final = (
    "How many calls it takes: the next trunk gets a call that it has no room for, and after the last 503."
)
LINK_DOC: Final = "The line to it, counted by what its calls take on the wire."
SITE_LINK_DOC: Final = "The line between us and the users of this site, which all calls of the site share."
PEER_MEDIA_DOC: Final = "Audio with this peer, on the wire."
HEALTH_DOC: Final = "How it is found out whether a target serves, and what follows from it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What both interfaces have."""

    listen: tuple[Listener, ...]
    rtp_ports: tuple[int, int]
    """First and last port: even and odd, so that every RTP port has its RTCP port (RFC 3550 section 11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal(Interface):
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
            at_least=1,
            example='["sip:127.0.0.20:5060"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks that may place calls here. Default: the addresses of targets. []: nobody.",
        example='["127.0.0.20", "127.0.1.0/24"]',
    )
    no_progress_s: int = setting(10, low=1, high=32, doc=NO_PROGRESS_DOC)
    codecs: tuple[Law, ...] = setting(BOTH_LAWS, at_least=1, doc=CODECS_DOC)
    rtp_ports: tuple[int, int] = setting(
        (20000, 29999),
        low=1024,
        high=65535,
        doc="First and last port for audio: even and odd, two for each call.",
    )
    telephone_event: bool = setting(True, doc=EVENTS_DOC)
    ptime_ms: int = setting(20, low=10, high=60, step=10, doc=PTIME_DOC)
    large_requests: LargeRequests = field(default=LargeRequests.TCP, metadata=story(LARGE_DOC))
    keepalive_s: int = setting(0, low=0, high=3600, doc=KEEPALIVE_DOC)
    reuse_connections: bool = setting(False, doc=REUSE_DOC)
    tcp_idle_s: int = setting(900, low=32, high=86400, doc=IDLE_DOC)
    dscp: int = setting(24, low=0, high=63, doc=DSCP_DOC)
    tls: Tls = field(default=Tls(), metadata=story(TLS_DOC))
    session_timer: SessionTimers = field(default=SessionTimers(), metadata=story(SESSION_TIMER_DOC))
    early_media: EarlyMedia = field(default=EarlyMedia(), metadata=story(EARLY_MEDIA_DOC))
    mid_call: MidCall = field(default=MidCall(), metadata=story(MID_CALL_DOC))
    bodies: Bodies = field(default=Bodies(), metadata=story(BODIES_DOC))
    transfer: Transfers = field(default=Transfers(), metadata=story(TRANSFER_DOC))
    redirect: Redirects = field(default=Redirects(), metadata=story(REDIRECT_DOC))
    media: PeerMedia = field(default=PeerMedia(), metadata=story(PEER_MEDIA_DOC))
    health: Health = field(default=Health(), metadata=story(HEALTH_DOC))
    identity: InternalIdentity = field(
        default=InternalIdentity(),
        metadata=story("What is believed of front-end servers, and what they are told."),
    )
    headers: tuple[HeaderRule, ...] = field(default=(), metadata=story(HEADER_DOC, key="header"))

    @property
    def addressed(self) -> tuple[Target, ...]:
        """The targets that the file has by their addresses."""
        return tuple(each for each in self.targets if isinstance(each, Target))

    def __post_init__(self) -> None:
        if isinstance(self.trusted, OfTargets):
            object.__setattr__(self, "trusted", OfTargets(addresses(self.targets)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Interface):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTerms:
    """What trunks may have in common: given by a trunk itself, or by its site, or for all of them."""

    codecs: tuple[Law, ...] = setting(BOTH_LAWS, at_least=1, doc=CODECS_DOC)
    max_calls: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time, both ways together; 0: no limit."
    )
    limits: CallLimits = field(default=CallLimits(), metadata=story(LIMITS_DOC))
    link: Link = field(default=Link(), metadata=story(LINK_DOC))
    no_progress_s: int = setting(10, low=1, high=32, doc=NO_PROGRESS_DOC)
    failover_codes: tuple[int, ...] = setting(
        (408, 500, 502, 503, 504),
        low=400,
        high=699,
        check=check_failover_code,
        doc="Final responses that try the next target or trunk. Never 486, 487 or any 6xx. []: none.",
    )
    failover_causes: tuple[int, ...] = setting(
        (34, 38, 41, 42, 44, 47),
        low=1,
        high=127,
        doc="ITU-T Q.850 values in the Reason header (RFC 3326) of a final response 400 to 599 that try the next "
        "target or trunk as well, whatever the code. Not with 486, 487, 401 or 407. []: none.",
    )
    connection: Connection = field(default=Connection.PRIVATE, metadata=story(CONNECTION_DOC))
    internet_without_vpn: bool = setting(False, doc=WITHOUT_VPN_DOC)
    tls_name: str = setting(
        "",
        check=check_tls_name,
        doc="Over TLS: the name that its certificate must bear, and that we ask it for (SNI). Empty: see "
        "[gateway.tls].",
        example='"sbc.itsp.example"',
    )
    telephone_event: bool = setting(True, doc=EVENTS_DOC)
    ptime_ms: int = setting(20, low=10, high=60, step=10, doc=PTIME_DOC)
    large_requests: LargeRequests = field(default=LargeRequests.TCP, metadata=story(LARGE_DOC))
    keepalive_s: int = setting(0, low=0, high=3600, doc=KEEPALIVE_DOC)
    reuse_connections: bool = setting(False, doc=REUSE_DOC)
    username: str = setting(
        "",
        check=check_username,
        doc="Who we are when the ITSP asks (401 or 407, RFC 7616). Empty: its challenges are not answered.",
        example='"trunk-4711"',
    )
    password: Secret = field(
        default=NO_SECRET,
        metadata=story(
            'Where the password is: "file:PATH", "env:NAME" or "credential:NAME"; never the password itself.',
            example='"file:/etc/mediation/itsp-a.secret"',
        ),
    )
    realm: str = setting(
        "", doc="The one realm that is answered; others are strangers to us. Empty: whichever asks."
    )
    authenticate: bool = setting(
        False, doc="Its calls must bear the same user name and password: they are challenged (401, RFC 7616)."
    )
    strip_plus: bool = setting(False, doc=STRIP_PLUS_DOC)
    usages: tuple[str, ...] = setting(
        (),
        check=check_name,
        doc="Its calls may leave again by routes with one of these usages (transit); numbers without such a route go "
        "to the front ends. []: all go to the front ends.",
        example='["transit"]',
    )
    registration: Registration = field(
        default=Registration(),
        metadata=story("Registration with this ITSP (RFC 3261 section 10, SIPconnect's registering mode)."),
    )
    session_timer: SessionTimers = field(default=SessionTimers(), metadata=story(SESSION_TIMER_DOC))
    early_media: EarlyMedia = field(default=EarlyMedia(), metadata=story(EARLY_MEDIA_DOC))
    mid_call: MidCall = field(default=MidCall(), metadata=story(MID_CALL_DOC))
    bodies: Bodies = field(default=Bodies(), metadata=story(BODIES_DOC))
    transfer: Transfers = field(default=Transfers(), metadata=story(TRANSFER_DOC))
    redirect: Redirects = field(default=Redirects(), metadata=story(REDIRECT_DOC))
    media: PeerMedia = field(default=PeerMedia(), metadata=story(PEER_MEDIA_DOC))
    health: Health = field(default=Health(), metadata=story(HEALTH_DOC))
    identity: TrunkIdentity = field(
        default=TrunkIdentity(), metadata=story("What is believed of this ITSP, and what it is told.")
    )
    headers: tuple[HeaderRule, ...] = field(default=(), metadata=story(HEADER_DOC, key="header"))
    numbers: tuple[NumberRule, ...] = field(default=(), metadata=story(NUMBER_DOC, key="number"))
    responses: tuple[ResponseRule, ...] = field(default=(), metadata=story(RESPONSE_DOC, key="response"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk(TrunkTerms):
    """One ITSP, as one or more session border controllers of it."""

    name: str = field(
        metadata=story(
            "Its name in routes, logs and call records: small letters, digits and hyphens.",
            check=check_name,
            example='"itsp-a"',
        )
    )
    targets: tuple[AnyTarget, ...] = field(
        metadata=story(
            'Its session border controllers, in order of preference: "sip:ADDRESS:PORT", or "sip:NAME" for all that '
            'the DNS knows by that name (NAPTR, SRV, A, AAAA; RFC 3263), "sip:NAME:PORT" for its addresses; with '
            '";transport=tcp" or ";transport=tls" where that is meant, "sips:" for TLS.',
            at_least=1,
            example='["sip:127.0.0.30:5060", "sip:127.0.0.31:5060;transport=tcp"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks its calls come from. Default: addresses of targets. []: it places none.",
        example='["127.0.0.30", "127.0.0.31"]',
    )
    local: tuple[Listener, ...] = setting(
        (),
        doc="Those of [gateway] listen that its calls come and go by, by transport, address and port: several trunks "
        "may share a gateway, each by a socket of ours of its own. []: all of them.",
        example='["udp:10.0.0.5:5080"]',
    )
    site: str = setting(
        "",
        doc="Name of the [[site]] that it stands at, whose settings for trunks it takes over. Empty: none.",
        example='"berlin"',
    )

    @property
    def addressed(self) -> tuple[Target, ...]:
        """The targets that the file has by their addresses."""
        return tuple(each for each in self.targets if isinstance(each, Target))

    def __post_init__(self) -> None:
        if isinstance(self.trusted, OfTargets):
            object.__setattr__(self, "trusted", OfTargets(addresses(self.targets)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place with users, trunks, or both."""

    name: str = field(
        metadata=story(
            "Its name, which trunks give as their site: small letters, digits and hyphens.",
            check=check_name,
            example='"berlin"',
        )
    )
    country: str = setting(
        "",
        check=check_country,
        doc="Country that it lies in, in two letters (ISO 3166-1). Empty: not said.",
        example='"DE"',
    )
    numbers: tuple[str, ...] = setting(
        (),
        check=check_number_start,
        doc="What the numbers of its users begin with, as we write them. A call belongs to the site whose beginning is "
        "the longest that fits whoever calls, or has sent the call on.",
        example='["+493012", "+493013"]',
    )
    networks: tuple[Network, ...] = setting(
        (),
        doc="Addresses or networks of its front-end servers: their calls belong to the site as well.",
        example='["10.49.0.0/16"]',
    )
    bound: bool = setting(
        False,
        doc="Its calls leave through trunks at sites of its own country and no others, failover and transfers "
        "included. Needs country.",
    )
    usages: tuple[str, ...] = setting(
        (),
        check=check_name,
        doc="Its calls go by routes with one of these usages, and by those for help. []: by all.",
        example='["national"]',
    )
    local_first: bool = setting(
        False,
        doc="Of the trunks of a route, those at this site are tried first for its calls; the order is the route's "
        "otherwise.",
    )
    link: Link = field(default=Link(), metadata=story(SITE_LINK_DOC))
    trunk_defaults: TrunkTerms = field(
        default=TrunkTerms(),
        metadata=story(
            "Any setting of [[trunk]] but name, targets, trusted and site, for trunks at this site that do not say "
            "otherwise.",
            like="[[trunk]]",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which trunks carry calls to which numbers; the first route that matches wins, in the order of priority."""

    match: str = setting(
        "",
        doc="RE2 pattern, searched for in the called number: anchor it with ^ and $. Empty: every number.",
        check=check_match,
        example='"^\\\\+?[0-9]+$"',
    )
    trunks: tuple[str, ...] = field(
        metadata=story("Names of trunks, in order of preference.", at_least=1, example='["itsp-a"]')
    )
    priority: int = setting(
        0,
        low=0,
        high=65535,
        doc="Routes are asked from the lowest to the highest; equal ones in the order of the file.",
    )
    weights: tuple[int, ...] = setting(
        (),
        low=0,
        high=65535,
        doc="One for each trunk: who is tried first is drawn for each call with chances like these, and so on for the "
        "next (RFC 2782). 0: only when no other is left. []: always in the order of trunks.",
        example="[70, 30]",
    )
    prefixes: tuple[str, ...] = setting(
        (),
        check=check_number_start,
        doc="Beginnings of the called number, one of which must fit beside match. Of routes with equal priority, the "
        "one with the longest is asked first. []: none is asked for.",
        example='["+4930", "+4940"]',
    )
    cost: float = setting(
        0.0,
        low=0,
        high=1_000_000,
        doc="What a minute costs, in whatever unit: of routes with equal priority and beginnings of equal length, the "
        "cheapest is asked first.",
        example="0.012",
    )
    then_next: bool = setting(
        False, doc="When its trunks are exhausted, the next route that fits is tried as well."
    )
    usages: tuple[str, ...] = setting(
        (),
        check=check_name,
        doc="Words for what it is used for: trunks and sites name those that their calls may use. []: it is for calls "
        "of front ends at sites without usages.",
        example='["national", "transit"]',
    )
    hours: tuple[Hours, ...] = setting(
        (),
        doc="When it is open; hours over midnight belong to the day that they begin on. []: always.",
        example='["mon-fri 08:00-18:00", "sat 09:00-12:00"]',
    )
    time_zone: str = setting(
        "UTC", check=check_time_zone, doc="Whose time hours are in.", example='"Europe/Berlin"'
    )
    emergency: bool = setting(
        False,
        doc="Calls for help: no limit on calls, rate or bandwidth refuses them, every caller inside may use it, and "
        "trunks at the caller's site come first.",
    )


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
            "Any setting of [[trunk]] but name, targets, trusted and site, for all trunks where neither they nor their "
            "site say otherwise. A list is taken over as a whole.",
            like="[[trunk]]",
        ),
    )
    media: Media = field(default=Media(), metadata=story("Audio, on both sides."))
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

    def trunk(self, name: str) -> Trunk:
        """Return the trunk of this name; KeyError without one."""
        for trunk in self.trunks:
            if trunk.name == name:
                return trunk
        raise KeyError(name)
