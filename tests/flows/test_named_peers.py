"""Peers that are known by their certificates alone: who they are, wherever they call from, and how they are called."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from mediation.settings.health import Health
from mediation.settings.model import Settings
from mediation.settings.peers import FROM_TARGETS, Side
from mediation.settings.routes import Route
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Flow, Transport
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, SBC, settings, target, trunk
from tests.flows.test_flow_10_health import Answering
from tests.flows.world import World

MOBILE, ITSP, FE = "branch.corp.example", "sbc.itsp.example", "fe.corp.example"
ELSEWHERE, FARTHER = "198.51.100.201", "198.51.100.202"
QUIET = Health(options=False)


def named(name: str, certificate: str, *hosts: str, **terms: Any) -> Trunk:
    """A trunk without targets, unless there are hosts; its connections are lent to us."""
    made = trunk(name, trusted_names=(certificate,), **{"health": QUIET, "reuse_connections": True, **terms})
    return replace(made, targets=tuple(target(host, Transport.TLS) for host in hosts))


def two() -> Settings:
    return settings(
        named("mobile", MOBILE),
        named("itsp", ITSP),
        routes=(Route(match="^\\+49", trunks=("mobile",)), Route(trunks=("itsp",))),
        health=QUIET,
    )


class Scene:
    """Two trunks that are known by their names alone, and a front end."""

    def __init__(self, make: Make, given: Settings | None = None) -> None:
        self.world: World = make(two() if given is None else given)
        self.phone = Peer(self.world, Side.FRONT_END, FRONT_END)
        self._connections = count(1)

    def comes(
        self, *names: str, host: str = ELSEWHERE, side: Side = Side.GATEWAY, alias: bool = False
    ) -> Answering:
        """Somebody connects, and shows a certificate with these names."""
        peer = Answering(self.world, side, host, transport=Transport.TLS, connection=next(self._connections))
        peer.via_says = ";alias" if alias else ""
        self.world.proves(peer.flow, *names)
        return peer


@pytest.fixture
def scene(make: Make) -> Scene:
    return Scene(make)


def test_who_is_nobodys_address_calls_by_the_name_in_its_certificate(scene: Scene) -> None:
    mobile = scene.comes(MOBILE, "other.example")
    mobile.invites()
    assert scene.phone.heard() == ["INVITE"]
    scene.phone.says(486)
    caller = scene.world.record.caller
    assert (caller.trunk, caller.certificate) == ("mobile", MOBILE)
    (told,) = [fact.fields for fact in scene.world.facts if fact.name == "connection.identified"]
    assert told == {"trunk": "mobile", "certificate": MOBILE, "remote": ELSEWHERE}
    assert scene.world.record.as_json(0)["caller"]["certificate"] == MOBILE  # type: ignore[index]  # a party is a table


def test_without_a_name_that_is_somebodys_it_is_not_even_heard(scene: Scene) -> None:
    stranger = scene.comes("stranger.example")
    stranger.invites()
    assert stranger.heard() == []
    assert scene.phone.heard() == []


def test_two_trunks_at_one_listener_and_address_are_told_apart_by_their_names(scene: Scene) -> None:
    for name, trunk_name in ((MOBILE, "mobile"), (ITSP, "itsp"), (MOBILE, "mobile")):
        scene.comes(name).invites()
        scene.phone.says(486)
        assert scene.world.records[-1].caller.trunk == trunk_name


def test_who_is_known_by_its_address_has_no_certificate_in_the_record(scene: Scene) -> None:
    scene.phone.invites("+1")
    assert scene.world.record.caller.certificate == ""
    assert scene.world.record.cause.status == 503


def test_the_next_who_connects_from_there_is_nobody_again(scene: Scene) -> None:
    mobile = scene.comes(MOBILE)
    scene.world.loses(mobile.flow)
    mobile.invites()
    assert mobile.heard() == []


def test_a_front_end_server_may_be_known_so(make: Make) -> None:
    given = two()
    inside = replace(given.internal, trusted=FROM_TARGETS, trusted_names=(FE,))
    scene = Scene(make, replace(given, internal=inside))
    fe = scene.comes(FE, host="10.1.1.99", side=Side.FRONT_END)
    fe.invites("+49")
    assert fe.heard() == ["100", "503"]
    assert scene.world.record.caller.certificate == FE


# how they are called


def ask(*peers: Answering) -> None:
    """A request of each says what it wants of its connection."""
    for peer in peers:
        peer.asks_how_we_are()
        assert peer.heard() == ["200 OPTIONS"]


def test_its_own_connection_leads_to_it_once_it_asks_so__rfc5923_5(scene: Scene) -> None:
    mobile = scene.comes(MOBILE, alias=True)
    scene.phone.invites()
    assert scene.phone.heard() == ["100", "503"]
    ask(mobile)
    scene.phone.invites()
    assert mobile.heard() == ["INVITE"]
    ours = mobile.request("INVITE")
    assert f"@{MOBILE};transport=tls" in ours.request_uri
    mobile.says(200, sdp=mobile.sdp())
    scene.phone.acks()
    scene.phone.hangs_up()
    assert mobile.heard()[-1] == "BYE"
    callee = scene.world.records[-1].callee
    assert callee is not None
    assert (callee.trunk, callee.certificate) == ("mobile", MOBILE)


def test_who_does_not_ask_is_not_called_so(scene: Scene) -> None:
    mobile = scene.comes(MOBILE)
    ask(mobile)
    scene.phone.invites()
    assert scene.phone.heard() == ["100", "503"]


def test_nor_where_the_settings_do_not_allow_it(make: Make) -> None:
    scene = Scene(make, settings(named("mobile", MOBILE, reuse_connections=False)))
    ask(scene.comes(MOBILE, alias=True))
    scene.phone.invites()
    assert scene.phone.heard() == ["100", "503"]


def test_each_of_two_is_called_by_its_own(scene: Scene) -> None:
    mobile, itsp = scene.comes(MOBILE, alias=True), scene.comes(ITSP, host=FARTHER, alias=True)
    ask(mobile, itsp)
    for number, peer, other in (("+49", mobile, itsp), ("+1", itsp, mobile)):
        scene.phone.invites(number)
        assert (peer.heard(), other.heard()) == (["INVITE"], [])
        peer.says(486)
        assert peer.heard() == ["ACK"]


def test_the_newest_connection_comes_first_and_the_one_before_it_when_that_is_gone(scene: Scene) -> None:
    old, new = (scene.comes(MOBILE, host=host, alias=True) for host in (ELSEWHERE, FARTHER))
    ask(old, new)
    scene.phone.invites()
    assert (old.heard(), new.heard()) == ([], ["INVITE"])
    new.says(486)
    new.heard()
    scene.world.loses(new.flow)
    scene.phone.invites()
    assert (old.heard(), new.heard()) == (["INVITE"], [])
    old.says(486)


def test_a_connection_that_ends_while_it_rings_leaves_the_call_to_the_next(scene: Scene) -> None:
    old, new = (scene.comes(MOBILE, host=host, alias=True) for host in (ELSEWHERE, FARTHER))
    ask(old, new)
    scene.phone.invites()
    assert new.heard() == ["INVITE"]
    scene.world.loses(new.flow)
    assert old.heard() == ["INVITE"]
    old.says(486)


def test_a_call_goes_on_by_the_next_connection_from_another_address(scene: Scene) -> None:
    mobile = scene.comes(MOBILE)
    mobile.invites()
    scene.phone.says(200, sdp=scene.phone.sdp())
    mobile.acks()
    scene.world.loses(mobile.flow)
    mobile.flow = Flow(Transport.TLS, mobile.flow.local, (FARTHER, 5060), 9)
    scene.world.join(mobile)
    scene.world.proves(mobile.flow, MOBILE)
    mobile.heard()
    mobile.hangs_up()
    assert mobile.heard() == ["200 BYE"]
    assert scene.phone.heard()[-1] == "BYE"


def test_targets_of_its_own_come_first_and_the_connection_where_they_are_not_reached(make: Make) -> None:
    scene = Scene(make, settings(named("mobile", MOBILE, SBC)))
    sbc = Peer(scene.world, Side.GATEWAY, SBC, transport=Transport.TLS)
    mobile = scene.comes(MOBILE, alias=True)
    ask(mobile)
    scene.phone.invites()
    assert (sbc.heard(), mobile.heard()) == (["INVITE"], [])
    sbc.says(486)
    sbc.dead = True
    scene.phone.invites()
    assert mobile.heard() == ["INVITE"]
    mobile.says(486)


def test_a_host_that_is_reached_at_its_target_is_not_asked_twice(make: Make) -> None:
    """And when it is not, as behind a NAT that lets nobody in, its own connection leads to it all the same."""
    scene = Scene(make, settings(named("mobile", MOBILE, SBC, health=Health(options=False, failures=1))))
    scene.world.start()
    sbc = Peer(scene.world, Side.GATEWAY, SBC, transport=Transport.TLS)
    behind = Flow(Transport.TLS, sbc.flow.local, (SBC, 41000), 77)
    mobile = Answering(scene.world, Side.GATEWAY, SBC, transport=Transport.TLS)
    mobile.flow, mobile.via_says = behind, ";alias"
    scene.world.join(mobile)
    scene.world.join(sbc)
    scene.world.proves(behind, MOBILE)
    ask(mobile)
    scene.phone.invites()
    assert sbc.heard() == ["INVITE"]
    sbc.says(503)
    assert (mobile.heard(), scene.phone.heard()) == ([], ["100", "503"])
    scene.phone.invites()
    assert mobile.heard() == ["INVITE"]
    mobile.says(486)
    scene.world.loses(behind)


def test_a_connection_that_leads_back_is_asked_by_options_and_judged(make: Make) -> None:
    rules = Health(interval_s=10, suspect_interval_s=2, timeout_s=2, failures=2, slow_start_s=0)
    scene = Scene(make, settings(named("mobile", MOBILE, health=rules), health=QUIET))
    scene.world.start()
    mobile = scene.comes(MOBILE, alias=True)
    ask(mobile)
    scene.world.advance(15)
    assert "OPTIONS" in mobile.heard()
    assert [str(each.state) for each in scene.world.engine.watch.reports if each.trunk == "mobile"] == ["up"]
    mobile.answer = 0
    scene.world.advance(40)
    (report,) = [each for each in scene.world.engine.watch.reports if each.trunk == "mobile"]
    assert (str(report.state), report.target) == ("down", f"sip:{MOBILE};transport=tls")
    scene.world.loses(mobile.flow)
    assert not [each for each in scene.world.engine.watch.reports if each.trunk == "mobile"]


def test_so_many_connections_lead_back_and_no_more(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediation.routing.directory.MOST_CONNECTED", 3)
    scene = Scene(make)
    peers = [scene.comes(MOBILE, host=f"198.51.100.{210 + n}", alias=True) for n in range(5)]
    for peer in peers:
        ask(peer)
    assert len(scene.world.engine.directory.targets("mobile")) == 3
    for peer in peers:
        scene.world.loses(peer.flow)
    assert scene.world.engine.directory.targets("mobile") == ()
