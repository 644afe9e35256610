"""Whether audio may go past us: every rule by itself, whoever of the two parties has called."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from mediation.routing.bypass import BypassPolicy, Obstacle, Standing, at_first, between
from mediation.routing.sites import Sites
from mediation.routing.terms import Terms
from mediation.sdp.crypto import SrtpMode
from mediation.settings.bypass import Bypass, BypassMode, TrunkBypass, TrunkMedia
from mediation.settings.peer_media import Dtmf, Latching, PeerMedia
from mediation.settings.peer_terms import EarlyMedia
from mediation.settings.trunks import Site, Trunk
from mediation_codecs.codec import Codec
from tests.flows.scenery import settings, trunk

ALLOWED = TrunkMedia(bypass=TrunkBypass.ALLOWED)
PHONE, GATEWAY = "10.50.1.7", "198.51.100.30"


def site(name: str, network: str, **more: Any) -> Site:
    return Site(name=name, media_networks=(ip_network(network),), **more)


BERLIN = site("berlin", "10.50.0.0/16", numbers=("+4930",))
HAMBURG = site("hamburg", "10.40.0.0/16")


def policy(
    *trunks: Trunk, mode: BypassMode = BypassMode.ALWAYS, sites: tuple[Site, ...] = (BERLIN, HAMBURG)
) -> BypassPolicy:
    made = settings(*trunks, bypass=Bypass(mode=mode), sites=sites)
    return BypassPolicy(made, Sites(made))


def front_end(host: str = PHONE, number: str = "", media: PeerMedia | None = None) -> Standing:
    given = settings(codecs=(Codec.PCMA,), media_terms=media or PeerMedia())
    return Standing(Terms.of(given.internal), "front-ends", host, number)


def gateway(of: Trunk, host: str = GATEWAY) -> Standing:
    return Standing(Terms.of(of), of.name, host)


def asked(of: Trunk, party: Standing | None = None, **more: Any) -> Obstacle | None:
    rules = policy(of, **more)
    one, other = party or front_end(), gateway(of)
    found = rules.obstacle(one, other)
    assert rules.obstacle(other, one) is found, "whoever calls"
    return found


def test_nothing_is_in_the_way_where_both_switches_are_on() -> None:
    assert asked(trunk(media=ALLOWED)) is None


@pytest.mark.parametrize(
    ("of", "more", "why"),
    [
        (trunk(media=ALLOWED), {"mode": BypassMode.OFF}, Obstacle.OFF),
        (trunk(), {}, Obstacle.TRUNK),
        (trunk(media=replace(ALLOWED, known_termination=False)), {}, Obstacle.UNKNOWN_PLACE),
        (trunk(media=ALLOWED), {"mode": BypassMode.BY_SITE}, Obstacle.ELSEWHERE),
        (trunk(media=ALLOWED, codecs=(Codec.PCMU,)), {}, Obstacle.LAWS),
        (trunk(media=replace(ALLOWED, srtp=SrtpMode.REQUIRED)), {}, Obstacle.SRTP),
        (trunk(media=replace(ALLOWED, latching=Latching.CONTINUOUS)), {}, Obstacle.LATCHING),
        (trunk(media=replace(ALLOWED, repacketize=True)), {}, Obstacle.LENGTHS),
        (trunk(media=replace(ALLOWED, fill_silence=True)), {}, Obstacle.NOISE),
        (trunk(media=replace(ALLOWED, jitter_buffer_ms=60)), {}, Obstacle.EVENNESS),
        (trunk(media=replace(ALLOWED, dtmf=Dtmf.INBAND), telephone_event=False), {}, Obstacle.DIGITS),
    ],
)
def test_what_is_in_the_way(of: Trunk, more: dict[str, Any], why: Obstacle) -> None:
    assert asked(of, **more) is why


def test_digits_that_nobody_has_are_not_converted() -> None:
    assert asked(trunk(media=ALLOWED, telephone_event=False)) is None


def test_two_families_cannot_send_to_each_other() -> None:
    assert asked(trunk(media=ALLOWED), front_end("2001:db8::7")) is Obstacle.FAMILY


def test_two_front_ends_have_no_trunk_that_lets_their_audio_go() -> None:
    assert policy().obstacle(front_end(), front_end()) is Obstacle.INSIDE


@pytest.mark.parametrize("optional", [SrtpMode.OPTIONAL, SrtpMode.REQUIRED])
def test_encryption_on_both_sides_is_none_of_our_business(optional: SrtpMode) -> None:
    of = trunk(media=replace(ALLOWED, srtp=optional))
    assert asked(of, front_end(media=PeerMedia(srtp=SrtpMode.REQUIRED))) is None


@pytest.mark.parametrize(
    ("of", "near"),
    [
        (trunk(site="berlin", media=ALLOWED), True),
        (trunk(site="hamburg", media=ALLOWED), False),
        (trunk(media=replace(ALLOWED, representative_ip="10.50.9.9")), True),
        (trunk(site="berlin", media=replace(ALLOWED, representative_ip="10.40.9.9")), False),
        (trunk(site="hamburg", media=replace(ALLOWED, bypass_group="berlin")), True),
        (trunk(site="berlin", media=replace(ALLOWED, bypass_group="elsewhere")), True),
        (trunk(media=replace(ALLOWED, bypass_group="elsewhere")), False),
    ],
)
def test_by_site_both_are_near_each_other(of: Trunk, near: bool) -> None:
    assert asked(of, mode=BypassMode.BY_SITE) is (None if near else Obstacle.ELSEWHERE)


def test_sites_of_one_group_are_one_place() -> None:
    sites = tuple(replace(each, bypass_group="north") for each in (BERLIN, HAMBURG))
    assert asked(trunk(site="hamburg", media=ALLOWED), mode=BypassMode.BY_SITE, sites=sites) is None


def test_who_has_not_described_itself_is_where_its_number_is() -> None:
    """A front end that is being called: its signalling is at no site, its number is."""
    of = trunk(site="berlin", media=ALLOWED)
    assert asked(of, front_end("10.1.1.20", "+493012"), mode=BypassMode.BY_SITE) is None
    assert asked(of, front_end("10.1.1.20", "+494012"), mode=BypassMode.BY_SITE) is Obstacle.ELSEWHERE


def test_a_call_between_trunks_of_one_group_needs_no_site() -> None:
    one, other = (trunk(name, media=replace(ALLOWED, bypass_group="hall")) for name in ("a", "b"))
    rules = policy(one, other, mode=BypassMode.BY_SITE, sites=())
    assert rules.obstacle(gateway(one), gateway(other)) is None
    alone = trunk("b", media=replace(ALLOWED, bypass_group="cellar"))
    rules = policy(one, alone, mode=BypassMode.BY_SITE, sites=())
    assert rules.obstacle(gateway(one), gateway(alone)) is Obstacle.ELSEWHERE
    rules = policy(one, trunk("b"), mode=BypassMode.ALWAYS, sites=())
    assert rules.obstacle(gateway(one), gateway(trunk("b"))) is Obstacle.TRUNK


def test_until_the_answer_our_ringing_and_folded_dialogs_need_us() -> None:
    usual = front_end().terms
    assert at_first(usual) is None
    assert at_first(replace(usual, early_media=EarlyMedia(ringback="de"))) is Obstacle.RINGBACK
    assert at_first(replace(usual, early_media=EarlyMedia(max_early_dialogs=1))) is Obstacle.FORKS


def test_two_peers_that_get_digits_by_info_get_them_without_us() -> None:
    info = Terms.of(trunk(media=TrunkMedia(dtmf=Dtmf.INFO), telephone_event=False))
    assert between(info, info) is None
    assert between(info, replace(info, dtmf=Dtmf.RTP)) is Obstacle.DIGITS
