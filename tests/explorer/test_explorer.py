"""Every race of RFC 5407 section 3, in every order within the bounds, ends in agreement and leaves nothing behind.

EXPLORER_DEPTH, EXPLORER_WALKS and EXPLORER_SEED go further; `python -m tests.explorer` does so for one scenario.
"""

import os

import pytest

from tests.explorer.scenarios import ALL, NAMED, Scenario
from tests.explorer.search import Search
from tests.explorer.simulation import WAYS

DEPTH = int(os.environ.get("EXPLORER_DEPTH", "1"))
WALKS = int(os.environ.get("EXPLORER_WALKS", "6"))
SEED = int(os.environ.get("EXPLORER_SEED", "5407"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_every_ordering_ends_in_agreement_and_leaves_nothing__rfc5407_3(scenario: Scenario, way: str) -> None:
    search = Search(scenario, way)
    search.exhaust(DEPTH)
    search.walk(SEED, WALKS)
    assert not search.found, f"{len(search.found)} of {search.orderings} orderings:\n{search.found[0]}"
    assert search.fulfilled >= {*scenario.setup, *scenario.race}, "a race in which somebody does not run"


def test_every_flow_of_the_rfc_is_among_the_scenarios__rfc5407_3() -> None:
    flows = (
        {f"3.1.{n}" for n in range(1, 7)}
        | {f"3.2.{n}" for n in range(1, 5)}
        | {f"3.3.{n}" for n in range(1, 4)}
    )
    assert flows <= {scenario.section for scenario in ALL}


def test_what_is_forgiven_still_happens() -> None:
    """The day on which the server repeats its 2xx behind a BYE, `Simulation._view` has nothing to forgive."""
    search = Search(NAMED["bye-before-ack"], "outbound")
    search.exhaust(1)
    assert search.forgiven == 1


def test_an_ordering_that_is_played_again_is_the_same() -> None:
    choices = {2: 1, 5: 3, 9: 2}
    ladders = [Search(NAMED["reinvite-x-reinvite"], "outbound").replay(choices)[0] for _ in range(2)]
    assert ladders[0] == ladders[1]
    assert "lost" in ladders[0] or "held up" in ladders[0]
