"""Both stacks, each started once, with people and departments in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, Person
from tests.support.rp import RelyingParty
from tests.support.world import World, deployed


@pytest.fixture(scope="session")
def sqlite_world() -> Iterator[World]:
    """Run SQLite with one worker."""
    with deployed("sqlite") as running:
        yield running


@pytest.fixture(scope="session")
def production_world() -> Iterator[World]:
    """Run PostgreSQL and Redis with four workers."""
    with deployed("production") as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest) -> World:
    """Return a running deployment of either kind; all modules share them."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture
def rp(world: World) -> RelyingParty:
    """Return the department that most tests use."""
    return world.rp()


@pytest.fixture
def person(world: World) -> Person:
    """Return a new citizen."""
    return world.person()


@pytest.fixture
def browser(world: World) -> Browser:
    """Return a new browser."""
    return world.browser()
