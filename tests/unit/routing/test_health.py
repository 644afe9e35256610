"""The health of one target, in virtual time: counts, every cell of the table, slow start, and who is tried first."""

from dataclasses import replace
from itertools import product

import pytest

from mediation.routing.admission import Source
from mediation.routing.health import PARTS, Fitness, TargetHealth
from mediation.routing.health_table import TABLE, Act, Cue, State
from mediation.routing.preference import preferred
from mediation.routing.room import Limits, Room
from mediation.routing.routes import Candidate, Routing, least
from mediation.routing.trunk import TrunkState, Watched
from mediation.settings.health import Health
from mediation.settings.peers import Side
from mediation.settings.places import Target
from tests.flows.scenery import OTHER_SBC, SBC, THIRD_SBC, settings, trunk

RULES = Health(failures=3, successes=2, slow_start_s=20)

GOES = {
    State.UP: {
        Cue.UNANSWERED: State.SUSPECT,
        Cue.CALL_FAILED: State.SUSPECT,
        Cue.DOUBTED: State.SUSPECT,
        Cue.GONE: State.DOWN,
        Cue.DRAIN: State.DRAINING,
    },
    State.SUSPECT: {
        Cue.ANSWERED: State.UP,
        Cue.ENOUGH: State.UP,
        Cue.CALL_ANSWERED: State.UP,
        Cue.RESTED: State.UP,
        Cue.GONE: State.DOWN,
        Cue.DRAIN: State.DRAINING,
    },
    State.DOWN: {
        Cue.ENOUGH: State.UP,
        Cue.CALL_ANSWERED: State.UP,
        Cue.RESTED: State.UP,
        Cue.DRAIN: State.DRAINING,
    },
    State.DRAINING: {Cue.RESUME: State.UP},
}
"""Where each sign leads; those that are missing change nothing."""


@pytest.mark.parametrize(("state", "cue"), list(product(State, Cue)))
def test_each_sign_leads_where_it_should(state: State, cue: Cue) -> None:
    if (state, cue) in TABLE.impossible:
        return
    health = TargetHealth(RULES, 0.0)
    health.state = state
    acts = health.cue(cue, "because", 7.0)
    assert health.state is GOES[state].get(cue, state)
    moved = health.state is not state
    assert (health.reason, health.since) == (("because", 7.0) if moved else ("not known yet", 0.0))
    curious = {(State.UP, Cue.CALL_FAILED), (State.UP, Cue.DOUBTED), (State.DRAINING, Cue.RESUME)}
    curious |= {(State.SUSPECT, Cue.HEARD), (State.DOWN, Cue.HEARD)}
    assert (Act.ASK in acts) is ((state, cue) in curious)
    came_back = (state, GOES[state].get(cue)) == (State.DOWN, State.UP)
    assert (Act.WARM_UP in acts) is came_back


def test_so_many_failures_in_a_row_and_it_is_down_and_so_many_answers_and_it_is_up() -> None:
    health = TargetHealth(RULES, 0.0)
    states = []
    for answered in (False, False, True, False, False, False, True, False, True, True):
        health.answered(1.0) if answered else health.unanswered("no answer", 1.0)
        states.append(str(health.state))
    assert states == ["suspect", "suspect", "up", "suspect", "suspect", "down", "down", "down", "down", "up"]
    assert health.reason == "it answers"


def test_who_answers_options_and_fails_every_call_is_down_and_then_down_again_at_its_next_failure() -> None:
    health = TargetHealth(RULES, 0.0)
    for _ in range(3):
        assert health.state is not State.DOWN
        health.call_failed("no-progress", 1.0)
        health.answered(1.0) if health.state is State.SUSPECT else None
    assert (health.state, health.reason) == (State.DOWN, "call: no-progress")
    health.answered(2.0), health.answered(3.0)
    assert str(health.state) == "up"
    health.call_failed("503", 4.0)
    assert str(health.state) == "down"
    health.call_answered(5.0)
    health.call_failed("503", 6.0)
    assert str(health.state) == "suspect"


