"""Where a call may go: candidates in order, decided once."""

import pytest

from mediation.routing.admission import Source
from mediation.routing.directory import FRONT_END_POOL
from mediation.routing.routes import Candidate, Routing, drawn, least, listener_for
from mediation.settings.model import Route, Settings, Side, Trunk
from mediation.settings.places import Listener
from mediation.sip.flow import Transport
from mediation_codecs.g711 import Law
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, OTHER_SBC, SBC, settings, target, trunk

FROM_INSIDE = Source(Side.FRONT_END, None, calls=True)
FROM_OUTSIDE = Source(Side.GATEWAY, trunk(), calls=True)


def hosts(given: Settings, called: str, source: Source = FROM_INSIDE) -> list[tuple[str, str]]:
    """Trunk and host of each candidate."""
    return [(each.trunk, each.target.host) for each in Routing(given).candidates(source, called)]


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
    (candidate,) = Routing(settings(trunk(codecs=(Law.PCMA, Law.PCMU)))).candidates(FROM_INSIDE, "+4930")
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
    (candidate,) = Routing(settings(A)).candidates(FROM_INSIDE, "+4930")
    assert candidate.failover.sends_on(status, None) is leaves
    everything = trunk(failover_codes=tuple(range(400, 700)))
    (greedy,) = Routing(settings(everything)).candidates(FROM_INSIDE, "+4930")
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
    asked = Routing(given).asked("+41")
    assert [(route.match, found) for route, found in asked] == [("^\\+49", False), ("^\\+4", True)]


def test_the_order_of_trunks_with_weights_is_drawn_and_the_chance_comes_from_outside() -> None:
    given = routed(Route(trunks=("itsp-a", "itsp-b"), weights=(70, 30)))
    for point, first in ((1, "itsp-a"), (70, "itsp-a"), (71, "itsp-b"), (100, "itsp-b")):
        asked: list[tuple[int, int]] = []

        def draw(low: int, high: int, point: int = point, asked: list[tuple[int, int]] = asked) -> int:
            asked.append((low, high))
            return min(point, high)

        found = [each.trunk for each in Routing(given, draw).candidates(FROM_INSIDE, "+4930")]
        assert (found[0], sorted(found)) == (first, ["itsp-a", "itsp-b"])
        assert asked == [(1, 100), (1, 30 if first == "itsp-a" else 70)]


def test_a_trunk_without_weight_comes_last__rfc2782() -> None:
    assert drawn(("a", "b", "c", "d"), (0, 5, 0, 1), lambda _, high: high) == ["d", "b", "a", "c"]
    assert drawn(("a", "b"), (0, 0), least) == ["a", "b"]


def test_without_weights_nothing_is_drawn() -> None:
    def never(low: int, high: int) -> int:
        raise AssertionError((low, high))

    assert len(Routing(settings(A, B), never).candidates(FROM_INSIDE, "+4930")) == 2
