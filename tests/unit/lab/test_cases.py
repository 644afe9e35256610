"""The calls of the lab: complete, apart from each other, and over in seconds."""

import pytest

from mediation.lab.behaviour import behaviour_named
from mediation.lab.cases import ACTORS, CASES, FRONT_END, MEDIATION, SBC_A, SBC_B, Case

LONGEST_S = 9.0
"""From the first call to the end of the last: the lab is run often."""


def test_everything_that_the_lab_promises_is_there() -> None:
    ways = {(case.caller == FRONT_END, case.final_status) for case in CASES}
    assert {(True, 200), (False, 200), (True, 487), (True, 486)} <= ways
    assert any(case.attempts == 2 for case in CASES), "a failover"
    assert any(case.early_media for case in CASES)
    assert any(case.cancel_after_s for case in CASES)


def test_names_and_numbers_name_one_call_each() -> None:
    assert len({case.name for case in CASES}) == len({case.number for case in CASES}) == len(CASES)
    numbers = [case.number for case in CASES]
    assert not [n for n in numbers for other in numbers if n != other and n in other], (
        "nor is one part of another"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_speaks_of_known_actors_and_behaviours_only(case: Case) -> None:
    assert {case.caller, case.answered_by} - {None} <= set(ACTORS) - {MEDIATION}
    assert case.caller != case.answered_by
    for actor, behaviour in case.behaviours:
        assert actor in (FRONT_END, SBC_A, SBC_B)
        assert behaviour_named(behaviour)
    assert case.title
    assert case.story.endswith(".")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_agrees_with_itself(case: Case) -> None:
    assert (case.answered_by is not None) == (case.final_status == 200) == (case.verdict == "success")
    if case.answered_by is not None:
        named = dict(case.behaviours).get(case.answered_by)
        assert named is not None
        assert behaviour_named(named).steps[-1].status == 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_case_takes_long(case: Case) -> None:
    behaviour = behaviour_named(dict(case.behaviours)[case.answered_by]) if case.answered_by else None
    talk_s = min(case.talk_s, behaviour.hang_up_after_s or case.talk_s) if behaviour else 0.0
    rings_s = behaviour.steps[-1].after_s if behaviour else case.cancel_after_s or 0.0
    assert case.begins_s + rings_s + talk_s < LONGEST_S
