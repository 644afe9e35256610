"""Trunks, as settings: what each says itself, what they have in common, and the sites that they stand at."""

from dataclasses import dataclass, field
from typing import Final

from mediation.settings.connection import CONNECTION_DOC, WITHOUT_VPN_DOC, Connection
from mediation.settings.identity import TrunkIdentity
from mediation.settings.kept import NO_SECRET, Secret
from mediation.settings.limits import CallLimits, Link
from mediation.settings.numbers import NUMBER_DOC, STRIP_PLUS_DOC, NumberRule
from mediation.settings.peers import FROM_TARGETS, NAMES_DOC, OfTargets, Peer
from mediation.settings.places import AnyTarget, Listener, Network, Target, addresses
from mediation.settings.registration import Registration
from mediation.settings.responses import RESPONSE_DOC, ResponseRule
from mediation.settings.screening import SCREENING_DOC, USUAL_SCREENING, Screening
from mediation.settings.story import setting, story
from mediation.settings.words import (
    check_country,
    check_failover_code,
    check_name,
    check_number_start,
    check_peer_name,
    check_tls_name,
    check_username,
)

LIMITS_DOC: Final = (
    "How many calls it takes: the next trunk gets a call that it has no room for, and after the last 503."
)
LINK_DOC: Final = "The line to it, counted by what its calls take on the wire."
SITE_LINK_DOC: Final = "The line between us and the users of this site, which all calls of the site share."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTerms(Peer):
    """What trunks may have in common: given by a trunk itself, or by its site, or for all of them."""

    max_calls: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time, both ways together; 0: no limit."
    )
    limits: CallLimits = field(default=CallLimits(), metadata=story(LIMITS_DOC))
    link: Link = field(default=Link(), metadata=story(LINK_DOC))
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
    identity: TrunkIdentity = field(
        default=TrunkIdentity(), metadata=story("What is believed of this ITSP, and what it is told.")
    )
    screening: Screening = field(default=USUAL_SCREENING, metadata=story(SCREENING_DOC))
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
            example='["sip:127.0.0.30:5060", "sip:127.0.0.31:5060;transport=tcp"]',
        )
    )
    trusted: tuple[Network, ...] = setting(
        FROM_TARGETS,
        doc="Addresses or networks its calls come from. Default: addresses of targets. []: it places none.",
        example='["127.0.0.30", "127.0.0.31"]',
    )
    trusted_names: tuple[str, ...] = setting(
        (), check=check_peer_name, doc=NAMES_DOC, example='["sbc.itsp.example"]'
    )
    enabled: bool = setting(
        True,
        doc="false: out of use. No call goes to it or comes from it (503), nobody asks it how it does, and it does not "
        "register.",
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
            "Any setting of [[trunk]] but name, targets, trusted, trusted_names, local and site, for trunks at this "
            "site that do not say otherwise.",
            like="[[trunk]]",
        ),
    )
