"""Worlds that are checked when the test is over: everything freed, one record a call, no side known to the other."""

from collections.abc import Iterator

import pytest

from mediation.settings.model import Settings
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.scenery import settings
from tests.flows.world import World


@pytest.fixture
def make() -> Iterator[Make]:
    """Worlds with settings of the test's own."""
    worlds: list[World] = []

    def made(given: Settings) -> World:
        worlds.append(World(given))
        return worlds[-1]

    yield made
    for world in worlds:
        world.check()


@pytest.fixture
def world(make: Make) -> World:
    """One front end, one trunk, the usual settings."""
    return make(settings())


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, world: World) -> Pair:
    """Each way once: what is true of one side is true of the other."""
    return WAYS[request.param](world)


@pytest.fixture
def out(world: World) -> Pair:
    """A front end calls through the trunk."""
    return outbound(world)
