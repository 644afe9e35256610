"""Where a call may go: candidates in order, decided once."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from mediation.routing.admission import Source
from mediation.routing.choice import Verdict
from mediation.routing.directory import FRONT_END_POOL
from mediation.routing.health import Fitness
from mediation.routing.routes import Candidate, Routing, drawn, least, listener_for
from mediation.settings.hours import parse_hours
from mediation.settings.model import Settings
from mediation.settings.peers import Gateway, Side
from mediation.settings.places import Listener, Target
from mediation.settings.routes import Route
from mediation.settings.trunks import Site, Trunk
from mediation.sip.flow import Transport
from mediation_codecs.codec import Codec
from tests.flows.scenery import (
    FRONT_END,
    OTHER_FRONT_END,
    OTHER_SBC,
    OUTSIDE,
    SBC,
    listeners,
    settings,
    target,
    trunk,
)

FROM_INSIDE = Source(Side.FRONT_END, None, calls=True)
FROM_OUTSIDE = Source(Side.GATEWAY, trunk(), calls=True)


def hosts(given: Settings, called: str, source: Source = FROM_INSIDE) -> list[tuple[str, str]]:
    """Trunk and host of each candidate."""
    return [(each.trunk, each.target.host) for each in Routing(given).candidates(source, called, 0)]


A, B = trunk("itsp-a", SBC), trunk("itsp-b", OTHER_SBC)


def routed(*routes: Route, trunks: tuple[Trunk, ...] = (A, B)) -> Settings:
    return settings(*trunks, routes=routes)


def test_without_routes_every_number_may_go_to_every_trunk_in_order() -> None:
    assert hosts(settings(A, B), "anything") == [("itsp-a", SBC), ("itsp-b", OTHER_SBC)]


def test_the_first_route_that_matches_wins() -> None:
    given = routed(
        Route(match="^\\+49", trunks=("itsp-b",)),
        Route(match="^\\+", trunks=("itsp-a", "itsp-b")),
    )
    assert hosts(given, "+4930") == [("itsp-b", OTHER_SBC)]
    assert hosts(given, "+1555") == [("itsp-a", SBC), ("itsp-b", OTHER_SBC)]
    assert hosts(given, "030") == []


def test_a_number_that_is_empty_goes_nowhere_from_either_side() -> None:
    assert hosts(settings(A), "") == []
    assert hosts(settings(A), "", FROM_OUTSIDE) == []


def test_calls_from_a_trunk_go_to_the_front_end_servers_in_order() -> None:
    given = settings(A, front_ends=(FRONT_END, OTHER_FRONT_END))
    assert hosts(given, "+4930", FROM_OUTSIDE) == [
        (FRONT_END_POOL, FRONT_END),
        (FRONT_END_POOL, OTHER_FRONT_END),
    ]


def test_a_peer_under_two_trunks_is_tried_once_under_the_first() -> None:
    both = trunk("itsp-b", SBC, OTHER_SBC)
    assert hosts(settings(A, both), "+4930") == [("itsp-a", SBC), ("itsp-b", OTHER_SBC)]


def test_the_same_host_over_another_transport_is_another_peer() -> None:
    tcp = trunk("itsp-b", targets=(target(SBC, Transport.TCP),))
    assert hosts(settings(A, tcp), "+4930") == [("itsp-a", SBC), ("itsp-b", SBC)]


def test_a_candidate_knows_all_that_an_attempt_needs() -> None:
    (candidate,) = Routing(settings(trunk(codecs=(Codec.PCMA, Codec.PCMU)))).candidates(
        FROM_INSIDE, "+4930", 0
    )
    assert candidate.terms.capabilities.codecs == ("PCMA", "PCMU")
    assert (candidate.terms.side, candidate.no_progress_s) == (Side.GATEWAY, 10)
    assert candidate.listener.transport is candidate.target.transport


@pytest.mark.parametrize(
    ("status", "leaves"),
    [
        (503, True),
        (408, True),
        (500, True),
        (404, False),
        (486, False),
        (487, False),
        (401, False),
        (603, False),
    ],
)
def test_only_listed_codes_leave_and_some_never_do(status: int, leaves: bool) -> None:
    (candidate,) = Routing(settings(A)).candidates(FROM_INSIDE, "+4930", 0)
    assert candidate.failover.sends_on(status, None) is leaves
    everything = trunk(failover_codes=tuple(range(400, 700)))
    (greedy,) = Routing(settings(everything)).candidates(FROM_INSIDE, "+4930", 0)
    never: Candidate = greedy
    assert never.failover.sends_on(status, 34) is (status not in (486, 487, 401, 603))


def test_a_listener_speaks_the_targets_transport_and_family() -> None:
    udp = Listener(Transport.UDP, "192.0.2.1", 5060)
    tcp = Listener(Transport.TCP, "192.0.2.1", 5060)
    six = Listener(Transport.UDP, "2001:db8::1", 5060)
    every = (udp, tcp, six)
    assert listener_for(target("192.0.2.9"), every) is udp
    assert listener_for(target("192.0.2.9", Transport.TCP), every) is tcp
    assert listener_for(target("2001:db8::9"), every) is six
    assert listener_for(target("2001:db8::9", Transport.TCP), every) is None


def test_a_target_that_no_listener_reaches_is_no_candidate() -> None:
    six = trunk("itsp-a", "2001:db8::9", OTHER_SBC)
    assert hosts(settings(six), "+4930") == [("itsp-a", OTHER_SBC)]


def test_routes_are_asked_by_priority_and_equal_ones_in_the_order_of_the_file() -> None:
    given = routed(
        Route(match="", trunks=("itsp-a",), priority=10),
        Route(match="^\\+49", trunks=("itsp-b",), priority=5),
        Route(match="^\\+4", trunks=("itsp-a",), priority=5),
    )
    assert hosts(given, "+4930") == [("itsp-b", OTHER_SBC)]
    assert hosts(given, "+1") == [("itsp-a", SBC)]
    asked = Routing(given).asked(FROM_INSIDE, "+41", 0)
    assert [(each.route.match, each.verdict) for each in asked] == [
        ("^\\+49", Verdict.OTHER_NUMBER),
        ("^\\+4", Verdict.MATCHES),
    ]


def test_the_order_of_trunks_with_weights_is_drawn_and_the_chance_comes_from_outside() -> None:
    given = routed(Route(trunks=("itsp-a", "itsp-b"), weights=(70, 30)))
    for point, first in ((1, "itsp-a"), (70, "itsp-a"), (71, "itsp-b"), (100, "itsp-b")):
        asked: list[tuple[int, int]] = []

        def draw(low: int, high: int, point: int = point, asked: list[tuple[int, int]] = asked) -> int:
            asked.append((low, high))
            return min(point, high)

        found = [each.trunk for each in Routing(given, draw).candidates(FROM_INSIDE, "+4930", 0)]
        assert (found[0], sorted(found)) == (first, ["itsp-a", "itsp-b"])
        assert asked == [(1, 100), (1, 30 if first == "itsp-a" else 70)]


def test_a_trunk_without_weight_comes_last__rfc2782() -> None:
    assert drawn(("a", "b", "c", "d"), (0, 5, 0, 1), lambda _, high: high) == ["d", "b", "a", "c"]
    assert drawn(("a", "b"), (0, 0), least) == ["a", "b"]


def test_without_weights_nothing_is_drawn() -> None:
    def never(low: int, high: int) -> int:
        raise AssertionError((low, high))

    assert len(Routing(settings(A, B), never).candidates(FROM_INSIDE, "+4930", 0)) == 2


# Beginnings, cost, backup


def trunks_for(given: Settings, called: str, source: Source = FROM_INSIDE, at: float = 0) -> list[str]:
    return [each.trunk for each in Routing(given).candidates(source, called, at)]


def test_the_longest_beginning_is_asked_first_then_the_cheapest_then_the_first_in_the_file() -> None:
    given = routed(
        Route(trunks=("itsp-a",)),
        Route(trunks=("itsp-a",), prefixes=("+49", "+43"), cost=0.02),
        Route(trunks=("itsp-b",), prefixes=("+49",), cost=0.01),
        Route(trunks=("itsp-a", "itsp-b"), prefixes=("+4930",), cost=9),
    )
    assert trunks_for(given, "+4930555") == ["itsp-a", "itsp-b"]
    assert trunks_for(given, "+4940") == ["itsp-b"]
    assert trunks_for(given, "+4340") == ["itsp-a"]
    assert trunks_for(given, "+1") == ["itsp-a"]


def test_priority_goes_before_beginnings_and_cost() -> None:
    given = routed(
        Route(trunks=("itsp-a",), prefixes=("+4930",), priority=1), Route(trunks=("itsp-b",), cost=5)
    )
    assert trunks_for(given, "+4930") == ["itsp-b"]


def test_a_beginning_must_fit_beside_the_pattern() -> None:
    given = routed(
        Route(match="5$", trunks=("itsp-a",), prefixes=("+49",)), Route(trunks=("itsp-b",), priority=1)
    )
    assert [trunks_for(given, number) for number in ("+495", "+496", "+435")] == [
        ["itsp-a"],
        ["itsp-b"],
        ["itsp-b"],
    ]


def test_the_next_route_that_fits_backs_up_one_that_says_so_and_no_trunk_is_tried_twice() -> None:
    both = routed(Route(trunks=("itsp-a",), then_next=True), Route(trunks=("itsp-a", "itsp-b")))
    assert trunks_for(both, "+49") == ["itsp-a", "itsp-b"]
    one = routed(Route(trunks=("itsp-a",)), Route(trunks=("itsp-b",)))
    assert trunks_for(one, "+49") == ["itsp-a"]


# Hours


MONDAY_9_IN_BERLIN = datetime(2026, 11, 30, 9, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
OFFICE = Route(trunks=("itsp-a",), hours=(parse_hours("mon-fri 08:00-18:00"),), time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("hours_later", "trunk_name"),
    [(0, "itsp-a"), (8.98, "itsp-a"), (9, "itsp-b"), (-1, "itsp-a"), (-1.02, "itsp-b"), (5 * 24, "itsp-b")],
)
def test_a_route_is_open_at_its_hours_in_its_own_time(hours_later: float, trunk_name: str) -> None:
    given = routed(OFFICE, Route(trunks=("itsp-b",)))
    assert trunks_for(given, "+49", at=MONDAY_9_IN_BERLIN + hours_later * 3600) == [trunk_name]


def test_hours_keep_to_the_clock_on_the_wall_when_summer_time_ends() -> None:
    given = routed(OFFICE, Route(trunks=("itsp-b",)))
    zone = ZoneInfo("Europe/Berlin")
    for day in (23, 26):  # the Friday before and the Monday after
        moment = datetime(2026, 10, day, 8, 30, tzinfo=zone).timestamp()
        assert trunks_for(given, "+49", at=moment) == ["itsp-a"]
        assert trunks_for(given, "+49", at=moment - 3600) == ["itsp-b"]


def test_the_verdict_says_why_a_route_is_not_taken() -> None:
    given = routed(OFFICE, Route(match="^x", trunks=("itsp-b",)), Route(trunks=("itsp-b",)))
    asked = Routing(given).asked(FROM_INSIDE, "+49", MONDAY_9_IN_BERLIN + 12 * 3600)
    assert [each.verdict for each in asked] == [Verdict.CLOSED, Verdict.OTHER_NUMBER, Verdict.MATCHES]


# Usages: who may go by which route


def test_calls_of_a_trunk_leave_again_by_the_usages_that_it_names_and_never_back() -> None:
    pbx = trunk("itsp-a", SBC, usages=("transit",))
    given = settings(pbx, B, routes=(Route(match="^\\+", trunks=("itsp-a", "itsp-b"), usages=("transit",)),))
    from_pbx = Source(Side.GATEWAY, pbx, calls=True)
    assert trunks_for(given, "+49", from_pbx) == ["itsp-b"]
    assert trunks_for(given, "4711", from_pbx) == ["front-end"]
    assert trunks_for(given, "+49", Source(Side.GATEWAY, B, calls=True)) == ["front-end"]


def test_a_route_without_usages_is_no_way_through_for_a_trunk() -> None:
    pbx = trunk("itsp-a", SBC, usages=("transit",))
    given = settings(pbx, B, routes=(Route(trunks=("itsp-b",)),))
    assert trunks_for(given, "+49", Source(Side.GATEWAY, pbx, calls=True)) == ["front-end"]


def test_a_site_with_usages_goes_by_routes_that_have_one_of_them_and_others_by_all() -> None:
    lobby = Site(name="lobby", numbers=("+4930",), usages=("national",))
    given = settings(
        A,
        B,
        routes=(Route(match="^\\+49", trunks=("itsp-a",), usages=("national",)), Route(trunks=("itsp-b",))),
        sites=(lobby,),
    )
    from_lobby = FROM_INSIDE.at(lobby)
    assert trunks_for(given, "+49", from_lobby) == ["itsp-a"]
    assert trunks_for(given, "+1", from_lobby) == []
    assert trunks_for(given, "+1") == ["itsp-b"]


def test_help_may_be_called_by_every_site_its_own_trunks_first_and_bound_to_nothing() -> None:
    lobby = Site(name="lobby", country="DE", numbers=("+4930",), usages=("national",), bound=True)
    abroad = Site(name="abroad", country="FR")
    far, near = trunk("far", SBC, site="abroad"), trunk("near", OTHER_SBC, site="lobby")
    given = settings(
        far,
        near,
        routes=(Route(match="^112$", trunks=("far", "near"), emergency=True),),
        sites=(lobby, abroad),
    )
    found = Routing(given).candidates(FROM_INSIDE.at(lobby), "112", 0)
    assert [(each.trunk, each.urgent, each.rung) for each in found] == [("near", True, 0), ("far", True, 1)]


def test_help_is_called_by_the_family_of_what_is_near_though_it_is_doubted() -> None:
    lobby = Site(name="lobby", country="DE", numbers=("+4930",))
    near, far = trunk("near", SBC, site="lobby"), trunk("far", "2001:db8:5::7")
    given = settings(near, far, routes=(Route(trunks=("near", "far"), emergency=True),), sites=(lobby,))
    given = replace(given, gateway=Gateway(listen=(*listeners(OUTSIDE), *listeners("2001:db8:5::1"))))

    def fitness(name: str, target: Target) -> Fitness:
        return Fitness.SUSPECT if name == "near" else Fitness.READY

    found = Routing(given, fitness=fitness).candidates(FROM_INSIDE.at(lobby), "112", 0)
    assert [each.trunk for each in found] == ["near"]
