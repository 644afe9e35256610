"""What a plan is made from: sites, the links between them, trunks on offer, and what is wanted of them.

Every field has its unit, its default, its bounds and its meaning, as the settings have; `mediation.planning.read` is
the way from a file. Prices are of one month, in one currency, whichever that is.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from mediation.planning.numbers import DidRange
from mediation.planning.words import check_country, check_currency, check_number
from mediation.rtp.bandwidth import Layer, Packets, Srtp
from mediation.rtp.tunnels import Vpn
from mediation.settings.story import setting, story
from mediation.settings.words import check_file, check_name
from mediation_codecs.codec import Codec


class Connection(StrEnum):
    """How a trunk or a link is brought to a site."""

    MPLS = "mpls"
    """A provider's network that is shared and keeps customers apart; voice must be marked to have its priority."""
    PRIVATE = "private"
    """A line of one's own, with no other traffic."""
    INTERNET = "internet"
    """Shared with everybody: through a VPN only."""


VPN_DOC = (
    "Tunnel that it runs through: none, esp (IPsec with AES-GCM), esp-cbc, esp-nat (within UDP), wireguard or openvpn. "
    "The Internet demands one."
)
CONNECTION_DOC = "mpls, private or internet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """What is wanted."""

    blocking_percent: float = setting(
        1.0,
        low=0.001,
        high=50.0,
        doc="Of a hundred calls in the busy hour, so many may find every channel busy.",
    )
    growth_percent: float = setting(
        0.0,
        low=0.0,
        high=1000.0,
        doc="So much is added to all traffic, for the time that the plan is to last.",
    )
    records: tuple[str, ...] = setting(
        (),
        check=check_file,
        doc="Call records of this server (JSON lines), relative to this file: from them come the traffic of sites "
        "that give none, and the numbers that get the most calls.",
        example='["calls.jsonl"]',
    )
    busiest: int = setting(5, low=0, high=100, doc="So many of each site's numbers are shown.")
    calls_per_server: int = setting(
        1000, low=1, high=16_000, doc="So many calls at a time one server is given."
    )
    currency: str = setting("EUR", check=check_currency, doc="Of all prices, three letters.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """How audio is put into packets, on trunks and links alike."""

    codec: Codec = field(
        default=Codec.PCMU,
        metadata=story("PCMU or PCMA (G.711), G722, or opus (32 kbps, which is what we ask for)."),
    )
    ptime_ms: int = setting(20, low=10, high=60, step=10, doc="Audio in one RTP packet, in milliseconds.")
    ipv6: bool = setting(False, doc="IPv6 instead of IPv4.")
    srtp: Srtp = field(default=Srtp.OFF, metadata=story("off, aes-80, aes-32 or gcm."))
    vlan: bool = setting(False, doc="Frames bear the tag of IEEE 802.1Q.")
    rtcp: bool = setting(True, doc="Count what RTCP may take, 5 % (RFC 3550 section 6.2).")
    layer: Layer = field(
        default=Layer.ETHERNET,
        metadata=story(
            "Up to where octets are counted: ip, ethernet (frames), or line (frames with preamble and gap)."
        ),
    )

    def packets(self, vpn: Vpn) -> Packets:
        """Return what one call's audio is on a trunk or link."""
        return Packets(
            codec=self.codec,
            ptime_ms=self.ptime_ms,
            ipv6=self.ipv6,
            srtp=self.srtp,
            vpn=vpn,
            layer=self.layer,
            vlan=self.vlan,
            rtcp=self.rtcp,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Up to which size a connection is good."""

    internet_channels: int = setting(
        30, low=0, high=1_000_000, doc="Most channels of a trunk that comes over the Internet."
    )
    mpls_channels: int = setting(
        300, low=0, high=1_000_000, doc="Most channels of a trunk over MPLS; more want a private line."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyNumber:
    """What was measured elsewhere about one number."""

    number: str = field(metadata=story("The number.", check=check_number, example='"+43155510000"'))
    percent: float = field(metadata=story("Its share of the calls to this site.", example="12.5"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place with people who telephone."""

    name: str = field(
        metadata=story("Its name: small letters, digits and hyphens.", check=check_name, example='"vienna"')
    )
    country: str = field(
        metadata=story("Where it is: two capital letters (ISO 3166-1).", check=check_country, example='"AT"')
    )
    users: int = setting(0, low=0, high=10_000_000, doc="People with a telephone.")
    erlang_per_user: float = setting(
        0.0,
        low=0.0,
        high=1.0,
        doc="Traffic of one user with the world outside in the busy hour, both ways, in Erlang: 0.1 is six minutes. "
        "0: as measured in the call records.",
    )
    dids: tuple[DidRange, ...] = setting(
        (),
        doc='Its numbers as the world dials them: "+43155510000", or "+43155510000-+43155519999". Whose call a record '
        "is, is told by them.",
        example='["+43155510000-+43155519999"]',
    )
    busiest: tuple[BusyNumber, ...] = field(
        default=(), metadata=story("Shares that were measured elsewhere than in the records.")
    )
    central: bool = setting(False, doc="Other sites may use its trunks. Two such sites back each other up.")
    survivable: bool = setting(
        False, doc="It must telephone when its links to other sites are cut: it gets a trunk of its own."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A wide-area link between two sites."""

    sites: tuple[str, str] = field(metadata=story("The two sites.", example='["graz", "vienna"]'))
    connection: Connection = field(metadata=story(CONNECTION_DOC, example='"mpls"'))
    capacity_kbps: int = setting(
        0, low=0, high=100_000_000, doc="What it carries each way; 0: as much as is needed."
    )
    voice_percent: float = setting(100.0, low=0.1, high=100.0, doc="So much of it voice may take.")
    price: float = setting(
        0.0,
        low=0.0,
        high=1e9,
        doc="What it costs a month. Voice is charged its share of capacity_kbps, and nothing where that is 0.",
    )
    price_per_kbps: float = setting(
        0.0, low=0.0, high=1e6, doc="What each kbps of voice costs a month, beside that."
    )
    vpn: Vpn = field(default=Vpn.NONE, metadata=story(VPN_DOC))

    @property
    def voice_kbps(self) -> float:
        """What voice may take each way; infinite where the link is as large as is needed."""
        return self.capacity_kbps * self.voice_percent / 100 if self.capacity_kbps else inf

    def price_of(self, kbps: float) -> float:
        """What so much voice costs a month."""
        share = self.price / self.capacity_kbps if self.capacity_kbps else 0.0
        return kbps * (share + self.price_per_kbps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A trunk that an ITSP offers."""

    name: str = field(
        metadata=story(
            "Its name: small letters, digits and hyphens.", check=check_name, example='"itsp-vienna"'
        )
    )
    connection: Connection = field(metadata=story(CONNECTION_DOC, example='"mpls"'))
    country: str = field(
        metadata=story("Where calls leave it.", check=check_country, example='"AT"'),
    )
    sites: tuple[str, ...] = setting(
        (), doc="Where it can be had. []: at each site of its country.", example='["vienna"]'
    )
    serves: tuple[str, ...] = setting(
        (),
        check=check_country,
        doc="Countries whose numbers it brings in and shows. []: its own country.",
        example='["AT", "DE"]',
    )
    max_channels: int = setting(0, low=0, high=1_000_000, doc="Most channels that it has; 0: no limit.")
    capacity_kbps: int = setting(
        0, low=0, high=100_000_000, doc="Most bandwidth that it has, each way; 0: no limit."
    )
    price: float = setting(0.0, low=0.0, high=1e9, doc="What it costs a month, whatever its size.")
    price_per_channel: float = setting(0.0, low=0.0, high=1e6, doc="What each channel costs a month.")
    price_per_kbps: float = setting(0.0, low=0.0, high=1e6, doc="What each kbps costs a month.")
    vpn: Vpn = field(default=Vpn.NONE, metadata=story(VPN_DOC))

    def offered_at(self, site: Site) -> bool:
        """Whether a site can have it."""
        return site.name in self.sites if self.sites else site.country == self.country

    def brings(self, country: str) -> bool:
        """Whether numbers of a country can be had on it."""
        return country in self.serves if self.serves else country == self.country


@dataclass(frozen=True, slots=True, kw_only=True)
class Locality:
    """A country whose calls must leave in the country."""

    country: str = field(metadata=story("The country.", check=check_country, example='"IN"'))
    reason: str = setting("", doc="Why, for those who read the plan.", example='"Toll bypass is forbidden."')


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One whole file."""

    sites: tuple[Site, ...] = field(
        metadata=story("A place with people; one [[site]] for each.", at_least=1, key="site")
    )
    offers: tuple[Offer, ...] = field(
        metadata=story("A trunk on offer; one [[trunk]] for each.", at_least=1, key="trunk")
    )
    links: tuple[Link, ...] = field(
        default=(), metadata=story("A wide-area link between two sites.", key="link")
    )
    localities: tuple[Locality, ...] = field(
        default=(), metadata=story("A country whose calls must leave in the country.", key="locality")
    )
    aims: Aims = field(default=Aims(), metadata=story("What is wanted.", key="plan"))
    audio: Audio = field(default=Audio(), metadata=story("How audio is put into packets."))
    fit: Fit = field(default=Fit(), metadata=story("Up to which size a connection is good."))

    def is_local(self, country: str) -> bool:
        """Whether the calls of a country must leave in the country."""
        return any(locality.country == country for locality in self.localities)
