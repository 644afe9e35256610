"""Peers that are known by names in their certificates: what that needs, and what cannot be meant."""

import pytest

from mediation.settings.peers import OfTargets
from mediation.settings.read import read
from tests.unit.settings.test_settings_tls import GATEWAY, INTERNAL, only, told

MOBILE = """\
[[trunk]]
name = "mobile"
targets = []
trusted_names = ["branch.corp.example"]
reuse_connections = true
"""
TRUNK = """\
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30;transport=tls"]
trusted_names = ["sbc.north.example", "sbc2.north.example"]
tls_name = "sbc.north.example"
"""


def test_a_trunk_may_have_a_name_and_neither_target_nor_address() -> None:
    (trunk,) = read(INTERNAL + GATEWAY + MOBILE, "m").trunks
    assert (trunk.trusted_names, trunk.targets) == (("branch.corp.example",), ())
    assert isinstance(trunk.trusted, OfTargets)
    assert told(INTERNAL + GATEWAY + MOBILE) == []


def test_several_trunks_at_one_listener_are_told_apart_by_their_names() -> None:
    assert told(INTERNAL + GATEWAY + MOBILE + TRUNK) == []


def test_front_end_servers_may_be_known_so_as_well() -> None:
    inside = INTERNAL.replace("[internal.tls]", 'trusted_names = ["fe.corp.example"]\n[internal.tls]')
    assert read(inside + GATEWAY + TRUNK, "m").internal.trusted_names == ("fe.corp.example",)


def test_names_need_certificates_that_are_asked_for() -> None:
    problems = told(INTERNAL + GATEWAY.replace("[gateway.tls]", "[gateway.tls]\nverify = false") + TRUNK)
    assert any("verify = false asks for no certificates" in each for each in problems)


def test_names_need_a_listener_for_tls() -> None:
    plain = GATEWAY.replace(', "tls:127.0.0.11"', "")
    assert any("has no tls: listener of [gateway]" in each for each in told(INTERNAL + plain + MOBILE))


def test_a_listener_of_the_trunks_own_must_be_one_for_tls() -> None:
    own = MOBILE + 'local = ["udp:127.0.0.11"]\n'
    assert "has no tls: listener" in only(INTERNAL + GATEWAY + own)


def test_by_name_alone_means_that_no_address_is_trusted() -> None:
    assert told(INTERNAL + GATEWAY + MOBILE + "trusted = []\n") == []


def test_addresses_narrow_a_name_down() -> None:
    assert told(INTERNAL + GATEWAY + MOBILE + 'trusted = ["203.0.113.0/28"]\n') == []


@pytest.mark.parametrize("name", ["branch.corp.example", "BRANCH.corp.example"])
def test_one_name_is_one_trunks(name: str) -> None:
    other = TRUNK.replace("sbc2.north.example", name)
    assert "could be that of another trunk as well" in only(INTERNAL + GATEWAY + MOBILE + other)


def test_one_name_may_call_at_two_listeners_as_two_trunks() -> None:
    gateway = GATEWAY.replace('"tls:127.0.0.11"', '"tls:127.0.0.11", "tls:127.0.0.11:5071"')
    first = MOBILE + 'local = ["tls:127.0.0.11"]\n'
    second = MOBILE.replace("mobile", "second") + 'local = ["tls:127.0.0.11:5071"]\n'
    assert told(INTERNAL + gateway + first + second) == []


@pytest.mark.parametrize("trusted", ["[]", '["127.0.0.0/24"]'])
def test_a_trunk_that_needs_its_name_shares_an_address_with_one_that_is_known_by_it(trusted: str) -> None:
    south = '[[trunk]]\nname = "south"\ntargets = ["sip:127.0.0.30:5081;transport=tls"]\n'
    north = TRUNK + f"trusted = {trusted}\n"
    assert any("could belong" in each for each in told(INTERNAL + GATEWAY + TRUNK + south))
    assert not any("could belong" in each for each in told(INTERNAL + GATEWAY + north + south))


def test_without_a_name_there_must_be_a_target() -> None:
    nobody = MOBILE.replace('trusted_names = ["branch.corp.example"]\n', "")
    assert "the list is empty" in only(INTERNAL + GATEWAY + nobody)


def test_nobody_registers_without_a_target() -> None:
    registers = MOBILE + '[trunk.registration]\naddress_of_record = "sip:we@itsp.example"\n'
    assert any("no target to register with" in each for each in told(INTERNAL + GATEWAY + registers))


def test_who_has_no_targets_and_lends_no_connection_only_calls_us() -> None:
    assert "it can only call us" in only(
        INTERNAL + GATEWAY + MOBILE.replace("reuse_connections = true\n", "")
    )


@pytest.mark.parametrize("name", ["*.corp.example", "sip:corp.example", "192.0.2.1", ""])
def test_a_name_is_a_domain__rfc5922_7_2(name: str) -> None:
    assert "trusted_names.0" in only(INTERNAL + GATEWAY + MOBILE.replace("branch.corp.example", name))
