"""What becomes of an export: trunks, rules and routes, and every loss told."""

from pathlib import Path

import pytest

from mediation.explaining.route import explain_route
from mediation.importing.lync import import_lync
from mediation.importing.servers import Known
from mediation.importing.table import import_mapping, import_text
from mediation.importing.telling import Weight
from mediation.importing.writing import MARK
from mediation.settings.problems import SettingsError
from mediation.settings.read import inspect
from tests.unit.importing.imports import (
    EVERYTHING,
    EXPORTS,
    configuration,
    gateway,
    imported,
    lost,
    route,
    rule,
    told,
    toml,
)


def test_a_whole_export_becomes_a_file_that_check_config_takes() -> None:
    found = import_lync(EVERYTHING)
    settings = inspect(found.configuration, "imported").settings
    first, second = settings.trunks
    assert (first.name, str(first.targets[0])) == ("10-20-0-7", "sip:10.20.0.7:5066;transport=tcp")
    assert (second.name, second.tls_name) == ("sbc1-firma-example", "sbc1.firma.example")
    assert (second.media.srtp, second.media.srtp_twins, first.media.srtp) == ("optional", True, "off")
    assert (second.transfer.mode, first.transfer.mode) == ("local", "refer")
    assert (second.session_timer.mode, second.no_progress_s) == ("offer", 32)
    assert (second.early_media.max_early_dialogs, first.early_media.max_early_dialogs) == (40, 20)
    assert (second.identity.send, second.identity.history) == ("pai", "history-info")
    assert [(rule.party, rule.match, rule.replace) for rule in second.numbers] == [
        ("called", "^\\+43(\\d+)$", "0$1"),
        ("called", "^\\+(\\d{7,15})$", "00$1"),
        ("calling", "^\\+43(1\\d{4,10})$", "0$1"),
    ]
    assert second.numbers[0].description == "National: within Austria"
    assert [(rule.status, rule.cause, rule.becomes) for rule in second.responses] == [(486, 34, 503)]
    assert (settings.internal.media.srtp, settings.internal.media.srtp_twins) == ("optional", True)
    assert settings.internal.media.rtcp_mux
    assert settings.gateway.rtp_ports == settings.internal.rtp_ports == (49152, 57499)


@pytest.mark.parametrize("ending", ["xml", "txt"])
def test_the_writing_makes_no_difference(ending: str) -> None:
    other = [
        path.with_suffix(f".{ending}") if "TrunkConfiguration" in path.name else path for path in EVERYTHING
    ]
    first, second = (import_lync(paths).configuration.partition("\n")[2] for paths in (EVERYTHING, other))
    assert first == second


def test_what_the_export_does_not_say_is_marked_and_told() -> None:
    found = import_lync(EVERYTHING)
    marked = [line.partition(MARK)[0].strip() for line in found.configuration.splitlines() if MARK in line]
    assert len(marked) == found.told.count(Weight.FILL_IN) >= 9
    assert any(line.startswith('targets = ["sip:192.0.2.') for line in marked)
    assert not any("10.20.0.7" in line for line in marked)


def test_what_whoever_imports_has_said_needs_no_mark(tmp_path: Path) -> None:
    known = Known.of("10.1.0.5", "2001:db8:9::5", ["10.1.0.20"], "/c.pem", "/c.key", "/ca.pem")
    path = tmp_path / "e.txt"
    path.write_text(
        "Identity : PstnGateway:2001:db8:9::77\nGatewaySipClientTlsPort : 5067\n\nEncryptionLevel : RequireEncryption"
    )
    found = import_lync([path], known)
    assert told(found, Weight.FILL_IN) == []
    assert MARK not in found.configuration
    data = toml(found)
    assert data["gateway"]["listen"] == ["tls:[2001:db8:9::5]:5067"]
    assert data["internal"]["targets"] == ["sip:10.1.0.20:5061;transport=tls"]
    assert data["trunk"][0]["targets"] == ["sip:[2001:db8:9::77]:5067;transport=tls"]


def test_the_nearest_configuration_holds_as_a_whole(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        configuration(MaxEarlyDialogs=5, RemovePlusFromUri=True),
        configuration(Identity="Site:Vienna", MaxEarlyDialogs=6),
        configuration(Identity="Service:PstnGateway:10.0.0.8", MaxEarlyDialogs=7),
        gateway(Identity="PstnGateway:10.0.0.7", SiteId="Site:Graz"),
        gateway(Identity="PstnGateway:10.0.0.8", SiteId="Site:Vienna"),
        gateway(Identity="PstnGateway:10.0.0.9", SiteId="Site:Vienna"),
    )
    trunks = {trunk["name"]: trunk for trunk in toml(found)["trunk"]}
    numbers = [trunks[f"10-0-0-{last}"]["early_media"]["max_early_dialogs"] for last in (7, 8, 9)]
    assert numbers == [5, 7, 6]
    assert [trunk.get("strip_plus") for trunk in trunks.values()] == [True, None, None]


