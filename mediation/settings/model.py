"""The configuration as frozen values; every field has its unit, its default, its bounds and its meaning.

This file is the one source: the checks, the JSON Schema and `config/mediation.toml` are all made from it.
Building these values by hand checks nothing; `mediation.settings.read` is the way from a file.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from mediation.settings.identity import HEADER_DOC, HeaderRule, InternalIdentity, TrunkIdentity
from mediation.settings.peer_terms import EarlyMedia, MidCall, Redirects, SessionTimers, Transfers
from mediation.settings.story import setting, story
from mediation.settings.words import (
    check_failover_code,
    check_file,
    check_http_listen,
    check_match,
    check_name,
    check_peer_name,
    check_tls_name,
    check_user_agent,
    check_username,
)
from mediation.sip.flow import Endpoint, Transport
from mediation.sip.grammar import print_host
from mediation_codecs.g711 import Law

Network = IPv4Network | IPv6Network


class Side(StrEnum):
    """The two interfaces of a Mediation Server."""

    FRONT_END = "front-end"
    GATEWAY = "gateway"


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LargeRequests(StrEnum):
    """How a request is sent that is large for a datagram."""

    TCP = "tcp"
    UDP = "udp"


class TlsVersion(StrEnum):
    """A version of TLS; older ones than these are not spoken at all."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


FROM_TARGETS: Final[tuple[Network, ...]] = (ip_network("0.0.0.0/32"),)
"""Default of `trusted`: stands for the addresses of the targets and is replaced by them at once."""

BOTH_LAWS: Final = (Law.PCMU, Law.PCMA)

CODECS_DOC: Final = "G.711 laws to offer and to take, the preferred one first."
PTIME_DOC: Final = "Length of audio in one RTP packet that we ask for and send, in milliseconds."
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
IDLE_DOC: Final = "A TCP or TLS connection on which nothing was sent or heard for so many seconds is closed."


@dataclass(frozen=True, slots=True)
class Listener:
    """One socket that SIP arrives on, and what it is called by those who are to reach it."""

    transport: Transport
    host: str
    """An IP address, without brackets, in its canonical spelling."""
    port: int
    advertised_host: str = ""
    """What Via and Contact say: a domain name, or an IP address without brackets. Empty: `host`."""
    advertised_port: int = 0
    """0: `port`."""
    audio_address: str = ""
    """What SDP says: an IP address without brackets. Empty: `advertised_host` if that is one, else `host`."""

    @property
    def endpoint(self) -> Endpoint:
        """Host and port of the socket."""
        return self.host, self.port

    @property
    def advertised(self) -> Endpoint:
        """Host and port by which peers are to reach it."""
        return self.advertised_host or self.host, self.advertised_port or self.port

    @property
    def audio_host(self) -> str:
        """The IP address by which peers are to reach our audio."""
        if self.audio_address:
            return self.audio_address
        return self.advertised_host if is_ip_address(self.advertised_host) else self.host

    @property
    def socket(self) -> str:
        """Transport, address and port, without the names."""
        return f"{self.transport}:{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        words = [self.socket]
        if self.advertised_host:
            words += ["as", print_host(self.advertised_host, self.advertised_port or None)]
        if self.audio_address:
            words += ["audio", self.audio_address]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Target:
    """One peer that SIP is sent to."""

    uri: str
    """The SIP URI as the file has it."""
    host: str
    """An IP address, without brackets, in its canonical spelling."""
    port: int
    transport: Transport

    @property
    def endpoint(self) -> Endpoint:
        """Host and port."""
        return self.host, self.port

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True, slots=True)
class Secret:
    """What must not stand in the file: where it was taken from, and the text, which no log or repr shows."""

    source: str
    """`file:PATH`, `env:NAME` or `credential:NAME` (systemd's LoadCredential); empty: there is none."""
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.source


