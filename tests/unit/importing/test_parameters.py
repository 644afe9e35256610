"""Every parameter of the original has one row; the row names keys that exist; the document says what the rows say."""

from collections import Counter
from pathlib import Path

import pytest

from mediation.importing.assessment import defaults_differ
from mediation.importing.catalogue import (
    BEHAVIOUR,
    DIRECT_ROUTING,
    GROUPS,
    NEIGHBOURS,
    OTHER_NUMBER_RULES,
    RULES_BETWEEN,
    every_key,
)
from mediation.importing.conversion import CONVERSIONS, convert
from mediation.importing.document import printed_document
from mediation.importing.lync import import_lync
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
    Fate,
    Group,
)
from mediation.settings.tree import entry_at
from tests.unit.importing.imports import EVERYTHING

DOCUMENT = Path(__file__).parents[3] / "docs" / "trunk-settings.md"

ORIGINALS: dict[str, tuple[Group, str]] = {
    "1, trunk configuration": (
        TRUNK_CONFIGURATION,
        """
        Identity Description ConcentratedTopology EnableBypass EnableReferSupport
        Enable3pccRefer EnableSessionTimer EnableSignalBoost MaxEarlyDialogs RemovePlusFromUri
        RTCPActiveCalls RTCPCallsOnHold SRTPMode EnablePIDFLOSupport EnableMobileTrunkSupport
        EnableFastFailoverTimer EnableRTPLatching ForwardCallHistory ForwardPAI
        ForwardAnonymousCallGatewayPAI AcceptGatewayPAIForOutboundCalls EnableOnlineVoice
        PstnUsages OutboundTranslationRulesList OutboundCallingNumberTranslationRulesList
        SipResponseCodeTranslationRulesList EnableLocationRestriction NetworkSiteID
        """,
    ),
    "2, called numbers": (
        CALLED_RULE,
        """
        Identity Pattern Translation Priority Description Name
        """,
    ),
    "2, calling numbers": (
        CALLING_RULE,
        """
        Identity Pattern Translation Priority Description Name
        """,
    ),
    "2, other rules": (
        OTHER_NUMBER_RULES,
        """
        NormalizationRule.Pattern NormalizationRule.Translation NormalizationRule.Priority
        InboundPstnNumberTranslationRules InboundTeamsNumberTranslationRules
        OutboundPstnNumberTranslationRules OutboundTeamsNumberTranslationRules
        """,
    ),
    "3, responses": (
        RESPONSE_RULE,
        """
        Identity ReceivedResponseCode ReceivedISUPCauseValue TranslatedResponseCode Priority
        Name Codes_that_try_the_next_trunk
        """,
    ),
    "4, gateways": (
        GATEWAY,
        """
        Identity PoolFqdn MediationServer GatewaySipClientTcpPort GatewaySipClientTlsPort
        RepresentativeMediaIP AlternateByPassId Routable Default SiteId
        """,
    ),
    "4, servers": (
        SERVER,
        """
        Identity SipServerPort SipClientTlsPort SipClientTcpPort AudioPortStart AudioPortCount
        """,
    ),
    "5, routes": (
        ROUTE,
        """
        Identity Name Description NumberPattern Priority PstnGatewayList PstnUsages
        SuppressCallerId AlternateCallerId
        """,
    ),
    "5, policies": (
        POLICY,
        """
        Identity PstnUsages
        """,
    ),
    "5, usages": (
        USAGES,
        """
        Usage
        """,
    ),
    "5, media": (
        MEDIA,
        "Identity EncryptionLevel EnableSiren EnableRtpRtcpMultiplexing EnableQoS EnableG722StereoCodec",
    ),
    "5, neighbours": (
        NEIGHBOURS,
        """
        MediaBypass.Enabled MediaBypass.AlwaysBypass
        MediaBypass.EnableDefaultBypassID MediaBypass.BypassID MediaBypass.InternalBypassMode
        MediaBypass.ExternalBypassMode BandwidthPolicyProfile.AudioBWLimit
        BandwidthPolicyProfile.AudioBWSessionLimit Rerouting_of_a_call_that_admission_refuses
        Logs_of_call_admission_control CdrConfiguration.EnableCDR
        CdrConfiguration.KeepCallDetailForDays CdrConfiguration.PurgeHourOfDay
        Registrar_failover_interval Test-CsTrunkConfiguration Test-CsPstnOutboundCall
        """,
    ),
    "7, Direct Routing": (
        DIRECT_ROUTING,
        """
        Enabled SipSignalingPort SendSipOptions FailoverTimeSeconds FailoverResponseCodes
        ForwardCallHistory ForwardPai MaxConcurrentSessions MediaBypass BypassMode GatewaySiteId
        GatewaySiteLbrEnabled PidfloSupported IPAddressVersion MediaRelayRoutingLocationOverride
        ProxySbc
        """,
    ),
}
"""Every name of the original, by the section of the design that lists it."""

