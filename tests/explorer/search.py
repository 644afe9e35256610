"""Which orderings are played: all with few interferences, then random ones with more."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.explorer.scenarios import Scenario, Wish
from tests.explorer.simulation import Done, Limits, Option, Simulation

Choices = dict[int, int]
"""By the number of the choice, which option was taken where it was not the first."""


@dataclass(slots=True)
class Found:
    """An ordering in which something was wrong."""

    scenario: Scenario
    way: str
    limits: Limits
    choices: Choices
    faults: list[str]
    trace: str

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
        return f"{self.scenario.name} {self.way}:\n{faults}\n{self.trace}\n{self.command}"


@dataclass(slots=True)
class Search:
    """All orderings of one scenario that were played."""

    scenario: Scenario
    way: str
    limits: Limits
    orderings: int = 0
    pruned: int = 0
    """How many ended where another had been before."""
    exhausted: bool = True
    """Whether every ordering within the depth was played."""
    found: list[Found] = field(default_factory=list)
    fulfilled: set[Wish] = field(default_factory=set)
    """What came true in one ordering or another."""

    def replay(self, choices: Choices) -> list[Option]:
        """Play one ordering; the names of what was chosen."""
        chosen: list[Option] = []
        number = -1

        def choose(simulation: Simulation, options: list[Option]) -> int:
            del simulation
            nonlocal number
            number += 1
            index = choices.get(number, 0)
            if index:
                chosen.append(options[index])
            return index

        self._play(Simulation(self.scenario, self.way, self.limits, choose), lambda: choices)
        return chosen

    def exhaust(self, depth: int, most: int) -> None:
        """Every ordering with up to `depth` interferences, those with fewer first; `most` of them at most."""
        seen: set[object] = set()
        waiting: deque[Choices] = deque([{}])
        while waiting:
            if self.orderings >= most:
                self.exhausted = False
                return
            waiting.extend(self._follow(waiting.popleft(), depth, seen))

    def walk(self, seed: int, walks: int, likely: float = 0.25) -> None:
        """Orderings by chance: the same ones for the same seed."""
        for each in range(walks):
            chance = Random(f"{self.scenario.name} {self.way} {seed} {each}")
            choices: Choices = {}
            number = -1

            def choose(
                simulation: Simulation,
                options: list[Option],
                *,
                chance: Random = chance,
                choices: Choices = choices,
            ) -> int:
                del simulation
                nonlocal number
                number += 1
                if chance.random() > likely:
                    return 0
                choices[number] = chance.randrange(1, len(options))
                return choices[number]

            self._play(
                Simulation(self.scenario, self.way, self.limits, choose), lambda choices=choices: choices
            )  # type: ignore[misc]

    def _follow(self, choices: Choices, depth: int, seen: set[object]) -> Iterator[Choices]:
        """Play one ordering; those that leave it after its last interference."""
        last = max(choices, default=-1)
        branches: list[Choices] = []
        number = -1

        def choose(simulation: Simulation, options: list[Option]) -> int:
            nonlocal number
            number += 1
            if number > last:
                state = simulation.state
                if state in seen:
                    raise Done
                seen.add(state)
                if len(choices) < depth:
                    branches.extend({**choices, number: index} for index in range(1, len(options)))
            return choices.get(number, 0)

        self._play(Simulation(self.scenario, self.way, self.limits, choose), lambda: choices)
        return iter(branches)

    def _play(self, simulation: Simulation, choices: Callable[[], Choices]) -> None:
        self.orderings += 1
        try:
            faults = simulation.run()
        except Done:
            self.pruned += 1
            return
        finally:
            self.fulfilled |= simulation.fulfilled
        if faults:
            self.found.append(
                Found(
                    self.scenario, self.way, self.limits, dict(choices()), faults, str(simulation.trace)
                )
            )
