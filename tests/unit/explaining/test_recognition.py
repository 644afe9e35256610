"""By what a peer's calls are known, and where a call goes to one that has no address: told without a server."""

from dataclasses import replace
from typing import Any

from mediation.explaining.recognition import recognized_by
from mediation.explaining.route import explain_route, explanation_mapping, explanation_text
from mediation.routing.directory import FRONT_END_POOL
from mediation.settings.model import Settings
from mediation.settings.places import Listener
from mediation.sip.flow import Transport
from tests.flows.scenery import OUTSIDE, SBC, settings, trunk

NAME = "sbc.itsp.example"
OWN = Listener(Transport.TLS, OUTSIDE, 5060)


def known(**terms: Any) -> tuple[str, ...]:
    return recognized_by(settings(trunk("itsp-a", SBC, **terms)), "itsp-a")


def test_targets_addresses_networks_and_names_are_told() -> None:
    assert known() == (f"the addresses of its targets: sip:{SBC}:5060",)
    assert known(trusted=("203.0.113.0/28", f"{SBC}/32")) == (f"the address: 203.0.113.0/28 or {SBC}",)
    assert known(trusted=()) == ()
    assert known(trusted_names=(NAME, "b.example")) == (
        f"a certificate for {NAME} or b.example, over TLS from any address",
        f"the addresses of its targets: sip:{SBC}:5060",
    )
    assert known(trusted_names=(NAME,), trusted=()) == (
        f"a certificate for {NAME}, over TLS from any address",
    )
    assert known(trusted_names=(NAME,), trusted=("203.0.113.0/28",)) == (
        f"a certificate for {NAME}, over TLS from 203.0.113.0/28",
    )


def test_a_socket_of_its_own_is_told_too() -> None:
    assert known(local=(OWN,))[-1] == f"at tls:{OUTSIDE}:5060 alone"


def test_front_end_servers_are_told_alike() -> None:
    assert recognized_by(settings(), FRONT_END_POOL) == ("the address: 10.1.1.0/24",)


def mobile(**terms: Any) -> Settings:
    made = trunk("mobile", trusted_names=(NAME,), reuse_connections=True, **terms)
    return settings(replace(made, targets=()))


def test_route_explain_tells_who_a_caller_is_known_as() -> None:
    given = mobile()
    told = explain_route(given, "+49301", "+1425", given.trunks[0], 0.0)
    assert told.known_by == (f"a certificate for {NAME}, over TLS from any address",)
    assert f"  known by a certificate for {NAME}, over TLS from any address" in explanation_text(told)
    assert explanation_mapping(told)["known_by"] == list(told.known_by)


def test_route_explain_shows_the_attempt_by_a_connection_of_the_peers_own() -> None:
    (attempt,) = explain_route(mobile(), "+49301", "+1425", None, 0.0).departures
    assert (attempt.trunk, attempt.target) == ("mobile", f"sip:{NAME};transport=tls")
    assert f"@{NAME};transport=tls" in attempt.request_uri


def test_a_trunk_that_places_no_calls_is_known_by_nothing() -> None:
    given = settings(trunk("itsp-a", SBC, trusted=()))
    told = explain_route(given, "+49301", "", given.trunks[0], 0.0)
    assert "which places no calls" in explanation_text(told)
