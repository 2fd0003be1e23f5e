"""A deployment with its administrators, and the browser of the one who administers everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld


@pytest.fixture
def admin(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> AdministeredWorld:
    """Return the deployment."""
    return AdministeredWorld(TokenWorld(tmp_path, sqlite_database, clock))


@pytest.fixture
def top(admin: AdministeredWorld) -> Administrating:
    """Return the browser of root, the provincial administrator."""
    admin.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    return Administrating(admin, admin.account("root"))
