"""SRTP in a configuration: where keys have no way that is hidden, and what is doubtful (RFC 4568 section 7)."""

import pytest

from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.bypass import TrunkMedia
from mediation.settings.peer_media import USUAL_SUITES, PeerMedia
from mediation.settings.problems import Severity
from mediation.settings.read import SettingsError, inspect, read

HEAD = """\
[internal]
listen = ["{inside}:127.0.0.10"]
targets = ["sip:127.0.0.20;transport={inside}"]
[internal.tls]
certificate = "internal.pem"
private_key = "internal.key"
authorities = "corporate.pem"
[gateway]
listen = ["udp:127.0.0.11", "tcp:127.0.0.11", "tls:127.0.0.11"]
[gateway.tls]
certificate = "gateway.pem"
private_key = "gateway.key"
[internal.media]
{internal}
[[trunk]]
name = "north"
targets = [{targets}]
{more}
[trunk.media]
{trunk}
"""
TLS, UDP = '"sip:127.0.0.30;transport=tls"', '"sip:127.0.0.31"'


def text(
    *, inside: str = "tls", internal: str = "", trunk: str = "", targets: str = TLS, more: str = ""
) -> str:
    return HEAD.format(inside=inside, internal=internal, trunk=trunk, targets=targets, more=more)


def told(given: str) -> list[tuple[str, str]]:
    """Severity and message of each problem, without where it stands."""
    try:
        problems = inspect(given, "m").warnings
    except SettingsError as error:
        problems = error.problems
    return [("warning" if each.severity is Severity.WARNING else "error", str(each)) for each in problems]


def only(given: str, severity: str) -> str:
    ((found, message),) = told(given)
    assert found == severity
    return message


def test_nothing_is_encrypted_unless_it_is_said() -> None:
    settings = read(text(), "m")
    assert (settings.internal.media, settings.trunks[0].media) == (PeerMedia(), TrunkMedia())
    assert PeerMedia().srtp is SrtpMode.OFF
    assert Suite.AES_CM_128_HMAC_SHA1_32 not in USUAL_SUITES, "a tag of 32 bits is for whoever asks for it"


def test_each_peer_has_terms_of_its_own() -> None:
    given = text(
        internal='srtp = "required"',
        trunk='srtp = "optional"\nsrtp_suites = ["AEAD_AES_128_GCM"]\nrtcp_mux = true',
    )
    settings = read(given, "m")
    assert settings.internal.media.srtp is SrtpMode.REQUIRED
    assert settings.trunks[0].media == TrunkMedia(
        srtp=SrtpMode.OPTIONAL, srtp_suites=(Suite.AEAD_AES_128_GCM,), rtcp_mux=True
    )
    assert told(given) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'srtp = "yes"',
        'srtp_suites = ["AES_256"]',
        "srtp_suites = []",
        "srtp_without_tls = 1",
        'srtp = "REQUIRED"',
    ],
)
def test_words_that_mean_nothing_are_refused(wrong: str) -> None:
    assert only(text(trunk=wrong), "error")


def test_a_suite_stands_once() -> None:
    twice = 'srtp_suites = ["AEAD_AES_128_GCM", "AEAD_AES_128_GCM"]'
    assert "twice" in only(text(trunk=twice), "error")


def test_what_must_be_encrypted_needs_tls_for_every_target() -> None:
    given = text(trunk='srtp = "required"', targets=f"{TLS}, {UDP}")
    message = only(given, "error")
    assert "keys could be read on the way to 127.0.0.31" in message
    assert "trunk.north.targets.1" in message
    assert told(text(trunk='srtp = "required"')) == []
    found = told(text(inside="udp", internal='srtp = "required"'))
    assert any(severity == "error" and "127.0.0.20" in message for severity, message in found)


def test_keys_in_the_clear_must_be_allowed_and_are_doubted() -> None:
    given = text(trunk='srtp = "required"\nsrtp_without_tls = true', targets=UDP)
    assert "said in the clear to 127.0.0.31" in only(given, "warning")
    assert told(text(trunk='srtp = "required"\nsrtp_without_tls = true')) == []


def test_optional_without_any_tls_is_doubted() -> None:
    assert "no key is ever said" in only(text(trunk='srtp = "optional"', targets=UDP), "warning")
    assert told(text(trunk='srtp = "optional"', targets=f"{TLS}, {UDP}")) == []


def test_a_door_that_can_take_no_call_is_doubted() -> None:
    given = text(internal='srtp = "required"').replace(
        '"tls:127.0.0.10"', '"tls:127.0.0.10", "udp:127.0.0.10"'
    )
    assert "calls that come by udp are refused" in only(given, "warning")


def test_a_fax_that_nothing_encrypts_is_doubted() -> None:
    given = text(trunk='srtp = "required"', more="[trunk.mid_call]\nfax = true")
    assert "nothing encrypts" in only(given, "warning")