def test_a_gateway_of_an_unknown_site_is_told_where_sites_have_configurations(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(), configuration(Identity="Site:Vienna"), gateway())
    assert any("configurations of vienna" in text for text in lost(found))


def test_without_gateways_each_configuration_is_a_trunk_with_an_address_to_fill_in(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(), configuration(Identity="Site:Vienna"))
    assert [trunk["name"] for trunk in toml(found)["trunk"]] == ["global", "vienna"]
    assert sum("the address and port and transport" in text for text in told(found, Weight.FILL_IN)) == 2


@pytest.mark.parametrize(
    ("pattern", "translation", "reason"),
    [
        ("^\\+(?!43)(\\d+)$", "$1", "look-around is not available"),
        ("^(\\d)\\1$", "$1", "cannot refer to what it has found"),
        ("^(?>\\+)(\\d+)$", "$1", "nothing need be atomic"),
        ("^[0-9-[5]]+$", "", "taken out of another one"),
        ("^\\+(\\d+)$", "$2", "names a group that the pattern has not"),
        ("^\\+(\\d+)$", "$12", "can be read as group"),
        ("^\\+(\\d+)$", "$1;ext=5", "cannot stand in a number"),
        ("^(?P<a>\\d)(\\d+)$", "$1", "name every group, or none"),
        ("", "1", "an empty pattern"),
        ("^([[:digit:]]+)$", "$1", "[: begins a class by name in RE2"),
        ("^(?<2>\\d)(?<1>\\d)$", "$1", "a group that is given a number"),
    ],
)
def test_a_pattern_that_re2_cannot_have_is_told_with_place_and_remedy(
    tmp_path: Path, pattern: str, translation: str, reason: str
) -> None:
    rules = [rule(pattern, translation, "Odd"), rule("^\\+(\\d*)$", "${1}", "Even")]
    found = imported(tmp_path, configuration(OutboundTranslationRulesList=rules), gateway())
    (finding,) = (each for each in found.told.findings if each.weight is Weight.LOST)
    assert reason in str(finding)
    assert finding.place.endswith("export.json")
    assert 'rule "Odd"' in finding.subject
    assert [each["description"] for each in toml(found)["trunk"][0]["number"]] == ["Even"]
    assert "# NOT TAKEN OVER: " in found.configuration


@pytest.mark.parametrize("level", ["", "2", "Sometimes"])
def test_encryption_of_the_front_ends_is_never_taken_away_by_mistake(tmp_path: Path, level: str) -> None:
    media: list[dict[str, object]] = [{"Identity": "Global", "EncryptionLevel": level}] if level else []
    found = imported(tmp_path, configuration(), gateway(), *media)
    assert toml(found)["internal"]["media"] == {"srtp": "required"}
    assert any("internal.media.srtp" in text for text in told(found, Weight.FILL_IN))


def test_rules_stand_in_the_order_of_their_priority(tmp_path: Path) -> None:
    rules = [{**rule(f"^{n}(.*)$", "$1", str(n)), "Priority": n} for n in (3, 1, 2)]
    found = imported(tmp_path, configuration(OutboundCallingNumberTranslationRulesList=rules), gateway())
    assert [each["description"] for each in toml(found)["trunk"][0]["number"]] == ["1", "2", "3"]
    assert {each["party"] for each in toml(found)["trunk"][0]["number"]} == {"calling"}


