"""What changes about a trunk while it is in use."""

from mediation.routing.room import Limits, Room
from mediation.routing.trunk import TrunkState
from tests.flows.scenery import OTHER_SBC, SBC, target

ONE, OTHER = target(SBC), target(OTHER_SBC)


def made() -> TrunkState:
    return TrunkState(Room("itsp-a", Limits()))


def test_a_target_rests_until_its_time_is_over_and_others_do_not() -> None:
    state = made()
    state.rest(ONE, until=50.0)
    assert state.is_resting(ONE, 49.9)
    assert not state.is_resting(OTHER, 49.9)
    assert not state.is_resting(ONE, 50.0)
    assert not state.is_resting(ONE, 49.9)  # forgotten, not only over


def test_the_latest_wish_counts() -> None:
    state = made()
    state.rest(ONE, until=50.0)
    state.rest(ONE, until=20.0)
    assert not state.is_resting(ONE, 20.0)
