"""A deployment in process whose messages can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.mailbox import BY_FILE, Mailbox
from tests.support.token_world import TokenWorld

PHONE: dict[str, Any] = {"phone_number": "+84905000001", "phone_number_verified": "true"}


@pytest.fixture
def told_world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that sends by both channels, into a file."""
    return TokenWorld(tmp_path, sqlite_database, clock, **BY_FILE)


@pytest.fixture
def box(told_world: TokenWorld) -> Mailbox:
    """Return what it sends."""
    return Mailbox(told_world)
