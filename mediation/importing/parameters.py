"""Every parameter of the original, and where it went: the source of docs/trunk-settings.md and of the importer's table.

A key stands here when the settings have it today. What has none says why: for good, or not yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mediation.importing.reading import Kind


class Fate(StrEnum):
    """What became of a parameter."""

    KEY = "key"
    """A setting of ours does it."""
    ALWAYS = "always so"
    """It is what this server does, or tells, without a setting."""
    NOT_YET = "not yet"
    NEVER = "no need"
    """There is nothing behind it here."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the original."""

    name: str
    default: str
    """As its documentation states it; empty where there is none."""
    fate: Fate
    note: str
    """What our key makes of it, or the reason why there is none."""
    keys: tuple[str, ...] = ()
    """Ours, dotted: `trunk.media.srtp`."""
    like: str = ""
    """Where there is no key: the value there that does what is done here. Empty: any does, or none."""


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters of one object."""

    title: str
    parameters: tuple[Parameter, ...]
    kind: Kind = Kind.UNKNOWN
    """Which objects of an export have them; UNKNOWN: the importer reads none."""

    def parameter(self, name: str) -> Parameter | None:
        """The one of this name, whichever capitals it has."""
        return next((each for each in self.parameters if each.name.lower() == name.lower()), None)


def _key(name: str, default: str, keys: str, note: str) -> Parameter:
    return Parameter(name, default, Fate.KEY, note, tuple(keys.split()))


def _always(name: str, default: str, note: str, like: str = "") -> Parameter:
    return Parameter(name, default, Fate.ALWAYS, note, like=like)


def _later(name: str, default: str, note: str, like: str = "") -> Parameter:
    return Parameter(name, default, Fate.NOT_YET, note, like=like)


def _never(name: str, default: str, note: str, like: str = "") -> Parameter:
    return Parameter(name, default, Fate.NEVER, note, like=like)


TRUNK_CONFIGURATION: Final = Group(
    "Trunk configuration",
    (
        _key("Identity", "", "trunk.name", "the scope; each trunk takes the nearest configuration, as a whole"),
        _never("Description", "", "a comment above the trunk"),
        _always("ConcentratedTopology", "True", "audio runs through this server, wherever the peer receives it"),
        _never("EnableBypass", "False", "audio always runs through this server, which hides one side", like="False"),
        _key("EnableReferSupport", "True", "trunk.transfer.mode", 'True: "refer", False: "local"'),
        _always("Enable3pccRefer", "False", "a transfer that is performed here is two INVITEs of ours in any case"),
        _key(
            "EnableSessionTimer", "False", "trunk.session_timer.mode", 'True: "offer"; False: "answer", as there'
        ),
        _later("EnableSignalBoost", "False", "audio is relayed octet for octet, no louder and no softer", like="True"),
        _key("MaxEarlyDialogs", "20", "trunk.early_media.max_early_dialogs", "the same number"),
        _key("RemovePlusFromUri", "False", "trunk.strip_plus", "the same, behind the rules for numbers"),
        _key(
            "RTCPActiveCalls", "True", "media.silence_s",
            "30 s for all trunks; RTP counts as well as RTCP, so that a peer without RTCP loses no call",
        ),
        _later("RTCPCallsOnHold", "True", "whoever is on hold may be silent for as long as it takes", like="False"),
        _key(
            "SRTPMode", "Required", "trunk.media.srtp trunk.media.srtp_twins",
            'Required: "required"; Optional: "optional", as two m-lines; NotSupported: "off", as over TCP in any case',
        ),
        _key("EnablePIDFLOSupport", "False", "trunk.bodies.location", 'True: "emergency", False: "drop"'),
        _never("EnableMobileTrunkSupport", "False", "nothing is said about what would be done otherwise"),
        _key("EnableFastFailoverTimer", "True", "trunk.no_progress_s", "True: 10, False: 32, which is timer B"),
        _always(
            "EnableRTPLatching", "False",
            "audio goes to where the party's audio comes from, as long as the address is one that it has described",
        ),
        _key("ForwardCallHistory", "False", "trunk.identity.history", 'True: "history-info", False: "off"'),
        _key("ForwardPAI", "False", "trunk.identity.send", 'True: "pai", False: "off"; From stays as it is'),
        _key(
            "ForwardAnonymousCallGatewayPAI", "False",
            "trunk.identity.keep_pai_on_anonymous_forward trunk.identity.reveal", "needs ForwardPAI, there and here",
        ),
        _key(
            "AcceptGatewayPAIForOutboundCalls", "False", "trunk.identity.accept_peer_pai_on_forward",
            "True needs ForwardPAI here",
        ),
        _never("EnableOnlineVoice", "False", "where voice mail is kept is no business of a trunk"),
        _later("PstnUsages", "", "calls of a trunk go to the front ends; none goes on to another trunk by itself"),
        _key("OutboundTranslationRulesList", "", "trunk.number", 'party = "called", direction = "to-peer"'),
        _key(
            "OutboundCallingNumberTranslationRulesList", "", "trunk.number", 'party = "calling", direction = "to-peer"'
        ),
        _key("SipResponseCodeTranslationRulesList", "", "trunk.response", "one table for each rule"),
        _later("EnableLocationRestriction", "False", "which calls must leave in which country"),
        _later("NetworkSiteID", "", "sites"),
    ),
    Kind.CONFIGURATION,
)  # fmt: skip

RULES_BETWEEN: Final = Group(
    "Rules between settings",
    (
        _never("Bypass needs a concentrated topology and REFER", "", "there is no bypass"),
        _never("Bypass needs the global switch", "", "there is no bypass"),
        _never("A bypassed call skips call admission control", "", "there is no bypass"),
        _always(
            "SRTP needs TLS",
            "",
            "check-config refuses required SRTP without it (srtp_without_tls lifts that)",
        ),
        _always("ForwardAnonymousCallGatewayPAI needs ForwardPAI", "", "check-config refuses it"),
        _later("EnableLocationRestriction needs NetworkSiteID", "", "sites"),
        _always(
            "Numbers are not translated twice", "", "mediation number and route explain show what leaves"
        ),
    ),
)

CALLED_RULE: Final = Group(
    "Outbound translation rule (called number)",
    (
        _key("Identity", "", "trunk.number", "the scope says which trunk; the name is part of description"),
        _key(
            "Pattern",
            r"^\+(\d*)$",
            "trunk.number.match",
            "taken as it is; what RE2 cannot do is told with a remedy",
        ),
        _key("Translation", "$1", "trunk.number.replace", "taken as it is: $1, ${1}, ${name}"),
        _key("Priority", "", "trunk.number", "the order of the tables"),
        _key("Description", "", "trunk.number.description", "with the name before it"),
        _key("Name", "", "trunk.number.description", "before the description"),
    ),
    Kind.CALLED_RULE,
)

CALLING_RULE: Final = Group(
    "Outbound calling number translation rule",
    CALLED_RULE.parameters,
    Kind.CALLING_RULE,
)

OTHER_NUMBER_RULES: Final = Group(
    "Other rules about numbers",
    (
        _never(
            "NormalizationRule.Pattern",
            r"^(\d{11})$",
            "dialled digits become E.164 in the dial plan of the front end",
        ),
        _never("NormalizationRule.Translation", "+$1", "the same"),
        _never("NormalizationRule.Priority", "", "the same"),
        _key(
            "InboundPstnNumberTranslationRules",
            "",
            "trunk.number",
            'party = "called", direction = "from-peer"',
        ),
        _key(
            "InboundTeamsNumberTranslationRules",
            "",
            "trunk.number",
            'party = "calling", direction = "from-peer"',
        ),
        _key(
            "OutboundPstnNumberTranslationRules",
            "",
            "trunk.number",
            'party = "called", direction = "to-peer"',
        ),
        _key(
            "OutboundTeamsNumberTranslationRules",
            "",
            "trunk.number",
            'party = "calling", direction = "to-peer"',
        ),
    ),
)

RESPONSE_RULE: Final = Group(
    "SIP response code translation rule",
    (
        _key("Identity", "", "trunk.response", "the scope says which trunk"),
        _key("ReceivedResponseCode", "0", "trunk.response.status", "the same number; 0 is whichever"),
        _key("ReceivedISUPCauseValue", "-1", "trunk.response.cause", "the same number, of Q.850; -1 is whichever"),
        _key("TranslatedResponseCode", "", "trunk.response.becomes", "the same number"),
        _key("Priority", "", "trunk.response", "the order of the tables"),
        _never("Name", "", "a comment above the rule"),
        _key(
            "Codes that try the next trunk", "5xx", "trunk.failover_codes trunk.failover_causes",
            "408, 500, 502, 503, 504 and causes of an outage, unless a phone has rung; never 486 and 6xx",
        ),
    ),
    Kind.RESPONSE_RULE,
)  # fmt: skip

GATEWAY: Final = Group(
    "Trunk and gateway of the topology",
    (
        _key("Identity", "", "trunk.name trunk.targets trunk.tls_name", "address or name of the gateway"),
        _key("PoolFqdn", "", "trunk.tls_name", "over TLS, the name that its certificate must bear"),
        _key(
            "MediationServer",
            "",
            "gateway.listen trunk.targets",
            "every trunk uses all listeners of [gateway]",
        ),
        _key("GatewaySipClientTcpPort", "5066", "trunk.targets", '"sip:ADDRESS:PORT;transport=tcp"'),
        _key(
            "GatewaySipClientTlsPort",
            "5067",
            "trunk.targets",
            '"sip:ADDRESS:PORT;transport=tls"; it comes first',
        ),
        _always("RepresentativeMediaIP", "", "audio goes to where the session description says"),
        _never("AlternateByPassId", "", "there is no bypass"),
        _key("Routable", "", "route.trunks", "a trunk that no route names gets no calls"),
        _never("Default", "", "for calls of Office Communications Server 2007 R2"),
        _later("SiteId", "", "sites; the importer takes it to find the configuration of a site"),
    ),
    Kind.GATEWAY,
)

SERVER: Final = Group(
    "Mediation Server of the topology",
    (
        _key("Identity", "", "internal.listen gateway.listen", "the server that this one stands for"),
        _key("SipServerPort", "5070", "internal.listen", '"tls:ADDRESS:5070"'),
        _key("SipClientTlsPort", "5067", "gateway.listen", '"tls:ADDRESS:5067"'),
        _key("SipClientTcpPort", "", "gateway.listen", '"tcp:ADDRESS:5068"'),
        _key(
            "AudioPortStart", "", "internal.rtp_ports gateway.rtp_ports", "the first port, of each interface"
        ),
        _key("AudioPortCount", "", "internal.rtp_ports gateway.rtp_ports", "two for each call and interface"),
    ),
    Kind.SERVER,
)

ROUTE: Final = Group(
    "Voice route",
    (
        _never("Identity", "", "a comment above the route"),
        _never("Name", "", "a comment above the route"),
        _never("Description", "", "a comment above the route"),
        _key(
            "NumberPattern",
            "[0-9]{10}",
            "route.match",
            "taken as it is; what RE2 cannot do is told with a remedy",
        ),
        _key("Priority", "", "route.priority", "the same number, unless a voice policy sets the order"),
        _key("PstnGatewayList", "", "route.trunks", "in the same order; there, they are used in turn"),
        _later(
            "PstnUsages",
            "",
            "every caller has the same routes; routes of one pattern become one, in order of usages",
        ),
        _later("SuppressCallerId", "False", 'for a whole trunk: trunk.identity.from = "number"'),
        _later("AlternateCallerId", "", "for a whole trunk: trunk.identity.number"),
    ),
    Kind.ROUTE,
)

POLICY: Final = Group(
    "Voice policy",
    (
        _later("Identity", "", "the global policy sets the order of routes; others are told"),
        _key(
            "PstnUsages",
            "",
            "route.trunks",
            "the order of routes, and of trunks where routes have one pattern",
        ),
    ),
    Kind.POLICY,
)

USAGES: Final = Group(
    "PSTN usages", (_never("Usage", "", "names that policies and routes have in common"),), Kind.USAGES
)

NEIGHBOURS: Final = Group(
    "Neighbouring policies",
    (
        _key("MediaConfiguration.EncryptionLevel", "RequireEncryption", "internal.media.srtp", 'our default is "off"'),
        _never("MediaConfiguration.EnableSiren", "False", "G.711 alone is carried"),
        _key(
            "MediaConfiguration.EnableRtpRtcpMultiplexing", "", "internal.media.rtcp_mux trunk.media.rtcp_mux",
            "for each peer; the default is false",
        ),
        _later("MediaConfiguration.EnableQoS", "False", "marking of packets (DSCP)"),
        _never("MediaConfiguration.EnableG722StereoCodec", "True", "G.711 alone is carried"),
        _never("MediaBypass.Enabled", "False", "audio of every call runs through this server"),
        _never("MediaBypass.AlwaysBypass", "False", "the same"),
        _never("MediaBypass.EnableDefaultBypassID", "False", "the same"),
        _never("MediaBypass.BypassID", "", "the same"),
        _never("MediaBypass.InternalBypassMode", "Off", "the same"),
        _never("MediaBypass.ExternalBypassMode", "Off", "the same"),
        _later("BandwidthPolicyProfile.AudioBWLimit", "0", "links of sites; until then, trunk.max_calls"),
        _later("BandwidthPolicyProfile.AudioBWSessionLimit", "175", "links of sites; mediation bandwidth tells it"),
        _later("Rerouting of a call that admission refuses", "", "links of sites"),
        _later("Logs of call admission control", "", "links of sites"),
        _key("CdrConfiguration.EnableCDR", "True", "cdr.file", "a file turns records on"),
        _never("CdrConfiguration.KeepCallDetailForDays", "60", "one line a call, for logrotate to keep and purge"),
        _never("CdrConfiguration.PurgeHourOfDay", "2", "the same"),
        _later("Registrar failover interval", "300", "branches that survive"),
        _always("Test-CsTrunkConfiguration", "", "mediation number, mediation route explain"),
        _later("Test-CsPstnOutboundCall", "", "mediation lab places such calls against simulators alone"),
    ),
)  # fmt: skip

BEHAVIOUR: Final = Group(
    "Behaviour without a parameter",
    (
        _later(
            "OPTIONS polling: five unanswered in a row", "", "targets are judged by the calls that they get"
        ),
        _later(
            "OPTIONS polling: stopped where the peer polls", "", "OPTIONS of a peer is answered; none is sent"
        ),
        _always("The only route is tried even when it is down", "", "no trunk is ever given up for good"),
        _always("Recovery lag", "", "a target that has failed is tried again with the next call"),
        _later(
            "Health by calls that have failed",
            "",
            "503 with Retry-After leaves a target alone; nothing else does",
        ),
        _key(
            "Contact with the name of the certificate",
            "",
            "gateway.listen internal.listen",
            '"… as sbc.example.com"',
        ),
        _key(
            "Transfer by what Allow says",
            "",
            "trunk.transfer.mode",
            '"refer": where the peer takes REFER, else here',
        ),
        _always(
            "INVITE without a session description",
            "",
            "taken; towards a peer that wants one, an offer is made",
        ),
        _always("user=phone", "", "kept, and written with every number"),
        _later("Alert at 90 % of the calls allowed", "", "max_calls refuses; it does not warn"),
        _later("Drain", "", "SIGTERM ends all calls; a trunk cannot be taken out of use alone"),
        _key("Counters for graphs", "", "metrics.listen", "calls by direction and verdict, and others"),
    ),
)

DIRECT_ROUTING: Final = Group(
    "Direct Routing gateway",
    (
        _later("Enabled", "False", "a trunk that stands in the file is in use"),
        _key("SipSignalingPort", "", "trunk.targets internal.targets", '"sip:ADDRESS:PORT;transport=tls"'),
        _later("SendSipOptions", "True", "OPTIONS of a peer is answered; none is sent"),
        _key("FailoverTimeSeconds", "10", "trunk.no_progress_s", "the same number, to 32"),
        _key("FailoverResponseCodes", "408,503,504", "trunk.failover_codes", "the list replaces the default, as there"),
        _key("ForwardCallHistory", "False", "trunk.identity.history internal.identity.history", 'True: "history-info"'),
        _key("ForwardPai", "False", "trunk.identity.send trunk.identity.from", 'True: "pai" and From "anonymous"'),
        _key("MaxConcurrentSessions", "", "trunk.max_calls", "the same number"),
        _never("MediaBypass", "False", "audio of every call runs through this server"),
        _never("BypassMode", "None", "the same"),
        _later("GatewaySiteId", "", "sites"),
        _later("GatewaySiteLbrEnabled", "False", "which calls must leave in which country"),
        _key(
            "PidfloSupported", "False", "trunk.bodies.location internal.bodies.location",
            'True: "emergency", False: "drop"',
        ),
        _key("IPAddressVersion", "IPv4", "gateway.listen trunk.targets", "by the addresses of listeners and targets"),
        _never("MediaRelayRoutingLocationOverride", "False", "which relay of the cloud is near is the cloud's to know"),
        _never("ProxySbc", "", "a trunk names its targets"),
    ),
)  # fmt: skip

GROUPS: Final = (
    TRUNK_CONFIGURATION, RULES_BETWEEN, CALLED_RULE, CALLING_RULE, OTHER_NUMBER_RULES, RESPONSE_RULE, GATEWAY, SERVER,
    ROUTE, POLICY, USAGES, NEIGHBOURS, BEHAVIOUR, DIRECT_ROUTING,
)  # fmt: skip
"""In the order of the document."""


def group_of(kind: Kind) -> Group:
    """The parameters of objects of one kind. LookupError where there are none."""
    for group in GROUPS:
        if group.kind is kind and kind is not Kind.UNKNOWN:
            return group
    raise LookupError(kind)


def every_key() -> Iterator[str]:
    """Every key of ours that is named."""
    for group in GROUPS:
        for parameter in group.parameters:
            yield from parameter.keys
