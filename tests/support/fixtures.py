"""Session-wide fixtures with real servers; a conftest imports what its tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.provider import Provider
from tests.support.servers import PostgresServer, RedisServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL cluster; without fsync, since no test here pulls the plug on the machine."""
    with PostgresServer(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Yield a Redis with `noeviction`, as the provider demands."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Yield a running provider on the embedded default, with one sample citizen."""
    instance = Provider()
    try:
        instance.initialise().add_account(
            email="mau01@example.vn", email_verified="true", phone_number="+84905000001", gender="male"
        )
        yield instance.start()
    finally:
        instance.close()
