"""A province whose provider is an entity of a federation, with two communes, and a network of somebody else's entities."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.federated_world import FederatedWorld


@pytest.fixture
def federated(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> FederatedWorld:
    """Return the deployment."""
    return FederatedWorld(tmp_path, sqlite_database, clock)
