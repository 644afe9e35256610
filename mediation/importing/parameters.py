"""The parameters that an export has, and where they went: for the importer's table and for docs/trunk-settings.md.

A key stands here when the settings have it today. What has none says why: for good, or not yet.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mediation.importing.reading import Kind
from mediation.settings.tree import entry_at


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


def key(name: str, default: str, keys: str, note: str) -> Parameter:
    """One that a setting of ours has, or several; `keys` has blanks between them."""
    return Parameter(name, default, Fate.KEY, note, tuple(keys.split()))


def always(name: str, default: str, note: str, like: str = "") -> Parameter:
    """One that is so without a setting."""
    return Parameter(name, default, Fate.ALWAYS, note, like=like)


def later(name: str, default: str, note: str, like: str = "") -> Parameter:
    """One that has no equivalent so far."""
    return Parameter(name, default, Fate.NOT_YET, note, like=like)


def soon(
    name: str, default: str, keys: str, note: str, until: str, like: str = "", before: Fate = Fate.NOT_YET
) -> Parameter:
    """One whose settings are being made: a key as soon as the first of them exists; `until` and `before` say it now."""
    known = tuple(each for each in keys.split() if entry_at(tuple(each.split("."))) is not None)
    if keys.split()[0] not in known:
        return Parameter(name, default, before, until, like=like)
    return Parameter(name, default, Fate.KEY, note, known)


def never(name: str, default: str, note: str, like: str = "") -> Parameter:
    """One with nothing behind it here."""
    return Parameter(name, default, Fate.NEVER, note, like=like)


TRUNK_CONFIGURATION: Final = Group(
    "Trunk configuration",
    (
        key("Identity", "", "trunk.name", "the scope; each trunk takes the nearest configuration, as a whole"),
        never("Description", "", "a comment above the trunk"),
        always("ConcentratedTopology", "True", "audio runs through this server, wherever the peer receives it"),
        never("EnableBypass", "False", "audio always runs through this server, which hides one side", like="False"),
        key("EnableReferSupport", "True", "trunk.transfer.mode", 'True: "refer", False: "local"'),
        always("Enable3pccRefer", "False", "a transfer that is performed here is two INVITEs of ours in any case"),
        key(
            "EnableSessionTimer", "False", "trunk.session_timer.mode", 'True: "offer"; False: "answer", as there'
        ),
        later("EnableSignalBoost", "False", "audio is relayed octet for octet, no louder and no softer", like="True"),
        key("MaxEarlyDialogs", "20", "trunk.early_media.max_early_dialogs", "the same number"),
        key("RemovePlusFromUri", "False", "trunk.strip_plus", "the same, behind the rules for numbers"),
        key(
            "RTCPActiveCalls", "True", "media.silence_s",
            "30 s for all trunks; RTP counts as well as RTCP, so that a peer without RTCP loses no call",
        ),
        key(
            "RTCPCallsOnHold", "True", "media.hold_silence_s",
            "who is on hold is waited for much longer than 30 s, and who hears music of ours is active, as there",
        ),
        key(
            "SRTPMode", "Required", "trunk.media.srtp trunk.media.srtp_twins",
            'Required: "required"; Optional: "optional", as two m-lines; NotSupported: "off", as over TCP in any case',
        ),
        key("EnablePIDFLOSupport", "False", "trunk.bodies.location", 'True: "emergency", False: "drop"'),
        never("EnableMobileTrunkSupport", "False", "nothing is said about what would be done otherwise"),
        key("EnableFastFailoverTimer", "True", "trunk.no_progress_s", "True: 10, False: 32, which is timer B"),
        key(
            "EnableRTPLatching", "False", "trunk.media.latching",
            'True: "first-packet", False: "sdp-ip": the port may differ from SDP, the address may not',
        ),
        key("ForwardCallHistory", "False", "trunk.identity.history", 'True: "history-info", False: "off"'),
        key("ForwardPAI", "False", "trunk.identity.send", 'True: "pai", False: "off"; From stays as it is'),
        key(
            "ForwardAnonymousCallGatewayPAI", "False",
            "trunk.identity.keep_pai_on_anonymous_forward trunk.identity.reveal", "needs ForwardPAI, there and here",
        ),
        key(
            "AcceptGatewayPAIForOutboundCalls", "False", "trunk.identity.accept_peer_pai_on_forward",
            "True needs ForwardPAI here",
        ),
        never("EnableOnlineVoice", "False", "where voice mail is kept is no business of a trunk"),
        key("PstnUsages", "", "trunk.usages", "those that a route has; its calls leave again by such routes"),
        key("OutboundTranslationRulesList", "", "trunk.number", 'party = "called", direction = "to-peer"'),
        key(
            "OutboundCallingNumberTranslationRulesList", "", "trunk.number", 'party = "calling", direction = "to-peer"'
        ),
        key("SipResponseCodeTranslationRulesList", "", "trunk.response", "one table for each rule"),
        key("EnableLocationRestriction", "False", "site.bound", "True needs country, which no export has"),
        key("NetworkSiteID", "", "trunk.site", "the site of that name, before SiteId of the gateway"),
    ),
    Kind.CONFIGURATION,
)  # fmt: skip

CALLED_RULE: Final = Group(
    "Outbound translation rule (called number)",
    (
        key("Identity", "", "trunk.number", "the scope says which trunk; the name is part of description"),
        key(
            "Pattern",
            r"^\+(\d*)$",
            "trunk.number.match",
            "taken as it is; what RE2 cannot do is told with a remedy",
        ),
        key("Translation", "$1", "trunk.number.replace", "taken as it is: $1, ${1}, ${name}"),
        key("Priority", "", "trunk.number", "the order of the tables"),
        key("Description", "", "trunk.number.description", "with the name before it"),
        key("Name", "", "trunk.number.description", "before the description"),
    ),
    Kind.CALLED_RULE,
)

CALLING_RULE: Final = Group(
    "Outbound calling number translation rule",
    CALLED_RULE.parameters,
    Kind.CALLING_RULE,
)

RESPONSE_RULE: Final = Group(
    "SIP response code translation rule",
    (
        key("Identity", "", "trunk.response", "the scope says which trunk"),
        key("ReceivedResponseCode", "0", "trunk.response.status", "the same number; 0 is whichever"),
        key("ReceivedISUPCauseValue", "-1", "trunk.response.cause", "the same number, of Q.850; -1 is whichever"),
        key("TranslatedResponseCode", "", "trunk.response.becomes", "the same number"),
        key("Priority", "", "trunk.response", "the order of the tables"),
        never("Name", "", "a comment above the rule"),
        key(
            "Codes that try the next trunk", "5xx", "trunk.failover_codes trunk.failover_causes",
            "408, 500, 502, 503, 504 and causes of an outage, unless a phone has rung; never 486 and 6xx",
        ),
    ),
    Kind.RESPONSE_RULE,
)  # fmt: skip

GATEWAY: Final = Group(
    "Trunk and gateway of the topology",
    (
        key(
            "Identity",
            "",
            "trunk.name trunk.targets",
            "the trunk; the gateway as well, where there is no PoolFqdn",
        ),
        key(
            "PoolFqdn",
            "",
            "trunk.targets trunk.tls_name trunk.trusted_names",
            "address of the gateway, or the name in its certificate, which may say alone who calls",
        ),
        key(
            "MediationServer",
            "",
            "gateway.listen trunk.targets",
            "every trunk uses all listeners of [gateway]",
        ),
        key("GatewaySipClientTcpPort", "5066", "trunk.targets", '"sip:ADDRESS:PORT;transport=tcp"'),
        key(
            "GatewaySipClientTlsPort",
            "5067",
            "trunk.targets",
            '"sip:ADDRESS:PORT;transport=tls"; it comes first',
        ),
        always("RepresentativeMediaIP", "", "audio goes to where the session description says"),
        never("AlternateByPassId", "", "there is no bypass"),
        key("Routable", "", "route.trunks", "a trunk that no route names gets no calls"),
        never("Default", "", "for calls of Office Communications Server 2007 R2"),
        key("SiteId", "", "trunk.site", "the site of that name; it says whose configuration holds, too"),
    ),
    Kind.GATEWAY,
)

SERVER: Final = Group(
    "Mediation Server of the topology",
    (
        key("Identity", "", "internal.listen gateway.listen", "the server that this one stands for"),
        key("SipServerPort", "5070", "internal.listen", '"tls:ADDRESS:5070"'),
        key("SipClientTlsPort", "5067", "gateway.listen", '"tls:ADDRESS:5067"'),
        key("SipClientTcpPort", "", "gateway.listen", '"tcp:ADDRESS:5068"'),
        key(
            "AudioPortStart", "", "internal.rtp_ports gateway.rtp_ports", "the first port, of each interface"
        ),
        key("AudioPortCount", "", "internal.rtp_ports gateway.rtp_ports", "two for each call and interface"),
    ),
    Kind.SERVER,
)

ROUTE: Final = Group(
    "Voice route",
    (
        never("Identity", "", "a comment above the route"),
        never("Name", "", "a comment above the route"),
        never("Description", "", "a comment above the route"),
        key(
            "NumberPattern",
            "[0-9]{10}",
            "route.match",
            "taken as it is; what RE2 cannot do is told with a remedy",
        ),
        key("Priority", "", "route.priority", "the same number, unless a voice policy sets the order"),
        key("PstnGatewayList", "", "route.trunks", "in the same order; there, they are used in turn"),
        key(
            "PstnUsages",
            "",
            "route.usages route.then_next",
            "in small letters; routes of one pattern follow each other in the order of the policy's usages",
        ),
        key("SuppressCallerId", "False", "route.hide_caller", "True, where there is no AlternateCallerId"),
        key("AlternateCallerId", "", "route.caller_number", "where SuppressCallerId is True, as there"),
    ),
    Kind.ROUTE,
)

POLICY: Final = Group(
    "Voice policy",
    (
        key(
            "Identity",
            "",
            "site.usages",
            "Global: the order of routes; a site's: what its calls may use; of single users: told alone",
        ),
        key("PstnUsages", "", "site.usages", "those that a route has; the order is the one of routes"),
    ),
    Kind.POLICY,
)

USAGES: Final = Group(
    "PSTN usages", (never("Usage", "", "names that policies and routes have in common"),), Kind.USAGES
)

MEDIA: Final = Group(
    "Media configuration",
    (
        never("Identity", "", "that of the Mediation Server holds, or the global one"),
        key(
            "EncryptionLevel", "RequireEncryption", "internal.media.srtp internal.media.srtp_twins",
            'RequireEncryption: "required"; SupportEncryption: "optional", as two m-lines; DoNotSupport…: "off"',
        ),
        never("EnableSiren", "False", "G.711 alone is carried"),
        key(
            "EnableRtpRtcpMultiplexing", "", "internal.media.rtcp_mux trunk.media.rtcp_mux",
            "for the front ends; trunks have their own",
        ),
        key(
            "EnableQoS", "False", "internal.media.dscp trunk.media.dscp internal.dscp gateway.dscp",
            "packets are marked by default, EF for audio and CS3 for signalling; 0 is False",
        ),
        never("EnableG722StereoCodec", "True", "G.711 alone is carried"),
    ),
    Kind.MEDIA,
)  # fmt: skip
