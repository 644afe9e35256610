"""Every state machine: each cell has exactly one home, each silence its reason, each act its place."""

from enum import Enum
from types import ModuleType
from typing import Any

import pytest

from mediation.b2bua import bridge, call_table, hunt_table, joining, transfer
from mediation.media import life
from mediation.routing import health_table
from mediation.sip import change, registration_table, session_table
from mediation.sip.table import Table

ROOMS = (
    call_table,
    hunt_table,
    transfer,
    joining,
    bridge,
    change,
    session_table,
    health_table,
    registration_table,
    life,
)
EVERY_TABLE = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__.rpartition(".")[2])


def table_of(room: ModuleType) -> Table[Any, Any, Any]:
    table = room.TABLE
    assert isinstance(table, Table)
    return table


def kinds_of(room: ModuleType) -> tuple[type[Enum], type[Enum], type[Enum]]:
    """States, events and acts."""
    ((state, event), (_, acts)) = next(row for row in table_of(room).rows.items() if row[1][1])
    return type(state), type(event), type(acts[0])


@EVERY_TABLE
def test_every_state_has_one_answer_for_every_event(room: ModuleType) -> None:
    table, (states, events, _) = table_of(room), kinds_of(room)
    assert table.undecided(states, events) == set()
    assert len(table.rows) + len(table.absorbed) + len(table.impossible) == len(states) * len(events)


@EVERY_TABLE
def test_silence_has_a_reason(room: ModuleType) -> None:
    table = table_of(room)
    assert all(reason.strip() for reason in (*table.absorbed.values(), *table.impossible.values()))


@EVERY_TABLE
def test_every_act_has_its_place(room: ModuleType) -> None:
    assert {act for _, acts in table_of(room).rows.values() for act in acts} == set(kinds_of(room)[2])
