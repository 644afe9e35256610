"""What changes about a trunk while it is in use."""

from mediation.routing.trunk import TrunkState
from tests.flows.scenery import OTHER_SBC, SBC, target

ONE, OTHER = target(SBC), target(OTHER_SBC)


def test_without_a_limit_there_is_always_room() -> None:
    state = TrunkState(0)
    for _ in range(1000):
        state.occupy()
    assert state.has_room


def test_a_place_that_is_given_back_is_free_again() -> None:
    state = TrunkState(2)
    state.occupy()
    assert state.has_room
    state.occupy()
    assert not state.has_room
    state.release()
    assert state.has_room


def test_a_target_rests_until_its_time_is_over_and_others_do_not() -> None:
    state = TrunkState(0)
    state.rest(ONE, until=50.0)
    assert state.is_resting(ONE, 49.9)
    assert not state.is_resting(OTHER, 49.9)
    assert not state.is_resting(ONE, 50.0)
    assert not state.is_resting(ONE, 49.9)  # forgotten, not only over


def test_the_latest_wish_counts() -> None:
    state = TrunkState(0)
    state.rest(ONE, until=50.0)
    state.rest(ONE, until=20.0)
    assert not state.is_resting(ONE, 20.0)