NO_SECRET: Final = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How one interface speaks TLS, to those who connect to it and to those whom it connects to."""

    certificate: str = setting(
        "",
        doc="PEM file with our certificate and those between it and its authority, ours first. It is read "
        "again on SIGHUP and when it has changed.",
        check=check_file,
        example='"/etc/mediation/internal.pem"',
    )
    private_key: str = setting(
        "",
        doc="PEM file with the key of the certificate, not encrypted, for the server's eyes only.",
        check=check_file,
        example='"/run/secrets/internal.key"',
    )
    authorities: str = setting(
        "",
        doc="PEM file with the authorities whose certificates are good. Empty: those of the system.",
        check=check_file,
        example='"/etc/mediation/authorities.pem"',
    )
    verify: bool = setting(
        True,
        doc="Who connects to us must show a certificate of the authorities. false: address alone decides. "
        "Whom we connect to must show one in any case.",
    )
    peers: tuple[str, ...] = setting(
        (),
        check=check_peer_name,
        doc="Names of which a peer's certificate must bear one, compared whole, without wildcards (RFC 5922). "
        "Empty: any certificate of the authorities is good. The address must be trusted all the same.",
        example='["fe1.example.com", "fe2.example.com"]',
    )
    minimum_version: TlsVersion = field(
        default=TlsVersion.TLS_1_2, metadata=story("Least version of TLS: 1.2 or 1.3.")
    )


TLS_DOC: Final = "Certificates for TLS, which needs certificate and private_key."
SESSION_TIMER_DOC: Final = "Session timers with this peer (RFC 4028)."
EARLY_MEDIA_DOC: Final = "Between INVITE and answer."
MID_CALL_DOC: Final = "What may change while a call is up."
TRANSFER_DOC: Final = "Call transfer by this peer, and to it."
REDIRECT_DOC: Final = "Redirection (3xx) by this peer."


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
            'that differs, for Via and Contact; "audio ADDRESS" for SDP, unless the name is an address.',
            at_least=1,
            example='["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]',
        )
    )
    targets: tuple[Target, ...] = field(
        metadata=story(
            "Front-end servers that calls from the trunks go to, in order of preference.",
            at_least=1,
            example='["sip:127.0.0.20:5060"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks that may place calls here. Default: the addresses of targets. []: nobody.",
        example='["127.0.0.20", "127.0.1.0/24"]',
    )
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
    tls: Tls = field(default=Tls(), metadata=story(TLS_DOC))
    session_timer: SessionTimers = field(default=SessionTimers(), metadata=story(SESSION_TIMER_DOC))
    early_media: EarlyMedia = field(default=EarlyMedia(), metadata=story(EARLY_MEDIA_DOC))
    mid_call: MidCall = field(default=MidCall(), metadata=story(MID_CALL_DOC))
    transfer: Transfers = field(default=Transfers(), metadata=story(TRANSFER_DOC))
    redirect: Redirects = field(default=Redirects(), metadata=story(REDIRECT_DOC))
    identity: InternalIdentity = field(
        default=InternalIdentity(),
        metadata=story("What is believed of front-end servers, and what they are told."),
    )
    headers: tuple[HeaderRule, ...] = field(default=(), metadata=story(HEADER_DOC, key="header"))

    def __post_init__(self) -> None:
        if self.trusted is FROM_TARGETS:
            object.__setattr__(self, "trusted", addresses(self.targets))


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
    tls: Tls = field(
        default=Tls(),
        metadata=story(
            f"{TLS_DOC} A target's certificate must bear the trunk's tls_name; without one, a name of peers or "
            "the target's address."
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One ITSP, as one or more session border controllers of it."""

    name: str = field(
        metadata=story(
            "Its name in routes, logs and call records: small letters, digits and hyphens.",
            check=check_name,
            example='"itsp-a"',
        )
    )
    targets: tuple[Target, ...] = field(
        metadata=story(
            "Its session border controllers, in order of preference.",
            at_least=1,
            example='["sip:127.0.0.30:5060", "sip:127.0.0.31:5060;transport=tcp"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks its calls come from. Default: addresses of targets. []: it places none.",
        example='["127.0.0.30", "127.0.0.31"]',
    )
    codecs: tuple[Law, ...] = setting(BOTH_LAWS, at_least=1, doc=CODECS_DOC)
    max_calls: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time, both ways together; 0: no limit."
    )
    no_progress_s: int = setting(
        10,
        low=1,
        high=32,
        doc="A target that answers nothing but 100 for so many seconds is left for the next one.",
    )
    failover_codes: tuple[int, ...] = setting(
        (408, 500, 502, 503, 504),
        low=400,
        high=699,
        check=check_failover_code,
        doc="Final responses that try the next target or trunk. Never 486, 487 or any 6xx. []: none.",
    )
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
    session_timer: SessionTimers = field(default=SessionTimers(), metadata=story(SESSION_TIMER_DOC))
    early_media: EarlyMedia = field(default=EarlyMedia(), metadata=story(EARLY_MEDIA_DOC))
    mid_call: MidCall = field(default=MidCall(), metadata=story(MID_CALL_DOC))
    transfer: Transfers = field(default=Transfers(), metadata=story(TRANSFER_DOC))
    redirect: Redirects = field(default=Redirects(), metadata=story(REDIRECT_DOC))
    identity: TrunkIdentity = field(
        default=TrunkIdentity(), metadata=story("What is believed of this ITSP, and what it is told.")
    )
    headers: tuple[HeaderRule, ...] = field(default=(), metadata=story(HEADER_DOC, key="header"))

    def __post_init__(self) -> None:
        if self.trusted is FROM_TARGETS:
            object.__setattr__(self, "trusted", addresses(self.targets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which trunks carry calls to which numbers; the first route that matches wins."""

    match: str = setting(
        "",
        doc="RE2 pattern, searched for in the called number: anchor it with ^ and $. Empty: every number.",
        check=check_match,
        example='"^\\\\+?[0-9]+$"',
    )
    trunks: tuple[str, ...] = field(
        metadata=story("Names of trunks, in order of preference.", at_least=1, example='["itsp-a"]')
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Audio, on both sides."""

    workers: int = setting(
        0, low=0, high=128, doc="Processes that carry audio; 0: one for each processor core."
    )
    silence_s: int = setting(
        30,
        low=0,
        high=3600,
        doc="A call ends when a party that should send audio sends no RTP and no RTCP for so many seconds; "
        "0: never.",
    )
    early_silence_s: int = setting(
        0,
        low=0,
        high=60,
        doc="Early media that was announced (183) and is not heard for so many seconds: the caller is told 180, so "
        "that its phone rings by itself. 0: it waits.",
    )
    port_quarantine_s: int = setting(
        5, low=0, high=300, doc="After a call its ports keep swallowing late packets for so many seconds."
    )
    rtcp_interval_s: int = setting(
        5,
        low=1,
        high=60,
        doc="Seconds between RTCP reports (RFC 3550 section 6.2), varied at random by a half.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sip:
    """Signalling, on both sides."""

    t1_ms: int = setting(
        500, low=50, high=5000, doc="T1, the round trip we expect (RFC 3261 section 17.1.1.1)."
    )
    t2_ms: int = setting(4000, low=100, high=60000, doc="T2, the longest wait between two repetitions.")
    t4_ms: int = setting(
        5000, low=100, high=60000, doc="T4, the longest that a message stays in the network."
    )
    ring_limit_s: int = setting(
        180,
        low=5,
        high=3600,
        doc="A target that rings (any 18x) for so many seconds is cancelled: nobody answers.",
    )
    setup_limit_s: int = setting(
        240,
        low=5,
        high=7200,
        doc="From INVITE to answer, all targets and trunks together; not below ring_limit_s.",
    )
    user_agent: str = setting(
        "Mediation-Server",
        check=check_user_agent,
        doc="User-Agent and Server header of what we send, towards both sides. Empty: none.",
    )
    max_calls: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time in this server; 0: no limit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """Call records."""

    file: str = setting(
        "",
        doc="One JSON line for each call is appended here; relative to the working directory. Empty: none.",
        check=check_file,
        example='"cdr.jsonl"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures for Prometheus."""

    listen: str = setting(
        "",
        doc='Where GET /metrics is answered by plain HTTP: "ADDRESS:PORT", IPv6 in brackets. Whoever reaches it can '
        "read it. Empty: nowhere.",
        check=check_http_listen,
        example='"127.0.0.1:9464"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log, on standard error."""

    level: LogLevel = field(
        default=LogLevel.INFO,
        metadata=story("Least level: debug, info, warning or error. Only debug shows phone numbers."),
    )
    format: LogFormat = field(
        default=LogFormat.AUTO,
        metadata=story("console, json, or auto: console on a terminal, json elsewhere."),
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
            "Which trunks carry which numbers; the first that matches wins. "
            "Without any [[route]], every number may go to every trunk, in the order of this file.",
            key="route",
        ),
    )
    media: Media = field(default=Media(), metadata=story("Audio, on both sides."))
    sip: Sip = field(default=Sip(), metadata=story("Signalling, on both sides."))
    cdr: Cdr = field(default=Cdr(), metadata=story("Call records."))
    metrics: Metrics = field(default=Metrics(), metadata=story("Figures for Prometheus."))
    log: Log = field(default=Log(), metadata=story("The log, on standard error."))

    def __post_init__(self) -> None:
        if not self.routes:
            every = Route(trunks=tuple(trunk.name for trunk in self.trunks))
            object.__setattr__(self, "routes", (every,))

    def interface(self, side: Side) -> "Internal | Gateway":
        """Return what both sides have, for one of them."""
        return self.internal if side is Side.FRONT_END else self.gateway

    def trunk(self, name: str) -> Trunk:
        """Return the trunk of this name; KeyError without one."""
        for trunk in self.trunks:
            if trunk.name == name:
                return trunk
        raise KeyError(name)


def addresses(targets: tuple[Target, ...]) -> tuple[Network, ...]:
    """Return each target's address once, as a network of one."""
    return tuple(dict.fromkeys(ip_network(target.host) for target in targets))


def is_ip_address(text: str) -> bool:
    """Return whether this is an IP address, rather than a name or nothing."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def bracketed(host: str) -> str:
    """Return an IP address as URIs and socket names spell it: IPv6 in brackets (RFC 3986 section 3.2.2)."""
    return print_host(host, None)
