"""Which orderings are played: all with few interferences, then random ones with more."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from traceback import format_exception_only

from tests.explorer.scenarios import Scenario, Wish
from tests.explorer.simulation import Done, Limits, Option, Simulation

Choices = dict[int, int]
"""By the number of the choice, which option was taken where it was not the first."""
SELDOM = 0.15
"""How likely a random ordering interferes where it can."""


@dataclass(frozen=True, slots=True)
class Found:
    """An ordering in which something was wrong."""

    scenario: Scenario
    way: str
    limits: Limits
    choices: Choices
    faults: tuple[str, ...]
    ladder: str

    @property
    def command(self) -> str:
        """What plays it again."""
        played = " ".join(f"{number}:{index}" for number, index in sorted(self.choices.items()))
        return (
            f"python -m tests.explorer {self.scenario.name} --way {self.way} --drops {self.limits.drops} "
            f"--copies {self.limits.copies} --replay '{played}'"
        )

    def __str__(self) -> str:
        faults = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{self.scenario.name}, {self.way}:\n{faults}\n{self.ladder}\n{self.command}"


@dataclass(slots=True)
class Search:
    """The orderings of one scenario that were played."""

    scenario: Scenario
    way: str
    limits: Limits = field(default_factory=Limits)
    prunes: bool = True
    """Whether an ordering is left where another one has been in the same state."""
    orderings: int = 0
    pruned: int = 0
    forgiven: int = 0
    """How many showed what is known and not mended."""
    exhausted: bool = True
    """Whether every ordering within the depth was played."""
    found: list[Found] = field(default_factory=list)
    fulfilled: set[Wish] = field(default_factory=set)
    """What came true in one ordering or another."""

    def exhaust(self, depth: int, most: int = 1_000_000, enough: int = 1_000_000) -> None:
        """Every ordering with up to `depth` interferences, those with fewer first.

        No more than `most` are played, and none once `enough` were wrong.
        """
        seen: set[object] = set()
        waiting: deque[Choices] = deque([{}])
        while waiting:
            if self.orderings >= most or len(self.found) >= enough:
                self.exhausted = False
                return
            choices = waiting.popleft()
            branches: list[Choices] = []
            self._play(choices, self._follower(choices, depth, seen, branches))
            waiting.extend(branches)

    def walk(self, seed: int, walks: int) -> None:
        """Orderings by chance: the same ones for the same seed."""
        for number in range(walks):
            chance = Random(f"{self.scenario.name} {self.way} {seed} {number}")
            choices: Choices = {}
            self._play(choices, _wanderer(choices, chance))

    def replay(self, choices: Choices) -> tuple[str, list[str]]:
        """Play one ordering; its ladder, and what was wrong."""
        return self._play(choices, _repeater(choices))

    def _follower(
        self, choices: Choices, depth: int, seen: set[object], branches: list[Choices]
    ) -> Callable[[Simulation, int, list[Option]], int]:
        """Choose as told, then as it comes; note what leaves the ordering behind the last choice that was told."""
        last = max(choices, default=-1)

        def choose(simulation: Simulation, number: int, options: list[Option]) -> int:
            if number > last:
                state = simulation.state
                if self.prunes and state in seen:
                    raise Done
                seen.add(state)
                if len(choices) < depth:
                    branches.extend({**choices, number: index} for index in range(1, len(options)))
            return choices.get(number, 0)

        return choose

    def _play(
        self, choices: Choices, choose: Callable[[Simulation, int, list[Option]], int]
    ) -> tuple[str, list[str]]:
        simulation = Simulation(self.scenario, self.way, self.limits, choose)
        self.orderings += 1
        try:
            faults = simulation.run()
        except Done:
            self.pruned += 1
            return str(simulation.trace), []
        except Exception as error:  # noqa: BLE001 -- whatever breaks is found, and can be played again
            faults = ["".join(format_exception_only(error)).strip()]
        finally:
            self.fulfilled |= simulation.fulfilled
        self.forgiven += bool(simulation.judge.forgiven)
        ladder = str(simulation.trace)
        if faults:
            self.found.append(
                Found(self.scenario, self.way, self.limits, dict(choices), tuple(faults), ladder)
            )
        return ladder, faults


def _wanderer(choices: Choices, chance: Random) -> Callable[[Simulation, int, list[Option]], int]:
    def choose(simulation: Simulation, number: int, options: list[Option]) -> int:
        del simulation
        if chance.random() > SELDOM:
            return 0
        choices[number] = chance.randrange(1, len(options))
        return choices[number]

    return choose


def _repeater(choices: Choices) -> Callable[[Simulation, int, list[Option]], int]:
    def choose(simulation: Simulation, number: int, options: list[Option]) -> int:
        index = choices.get(number, 0)
        if index:
            simulation.note_choice(options[index].name)
        return index

    return choose
