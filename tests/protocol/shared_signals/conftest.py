"""A world with one department that listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.shared_signals import Department
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock, outbound={"allow": []})


@pytest.fixture
def app(world: TokenWorld) -> WholeApp:
    return WholeApp(world)


@pytest.fixture
def health(world: TokenWorld, app: WholeApp) -> Department:
    return Department(world, app)
