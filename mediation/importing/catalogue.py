"""All parameters of the original, those around the exported ones as well, in the order of docs/trunk-settings.md."""

from collections.abc import Iterator
from typing import Final

from mediation.importing.parameters import (
    CALLED_RULE,
    CALLING_RULE,
    GATEWAY,
    MEDIA,
    POLICY,
    RESPONSE_RULE,
    ROUTE,
    SERVER,
    TRUNK_CONFIGURATION,
    USAGES,
    Group,
    always,
    key,
    later,
    never,
)

RULES_BETWEEN: Final = Group(
    "Rules between settings",
    (
        never("Bypass needs a concentrated topology and REFER", "", "there is no bypass"),
        never("Bypass needs the global switch", "", "there is no bypass"),
        never("A bypassed call skips call admission control", "", "there is no bypass"),
        always(
            "SRTP needs TLS",
            "",
            "check-config refuses required SRTP without it (srtp_without_tls lifts that)",
        ),
        always("ForwardAnonymousCallGatewayPAI needs ForwardPAI", "", "check-config refuses it"),
        always(
            "EnableLocationRestriction needs NetworkSiteID", "", "check-config refuses bound without country"
        ),
        always("Numbers are not translated twice", "", "mediation number and route explain show what leaves"),
    ),
)


OTHER_NUMBER_RULES: Final = Group(
    "Other rules about numbers",
    (
        never(
            "NormalizationRule.Pattern",
            r"^(\d{11})$",
            "dialled digits become E.164 in the dial plan of the front end",
        ),
        never("NormalizationRule.Translation", "+$1", "the same"),
        never("NormalizationRule.Priority", "", "the same"),
        key(
            "InboundPstnNumberTranslationRules",
            "",
            "trunk.number",
            'party = "called", direction = "from-peer"',
        ),
        key(
            "InboundTeamsNumberTranslationRules",
            "",
            "trunk.number",
            'party = "calling", direction = "from-peer"',
        ),
        key(
            "OutboundPstnNumberTranslationRules",
            "",
            "trunk.number",
            'party = "called", direction = "to-peer"',
        ),
        key(
            "OutboundTeamsNumberTranslationRules",
            "",
            "trunk.number",
            'party = "calling", direction = "to-peer"',
        ),
    ),
)


NEIGHBOURS: Final = Group(
    "Neighbouring policies",
    (
        never("MediaBypass.Enabled", "False", "audio of every call runs through this server"),
        never("MediaBypass.AlwaysBypass", "False", "the same"),
        never("MediaBypass.EnableDefaultBypassID", "False", "the same"),
        never("MediaBypass.BypassID", "", "the same"),
        never("MediaBypass.InternalBypassMode", "Off", "the same"),
        never("MediaBypass.ExternalBypassMode", "Off", "the same"),
        key("BandwidthPolicyProfile.AudioBWLimit", "0", "site.link.kbps trunk.link.kbps", "the same number, each way"),
        always("BandwidthPolicyProfile.AudioBWSessionLimit", "175", "a call counts as what it takes on the wire"),
        always("Rerouting of a call that admission refuses", "", "the next trunk of the route, and the next route"),
        always("Logs of call admission control", "", "room.nearly_full in the log, bandwidth-limit in call records"),
        key("CdrConfiguration.EnableCDR", "True", "cdr.file", "a file turns records on"),
        never("CdrConfiguration.KeepCallDetailForDays", "60", "one line a call, for logrotate to keep and purge"),
        never("CdrConfiguration.PurgeHourOfDay", "2", "the same"),
        key(
            "Registrar failover interval", "300",
            "trunk.health.failures trunk.health.suspect_interval_s internal.health.failures trunk.health.stable_s",
            "a branch goes on by its own trunk and front end once the centre is down, and back when that is stable",
        ),
        always("Test-CsTrunkConfiguration", "", "mediation number, mediation route explain"),
        always("Test-CsPstnOutboundCall", "", "mediation trunk probe places calls with audio and keys at a trunk"),
    ),
)  # fmt: skip