def test_rules_that_were_exported_by_themselves_stand_in_for_a_list_that_was_cut_off(tmp_path: Path) -> None:
    cut, apart = tmp_path / "CsTrunkConfiguration.txt", tmp_path / "CsOutboundTranslationRule.json"
    cut.write_text(
        "Identity : Global\nSRTPMode : Required\nOutboundTranslationRulesList : {Pattern=^1$;Translation=2;Name=A, ...}"
    )
    apart.write_text(
        '[{"Identity": "Global/A", "Priority": 0, "Pattern": "^1$", "Translation": "2", "Name": "A"},'
        ' {"Identity": "Global/B", "Priority": 1, "Pattern": "^3$", "Translation": "4", "Name": "B"},'
        ' {"Identity": "Site:X/C", "Priority": 0, "Pattern": "^5$", "Translation": "6", "Name": "C"}]'
    )
    assert any("was not written whole" in text for text in lost(import_lync([cut])))
    found = import_lync([cut, apart])
    assert lost(found) == []
    assert [each["match"] for each in toml(found)["trunk"][0]["number"]] == ["^1$", "^3$"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ReceivedResponseCode": 0, "TranslatedResponseCode": 503}, "every failure into the same one"),
        ({"ReceivedResponseCode": 302, "TranslatedResponseCode": 503}, "no number from 400 to 699"),
        ({"ReceivedISUPCauseValue": 477, "TranslatedResponseCode": 503}, "no number from 1 to 127"),
        ({"ReceivedResponseCode": 486}, 'TranslatedResponseCode is ""'),
    ],
)
def test_a_response_rule_that_cannot_be_had_is_told(
    tmp_path: Path, given: dict[str, object], words: str
) -> None:
    found = imported(tmp_path, configuration(SipResponseCodeTranslationRulesList=[given]), gateway())
    assert any(words in text for text in lost(found))
    assert "response" not in toml(found)["trunk"][0]


def test_an_enumeration_written_as_a_number_is_not_guessed(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(SRTPMode=1), gateway())
    assert any("which word it stands for nobody can tell" in text for text in lost(found))


def test_identity_that_needs_forward_pai_is_left_out_without_it(tmp_path: Path) -> None:
    wants = {"ForwardAnonymousCallGatewayPAI": True, "AcceptGatewayPAIForOutboundCalls": True}
    without = imported(tmp_path, configuration(ForwardPAI=False, **wants), gateway())
    assert "identity" not in toml(without)["trunk"][0]
    assert len(lost(without)) == 2
    found = imported(tmp_path, configuration(ForwardPAI=True, **wants), gateway())
    assert toml(found)["trunk"][0]["identity"] == {
        "send": "pai", "reveal": True, "keep_pai_on_anonymous_forward": True, "accept_peer_pai_on_forward": True,
    }  # fmt: skip


def test_a_trunk_has_the_usages_that_routes_have_and_the_others_are_lost(tmp_path: Path) -> None:
    assert lost(imported(tmp_path, configuration(PstnUsages=[], RTCPCallsOnHold=True), gateway())) == []
    transit = route(PstnUsages=["AT Local", "Transit"])
    found = imported(tmp_path, configuration(PstnUsages=["Transit", "Gone"]), gateway(), transit)
    assert toml(found)["trunk"][0]["usages"] == ["transit"]
    assert toml(found)["route"][0]["usages"] == ["at-local", "transit"]
    assert lost(found) == ["trunk 10-0-0-9: PstnUsages: no route that was taken over has the usage Gone"]
    rows = {row.parameter: row for row in found.told.rows if row.subject.startswith("trunk configuration")}
    assert (rows["PstnUsages"].there, rows["PstnUsages"].here) == ("{Transit, Gone}", "usages = [transit]")


def test_the_usages_of_a_route_that_was_lost_are_nobodys(tmp_path: Path) -> None:
    broken = route(NumberPattern="^(?!x)", PstnUsages=["Transit"])
    found = imported(tmp_path, configuration(PstnUsages=["Transit"]), gateway(), broken, route(Identity="S"))
    assert "usages" not in toml(found)["trunk"][0]


POLICIES: tuple[dict[str, object], ...] = (
    {"Identity": "Global", "PstnUsages": ["National", "World"]},
    {"Identity": "Site:Vienna", "PstnUsages": ["Vienna", "National", "Unused"]},
    {"Identity": "Tag:Lobby", "PstnUsages": ["National"]},
)
ROUTES = (
    route(Identity="V", NumberPattern="^\\+431", PstnUsages=["Vienna"], Priority=9),
    route(Identity="N", NumberPattern="^\\+43", PstnUsages=["National"], Priority=8),
    route(Identity="W", NumberPattern="^\\+", PstnUsages=["World"], Priority=7),
)


