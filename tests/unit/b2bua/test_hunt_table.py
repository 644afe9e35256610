"""The search for a callee as a table: what must be true of every row."""

from mediation.b2bua.hunt_table import HUNT, Act, Cue, State


def test_only_a_search_that_never_rang_goes_to_the_next_target() -> None:
    assert {state for (state, _), (_, acts) in HUNT.items() if Act.TRY_NEXT in acts} == {State.SEEKING}


def test_the_end_and_the_first_progress_stop_what_waited_for_them() -> None:
    assert HUNT[State.SEEKING, Cue.PROGRESS][1][0] is Act.STOP_NO_PROGRESS
    for (before, cue), (after, acts) in HUNT.items():
        if after is State.OVER:
            assert acts[0] is Act.STOP_TIMERS, (before, cue)
