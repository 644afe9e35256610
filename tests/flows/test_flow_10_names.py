"""Targets by name (RFC 3263): found, kept, found again, and never in the way of a call."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.b2bua.outputs import Fact, Level
from mediation.routing.admission import Source
from mediation.routing.routes import Routing
from mediation.settings.health import Health
from mediation.settings.peer_terms import RedirectMode, Redirects
from mediation.settings.peers import Side
from mediation.settings.places import AnyTarget, Listener, NamedTarget
from mediation.settings.routes import Route
from mediation.sip.flow import Transport
from mediation.sip.locating import Naptr, Sought, Srv
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.registrar import Registrar, registering
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, THIRD_SBC, settings, target, trunk
from tests.flows.world import World

NAME = "itsp.example"
QUIET = Health(options=False, slow_start_s=0)
SRV = f"_sip._udp.{NAME}"


def named(uri: str = f"sip:{NAME}", **sought: Any) -> NamedTarget:
    return NamedTarget(uri, Sought(**{"name": NAME, **sought}))


class Scene:
    """A front end, three SBCs, and a trunk whose targets have names."""

    def __init__(self, make: Make, *targets: AnyTarget, **terms: Any) -> None:
        routes = terms.pop("routes", ())
        whole = targets or (named(),)
        trunks = (
            trunk("itsp-a", targets=whole, health=QUIET, **terms),
            trunk("itsp-b", THIRD_SBC, health=QUIET),
        )
        made = settings(*trunks, routes=routes or (Route(trunks=("itsp-a",)),), health=QUIET)
        self.world: World = make(made)
        self.dns = self.world.dns
        self.caller = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.first, self.second, self.third = (
            Peer(self.world, Side.GATEWAY, host) for host in (SBC, OTHER_SBC, THIRD_SBC)
        )

    def has_srv(self, *, ttl_s: float = 300.0) -> None:
        """A zone with two servers, the first one preferred."""
        self.dns.holds(
            SRV, Srv(1, 0, 5060, "a.itsp.example"), Srv(2, 0, 5060, "b.itsp.example"), kind="SRV", ttl_s=ttl_s
        )
        self.dns.holds("a.itsp.example", SBC, ttl_s=ttl_s)
        self.dns.holds("b.itsp.example", OTHER_SBC, ttl_s=ttl_s)

    def told(self, name: str) -> list[Fact]:
        return [fact for fact in self.world.facts if fact.name == name]

    def addresses(self) -> list[str]:
        return [target.host for target in self.world.engine.directory.targets("itsp-a")]

    def connects(self, sbc: Peer) -> None:
        """A call is answered there."""
        self.caller.heard()
        self.caller.invites()
        assert sbc.heard() == ["INVITE"]
        sbc.says(200, sdp=sbc.sdp())
        assert self.caller.heard() == ["100", "200"]
        self.caller.acks()
        sbc.heard()

    def ends(self) -> None:
        self.caller.hangs_up()


@pytest.fixture
def scene(make: Make) -> Scene:
    return Scene(make)


def test_a_name_is_looked_up_once_and_calls_go_where_it_leads_under_the_name__rfc3263_4(scene: Scene) -> None:
    scene.has_srv()
    scene.world.start()
    assert scene.dns.asked == [
        f"NAPTR {NAME}",
        f"SRV {SRV}",
        f"SRV _sip._tcp.{NAME}",
        f"SRV _sips._tcp.{NAME}",
        "A a.itsp.example",
        "A b.itsp.example",
    ]
    [found] = scene.told("name.found")
    assert found.fields["addresses"] == [f"udp:{SBC}:5060", f"udp:{OTHER_SBC}:5060"]
    scene.connects(scene.first)
    invite = scene.first.request("INVITE")
    assert invite.request_uri == f"sip:+493012345678@{NAME}"
    assert invite.headers.get("To") == f"<sip:+493012345678@{NAME}>"
    scene.ends()
    assert len(scene.dns.asked) == 6
    [attempt] = scene.world.record.attempts
    assert (attempt.target, attempt.address) == (f"sip:{NAME}", f"udp:{SBC}:5060")


def test_the_next_server_of_the_name_gets_the_call_when_one_fails__rfc3263_4_3(scene: Scene) -> None:
    scene.has_srv()
    scene.world.start()
    scene.caller.invites()
    scene.first.says(503)
    assert scene.second.heard() == ["INVITE"]
    scene.second.says(200, sdp=scene.second.sdp())
    scene.caller.acks()
    scene.ends()


def test_each_address_has_its_own_health(scene: Scene) -> None:
    scene.has_srv()
    scene.world.start()
    scene.first.dead = True
    scene.caller.invites()
    scene.second.says(486)
    reports = [report for report in scene.world.engine.watch.reports if report.trunk == "itsp-a"]
    assert [(each.address, str(each.state)) for each in reports] == [
        (f"udp:{SBC}:5060", "suspect"),
        (f"udp:{OTHER_SBC}:5060", "up"),
    ]
    scene.second.heard()
    scene.caller.invites()
    assert scene.second.heard() == ["INVITE"]
    scene.second.says(486)


def test_calls_are_shared_between_the_servers_of_a_name_by_weight__rfc2782(make: Make) -> None:
    scene = Scene(make)
    scene.dns.holds(SRV, Srv(1, 75, 5060, "a.example"), Srv(1, 25, 5060, "b.example"), kind="SRV")
    scene.dns.holds("a.example", SBC)
    scene.dns.holds("b.example", OTHER_SBC)
    scene.world.start()
    engine = scene.world.engine
    source = Source(Side.FRONT_END, None, calls=True)
    routing = Routing(scene.world.settings, engine.agent.ids.between, engine.directory)
    firsts = [routing.candidates(source, "+49", 0)[0].target.host for _ in range(1000)]
    assert 690 < firsts.count(SBC) < 810
    assert firsts.count(SBC) + firsts.count(OTHER_SBC) == 1000


def test_naptr_leads_to_tcp_and_the_request_uri_says_nothing_of_it(make: Make) -> None:
    scene = Scene(make)
    tcp = Peer(scene.world, Side.GATEWAY, SBC, transport=Transport.TCP)
    scene.dns.holds(NAME, Naptr(1, 1, "s", "SIP+D2T", f"_sip._tcp.{NAME}"), kind="NAPTR")
    scene.dns.holds(f"_sip._tcp.{NAME}", Srv(1, 0, 5060, "a.itsp.example"), kind="SRV")
    scene.dns.holds("a.itsp.example", SBC)
    scene.world.start()
    scene.connects(tcp)
    assert tcp.request("INVITE").request_uri == f"sip:+493012345678@{NAME}"
    scene.ends()


def test_a_family_whose_addresses_are_all_down_is_left_for_the_other(make: Make) -> None:
    """Audio has one family on each side, so the choice is made before the first attempt."""
    six = "2001:db8::30"
    rules = Health(options=False, failures=1, slow_start_s=0)
    made = settings(
        trunk("itsp-a", targets=(named(f"sip:{NAME}:5060", port=5060),), health=rules), health=QUIET
    )
    doors = (*made.gateway.listen, Listener(Transport.UDP, "2001:db8::10", 5060))
    world = make(replace(made, gateway=replace(made.gateway, listen=doors[::-1])))
    caller, four = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    world.dns.holds(NAME, six, kind="AAAA")
    world.dns.holds(NAME, SBC)
    world.start()
    watched = world.engine.watch.reports
    assert [each.address for each in watched if each.trunk == "itsp-a"] == [
        f"udp:[{six}]:5060",
        f"udp:{SBC}:5060",
    ]
    caller.invites()
    world.soon(lambda: world.engine.transport_failed(world.astray[-1].flow, world.now))
    assert caller.heard() == ["100", "503"]
    caller.invites()
    assert four.heard() == ["INVITE"]
    four.says(486)


# a call is never kept waiting


def test_a_call_whose_only_name_is_not_found_yet_is_503_so_that_another_server_takes_it(scene: Scene) -> None:
    scene.dns.silent = True
    scene.world.start()
    scene.caller.invites()
    assert scene.caller.heard() == ["100", "503"]
    assert scene.caller.response(503).headers.has("Retry-After")
    assert scene.world.record.cause.reason == "all-targets-down"


def test_a_number_without_a_route_is_404_whatever_names_are_known(make: Make) -> None:
    scene = Scene(make, routes=(Route(match="^\\+1", trunks=("itsp-a",)),))
    scene.world.start()
    scene.caller.invites()
    assert scene.caller.heard() == ["100", "404"]


def test_a_name_that_is_not_found_is_passed_over_for_the_next_target(make: Make) -> None:
    scene = Scene(make, named(), target(OTHER_SBC))
    scene.dns.down = True
    scene.world.start()
    scene.connects(scene.second)
    scene.ends()


def test_and_for_the_next_trunk(make: Make) -> None:
    scene = Scene(make, routes=(Route(trunks=("itsp-a", "itsp-b")),))
    scene.dns.down = True
    scene.world.start()
    scene.connects(scene.third)
    scene.ends()


def test_a_name_that_is_found_later_is_used_from_then_on(scene: Scene) -> None:
    scene.dns.down = True
    scene.world.start()
    [failed] = scene.told("name.failed")
    assert failed.level is Level.WARNING
    assert failed.fields == {
        "trunk": "itsp-a",
        "target": f"sip:{NAME}",
        "reason": f"NAPTR {NAME}: no answer in time",
        "kept": 0,
    }
    assert not scene.told("name.found")
    scene.dns.down = False
    scene.has_srv()
    scene.world.advance(15)
    assert len(scene.told("name.recovered")) == 1
    scene.connects(scene.first)
    scene.ends()


# time


def test_an_answer_is_asked_for_again_before_its_time_is_over_and_the_old_one_used_meanwhile(
    scene: Scene,
) -> None:
    scene.has_srv(ttl_s=100)
    scene.dns.holds("a.itsp.example", SBC, ttl_s=1000)
    scene.world.start()
    scene.dns.asked.clear()
    scene.world.advance(79)
    assert scene.dns.asked == [f"NAPTR {NAME}", f"SRV _sip._tcp.{NAME}", f"SRV _sips._tcp.{NAME}"]
    scene.dns.asked.clear()
    scene.dns.silent = True
    scene.world.advance(1)
    assert scene.dns.asked == [f"SRV {SRV}", "A b.itsp.example"]
    scene.connects(scene.first)
    scene.ends()
    scene.world.advance(500)
    assert f"SRV {SRV}" not in scene.dns.asked[2:]  # the one that is open is not asked twice


@pytest.mark.parametrize(
    ("ttl_s", "asked_after_s"), [(0, 24), (10, 24), (100, 80), (3600, 2880), (2**31, 2880)]
)
def test_a_ttl_is_taken_within_bounds(make: Make, ttl_s: float, asked_after_s: float) -> None:
    scene = Scene(make, named(f"sip:{NAME}:5060", port=5060))
    scene.dns.holds(NAME, SBC, ttl_s=ttl_s)
    scene.world.start()
    scene.world.advance(asked_after_s - 0.5)
    assert scene.dns.asked == [f"A {NAME}"]
    scene.world.advance(1)
    assert scene.dns.asked == [f"A {NAME}"] * 2


@pytest.mark.parametrize(("ttl_s", "asked_after_s"), [(0, 24), (40, 32), (86_400, 48)])
def test_that_there_is_nothing_is_believed_for_a_while__rfc2308(
    make: Make, ttl_s: float, asked_after_s: float
) -> None:
    scene = Scene(make, named(transport=Transport.UDP))
    scene.dns.negative_ttl_s = ttl_s
    scene.dns.holds(NAME, SBC)
    scene.world.start()
    assert scene.dns.asked == [f"SRV {SRV}", f"A {NAME}"]
    scene.world.advance(asked_after_s - 0.5)
    assert len(scene.dns.asked) == 2
    scene.world.advance(1)
    assert scene.dns.asked[2:] == [f"SRV {SRV}"]


def test_the_last_good_answer_survives_the_dns_and_somebody_is_told_once(scene: Scene) -> None:
    scene.has_srv(ttl_s=100)
    scene.world.start()
    scene.dns.down = True
    scene.world.advance(10_000)
    assert scene.addresses() == [SBC, OTHER_SBC]
    [failed] = scene.told("name.failed")
    assert failed.fields["kept"] == 2
    [report] = scene.world.engine.finder.reports
    assert (report.addresses, bool(report.failing)) == (2, True)
    assert scene.world.engine.finder.failures > 100
    scene.connects(scene.first)
    scene.ends()
    scene.dns.down = False
    scene.world.advance(20)
    assert len(scene.told("name.recovered")) == 1
    assert scene.world.engine.finder.reports[0].failing == ""


def test_a_name_that_has_nothing_any_more_keeps_its_last_addresses(scene: Scene) -> None:
    scene.has_srv(ttl_s=100)
    scene.world.start()
    scene.dns.zone.clear()
    scene.world.advance(100)
    assert scene.addresses() == [SBC, OTHER_SBC]
    assert scene.told("name.failed")[0].fields["reason"] == "it has no address that we can reach"


def test_the_address_of_one_server_that_cannot_be_looked_up_at_first_does_not_hold_up_the_other(
    scene: Scene,
) -> None:
    scene.has_srv()
    answer = scene.dns.answer

    def half(question: Any) -> Any:
        scene.dns.down = question.name == "a.itsp.example"
        return answer(question)

    scene.dns.answer = half  # type: ignore[method-assign]  # for the rest of this test
    scene.world.start()
    assert scene.addresses() == [OTHER_SBC]
    scene.dns.answer = answer  # type: ignore[method-assign]  # for the rest of this test
    scene.dns.down = False
    scene.world.advance(15)
    assert scene.addresses() == [SBC, OTHER_SBC]


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "198.51.100.10"])
def test_an_address_that_is_no_server_is_left_out__our_own_among_them(make: Make, address: str) -> None:
    scene = Scene(make, named(f"sip:{NAME}:5060", port=5060))
    scene.dns.holds(NAME, address)
    scene.world.start()
    assert scene.addresses() == []
    assert scene.told("name.failed")[0].fields["reason"] == "it has no address that we can reach"


def test_a_server_at_no_port_is_left_out(scene: Scene) -> None:
    scene.dns.holds(SRV, Srv(1, 0, 0, "a.itsp.example"), Srv(2, 0, 5060, "b.itsp.example"), kind="SRV")
    scene.dns.holds("a.itsp.example", SBC)
    scene.dns.holds("b.itsp.example", OTHER_SBC)
    scene.world.start()
    assert scene.addresses() == [OTHER_SBC]


def test_a_redirection_may_name_the_name_of_its_target(make: Make) -> None:
    follow = Redirects(mode=RedirectMode.FOLLOW)
    scene = Scene(make, redirect=follow)
    scene.has_srv()
    scene.world.start()
    scene.caller.invites()
    scene.first.says(302, headers=f"Contact: <sip:+4989777@{NAME}>\r\n")
    assert scene.first.heard() == ["INVITE", "ACK", "INVITE"]
    scene.first.says(486)


# change


def test_a_changed_answer_moves_new_calls_and_leaves_those_that_are_up_alone(scene: Scene) -> None:
    scene.dns.holds(NAME, SBC, ttl_s=100)
    scene.world.start()
    scene.connects(scene.first)
    old = scene.caller.line
    scene.dns.holds(NAME, OTHER_SBC, ttl_s=100)
    scene.world.advance(80)
    assert scene.addresses() == [OTHER_SBC]
    scene.connects(scene.second)
    scene.ends()
    scene.first.hangs_up()  # it was a target once: what belongs to its call is heard
    assert scene.first.heard()[-1] == "200 BYE"
    assert scene.caller.heard()[-1] == "BYE"
    assert old in scene.caller.lines


def test_who_may_call_follows_the_names_unless_the_settings_say_who__trusted(make: Make) -> None:
    scene = Scene(make)
    scene.dns.holds(NAME, SBC, ttl_s=100)
    assert not scene.world.engine.knows(scene.first.flow)
    scene.world.start()
    scene.first.invites("+4989123")
    assert scene.first.heard() == ["100"]
    scene.caller.says(486)
    scene.dns.holds(NAME, OTHER_SBC, ttl_s=100)
    scene.world.advance(80)
    scene.first.heard()
    scene.first.invites("+4989123")
    assert scene.first.heard() == ["403"]
    scene.second.invites("+4989123")
    assert scene.second.heard() == ["100"]
    scene.caller.says(486)


def test_with_trusted_given_a_target_by_name_only_answers(make: Make) -> None:
    scene = Scene(make, trusted=(OTHER_SBC,))
    scene.dns.holds(NAME, SBC)
    scene.world.start()
    scene.first.invites("+4989123")
    assert scene.first.heard() == ["403"]
    scene.connects(scene.first)
    scene.ends()


def test_a_server_that_stops_asks_the_dns_nothing_any_more(scene: Scene) -> None:
    scene.has_srv(ttl_s=100)
    scene.world.start()
    scene.world.stop()
    scene.dns.asked.clear()
    scene.world.advance(1000)
    assert scene.dns.asked == []


def test_an_answer_that_nobody_has_asked_for_changes_nothing(scene: Scene) -> None:
    scene.has_srv()
    scene.world.start()
    answer = scene.dns.answer(next(iter(scene.dns.zone)))
    assert answer is not None
    scene.dns.zone.clear()
    scene.world.soon(lambda: scene.world.engine.dns_answered(answer, scene.world.now))
    assert scene.addresses() == [SBC, OTHER_SBC]


def test_a_trunk_registers_where_its_name_leads_once_that_is_known_and_follows_it(make: Make) -> None:
    whole = (named(f"sip:{NAME}:5060", port=5060),)
    world = make(settings(registering(trunk_terms={"targets": whole, "health": QUIET}), health=QUIET))
    first, second = Registrar(world), Registrar(world, OTHER_SBC)
    world.dns.down = True
    world.start()
    world.begin()
    assert first.peer.heard() == []
    world.dns.down = False
    world.dns.holds(NAME, SBC, ttl_s=100)
    first.waits(120)
    assert first.asked().request_uri == "sip:itsp.example"
    first.grants(600)
    assert world.engine.registrations.standings == {"itsp-a": True}
    world.dns.holds(NAME, OTHER_SBC, ttl_s=100)
    second.waits(600)
    second.asked()
    second.grants()
    assert "REGISTER" not in first.peer.heard()
    caller = Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites()
    assert second.peer.heard() == ["INVITE"]
    second.peer.says(486)
