"""Deployments in which clients register themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.config.settings import Registration
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import TokenWorld
from tests.support.web_pages import WebPages
from tests.support.whole_app import WholeApp


@pytest.fixture
def pages() -> Iterator[WebPages]:
    """Yield somebody's web server."""
    with WebPages() as server:
        yield server


@pytest.fixture
def app(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, pages: WebPages) -> WholeApp:
    """Return a deployment where an initial access token lets register."""
    return WholeApp(
        TokenWorld(
            tmp_path,
            sqlite_database,
            clock,
            registration=Registration(mode="token"),
            outbound={"allow": (pages.host,)},
        )
    )


@pytest.fixture
def sandbox(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> WholeApp:
    """Return a deployment where anybody may register."""
    settings = Registration(mode="open", sandbox=True, per_address=5, per_hour=7, limit=6)
    return WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration=settings))
