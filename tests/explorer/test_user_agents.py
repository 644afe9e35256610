"""The peers prove themselves against each other: a fault that they find in the server is none of their own."""

from collections.abc import Callable
from random import Random

import pytest

from tests.explorer.alarms import T4_S
from tests.explorer.scenarios import ALL, Scenario, Wish
from tests.explorer.user_agent import UserAgent


class Line:
    """A network between two user agents that reorders and loses, by chance."""

    def __init__(self, chance: Random) -> None:
        self.now = 0.0
        self._chance = chance
        self._in_flight: list[tuple[str, bytes, float]] = []
        self._losses = 1
        caller, callee = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
        self.parties = {
            "caller": UserAgent("caller-a", caller, callee, 0, self._sender("callee")),
            "callee": UserAgent("callee-b", callee, caller, 0, self._sender("caller")),
        }

    def play(self, wishes: list[Wish]) -> None:
        """Fulfil wishes at any moment, and let 40 seconds pass behind the last one."""
        until = self.now + 40.0
        while self._step(wishes, until):
            pass

    def _sender(self, to: str) -> Callable[[bytes], None]:
        return lambda octets: self._in_flight.append((to, octets, self.now))

    def _step(self, wishes: list[Wish], until: float) -> bool:
        able = [wish for wish in wishes if self.parties[wish.party].may(wish.intent)]
        oldest = min((sent_at for _, _, sent_at in self._in_flight), default=None)
        deadlines = [party.deadline() for party in self.parties.values()]
        deadline = min((each for each in deadlines if each is not None), default=None)
        waits = deadline is not None and (oldest is None or deadline < oldest + T4_S)
        if able and (not self._in_flight or self._chance.random() < 0.3):
            wish = self._chance.choice(able)
            wishes.remove(wish)
            self.parties[wish.party].at(self.now).do(wish.intent)
        elif self._in_flight and not (waits and self._chance.random() < 0.1):
            to, octets, _ = self._in_flight.pop(self._chance.randrange(len(self._in_flight)))
            if self._losses and self._chance.random() < 0.1:
                self._losses -= 1
            else:
                self.parties[to].at(self.now).hear(octets)
        elif deadline is not None and deadline <= until:
            self.now = max(deadline, self.now)
            for party in self.parties.values():
                party.at(self.now).wake()
        else:
            return False
        return True


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_two_of_them_agree_in_the_end_without_a_server_between__rfc5407_3(scenario: Scenario) -> None:
    for seed in range(40):
        line = Line(Random(f"{scenario.name} {seed}"))
        line.play(list(scenario.setup))
        line.play(
            [wish for wish in scenario.race if wish.party in line.parties]
        )  # neither of them takes REFER
        caller, callee = line.parties.values()
        assert caller.faults + callee.faults == [], seed
        assert caller.view in ("confirmed", "ended"), seed
        assert callee.view in ({caller.view} if caller.view == "confirmed" else {"ended", "none"}), seed
