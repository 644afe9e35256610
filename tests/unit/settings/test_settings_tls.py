"""TLS in a configuration: certificates where they are needed, names that can be compared, and what is doubtful."""

import pytest

from mediation.settings.problems import Severity
from mediation.settings.read import SettingsError, inspect, read
from mediation.settings.tls import Tls, TlsVersion
from mediation.sip.flow import Transport

INTERNAL = """\
[internal]
listen = ["tls:127.0.0.10"]
targets = ["sip:127.0.0.20;transport=tls"]
[internal.tls]
certificate = "internal.pem"
private_key = "internal.key"
authorities = "corporate.pem"
"""
GATEWAY = """\
[gateway]
listen = ["udp:127.0.0.11", "tls:127.0.0.11"]
[gateway.tls]
certificate = "gateway.pem"
private_key = "gateway.key"
"""
TRUNK = """\
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30;transport=tls"]
tls_name = "sbc.north.example"
"""
WHOLE = INTERNAL + GATEWAY + TRUNK


def told(text: str) -> list[str]:
    try:
        reading = inspect(text, "m")
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    assert all(problem.severity is Severity.WARNING for problem in reading.warnings)
    return [str(problem) for problem in reading.warnings]


def only(text: str) -> str:
    (problem,) = told(text)
    return problem


def test_each_interface_has_a_table_of_its_own_with_safe_defaults() -> None:
    settings = read(WHOLE, "m")
    assert settings.internal.tls == Tls(
        certificate="internal.pem",
        private_key="internal.key",
        authorities="corporate.pem",
        verify=True,
        peers=(),
        minimum_version=TlsVersion.TLS_1_2,
    )
    assert settings.gateway.tls.certificate == "gateway.pem"
    assert settings.gateway.tls.verify
    assert settings.trunk("north").tls_name == "sbc.north.example"
    assert settings.internal.listen[0].transport is Transport.TLS
    assert (settings.internal.listen[0].port, settings.internal.addressed[0].port) == (5061, 5061)
    assert told(WHOLE) == []


def test_without_the_table_nothing_is_asked_for_and_nothing_given() -> None:
    plain = '[internal]\nlisten = ["udp:127.0.0.10"]\ntargets = ["sip:127.0.0.20"]\n'
    plain += '[gateway]\nlisten = ["udp:127.0.0.11"]\n[[trunk]]\nname = "n"\ntargets = ["sip:127.0.0.30"]\n'
    assert read(plain, "m").internal.tls == Tls()


def test_a_tls_listener_needs_a_certificate_and_its_key() -> None:
    bare = GATEWAY.partition("[gateway.tls]")[0]
    assert only(INTERNAL + bare + TRUNK) == (
        "m:9:29: gateway.listen.1: TLS needs a certificate, and [gateway.tls] has none; "
        "add [gateway.tls] with certificate and private_key"
    )
    assert only(WHOLE.replace('private_key = "gateway.key"\n', "")) == (
        "m:11:15: gateway.tls.certificate: certificate is given, and private_key is not; "
        "add private_key to [gateway.tls]"
    )
    assert "private_key is given, and certificate is not" in only(
        WHOLE.replace('certificate = "gateway.pem"\n', "")
    )


def test_a_tls_target_needs_a_tls_listener_on_its_side() -> None:
    assert only(WHOLE.replace(', "tls:127.0.0.11"', "")) == (
        "m:15:12: trunk.north.targets.0: [gateway] has no listener for tls over IPv4 "
        '(see gateway.listen at 9:10); add "tls:127.0.0.11:5061" to gateway.listen'
    )


def test_tls_and_tcp_cannot_share_a_port() -> None:
    shared = WHOLE.replace('"tls:127.0.0.11"', '"tcp:127.0.0.11:5061", "tls:127.0.0.11"')
    assert only(shared) == (
        "m:9:52: gateway.listen.2: tls:127.0.0.11:5061 is listened on already "
        "(see gateway.listen.1 at 9:29); remove one of them"
    )
    assert told(WHOLE.replace('"tls:127.0.0.11"', '"udp:127.0.0.11:5061", "tls:127.0.0.11"')) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("*.example.com", "name each peer on its own"),
        ("sip:example.com", 'write the domain alone: "example.com"'),
        ("fe 1", "is no domain name"),
        ("fe1.example.com.", "is no domain name"),
        ("192.0.2.1", "is no domain name"),
        ("-fe.example.com", "is no domain name"),
        ("fë.example.com", "is no domain name"),
        ("a" * 64 + ".example", "is no domain name"),
    ],
)
def test_a_name_that_no_certificate_is_matched_by_is_refused__rfc5922_7_2(name: str, says: str) -> None:
    peers = WHOLE.replace("[gateway]\n", f'peers = ["{name}"]\n[gateway]\n')
    assert only(peers).startswith("m:8:10: internal.tls.peers.0: ")
    assert says in only(peers)
    assert says in only(WHOLE.replace("sbc.north.example", name))


def test_an_empty_name_of_a_peer_is_none() -> None:
    assert "is no domain name" in only(WHOLE.replace("[gateway]\n", 'peers = [""]\n[gateway]\n'))


def test_one_server_has_one_name_in_every_trunk() -> None:
    south = TRUNK.replace('"north"', '"south"').replace("sbc.north", "sbc.south") + "trusted = []\n"
    assert only(WHOLE + south) == (
        "m:19:12: trunk.south.targets.0: another trunk expects another tls_name of this server "
        "(see trunk.north.targets.0 at 15:12); give both trunks the same tls_name"
    )
    assert told(WHOLE + south.replace("sbc.south", "SBC.north")) == []


def test_versions_that_are_broken_cannot_be_asked_for() -> None:
    said = only(WHOLE.replace("[gateway]\n", 'minimum_version = "1.1"\n[gateway]\n'))
    assert said == 'm:8:19: internal.tls.minimum_version: "1.1" is not known here; choose from "1.2", "1.3"'


def test_what_is_allowed_and_hardly_meant_is_a_warning() -> None:
    assert "for any name is good" in only(WHOLE.replace('authorities = "corporate.pem"\n', ""))
    assert "its address alone says who it is" in only(
        WHOLE.replace("[gateway]\n", "verify = false\n[gateway]\n")
    )
    udp = WHOLE.replace("127.0.0.30;transport=tls", "127.0.0.30")
    assert "its name is never looked at" in only(udp)


def test_a_setting_in_the_wrong_table_is_sent_to_the_right_one() -> None:
    said = only(WHOLE.replace("[internal.tls]\n", 'private_key = "x"\n[internal.tls]\n'))
    assert "it belongs in [internal.tls] or [gateway.tls]" in said
    said = only(WHOLE.replace('certificate = "internal.pem"', 'certificate = "internal.pem"\nciphers = "x"'))
    assert 'there is no setting "ciphers" in [internal.tls]' in said


def test_whoever_looks_at_the_machine_speaks_in_the_same_breath() -> None:
    from mediation.settings.draft import Draft
    from mediation.settings.problems import Fault

    def look(draft: Draft) -> list[Fault]:
        assert draft.value(("internal", "tls", "certificate"), str) == "internal.pem"
        return [Fault(("internal", "tls", "certificate"), "there is no such file", "mend it")]

    with pytest.raises(SettingsError, match=r"m:5:15: internal\.tls\.certificate: there is no such file"):
        inspect(WHOLE, "m", look)
