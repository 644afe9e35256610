"""The search for a callee, and what takes a seat, as tables: every cell decided, and what must be true of every row."""

from enum import Enum
from itertools import product
from types import ModuleType

import pytest

from mediation.b2bua import hunt_table, joining, transfer
from mediation.b2bua.hunt_table import HUNT, Act, Cue, State

TABLES = [(hunt_table, hunt_table.HUNT), (transfer, transfer.TRANSFER), (joining, joining.JOINING)]


@pytest.mark.parametrize(("room", "table"), TABLES)
def test_every_state_has_one_answer_for_every_cue(
    room: ModuleType, table: dict[tuple[Enum, Enum], object]
) -> None:
    assert room.undecided() == set()
    assert set(table) | set(room.ABSORBED) | set(room.IMPOSSIBLE) == set(product(room.State, room.Cue))
    assert all(reason.strip() for reason in (*room.ABSORBED.values(), *room.IMPOSSIBLE.values()))


@pytest.mark.parametrize(("room", "table"), TABLES)
def test_every_act_has_its_place_in_its_table(
    room: ModuleType, table: dict[tuple[Enum, Enum], tuple[Enum, tuple[Enum, ...]]]
) -> None:
    assert {act for _, acts in table.values() for act in acts} == set(room.Act)


def test_only_a_search_that_never_rang_goes_to_the_next_target() -> None:
    assert {state for (state, _), (_, acts) in HUNT.items() if Act.TRY_NEXT in acts} == {State.SEEKING}


def test_the_end_and_the_first_progress_stop_what_waited_for_them() -> None:
    assert HUNT[State.SEEKING, Cue.PROGRESS][1][0] is Act.STOP_NO_PROGRESS
    for (before, cue), (after, acts) in HUNT.items():
        if after is State.OVER:
            assert acts[0] is Act.STOP_TIMERS, (before, cue)
