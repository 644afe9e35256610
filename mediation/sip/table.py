"""State machines as tables: what happens in each state for each event, and a reason where nothing does or can."""

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import product
from typing import Generic, TypeVar

from mediation.sip.errors import LocalSipError

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=Enum)
Act = TypeVar("Act", bound=Enum)


class Table(Generic[State, Event, Act]):
    """Every cell has one of three homes: a row, a reason why nothing happens, a reason why it cannot be reached."""

    def __init__(
        self,
        rows: Mapping[tuple[State, Event], tuple[State, tuple[Act, ...]]],
        absorbed: Mapping[tuple[State, Event], str],
        impossible: Mapping[tuple[State, Event], str] = {},
    ) -> None:
        self.rows = rows
        self.absorbed = absorbed
        self.impossible = impossible

    def step(self, state: State, event: Event) -> tuple[State, tuple[Act, ...]] | None:
        """The state that follows and what is performed; None where nothing happens.

        Raises LocalSipError for a cell that cannot be reached.
        """
        row = self.rows.get((state, event))
        if row is None and (state, event) not in self.absorbed:
            raise LocalSipError(f"{event.name} in {state.name} cannot happen")
        return row

    def undecided(self, states: Iterable[State], events: Iterable[Event]) -> set[tuple[State, Event]]:
        """Cells without a home, or with more than one; empty, as a test asserts."""
        homes = (self.rows, self.absorbed, self.impossible)
        return {cell for cell in product(states, events) if sum(cell in home for home in homes) != 1}
