"""Latching in a configuration: the default, and where it is dangerous (RFC 7362 section 5)."""

import pytest

from mediation.routing.terms import Terms
from mediation.settings.peer_media import Latching
from mediation.settings.read import SettingsError, inspect, read

TEXT = """\
[internal]
listen = ["udp:10.0.0.10"]
targets = ["sip:10.0.0.20"]
{internal}
[gateway]
listen = ["udp:10.0.0.11", "tls:10.0.0.11 as 198.51.100.5"]
[gateway.tls]
certificate = "gateway.pem"
private_key = "gateway.key"
[[trunk]]
name = "north"
targets = ["{target}"]
{trusted}
[trunk.media]
{media}
"""
PUBLIC, PRIVATE = "sip:9.9.9.9;transport=tls", "sip:10.0.1.30;transport=tls"


def text(*, internal: str = "", target: str = PRIVATE, trusted: str = "", media: str = "") -> str:
    return TEXT.format(internal=internal, target=target, trusted=trusted, media=media)


def doubts(given: str) -> list[str]:
    return [str(each) for each in inspect(given, "m").warnings if "media.latching" in str(each)]


def test_the_address_in_sdp_is_the_default() -> None:
    settings = read(text(), "m")
    assert settings.internal.media.latching is settings.trunks[0].media.latching is Latching.SDP_IP


@pytest.mark.parametrize("latching", Latching, ids=str)
def test_each_peer_has_its_own(latching: Latching) -> None:
    settings = read(text(media=f'latching = "{latching}"'), "m")
    assert Terms.of(settings.trunks[0]).latching is latching
    assert Terms.of(settings.internal).latching is Latching.SDP_IP


def test_there_are_no_other_modes() -> None:
    with pytest.raises(SettingsError):
        read(text(media='latching = "on"'), "m")


@pytest.mark.parametrize("latching", ["first-packet", "continuous"])
@pytest.mark.parametrize("srtp", ["off", "optional"])
def test_learning_from_anybody_is_doubted_toward_the_internet_without_srtp(latching: str, srtp: str) -> None:
    (doubt,) = doubts(text(target=PUBLIC, media=f'latching = "{latching}"\nsrtp = "{srtp}"'))
    assert "9.9.9.9 is on the Internet: who sends first is heard and hears" in doubt
    assert 'set srtp = "required", or latching = "sdp-ip"' in doubt


def test_a_name_and_a_trusted_network_may_be_the_internet_as_well() -> None:
    media = 'latching = "first-packet"'
    assert len(doubts(text(target="sip:sbc.example.com", media=media))) == 1
    assert len(doubts(text(trusted='trusted = ["9.9.9.0/24"]', media=media))) == 1


@pytest.mark.parametrize(
    "given",
    [
        text(target=PUBLIC),
        text(target=PUBLIC, media='latching = "off"'),
        text(target=PUBLIC, media='latching = "continuous"\nsrtp = "required"'),
        text(media='latching = "continuous"'),
        text(internal='[internal.media]\nlatching = "first-packet"'),
    ],
)
def test_nothing_is_doubted_where_nobody_else_can_send_or_srtp_tells_them_apart(given: str) -> None:
    assert doubts(given) == []