def test_it_is_asked_more_often_while_something_is_unclear() -> None:
    health = TargetHealth(RULES, 0.0)
    assert health.interval_s == RULES.interval_s
    health.unanswered("no answer", 1.0)
    assert health.interval_s == RULES.suspect_interval_s
    health.unanswered("no answer", 1.0), health.unanswered("no answer", 1.0)
    assert health.interval_s == RULES.down_interval_s
    health.answered(2.0)
    assert (health.state, health.interval_s) == (State.DOWN, RULES.suspect_interval_s)


def test_the_share_of_calls_grows_with_time_after_it_was_down_and_only_then() -> None:
    health = TargetHealth(RULES, 0.0)
    health.unanswered("no answer", 1.0), health.answered(2.0)
    assert health.share(2.0) == PARTS
    health.cue(Cue.GONE, "gone", 3.0)
    health.cue(Cue.ENOUGH, "back", 100.0)
    assert [health.share(100.0 + passed) for passed in (0, 1, 10, 19, 20, 1000)] == [
        1,
        50,
        500,
        950,
        1000,
        1000,
    ]


def test_without_a_slow_start_it_has_its_whole_share_at_once() -> None:
    health = TargetHealth(Health(slow_start_s=0), 0.0)
    health.cue(Cue.GONE, "gone", 3.0), health.cue(Cue.ENOUGH, "back", 4.0)
    assert health.share(4.0) == PARTS


def test_a_stable_time_begins_with_a_sign_of_life_and_again_after_every_failure() -> None:
    health = TargetHealth(Health(failures=1, stable_s=10, slow_start_s=0), 0.0)
    health.unanswered("no answer", 0.0)
    fitness, state = [], []
    for passed, sign in enumerate("a.c..f.a.....t.a..........a.."):
        match sign:
            case "a":
                health.answered(passed)
            case "c":
                health.call_answered(passed)
            case "f":
                health.call_failed("no answer", passed)
            case "t":
                health.cue(Cue.DOUBTED, "transport error", passed)
        fitness.append(health.fitness.name[0])
        state.append(health.state)
    assert "".join(fitness) == "RRRRRDDRRRRRRDDRRRRRRRRRRRRRR"
    assert state.index(State.UP) == 26
    assert health.fitness is Fitness.READY


# the order of a call's targets


class Told:
    """A target of which somebody knows how it does."""

    def __init__(self, state: State) -> None:
        self.health = TargetHealth(RULES, 0.0)
        self.health.state = state

    def call_answered(self, now: float) -> None:
        raise AssertionError

    def call_failed(self, reason: str, now: float) -> None:
        raise AssertionError


def three(*states: State) -> tuple[tuple[Candidate, ...], dict[str, TrunkState]]:
    made = settings(trunk("itsp-a", SBC, OTHER_SBC, THIRD_SBC))
    state = TrunkState(Room("itsp-a", Limits()))
    known: dict[Target, Watched] = {
        target: Told(each) for target, each in zip(made.trunks[0].addressed, states, strict=True)
    }
    state.watched = known
    routing = Routing(made)
    return routing.candidates(Source(Side.FRONT_END, None, calls=True), "+49", 0), {"itsp-a": state}


def hosts(candidates: list[Candidate]) -> list[str]:
    return [candidate.target.host for candidate in candidates]


def test_who_answers_again_comes_behind_the_fit_and_before_the_down_and_shuts_nobody_out() -> None:
    for states, order in (
        ((DOWN, UP, DOWN), [OTHER_SBC, SBC]),
        ((DOWN, DOWN, DOWN), [SBC, OTHER_SBC, THIRD_SBC]),
        ((DOWN, DOWN, SUSPECT), [THIRD_SBC, SBC]),
    ):
        candidates, trunks = three(*states)
        returning = trunks["itsp-a"].watched[candidates[0].target].health
        returning.rules = Health(stable_s=10)
        returning.answered(0.0)
        assert hosts(preferred(candidates, trunks, least, 0.0)) == order