def test_the_policy_of_a_site_is_what_its_calls_may_use(tmp_path: Path) -> None:
    other = gateway(Identity="PstnGateway:10.0.0.8", SiteId="Site:Graz")
    found = imported(tmp_path, configuration(), gateway(SiteId="Site:Vienna"), other, *POLICIES, *ROUTES)
    data = toml(found)
    assert [(site["name"], site["usages"]) for site in data["site"]] == [
        ("vienna", ["vienna", "national"]),
        ("graz", ["national", "world"]),  # of the global policy: nobody there had Vienna's routes
    ]
    assert [each["match"] for each in data["route"]] == ["^\\+43", "^\\+", "^\\+431"]
    assert "FILL IN: whose calls these are" in found.configuration
    assert any("site.vienna: whose calls go by" in text for text in told(found, Weight.FILL_IN))
    assert [text.partition(": ")[0] for text in lost(found)] == [
        "voice policy Tag:Lobby", "voice policy Site:Vienna", "voice policy Global",
    ]  # fmt: skip
    assert "routes are asked in one order for all" in lost(found)[1]
    assert "calls that belong to no site go by the usages vienna as well" in lost(found)[2]


def test_calls_of_a_site_go_by_the_routes_of_its_policy_once_its_numbers_are_filled_in(
    tmp_path: Path,
) -> None:
    found = imported(tmp_path, configuration(), gateway(SiteId="Site:Vienna"), *POLICIES, *ROUTES)
    filled = found.configuration.replace('# numbers = ["…"]', 'numbers = ["+431"]')
    settings = inspect(filled, "filled in").settings
    for called, exit_ in (("+4315", True), ("+435", True), ("+15", False)):
        assert bool(explain_route(settings, called, "+431555", None, 0).departures) is exit_
        assert explain_route(settings, called, "+49555", None, 0).departures


def test_a_site_whose_policy_opens_nothing_is_told_as_lost(tmp_path: Path) -> None:
    closed: dict[str, object] = {"Identity": "Site:Vienna", "PstnUsages": ["None"]}
    found = imported(tmp_path, configuration(), gateway(), closed, *ROUTES)
    assert any("Site:Vienna: its users could call nobody outside" in text for text in lost(found))
    assert all("usages" not in site for site in toml(found)["site"])


def test_routes_of_one_pattern_and_the_same_usages_are_one(tmp_path: Path) -> None:
    one = route(PstnUsages=["World"])
    second = gateway(Identity="PstnGateway:10.0.0.8", PoolFqdn="10.0.0.8")
    found = imported(
        tmp_path, configuration(), gateway(), second, one, {**one, "PstnGatewayList": ["PstnGateway:10.0.0.8"]},
        {**one, "PstnUsages": ["Other"], "Priority": 5},
    )  # fmt: skip
    assert [(each["trunks"], each["usages"], each.get("then_next")) for each in toml(found)["route"]] == [
        (["10-0-0-9", "10-0-0-8"], ["world"], True),
        (["10-0-0-9"], ["other"], None),
    ]


@pytest.mark.parametrize(
    ("suppress", "other", "here", "loses"),
    [
        (True, "+43155500", {"caller_number": "+43155500"}, False),
        ("True", "43155500;ext=17", {"caller_number": "43155500"}, False),
        (True, None, {"hide_caller": True}, False),
        (False, "+43155500", {}, False),
        (None, None, {}, False),
        ("perhaps", None, {}, True),
        (True, "no number", {}, True),
    ],
)
def test_the_caller_that_a_route_shows_is_shown_here(
    tmp_path: Path, suppress: object, other: object, here: dict[str, object], loses: bool
) -> None:
    given = route(SuppressCallerId=suppress, AlternateCallerId=other)
    found = imported(tmp_path, configuration(), gateway(), given)
    (taken,) = toml(found)["route"]
    assert {key: taken[key] for key in taken if key not in ("match", "trunks")} == here
    assert bool(lost(found)) is loses


def test_a_trunk_stands_at_the_site_of_its_gateway_or_its_network(tmp_path: Path) -> None:
    apart = "Service:PstnGateway:10.0.0.8"
    found = imported(
        tmp_path,
        configuration(),
        configuration(Identity=apart, NetworkSiteID="Wien 3", EnableLocationRestriction=True),
        gateway(SiteId="Site:Vienna"),
        gateway(Identity="PstnGateway:10.0.0.8", SiteId="Site:Vienna"),
    )
    data = toml(found)
    sites = {trunk["name"]: trunk["site"] for trunk in data["trunk"]}
    assert sites == {"10-0-0-9": "vienna", "10-0-0-8": "wien-3"}
    assert [site["name"] for site in data["site"]] == ["vienna", "wien-3"]
    assert any(
        "site.wien-3: its calls are bound to a country" in text for text in told(found, Weight.FILL_IN)
    )
    assert lost(found) == []


