"""Both stacks, each started once, with people and departments in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, Person
from tests.support.rp import RelyingParty
from tests.support.world import World, deployed


@pytest.fixture(scope="session", params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a running deployment: SQLite with one worker, then PostgreSQL and Redis with four."""
    with deployed(request.param) as running:
        yield running


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