UP, SUSPECT, DOWN, DRAINING = State.UP, State.SUSPECT, State.DOWN, State.DRAINING


@pytest.mark.parametrize(
    ("states", "order"),
    [
        ((UP, UP, UP), [SBC, OTHER_SBC, THIRD_SBC]),
        ((SUSPECT, UP, UP), [OTHER_SBC, THIRD_SBC, SBC]),
        ((DOWN, SUSPECT, UP), [THIRD_SBC, OTHER_SBC]),
        ((DOWN, SUSPECT, DOWN), [OTHER_SBC]),
        ((DOWN, DOWN, DOWN), [SBC, OTHER_SBC, THIRD_SBC]),
        ((DOWN, DRAINING, DOWN), [SBC, THIRD_SBC]),
        ((DRAINING, DRAINING, DRAINING), []),
    ],
)
def test_the_fit_come_first_the_down_last_of_all_and_those_that_drain_not_at_all(
    states: tuple[State, ...], order: list[str]
) -> None:
    candidates, trunks = three(*states)
    assert hosts(preferred(candidates, trunks, least, 0.0)) == order


@pytest.mark.parametrize(("drawn", "first"), [(1, SBC), (250, SBC), (251, OTHER_SBC), (1000, OTHER_SBC)])
def test_a_target_that_comes_back_is_first_in_its_share_of_calls_and_behind_the_fit_in_others(
    drawn: int, first: str
) -> None:
    candidates, trunks = three(State.DOWN, State.UP, State.SUSPECT)
    returning = trunks["itsp-a"].watched[candidates[0].target].health
    returning.cue(Cue.ENOUGH, "back", 100.0)
    order = hosts(preferred(candidates, trunks, lambda low, high: drawn, 105.0))
    assert order[0] == first
    assert order[-1] == THIRD_SBC


NEAR, NEAR_TOO, FAR = (0, 0, 1)
"""Rungs of a call for help."""


@pytest.mark.parametrize(
    ("states", "order"),
    [
        ((UP, UP, UP), [SBC, OTHER_SBC, THIRD_SBC]),
        ((SUSPECT, UP, UP), [OTHER_SBC, SBC, THIRD_SBC]),
        ((SUSPECT, SUSPECT, UP), [SBC, OTHER_SBC, THIRD_SBC]),
        ((DOWN, SUSPECT, UP), [OTHER_SBC, THIRD_SBC]),
        ((DOWN, DOWN, SUSPECT), [THIRD_SBC]),
        ((DRAINING, SUSPECT, UP), [OTHER_SBC, THIRD_SBC]),
    ],
)
def test_for_help_what_is_near_comes_first_unless_it_is_down(
    states: tuple[State, ...], order: list[str]
) -> None:
    candidates, trunks = three(*states)
    rungs = (NEAR, NEAR_TOO, FAR)
    urgent = [replace(each, urgent=True, rung=rung) for each, rung in zip(candidates, rungs, strict=True)]
    assert hosts(preferred(urgent, trunks, least, 0.0)) == order


def test_for_help_a_target_that_comes_back_goes_before_all_that_is_farther() -> None:
    candidates, trunks = three(DOWN, UP, UP)
    trunks["itsp-a"].watched[candidates[0].target].health.cue(Cue.ENOUGH, "back", 100.0)
    urgent = [replace(each, urgent=True, rung=rung) for rung, each in enumerate(candidates)]
    assert hosts(preferred(urgent, trunks, lambda low, high: high, 100.0)) == [SBC, OTHER_SBC, THIRD_SBC]


def test_of_a_target_that_nobody_watches_nothing_bad_is_known() -> None:
    state = TrunkState(Room("itsp-a", Limits()))
    target = settings().trunks[0].addressed[0]
    assert (state.fitness(target), state.share(target, 0.0)) == (Fitness.READY, PARTS)
    state.call_answered(target, 0.0)
    state.call_failed(target, "503", 0.0)