def test_calls_cannot_be_bound_to_the_country_of_no_site(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(EnableLocationRestriction=True), gateway())
    assert any("needs NetworkSiteID" in text for text in lost(found))


def test_routes_of_one_pattern_follow_each_other_in_the_order_of_the_policy() -> None:
    found = import_lync(EVERYTHING)
    assert toml(found)["route"] == [
        {"match": "^\\+431", "trunks": ["sbc1-firma-example"], "usages": ["at-local"], "then_next": True},
        {"match": "^\\+431", "trunks": ["10-20-0-7"], "usages": ["at-reserve"]},
    ]
    assert any("voice policy Tag:Lobby" in text for text in lost(found))


def test_without_a_policy_routes_keep_their_priority(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        configuration(),
        gateway(),
        route(Identity="late", Priority=7, NumberPattern="^\\+4"),
        route(Identity="soon", Priority=2, NumberPattern="^\\+43"),
    )
    assert [(each["match"], each["priority"]) for each in toml(found)["route"]] == [
        ("^\\+43", 2),
        ("^\\+4", 7),
    ]


def test_where_no_route_could_be_taken_over_nothing_is_opened(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(), gateway(), route(NumberPattern="^(?!\\+)"))
    settings = inspect(found.configuration, "imported").settings
    assert [each.match for each in settings.routes] == ["^no-route-was-taken-over$"]


def test_a_route_without_a_gateway_is_told(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(), gateway(), route(PstnGatewayList=[]))
    assert [text.partition(": ")[2].partition(";")[0] for text in lost(found)] == [
        "'^\\+': it has no gateway"
    ]


def test_two_trunks_to_one_address_are_told_apart_by_nobody_so_that_one_places_no_calls(
    tmp_path: Path,
) -> None:
    found = imported(
        tmp_path, configuration(), gateway(), gateway(Identity="PstnGateway:Second", PoolFqdn="10.0.0.9")
    )
    assert [(trunk["name"], trunk.get("trusted")) for trunk in toml(found)["trunk"]] == [
        ("10-0-0-9", None), ("second", []),
    ]  # fmt: skip
    assert any("another trunk has the same target" in text for text in told(found, Weight.NOTE))


def test_every_parameter_of_the_export_has_a_row_with_both_sides_defaults() -> None:
    found = import_lync([EXPORTS / "CsTrunkConfiguration.xml"])
    rows = {(row.subject.rpartition(" ")[2], row.parameter): row for row in found.told.rows}
    srtp = rows["sbc1-firma-example", "SRTPMode"]
    assert (srtp.there, srtp.default_there, srtp.here) == (
        "Optional",
        False,
        "srtp = optional, srtp_twins = true",
    )
    assert (srtp.default_here, srtp.defaults_differ) == (False, True)
    timer = rows["sbc1-firma-example", "EnableSessionTimer"]
    assert (timer.there, timer.here, timer.default_here, timer.defaults_differ) == (
        "True",
        "mode = offer",
        False,
        False,
    )
    mapping = import_mapping(found)
    assert mapping["whole"] is found.is_whole
    assert "SRTPMode" in import_text(found)


def test_objects_of_other_kinds_are_passed_over_and_told(tmp_path: Path) -> None:
    found = imported(tmp_path, configuration(), gateway(), {"Identity": "Global", "EnableQoS": True})
    assert any("object of another kind: not taken over" in text for text in told(found, Weight.NOTE))
    assert found.is_whole


def test_an_export_without_trunks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no trunk in this export"):
        imported(tmp_path, {"Identity": "Global", "Usage": ["A"]})


def test_more_than_a_configuration_may_hold_is_refused(tmp_path: Path) -> None:
    routes = [route(Identity=f"R{number}", NumberPattern=f"^{number}{'0' * 900}") for number in range(1200)]
    with pytest.raises(SettingsError, match="larger than 1048576 octets"):
        imported(tmp_path, configuration(), gateway(), *routes)


def test_nothing_of_an_export_can_break_out_of_a_comment_or_a_text(tmp_path: Path) -> None:
    evil = 'a"\n[[trunk]]\nname = "evil"\n#'
    found = imported(
        tmp_path,
        configuration(Description=evil, OutboundTranslationRulesList=[rule("^1$", "2", evil)]),
        gateway(Identity=f"PstnGateway:{evil}"),
        route(
            Identity=evil, Description=evil, PstnGatewayList=[f"PstnGateway:{evil}"], NumberPattern="^'\"$"
        ),
    )
    assert len(toml(found)["trunk"]) == 1
    assert all(character.isprintable() or character == "\n" for character in import_text(found))