COUNTS = {"1, rules between settings": (RULES_BETWEEN, 7), "6, behaviour": (BEHAVIOUR, 12)}
"""What has no name there."""


@pytest.mark.parametrize("section", ORIGINALS)
def test_every_parameter_of_the_original_has_exactly_one_row(section: str) -> None:
    group, names = ORIGINALS[section]
    rows = Counter(parameter.name.replace(" ", "_") for parameter in group.parameters)
    assert rows == Counter(names.split())


@pytest.mark.parametrize("section", COUNTS)
def test_every_rule_and_every_behaviour_has_a_row(section: str) -> None:
    group, count = COUNTS[section]
    assert len({parameter.name for parameter in group.parameters}) == len(group.parameters) == count


def test_no_group_is_forgotten() -> None:
    known = [group for group, _ in (*ORIGINALS.values(), *COUNTS.values())]
    assert all(any(group is each for each in known) for group in GROUPS)
    assert len(known) == len(GROUPS)
    assert len(TRUNK_CONFIGURATION.parameters) == 28


@pytest.mark.parametrize("key", sorted(set(every_key())))
def test_every_key_that_a_row_names_is_a_setting(key: str) -> None:
    assert entry_at(tuple(key.split("."))) is not None


def test_a_row_has_keys_or_a_reason_and_never_both() -> None:
    for group in GROUPS:
        for parameter in group.parameters:
            assert bool(parameter.keys) == (parameter.fate is Fate.KEY), parameter.name
            assert parameter.note, parameter.name


def test_the_importer_sets_the_keys_that_the_rows_name_and_no_others() -> None:
    for name in CONVERSIONS:
        parameter = TRUNK_CONFIGURATION.parameter(name)
        assert parameter is not None
        assert set(convert(name, parameter.default)) == set(parameter.keys), name
        assert defaults_differ(parameter) in (True, False)


def test_every_key_of_a_trunk_configuration_is_set_by_the_importer() -> None:
    lists = {name for name in ORIGINALS["1, trunk configuration"][1].split() if name.endswith("List")}
    by_hand = {
        "Identity",
        "RTCPActiveCalls",
        "EnableLocationRestriction",
        "NetworkSiteID",
        "PstnUsages",
        *lists,
    }
    with_keys = {parameter.name for parameter in TRUNK_CONFIGURATION.parameters if parameter.keys}
    assert (
        with_keys - {"RTCPCallsOnHold"} == set(CONVERSIONS) | by_hand
    )  # that one may have a key, which no value sets


def test_the_table_of_an_import_speaks_as_the_rows_do() -> None:
    told = {(row.parameter, row.keys, row.note) for row in import_lync(EVERYTHING).told.rows if row.taken}
    rows = {(each.name, each.keys, each.note) for group in GROUPS for each in group.parameters}
    assert told <= rows


def test_the_document_is_what_the_rows_print() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == printed_document(), (
        "python -m mediation.importing.document > docs/trunk-settings.md"
    )


def test_the_document_is_a_table_wherever_it_should_be() -> None:
    for line in printed_document().splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 6, line