BEHAVIOUR: Final = Group(
    "Behaviour without a parameter",
    (
        key(
            "OPTIONS polling: five unanswered in a row",
            "",
            "trunk.health.failures trunk.health.interval_s trunk.health.suspect_interval_s "
            "trunk.health.down_interval_s trunk.health.timeout_s",
            "the same: five, and every 60 s while it is down",
        ),
        never(
            "OPTIONS polling: stopped where the peer polls",
            "",
            "a peer that asks us is answered, and asked at our own interval all the same",
        ),
        always(
            "The only route is tried even when it is down", "", "the last resort of a call, if all are down"
        ),
        key(
            "Recovery lag",
            "",
            "trunk.health.successes trunk.health.stable_s trunk.health.slow_start_s",
            "one answer to OPTIONS is enough, unless stable_s asks for more",
        ),
        key(
            "Health by calls that have failed",
            "",
            "trunk.health.failures",
            "in a row: not reached, nothing heard, 503",
        ),
        key(
            "Contact with the name of the certificate",
            "",
            "gateway.listen internal.listen",
            '"… as sbc.example.com"',
        ),
        key(
            "Transfer by what Allow says",
            "",
            "trunk.transfer.mode",
            '"refer": where the peer takes REFER, else here',
        ),
        always(
            "INVITE without a session description",
            "",
            "taken; towards a peer that wants one, an offer is made",
        ),
        always("user=phone", "", "kept, and written for a number that comes as tel:"),
        always("Alert at 90 % of the calls allowed", "", "room.nearly_full in the log, for every limit"),
        later("Drain", "", "SIGTERM ends all calls; trunk.enabled = false holds from the next start on"),
        key("Counters for graphs", "", "metrics.listen", "calls by direction and verdict, and others"),
    ),
)


DIRECT_ROUTING: Final = Group(
    "Direct Routing gateway",
    (
        key("Enabled", "False", "trunk.enabled", "the same, from the next start on"),
        key("SipSignalingPort", "", "trunk.targets internal.targets", '"sip:ADDRESS:PORT;transport=tls"'),
        key("SendSipOptions", "True", "trunk.health.options internal.health.options", "the same"),
        key("FailoverTimeSeconds", "10", "trunk.no_progress_s", "the same number, to 32"),
        key("FailoverResponseCodes", "408,503,504", "trunk.failover_codes", "the list replaces the default, as there"),
        key("ForwardCallHistory", "False", "trunk.identity.history internal.identity.history", 'True: "history-info"'),
        key("ForwardPai", "False", "trunk.identity.send trunk.identity.from", 'True: "pai" and From "anonymous"'),
        key("MaxConcurrentSessions", "", "trunk.max_calls", "the same number"),
        never("MediaBypass", "False", "audio of every call runs through this server"),
        never("BypassMode", "None", "the same"),
        key("GatewaySiteId", "", "trunk.site", "the site of that name"),
        key("GatewaySiteLbrEnabled", "False", "site.bound", "True needs country"),
        key(
            "PidfloSupported", "False", "trunk.bodies.location internal.bodies.location",
            'True: "emergency", False: "drop"',
        ),
        key("IPAddressVersion", "IPv4", "gateway.listen trunk.targets", "by the addresses of listeners and targets"),
        never("MediaRelayRoutingLocationOverride", "False", "which relay of the cloud is near is the cloud's to know"),
        never("ProxySbc", "", "a trunk names its targets"),
    ),
)  # fmt: skip


GROUPS: Final = (
    TRUNK_CONFIGURATION, RULES_BETWEEN, CALLED_RULE, CALLING_RULE, OTHER_NUMBER_RULES, RESPONSE_RULE, GATEWAY, SERVER,
    ROUTE, POLICY, USAGES, MEDIA, NEIGHBOURS, BEHAVIOUR, DIRECT_ROUTING,
)  # fmt: skip
"""In the order of the document."""


def every_key() -> Iterator[str]:
    """Every key of ours that is named."""
    for group in GROUPS:
        for parameter in group.parameters:
            yield from parameter.keys
