"""Media bypass in a configuration: the rules between its settings, in the words of the operator."""

import pytest

from mediation.settings.bypass import BypassMode, TrunkBypass
from mediation.settings.read import SettingsError, inspect, read

TEXT = """\
[internal]
listen = ["udp:10.0.0.10"]
targets = ["sip:10.0.0.20"]
{internal}
[gateway]
listen = ["udp:10.0.0.11"]
[[trunk]]
name = "north"
targets = ["sip:10.0.1.30"]
session_timer = {{ mode = "{timer}" }}
{trunk}
[trunk.media]
bypass = "allowed"
{media}
[bypass]
mode = "{mode}"
{more}
"""


def text(
    *,
    mode: str = "always",
    internal: str = "",
    trunk: str = "",
    media: str = "",
    more: str = "",
    timer: str = "offer",
) -> str:
    return TEXT.format(internal=internal, trunk=trunk, media=media, mode=mode, more=more, timer=timer)


def doubts(given: str) -> list[str]:
    return [str(each) for each in inspect(given, "m").warnings]


def refused(given: str) -> str:
    with pytest.raises(SettingsError) as error:
        read(given, "m")
    return str(error.value)


def test_it_is_off_until_both_switches_are_on() -> None:
    settings = read(text(), "m")
    assert (settings.bypass.mode, settings.trunks[0].media.bypass) == (BypassMode.ALWAYS, TrunkBypass.ALLOWED)
    plain = read(text().replace('bypass = "allowed"', "").replace("[bypass]\nmode", "[log]\n#"), "m")
    assert (plain.bypass.mode, plain.trunks[0].media.bypass) == (BypassMode.OFF, TrunkBypass.OFF)


def test_a_sound_one_leaves_no_doubt() -> None:
    assert doubts(text()) == []
    assert doubts(text(mode="by-site", media='bypass_group = "campus"')) == []


def test_audio_of_an_unknown_place_cannot_be_let_go() -> None:
    told = refused(text(media="known_termination = false"))
    assert "trunk.north.media.known_termination" in told or "known_termination" in told
    assert "nothing is known of the way that its audio takes" in told


@pytest.mark.parametrize("where", ["trunk", "site"])
def test_always_and_a_line_that_is_counted_do_not_go_together(where: str) -> None:
    link = "link = { kbps = 1000 }"
    site = f'[[site]]\nname = "berlin"\n{link}'
    given = text(trunk=link) if where == "trunk" else text(more=site)
    assert 'set bypass.mode = "by-site", or remove it' in refused(given)
    by_site = given.replace('mode = "always"', 'mode = "by-site"')
    assert read(by_site, "m").bypass.mode is BypassMode.BY_SITE


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (text(mode="off"), "bypass.mode is off"),
        (text().replace('bypass = "allowed"', ""), "no trunk allows it"),
        (text(mode="by-site"), "bypass is by site, and this trunk has none"),
        (text(mode="by-site", media='representative_ip = "10.9.9.9"'), "in the networks of no site"),
        (text(media='srtp = "required"\nsrtp_without_tls = true'), "one side encrypts audio"),
        (text(trunk='codecs = ["PCMA"]', internal='codecs = ["PCMU"]'), "nothing in common"),
        (text(media="repacketize = true"), "packets are cut and joined for it"),
        (text(internal="[internal.media]\nfill_silence = true"), "its silence is filled with noise"),
        (text(media='latching = "first-packet"'), "its address is learned from its packets"),
        (text(timer="answer"), "a party that is gone is noticed by nobody"),
    ],
)
def test_what_would_come_to_nothing_is_doubted(given: str, words: str) -> None:
    assert any(words in each for each in doubts(given)), doubts(given)


def test_a_site_that_holds_the_address_is_known() -> None:
    site = '[[site]]\nname = "berlin"\nmedia_networks = ["10.9.0.0/16"]'
    assert doubts(text(mode="by-site", media='representative_ip = "10.9.9.9"', more=site)) == []


def test_what_stands_for_gateways_is_an_address() -> None:
    assert "is no address" in refused(text(media='representative_ip = "gateway"'))
