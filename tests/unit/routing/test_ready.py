"""Which targets may be called, as far as registration is concerned, and in which order."""

from mediation.routing.failover import Failover
from mediation.routing.ready import registered_first
from mediation.routing.room import Limits, Room
from mediation.routing.routes import Candidate, listener_for
from mediation.routing.terms import Terms
from mediation.routing.trunk import Standing, TrunkState
from mediation.settings.trunks import Trunk
from tests.flows.scenery import OTHER_SBC, OUTSIDE, SBC, THIRD_SBC, listeners, target, trunk

A, B, C = target(SBC), target(OTHER_SBC), target(THIRD_SBC)
ONE, TWO = trunk("one", SBC, OTHER_SBC), trunk("two", THIRD_SBC)


def candidates(*trunks: Trunk) -> list[Candidate]:
    found = []
    for each in trunks:
        for place in each.addressed:
            listener = listener_for(place, listeners(OUTSIDE))
            assert listener is not None
            found.append(Candidate(each.name, place, listener, Terms.of(each), 10, Failover.of(each)))
    return found


def order(*trunks: Trunk, **standings: Standing) -> list[str]:
    states = {each.name: TrunkState(Room("", Limits())) for each in trunks}
    for name, standing in standings.items():
        states[name].standing = standing
    return [each.target.host for each in registered_first(candidates(*trunks), states)]


def test_who_does_not_register_is_called_in_order() -> None:
    assert order(ONE, TWO) == [SBC, OTHER_SBC, THIRD_SBC]


def test_who_is_not_registered_is_not_called_unless_that_is_allowed() -> None:
    assert order(ONE, TWO, one=Standing(True)) == [THIRD_SBC]
    assert order(ONE, TWO, one=Standing(False)) == [SBC, OTHER_SBC, THIRD_SBC]
    assert order(ONE, one=Standing(True)) == []


def test_the_holder_is_first_of_its_trunk_and_no_other() -> None:
    assert order(ONE, TWO, one=Standing(True, B)) == [OTHER_SBC, SBC, THIRD_SBC]
    assert order(TWO, ONE, one=Standing(True, B)) == [THIRD_SBC, OTHER_SBC, SBC]


def test_a_route_is_for_the_holder_alone__rfc3608_6_1() -> None:
    state = TrunkState(Room("", Limits()))
    assert state.service_route(A) == ()
    state.standing = Standing(True, A, ("<sip:a;lr>", "<sip:b;lr>"))
    assert state.service_route(A) == (("Route", "<sip:a;lr>"), ("Route", "<sip:b;lr>"))
    assert state.service_route(C) == ()
