"""What the way to an ITSP demands: a VPN over the Internet or encryption instead, a mark over MPLS."""

import pytest

from mediation.settings.connection import Connection
from mediation.settings.read import inspect
from tests.unit.settings.test_settings_rules import INTERNAL, told

GATEWAY = '[gateway]\nlisten = ["udp:10.8.0.2:5060"{more}]\n'
IN_A_TUNNEL = '[gateway]\nlisten = ["udp:10.8.0.2:5060 on wg0"]\n'
TRUNK = '[[trunk]]\nname = "north"\ntargets = ["sip:10.8.0.1"]\n'
INTERNET = TRUNK + 'connection = "internet"\n'
BY_TLS = """\
[gateway]
listen = ["tls:203.0.113.5"]
[gateway.tls]
certificate = "c.pem"
private_key = "k.pem"
[[trunk]]
name = "north"
targets = ["sip:198.51.100.1;transport=tls"]
connection = "internet"
internet_without_vpn = true
[trunk.media]
srtp = "required"
"""


def test_a_private_line_is_what_a_trunk_is_reached_by_unless_it_says_otherwise() -> None:
    reading = inspect(INTERNAL + GATEWAY.format(more="") + TRUNK, "m")
    assert reading.settings.trunks[0].connection is Connection.PRIVATE
    assert not reading.warnings


def test_the_internet_demands_a_listener_that_is_bound_to_the_interface_of_a_vpn() -> None:
    (line,) = told(INTERNAL, GATEWAY.format(more=""), INTERNET)
    assert line == (
        "m:9:14: trunk.north.connection: over the Internet a VPN is demanded, and udp:10.8.0.2:5060 is bound to no "
        "interface (see gateway.listen.0 at 5:11); "
        'write "udp:10.8.0.2:5060 on wg0" or the like there, or take TLS with SRTP: internet_without_vpn = true'
    )
    assert told(INTERNAL, IN_A_TUNNEL, INTERNET) == []


def test_tls_and_srtp_may_be_taken_in_place_of_a_vpn_where_both_are_certain() -> None:
    assert told(INTERNAL, BY_TLS) == []
    (line,) = told(INTERNAL, BY_TLS.replace('"required"', '"optional"'))
    assert 'without a VPN audio must be encrypted, and srtp is "optional"' in line
    mixed = BY_TLS.replace('transport=tls"]', 'transport=tls", "sip:198.51.100.2;transport=tcp"]').replace(
        '["tls:203.0.113.5"]', '["tls:203.0.113.5", "tcp:203.0.113.5"]'
    )
    lines = told(INTERNAL, mixed.replace('"required"', '"required"\nsrtp_without_tls = true'))
    assert any("the way to 198.51.100.2 must be TLS, and it is tcp" in line for line in lines)


def test_a_name_may_lead_to_any_listener_unless_it_says_to_which() -> None:
    named = INTERNET.replace("sip:10.8.0.1", "sip:itsp.example")
    assert told(INTERNAL, IN_A_TUNNEL, named) == []
    half = IN_A_TUNNEL.replace('"]', '", "tcp:10.8.0.3:5060"]')
    assert "tcp:10.8.0.3:5060 is bound to no interface" in told(INTERNAL, half, named)[0]
    assert told(INTERNAL, half, named.replace("example", "example;transport=udp")) == []
    by_name = BY_TLS.replace("198.51.100.1", "itsp.example")
    assert told(INTERNAL, by_name) == []
    (line, _) = told(INTERNAL, by_name.replace(";transport=tls", ""))
    assert "the way to itsp.example must be TLS, and the DNS may choose another" in line


@pytest.mark.parametrize("way", ["private", "mpls"])
def test_what_only_the_internet_asks_for_is_out_of_place_elsewhere(way: str) -> None:
    (line,) = told(INTERNAL, BY_TLS.replace('"internet"', f'"{way}"'))
    assert f'the connection is "{way}", which demands no VPN' in line


def test_mpls_without_a_mark_is_doubted_for_signalling_and_for_audio() -> None:
    mpls = TRUNK + 'connection = "mpls"\n'
    assert told(INTERNAL, GATEWAY.format(more=""), mpls) == []
    unmarked = mpls + "[trunk.media]\ndscp = 0\n"
    signalling, audio = told(INTERNAL, GATEWAY.format(more="") + "dscp = 0\n", unmarked)
    assert "warning: gateway.dscp: signalling to a trunk by MPLS bears no DSCP" in signalling
    assert "warning: trunk.north.media.dscp: audio to a trunk by MPLS bears no DSCP" in audio


def test_all_listeners_at_one_address_are_bound_alike_for_their_audio_is_the_same() -> None:
    (line,) = told(INTERNAL, GATEWAY.format(more=', "tcp:10.8.0.2:5060 on wg0"'), TRUNK)
    assert "gateway.listen.1: another listener at 10.8.0.2 is bound to no interface" in line
